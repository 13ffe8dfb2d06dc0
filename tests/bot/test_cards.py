"""The messages, as pure functions: what they say, and that no text whatever breaks them or pings anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.slack import text as t
from bot.slack.cards import (
    MESSAGE_CHARACTERS,
    Message,
    card,
    closing,
    details,
    procedure_shown,
    procedures,
    timeline_of,
    wanted,
)
from bot.slack.story import Story
from bot.standin.blocks import faults_of_message, too_long
from bot.standin.mentions import broadcasts, mentioned
from incidents.lifecycle import StepState
from incidents.models import AlertRow, Approval, Incident, Run, Step, TimelineEvent
from runbooks.document import Judgement, Phase, Procedure, ProcedureStep, ProcedureType, Risk

NOW = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
HOSTILE = (
    "<!channel> <@U0ALICE> @here <https://evil.example|Approve> `x` *b* ```\n"
    "end\u202e\u200b\x1b[31m & <!subteam^S0ONCALL>"
)


def incident(**values: Any) -> Incident:
    given_: dict[str, Any] = {
        "id": 7,
        "title": "API unavailable",
        "priority": "P1",
        "status": "triggered",
        "priority_reason": "label severity=critical",
        "system": "shop",
        "service": "api",
        "started_at": NOW,
        "detected_at": NOW,
        "revision": 3,
        "events": 3,
        "head": "ab" * 32,
    }
    return Incident(**(given_ | values))


def run(**values: Any) -> Run:
    given_: dict[str, Any] = {
        "id": 1,
        "incident_id": 7,
        "procedure_id": "shop/api",
        "document": "shop.md",
        "heading": ["Shop", "API"],
        "line": 12,
        "mode": "live",
        "state": "checking",
        "why": "the title says API",
        "created_at": NOW,
    }
    return Run(**(given_ | values))


def step(id: int, **values: Any) -> Step:
    given_: dict[str, Any] = {
        "id": id,
        "run_id": 1,
        "incident_id": 7,
        "position": id,
        "title": f"Check {id}",
        "text": f"curl -f http://api/{id}",
        "kind": "http",
        "risk": "read_only",
        "reason": "curl only reads",
        "target": "shop/api",
        "digest": "d" * 64,
        "call": {"display": f"curl -f http://api/{id}"},
    }
    return Step(**(given_ | values))


def fix(**values: Any) -> Step:
    given_: dict[str, Any] = {
        "title": "Restart the API",
        "text": "docker compose restart api",
        "phase": "solution",
        "risk": "mutating",
        "reason": "restart ends and starts a container",
        "call": {"display": "docker compose restart api"},
        "state": StepState.AWAITING_APPROVAL,
    }
    return step(9, **(given_ | values))


def approval(**values: Any) -> Approval:
    given_: dict[str, Any] = {
        "id": 4,
        "step_id": 9,
        "incident_id": 7,
        "digest": "d" * 64,
        "approvers": ["@oncall", "U0BOB"],
        "requested_at": NOW,
        "expires_at": NOW + timedelta(minutes=15),
    }
    return Approval(**(given_ | values))


def plain(message: Message) -> str:
    """Everything that stands in a message, as one text."""
    return json.dumps(message.blocks, ensure_ascii=False)


def buttons(message: Message) -> dict[str, str]:
    """The label of each button of a message, and its value."""
    elements = [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]
    return {element["text"]["text"]: element["value"] for element in elements}


def assert_sound(message: Message) -> None:
    assert message.text.strip()
    assert len(message.text) <= 4_000
    assert faults_of_message(list(message.blocks)) == []
    assert not too_long(list(message.blocks))
    assert len(json.dumps(message.blocks, ensure_ascii=False)) <= MESSAGE_CHARACTERS
    assert broadcasts({"text": message.text, "blocks": message.blocks}) == []


def test_hostile_text_pings_nobody_and_hides_nothing() -> None:
    story = Story(
        incident(title=HOSTILE, priority_reason=HOSTILE, system=HOSTILE, service=HOSTILE),
        runs=[run(heading=[HOSTILE], verdict=HOSTILE, document=HOSTILE, procedure_id=HOSTILE, mode="shadow")],
        steps=[
            step(
                1,
                title=HOSTILE,
                text=HOSTILE,
                summary=HOSTILE,
                output=HOSTILE,
                state="failed",
                findings=[{"level": "bad", "text": HOSTILE, "subject": HOSTILE}],
            ),
            fix(title=HOSTILE, text=HOSTILE, reason=HOSTILE, target=HOSTILE, call={"display": HOSTILE}),
        ],
        approvals=[approval(approvers=[f"@{HOSTILE}"])],
        paused=HOSTILE,
    )
    for each in wanted(story):
        assert_sound(each.message)
        assert mentioned({"text": each.message.text, "blocks": each.message.blocks}) == set()
    shown = plain(card(story))
    assert "\u202e" not in shown and "\u200b" not in shown
    assert "[U+202E]" in shown and "[U+200B]" in shown


def test_a_foreign_link_is_labelled_with_its_host_and_other_schemes_are_no_links() -> None:
    assert t.link("https://grafana.example/d/1?a=b") == {
        "type": "link",
        "url": "https://grafana.example/d/1?a=b",
        "text": "grafana.example",
    }
    for bad in (
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "http://[",
        "https://a b",
        "https://x/\u202e",
        "",
    ):
        assert t.link(bad) is None


def test_nobody_configured_is_said_plainly() -> None:
    shown = card(Story(incident(), runs=[run()], steps=[fix()], approvals=[approval(approvers=[])]))
    assert "nobody may approve: no approver is configured" in plain(shown)


def test_no_runbook_is_said_plainly_and_offers_no_fix() -> None:
    shown = card(Story(incident(triaged_at=NOW)))
    assert "No runbook answers this alert" in plain(shown)
    assert set(buttons(shown)) == {"Acknowledge", "Resolve"}


def test_the_card_tells_how_far_the_checks_are() -> None:
    checks = [step(n, state="succeeded" if n < 4 else "running") for n in range(1, 6)]
    assert "3 of 5 done" in plain(card(Story(incident(), runs=[run()], steps=checks)))


def test_the_card_asks_for_one_step_exactly_as_it_would_run() -> None:
    failed = step(
        1, state="failed", summary="503", findings=[{"level": "bad", "text": "api is unhealthy", "subject": "api"}]
    )
    story = Story(incident(), runs=[run(state="waiting", verdict="503")], steps=[failed, fix()], approvals=[approval()])
    shown = card(story)
    said = plain(shown)
    for words in (
        "docker compose restart api",
        "changes something",
        "shop/api",
        "@oncall",
        "<@U0BOB>",
        "api is unhealthy",
    ):
        assert words in said
    assert buttons(shown) == {
        "Approve": "4:" + "d" * 64,
        "Deny": "4:" + "d" * 64,
        "Details": "9:" + "d" * 64,
        "Acknowledge": "7",
        "Resolve": "7",
    }
    assert "Waits for approval: Restart the API: docker compose restart api" in shown.text


def test_a_destructive_step_asks_once_more_before_it_is_approved() -> None:
    shown = card(Story(incident(), runs=[run()], steps=[fix(risk="destructive")], approvals=[approval(needed=2)]))
    approve = next(b for block in shown.blocks if block["type"] == "actions" for b in block["elements"])
    assert "docker compose restart api" in approve["confirm"]["text"]["text"]
    assert "DESTRUCTIVE" in plain(shown) and "0 of 2 approvals" in plain(shown)


def test_at_most_three_facts_stand_there_and_the_worst_come_first() -> None:
    levels = ["ok", "info", "warn", "bad", "bad"]
    found = [{"level": level, "text": f"{level} {n}", "subject": ""} for n, level in enumerate(levels)]
    shown = plain(
        card(Story(incident(), runs=[run(verdict="bad 3 (1 failed)")], steps=[step(1, state="failed", findings=found)]))
    )
    assert shown.index("bad 4") < shown.index("warn 2") < shown.index("info 1")
    assert "ok 0" not in shown


def test_what_is_well_is_only_said_where_nothing_else_is() -> None:
    well = {"level": "ok", "text": "disk 26 % full", "subject": ""}
    ill = {"level": "warn", "text": "no process", "subject": ""}
    told = [plain(card(Story(incident(), runs=[run()], steps=[step(1, state="succeeded", findings=found)])))
            for found in ([well, ill], [well])]  # fmt: skip
    assert ["disk 26 % full" in each for each in told] == [False, True]


def test_a_check_that_could_not_run_is_never_shown_as_passed() -> None:
    lost = step(1, state="skipped", summary="could not run: no docker target for shop in the inventory")
    story = Story(incident(), runs=[run(verdict="No check ran")], steps=[lost])
    for each in wanted(story):
        assert "passed" not in plain(each.message).replace("0 passed", "")
    assert "Could not run: Check 1 (no docker target for shop in the inventory)" in plain(card(story))


def test_shadow_and_pause_are_banners_that_say_how_to_end_them() -> None:
    said = plain(card(Story(incident(), runs=[run(mode="shadow")], steps=[step(1)], paused="paused by U0BOB: storage")))
    assert "/runbook promote shop/api" in said
    assert "/runbook resume" in said and "storage" in said


def test_a_plan_counts_what_would_run_what_would_ask_and_what_is_left_to_people() -> None:
    hands = step(3, title="Call the bank", text=None, kind="manual", digest="")
    for steps, said in (
        ([step(1), step(2), fix(state="planned"), hands], "4 steps: 2 only to read, 1 to ask for first, 1 left to you"),
        ([hands], "1 step: 1 left to you"),
        ([], "no step could run from here"),
    ):
        assert said in plain(card(Story(incident(), runs=[run(mode="shadow")], steps=steps)))


def test_an_unknown_outcome_is_put_before_people_and_not_offered_again() -> None:
    story = Story(
        incident(), runs=[run()], steps=[fix(state="unknown", epoch=2)], approvals=[approval(decision="approved")]
    )
    assert {"It worked", "It failed"} <= set(buttons(card(story)))
    assert "Approve" not in buttons(card(story))


@pytest.mark.parametrize("state", ["ready", "running", "succeeded", "failed"])
def test_a_decided_fix_has_no_buttons_any_more_and_names_who_decided(state: str) -> None:
    story = Story(
        incident(),
        runs=[run()],
        steps=[fix(state=state)],
        approvals=[approval(decision="approved", decided_by="U0BOB")],
    )
    assert not {"Approve", "Deny"} & set(buttons(card(story)))
    assert "approved by <@U0BOB>" in plain(card(story))


@pytest.mark.parametrize("state", ["denied", "expired", "superseded"])
def test_what_was_not_allowed_can_be_asked_again(state: str) -> None:
    story = Story(incident(), runs=[run()], steps=[fix(state=state)], approvals=[approval(decision=state)])
    assert buttons(card(story))["Ask again"] == "9:" + "d" * 64


def test_a_decided_fix_in_the_thread_rings_nobodys_phone() -> None:
    decided = approval(decision="approved", decided_by="U0BOB", decided_at=NOW, reason="go")
    story = Story(incident(), runs=[run()], steps=[fix(state="running")], approvals=[decided])
    shown = next(w.message for w in wanted(story) if w.key == "fix:9")
    assert mentioned({"text": shown.text, "blocks": shown.blocks}) == set()


def test_a_resolved_card_says_what_was_done_and_by_whose_word() -> None:
    decided = approval(decision="approved", decided_by="U0BOB")
    ended = incident(status="resolved", resolved_at=NOW)
    shown = plain(card(Story(ended, runs=[run(round=2)], steps=[fix(state="succeeded")], approvals=[decided])))
    assert "Restart the API" in shown and "approved by <@U0BOB>" in shown


def test_a_resolved_card_has_no_buttons_but_the_post_mortem() -> None:
    ended = incident(status="resolved", resolved_at=NOW + timedelta(minutes=14))
    shown = card(Story(ended, links={"postmortem": "http://midwatch.example/incidents/7/postmortem?key=k"}))
    assert buttons(shown) == {}
    assert "<http://midwatch.example/incidents/7/postmortem?key=k|Post-mortem>" in plain(shown)


def test_the_closing_message_carries_the_anchor_of_the_chain() -> None:
    ended = incident(status="resolved", resolved_at=NOW + timedelta(minutes=14), events=23, head="ab" * 32)
    said = plain(closing(Story(ended)))
    assert "23 events" in said and "ab" * 32 in said and "after 14 min" in said


def test_a_reopened_incident_takes_its_closing_line_back() -> None:
    reopened = Story(incident(), reopened=True)
    assert "was opened again" in next(w.message.text for w in wanted(reopened) if w.key == "closing")
    assert "closing" not in {w.key for w in wanted(Story(incident()))}


def test_an_incident_that_is_open_again_says_so_aloud_and_gives_time_anew() -> None:
    event = TimelineEvent(
        incident_id=7, seq=31, at=NOW + timedelta(hours=1), kind="status", actor="alert:alertmanager",
        text="reopened: ApiDown fires again after 9 min", data={"to": "triggered"}, hash="", previous="",
    )  # fmt: skip
    shown = wanted(Story(incident(), reopened=True, returned=event))
    loud = [want for want in shown if want.loud]
    assert [(want.key, want.message.text) for want in loud] == [
        ("returned:31", "🔁 INC-7 is open again: ApiDown fires again after 9 min")
    ]
    assert f"acknowledge by <!date^{int((NOW + timedelta(hours=1, minutes=5)).timestamp())}^" in plain(shown[0].message)


def test_the_card_says_what_the_alert_says_and_the_verdict_before_the_runbook() -> None:
    shown = plain(card(Story(incident(summary="Pool exhausted"), runs=[run(verdict="503 from api")], steps=[step(1)])))
    assert shown.index("Pool exhausted") < shown.index("503 from api") < shown.index("shop.md:12")
    assert "Alert: " not in plain(card(Story(incident(summary="API unavailable"))))


def test_what_was_tried_before_stands_beside_the_next_fix() -> None:
    first = fix(title="Read the settings again", state="succeeded")
    first.id = 5
    story = Story(
        incident(),
        runs=[run(round=2, verdict="503")],
        steps=[first, step(8, round=2, state="failed"), fix()],
        approvals=[approval(id=3, step_id=5, decision="approved"), approval()],
    )
    assert "Read the settings again (done)" in plain(card(story))


def test_nothing_is_recommended_that_no_check_speaks_for() -> None:
    fine = step(1, state="succeeded")
    shown = plain(card(Story(incident(), runs=[run()], steps=[fine, fix()], approvals=[approval()])))
    assert "The runbook's next step: " in shown and "Recommended" not in shown


def test_a_fix_of_an_earlier_run_names_its_runbook() -> None:
    newer = run(id=2, heading=["Shop", "Disk"])
    story = Story(incident(), runs=[run(), newer], steps=[step(1, state="failed"), fix()], approvals=[approval()])
    assert "Recommended, of API: " in plain(card(story))


def test_a_runbook_for_hands_lists_what_they_are_to_do() -> None:
    hands = [step(n, title=f"Call number {n}", text=None, kind="manual", digest="") for n in range(1, 8)]
    for mode, state in (("shadow", "checking"), ("live", "finished")):
        shown = plain(card(Story(incident(), runs=[run(mode=mode, state=state)], steps=hands)))
        assert "Call number 5" in shown and "Call number 6" not in shown and "and 2 more in the thread" in shown


def test_a_mended_incident_is_green_and_says_what_is_next() -> None:
    decided = approval(decision="approved", decided_by="U0BOB")
    mended = incident(status="mitigated", mitigated_at=NOW)
    ended = run(round=2, state="finished", verdict="Mended")
    shown = card(Story(mended, firing=1, runs=[ended], steps=[fix(state="succeeded")], approvals=[decided]))
    assert shown.text.startswith("🟢 Mitigated (P1): API unavailable")
    assert "press Resolve. It resolves by itself when the alert ends." in plain(shown)


def test_when_the_runbook_is_at_its_end_the_card_says_so() -> None:
    ended = run(round=2, state="finished", verdict="503")
    decided = approval(decision="approved", decided_by="U0BOB")
    story = Story(incident(), runs=[ended], steps=[fix(state="failed")], approvals=[decided])
    assert "the runbook has no further step that could run from here" in plain(card(story))


def test_a_command_that_nobody_knows_may_change_something() -> None:
    asked = fix(reason="unknown command", target="host:shop")
    shown = plain(card(Story(incident(), runs=[run()], steps=[asked], approvals=[approval()])))
    assert "may change something: Midwatch does not know this command · on the host of shop" in shown


def test_what_stands_between_backticks_is_code_and_a_thousand_backticks_are_not() -> None:
    assert [part["text"] for part in t.quoted("`api` ended with `137`")] == ["api", " ended with ", "137"]
    assert [part["text"] for part in t.quoted("a ` alone")] == ["a ` alone"]
    assert len(t.quoted("`x" * 1000)) == 1


def test_the_thread_shows_each_check_and_the_output_of_what_failed() -> None:
    checks = [
        step(
            1, state="succeeded", started_at=NOW, finished_at=NOW + timedelta(seconds=0.3), summary="200", output="fine"
        ),
        step(2, state="failed", summary="503", output="connection refused\n" * 400),
        step(3, title="Ask the vendor", text=None, phase="manual"),
    ]
    said = plain(next(w.message for w in wanted(Story(incident(), runs=[run()], steps=checks)) if w.key == "checks:1"))
    for words in (
        "passed",
        "300 ms",
        "failed",
        "connection refused",
        "characters left out",
        "Ask the vendor",
        "By hand",
    ):
        assert words in said
    assert '"fine"' not in said


def test_a_fix_shows_what_the_checks_saw_before_and_after() -> None:
    story = Story(
        incident(),
        runs=[run(round=2)],
        steps=[
            step(1, state="failed", summary="503", started_at=NOW, finished_at=NOW),
            fix(
                state="succeeded",
                finished_at=NOW + timedelta(seconds=5),
                started_at=NOW,
                summary="restarted",
                exit_code=0,
            ),
            step(
                11,
                text="curl -f http://api/1",
                title="Check 1",
                round=2,
                state="succeeded",
                summary="200",
                started_at=NOW + timedelta(seconds=6),
                finished_at=NOW + timedelta(seconds=7),
            ),
        ],
        approvals=[approval(decision="approved", decided_by="U0BOB")],
    )
    said = plain(next(w.message for w in wanted(story) if w.key == "fix:9"))
    assert "503 → 200" in said and "restarted, exit code 0" in said


def test_two_hundred_steps_fit_into_one_message_that_says_how_many_are_left_out() -> None:
    many = [step(n, state="failed", summary="x" * 300, output="y" * 5_000) for n in range(200)]
    for each in wanted(Story(incident(), runs=[run()], steps=many)):
        assert_sound(each.message)
    assert "more" in plain(wanted(Story(incident(), runs=[run()], steps=many))[1].message)


def test_every_message_begins_with_words_that_a_screen_reader_can_read() -> None:
    story = Story(incident(), runs=[run(verdict="The API answers 503")], steps=[fix()], approvals=[approval()])
    assert card(story).text.startswith("🔴 P1 critical: API unavailable (INC-7). Open, nobody has acknowledged.")


def test_messages_that_look_the_same_have_the_same_digest_and_others_another() -> None:
    assert card(Story(incident())).digest == card(Story(incident(revision=99))).digest
    assert card(Story(incident())).digest != card(Story(incident(title="Else"))).digest


anything = st.text(max_size=400) | st.sampled_from(
    [HOSTILE, "", " ", "🔥" * 300, "👩‍👩‍👧‍👦", "&" * 3_100, "\x00\ud800\u2028", "a\n" * 2_000]
)
state = st.sampled_from([str(each) for each in StepState])
finding = st.fixed_dictionaries(
    {"level": st.sampled_from(["bad", "warn", "info", "ok", "odd"]), "text": anything, "subject": anything}
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    texts = {name: draw(anything) for name in ("title", "priority_reason", "system", "service", "lead", "verdict")}
    steps = [
        step(
            n,
            title=draw(anything),
            text=draw(st.none() | anything),
            summary=draw(anything),
            output=draw(anything) * 50,
            reason=draw(anything),
            target=draw(anything),
            condition=draw(st.none() | anything),
            state=draw(state),
            risk=draw(st.sampled_from(["read_only", "mutating", "destructive"])),
            round=draw(st.integers(1, 3)),
            phase=draw(st.sampled_from(["diagnosis", "solution", "manual"])),
            findings=draw(st.lists(finding, max_size=3)),
            call=draw(st.just({}) | st.fixed_dictionaries({"display": anything})),
            started_at=NOW,
            finished_at=NOW,
        )
        for n in range(draw(st.integers(0, 6)))
    ]
    return Story(
        incident(
            **texts,
            status=draw(st.sampled_from(["triggered", "acknowledged", "mitigated", "resolved", "closed", "merged"])),
            priority=draw(st.sampled_from(["P1", "P2", "P3", "P4"])),
            triaged_at=draw(st.none() | st.just(NOW)),
        ),
        alert=AlertRow(links=[{"title": draw(anything), "url": draw(anything)}], runbook_url=draw(anything)),
        alerts=draw(st.integers(0, 9)),
        runs=[
            run(
                heading=[draw(anything)],
                verdict=draw(st.none() | anything),
                mode=draw(st.sampled_from(["live", "shadow"])),
                document=draw(anything),
                procedure_id=draw(anything),
            )
        ][: draw(st.integers(0, 1))],
        steps=steps,
        approvals=[
            approval(
                id=n,
                step_id=n,
                approvers=draw(st.lists(anything, max_size=30)),
                reason=draw(st.none() | anything),
                decided_by=draw(st.none() | anything),
            )
            for n in range(len(steps))
            if draw(st.booleans())
        ],
        paused=draw(st.none() | anything),
        reopened=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(stories())
def test_whatever_the_text_every_message_keeps_all_limits_of_block_kit(story: Story) -> None:
    for each in wanted(story):
        assert_sound(each.message)
    for one in story.steps:
        assert_sound(details(story, one))


@settings(max_examples=40, deadline=None)
@given(st.lists(anything, max_size=60))
def test_whatever_happened_its_timeline_fits_into_one_answer(texts: list[str]) -> None:
    events = [
        TimelineEvent(incident_id=7, seq=n, at=NOW, kind="note", actor=text, text=text) for n, text in enumerate(texts)
    ]
    assert_sound(timeline_of(incident(), events))


@settings(deadline=None)
@given(anything, st.integers(10, 3_000))
def test_clipped_text_is_never_longer_than_its_limit_even_when_escaped(text: str, limit: int) -> None:
    assert t.size(t.escape(t.clip(text, limit))) <= limit


def test_what_a_person_types_is_read_back_as_they_typed_it() -> None:
    sent = "&lt;b&gt; <http://api.example.com|api.example.com> &amp; <@U0ALICE|alice> <#C0INC|incidents> <!here>"
    assert t.typed(sent) == "<b> api.example.com & @alice #incidents @here"


def test_a_placeholder_that_a_person_types_is_not_taken_for_a_link() -> None:
    assert t.typed("restart <service> on <db-host>") == "restart <service> on <db-host>"


@settings(max_examples=30, deadline=None)
@given(st.lists(anything, min_size=1, max_size=50), st.integers(1, 60))
def test_whatever_a_runbook_says_its_list_and_its_steps_fit_into_one_answer(texts: list[str], count: int) -> None:
    judged = Judgement(Risk.MUTATING, texts[0], "argv")
    steps = tuple(ProcedureStep(1, Phase.SOLUTION, text, text, judged) for text in texts)
    one = Procedure(texts[0], texts[-1], (texts[0],), 1, ProcedureType.INCIDENT, True, "P1", (), steps, "d")
    assert_sound(procedure_shown(one, texts[0], live=False))
    assert_sound(procedures([one] * min(count, 30), set(), more=count - 30))
