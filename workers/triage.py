"""From an incident to a run: which procedure answers it, what of it may run, and how urgent it makes the incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import timeline
from incidents.alert import Priority
from incidents.errors import Rejected
from incidents.lifecycle import OPEN, StepState, move_step
from incidents.models import Incident, Run, Step
from incidents.redaction import redact
from runbooks.document import Document, Phase, Procedure
from runbooks.match import ANY_SYSTEM, Match
from workers.means import Means
from workers.planning import Bounds, steps_of
from workers.progress import advance
from workers.rows import due_steps, id_of, runs_unasked, steps_of_round, values_of
from workers.verdict import CHANGES

RUNS_AN_HOUR = 10


def triage(means: Means, session: Session, incident_id: int, matches: Sequence[Match]) -> list[Step]:
    """Start the best match on an incident that was not triaged yet. Returns the steps that are ready now."""
    now = means.clock()
    mine = update(Incident).where(col(Incident.id) == incident_id, col(Incident.triaged_at).is_(None))
    if session.execute(mine.values(triaged_at=now)).rowcount != 1:  # type: ignore[attr-defined] # CursorResult
        return []
    incident = session.get_one(Incident, incident_id, populate_existing=True)
    if not matches:
        text = "no runbook answers this alert"
        timeline.append(session, incident_id, "planned", "midwatch", text, at=now, data={"matches": []})
        return []
    if _too_many(means, session, incident_id, now):
        text = f"{matches[0].procedure.title} was not started: {RUNS_AN_HOUR} automatic runs in an hour are enough"
        timeline.append(session, incident_id, "planned", "midwatch", text, at=now)
        return []
    best = matches[0]
    run_id = plan(means, session, incident, best.document, best.procedure, "midwatch", best.why)
    return due_steps(session, run_id)


def plan(
    means: Means, session: Session, incident: Incident, document: Document, procedure: Procedure, actor: str, why: str
) -> int:
    """Make a run of a procedure on an open incident. Returns the run's id; Rejected when the incident is over."""
    now, incident_id = means.clock(), id_of(incident)
    if incident.status not in OPEN:
        raise Rejected(f"INC-{incident_id} is {incident.status}; nothing is run for it")
    _place(means, session, incident, document, procedure, now)
    live = means.is_live(session, procedure, incident.system)
    run = Run(
        incident_id=incident_id,
        procedure_id=procedure.id,
        document=document.path,
        heading=list(procedure.heading),
        line=procedure.line,
        revision=procedure.digest,
        mode="live" if live else "shadow",
        requested_by=actor,
        why=redact(why),
        created_at=now,
    )
    session.add(run)
    session.flush()
    bounds = Bounds(means.settings.check_timeout, means.settings.fix_timeout)
    values = values_of(session, incident_id)
    steps = steps_of(run, procedure, means.inventory.system(incident.system), values, bounds)
    session.add_all(steps)
    session.flush()
    data = {"run": run.id, "procedure": procedure.id, "document": document.path, "line": procedure.line}
    timeline.append(session, incident_id, "planned", actor, _plan_text(run, procedure, steps), at=now, data=data)
    advance(means, session, run)
    return id_of(run)


def _place(
    means: Means, session: Session, incident: Incident, document: Document, procedure: Procedure, now: datetime
) -> None:
    """The runbook knows more than the alert: the system, and how urgent this kind of incident is."""
    if incident.system is None and document.system != ANY_SYSTEM:
        incident.system = document.system
    urgent = procedure.severity
    if urgent is None or urgent == incident.priority or incident.priority_by not in ("rule", "runbook"):
        return
    why = f"the runbook says {urgent} for '{procedure.title}'"
    text = f"priority {incident.priority} -> {urgent}: {why}"
    timeline.append(
        session, id_of(incident), "priority", "midwatch", text, at=now, data={"from": incident.priority, "to": urgent}
    )
    incident.priority, incident.priority_reason, incident.priority_by = str(Priority(urgent)), why, "runbook"
    session.flush()


def _too_many(means: Means, session: Session, incident_id: int, now: datetime) -> bool:
    recent = [col(Run.incident_id) == incident_id, col(Run.created_at) > now - timedelta(hours=1)]
    return (session.scalar(select(func.count()).select_from(Run).where(*recent)) or 0) >= RUNS_AN_HOUR


def go_live(means: Means, session: Session, procedure: Procedure) -> list[Step]:
    """Let the shadow runs of a promoted procedure begin. Returns the steps that are ready now."""
    waiting = [
        col(Run.procedure_id) == procedure.id,
        col(Run.mode) == "shadow",
        col(Run.state) != "finished",
        col(Run.revision) == procedure.digest,
    ]
    due: list[Step] = []
    for run in session.scalars(select(Run).where(*waiting)):
        incident = session.get_one(Incident, run.incident_id)
        if incident.status not in OPEN:
            continue
        run.mode = "live"
        for step in steps_of_round(session, run, 1):
            if step.state == StepState.PLANNED and step.phase == Phase.DIAGNOSIS and runs_unasked(step):
                move_step(
                    session,
                    step,
                    StepState.READY,
                    at=means.clock(),
                    actor="midwatch",
                    text=f"may run now that its procedure is live: {step.title or step.text}",
                )
        advance(means, session, run)
        due += due_steps(session, id_of(run))
    return due


def _plan_text(run: Run, procedure: Procedure, steps: Sequence[Step]) -> str:
    checks = sum(s.phase == Phase.DIAGNOSIS and s.state in (StepState.READY, StepState.PLANNED) for s in steps)
    fixes = sum(s.risk in CHANGES and s.state == StepState.PLANNED and s.text is not None for s in steps)
    skipped = [f"{s.title or s.text} ({s.summary})" for s in steps if s.state == StepState.SKIPPED]
    by_hand = sum(s.text is None for s in steps)
    counts = f"{_counted(checks, 'check')}, {_counted(fixes, 'fix', 'fixes')}" + (
        f", {by_hand} by hand" * bool(by_hand)
    )
    shadow = "; in shadow, nothing of it runs until it is promoted" if run.mode == "shadow" else ""
    lost = f". Left out: {'; '.join(skipped)}" if skipped else ""
    return f"follows '{procedure.title}' ({run.why}): {counts}{shadow}{lost}"


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"
