"""The run loop: from an incident to its checks, from the checks to a verdict and one fix, from the fix to checks again.

Celery only knocks: every method takes an id, finds the row in a state that wants work, or does nothing. What a method
decides is committed before it is acted on, and a step's own work happens outside any transaction. The parts are
`triage` (an incident becomes a run), `inflight` (one step, claimed and run) and `progress` (what is next).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import acts, approvals
from incidents.errors import NotFound
from incidents.holders import is_dead, this_process
from incidents.inventory import Inventory
from incidents.lifecycle import OPEN, StepState
from incidents.models import Incident, Run, Step
from incidents.settings import Settings
from incidents.store import Store
from runbooks.document import Procedure
from runbooks.match import match
from runbooks.shelf import Shelf
from workers import inflight, progress, triage
from workers.means import Hints, Means, utc_now
from workers.rows import alert_of, due_steps, id_of, is_forgotten, runs_unasked


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
        self.means = Means(store, settings, inventory, shelf, clock)
        self.store, self.shelf, self.hints, self.clock = store, shelf, hints, clock
        self.owner, self._born = this_process(), clock()
        self._running: dict[int, threading.Event] = {}
        """Steps that this process runs, each with the event that cancels it."""

    # ---- an incident becomes a run

    def triage(self, incident_id: int) -> None:
        """Choose the procedure for an incident and start its checks. Does nothing when that was done before."""
        with self.store.read() as session:
            incident = session.get(Incident, incident_id)
            if incident is None or incident.triaged_at is not None or incident.status not in OPEN:
                return
            alert = alert_of(session, incident)
        self.shelf.refresh()
        matches = match(alert, self.shelf, self.means.inventory)
        self._hint(self.store.write(lambda s: triage.triage(self.means, s, incident_id, matches)))

    def start(self, incident_id: int, procedure: Procedure, actor: str) -> int:
        """Start a procedure on an incident because a person asks for it. Returns the run's id."""
        document = self.shelf.document_of(procedure)

        def work(session: Session) -> tuple[int, list[Step]]:
            incident = acts.incident_of(session, incident_id)
            run_id = triage.plan(self.means, session, incident, document, procedure, actor, f"asked by {actor}")
            return run_id, due_steps(session, run_id)

        run_id, due = self.store.write(work)
        self._hint(due)
        return run_id

    def promoted(self, procedure: Procedure) -> None:
        """Start the checks of open runs that waited in shadow for this procedure's promotion."""
        self._hint(self.store.write(lambda s: triage.go_live(self.means, s, procedure)))

    # ---- one step

    def run_step(self, step_id: int) -> None:
        """Run one step that is ready. Does nothing when another worker has it, or when it must not run now."""
        cancelled = threading.Event()
        if self._changes_something(step_id):
            self.shelf.refresh()  # an edit of a moment ago withdraws what was approved before it
        claim = self.store.write(lambda s: inflight.claim(self.means, s, step_id, self.owner, cancelled))
        if claim is None:
            return
        self._running[step_id] = cancelled
        try:
            outcome = inflight.perform(claim, self._is_paused)
            self._hint(self.store.write(lambda s: inflight.record(self.means, s, claim, outcome)))
        finally:
            self._running.pop(step_id, None)

    def _changes_something(self, step_id: int) -> bool:
        with self.store.read() as session:
            step = session.get(Step, step_id)
            return step is not None and not runs_unasked(step)

    def _is_paused(self) -> bool:
        with self.store.read() as session:
            return acts.paused(session) is not None

    def cancel(self, step_id: int) -> bool:
        """Stop a step that runs in this process. False when it does not."""
        cancelled = self._running.get(step_id)
        if cancelled is None:
            return False
        cancelled.set()
        return True

    # ---- what is next

    def advance(self, run_id: int) -> None:
        """Look at a run again, after a person's decision, and hint whatever is ready. NotFound for an unknown id."""

        def work(session: Session) -> list[Step]:
            run = session.get(Run, run_id)
            if run is None:
                raise NotFound(f"there is no run {run_id}")
            progress.advance(self.means, session, run)
            return due_steps(session, run_id)

        self._hint(self.store.write(work))

    def ask_again(self, step_id: int, actor: str) -> None:
        """Ask once more for a fix that was denied, expired or withdrawn: a new step with a new approval."""
        self.store.write(lambda s: progress.ask_again(self.means, s, step_id, actor))

    def approvers(self, system: str | None) -> tuple[str, ...]:
        """Who may approve fixes of a system, and promote its procedures."""
        return self.means.approvers(system)

    # ---- keeping promises when processes die

    def renew_leases(self) -> None:
        """Say that the steps of this process are still being worked on."""
        held = [col(Step.owner) == self.owner, col(Step.state) == StepState.RUNNING]
        with self.store.read() as session:
            none = session.scalars(select(col(Step.id)).where(*held).limit(1)).first() is None
        if none:
            return
        renewed = update(Step).where(*held).values(lease_until=self.clock() + inflight.LEASE)
        self.store.write(lambda session: session.execute(renewed) and None)

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
                inflight.take_over(session, step, now)
        approvals.expire(session, now)
        due: list[Step] = []
        for run in session.scalars(select(Run).where(col(Run.state) != "finished")).all():
            progress.advance(self.means, session, run)
            due += [step for step in due_steps(session, id_of(run)) if is_forgotten(step, now, self._born)]
        for step in due:
            step.hinted_at = now
        return due

    def _hint(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.hints.run_step(id_of(step), step.queue)
