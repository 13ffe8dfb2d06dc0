"""What is next for a run: from checks to a verdict, to one fix put before people, to the checks after it.

`advance` looks at the rows and writes rows; it may be called at any time and by anybody, and does nothing where
nothing is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from incidents import approvals, timeline
from incidents.errors import NotFound, Rejected
from incidents.lifecycle import ENDED, OPEN, IncidentStatus, StepState, move_incident, move_step
from incidents.models import Incident, Run, Step
from incidents.redaction import redact
from runbooks.document import Phase
from workers.means import Means
from workers.planning import again
from workers.rows import can_run_again, checks_of, due_steps, id_of, last_fix, steps_of_round, verifies
from workers.verdict import ILL, WELL, recommended, tally, verdict

NOT_TAKEN = frozenset({StepState.DENIED, StepState.EXPIRED, StepState.SUPERSEDED})
"""Ends of a fix in which nothing was changed, so that it may be asked for again."""


def advance(means: Means, session: Session, run: Run) -> None:
    """Move a run on as far as its steps allow. Reads rows and writes rows; safe to call at any time."""
    session.flush()
    if run.state == "finished":
        return
    incident = session.get_one(Incident, run.incident_id, populate_existing=True)
    if incident.status not in OPEN and run.state not in ("fixing", "verifying"):
        _finish(means, session, run)  # a fix in flight is seen to its end, and looked at, all the same
    elif run.mode == "live":
        AFTER[run.state](means, session, run, incident)


def _after_checks(means: Means, session: Session, run: Run, incident: Incident) -> None:
    checks = checks_of(session, run)
    if any(step.state not in ENDED for step in checks):
        return
    now, said = means.clock(), verdict(checks)
    if run.state == "verifying":
        said = f"{said}; before the fix {tally(checks_of(session, run, run.round - 1))}"
        if _mended(session, run, checks):
            _mitigated(means, session, run, incident, checks)
            return
    run.verdict = incident.verdict = redact(said)
    timeline.append(session, id_of(incident), "verdict", "midwatch", said, at=now, data={"run": run.id})
    _offer(means, session, run, incident)


def _mended(session: Session, run: Run, checks: Sequence[Step]) -> bool:
    fix = last_fix(session, run)
    worked = fix is not None and fix.state in WELL
    return worked and not any(step.state in ILL for step in checks) and any(step.state in WELL for step in checks)


def _mitigated(means: Means, session: Session, run: Run, incident: Incident, checks: Sequence[Step]) -> None:
    now = means.clock()
    fix = last_fix(session, run)
    done = (fix.title or fix.text) if fix else "the fix"
    said = f"Mended by '{done}': {tally(checks)}; before it {tally(checks_of(session, run, run.round - 1))}"
    run.verdict = incident.verdict = redact(said)
    session.flush()
    if incident.status in (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED):
        move_incident(
            session,
            incident,
            IncidentStatus.MITIGATED,
            at=now,
            actor="midwatch",
            text=said,
            mitigated_at=incident.mitigated_at or now,
        )
    else:
        timeline.append(session, id_of(incident), "verdict", "midwatch", said, at=now, data={"run": run.id})
    _finish(means, session, run)


def _offer(means: Means, session: Session, run: Run, incident: Incident) -> None:
    """Put the one recommended fix before people, or say that there is none."""
    if incident.status not in OPEN:
        _finish(means, session, run)
        return
    steps = steps_of_round(session, run, 1)
    fix = recommended([s for s in steps if s.phase == Phase.SOLUTION], checks_of(session, run), tried=run.round > 1)
    if fix is not None:
        run.state = "waiting"
        _request(means, session, fix)
        return
    by_hand = sum(step.phase == Phase.MANUAL for step in steps)
    text = "the runbook has no further step that could be run from here" + (
        f"; {by_hand} are left to people" if by_hand else ""
    )
    timeline.append(session, id_of(incident), "planned", "midwatch", text, at=means.clock(), data={"run": run.id})
    _finish(means, session, run)


def _request(means: Means, session: Session, fix: Step) -> None:
    incident = session.get_one(Incident, fix.incident_id)
    valid = timedelta(minutes=means.settings.approval_minutes)
    needed = 2 if fix.risk == "destructive" else 1
    approvals.request(session, fix, means.approvers(incident.system), means.clock(), valid, needed=needed)


def _after_decision(means: Means, session: Session, run: Run, incident: Incident) -> None:
    fix = last_fix(session, run)
    if fix is None or fix.state == StepState.AWAITING_APPROVAL:
        return
    if fix.state in (StepState.READY, StepState.RUNNING):
        run.state = "fixing"
    elif fix.state in ENDED:
        run.state = "fixing"
        _after_fix(means, session, run, incident)


def _after_fix(means: Means, session: Session, run: Run, incident: Incident) -> None:
    fix = last_fix(session, run)
    if fix is None or fix.state not in ENDED:
        return
    if fix.state not in ILL | WELL:  # denied, expired, withdrawn or skipped: nothing was changed
        _finish(means, session, run)
        return
    earlier = checks_of(session, run)
    later = [s for s in steps_of_round(session, run, 1) if verifies(s)] if run.round == 1 else []
    run.round, run.state = run.round + 1, "verifying"
    session.add_all(again(step, run.round) for step in [*earlier, *later] if can_run_again(step))
    session.flush()
    if not checks_of(session, run):
        _after_checks(means, session, run, incident)


def _finish(means: Means, session: Session, run: Run) -> None:
    now = means.clock()
    run.state, run.finished_at = "finished", now
    session.flush()
    for step in due_steps(session, id_of(run)):
        text = f"not needed any more: {step.title or step.text}"
        move_step(session, step, StepState.SUPERSEDED, at=now, actor="midwatch", text=text)


def ask_again(means: Means, session: Session, step_id: int, actor: str) -> None:
    """Put a fix that was not taken before people once more. Rejected when it cannot be, NotFound for an unknown id."""
    step = session.get(Step, step_id)
    if step is None:
        raise NotFound(f"there is no step {step_id}")
    run, incident = session.get_one(Run, step.run_id), session.get_one(Incident, step.incident_id)
    if step.state not in (StepState.DENIED, StepState.EXPIRED, StepState.SUPERSEDED) or incident.status not in OPEN:
        raise Rejected(f"step {step_id} is {step.state} and its incident {incident.status}; it cannot be asked again")
    if approvals.pending(session, id_of(incident)) is not None:
        raise Rejected("another fix of this incident waits for an approval")
    procedure = means.shelf.procedure(run.procedure_id)
    if procedure is None or procedure.digest != run.revision:
        raise Rejected("its runbook has changed since; start the procedure again")
    if means.has_moved(step, incident):
        raise Rejected("the inventory's entry for its system has changed since; start the procedure again")
    fresh = again(step, step.round, StepState.PLANNED)
    session.add(fresh)
    session.flush()
    run.state, run.finished_at = "waiting", None
    _request(means, session, fresh)
    timeline.append(
        session, id_of(incident), "note", actor, f"{actor} asks again for {step.title or step.text}", at=means.clock()
    )


AFTER: Mapping[str, Callable[[Means, Session, Run, Incident], None]] = {
    "checking": _after_checks,
    "waiting": _after_decision,
    "fixing": _after_fix,
    "verifying": _after_checks,
}
"""What looks at a run in each of its states."""
