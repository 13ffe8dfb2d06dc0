"""The post-mortem, printed from the rows that people saw while it happened.

`facts` gathers what the machine knows, as JSON values; the template writes them down and leaves a visible `TODO:`
line wherever only a person can. All text of alerts, commands and outputs is data: the filters below keep it from
becoming Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents.acts import incident_of
from incidents.models import AlertRow, Approval, Incident, Run, Step, TimelineEvent

VERSION = 1
"""Of the JSON form. Fields may be added under the same number; none changes its meaning or goes."""

CHANGES = frozenset({"mutating", "destructive", "interactive"})
UNTOUCHED = frozenset({"planned", "awaiting_approval", "ready", "denied", "expired", "superseded", "skipped"})
"""States of a step of which nothing has been started."""
NOT_ASKED = frozenset({"planned", "skipped"})
STILL_TO_COME = frozenset({"planned", "awaiting_approval", "ready", "running"})
OUTCOMES = {
    "succeeded": "passed",
    "skipped": "could not run",
    "timed_out": "timed out",
    "unknown": "nobody saw how it ended",
    "marked_ok": "nobody saw how it ended; a person says that it worked",
    "marked_failed": "nobody saw how it ended; a person says that it failed",
}
"""How a state is called where its name alone would not tell a reader."""
LEVELS = {"bad": "Problem", "warn": "Warning", "info": "Note", "ok": "OK"}
SHOWN_LINES, SHOWN_CHARACTERS = 40, 4_000
"""How much of an output stands in the post-mortem. The rows keep more."""


def render(session: Session, incident_id: int) -> str:
    """The post-mortem as Markdown. NotFound when there is no such incident."""
    return _environment().get_template("postmortem.md.j2").render(facts(session, incident_id))


def facts(session: Session, incident_id: int) -> dict[str, Any]:
    """All that the rows say of an incident, as JSON values. NotFound when there is no such incident."""
    incident = incident_of(session, incident_id)
    steps, approvals = _of(session, Step, incident_id), _of(session, Approval, incident_id)
    timeline = _timeline(session, incident_id)
    return {
        "version": VERSION,
        "id": incident.id,
        "name": f"INC-{incident.id}",
        **_headline(incident),
        "found": next((event["text"] for event in timeline if event["kind"] == "verdict"), None),
        "times": _times(incident),
        "durations": _durations(incident),
        "alerts": [_alert(row) for row in _of(session, AlertRow, incident_id)],
        "runs": [_run(run) for run in _of(session, Run, incident_id)],
        "checks": [_check(step) for step in steps if _was_checked(step)],
        "changes": [_change(step, approvals, steps) for step in _in_order(steps) if step.state not in UNTOUCHED],
        "refused": [_change(step, approvals, steps) for step in steps if _asked_in_vain(step)],
        "by_hand": [{"title": step.title, "state": step.state} for step in steps if step.text is None],
        "people": _people(incident, approvals, timeline),
        "timeline": timeline,
        "chain": {"count": incident.events, "head": incident.head},
    }


def _of(session: Session, table: type[Any], incident_id: int) -> Sequence[Any]:
    return session.scalars(select(table).where(table.incident_id == incident_id).order_by(table.id)).all()


def _headline(incident: Incident) -> dict[str, Any]:
    return {
        "title": incident.title,
        "status": incident.status,
        "priority": incident.priority,
        "priority_reason": incident.priority_reason,
        "system": incident.system,
        "service": incident.service,
        "summary": incident.summary,
        "verdict": incident.verdict,
        "lead": incident.lead,
        "opened_by": incident.opened_by,
        "merged_into": incident.merged_into,
    }


def _times(incident: Incident) -> dict[str, str | None]:
    names = ("started", "detected", "acknowledged", "mitigated", "resolved", "closed")
    return {name: _iso(getattr(incident, f"{name}_at")) for name in names}


def _durations(incident: Incident) -> dict[str, float | None]:
    """Seconds from detection (to detection: from the start), or None where one of the two times is missing."""
    detected = incident.detected_at
    return {
        "to_detect": _seconds(incident.started_at, detected),
        "to_acknowledge": _seconds(detected, incident.acknowledged_at),
        "to_mitigate": _seconds(detected, incident.mitigated_at),
        "to_resolve": _seconds(detected, incident.resolved_at),
        "in_all": _seconds(incident.started_at, incident.resolved_at),
    }


def _alert(row: AlertRow) -> dict[str, Any]:
    return {
        "source": row.source,
        "title": row.title,
        "status": row.status,
        "service": row.service,
        "priority": row.priority,
        "starts_at": _iso(row.starts_at),
        "ends_at": _iso(row.ends_at),
        "count": row.count,
        "labels": row.labels,
        "links": row.links,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "procedure": run.procedure_id,
        "heading": run.heading,
        "document": run.document,
        "line": run.line,
        "mode": run.mode,
        "state": run.state,
        "requested_by": run.requested_by,
        "why": run.why,
        "verdict": run.verdict,
        "created_at": _iso(run.created_at),
        "finished_at": _iso(run.finished_at),
    }


def _check(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "run": step.run_id,
        "round": step.round,
        "title": step.title or step.text or "",
        "command": step.text,
        "kind": step.kind,
        "target": step.target,
        "risk": step.risk,
        "reason": step.reason,
        "outcome": step.state,
        "summary": step.summary,
        "exit_code": step.exit_code,
        "findings": step.findings,
        "output": step.output,
        "truncated": step.truncated,
        "started_at": _iso(step.started_at),
        "finished_at": _iso(step.finished_at),
        "seconds": _seconds(step.started_at, step.finished_at),
    }


def _change(step: Step, approvals: Sequence[Approval], steps: Sequence[Step]) -> dict[str, Any]:
    asked = [approval for approval in approvals if approval.step_id == step.id]
    return {
        **_check(step),
        "call": step.call,
        "digest": step.digest,
        "approvals": [_approval(approval) for approval in asked],
        "before_and_after": _before_and_after(step, steps),
    }


def _approval(approval: Approval) -> dict[str, Any]:
    return {
        "decision": approval.decision,
        "by": [vote["actor"] for vote in approval.votes] or ([approval.decided_by] if approval.decided_by else []),
        "needed": approval.needed,
        "requested_at": _iso(approval.requested_at),
        "decided_at": _iso(approval.decided_at),
        "reason": approval.reason,
    }


def _before_and_after(fix: Step, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """For each check that ran on both sides of a fix, how it ended last before and first after it."""
    if fix.started_at is None or fix.finished_at is None:
        return []
    checks = [step for step in steps if step.run_id == fix.run_id and step.risk not in CHANGES]
    before = {step.text: step for step in checks if step.finished_at and step.finished_at <= fix.started_at}
    after = {s.text: s for s in reversed(checks) if s.finished_at and s.started_at and s.started_at >= fix.finished_at}
    return [
        {"title": earlier.title or text, "before": _ended(earlier), "after": _ended(after[text])}
        for text, earlier in before.items()
        if text in after
    ]


def _ended(step: Step) -> dict[str, str]:
    return {"outcome": step.state, "summary": step.summary}


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """The changing steps in the order in which they were started."""
    last = datetime.max.replace(tzinfo=UTC)
    return sorted((step for step in steps if step.risk in CHANGES), key=lambda step: step.started_at or last)


def _was_checked(step: Step) -> bool:
    """Whether a check has come to an end, be it that it could not run: that is said, and not passed over."""
    return step.risk not in CHANGES and step.text is not None and step.state not in STILL_TO_COME


def _asked_in_vain(step: Step) -> bool:
    return step.risk in CHANGES and step.state in UNTOUCHED - NOT_ASKED


def _people(
    incident: Incident, approvals: Sequence[Approval], timeline: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Everybody who did something, with what they did, in the order in which they first appear."""
    roles: dict[str, list[str]] = {}
    for event in timeline:
        if event["actor"] != "midwatch" and not event["actor"].startswith("alert:"):
            roles.setdefault(event["actor"], [])
    if incident.lead:
        roles.setdefault(incident.lead, []).append("lead")
    for approval in approvals:
        for vote in approval.votes:
            roles.setdefault(vote["actor"], []).append("approved")
        if approval.decision == "denied" and approval.decided_by:
            roles.setdefault(approval.decided_by, []).append("denied")
    return [{"actor": actor, "roles": list(dict.fromkeys(found))} for actor, found in roles.items()]


