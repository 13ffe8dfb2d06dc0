"""`midwatch demo --once` from the start of its process to the verdict, and what it weighs when its story is over.

The install is not in the time: it is pip's, and depends on the cache. `make demo` promises both together.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.programs import MIDWATCH

RUNS = 3
GOAL = 60.0


def measure() -> Iterator[Figure]:
    floor = median(_imports, RUNS)
    taken = median(_to_verdict, RUNS)
    name = "demo --once, process start to verdict, without the install"
    yield Figure(name, taken, "s", floor, "its imports alone", f"at most {GOAL:g} s with the install", taken <= GOAL)


def _to_verdict() -> float:
    with tempfile.TemporaryDirectory(prefix="midwatch-bench-") as folder:
        begun = time.time()
        command = [str(MIDWATCH), "demo", "--once", "--json"]
        done = subprocess.run(command, cwd=Path(folder), env={}, capture_output=True, check=True)
    timeline = json.loads(done.stdout)["incident"]["timeline"]
    at = next(event["at"] for event in timeline if event["kind"] == "verdict")
    return datetime.fromisoformat(at).timestamp() - begun


def _imports() -> float:
    everything = "import bot.demo, bot.poster, bot.slack.app, bot.standin, workers.embedded, runbooks.shelf"
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", everything], check=True)
    return time.perf_counter() - begun
