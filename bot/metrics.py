"""Counters of this process, and the text form in which Prometheus reads them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]

HELP: Mapping[str, tuple[str, str]] = {
    "midwatch_webhook_requests_total": ("counter", "Webhook requests by source and HTTP status."),
    "midwatch_alerts_total": ("counter", "Alerts taken in by source."),
    "midwatch_incidents": ("gauge", "Incidents by status."),
    "midwatch_steps": ("gauge", "Steps by state."),
    "midwatch_paused": ("gauge", "1 while the running of steps is paused."),
    "midwatch_sweep_age_seconds": ("gauge", "Seconds since the sweep of this process last ended."),
    "midwatch_unshown_incidents": ("gauge", "Incidents whose latest state Slack does not show yet."),
}


class Metrics:
    """Counters. Label values come from closed sets (known sources, status codes), so there are few."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Labels]] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += amount

    def counted(self) -> list[tuple[str, Labels, float]]:
        """Every counter with its labels and value."""
        with self._lock:
            return [(name, labels, float(value)) for (name, labels), value in sorted(self._counts.items())]


def exposition(samples: Iterable[tuple[str, Labels, float]]) -> str:
    """The samples in Prometheus' text format, version 0.0.4."""
    by_name: dict[str, list[str]] = {name: [] for name in HELP}
    for name, labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        by_name[name].append(f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}")
    lines: list[str] = []
    for name, (kind, text) in HELP.items():
        if by_name[name]:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *by_name[name]]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
