"""One step in flight: claimed by an UPDATE, run outside any transaction, its result kept; or found orphaned."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import acts, approvals, timeline
from incidents.errors import MidwatchError
from incidents.lifecycle import OPEN, StepState, move_step
from incidents.models import Incident, Run, Step
from incidents.redaction import redact, redact_values
from incidents.settings import own_secrets
from workers import filters
from workers.caps import cap_text
from workers.means import Means
from workers.progress import advance
from workers.rows import due_steps, id_of, runs_unasked
from workers.steps import Context, Finding, Level, Outcome, Result, kind_named
from workers.verdict import CHANGES

log = logging.getLogger(__name__)

AT_A_TIME = 4
"""Checks of one run that may be in flight together: a check must not become part of the outage."""

FILTERED = 16
"""How many times the output cap is read of a step whose output is filtered afterwards (`... | grep error`)."""

LEASE = timedelta(seconds=30)

ATTEMPTS = 3
"""How often a read-only step is started before its dying workers are taken for an answer."""

SETTLING = 20.0
"""Seconds that a service has after a fix until its failing check counts."""

STATES: Mapping[Result, StepState] = {
    Result.SUCCEEDED: StepState.SUCCEEDED,
    Result.FAILED: StepState.FAILED,
    Result.TIMED_OUT: StepState.TIMED_OUT,
    Result.COULD_NOT_RUN: StepState.SKIPPED,
    Result.UNKNOWN: StepState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that this worker may run, as it stood when it was claimed."""

    step_id: int
    epoch: int
    kind: str
    args: Mapping[str, Any]
    filters: tuple[tuple[str, ...], ...]
    context: Context
    output_cap: int
    """Bytes that are kept, after the filters; the context's own cap is what is read."""
    settling: bool


def claim(means: Means, session: Session, step_id: int, owner: str, cancelled: Event) -> Claim | None:
    """Take a ready step for `owner`. None when somebody else has it, or when it must not run now."""
    now = means.clock()
    step = session.get(Step, step_id)
    if step is None or step.state != StepState.READY or acts.paused(session) is not None:
        return None
    run = session.get_one(Run, step.run_id)
    changes = not runs_unasked(step)
    if changes and (refusal := _refusal(means, session, step, run)) is not None:
        text = f"refused to run {step.title or step.text}: {refusal}"
        move_step(session, step, StepState.SUPERSEDED, at=now, actor="midwatch", text=text, summary=refusal)
        advance(means, session, run)
        return None
    if _busy(means, session, step, changes):
        return None
    lease = {"owner": owner, "lease_until": now + LEASE, "started_at": now}
    text = f"runs: {step.title or step.text}"
    counted = {"epoch": step.epoch + 1, "attempt": step.attempt + 1}
    if not move_step(session, step, StepState.RUNNING, at=now, actor="midwatch", text=text, **lease, **counted):
        return None
    piped = tuple(tuple(part) for part in step.call.get("filters", []))
    cap = means.settings.output_cap
    context = Context(step.timeout, cap * (FILTERED if piped else 1), changes, cancelled, step.title)
    settling = step.round > 1 and not changes
    return Claim(step_id, step.epoch, step.kind, step.call.get("args", {}), piped, context, cap, settling)


def _refusal(means: Means, session: Session, step: Step, run: Run) -> str | None:
    """Why a changing step must not start, whatever its state says; None when everything is as approved."""
    if step.digest != approvals.digest_of(step.kind, step.call, step.target, run.revision):
        return "what would run is not what was planned"
    approval = approvals.granted(session, step)
    if approval is None or approval.decided_at is None:
        return "nobody approved it as it stands"
    if means.clock() - approval.decided_at > approval.expires_at - approval.requested_at:
        return "it was approved too long ago"
    incident = session.get_one(Incident, step.incident_id)
    if incident.status not in OPEN:
        return f"its incident is {incident.status}"
    if means.has_moved(step, incident):
        return "the inventory's entry for its system has changed since; start the procedure again"
    procedure = means.shelf.procedure(run.procedure_id)
    if procedure is None or procedure.digest != run.revision:
        return "its runbook has changed since; ask again"
    return None


def _busy(means: Means, session: Session, step: Step, changes: bool) -> bool:
    """Whether the step has to wait: four checks of a run at a time, and one change per target."""
    running = select(func.count()).select_from(Step).where(col(Step.state) == StepState.RUNNING)
    if changes:
        same = running.where(col(Step.target) == step.target, col(Step.risk).in_(CHANGES))
        return bool(session.scalar(same))
    return (session.scalar(running.where(col(Step.run_id) == step.run_id)) or 0) >= AT_A_TIME


