#!/usr/bin/env python3
"""CPU seconds that `explain` takes: over a folder of runbooks, and per megabyte of hard input, as JSON.

    explain.py [FOLDER] [--repeat 5]

The start (imports, the tables of tools) is measured apart, since a program pays it once. Each figure is the median of
--repeat runs with every cache emptied before.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

began = time.process_time()

from runbooks import shell  # noqa: E402  (the import is what is measured)
from runbooks.commands import _judged, commands_of_block  # noqa: E402
from runbooks.export import explained  # noqa: E402
from runbooks.parse import parse  # noqa: E402
from runbooks.risk import _sql, tools  # noqa: E402

tools()
START = time.process_time() - began

HARD: dict[str, str] = {
    "one line again and again": "ls -la /var/log\n" * 30_000,
    "lines that differ": "".join(f"docker logs api-{number} | grep -c {number}\n" for number in range(12_000)),
    "quotes that never close": "echo \"it's\n" * 40_000,
    "deep substitutions": "$(" * 100_000 + ")" * 100_000,
    "crooked redirections": ("<" * 4_000 + "\n") * 100,
    "prose": "1. Check the service: docker compose ps\n" * 12_000,
}


def cold() -> None:
    _judged.cache_clear()
    shell._remembered.cache_clear()
    _sql.sql_verdict.cache_clear()


def cpu(work: Callable[[], object], repeat: int) -> float:
    figures = []
    for _ in range(repeat):
        cold()
        started = time.process_time()
        work()
        figures.append(time.process_time() - started)
    return round(statistics.median(figures), 4)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path)
    arguments.add_argument("--repeat", type=int, default=5)
    chosen = arguments.parse_args()
    report: dict[str, object] = {"start_seconds": round(START, 3)}
    if chosen.folder is not None:
        texts = [(str(path), path.read_text("utf-8", "replace")) for path in sorted(chosen.folder.glob("*.md"))]
        documents = [parse(path, text) for path, text in texts]
        report["documents"] = len(texts)
        report["commands"] = sum(len(one.commands) for one in documents)
        report["explain_seconds"] = cpu(lambda: explained([parse(path, text) for path, text in texts]), chosen.repeat)
    report["seconds_per_megabyte"] = {
        name: round(cpu(lambda body=body: commands_of_block(body, "bash", 1), 1) / (len(body) / 2**20), 2)
        for name, body in HARD.items()
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
