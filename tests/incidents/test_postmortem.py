"""The post-mortem tells what happened, from rows alone, and what others wrote cannot bend it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sqlalchemy.orm import Session

from incidents import acts, timeline
from incidents.errors import NotFound
from incidents.models import AlertRow, Approval
from incidents.postmortem import code, excerpt, facts, fenced, prose, render, spoken
from incidents.store import Store
from tests.conftest import ALICE, BOB
from tests.incidents.conftest import add_run, add_step, open_incident

EVIL = (
    "a | b `c` **d** <script>alert(1)</script> <!channel> [x](http://e.example) \\ # _e_\n- f\u202e\x1b[31m\n```\n~~~"
)


@pytest.fixture
def story(store: Store, now: datetime) -> int:
    """API down: Alice acknowledges, a check fails, Bob approves a restart, the check passes, Alice resolves."""
    incident_id = open_incident(store, now, system="lms-backend", service="api", priority="P1", priority_reason="page")
    store.write(lambda s: s.add(_alert(incident_id, now)))
    _say(store, incident_id, now, "opened", "alert:alertmanager", "opened with P1: page")
    store.write(lambda s: acts.acknowledge(s, incident_id, ALICE.id, now + timedelta(minutes=2)))
    run_id = add_run(store, incident_id, now, mode="live", requested_by="midwatch", why="the alert says api", line=77)
    _check(store, incident_id, run_id, now, 1, "failed", "HTTP 503", level="bad")
    fix = _fix(store, incident_id, run_id, now, state="succeeded", exit_code=0, output="Restarting\n```\nDone\n")
    store.write(lambda s: s.add(_approval(incident_id, fix, now, "approved", BOB.id)))
    _check(store, incident_id, run_id, now + timedelta(minutes=4), 2, "succeeded", "HTTP 200", level="ok")
    store.write(lambda s: acts.resolve(s, incident_id, ALICE.id, now + timedelta(minutes=9)))
    return incident_id


def _alert(incident_id: int, now: datetime, **values: Any) -> AlertRow:
    given = {
        "title": "ApiDown",
        "dedup_key": "k",
        "service": "api",
        "labels": {"severity": "page"},
        "count": 3,
        **values,
    }
    times = {"starts_at": now - timedelta(seconds=30), "received_at": now, "seen_at": now}
    return AlertRow(incident_id=incident_id, source="alertmanager", status="firing", **times, **given)


def _say(store: Store, incident_id: int, now: datetime, kind: str, actor: str, text: str) -> None:
    store.write(lambda s: timeline.append(s, incident_id, kind, actor, text, at=now))


def _check(
    store: Store, incident_id: int, run_id: int, now: datetime, round_: int, state: str, said: str, level: str
) -> None:
    add_step(
        store,
        incident_id,
        run_id,
        round=round_,
        title="Check health",
        text="curl -sf http://api:8000/health",
        kind="http",
        risk="read_only",
        state=state,
        summary=said,
        findings=[{"level": level, "text": said, "subject": "api"}],
        started_at=now + timedelta(seconds=5),
        finished_at=now + timedelta(seconds=6.5),
    )


def _fix(store: Store, incident_id: int, run_id: int, now: datetime, **values: Any) -> int:
    times = {"started_at": now + timedelta(minutes=3), "finished_at": now + timedelta(minutes=3, seconds=12)}
    given = {
        "title": "Restart API",
        "text": "docker compose restart api",
        "target": "docker:lms/api",
        **times,
        **values,
    }
    return add_step(
        store, incident_id, run_id, phase="solution", kind="docker", risk="mutating", reason="restarts", **given
    )


def _approval(incident_id: int, step_id: int, now: datetime, decision: str, by: str) -> Approval:
    return Approval(
        incident_id=incident_id,
        step_id=step_id,
        decision=decision,
        votes=[{"actor": by, "at": now.isoformat()}],
        decided_by=by,
        decided_at=now + timedelta(minutes=2, seconds=50),
        requested_at=now,
        expires_at=now,
        reason="go on",
    )


def rendered(store: Store, incident_id: int) -> str:
    with store.read() as session:
        return render(session, incident_id)


def known(store: Store, incident_id: int) -> dict[str, Any]:
    with store.read() as session:
        return facts(session, incident_id)


def tables(markdown: str) -> list[list[list[str]]]:
    """Every table of a document that holds nothing else, as rows of cells, read as a Markdown reader reads them."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found:
            found[-1][-1].append("".join(child.content for child in token.children or []))
    return found


@pytest.mark.parametrize("write", [render, facts])
def test_an_unknown_incident_is_told(store: Store, write: Any) -> None:
    with store.read() as session, pytest.raises(NotFound, match="INC-4711"):
        write(session, 4711)


