"""Approvals: the refusals first, then the one way in which a step becomes ready."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from incidents import approvals
from incidents.alert import Priority
from incidents.errors import NotFound
from incidents.intake import open_by_hand
from incidents.lifecycle import StepState
from incidents.models import Approval, Run, Step
from incidents.store import Store

VALID = timedelta(minutes=15)


def awaiting(
    store: Store, now: datetime, *, approvers: tuple[str, ...] = ("U0ALICE", "@oncall"), needed: int = 1
) -> tuple[int, str, int]:
    """An approval that waits, its digest, and its incident."""

    def work(session: Session) -> tuple[int, str, int]:
        incident = open_by_hand(session, "API down", Priority.P1, "U0BOB", now)
        run = Run(incident_id=incident.id, procedure_id="lms/api-down", revision="r1", created_at=now)
        session.add(run)
        session.flush()
        digest = approvals.digest_of("docker", {"args": {"op": "restart"}}, "docker:lms/api", "r1")
        step = Step(
            run_id=run.id,
            incident_id=incident.id,
            phase="solution",
            title="Restart API",
            text="docker compose restart api",
            kind="docker",
            call={"args": {"op": "restart"}},
            target="docker:lms/api",
            digest=digest,
        )
        session.add(step)
        session.flush()
        approval = approvals.request(session, step, approvers, now, VALID, needed=needed)
        assert approval is not None and approval.id is not None and incident.id is not None
        return approval.id, digest, incident.id

    return store.write(work)


def decide(
    store: Store,
    approval: int,
    digest: str,
    now: datetime,
    who: str = "U0ALICE",
    *,
    yes: bool = True,
    groups: tuple[str, ...] = (),
) -> str:
    return store.write(lambda s: approvals.decide(s, approval, digest, yes, who, groups, now)).outcome


def state(store: Store, approval: int) -> str:
    with store.read() as session:
        return session.get_one(Step, session.get_one(Approval, approval).step_id).state


def test_somebody_who_is_not_on_the_list_changes_nothing(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now)
    assert decide(store, approval, digest, now, "U0CHARLIE", groups=("@marketing",)) == "forbidden"
    assert state(store, approval) == StepState.AWAITING_APPROVAL


def test_an_empty_list_lets_nobody(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now, approvers=())
    assert decide(store, approval, digest, now) == "forbidden"


def test_another_digest_than_the_shown_one_is_stale(store: Store, now: datetime) -> None:
    approval, _, _ = awaiting(store, now)
    assert decide(store, approval, "0" * 64, now) == "stale"
    assert state(store, approval) == StepState.AWAITING_APPROVAL


def test_a_step_that_changed_after_it_was_shown_is_stale(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now)

    def edit(session: Session) -> None:
        session.get_one(Step, session.get_one(Approval, approval).step_id).digest = "another"

    store.write(edit)
    assert decide(store, approval, digest, now) == "stale"


def test_a_late_answer_finds_the_request_expired(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now)
    assert decide(store, approval, digest, now + VALID) == "expired"
    assert state(store, approval) == StepState.EXPIRED
    assert decide(store, approval, digest, now + VALID) == "already"


def test_an_unknown_approval_is_not_found(store: Store, now: datetime) -> None:
    with pytest.raises(NotFound):
        decide(store, 4711, "x", now)


def test_a_denied_step_never_becomes_ready(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now)
    assert decide(store, approval, digest, now, yes=False) == "denied"
    assert decide(store, approval, digest, now) == "already"
    assert state(store, approval) == StepState.DENIED


def test_one_person_is_not_two(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now, needed=2)
    assert decide(store, approval, digest, now) == "waiting"
    assert decide(store, approval, digest, now) == "already"
    assert state(store, approval) == StepState.AWAITING_APPROVAL
    assert decide(store, approval, digest, now, "U0BOB", groups=("@oncall",)) == "approved"
    assert state(store, approval) == StepState.READY


@pytest.mark.parametrize(("who", "groups"), [("U0ALICE", ()), ("U0BOB", ("@oncall",))])
def test_a_person_on_the_list_by_id_or_group_makes_the_step_ready(
    store: Store, now: datetime, who: str, groups: tuple[str, ...]
) -> None:
    approval, digest, _ = awaiting(store, now)
    assert decide(store, approval, digest, now, who, groups=groups) == "approved"
    assert state(store, approval) == StepState.READY


def test_of_many_clicks_at_once_exactly_one_counts(store: Store, now: datetime) -> None:
    approval, digest, _ = awaiting(store, now)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(decide(store, approval, digest, now))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["already"] * 11 + ["approved"]


def test_unanswered_requests_expire_in_the_sweep(store: Store, now: datetime) -> None:
    approval, _, incident = awaiting(store, now)
    assert store.write(lambda s: approvals.expire(s, now + VALID - timedelta(seconds=1))) == []
    assert store.write(lambda s: approvals.expire(s, now + VALID)) == [incident]
    assert state(store, approval) == StepState.EXPIRED


@pytest.mark.parametrize(
    "other",
    [
        ("docker", {"args": {"op": "stop"}}, "docker:lms/api", "r1"),
        ("docker", {"args": {"op": "restart"}}, "docker:lms/db", "r1"),
        ("docker", {"args": {"op": "restart"}}, "docker:lms/api", "r2"),
        ("argv", {"args": {"op": "restart"}}, "docker:lms/api", "r1"),
    ],
)
def test_a_digest_tells_every_part_of_what_would_run(other: tuple[str, dict[str, object], str, str]) -> None:
    assert approvals.digest_of(*other) != approvals.digest_of(
        "docker", {"args": {"op": "restart"}}, "docker:lms/api", "r1"
    )
