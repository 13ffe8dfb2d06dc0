"""The post-mortem of a long incident, beside reading its rows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from benchmarks.figures import Figure, median
from incidents import acts, intake, postmortem
from incidents.alert import Priority
from incidents.migrate import upgrade
from incidents.models import TimelineEvent
from incidents.store import Store

EVENTS, RUNS = 1000, 7
GOAL = 3


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="midwatch-bench-") as name, Store(f"sqlite:///{name}/midwatch.db") as store:
        upgrade(store)
        incident_id = store.write(_long_incident)

        def select_and_join() -> float:
            with store.read() as session:
                begun = time.perf_counter()
                table = SQLModel.metadata.tables["timeline_event"]
                rows = session.execute(select(table).where(table.c.incident_id == incident_id)).all()
                "\n".join(f"{row.seq} | {row.at} | {row.actor} | {row.text}" for row in rows)
                return (time.perf_counter() - begun) * 1000

        def rendered() -> float:
            with store.read() as session:
                begun = time.perf_counter()
                postmortem.render(session, incident_id)
                return (time.perf_counter() - begun) * 1000

        rendered()
        floor, value = median(select_and_join, RUNS), median(rendered, RUNS)
    name = f"post-mortem of {EVENTS:,} events"
    yield Figure(name, value, "ms", floor, "select and join", f"at most {GOAL}x", value <= GOAL * floor)


def _long_incident(session: Session) -> int:
    now = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
    incident = intake.open_by_hand(session, "Checkout is slow", Priority.P2, "U0ALICE", now)
    assert incident.id is not None
    for number in range(EVENTS - 1):
        at = now + timedelta(seconds=number)
        acts.note(session, incident.id, "U0BOB", f"Looked at pod checkout-{number}: 12 % of its requests fail", at)
    count = session.scalars(select(TimelineEvent).where(col(TimelineEvent.incident_id) == incident.id)).all()
    assert len(count) == EVENTS
    return incident.id
