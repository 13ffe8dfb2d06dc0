"""A state changes by an allowed move, by one hand only, and never without its event."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from incidents import timeline
from incidents.lifecycle import (
    ENDED,
    INCIDENT_MOVES,
    OPEN,
    STEP_MOVES,
    ForbiddenMove,
    IncidentStatus,
    StepState,
    move_incident,
    move_step,
)
from incidents.models import Incident, Step
from incidents.store import Store
from tests.incidents.conftest import add_run, add_step, open_incident

FORBIDDEN_STEPS = [(a, b) for a, b in product(StepState, StepState) if b not in STEP_MOVES.get(a, frozenset())]
FORBIDDEN_INCIDENTS = [
    (a, b) for a, b in product(IncidentStatus, IncidentStatus) if b not in INCIDENT_MOVES.get(a, frozenset())
]
ALLOWED_STEPS = [(a, b) for a, moves in STEP_MOVES.items() for b in sorted(moves)]
ALLOWED_INCIDENTS = [(a, b) for a, moves in INCIDENT_MOVES.items() for b in sorted(moves)]


def events(store: Store, incident_id: int) -> int:
    with store.read() as session:
        return len(timeline.events_of(session, incident_id))


def test_every_forbidden_move_of_a_step_raises_and_changes_nothing(sqlite_store: Store, now: datetime) -> None:
    incident_id = open_incident(sqlite_store, now)
    run_id = add_run(sqlite_store, incident_id, now)
    steps = {state: add_step(sqlite_store, incident_id, run_id, state=str(state)) for state in StepState}

    def attempt(session: Session, frm: StepState, to: StepState) -> None:
        step = session.get_one(Step, steps[frm])
        with pytest.raises(ForbiddenMove, match=f"{frm} -> {to}"):
            move_step(session, step, to, at=now, actor="midwatch", text="x")
        assert step.state == frm

    for frm, to in FORBIDDEN_STEPS:
        sqlite_store.write(lambda s, frm=frm, to=to: attempt(s, frm, to))
    assert events(sqlite_store, incident_id) == 0


def test_every_forbidden_move_of_an_incident_raises_and_changes_nothing(sqlite_store: Store, now: datetime) -> None:
    ids = {status: open_incident(sqlite_store, now, status=str(status)) for status in IncidentStatus}

    def attempt(session: Session, frm: IncidentStatus, to: IncidentStatus) -> None:
        with pytest.raises(ForbiddenMove, match=f"{frm} -> {to}"):
            move_incident(session, session.get_one(Incident, ids[frm]), to, at=now, actor="midwatch", text="x")

    for frm, to in FORBIDDEN_INCIDENTS:
        sqlite_store.write(lambda s, frm=frm, to=to: attempt(s, frm, to))
    assert sum(events(sqlite_store, incident_id) for incident_id in ids.values()) == 0


@pytest.mark.parametrize(("frm", "to"), ALLOWED_STEPS)
def test_an_allowed_move_of_a_step_leaves_its_event(
    sqlite_store: Store, now: datetime, frm: StepState, to: StepState
) -> None:
    incident_id = open_incident(sqlite_store, now)
    step_id = add_step(
        sqlite_store, incident_id, add_run(sqlite_store, incident_id, now), state=str(frm), title="Restart"
    )

    def work(session: Session) -> None:
        step = session.get_one(Step, step_id)
        assert move_step(session, step, to, at=now, actor="U0ALICE", text="moved", summary="why")
        assert (step.state, step.summary) == (to, "why")

    sqlite_store.write(work)
    with sqlite_store.read() as session:
        [event] = timeline.events_of(session, incident_id)
    assert (event.kind, event.actor, event.text) == ("step", "U0ALICE", "moved")
    assert event.data == {"step": step_id, "from": str(frm), "to": str(to), "title": "Restart"}


@pytest.mark.parametrize(("frm", "to"), ALLOWED_INCIDENTS)
def test_an_allowed_move_of_an_incident_leaves_its_event(
    sqlite_store: Store, now: datetime, frm: IncidentStatus, to: IncidentStatus
) -> None:
    incident_id = open_incident(sqlite_store, now, status=str(frm))

    def work(session: Session) -> str:
        incident = session.get_one(Incident, incident_id)
        assert move_incident(session, incident, to, at=now, actor="U0ALICE", text="moved", resolved_at=now)
        assert incident.resolved_at == now
        return incident.status

    assert sqlite_store.write(work) == to
    assert events(sqlite_store, incident_id) == 1


def test_of_many_threads_that_move_the_same_step_exactly_one_wins(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    step_id = add_step(store, incident_id, add_run(store, incident_id, now), state="ready")
    with store.read() as session:
        step = session.get_one(Step, step_id)  # all of them have read it while it was ready
        session.expunge(step)
    start, won = threading.Barrier(8), []

    def claim(name: str) -> None:
        start.wait()
        moved = store.write(lambda s: _claimed(s, step, now, name))
        won.extend([name] if moved else [])

    threads = [threading.Thread(target=claim, args=(f"worker-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    with store.read() as session:
        settled = session.get_one(Step, step_id)
        assert (settled.state, settled.owner, settled.epoch) == ("running", won[0], 1)
    assert events(store, incident_id) == 1


@pytest.mark.postgres
def test_of_two_processes_that_move_the_same_step_exactly_one_wins(postgres_url: str, now: datetime) -> None:
    with Store(postgres_url) as one, Store(postgres_url) as other:
        incident_id = open_incident(one, now)
        run_id = add_run(one, incident_id, now)
        for _ in range(20):
            step_id = add_step(one, incident_id, run_id, state="ready")
            with one.read() as session:
                step = session.get_one(Step, step_id)
                session.expunge(step)
            claim = partial(_claimed, step=step, now=now, owner="worker")
            futures = [store.submit(claim) for store in (one, other)]
            assert sorted(future.result(10) for future in futures) == [False, True]


def _claimed(session: Session, step: Step, now: datetime, owner: str) -> bool:
    """Claim the step as it was read long before. Each worker has a copy of its own."""
    mine = Step(**step.model_dump())
    claim = {"owner": owner, "epoch": mine.epoch + 1}
    return move_step(session, mine, StepState.RUNNING, at=now, actor="midwatch", text="runs", **claim)


def test_a_worker_that_woke_up_late_cannot_write_over_the_new_owner(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    step_id = add_step(store, incident_id, add_run(store, incident_id, now), state="running", epoch=1)
    with store.read() as session:
        late = session.get_one(Step, step_id)
        session.expunge(late)

    def taken_over(session: Session) -> None:
        step = session.get_one(Step, step_id)
        assert move_step(session, step, StepState.READY, at=now, actor="midwatch", text="worker died")
        assert move_step(session, step, StepState.RUNNING, at=now, actor="midwatch", text="runs", epoch=2)

    store.write(taken_over)
    assert not store.write(lambda s: move_step(s, late, StepState.SUCCEEDED, at=now, actor="midwatch", text="done"))
    with store.read() as session:
        assert session.get_one(Step, step_id).state == "running"
    assert events(store, incident_id) == 2


def test_a_move_that_somebody_else_undoes_leaves_no_event(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    step_id = add_step(store, incident_id, add_run(store, incident_id, now))

    def broken(session: Session) -> None:
        assert move_step(session, session.get_one(Step, step_id), StepState.READY, at=now, actor="midwatch", text="x")
        raise RuntimeError("the rest of the transaction failed")

    with pytest.raises(RuntimeError):
        store.write(broken)
    assert events(store, incident_id) == 0
    with store.read() as session:
        assert session.get_one(Step, step_id).state == "planned"


def test_the_tables_agree_with_each_other() -> None:
    assert not any(STEP_MOVES.get(state) for state in ENDED)
    assert STEP_MOVES[StepState.UNKNOWN] == {StepState.MARKED_OK, StepState.MARKED_FAILED}
    assert StepState.UNKNOWN not in ENDED
    assert {status for status in IncidentStatus if IncidentStatus.RESOLVED in INCIDENT_MOVES[status]} == OPEN
    assert all(IncidentStatus.TRIGGERED in INCIDENT_MOVES[status] for status in set(IncidentStatus) - OPEN)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(list(StepState)), max_size=12))
def test_whatever_is_tried_there_is_one_event_for_each_change(sqlite_store: Store, wishes: list[StepState]) -> None:
    now = datetime.fromisoformat("2026-03-03T03:00Z")
    incident_id = open_incident(sqlite_store, now)
    step_id = add_step(sqlite_store, incident_id, add_run(sqlite_store, incident_id, now))

    def wish(session: Session, to: StepState) -> bool:
        try:
            return move_step(session, session.get_one(Step, step_id), to, at=now, actor="midwatch", text="x")
        except ForbiddenMove:
            return False

    moved = sum(sqlite_store.write(lambda s, to=to: wish(s, to)) for to in wishes)
    assert events(sqlite_store, incident_id) == moved
