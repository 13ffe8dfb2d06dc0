"""The account of an incident: its rows as plain values, for the pages, the JSON interface and the command line."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from incidents import acts, timeline
from incidents.lifecycle import OPEN
from incidents.models import AlertRow, Approval, Incident, Run, Step

Row = TypeVar("Row", AlertRow, Run, Step, Approval)
Account = dict[str, Any]
LISTED = 50
"""Incidents on one page of the list."""

INCIDENT = (
    *("id", "title", "status", "priority", "priority_reason", "system", "service", "lead", "summary", "verdict"),
    *("opened_by", "started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at"),
    *("merged_into", "events"),
)
ALERT = (
    *("id", "source", "dedup_key", "status", "title", "service", "system", "labels", "annotations", "links"),
    *("runbook_url", "starts_at", "ends_at", "received_at", "seen_at", "count"),
)
RUN = (
    *("id", "procedure_id", "document", "heading", "line", "mode", "state", "round", "requested_by", "why"),
    *("verdict", "created_at", "finished_at"),
)
STEP = (
    *("id", "position", "round", "phase", "title", "text", "line", "kind", "risk", "reason", "condition", "target"),
    *("state", "attempt", "exit_code", "summary", "output", "truncated", "findings", "started_at", "finished_at"),
)
APPROVAL = (
    *("id", "step_id", "approvers", "needed", "decision", "votes", "requested_at", "expires_at", "decided_by"),
    *("decided_at", "reason"),
)
EVENT = ("seq", "at", "kind", "actor", "text", "data", "hash")


def incidents_listed(
    session: Session, statuses: Collection[str] = (), before: int | None = None, limit: int = LISTED
) -> list[Account]:
    """The newest incidents first, those of these statuses only (all when none is named), older than `before`."""
    chosen = select(Incident).order_by(col(Incident.id).desc()).limit(limit)
    if statuses:
        chosen = chosen.where(col(Incident.status).in_(statuses))
    if before is not None:
        chosen = chosen.where(col(Incident.id) < before)
    return [_incident(row) for row in session.scalars(chosen)]


def account_of(session: Session, incident_id: int) -> Account:
    """Everything there is to tell of one incident. NotFound when there is none."""
    incident = acts.incident_of(session, incident_id)
    steps = [_step(row) for row in _rows(session, Step, incident_id)]
    events = timeline.events_of(session, incident_id)
    return _incident(incident) | {
        "paused": acts.paused(session),
        "alerts": [_values(row, ALERT) for row in _rows(session, AlertRow, incident_id)],
        "runs": [_run(row, steps) for row in _rows(session, Run, incident_id)],
        "approvals": [_values(row, APPROVAL) for row in _rows(session, Approval, incident_id)],
        "timeline": [_values(event, EVENT) for event in events],
        "chain": {"head": incident.head, "faults": timeline.faults(events, incident.events, incident.head)},
    }


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON with times as ISO 8601 in UTC."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)


def iso(moment: datetime) -> str:
    """A time as the JSON of this program spells it."""
    return moment.isoformat().replace("+00:00", "Z")


def _incident(row: Incident) -> Account:
    return {"name": f"INC-{row.id}", "open": row.status in OPEN} | _values(row, INCIDENT)


def _run(run: Run, steps: Sequence[Account]) -> Account:
    return _values(run, RUN) | {"steps": [step for step in steps if step["run_id"] == run.id]}


def _step(row: Step) -> Account:
    # `command` is what would run: the form the call was made from, which may be shorter than the document's text.
    return _values(row, STEP) | {"run_id": row.run_id, "command": row.call.get("display") or row.text}


def _rows(session: Session, table: type[Row], incident_id: int) -> list[Row]:
    mine = select(table).where(col(table.incident_id) == incident_id)
    return list(session.scalars(mine.order_by(col(table.id))))


def _values(row: SQLModel, names: Sequence[str]) -> Account:
    return {name: getattr(row, name) for name in names}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
