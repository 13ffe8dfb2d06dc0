"""Trouble on order, and a list of what the app did wrong. Both are for tests, game days and `/_practice/violations`."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RESET = "reset"
"""Break the connection off instead of answering."""
TIMEOUT = "timeout"
"""Never answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: a Slack error code, an HTTP status, RESET or TIMEOUT.

    With `done` the call is carried out first and only its answer is lost.
    """

    what: str | int
    done: bool = False
    retry_after: int = 1


class Faults:
    """Faults that wait for the next calls of a method; `*` is any method."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}
        self._lock = threading.Lock()

    def add(self, method: str, fault: Fault, times: int) -> None:
        """Let the next `times` calls of `method` go wrong."""
        with self._lock:
            self._waiting.setdefault(method, deque()).extend([fault] * times)

    def next(self, method: str) -> Fault | None:
        """The fault for this call, used up by asking."""
        with self._lock:
            waiting = self._waiting.get(method) or self._waiting.get("*")
            return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._waiting.clear()


class Violations:
    """What a correct app would not have done, counted by kind, the latest ones in words."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._recent: deque[dict[str, Any]] = deque(maxlen=200)
        self._lock = threading.Lock()

    def add(self, kind: str, where: str, detail: str = "") -> None:
        """Note one."""
        with self._lock:
            self._counts[kind] += 1
            self._recent.append({"kind": kind, "where": where, "detail": detail[:500], "at": self._clock()})

    @property
    def total(self) -> int:
        """How many there were."""
        with self._lock:
            return sum(self._counts.values())

    def as_json(self) -> dict[str, Any]:
        """Everything, as `/_practice/violations` answers it."""
        with self._lock:
            return {
                "total": sum(self._counts.values()),
                "kinds": dict(sorted(self._counts.items())),
                "recent": list(self._recent),
            }

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._counts.clear()
            self._recent.clear()
