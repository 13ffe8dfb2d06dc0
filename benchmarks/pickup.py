"""From a hint to its task, with the worker embedded: how long a row that is ready lies there."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

from benchmarks.figures import Figure, percentile
from workers import app, tasks
from workers.embedded import EmbeddedWorker
from workers.engine import Engine

HINTS = 300
GOAL = 50.0


class Stopwatch:
    """An engine that only notes when it was called."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.at = 0.0

    def run_step(self, step_id: int) -> None:
        self.at = time.perf_counter()
        self.called.set()

    def renew_leases(self) -> None:
        """Nothing is held."""

    def sweep(self) -> None:
        """Nothing lies about."""

    def clock(self) -> datetime:
        return datetime.now(UTC)


def measure() -> Iterator[Figure]:
    floor = sorted(_thread_times())
    app.connect("memory://")
    watch, hints = Stopwatch(), tasks.CeleryHints()
    worker = EmbeddedWorker(cast(Engine, watch))
    worker.sweeper.every = 3600
    worker.start()
    try:
        taken = _times(watch, lambda number: hints.run_step(number, ""))
    finally:
        worker.stop()
    for percent in (50, 99):
        value, bare = percentile(taken, percent), percentile(floor, percent)
        name = f"task pickup, embedded, p{percent}"
        yield Figure(name, value, "ms", bare, "a thread and a queue", f"under {GOAL:g} ms", value < GOAL)


def _times(watch: Stopwatch, hint: Callable[[int], None]) -> list[float]:
    """Milliseconds from each hint to its call; the hints come at odd moments, as in life."""
    dice, taken = random.Random(1), []
    for number in range(HINTS):
        time.sleep(dice.uniform(0.001, 0.03))
        watch.called.clear()
        begun = time.perf_counter()
        hint(number)
        if not watch.called.wait(30):
            raise TimeoutError("a hint was lost")
        taken.append((watch.at - begun) * 1000)
    return taken


def _thread_times() -> list[float]:
    watch: Stopwatch = Stopwatch()
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def serve() -> None:
        while (number := waiting.get()) is not None:
            watch.run_step(number)

    threading.Thread(target=serve, daemon=True).start()
    taken = _times(watch, waiting.put)
    waiting.put(None)
    return taken