def _timeline(session: Session, incident_id: int) -> list[dict[str, Any]]:
    """The events without ORM objects: there may be ten thousand of them."""
    table = TimelineEvent
    columns = (col(table.seq), col(table.at), col(table.kind), col(table.actor), col(table.text))
    rows = session.execute(select(*columns).where(col(table.incident_id) == incident_id).order_by(col(table.seq)))
    return [
        {"seq": seq, "at": _iso(at), "kind": kind, "actor": actor, "text": text} for seq, at, kind, actor, text in rows
    ]


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else round((end - begin).total_seconds(), 3)


# --- filters: text that is data, made harmless in Markdown ------------------------------------------------------------

_SPECIAL = re.compile(r"[\\`*\[\]<>|~&$]|(?<!\w)_|_(?!\w)|^(?=[-+#=]|\d+[.)])", re.MULTILINE)


def visible(text: str) -> str:
    """Control characters and those that turn the reading direction, written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(letter) for letter in text)


def _written_out(letter: str) -> str:
    if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs"):
        return letter
    return f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}"


def prose(text: object) -> str:
    """One line of text in which nothing is Markdown or HTML."""
    line = " ".join(visible(str(text)).split())
    return _SPECIAL.sub(lambda match: f"&{_ENTITIES[match[0]]};" if match[0] in _ENTITIES else f"\\{match[0]}", line)


_ENTITIES = {"<": "lt", ">": "gt", "&": "amp"}


def code(text: object) -> str:
    """One line of text as inline code."""
    line = " ".join(visible(str(text)).split())
    if not line:
        return ""
    ticks = "`" * (_longest_run(line) + 1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{padding}{line}{padding}{ticks}"


def fenced(text: object, language: str = "text") -> str:
    """Text between fences that nothing in it can close."""
    content = visible(str(text)).rstrip("\n")
    fence = "`" * max(3, _longest_run(content) + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def excerpt(text: str) -> str:
    """The beginning and the end of a long output, with a line that says what is left out."""
    lines = text.rstrip("\n").splitlines()
    if len(lines) > SHOWN_LINES:
        half, left = SHOWN_LINES // 2, len(lines) - SHOWN_LINES
        lines = [*lines[:half], f"[... {left} lines left out ...]", *lines[-half:]]
    short = "\n".join(lines)
    if len(short) <= SHOWN_CHARACTERS:
        return short
    half, left = SHOWN_CHARACTERS // 2, len(short) - SHOWN_CHARACTERS
    return f"{short[:half]}\n[... {left} characters left out ...]\n{short[-half:]}"


def outcome(state: str) -> str:
    """A step's state as a reader calls it."""
    return OUTCOMES.get(state, state)


def level(name: str) -> str:
    """A finding's level as a reader calls it."""
    return LEVELS.get(name, prose(name))


def told(check: Mapping[str, Any]) -> str:
    """What a check said, without the words that its outcome says already."""
    said = str(check["summary"])
    return said.removeprefix("could not run").lstrip(": ") if check["outcome"] == "skipped" else said


def spoken(seconds: float | None) -> str:
    """A duration in words: `2 h 5 min`, `40 s`, `0.3 s`."""
    if seconds is None:
        return ""
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    span = timedelta(seconds=round(seconds))
    hours, rest = divmod(span.seconds, 3600)
    parts = ((span.days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("incidents"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html", "html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(prose=prose, code=code, fenced=fenced, excerpt=excerpt, spoken=spoken, outcome=outcome)
    environment.filters.update(level=level, told=told)
    return environment
