"""What the all-in-one process weighs after a whole story: bot, worker, database and practice workspace."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.programs import MIDWATCH, bare_server, mebibytes, wait_for
from tests.scenarios.practice import Practice

GOAL = 200.0


def measure() -> Iterator[Figure]:
    with bare_server() as (_, pid):
        floor = mebibytes(pid)
    value = _after_the_story()
    yield Figure(
        "resident memory after the demo's story", value, "MiB", floor, "python and uvicorn", f"under {GOAL:g} MiB",
        value < GOAL,
    )  # fmt: skip


def _after_the_story() -> float:
    with tempfile.TemporaryDirectory(prefix="midwatch-bench-") as name:
        out = Path(name) / "out"
        environment = {"BROWSER": "true", "PYTHONUNBUFFERED": "1", "PATH": "/usr/bin:/bin"}
        with out.open("wb") as said:
            child = subprocess.Popen([MIDWATCH, "demo"], cwd=name, env=environment, stdout=said)
        try:
            wait_for(lambda: "?token=" in out.read_text())
            found = re.search(r"(http://[0-9.:]+)/\?token=(\S+)", out.read_text())
            assert found is not None
            _approve(Practice(found[1], found[2]))
            wait_for(lambda: "To see it again" in out.read_text())
            return mebibytes(child.pid)
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(timeout=30)


def _approve(practice: Practice) -> None:
    wait_for(lambda: practice.offers("step_approve"))
    practice.press("step_approve", str(practice.cards()[0]["ts"]))
    practice.close()
