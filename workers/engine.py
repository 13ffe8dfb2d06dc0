"""The run loop: from an incident to its checks, from the checks to a verdict and one fix, from the fix to checks again.

Celery only knocks: every method takes an id, finds the row in a state that wants work, or does nothing. What a
method decides is committed before it is acted on, and a step's own work happens outside any transaction.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import acts, approvals, timeline
from incidents.alert import Alert, AlertStatus, Link, Priority
from incidents.errors import MidwatchError, NotFound, Rejected
from incidents.holders import is_dead, this_process
from incidents.inventory import Inventory, System
from incidents.lifecycle import ENDED, OPEN, IncidentStatus, StepState, move_incident, move_step
from incidents.models import AlertRow, Approval, Incident, Run, Step
from incidents.redaction import redact, redact_values
from incidents.settings import Settings
from incidents.store import Store
from runbooks.document import Document, Phase, Procedure
from runbooks.match import Match, match
from runbooks.shelf import Shelf
from workers import filters
from workers.caps import cap_text
from workers.planning import Bounds, again, steps_of
from workers.steps import Context, Finding, Level, Outcome, Result, kind_named
from workers.verdict import CHANGES, ILL, WELL, recommended, tally, verdict

log = logging.getLogger(__name__)

AT_A_TIME = 4
"""Checks of one run that may be in flight together: a check must not become part of the outage."""

FILTERED = 16
"""How many times the output cap is read of a step whose output is filtered afterwards (`... | grep error`)."""

RUNS_AN_HOUR = 10
LEASE = timedelta(seconds=30)
ATTEMPTS = 3
"""How often a read-only step is started before its dying workers are taken for an answer."""

HINT_AGAIN = timedelta(seconds=30)
SETTLING = 20.0
"""Seconds that a service has after a fix until its failing check counts."""

STATES: Mapping[Result, StepState] = {
    Result.SUCCEEDED: StepState.SUCCEEDED,
    Result.FAILED: StepState.FAILED,
    Result.TIMED_OUT: StepState.TIMED_OUT,
    Result.COULD_NOT_RUN: StepState.SKIPPED,
    Result.UNKNOWN: StepState.UNKNOWN,
}


NOT_TAKEN = frozenset({StepState.DENIED, StepState.EXPIRED, StepState.SUPERSEDED})
"""Ends of a fix in which nothing was changed, so that it may be asked for again."""


class Hints(Protocol):
    """How to say that a row is ready. A hint may be lost or repeated; the sweep and the claim make that harmless."""

    def triage(self, incident_id: int) -> None: ...

    def run_step(self, step_id: int, queue: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that this worker may run, as it stood when it was claimed."""

    step_id: int
    epoch: int
    kind: str
    args: Mapping[str, Any]
    filters: tuple[tuple[str, ...], ...]
    context: Context
    settling: bool


