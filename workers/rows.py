"""The rows of a run, as the run loop asks for them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents.alert import Alert, AlertStatus, Link
from incidents.lifecycle import StepState
from incidents.models import AlertRow, Approval, Incident, Run, Step
from runbooks.document import Phase
from workers.verdict import CHANGES, ILL, WELL

HINT_AGAIN = timedelta(seconds=30)
"""How long a hint may take to be followed before it is held to be lost."""


def alert_of(session: Session, incident: Incident) -> Alert:
    """The incident as an alert: its latest firing one, or what the person who declared it said."""
    rows = select(AlertRow).where(col(AlertRow.incident_id) == incident.id)
    row = session.scalars(rows.order_by(col(AlertRow.status), col(AlertRow.id).desc()).limit(1)).first()
    if row is None:
        return Alert(
            "console", AlertStatus.FIRING, f"INC-{incident.id}", incident.title, incident.service, incident.system
        )
    return Alert(
        source=row.source,
        status=AlertStatus(row.status),
        dedup_key=row.dedup_key,
        title=row.title,
        service=row.service,
        system=row.system or incident.system,
        labels=row.labels,
        annotations=row.annotations,
        links=tuple(Link(link["title"], link["url"]) for link in row.links),
        runbook_url=row.runbook_url,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def values_of(session: Session, incident_id: int) -> dict[str, str]:
    """What alerts offer for a document's placeholders: their labels. `bind` checks every value."""
    rows = select(col(AlertRow.labels)).where(col(AlertRow.incident_id) == incident_id).order_by(col(AlertRow.id))
    return {name: value for labels in session.scalars(rows) for name, value in labels.items()}


def steps_of_round(session: Session, run: Run, round_: int) -> list[Step]:
    mine = select(Step).where(col(Step.run_id) == run.id, col(Step.round) == round_)
    return list(session.scalars(mine.order_by(col(Step.position), col(Step.id))))


def checks_of(session: Session, run: Run, round_: int | None = None) -> list[Step]:
    """The checks of a round: what ran or should have run by itself. Changing steps and prose are not among them."""
    steps = steps_of_round(session, run, round_ or run.round)
    return [
        s
        for s in steps
        if s.text is not None and runs_unasked(s) and s.phase == Phase.DIAGNOSIS and s.state != StepState.PLANNED
    ]


def last_fix(session: Session, run: Run) -> Step | None:
    """The changing step that was last put before people."""
    mine = [
        col(Step.run_id) == run.id,
        col(Step.risk).in_(CHANGES),
        col(Step.state).not_in((StepState.PLANNED, StepState.SKIPPED)),
    ]
    asked = select(col(Approval.step_id))
    return session.scalars(
        select(Step).where(*mine, col(Step.id).in_(asked)).order_by(col(Step.id).desc()).limit(1)
    ).first()


def due_steps(session: Session, run_id: int) -> list[Step]:
    ready = select(Step).where(col(Step.run_id) == run_id, col(Step.state) == StepState.READY)
    return list(session.scalars(ready.order_by(col(Step.position))))


def is_forgotten(step: Step, now: datetime, since: datetime) -> bool:
    """Whether the hint of a ready step may have been lost. Not every sweep asks again: its queue may just be long.

    What was hinted before `since`, when this process began, may have died with the broker in the one before.
    """
    return step.hinted_at is None or step.hinted_at < since or now - step.hinted_at > HINT_AGAIN


def runs_unasked(step: Step) -> bool:
    return step.risk == "read_only"


def verifies(step: Step) -> bool:
    """Read-only steps among the cures ("verify renewal") look at what the fix did."""
    return runs_unasked(step) and step.phase in (Phase.VERIFICATION, Phase.SOLUTION) and bool(step.digest)


def can_run_again(step: Step) -> bool:
    return step.state in ILL | WELL or (step.state == StepState.PLANNED and verifies(step))


def id_of(row: Incident | Run | Step) -> int:
    assert row.id is not None
    return row.id
