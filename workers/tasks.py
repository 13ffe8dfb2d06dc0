"""The two tasks. Each takes an id and calls the engine; delivering one twice, late or never is harmless."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from celery.exceptions import OperationalError as BrokerDown
from kombu.exceptions import KombuError

from workers.app import QUEUE, app

if TYPE_CHECKING:
    from workers.engine import Engine

log = logging.getLogger(__name__)
_engine: Engine | None = None
_down = threading.Event()
OWN_HANDS = 4
"""Threads that follow hints while the broker is down."""


def serve(engine: Engine | None) -> None:
    """Give this process's tasks their engine (None takes it away)."""
    global _engine
    _engine = engine


@app.task(name="midwatch.triage")
def triage(incident_id: int) -> None:
    """An incident may want its procedure chosen."""
    if _engine is not None:
        _engine.triage(incident_id)


@app.task(name="midwatch.run_step")
def run_step(step_id: int) -> None:
    """A step may be ready to run."""
    if _engine is not None:
        _engine.run_step(step_id)


class CeleryHints:
    """Hints as Celery messages.

    A broker that is down is logged once, and this process follows its own hints as long as that lasts: Celery makes
    Midwatch fast, and it must not be able to stop it.
    """

    def __init__(self) -> None:
        self._own_hands = ThreadPoolExecutor(OWN_HANDS, thread_name_prefix="without-broker")

    def triage(self, incident_id: int) -> None:
        self._send(triage, incident_id, QUEUE)

    def run_step(self, step_id: int, queue: str) -> None:
        self._send(run_step, step_id, queue or QUEUE)

    def _send(self, task: object, id_: int, queue: str) -> None:
        try:
            task.apply_async((id_,), queue=queue)  # type: ignore[attr-defined] # Celery's task proxy is untyped
        except (BrokerDown, KombuError, OSError) as failure:
            if not _down.is_set():
                log.warning("the broker does not take messages (%s); going on without it", failure)
            _down.set()
            if _engine is not None:
                self._own_hands.submit(task, id_)  # type: ignore[arg-type] # a task called is its plain function
        else:
            _down.clear()
