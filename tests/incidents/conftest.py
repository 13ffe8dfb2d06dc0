"""Rows that the tests of this folder begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.models import Incident, Run, Step
from incidents.store import Store


def open_incident(store: Store, now: datetime, **values: Any) -> int:
    """An incident without any event. Returns its id."""
    given = {"title": "API is down", "started_at": now, "detected_at": now, **values}

    def work(session: Any) -> int:
        incident = Incident(**given)
        session.add(incident)
        session.flush()
        assert incident.id is not None
        return incident.id

    return store.write(work)


def add_run(store: Store, incident_id: int, now: datetime, **values: Any) -> int:
    """A run of the incident. Returns its id."""
    given = {"procedure_id": "lms/api", "document": "lms.md", "heading": ["LMS", "API"], "created_at": now, **values}

    def work(session: Any) -> int:
        run = Run(incident_id=incident_id, **given)
        session.add(run)
        session.flush()
        assert run.id is not None
        return run.id

    return store.write(work)


def add_step(store: Store, incident_id: int, run_id: int, **values: Any) -> int:
    """A step of the run. Returns its id."""

    def work(session: Any) -> int:
        step = Step(incident_id=incident_id, run_id=run_id, **values)
        session.add(step)
        session.flush()
        assert step.id is not None
        return step.id

    return store.write(work)
