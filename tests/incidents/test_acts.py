"""What a person does, and what they may not do."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from incidents import acts, timeline
from incidents.alert import Priority
from incidents.errors import NotFound, Rejected
from incidents.intake import open_by_hand
from incidents.lifecycle import IncidentStatus
from incidents.store import Store


@pytest.fixture
def incident_id(store: Store, now: datetime) -> int:
    return store.write(lambda s: open_by_hand(s, "Checkout is slow", Priority.P3, "U0BOB", now).id) or 0


def test_an_unknown_incident_is_not_found(store: Store, now: datetime) -> None:
    with pytest.raises(NotFound, match="INC-99"):
        store.write(lambda s: acts.acknowledge(s, 99, "U0ALICE", now))


def test_the_first_to_acknowledge_leads_and_a_second_changes_nothing(
    store: Store, now: datetime, incident_id: int
) -> None:
    store.write(lambda s: acts.acknowledge(s, incident_id, "U0ALICE", now))
    found = store.write(lambda s: acts.acknowledge(s, incident_id, "U0BOB", now + timedelta(minutes=1)))
    assert (found.lead, found.acknowledged_at, found.status) == ("U0ALICE", now, IncidentStatus.ACKNOWLEDGED)


def test_what_is_resolved_cannot_be_acknowledged(store: Store, now: datetime, incident_id: int) -> None:
    store.write(lambda s: acts.resolve(s, incident_id, "U0ALICE", now))
    with pytest.raises(Rejected, match="resolved"):
        store.write(lambda s: acts.acknowledge(s, incident_id, "U0BOB", now))


def test_an_empty_note_is_rejected(store: Store, now: datetime, incident_id: int) -> None:
    with pytest.raises(Rejected):
        store.write(lambda s: acts.note(s, incident_id, "U0ALICE", "  ", now))


def test_a_priority_set_by_a_person_carries_the_person_and_the_reason(
    store: Store, now: datetime, incident_id: int
) -> None:
    found = store.write(lambda s: acts.set_priority(s, incident_id, Priority.P1, "U0ALICE", now, "payments too"))
    assert (found.priority, found.priority_by, found.priority_reason) == ("P1", "U0ALICE", "payments too")
    with store.read() as session:
        assert timeline.events_of(session, incident_id)[-1].text == "priority P3 -> P1: payments too"


def test_a_pause_is_said_with_its_reason_until_somebody_resumes(store: Store, now: datetime, incident_id: int) -> None:
    before = store.write(lambda s: acts.incident_of(s, incident_id).revision)
    store.write(lambda s: acts.pause(s, "U0ALICE", now, "moving the data centre"))
    with store.read() as session:
        assert acts.paused(session) == "paused by U0ALICE: moving the data centre"
        assert acts.incident_of(session, incident_id).revision > before
    store.write(lambda s: acts.resume(s, "U0BOB", now))
    with store.read() as session:
        assert acts.paused(session) is None


def test_a_promotion_is_bound_to_the_digest_it_was_given_for(store: Store, now: datetime) -> None:
    store.write(lambda s: acts.promote(s, "lms/api-down", "d1", "U0ALICE", now))
    with store.read() as session:
        assert acts.promoted(session, "lms/api-down") == "d1"
        assert acts.promoted(session, "lms/other") is None


def test_no_reason_that_a_person_gives_keeps_its_secret(store: Store, now: datetime, incident_id: int) -> None:
    secret = "hunter" + "2hunter2"
    words = f"the password={secret} was changed"
    store.write(lambda s: acts.set_priority(s, incident_id, Priority.P1, "U0ALICE", now, words))
    store.write(lambda s: acts.pause(s, "U0ALICE", now, words))
    with store.read() as session:
        incident = acts.incident_of(session, incident_id)
        assert secret not in incident.priority_reason + str(acts.paused(session))
        assert "was changed" in incident.priority_reason