def record(means: Means, session: Session, claim: Claim, outcome: Outcome) -> list[Step]:
    """Keep a result, redacted, unless its lease has ended. Returns the steps that are ready now."""
    now = means.clock()
    step = session.get_one(Step, claim.step_id)
    if step.state != StepState.RUNNING or step.epoch != claim.epoch:
        text = f"a result of {step.title or step.text} came after its lease had ended and was not taken"
        data = {"step": step.id, "epoch": claim.epoch, "result": str(outcome.result)}
        timeline.append(session, step.incident_id, "late", "midwatch", text, at=now, data=data)
        return []
    to = _state_after(claim, outcome)
    ours = own_secrets(means.settings)
    kept = {
        "exit_code": outcome.exit_code,
        "summary": redact(outcome.summary, ours),
        "output": redact(outcome.output, ours, command=step.text),
        "truncated": outcome.truncated,
        "finished_at": now,
        "owner": None,
        "lease_until": None,
        "findings": redact_values([_row(finding) for finding in outcome.findings], ours),
    }
    text = f"{to}: {step.title or step.text}" + (f" ({kept['summary']})" if kept["summary"] else "")
    if not move_step(session, step, to, at=now, actor="midwatch", text=text, **kept):
        return []
    run = session.get_one(Run, step.run_id)
    advance(means, session, run)
    return due_steps(session, id_of(run))[:AT_A_TIME]  # more could not run now, and would be hinted at every end


def take_over(session: Session, step: Step, now: datetime) -> None:
    """Its worker is gone. A check is run again; what a change did in its last moments only a person can say."""
    name, freed = step.title or step.text, {"owner": None, "lease_until": None, "hinted_at": None}
    if step.risk in CHANGES:
        text = (
            f"{name} on {step.target} was running when its worker died; "
            "it may or may not have finished, and it is not run again"
        )
        move_step(session, step, StepState.UNKNOWN, at=now, actor="midwatch", text=text, finished_at=now, **freed)
    elif step.attempt < ATTEMPTS:
        text = f"the worker of {name} died; it only reads, so it runs again"
        move_step(session, step, StepState.READY, at=now, actor="midwatch", text=text, **freed)
    else:
        text = f"{name} was given up after {step.attempt} workers died over it"
        lost = {"summary": "its workers died", "finished_at": now}
        move_step(session, step, StepState.FAILED, at=now, actor="midwatch", text=text, **lost, **freed)


def perform(claim: Claim, is_paused: Callable[[], bool] = lambda: False) -> Outcome:
    """Run the step outside any transaction; after a fix, give its target time to come up before it counts."""
    deadline = time.monotonic() + (SETTLING if claim.settling else 0)
    while True:
        outcome = _attempted(claim)
        if outcome.result not in (Result.FAILED, Result.TIMED_OUT) or time.monotonic() >= deadline:
            return outcome
        if claim.context.cancelled.wait(1.0) or is_paused():
            return outcome


def _attempted(claim: Claim) -> Outcome:
    try:
        outcome = kind_named(claim.kind).run(claim.args, claim.context)
    except Exception as failure:
        log.exception("step %s: the step kind %s failed", claim.step_id, claim.kind)
        return _mistake(claim, failure)
    if not claim.filters or outcome.result is Result.COULD_NOT_RUN:
        return outcome
    kept, remark = filters.apply(outcome.output, claim.filters)
    kept, cut = cap_text(kept, claim.output_cap)
    return replace(
        outcome,
        output=kept,
        truncated=outcome.truncated or cut,
        summary=f"{outcome.summary}; {remark}" if remark else outcome.summary,
    )


def _mistake(claim: Claim, failure: Exception) -> Outcome:
    said = str(failure) if isinstance(failure, MidwatchError) else f"{type(failure).__name__} in step kind {claim.kind}"
    if claim.context.allow_writes:
        return Outcome(Result.UNKNOWN, f"it broke off: {said}")
    return Outcome(Result.COULD_NOT_RUN, f"could not run: {said}", findings=(Finding(Level.WARN, said),))


def _state_after(claim: Claim, outcome: Outcome) -> StepState:
    if claim.context.cancelled.is_set():
        return StepState.CANCELLED
    return STATES[outcome.result]


def _row(finding: Finding) -> dict[str, str]:
    return {"level": str(finding.level), "text": finding.text, "subject": finding.subject}
