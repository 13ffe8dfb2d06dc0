"""What a benchmark gives back, and how it is told in one line."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value in `unit`. `goal` is in words; `holds` says whether it is met, None where there is none."""

    name: str
    value: float
    unit: str
    floor: float
    floor_is: str
    goal: str = "none"
    holds: bool | None = None

    @property
    def line(self) -> str:
        """`figure | floor | ratio | goal`, as the document has it too."""
        met = {True: "met", False: "MISSED", None: ""}[self.holds]
        ratio = f"{self.value / self.floor:.2f}x" if self.floor else "-"
        shown = f"{self.name}: {rounded(self.value)} {self.unit}"
        return f"{shown} | {rounded(self.floor)} {self.unit} ({self.floor_is}) | {ratio} | {self.goal} {met}".rstrip()


def rounded(value: float) -> str:
    """Three digits that mean something."""
    if value == 0 or not math.isfinite(value):
        return str(value)
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def median(once: Callable[[], float], runs: int) -> float:
    """The median of several runs of `once`, which gives what it measured."""
    return statistics.median(once() for _ in range(runs))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]
