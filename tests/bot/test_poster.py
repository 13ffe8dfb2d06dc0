"""The postman: what Slack shows, how often it is written to, and what becomes of it when Slack is not well."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.poster import LEASE, Poster
from bot.standin import RESET, TIMEOUT, Pace
from incidents import acts
from incidents.alert import Priority
from incidents.lifecycle import IncidentStatus, move_incident
from incidents.models import Run, SlackMessage, Step, Switch
from incidents.store import Store
from tests.bot.room import CHANNEL, Room, eventually

WRITES = ("chat.postMessage", "chat.update")


@pytest.fixture
def room(store: Store, tmp_path: Path) -> Iterator[Room]:
    with Room(store, tmp_path / "practice") as made:
        yield made
        assert made.standin.violations.as_json()["kinds"] == {}


# ---- refusals and faults first


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "token_revoked"])
def test_a_refused_token_stops_the_posting_loudly_once_and_the_incident_goes_on(
    room: Room, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    incident = room.open()
    room.standin.fail_next("*", error, times=50)
    for _ in range(3):
        room.postman.reconcile_once()
        room.clock.forward(31)
    assert room.postman.problem is not None and error in room.postman.problem
    assert [r.levelno for r in caplog.records if r.name == "bot.poster"] == [logging.ERROR]
    assert len(room.calls()) <= 3
    room.store.write(lambda s: acts.acknowledge(s, incident, "U0ALICE", room.clock.now()))
    room.standin.workspace.faults.clear()
    room.settle()
    assert room.postman.problem is None
    assert len(room.cards()) == 1 and "Acknowledged" in room.cards()[0]["text"]


@pytest.mark.parametrize("how", [RESET, TIMEOUT, 500, "fatal_error"])
def test_a_message_whose_answer_was_lost_is_found_again_and_not_posted_twice(room: Room, how: str | int) -> None:
    room.client.timeout = 2 if how == TIMEOUT else 10
    room.open()
    room.standin.fail_next("chat.postMessage", how, done=True)
    room.settle()
    assert len(room.cards()) == 1
    assert room.calls("chat.postMessage") == ["chat.postMessage"]


@pytest.mark.parametrize("how", [RESET, 500, 503])
def test_a_message_that_never_arrived_is_posted_when_it_can_be(room: Room, how: str | int) -> None:
    room.open()
    room.standin.fail_next("chat.postMessage", how, times=2)
    room.settle()
    assert len(room.cards()) == 1


def test_a_thread_message_whose_answer_was_lost_is_looked_for_in_its_thread(room: Room) -> None:
    incident = room.open()
    room.settle()
    room.ask(incident)
    room.standin.fail_next("chat.postMessage", RESET, done=True)
    room.settle()
    assert len(room.thread(room.cards()[0])) == 1


def test_a_postman_that_died_while_sending_is_followed_by_one_that_looks_first(room: Room) -> None:
    incident = room.open()
    room.settle()
    card = room.cards()[0]
    room.store.write(lambda s: setattr(s.get_one(SlackMessage, room.rows()[0].id), "ts", None))
    room.store.write(lambda s: acts.acknowledge(s, incident, "U0ALICE", room.clock.now()))
    room.postman = room.new_postman()
    room.settle()
    assert [message["ts"] for message in room.cards()] == [card["ts"]]
    assert "Acknowledged" in room.cards()[0]["text"]


def test_a_card_that_somebody_deleted_is_posted_anew_with_its_thread(room: Room) -> None:
    incident = room.open()
    room.ask(incident)
    room.settle()
    card = room.cards()[0]
    room.standin.workspace.delete(room.standin.channels[CHANNEL], card["ts"])
    room.store.write(lambda s: acts.acknowledge(s, incident, "U0ALICE", room.clock.now()))
    room.settle()
    fresh = room.cards()[-1]
    assert fresh["ts"] != card["ts"]
    assert "Acknowledged" in fresh["text"]
    assert len(room.thread(fresh)) == 1


def test_a_thread_message_that_somebody_deleted_comes_back_alone(room: Room) -> None:
    incident = room.open()
    room.ask(incident)
    room.settle()
    card = room.cards()[0]
    room.standin.workspace.delete(room.standin.channels[CHANNEL], room.thread(card)[0]["ts"])
    room.store.write(lambda s: setattr(s.get_one(Run, 1), "verdict", "It answers again"))
    room.store.write(lambda s: setattr(s.get_one(Step, 1), "summary", "something new to show"))
    room.postman.show_again(incident)
    room.settle()
    assert [message["ts"] for message in room.cards()] == [card["ts"]]
    assert len(room.thread(room.cards()[0])) == 1


def test_retry_after_is_honoured(room: Room) -> None:
    room.open()
    room.standin.fail_next("chat.postMessage", 429, retry_after=7)
    room.postman.reconcile_once()
    begun = room.clock()
    room.settle()
    assert room.clock() - begun >= 7
    assert len(room.cards()) == 1
    assert room.calls(*WRITES).count("chat.postMessage") == 2


def test_blocks_that_slack_refuses_are_sent_as_plain_words(room: Room) -> None:
    room.open()
    room.standin.fail_next("chat.postMessage", "invalid_blocks")
    room.settle()
    assert "API unavailable" in room.cards()[0]["text"]
    assert not room.cards()[0].get("blocks")


def test_one_message_that_slack_never_takes_does_not_keep_the_others_back(room: Room) -> None:
    room.open("bad", Priority.P1)
    room.open("good", Priority.P3)
    room.standin.fail_next("chat.postMessage", "invalid_blocks", times=2)
    room.settle()
    assert [card["text"].split(": ")[1].split(" (")[0] for card in room.cards()] == ["good"]


def test_a_channel_that_cannot_be_had_is_named_and_tried_again_slowly(room: Room) -> None:
    room.standin.workspace.store.channel(room.standin.channels[CHANNEL])
    room.open()
    room.standin.fail_next("chat.postMessage", "is_archived")
    room.postman.reconcile_once()
    assert room.postman.problem is not None and "MIDWATCH_CHANNEL" in room.postman.problem
    assert room.postman.reconcile_once() == 0
    room.settle()
    assert room.postman.problem is None


def test_a_channel_that_is_not_there_is_made(room: Room) -> None:
    room.settings = room.settings.model_copy(update={"channel": "night-watch"})
    room.postman = room.new_postman()
    room.open()
    room.settle()
    assert len([m for m in room.standin.messages("night-watch") if m.get("bot_id") and not m.get("subtype")]) == 1


def test_only_one_process_posts_and_another_takes_over_when_its_lease_ends(room: Room) -> None:
    elsewhere = Switch(name="poster", on=True, changed_by="other-host/1/1", changed_at=room.clock.now())
    room.store.write(lambda s: s.add(elsewhere))
    room.open()
    assert room.postman.reconcile_once() == 0
    room.clock.forward(LEASE.total_seconds() + 1)
    assert room.postman.reconcile_once() == 1


# ---- what it does


def test_an_incident_is_one_card_that_is_edited_in_place(room: Room) -> None:
    incident = room.open()
    room.settle()
    room.ask(incident)
    room.settle()
    room.store.write(lambda s: acts.acknowledge(s, incident, "U0ALICE", room.clock.now()))
    room.settle()
    room.store.write(lambda s: acts.resolve(s, incident, "U0ALICE", room.clock.now()))
    room.settle()
    assert len(room.cards()) == 1
    assert room.cards()[0]["text"].startswith("✅ Resolved: API unavailable")
    assert [row.key for row in room.rows()] == ["card", "checks:1", "closing"]
    assert room.standin.pings == []


def test_many_changes_become_one_edit_to_the_latest_state(room: Room) -> None:
    incident = room.open()
    room.settle()
    before = len(room.calls(*WRITES))
    for number in range(1_000):
        room.store.submit(lambda s, n=number: acts.note(s, incident, "U0BOB", f"note {n}", room.clock.now()))
    room.store.write(lambda s: acts.set_priority(s, incident, Priority.P1, "U0BOB", room.clock.now()))
    room.settle()
    assert len(room.calls(*WRITES)) - before == 1
    assert "P1 critical" in room.cards()[0]["text"]


def test_what_slack_shows_already_is_not_written_again(room: Room) -> None:
    incident = room.open()
    room.settle()
    before = len(room.calls())
    room.store.write(lambda s: acts.note(s, incident, "U0BOB", "only for the timeline", room.clock.now()))
    assert room.settle() == 0
    assert len(room.calls()) == before


def test_a_storm_keeps_to_one_write_a_second_after_a_short_burst(room: Room) -> None:
    for number in range(40):
        room.open(f"disk {number} full", Priority.P3)
    begun = room.clock()
    room.settle()
    assert len(room.cards()) == 40
    assert room.clock() - begun >= 30
    in_a_second = [sum(begun + n <= call.at < begun + n + 1 for call in room.standin.calls) for n in range(5, 40)]
    assert max(in_a_second) <= 1


def test_in_a_storm_a_click_and_then_the_most_urgent_go_first(room: Room) -> None:
    ids = [room.open(f"disk {number} full", Priority.P3) for number in range(10)]
    while room.postman.reconcile_once():
        pass
    before = len(room.cards())
    room.open("all is down", Priority.P1)
    room.postman.wake(ids[-1])
    room.postman.reconcile_once()
    assert ["disk 9" in card["text"] for card in room.cards()[before:]] == [True], "a turn was left for the click"
    room.settle()
    assert "all is down" in room.cards()[before + 1]["text"]


def test_after_an_outage_the_present_is_shown_and_the_past_is_not_replayed(room: Room) -> None:
    room.standin.fail_next("*", 503, times=1_000)
    ids = [room.open(f"disk {number} full") for number in range(5)]
    for _ in range(100):
        room.postman.reconcile_once()
        room.clock.forward(6)
    assert room.postman.problem is not None and "cannot be reached" in room.postman.problem
    for id_ in ids:
        room.store.write(lambda s, i=id_: acts.acknowledge(s, i, "U0BOB", room.clock.now()))
    room.standin.workspace.faults.clear()
    room.settle(100)
    assert len(room.cards()) == 5
    assert all("Acknowledged" in card["text"] for card in room.cards())


def test_a_reopened_incident_takes_back_its_closing_line(room: Room) -> None:
    incident = room.open()
    room.store.write(lambda s: acts.resolve(s, incident, "U0ALICE", room.clock.now()))
    room.settle()
    room.store.write(lambda s: _reopen(s, incident, room))
    room.settle()
    thread = room.thread(room.cards()[0])
    assert "was opened again" in thread[0]["text"]
    assert [m["text"] for m in thread if m.get("subtype") == "thread_broadcast"] == [
        "🔁 INC-1 is open again: it is back"
    ]


def test_a_pause_shows_on_every_open_card(room: Room) -> None:
    for number in range(3):
        room.open(f"disk {number} full")
    room.settle()
    room.store.write(lambda s: acts.pause(s, "U0BOB", room.clock.now(), "storage"))
    room.settle()
    assert all("Running of steps is paused" in card["text"] for card in room.cards())


def test_titles_that_would_ping_everybody_ping_nobody(room: Room) -> None:
    room.open("<!channel> <@U0BOB> @here <!subteam^S0ONCALL>")
    room.settle()
    assert room.standin.pings == []
    assert "&lt;!channel&gt;" in room.cards()[0]["text"]


def test_in_its_own_thread_it_notices_what_is_committed(sqlite_store: Store, tmp_path: Path) -> None:
    with Room(sqlite_store, tmp_path / "practice", Pace.unlimited()) as room:
        postman = Poster(room.store, room.client, room.settings)
        postman.start()
        try:
            room.open()
            eventually(lambda: len(room.cards()) == 1)
        finally:
            postman.stop()


def _reopen(session: Session, incident: int, room: Room) -> None:
    row = acts.incident_of(session, incident)
    again = {"at": room.clock.now(), "actor": "alert:test", "text": "it is back"}
    move_incident(session, row, IncidentStatus.TRIGGERED, resolved_at=None, **again)