def utc_now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """One worker process's view of the work. Thread-safe: every thread of the pool shares one."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        inventory: Inventory,
        shelf: Shelf,
        hints: Hints,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.store, self.settings, self.inventory, self.shelf = store, settings, inventory, shelf
        self.hints, self.clock, self.owner = hints, clock, this_process()
        self._cancels: dict[int, threading.Event] = {}

    # ---- triage: an incident becomes a run

    def triage(self, incident_id: int) -> None:
        """Choose the procedure for an incident and start its checks. Does nothing when that was done before."""
        with self.store.read() as session:
            incident = session.get(Incident, incident_id)
            if incident is None or incident.triaged_at is not None or incident.status not in OPEN:
                return
            alert = _alert_of(session, incident)
        matches = match(alert, self.shelf, self.inventory)
        self._hint(self.store.write(lambda s: self._triaged(s, incident_id, matches)))

    def start(self, incident_id: int, procedure: Procedure, actor: str) -> int:
        """Start a procedure on an incident because a person asks for it. Returns the run's id."""
        document = self.shelf.document_of(procedure)

        def work(session: Session) -> tuple[int, list[Step]]:
            incident = acts.incident_of(session, incident_id)
            run_id = self._planned(session, incident, document, procedure, actor, f"asked by {actor}")
            return run_id, _due(session, run_id)

        run_id, due = self.store.write(work)
        self._hint(due)
        return run_id

    def promoted(self, procedure: Procedure) -> None:
        """Start the checks of open runs that waited in shadow for this procedure's promotion."""
        self._hint(self.store.write(lambda s: self._gone_live(s, procedure)))

    def _triaged(self, session: Session, incident_id: int, matches: Sequence[Match]) -> list[Step]:
        now = self.clock()
        mine = update(Incident).where(col(Incident.id) == incident_id, col(Incident.triaged_at).is_(None))
        if session.execute(mine.values(triaged_at=now)).rowcount != 1:  # type: ignore[attr-defined] # CursorResult
            return []
        incident = session.get_one(Incident, incident_id, populate_existing=True)
        if not matches:
            text = "no runbook answers this alert"
            timeline.append(session, incident_id, "planned", "midwatch", text, at=now, data={"matches": []})
            return []
        if self._too_many(session, incident_id, now):
            text = f"{matches[0].procedure.title} was not started: {RUNS_AN_HOUR} automatic runs in an hour are enough"
            timeline.append(session, incident_id, "planned", "midwatch", text, at=now)
            return []
        best = matches[0]
        run_id = self._planned(session, incident, best.document, best.procedure, "midwatch", best.why)
        return _due(session, run_id)

    def _planned(
        self, session: Session, incident: Incident, document: Document, procedure: Procedure, actor: str, why: str
    ) -> int:
        now, incident_id = self.clock(), _id(incident)
        if incident.status not in OPEN:
            raise Rejected(f"INC-{incident_id} is {incident.status}; nothing is run for it")
        self._place(session, incident, document, procedure, now)
        system = self.inventory.system(incident.system) if incident.system else None
        live = self._live(session, procedure, system)
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
        bounds = Bounds(self.settings.check_timeout, self.settings.fix_timeout)
        values = _values(session, incident_id)
        steps = steps_of(run, procedure, system, values, bounds)
        session.add_all(steps)
        session.flush()
        data = {"run": run.id, "procedure": procedure.id, "document": document.path, "line": procedure.line}
        timeline.append(session, incident_id, "planned", actor, _plan_text(run, procedure, steps), at=now, data=data)
        self._advance(session, run)
        return _id(run)

    def _place(
        self, session: Session, incident: Incident, document: Document, procedure: Procedure, now: datetime
    ) -> None:
        """The runbook knows more than the alert: the system, and how urgent this kind of incident is."""
        if incident.system is None and document.system in self.inventory.systems:
            incident.system = document.system
        urgent = procedure.severity
        if urgent is None or urgent == incident.priority or incident.priority_by not in ("rule", "runbook"):
            return
        why = f"the runbook says {urgent} for '{procedure.title}'"
        text = f"priority {incident.priority} -> {urgent}: {why}"
        timeline.append(
            session, _id(incident), "priority", "midwatch", text, at=now, data={"from": incident.priority, "to": urgent}
        )
        incident.priority, incident.priority_reason, incident.priority_by = str(Priority(urgent)), why, "runbook"
        session.flush()

    def _live(self, session: Session, procedure: Procedure, system: System | None) -> bool:
        declared = system is not None and system.live == "read_only"
        return declared or acts.promoted(session, procedure.id) == procedure.digest

    def _too_many(self, session: Session, incident_id: int, now: datetime) -> bool:
        recent = [col(Run.incident_id) == incident_id, col(Run.created_at) > now - timedelta(hours=1)]
        return (session.scalar(select(func.count()).select_from(Run).where(*recent)) or 0) >= RUNS_AN_HOUR

    def _gone_live(self, session: Session, procedure: Procedure) -> list[Step]:
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
            for step in _steps(session, run, 1):
                if step.state == StepState.PLANNED and step.phase == Phase.DIAGNOSIS and _runs_unasked(step):
                    move_step(
                        session,
                        step,
                        StepState.READY,
                        at=self.clock(),
                        actor="midwatch",
                        text=f"may run now that its procedure is live: {step.title or step.text}",
                    )
            self._advance(session, run)
            due += _due(session, _id(run))
        return due

    # ---- a step: claimed, run, and its result kept

    def run_step(self, step_id: int) -> None:
        """Run one step that is ready. Does nothing when another worker has it, or when it must not run now."""
        claim = self.store.write(lambda s: self._claimed(s, step_id))
        if claim is None:
            return
        outcome = self._performed(claim)
        self._hint(self.store.write(lambda s: self._recorded(s, claim, outcome)))

    def cancel(self, step_id: int) -> bool:
        """Stop a step that runs in this process. False when it does not."""
        cancelled = self._cancels.get(step_id)
        if cancelled is None:
            return False
        cancelled.set()
        return True

    def _claimed(self, session: Session, step_id: int) -> Claim | None:
        now = self.clock()
        step = session.get(Step, step_id)
        if step is None or step.state != StepState.READY or acts.paused(session) is not None:
            return None
        run = session.get_one(Run, step.run_id)
        changes = not _runs_unasked(step)
        if changes and (refusal := self._refusal(session, step, run)) is not None:
            text = f"refused to run {step.title or step.text}: {refusal}"
            move_step(session, step, StepState.SUPERSEDED, at=now, actor="midwatch", text=text, summary=refusal)
            self._advance(session, run)
            return None
        if self._busy(session, step, changes):
            return None
        lease = {"owner": self.owner, "lease_until": now + LEASE, "started_at": now}
        text = f"runs: {step.title or step.text}"
        counted = {"epoch": step.epoch + 1, "attempt": step.attempt + 1}
        if not move_step(session, step, StepState.RUNNING, at=now, actor="midwatch", text=text, **lease, **counted):
            return None
        cancelled = self._cancels[step_id] = threading.Event()
        piped = tuple(tuple(part) for part in step.call.get("filters", []))
        cap = self.settings.output_cap * (FILTERED if piped else 1)
        context = Context(step.timeout, cap, changes, cancelled, step.title)
        settling = step.round > 1 and not changes
        return Claim(step_id, step.epoch, step.kind, step.call.get("args", {}), piped, context, settling)

    def _refusal(self, session: Session, step: Step, run: Run) -> str | None:
        """Why a changing step must not start, whatever its state says; None when everything is as approved."""
        if step.digest != approvals.digest_of(step.kind, step.call, step.target, run.revision):
            return "what would run is not what was planned"
        if approvals.granted(session, step) is None:
            return "nobody approved it as it stands"
        procedure = self.shelf.procedure(run.procedure_id)
        if procedure is None or procedure.digest != run.revision:
            return "its runbook has changed since; ask again"
        return None

    def _busy(self, session: Session, step: Step, changes: bool) -> bool:
        """Whether the step has to wait: four checks of a run at a time, and one change per target."""
        running = select(func.count()).select_from(Step).where(col(Step.state) == StepState.RUNNING)
        if changes:
            same = running.where(col(Step.target) == step.target, col(Step.risk).in_(CHANGES))
            return bool(session.scalar(same))
        return (session.scalar(running.where(col(Step.run_id) == step.run_id)) or 0) >= AT_A_TIME

    def _performed(self, claim: Claim) -> Outcome:
        """Run the step outside any transaction; after a fix, give its target time to come up before it counts."""
        deadline = time.monotonic() + (SETTLING if claim.settling else 0)
        while True:
            outcome = self._attempted(claim)
            if outcome.result not in (Result.FAILED, Result.TIMED_OUT) or time.monotonic() >= deadline:
                return outcome
            if claim.context.cancelled.wait(1.0):
                return outcome

    def _attempted(self, claim: Claim) -> Outcome:
        try:
            outcome = kind_named(claim.kind).run(claim.args, claim.context)
        except Exception as failure:
            log.exception("step %s: the step kind %s failed", claim.step_id, claim.kind)
            return _mistake(claim, failure)
        if not claim.filters or outcome.result is Result.COULD_NOT_RUN:
            return outcome
        kept, remark = filters.apply(outcome.output, claim.filters)
        kept, cut = cap_text(kept, self.settings.output_cap)
        return replace(
            outcome,
            output=kept,
            truncated=outcome.truncated or cut,
            summary=f"{outcome.summary}; {remark}" if remark else outcome.summary,
        )

    def _recorded(self, session: Session, claim: Claim, outcome: Outcome) -> list[Step]:
        now = self.clock()
        self._cancels.pop(claim.step_id, None)
        step = session.get_one(Step, claim.step_id)
        if step.state != StepState.RUNNING or step.epoch != claim.epoch:
            text = f"a result of {step.title or step.text} came after its lease had ended and was not taken"
            data = {"step": step.id, "epoch": claim.epoch, "result": str(outcome.result)}
            timeline.append(session, step.incident_id, "late", self.owner, text, at=now, data=data)
            return []
        to = _state_after(claim, outcome)
        kept = {
            "exit_code": outcome.exit_code,
            "summary": redact(outcome.summary),
            "output": redact(outcome.output, command=step.text),
            "truncated": outcome.truncated,
            "finished_at": now,
            "owner": None,
            "lease_until": None,
            "findings": redact_values([_row(finding) for finding in outcome.findings]),
        }
        text = f"{to}: {step.title or step.text}" + (f" ({kept['summary']})" if kept["summary"] else "")
        if not move_step(session, step, to, at=now, actor="midwatch", text=text, **kept):
            return []
        run = session.get_one(Run, step.run_id)
        self._advance(session, run)
        return _due(session, _id(run))

    # ---- what is next

    def advance(self, run_id: int) -> None:
        """Look at a run again, after a person's decision or a lost hint, and hint whatever is ready."""
        self._hint(self.store.write(lambda s: self._advanced(s, run_id)))

    def ask_again(self, step_id: int, actor: str) -> None:
        """Ask once more for a fix that was denied, expired or withdrawn: a new step with a new approval."""
        self.store.write(lambda s: self._asked_again(s, step_id, actor))

    def _advanced(self, session: Session, run_id: int) -> list[Step]:
        run = session.get(Run, run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        self._advance(session, run)
        return _due(session, run_id)

    def _asked_again(self, session: Session, step_id: int, actor: str) -> None:
        step = session.get(Step, step_id)
        if step is None:
            raise NotFound(f"there is no step {step_id}")
        run, incident = session.get_one(Run, step.run_id), session.get_one(Incident, step.incident_id)
        if step.state not in (StepState.DENIED, StepState.EXPIRED, StepState.SUPERSEDED) or incident.status not in OPEN:
            raise Rejected(
                f"step {step_id} is {step.state} and its incident {incident.status}; it cannot be asked again"
            )
        if approvals.pending(session, _id(incident)) is not None:
            raise Rejected("another fix of this incident waits for an approval")
        procedure = self.shelf.procedure(run.procedure_id)
        if procedure is None or procedure.digest != run.revision:
            raise Rejected("its runbook has changed since; start the procedure again")
        fresh = again(step, step.round, StepState.PLANNED)
        session.add(fresh)
        session.flush()
        run.state, run.finished_at = "waiting", None
        self._request(session, fresh)
        timeline.append(
            session, _id(incident), "note", actor, f"{actor} asks again for {step.title or step.text}", at=self.clock()
        )

    def _advance(self, session: Session, run: Run) -> None:
        """Move a run on as far as its steps allow. Reads rows and writes rows; safe to call at any time."""
        session.flush()
        if run.state == "finished":
            return
        incident = session.get_one(Incident, run.incident_id, populate_existing=True)
        if incident.status not in OPEN and run.state not in ("fixing", "verifying"):
            self._finish(session, run)  # a fix in flight is seen to its end, and looked at, all the same
        elif run.mode == "live":
            {
                "checking": self._after_checks,
                "waiting": self._after_decision,
                "fixing": self._after_fix,
                "verifying": self._after_checks,
            }[run.state](session, run, incident)

    def _after_checks(self, session: Session, run: Run, incident: Incident) -> None:
        checks = _checks(session, run)
        if any(step.state not in ENDED for step in checks):
            return
        now, said = self.clock(), verdict(checks)
        if run.state == "verifying":
            said = f"{said}; before the fix {tally(_checks(session, run, run.round - 1))}"
            if self._mended(session, run, checks):
                self._mitigated(session, run, incident, checks, now)
                return
        run.verdict = incident.verdict = redact(said)
        timeline.append(session, _id(incident), "verdict", "midwatch", said, at=now, data={"run": run.id})
        self._offer(session, run, incident)

    def _mended(self, session: Session, run: Run, checks: Sequence[Step]) -> bool:
        fix = _last_fix(session, run)
        worked = fix is not None and fix.state in WELL
        return worked and not any(step.state in ILL for step in checks) and any(step.state in WELL for step in checks)

    def _mitigated(self, session: Session, run: Run, incident: Incident, checks: Sequence[Step], now: datetime) -> None:
        fix = _last_fix(session, run)
        done = (fix.title or fix.text) if fix else "the fix"
        said = f"Mended by '{done}': {tally(checks)}; before it {tally(_checks(session, run, run.round - 1))}"
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
            timeline.append(session, _id(incident), "verdict", "midwatch", said, at=now, data={"run": run.id})
        self._finish(session, run)

    def _offer(self, session: Session, run: Run, incident: Incident) -> None:
        """Put the one recommended fix before people, or say that there is none."""
        if incident.status not in OPEN:
            self._finish(session, run)
            return
        steps = _steps(session, run, 1)
        fix = recommended([s for s in steps if s.phase == Phase.SOLUTION], _checks(session, run), tried=run.round > 1)
        if fix is not None:
            run.state = "waiting"
            self._request(session, fix)
            return
        by_hand = sum(step.phase == Phase.MANUAL for step in steps)
        text = "the runbook has no further step that could be run from here" + (
            f"; {by_hand} are left to people" if by_hand else ""
        )
        timeline.append(session, _id(incident), "planned", "midwatch", text, at=self.clock(), data={"run": run.id})
        self._finish(session, run)

    def _request(self, session: Session, fix: Step) -> None:
        incident = session.get_one(Incident, fix.incident_id)
        valid = timedelta(minutes=self.settings.approval_minutes)
        needed = 2 if fix.risk == "destructive" else 1
        approvals.request(session, fix, self.approvers(incident.system), self.clock(), valid, needed=needed)

    def approvers(self, system: str | None) -> tuple[str, ...]:
        """Who may approve fixes of a system, and promote its procedures."""
        return approvals.approvers_of(self.inventory.system(system), self.settings)

    def _after_decision(self, session: Session, run: Run, incident: Incident) -> None:
        fix = _last_fix(session, run)
        if fix is None or fix.state == StepState.AWAITING_APPROVAL:
            return
        if fix.state in (StepState.READY, StepState.RUNNING):
            run.state = "fixing"
        elif fix.state in ENDED:
            run.state = "fixing"
            self._after_fix(session, run, incident)

    def _after_fix(self, session: Session, run: Run, incident: Incident) -> None:
        fix = _last_fix(session, run)
        if fix is None or fix.state not in ENDED:
            return
        if fix.state not in ILL | WELL:  # denied, expired, withdrawn or skipped: nothing was changed
            self._finish(session, run)
            return
        earlier = _checks(session, run)
        later = [s for s in _steps(session, run, 1) if _verifies(s)] if run.round == 1 else []
        run.round, run.state = run.round + 1, "verifying"
        session.add_all(again(step, run.round) for step in [*earlier, *later] if _can_run_again(step))
        session.flush()
        if not _checks(session, run):
            self._after_checks(session, run, incident)

    def _finish(self, session: Session, run: Run) -> None:
        now = self.clock()
        run.state, run.finished_at = "finished", now
        session.flush()
        for step in _due(session, _id(run)):
            text = f"not needed any more: {step.title or step.text}"
            move_step(session, step, StepState.SUPERSEDED, at=now, actor="midwatch", text=text)

    # ---- keeping promises when processes die

    def renew_leases(self) -> None:
        """Say that the steps of this process are still being worked on."""
        held = update(Step).where(col(Step.owner) == self.owner, col(Step.state) == StepState.RUNNING)
        until = self.clock() + LEASE
        if self._cancels:
            self.store.write(lambda s: s.execute(held.values(lease_until=until)) and None)

    def sweep(self) -> None:
        """Find what was left lying: dead workers' steps, unanswered requests, rows whose hint was lost."""
        self._hint(self.store.write(self._swept))
        with self.store.read() as session:
            waiting = [col(Incident.triaged_at).is_(None), col(Incident.status).in_(OPEN)]
            untriaged = list(session.scalars(select(col(Incident.id)).where(*waiting)))
        for incident_id in untriaged:
            self.hints.triage(incident_id or 0)

    def _swept(self, session: Session) -> list[Step]:
        now = self.clock()
        for step in session.scalars(select(Step).where(col(Step.state) == StepState.RUNNING)).all():
            if step.lease_until is None or step.lease_until <= now or is_dead(step.owner):
                self._orphaned(session, step, now)
        approvals.expire(session, now)
        due: list[Step] = []
        for run in session.scalars(select(Run).where(col(Run.state) != "finished")).all():
            self._advance(session, run)
            due += [step for step in _due(session, _id(run)) if _forgotten(step, now)]
        for step in due:
            step.hinted_at = now
        return due

    def _orphaned(self, session: Session, step: Step, now: datetime) -> None:
        """Its worker is gone. A check is run again; what a change did in its last moments only a person can say."""
        name, freed = step.title or step.text, {"owner": None, "lease_until": None}
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

    def _hint(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.hints.run_step(_id(step), step.queue)


def _alert_of(session: Session, incident: Incident) -> Alert:
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


def _values(session: Session, incident_id: int) -> dict[str, str]:
    """What alerts offer for a document's placeholders: their labels. `bind` checks every value."""
    rows = select(col(AlertRow.labels)).where(col(AlertRow.incident_id) == incident_id).order_by(col(AlertRow.id))
    return {name: value for labels in session.scalars(rows) for name, value in labels.items()}


def _steps(session: Session, run: Run, round_: int) -> list[Step]:
    mine = select(Step).where(col(Step.run_id) == run.id, col(Step.round) == round_)
    return list(session.scalars(mine.order_by(col(Step.position), col(Step.id))))


def _checks(session: Session, run: Run, round_: int | None = None) -> list[Step]:
    """The checks of a round: what ran or should have run by itself. Changing steps and prose are not among them."""
    steps = _steps(session, run, round_ or run.round)
    return [
        s
        for s in steps
        if s.text is not None and _runs_unasked(s) and s.phase == Phase.DIAGNOSIS and s.state != StepState.PLANNED
    ]


def _last_fix(session: Session, run: Run) -> Step | None:
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


def _due(session: Session, run_id: int) -> list[Step]:
    ready = select(Step).where(col(Step.run_id) == run_id, col(Step.state) == StepState.READY)
    return list(session.scalars(ready.order_by(col(Step.position))))


def _forgotten(step: Step, now: datetime) -> bool:
    """Whether the hint of a ready step may have been lost. Not every sweep asks again: its queue may just be long."""
    return step.hinted_at is None or now - step.hinted_at > HINT_AGAIN


def _runs_unasked(step: Step) -> bool:
    return step.risk == "read_only"


def _verifies(step: Step) -> bool:
    """Read-only steps among the cures ("verify renewal") look at what the fix did."""
    return _runs_unasked(step) and step.phase in (Phase.VERIFICATION, Phase.SOLUTION) and bool(step.digest)


def _can_run_again(step: Step) -> bool:
    return step.state in ILL | WELL or (step.state == StepState.PLANNED and _verifies(step))


def _plan_text(run: Run, procedure: Procedure, steps: Sequence[Step]) -> str:
    checks = sum(s.phase == Phase.DIAGNOSIS and s.state in (StepState.READY, StepState.PLANNED) for s in steps)
    fixes = sum(s.risk in CHANGES and s.state == StepState.PLANNED and s.text is not None for s in steps)
    skipped = [f"{s.title or s.text} ({s.summary})" for s in steps if s.state == StepState.SKIPPED]
    by_hand = sum(s.text is None for s in steps)
    counts = f"{_counted(checks, 'check')}, {_counted(fixes, 'fix', 'fixes')}, {by_hand} by hand"
    shadow = " in shadow: nothing of it runs until it is promoted" if run.mode == "shadow" else ""
    lost = f". Left out: {'; '.join(skipped)}" if skipped else ""
    return f"follows '{procedure.title}' ({run.why}): {counts}{shadow}{lost}"


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


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


def _id(row: Incident | Run | Step) -> int:
    assert row.id is not None
    return row.id