def test_the_headline_says_what_where_and_how_urgent(store: Store, story: int) -> None:
    text = rendered(store, story)
    assert text.startswith(f"# Post-mortem INC-{story}: API is down\n")
    assert "| Status | resolved |" in text
    assert "| Priority | P1 (page) |" in text
    assert "| System | lms-backend |" in text
    assert f"| Lead | {ALICE.id} |" in text


def test_the_important_times_are_computed(store: Store, story: int) -> None:
    text = rendered(store, story)
    assert "| Acknowledged | 2026-03-03T03:02:00Z | 2 min after detection |" in text
    assert "| Resolved | 2026-03-03T03:09:00Z | 9 min after detection |" in text
    assert "| Closed | not closed | |" in text
    assert known(store, story)["durations"] == {
        "to_detect": 0.0,
        "to_acknowledge": 120.0,
        "to_mitigate": 540.0,
        "to_resolve": 540.0,
        "in_all": 540.0,
    }


def test_what_never_happened_is_said_plainly(store: Store, now: datetime) -> None:
    text = rendered(store, open_incident(store, now))
    for sentence in (
        "nobody acknowledged it",
        "not mitigated",
        "not resolved",
        "nobody took the lead",
        "no verdict was recorded",
        "No alert: a person opened it.",
        "No runbook was followed.",
        "Nothing was checked.",
        "Midwatch changed nothing.",
        "Nobody took part.",
        "It is not resolved, so there is no total.",
    ):
        assert sentence in text


def test_a_check_is_told_with_command_outcome_finding_and_duration(store: Store, story: int) -> None:
    text = rendered(store, story)
    assert "1. **Check health**: failed in 1.5 s\n" in text
    assert "   - Command: `curl -sf http://api:8000/health`\n" in text
    assert "   - Result: HTTP 503\n" in text
    assert "   - Problem: HTTP 503\n" not in text  # once is enough
    assert "2. **Check health**: passed in 1.5 s (again, round 2)\n" in text


