"""What the engine adds to a read-only step: the claim, the result, two events, and the look at what is next."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from benchmarks.figures import Figure, median
from incidents.migrate import upgrade
from incidents.store import Store
from tests.workers.house import House
from workers.steps import Context, kind_named

STEPS, RUNS = 50, 3
GOAL = 2.0
LINES = "\n".join(f"# Line {number}\ntail -n {number} lamp.log" for number in range(1, STEPS + 1))
RUNBOOK = f"""\
# Lamp

## Incidents

### Lamp is dark

**Symptoms**: lamp is dark, no light

**Diagnosis**:
```bash
{LINES}
```
"""


def measure() -> Iterator[Figure]:
    bare, taken = [], []

    def once() -> float:
        alone, together = _a_run()
        bare.append(alone)
        taken.append(together - alone)
        return taken[-1]

    value = median(once, RUNS)
    floor = sorted(bare)[len(bare) // 2]
    name = f"a read-only step, above the bare call ({STEPS} in a run)"
    yield Figure(name, value, "ms", floor, "the bare call", f"under {GOAL:g} ms", value < GOAL)


def _a_run() -> tuple[float, float]:
    """Milliseconds for one step: bare, and through the engine on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="midwatch-bench-") as name, Store(f"sqlite:///{name}/midwatch.db") as store:
        upgrade(store)
        house = House(store, Path(name), datetime.now(UTC), runbook=RUNBOOK)
        try:
            house.engine.triage(house.alert())
            calls = [(step.kind, step.call["args"]) for step in house.rows()]
            begun = time.perf_counter()
            for kind, args in calls:
                kind_named(kind).run(args, Context(10, 65536, False, Event()))
            between = time.perf_counter()
            house.hints.triages.clear()
            house.play()
            ended = time.perf_counter()
            assert len(calls) == STEPS and {step.state for step in house.rows()} == {"succeeded"}
        finally:
            house.close()
    return (between - begun) * 1000 / STEPS, (ended - between) * 1000 / STEPS
