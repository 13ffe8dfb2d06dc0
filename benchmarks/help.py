"""What `midwatch --help` costs: the start of every command."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.figures import Figure, median
from benchmarks.programs import MIDWATCH, cpu_of

RUNS = 9
GOAL = 0.3


def measure() -> Iterator[Figure]:
    floor = median(lambda: cpu_of([sys.executable, "-c", "pass"]), RUNS)
    taken = median(lambda: cpu_of([str(MIDWATCH), "--help"]), RUNS)
    yield Figure("midwatch --help, CPU", taken, "s", floor, "python -c pass", f"under {GOAL} s of CPU", taken < GOAL)