def test_a_check_that_could_not_run_is_not_passed_over(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    run_id = add_run(store, incident_id, now)
    cause = "could not run: no broker in the inventory"
    given = {"title": "Does the queue move?", "text": "celery status", "risk": "read_only", "summary": cause}
    add_step(store, incident_id, run_id, state="skipped", **given)
    text = rendered(store, incident_id)
    assert "1. **Does the queue move?** could not run\n" in text
    assert "   - Reason: no broker in the inventory\n" in text


def test_the_lines_below_the_tenth_check_belong_to_it(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    run_id = add_run(store, incident_id, now)
    for _ in range(10):
        _check(store, incident_id, run_id, now, 1, "failed", "HTTP 503", level="bad")
    html = MarkdownIt().render(rendered(store, incident_id))
    checked = html[html.index("What was checked") : html.index("What was changed")]
    assert checked.count("<ol>") == 1 and checked.count("<ul>") == 10
    assert checked.rstrip().removesuffix("<h2>").rstrip().endswith("</ol>")


def test_a_change_is_told_with_who_when_what_and_what_came_of_it(store: Store, story: int) -> None:
    text = rendered(store, story)
    assert "### Restart API\n" in text
    assert "- Target: `docker:lms/api`\n" in text
    assert f"- Approved by {BOB.id} at 2026-03-03T03:02:50Z: go on\n" in text
    assert "- Started: 2026-03-03T03:03:00Z, ended: 2026-03-03T03:03:12Z (12 s)\n" in text
    assert "- Outcome: done, exit code 0\n" in text
    assert "```sh\ndocker compose restart api\n```\n" in text
    assert "````text\nRestarting\n```\nDone\n````\n" in text
    assert "| Check health | failed: HTTP 503 | passed: HTTP 200 |" in text


def test_a_change_whose_end_nobody_saw_is_called_so(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    _fix(store, incident_id, add_run(store, incident_id, now), now, state="unknown", finished_at=None)
    text = rendered(store, incident_id)
    assert "nobody saw how it ended, exit code not recorded" in text
    assert "- No approval is recorded.\n" in text


def test_what_was_asked_for_and_denied_is_told_apart_from_what_ran(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    run_id = add_run(store, incident_id, now)
    step = _fix(store, incident_id, run_id, now, state="denied", started_at=None, finished_at=None)
    _fix(store, incident_id, run_id, now, state="planned", title="Never asked", started_at=None, finished_at=None)
    store.write(lambda s: s.add(_approval(incident_id, step, now, "denied", ALICE.id)))
    text = rendered(store, incident_id)
    assert "Midwatch changed nothing." in text
    assert f"- Restart API (`docker compose restart api`): denied, denied by {ALICE.id}: go on\n" in text
    assert "Never asked" not in text


def test_the_timeline_is_whole_in_order_and_anchored(store: Store, story: int) -> None:
    text = rendered(store, story)
    found = known(store, story)
    assert [event["seq"] for event in found["timeline"]] == [1, 2, 3]
    assert "| 1 | 2026-03-03T03:00:00Z | alert:alertmanager | opened with P1: page |" in text
    assert f"Chain of the timeline: 3 events, head `{found['chain']['head']}`." in text


def test_everybody_who_acted_is_named_with_what_they_did(store: Store, story: int) -> None:
    people = {person["actor"]: person["roles"] for person in known(store, story)["people"]}
    assert people == {ALICE.id: ["lead"], BOB.id: ["approved"]}


def test_every_human_field_is_a_visible_line(store: Store, story: int) -> None:
    assert len(re.findall(r"^TODO: ", rendered(store, story), re.MULTILINE)) == 8


def test_the_facts_are_json(store: Store, story: int) -> None:
    found = known(store, story)
    assert json.loads(json.dumps(found)) == found
    assert found["version"] == 1


def test_text_of_others_cannot_bend_the_document(store: Store, now: datetime) -> None:
    plain, evil = open_incident(store, now, title="x", summary="x"), open_incident(store, now, title=EVIL, summary=EVIL)
    for incident_id, text in ((plain, "x"), (evil, EVIL)):
        run_id = add_run(store, incident_id, now, why=text, document=text, heading=[text], requested_by="midwatch")
        store.write(lambda s, i=incident_id, t=text: s.add(_alert(i, now, title=t, service=t, dedup_key=str(i))))
        _check(store, incident_id, run_id, now, 1, "failed", text, "bad")
        _fix(
            store,
            incident_id,
            run_id,
            now,
            state="failed",
            output=text,
            title=text,
            text=text,
            target=text,
            summary=text,
        )
        _check(store, incident_id, run_id, now + timedelta(hours=1), 2, "succeeded", text, "ok")
        _say(store, incident_id, now, "note", ALICE.id, text)
    shapes = [
        [
            (token.type, token.tag, token.level)
            for token in MarkdownIt("commonmark").enable("table").parse(rendered(store, i))
        ]
        for i in (plain, evil)
    ]
    assert shapes[0] == shapes[1]
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(rendered(store, evil))
    assert "<script>" not in html
    assert "<!channel>" not in html
    assert "<a " not in html
    assert "\u202e" not in html
    assert "\x1b" not in html


def test_a_long_output_is_shown_with_its_beginning_and_end() -> None:
    short = excerpt("\n".join(f"line {number}" for number in range(1000)))
    assert short.startswith("line 0\n")
    assert short.endswith("\nline 999")
    assert "[... 960 lines left out ...]" in short
    assert len(excerpt("x" * 100_000)) < 4_200


@given(st.text(max_size=80))
def test_whatever_the_text_it_stays_one_cell_of_a_table(text: str) -> None:
    document = f"| a | b |\n|---|---|\n| {prose(text)} | end |\n"
    [rows] = tables(document)
    assert len(rows) == 2
    assert rows[1][-1] == "end"
    assert len(rows[1]) == 2


@given(st.text(max_size=80))
def test_whatever_the_text_it_stays_inside_its_fence(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(f"before\n\n{fenced(text)}\n\nafter\n")
    assert [token.type for token in tokens] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
        "fence",
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]


@given(st.text(alphabet="`ab |\\", min_size=1, max_size=30).filter(str.strip))
def test_whatever_the_text_it_stays_inline_code(text: str) -> None:
    [_, inline, _] = MarkdownIt("commonmark").parse(f"x {code(text)} y")
    assert [child.type for child in inline.children or []] == ["text", "code_inline", "text"]
    assert (inline.children or [])[1].content.split() == text.split()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.25, "0.2 s"),
        (9.96, "10.0 s"),
        (40, "40 s"),
        (60, "1 min"),
        (7500, "2 h 5 min"),
        (90061, "1 d 1 h 1 min 1 s"),
    ],
)
def test_a_duration_is_told_in_words(seconds: float | None, words: str) -> None:
    assert spoken(seconds) == words


def test_ten_thousand_events_are_written_without_objects_of_each(sqlite_store: Store, now: datetime) -> None:
    incident_id = open_incident(sqlite_store, now)

    def many(session: Session) -> None:
        for number in range(300):
            timeline.append(session, incident_id, "note", ALICE.id, f"note {number}", at=now)

    sqlite_store.write(many)
    with sqlite_store.read() as session:
        text = render(session, incident_id)
        assert not list(session)
    assert "| 300 | 2026-03-03T03:00:00Z | U0ALICE | note 299 |" in text
