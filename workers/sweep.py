"""The clock of a worker: renews the leases of what it holds, and sweeps up what others left lying."""

from __future__ import annotations

import logging
import threading

from incidents.errors import MidwatchError
from workers.engine import Engine

log = logging.getLogger(__name__)
EVERY = 5.0
"""Seconds between two sweeps; well under the lease, so that one late sweep costs nobody their step."""


class Sweeper:
    """Sweeps in a thread of its own, at once when started and then every few seconds, until stopped."""

    def __init__(self, engine: Engine, every: float = EVERY) -> None:
        self.engine, self.every = engine, every
        self.last: float | None = None
        """When the last sweep ended, as a POSIX time; None before the first."""
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Sweep now: somebody resumed the installation, or promoted a procedure."""
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._sweep()
            self._wake.wait(self.every)
            self._wake.clear()

    def _sweep(self) -> None:
        try:
            self.engine.renew_leases()
            self.engine.sweep()
            self.last = self.engine.clock().timestamp()
        except MidwatchError as failure:
            log.warning("the sweep will try again: %s", failure)
        except Exception:
            log.exception("the sweep failed and will try again")
