"""Slash commands, typed by people of the practice workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.slack import commands
from incidents import acts
from incidents.alert import Priority
from incidents.models import Incident, Run, TimelineEvent
from tests.bot.stage import Stage, stage

PROCEDURE = "api-unavailable"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def incident(room: Stage, id_: int) -> Incident:
    with room.store.read() as session:
        return acts.incident_of(session, id_)


def events(room: Stage) -> list[str]:
    with room.store.read() as session:
        return [event.text for event in session.scalars(select(TimelineEvent))]


# ---- refusals first


@pytest.mark.parametrize(
    "text",
    ["/incident list", "/incident new P1 free coffee", "/incident resolve INC-1", "/runbook pause", "/runbook list"],
)
def test_a_guest_is_refused_everything_but_the_help(room: Stage, text: str) -> None:
    room.open()
    assert "Guests of this workspace may not do this" in room.say("dana", text)
    assert len(events(room)) == 1
    with room.store.read() as session:
        assert acts.paused(session) is None
    assert "/incident new" in room.say("dana", "/incident help")


def test_when_slack_does_not_say_who_somebody_is_nothing_is_done(room: Stage) -> None:
    room.open()
    room.standin.fail_next("users.info", "internal_error")
    assert "Slack did not say who you are" in room.say("alice", "/incident resolve INC-1")
    assert incident(room, 1).status == "triggered"


def test_only_approvers_may_promote_and_the_others_are_told_who_they_are(room: Stage) -> None:
    assert "Who may: @oncall" in room.say("charlie", f"/runbook promote {PROCEDURE}")
    with room.store.read() as session:
        assert acts.promoted(session, room.runtime.shelf.find(PROCEDURE)[0].id) is None


def test_without_an_approver_nobody_may_promote(room: Stage) -> None:
    real = {"approvers": (), "slack_bot_token": SecretStr("xo" + "xb-1")}
    engine = room.runtime.engine
    engine.means = replace(engine.means, settings=engine.means.settings.model_copy(update=real))
    assert "no approver is configured" in room.say("alice", f"/runbook promote {PROCEDURE}")


def test_an_unknown_verb_is_answered_with_the_nearest_one(room: Stage) -> None:
    said = room.say("alice", "/incident resolv INC-1")
    assert "I do not know the verb resolv" in said and "/incident resolve" in said


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/incident new", "Say what is wrong"),
        ("/incident new P1", "Say what is wrong"),
        ("/incident ack INC-99", "There is no incident INC-99"),
        ("/incident ack", "No incident is open"),
        ("/incident timeline", "There has been no incident yet"),
        ("/runbook show nothing-like-it", "No procedure is called nothing-like-it"),
        ("/runbook show", "Say which procedure"),
        ("/runbook run api-unavailable", "No incident is open"),
        ("/runbook list zebra", "There is no procedure with these words"),
    ],
)
def test_what_cannot_be_done_is_answered_with_what_to_say_instead(room: Stage, text: str, answer: str) -> None:
    assert answer in room.say("alice", text)


def test_where_several_are_open_the_command_asks_which_one(room: Stage) -> None:
    room.open("API unavailable")
    room.open("Disk full")
    said = room.say("alice", "/incident resolve")
    assert "Which one?" in said and "INC-1: API unavailable" in said and "INC-2: Disk full" in said
    assert {incident(room, 1).status, incident(room, 2).status} == {"triggered"}


def test_a_note_that_begins_with_a_number_is_a_note_and_not_an_incident(room: Stage) -> None:
    room.open()
    room.say("alice", "/incident note 500 errors since the deploy")
    assert "500 errors since the deploy" in events(room)


def test_an_empty_note_and_a_word_that_is_no_priority_change_nothing(room: Stage) -> None:
    room.open()
    assert "A note needs some text" in room.say("alice", "/incident note INC-1")
    assert "Say which priority" in room.say("alice", "/incident severity INC-1 purple")
    assert len(events(room)) == 1


def test_hostile_words_are_shown_as_text_and_ping_nobody(room: Stage) -> None:
    room.say("alice", "/incident new P1 @channel “down” & <https://evil.example|Approve>")
    room.settle()
    assert room.standin.pings == []
    title = incident(room, 1).title
    assert "@channel" in title and "“down” &" in title
    room.say("alice", "/incident list")
    room.say("alice", "/incident timeline")
    assert {ping.user for ping in room.standin.pings} <= {"U0ALICE"}, "her own name, in what only she can see"


# ---- what they do


def test_a_declared_incident_gets_its_card_and_a_triage(room: Stage) -> None:
    assert "INC-1 is open with P1" in room.say("alice", "/incident declare sev1 Nobody can pay")
    room.settle()
    assert "P1 critical: Nobody can pay" in room.cards()[0]["text"]
    assert incident(room, 1).opened_by == "U0ALICE"
    assert room.hints.rung == [("triage", 1)]


def test_an_incident_from_beginning_to_end_by_commands_alone(room: Stage) -> None:
    room.say("alice", "/incident new P3 API unavailable")
    assert "<@U0BOB> leads" in room.say("bob", "/incident ack")
    assert "INC-1 is P1 now" in room.say("bob", "/incident sev INC-1 P1 customers call")
    assert "Noted on the timeline of INC-1" in room.say("charlie", "/incident note it is the database")
    status = room.say("charlie", "/incident status")
    assert "API unavailable" in status and "Acknowledged" in status and '"actions"' not in status
    assert "INC-1" in room.say("charlie", "/incident list")
    assert "INC-1 is resolved" in room.say("bob", "/incident resolve 1")
    timeline = room.say("charlie", "/incident timeline")
    assert "it is the database" in timeline and "customers call" in timeline
    assert incident(room, 1).priority == Priority.P1
    room.settle()
    assert len(room.cards()) == 1


def test_the_post_mortem_is_shown_as_it_stands_and_names_nobody_aloud(room: Stage) -> None:
    room.say("alice", "/incident new P1 <!channel> API unavailable")
    room.say("alice", "/incident resolve")
    said = room.say("charlie", "/incident postmortem")
    assert "API unavailable" in said and '"markdown"' in said and "postmortem?key=" in said
    assert room.standin.pings == []


def test_answers_are_private_and_the_channel_sees_only_the_card(room: Stage) -> None:
    room.say("alice", "/incident new P3 API unavailable")
    room.say("alice", "/incident list")
    room.settle()
    assert len([m for m in room.standin.messages("incidents") if m.get("bot_id")]) == 1


def test_runbooks_are_listed_and_shown_with_what_each_step_could_do(room: Stage) -> None:
    listed = room.say("alice", "/runbook list shop")
    assert "API unavailable" in listed and "shadow" in listed
    shown = room.say("alice", f"/runbook show {PROCEDURE}")
    assert "docker compose restart api" in shown and "changes something" in shown and "only reads" in shown


def test_a_procedure_runs_in_shadow_until_an_approver_promotes_it(room: Stage) -> None:
    room.open()
    assert "was started on INC-1" in room.say("charlie", f"/runbook run {PROCEDURE} INC-1")
    assert room.hints.rung == []
    with room.store.read() as session:
        assert [run.mode for run in session.scalars(select(Run))] == ["shadow"]
    assert "is live" in room.say("bob", f"/runbook promote {PROCEDURE}")
    assert [what for what, _ in room.hints.rung] == ["step"]


def test_anybody_may_stop_everything_and_every_card_says_so(room: Stage) -> None:
    room.open()
    assert "Paused" in room.say("charlie", "/runbook stop storage is burning")
    room.settle()
    assert "Running of steps is paused" in room.cards()[0]["text"]
    assert "Resumed" in room.say("charlie", "/runbook resume")
    room.settle()
    assert "paused" not in room.cards()[0]["text"]


# ---- every verb, also those that somebody adds tomorrow


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_every_verb_is_found_explained_and_called_by_words_of_its_own(command: str) -> None:
    entries = set(commands.verbs(command).values())
    words = [word for entry in entries for word in (entry.name, *entry.verb.ALIASES)]
    assert len(words) == len(set(words))
    for entry in entries:
        assert entry.verb.SUMMARY and entry.verb.SUMMARY.strip() == entry.verb.SUMMARY
        assert callable(entry.verb.run)


def test_the_verbs_that_scripts_and_people_rely_on_are_there() -> None:
    named = {command: {entry.name for entry in commands.verbs(command).values()} for command in commands.COMMANDS}
    assert named["incident"] >= {
        "new",
        "status",
        "list",
        "ack",
        "severity",
        "note",
        "resolve",
        "timeline",
        "postmortem",
        "help",
    }
    assert named["runbook"] >= {"list", "show", "run", "promote", "pause", "resume", "help"}
