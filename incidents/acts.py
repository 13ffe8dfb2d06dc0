"""What a person does to an incident or to the installation. Slack, the command line and the pages all call these.

`actor` is a Slack user id or `console:<user>`. Each act is one transaction's worth of work and appends its event.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import approvals, timeline
from incidents.alert import Priority
from incidents.errors import NotFound, Rejected
from incidents.lifecycle import OPEN, IncidentStatus, StepState, move_incident, move_step
from incidents.models import Incident, Promotion, Step, Switch
from incidents.redaction import redact

PAUSE = "pause"


def incident_of(session: Session, incident_id: int) -> Incident:
    """The incident, or NotFound."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(f"there is no incident INC-{incident_id}")
    return incident


def acknowledge(session: Session, incident_id: int, actor: str, now: datetime) -> Incident:
    """Say that somebody is on it; the first who does leads. Harmless when it was acknowledged before."""
    incident = incident_of(session, incident_id)
    if incident.status == IncidentStatus.TRIGGERED:
        lead = incident.lead or actor
        move_incident(
            session,
            incident,
            IncidentStatus.ACKNOWLEDGED,
            at=now,
            actor=actor,
            text=f"acknowledged by {actor}",
            acknowledged_at=incident.acknowledged_at or now,
            lead=lead,
        )
    elif incident.status not in OPEN:
        raise Rejected(f"INC-{incident_id} is {incident.status}; there is nothing to acknowledge")
    return incident


def set_priority(
    session: Session, incident_id: int, priority: Priority, actor: str, now: datetime, reason: str = ""
) -> Incident:
    """Change the priority. A person's choice stays; rules and runbooks do not overwrite it."""
    incident = incident_of(session, incident_id)
    why = redact(reason) or f"set by {actor}"
    if incident.priority != priority:
        data = {"from": incident.priority, "to": str(priority)}
        text = f"priority {incident.priority} -> {priority}: {why}"
        timeline.append(session, incident_id, "priority", actor, text, at=now, data=data)
    incident.priority, incident.priority_reason, incident.priority_by = str(priority), why, actor
    session.flush()
    return incident


def note(session: Session, incident_id: int, actor: str, text: str, now: datetime) -> Incident:
    """Put a person's words on the timeline."""
    incident = incident_of(session, incident_id)
    if not text.strip():
        raise Rejected("a note needs some text")
    timeline.append(session, incident_id, "note", actor, text.strip(), at=now)
    return incident


def resolve(session: Session, incident_id: int, actor: str, now: datetime, reason: str = "") -> Incident:
    """Say that it is over. What still waited for an approval is withdrawn. Harmless when it was resolved before."""
    incident = incident_of(session, incident_id)
    if incident.status in OPEN:
        because = f": {reason}" if reason else ""
        settle(session, incident, actor=actor, text=f"resolved by {actor}{because}", now=now)
    elif incident.status not in (IncidentStatus.RESOLVED, IncidentStatus.CLOSED):
        raise Rejected(f"INC-{incident_id} is {incident.status}; it cannot be resolved")
    return incident


def settle(session: Session, incident: Incident, *, actor: str, text: str, now: datetime) -> bool:
    """Resolve an incident and withdraw what still waited for an approval: nobody should run it any more."""
    ended = {"resolved_at": now, "mitigated_at": incident.mitigated_at or now}
    moved = move_incident(session, incident, IncidentStatus.RESOLVED, at=now, actor=actor, text=text, **ended)
    if moved:
        approvals.withdraw(session, incident.id or 0, actor=actor, now=now, why="the incident was resolved")
        session.refresh(incident)
    return moved


def mark(session: Session, step_id: int, worked: bool, actor: str, now: datetime) -> Step:
    """A person's verdict on a step whose end nobody saw. Raises Rejected when it is not `unknown`."""
    step = session.get(Step, step_id)
    if step is None:
        raise NotFound(f"there is no step {step_id}")
    if step.state != StepState.UNKNOWN:
        raise Rejected(f"step {step_id} is {step.state}; there is nothing to settle")
    to = StepState.MARKED_OK if worked else StepState.MARKED_FAILED
    said = "worked" if worked else "failed"
    move_step(session, step, to, at=now, actor=actor, text=f"{actor} says it {said}: {step.title or step.text}")
    return step


def promote(session: Session, procedure_id: str, digest: str, actor: str, now: datetime) -> None:
    """Take a procedure from shadow to live, as its commands stand now."""
    session.merge(Promotion(procedure_id=procedure_id, digest=digest, promoted_by=actor, promoted_at=now))


def promoted(session: Session, procedure_id: str) -> str | None:
    """The digest for which a procedure was promoted, or None when it never was."""
    promotion = session.get(Promotion, procedure_id)
    return promotion.digest if promotion else None


def pause(session: Session, actor: str, now: datetime, reason: str = "") -> None:
    """Stop all running of steps, everywhere, until `resume`."""
    _switch(session, True, actor, now, reason)


def resume(session: Session, actor: str, now: datetime) -> None:
    """Let steps run again; those that waited are hinted by the next sweep."""
    _switch(session, False, actor, now, "")
    waited = update(Step).where(col(Step.state) == StepState.READY)
    session.execute(waited.values(hinted_at=None))


def paused(session: Session) -> str | None:
    """Who paused the running of steps and why, in words; None while steps run."""
    switch = session.get(Switch, PAUSE)
    if switch is None or not switch.on:
        return None
    return f"paused by {switch.changed_by}" + (f": {switch.reason}" if switch.reason else "")


def _switch(session: Session, on: bool, actor: str, now: datetime, reason: str) -> None:
    session.merge(Switch(name=PAUSE, on=on, reason=redact(reason), changed_by=actor, changed_at=now))
    _refresh_cards(session)


def _refresh_cards(session: Session) -> None:
    """A pause shows on every open card, so every open incident has something new to show."""
    session.execute(update(Incident).where(col(Incident.status).in_(OPEN)).values(revision=Incident.revision + 1))
