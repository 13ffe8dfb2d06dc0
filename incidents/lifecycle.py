"""The states of an incident and of a step, their allowed moves, and the one function that walks them.

A move is an UPDATE with the old state in its WHERE clause, followed by the timeline event in the same transaction.
No row updated means somebody else was first, which is an answer (False) and not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from incidents import timeline
from incidents.models import Incident, Step


class StepState(StrEnum):
    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    READY = "ready"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    MARKED_OK = "marked_ok"
    MARKED_FAILED = "marked_failed"


class IncidentStatus(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    FALSE_ALARM = "false_alarm"


S, I = StepState, IncidentStatus  # noqa: E741 - the tables below are read more often than this line

STEP_MOVES: Mapping[StepState, frozenset[StepState]] = {
    S.PLANNED: frozenset({S.AWAITING_APPROVAL, S.READY, S.SKIPPED, S.SUPERSEDED, S.CANCELLED}),
    S.AWAITING_APPROVAL: frozenset({S.READY, S.DENIED, S.EXPIRED, S.SUPERSEDED, S.CANCELLED}),
    S.READY: frozenset({S.RUNNING, S.SKIPPED, S.SUPERSEDED, S.CANCELLED}),
    S.RUNNING: frozenset({S.SUCCEEDED, S.FAILED, S.TIMED_OUT, S.CANCELLED, S.SKIPPED, S.UNKNOWN, S.READY}),
    S.UNKNOWN: frozenset({S.MARKED_OK, S.MARKED_FAILED}),
}
INCIDENT_MOVES: Mapping[IncidentStatus, frozenset[IncidentStatus]] = {
    I.TRIGGERED: frozenset({I.ACKNOWLEDGED, I.MITIGATED, I.RESOLVED, I.MERGED, I.FALSE_ALARM}),
    I.ACKNOWLEDGED: frozenset({I.MITIGATED, I.RESOLVED, I.MERGED, I.FALSE_ALARM}),
    I.MITIGATED: frozenset({I.TRIGGERED, I.RESOLVED, I.MERGED, I.FALSE_ALARM}),
    I.RESOLVED: frozenset({I.TRIGGERED, I.CLOSED}),
    I.CLOSED: frozenset({I.TRIGGERED}),
    I.FALSE_ALARM: frozenset({I.TRIGGERED}),
    I.MERGED: frozenset({I.TRIGGERED}),
}
OPEN = frozenset({I.TRIGGERED, I.ACKNOWLEDGED, I.MITIGATED})
"""Statuses in which an incident still wants attention and takes up further alerts."""

ENDED = frozenset(StepState) - STEP_MOVES.keys()
"""States in which a step has come to rest and the run may go on. `unknown` is none of them: a person is asked."""


class ForbiddenMove(ValueError):
    """A programming mistake: the table does not know this move."""


def move_step(
    session: Session, step: Step, to: StepState, *, at: datetime, actor: str, text: str, **values: Any
) -> bool:
    """Move a step on from the state and epoch it was read with. True if it was this call that moved it.

    `values` are further columns to set in the same UPDATE; `epoch` among them makes a new owner.
    """
    assert step.id is not None
    _allow(STEP_MOVES, StepState(step.state), to)
    data = {"step": step.id, "from": step.state, "to": str(to), "title": step.title or step.text or ""}
    moved = _move(session, Step, step.id, step.state, to, {"epoch": step.epoch}, values)
    if moved:
        timeline.append(session, step.incident_id, "step", actor, text, at=at, data=data)
        _refresh(session, step)
    return moved


def move_incident(
    session: Session, incident: Incident, to: IncidentStatus, *, at: datetime, actor: str, text: str, **values: Any
) -> bool:
    """Move an incident on from the status it was read with. True if it was this call that moved it."""
    assert incident.id is not None
    _allow(INCIDENT_MOVES, IncidentStatus(incident.status), to)
    data = {"from": incident.status, "to": str(to)}
    moved = _move(session, Incident, incident.id, incident.status, to, {}, values)
    if moved:
        timeline.append(session, incident.id, "status", actor, text, at=at, data=data)
        _refresh(session, incident)
    return moved


def _refresh(session: Session, row: SQLModel) -> None:
    if row in session:  # a row that was read elsewhere stays as it was read
        session.refresh(row)


def _allow(moves: Mapping[Any, frozenset[Any]], frm: StrEnum, to: StrEnum) -> None:
    if to not in moves.get(frm, frozenset()):
        raise ForbiddenMove(f"{frm} -> {to}")


def _move(
    session: Session, table: type[SQLModel], id: int, frm: str, to: str, fence: dict[str, Any], values: dict[str, Any]
) -> bool:
    state = "state" if table is Step else "status"
    unchanged = [col(getattr(table, name)) == value for name, value in {"id": id, state: frm, **fence}.items()]
    changed = session.execute(update(table).where(*unchanged).values({state: str(to), **values}))
    return bool(changed.rowcount == 1)  # type: ignore[attr-defined] # an UPDATE gives a CursorResult
