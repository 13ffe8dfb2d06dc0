"""The two tasks. Each takes an id and calls the engine; delivering one twice, late or never is harmless."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from celery.exceptions import OperationalError as BrokerDown
from kombu.exceptions import KombuError

from workers.app import QUEUE, app

if TYPE_CHECKING:
    from workers.engine import Engine

log = logging.getLogger(__name__)
_engine: Engine | None = None
_queues: frozenset[str] = frozenset()
OWN_HANDS = 4
"""Threads that follow hints while the broker is down."""

LEFT_ALONE = 10.0
"""Seconds for which a broker that did not answer is not asked again: every try costs somebody up to five."""


def serve(engine: Engine | None, queues: Iterable[str] = (QUEUE,)) -> None:
    """Give this process's tasks their engine and say whose work it does (None takes both away)."""
    global _engine, _queues
    _engine, _queues = engine, frozenset(queues) if engine is not None else frozenset()


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
    Midwatch fast, and it must not be able to stop it. Only those of its own queues, though: a step whose queue is
    served elsewhere belongs to another host.
    """

    def __init__(self) -> None:
        self._own_hands = ThreadPoolExecutor(OWN_HANDS, thread_name_prefix="without-broker")
        self._down_until: float | None = None

    def triage(self, incident_id: int) -> None:
        self._send(triage, incident_id, QUEUE)

    def run_step(self, step_id: int, queue: str) -> None:
        self._send(run_step, step_id, queue or QUEUE)

    def _send(self, task: object, id_: int, queue: str) -> None:
        if (self._down_until is not None and time.monotonic() < self._down_until) or not self._taken(task, id_, queue):
            self._follow(task, id_, queue)

    def _taken(self, task: object, id_: int, queue: str) -> bool:
        """Whether the broker has it now."""
        try:
            task.apply_async((id_,), queue=queue)  # type: ignore[attr-defined] # Celery's task proxy is untyped
        except (BrokerDown, KombuError, OSError) as failure:
            if self._down_until is None:
                log.warning("the broker does not take messages (%s); going on without it", failure)
            self._down_until = time.monotonic() + LEFT_ALONE
            return False
        if self._down_until is not None:
            log.warning("the broker takes messages again")
        self._down_until = None
        return True

    def _follow(self, task: object, id_: int, queue: str) -> None:
        """Do it here, if this process does the work of that queue; else the sweep of one that does will find it."""
        if queue in _queues:
            self._own_hands.submit(task, id_)  # type: ignore[arg-type] # a task called is its plain function
