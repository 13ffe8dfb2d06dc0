"""Alerts become incidents: repeats count, related ones join, the end of all of them is the end of the incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from incidents import acts, approvals, timeline
from incidents.alert import Alert, AlertStatus, Priority
from incidents.intake import LABELS, REOPEN_WINDOW, Receipt, open_by_hand, receive
from incidents.inventory import Inventory, System
from incidents.lifecycle import IncidentStatus
from incidents.models import AlertRow, Incident
from incidents.store import Store

FIRING = Alert(
    source="alertmanager",
    status=AlertStatus.FIRING,
    dedup_key="f1",
    title="ApiDown",
    service="api",
    labels={"severity": "critical", "service": "api"},
    annotations={"summary": "the API does not answer"},
)
RESOLVED = replace(FIRING, status=AlertStatus.RESOLVED)
LMS = Inventory(systems={"lms": System(name="lms", services=("api", "db"))})


def take(store: Store, now: datetime, *alerts: Alert, inventory: Inventory = LMS) -> Receipt:
    return store.write(lambda session: receive(session, alerts, inventory, now))


def incident(store: Store, incident_id: int) -> Incident:
    with store.read() as session:
        return acts.incident_of(session, incident_id)


def count(store: Store, table: type) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_firing_alert_opens_an_incident_with_priority_and_system(store: Store, now: datetime) -> None:
    receipt = take(store, now, FIRING)
    opened = incident(store, receipt.opened[0])
    assert (opened.title, opened.priority, opened.system, opened.service) == ("ApiDown", "P1", "lms", "api")
    assert opened.priority_reason == "label severity=critical"
    assert opened.status == IncidentStatus.TRIGGERED
    assert opened.summary == "the API does not answer"


def test_a_repeat_only_counts(store: Store, now: datetime) -> None:
    take(store, now, FIRING)
    receipt = take(store, now + timedelta(minutes=1), FIRING, FIRING)
    assert (receipt.duplicates, receipt.opened) == (2, [])
    assert count(store, Incident) == 1
    with store.read() as session:
        row = session.scalars(select(AlertRow)).one()
    assert (row.count, row.seen_at) == (3, now + timedelta(minutes=1))


def test_the_same_trouble_elsewhere_joins_the_open_incident(store: Store, now: datetime) -> None:
    opened = take(store, now, FIRING).opened
    receipt = take(store, now, replace(FIRING, dedup_key="f2"))
    assert receipt.attached == opened
    assert count(store, Incident) == 1


def test_another_trouble_opens_its_own_incident(store: Store, now: datetime) -> None:
    take(store, now, FIRING, replace(FIRING, dedup_key="f2", title="DiskFull"))
    assert count(store, Incident) == 2


def test_the_incident_is_resolved_only_when_its_last_alert_is(store: Store, now: datetime) -> None:
    other = replace(FIRING, dedup_key="f2")
    (opened,) = take(store, now, FIRING, other).opened
    assert take(store, now, RESOLVED).resolved == []
    assert incident(store, opened).status == IncidentStatus.TRIGGERED
    later = now + timedelta(minutes=3)
    assert take(store, later, replace(other, status=AlertStatus.RESOLVED)).resolved == [opened]
    ended = incident(store, opened)
    assert (ended.status, ended.resolved_at) == (IncidentStatus.RESOLVED, later)


def test_a_resolved_message_for_an_unknown_alert_changes_nothing(store: Store, now: datetime) -> None:
    assert take(store, now, RESOLVED).unmatched == 1
    assert count(store, Incident) == 0


def test_an_alert_that_returns_soon_reopens_its_incident_and_wants_a_new_triage(store: Store, now: datetime) -> None:
    (opened,) = take(store, now, FIRING).opened
    take(store, now, RESOLVED)
    receipt = take(store, now + REOPEN_WINDOW - timedelta(seconds=1), FIRING)
    assert receipt.reopened == [opened]
    again = incident(store, opened)
    assert (again.status, again.resolved_at, again.triaged_at) == (IncidentStatus.TRIGGERED, None, None)


def test_an_alert_that_returns_late_opens_a_new_incident(store: Store, now: datetime) -> None:
    take(store, now, FIRING)
    take(store, now, RESOLVED)
    receipt = take(store, now + REOPEN_WINDOW, FIRING)
    assert len(receipt.opened) == 1
    assert count(store, Incident) == 2


def test_an_alert_that_returns_with_its_old_start_is_an_episode_of_its_own(store: Store, now: datetime) -> None:
    since = replace(FIRING, starts_at=now)
    take(store, now, since)
    take(store, now + timedelta(minutes=1), replace(since, status=AlertStatus.RESOLVED))
    again = now + timedelta(hours=1)
    assert len(take(store, again, since).opened) == 1
    with store.read() as session:
        starts = session.scalars(select(AlertRow.starts_at).order_by(AlertRow.id)).all()
    assert starts == [now, again]


def test_an_alert_that_goes_on_after_somebody_resolved_its_incident_opens_another(store: Store, now: datetime) -> None:
    (opened,) = take(store, now, FIRING).opened
    store.write(lambda s: acts.resolve(s, opened, "U0ALICE", now))
    assert take(store, now + REOPEN_WINDOW - timedelta(seconds=1), FIRING).duplicates == 1
    assert len(take(store, now + REOPEN_WINDOW, FIRING).opened) == 1


def test_a_source_that_acknowledges_acknowledges_the_incident(store: Store, now: datetime) -> None:
    (opened,) = take(store, now, FIRING).opened
    take(store, now, replace(FIRING, status=AlertStatus.ACKNOWLEDGED))
    assert incident(store, opened).status == IncidentStatus.ACKNOWLEDGED


def test_secrets_and_sizes_are_taken_care_of_before_anything_is_kept(store: Store, now: datetime) -> None:
    secret = "hunter" + "2hunter2"
    labels = {f"label{n}": "x" for n in range(LABELS * 2)} | {"severity": "page"}
    noisy = replace(
        FIRING,
        title="t" * 10_000,
        labels=labels,
        annotations={"summary": f"postgres://app:{secret}@db/lms refuses"},
        dedup_key=f"postgres://app:{secret}@db/lms",
        runbook_url=f"https://ops:{secret}@wiki.example/lms",
    )
    (opened,) = take(store, now, noisy).opened
    kept = incident(store, opened)
    assert len(kept.title) == 300
    with store.read() as session:
        row = session.scalars(select(AlertRow)).one()
        told = [event.text + str(event.data) for event in timeline.events_of(session, opened)]
    assert len(row.labels) == LABELS
    assert secret not in str(kept.model_dump()) + str(row.model_dump()) + "".join(told)


def test_texts_of_any_length_are_taken_in_and_still_tell_alerts_apart(store: Store, now: datetime) -> None:
    long = replace(FIRING, dedup_key="k" * 9_000, title="t" * 9_000, service="s" * 9_000)
    take(store, now, long, replace(long, dedup_key="k" * 9_000 + "2"))
    assert take(store, now, long).duplicates == 1
    assert count(store, AlertRow) == 2


def test_hostile_text_is_kept_as_text(store: Store, now: datetime) -> None:
    hostile = "'; DROP TABLE incident; -- {{ 7*7 }} <!channel> \u202e \U0001f600"
    (opened,) = take(store, now, replace(FIRING, title=hostile)).opened
    assert incident(store, opened).title == hostile


def test_every_accepted_alert_leaves_an_event_and_an_unbroken_chain(store: Store, now: datetime) -> None:
    (opened,) = take(store, now, FIRING, replace(FIRING, dedup_key="f2")).opened
    take(store, now, RESOLVED)
    with store.read() as session:
        events = timeline.events_of(session, opened)
        row = acts.incident_of(session, opened)
        assert timeline.faults(events, row.events, row.head) == []
    assert [event.kind for event in events] == ["opened", "alert", "alert", "alert"]


def test_a_person_opens_an_incident_without_any_alert(store: Store, now: datetime) -> None:
    opened = store.write(lambda s: open_by_hand(s, "Checkout is slow", Priority.P2, "U0ALICE", now).id)
    found = incident(store, opened or 0)
    assert (found.priority, found.priority_by, found.opened_by) == ("P2", "U0ALICE", "U0ALICE")


@pytest.mark.parametrize("status", [IncidentStatus.RESOLVED])
def test_resolving_withdraws_what_waited_for_an_approval(store: Store, now: datetime, status: IncidentStatus) -> None:
    from tests.incidents.test_approvals import awaiting

    approval_id, _, incident_id = awaiting(store, now)
    store.write(lambda s: acts.resolve(s, incident_id, "U0ALICE", now))
    assert incident(store, incident_id).status == status
    with store.read() as session:
        approval = session.get_one(approvals.Approval, approval_id)
    assert approval.decision == "superseded"
