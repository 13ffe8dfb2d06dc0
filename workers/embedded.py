"""A Celery worker in threads of this process: the newcomer's first run, the demo, and the tests.

The real worker, with the real task code; only the pool is threads and there is no process to supervise.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery.worker import WorkController

from workers import tasks
from workers.app import QUEUE, app
from workers.engine import Engine
from workers.sweep import Sweeper

log = logging.getLogger(__name__)
THREADS = 8
"""More than the four checks a run may have in flight, so that a second incident does not wait for the first."""


class EmbeddedWorker:
    """Starts and stops a worker for one engine. Only one may run in a process at a time."""

    def __init__(self, engine: Engine, queues: tuple[str, ...] = ()) -> None:
        self.engine, self.queues = engine, (QUEUE, *(queue for queue in queues if queue != QUEUE))
        self.sweeper = Sweeper(engine)
        self._ready = threading.Event()
        self._worker: Any = None
        self._thread = threading.Thread(target=self._run, name="embedded-worker", daemon=True)

    def start(self, wait: float = 10.0) -> None:
        """Start, and return once the worker takes tasks; or after `wait` seconds, when its broker does not answer.

        Without a broker the sweep finds the work, and the worker listens as soon as there is one.
        """
        tasks.serve(self.engine, self.queues)
        self._thread.start()
        if not self._ready.wait(wait):
            log.warning("the broker did not answer within %.0f s; starting without it", wait)
        self.sweeper.start()

    def stop(self) -> None:
        """Stop taking tasks and let those in flight end."""
        self.sweeper.stop()
        if self._worker is not None:
            self._worker.stop()
        self._thread.join(timeout=15)
        tasks.serve(None)

    def _run(self) -> None:
        self._worker = _ThreadWorker(
            app=app,
            pool="threads",
            concurrency=THREADS,
            loglevel="WARNING",
            queues=",".join(self.queues),
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            quiet=True,
        )
        self._worker.ready = self._ready
        self._worker.start()


class _ThreadWorker(WorkController):
    """Celery's worker without its program: no signal handlers, no banner, no hands on stdout."""

    ready: threading.Event

    def on_consumer_ready(self, consumer: Any) -> None:
        self.ready.set()
