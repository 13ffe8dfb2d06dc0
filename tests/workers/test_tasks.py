"""Hints, and what becomes of them when nobody carries them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from tests.conftest import free_port, wait_until
from workers import app, tasks
from workers.engine import Engine


class Worker:
    """Keeps what it was asked to do."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []

    def triage(self, incident_id: int) -> None:
        self.done.append(("triage", incident_id))

    def run_step(self, step_id: int) -> None:
        self.done.append(("run_step", step_id))


@pytest.fixture
def no_broker() -> Iterator[None]:
    """An address where no Redis is."""
    app.connect(f"redis://127.0.0.1:{free_port()}/0")
    yield
    tasks.serve(None)
    app.connect("memory://")


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_a_worker_follows_the_hints_of_its_own_queues_only() -> None:
    worker, hints = Worker(), tasks.CeleryHints()
    tasks.serve(cast(Engine, worker), ["midwatch", "lms"])
    hints.run_step(1, "a-queue-near-another-host")
    hints.run_step(2, "lms")
    hints.run_step(3, "")
    hints.triage(4)
    wait_until(lambda: len(worker.done) >= 3, "the hints were not followed")
    assert sorted(worker.done) == [("run_step", 2), ("run_step", 3), ("triage", 4)]


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_a_process_that_does_no_work_only_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    hints = tasks.CeleryHints()
    for id_ in range(3):
        hints.triage(id_)
    assert [record.levelname for record in caplog.records if record.name == "workers.tasks"] == ["WARNING"]
