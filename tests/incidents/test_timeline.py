"""The timeline tells when somebody changed the past."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import timeline
from incidents.errors import NotFound
from incidents.models import Incident, TimelineEvent
from incidents.store import Store
from tests.incidents.conftest import open_incident


@pytest.fixture
def incident_id(store: Store, now: datetime) -> int:
    """An incident with a history of five events."""
    found = open_incident(store, now)
    for number in range(5):
        at = now + timedelta(seconds=number)
        data = {"n": number, "ä": [None, True, 1.5, {"b": "c"}]}
        store.write(
            lambda s, n=number, at=at, data=data: timeline.append(s, found, "note", "U0ALICE", f"{n}", at=at, data=data)
        )
    return found


def faults(store: Store, incident_id: int) -> list[str]:
    with store.read() as session:
        incident = session.get_one(Incident, incident_id)
        return timeline.faults(timeline.events_of(session, incident_id), incident.events, incident.head)


def tamper(store: Store, change: Callable[[Session], object]) -> None:
    store.write(lambda session: change(session) and None)


def event(incident_id: int, seq: int) -> tuple[Any, Any]:
    return col(TimelineEvent.incident_id) == incident_id, col(TimelineEvent.seq) == seq


def test_an_event_for_no_incident_is_refused(store: Store, now: datetime) -> None:
    with pytest.raises(NotFound):
        store.write(lambda s: timeline.append(s, 4711, "note", "U0ALICE", "x", at=now))


def test_a_time_without_a_zone_is_refused(store: Store, incident_id: int, now: datetime) -> None:
    with pytest.raises(ValueError, match="zone"):
        store.write(lambda s: timeline.append(s, incident_id, "note", "U0ALICE", "x", at=now.replace(tzinfo=None)))
    assert faults(store, incident_id) == []


def test_a_time_of_another_zone_and_odd_text_do_not_break_the_chain(
    store: Store, incident_id: int, now: datetime
) -> None:
    at = now.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(microseconds=123)
    text, data = "a\0b \ud800 \u202e é 🙂", {"1": "\0", "deep": [["\udfff"]]}
    store.write(lambda s: timeline.append(s, incident_id, "note", "U0ALICE", text, at=at, data=data))
    assert faults(store, incident_id) == []


def test_an_untouched_chain_is_whole(store: Store, incident_id: int) -> None:
    assert faults(store, incident_id) == []


@pytest.mark.parametrize(
    "values",
    [
        {"text": "else"},
        {"actor": "U0BOB"},
        {"kind": "status"},
        {"data": {"n": 9}},
        {"at": datetime.fromisoformat("2020-01-01T00:00Z")},
    ],
)
def test_a_changed_event_is_found(store: Store, incident_id: int, values: dict[str, object]) -> None:
    tamper(store, lambda s: s.execute(update(TimelineEvent).where(*event(incident_id, 3)).values(values)))
    assert faults(store, incident_id) == ["event 3 was changed after it was written"]


def test_an_event_whose_hash_was_made_to_fit_is_found_by_the_next(store: Store, incident_id: int) -> None:
    def forge(session: Session) -> None:
        forged = next(e for e in timeline.events_of(session, incident_id) if e.seq == 3)
        forged.text = "else"
        forged.hash = timeline.digest_of(forged)

    tamper(store, forge)
    assert faults(store, incident_id) == ["event 4 does not follow from the one before it"]


def test_a_removed_event_is_found(store: Store, incident_id: int) -> None:
    tamper(store, lambda s: s.execute(delete(TimelineEvent).where(*event(incident_id, 3))))
    assert "event 3 is missing" in faults(store, incident_id)


def test_two_events_that_changed_places_are_found(store: Store, incident_id: int) -> None:
    def swap(session: Session) -> None:
        for seq, other in ((3, 99), (4, 3), (99, 4)):
            session.execute(update(TimelineEvent).where(*event(incident_id, seq)).values(seq=other))

    tamper(store, swap)
    assert len(faults(store, incident_id)) >= 2


def test_a_cut_tail_is_found_by_the_anchor(store: Store, incident_id: int) -> None:
    tamper(store, lambda s: s.execute(delete(TimelineEvent).where(*event(incident_id, 5))))
    assert faults(store, incident_id) == ["the chain ends at event 4, its anchor says 5"]


def test_a_history_cut_off_with_its_anchor_is_found_by_the_posted_one(store: Store, incident_id: int) -> None:
    with store.read() as session:
        posted = session.get_one(Incident, incident_id)
    tamper(store, lambda s: s.execute(delete(TimelineEvent).where(*event(incident_id, 5))))
    with store.read() as session:
        events = timeline.events_of(session, incident_id)
        assert timeline.faults(events, 4, events[-1].hash) == []
        assert timeline.faults(events, posted.events, posted.head) != []


def test_a_rewritten_history_of_the_same_length_is_found_by_its_head(store: Store, incident_id: int) -> None:
    def rewrite(session: Session) -> None:
        previous = ""
        for one in timeline.events_of(session, incident_id):
            one.text, one.prev_hash = f"{one.text}!", previous
            one.hash = previous = timeline.digest_of(one)

    tamper(store, rewrite)
    assert faults(store, incident_id) == ["the chain ends at event 5, but not in the one its anchor names"]


def test_a_secret_does_not_reach_the_timeline(store: Store, incident_id: int, now: datetime) -> None:
    secret = "hunter2" + "Zq9"
    text, data = f"password={secret}", {"output": f"token: {secret}abc", "password": secret}
    store.write(lambda s: timeline.append(s, incident_id, "note", "U0ALICE", text, at=now, data=data))
    with store.read() as session:
        last = timeline.events_of(session, incident_id)[-1]
    assert secret not in f"{last.text} {last.data}"
    assert faults(store, incident_id) == []


def test_events_of_many_threads_make_one_whole_chain(store: Store, incident_id: int, now: datetime) -> None:
    def add() -> None:
        for _ in range(10):
            store.write(lambda s: timeline.append(s, incident_id, "note", "U0BOB", "x", at=now))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert [e.seq for e in timeline.events_of(session, incident_id)] == list(range(1, 86))
    assert faults(store, incident_id) == []


@pytest.mark.postgres
def test_two_processes_cannot_take_the_same_number(postgres_url: str, now: datetime) -> None:
    with Store(postgres_url) as one, Store(postgres_url) as other:
        incident_id = open_incident(one, now)

        def add(store: Store) -> None:
            for _ in range(20):
                store.write(lambda s: timeline.append(s, incident_id, "note", "U0BOB", "x", at=now))

        threads = [threading.Thread(target=add, args=(store,)) for store in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults(one, incident_id) == []


def test_every_event_gives_the_card_something_new_to_show(store: Store, incident_id: int) -> None:
    with store.read() as session:
        incident = session.get_one(Incident, incident_id)
    assert (incident.events, incident.revision) == (5, 5)
