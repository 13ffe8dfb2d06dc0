"""Slack's pace: one message a second per channel with a short burst, and a tier for each method.

Buckets refill steadily. Whoever comes too early is told how long to wait, and is remembered: a call before that time
is a second offence, since Slack asks apps to honour Retry-After.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute that a method of the tier may make."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the app may go. `burst` is what a channel takes at once before one message a second begins to count."""

    per_channel: float = 1.0
    burst: int = 5
    workspace_per_minute: int = 300
    tiers: bool = True

    @staticmethod
    def unlimited() -> Pace:
        """No limits, for tests about other things."""
        return Pace(per_channel=math.inf, burst=1_000_000, workspace_per_minute=1_000_000, tiers=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Too early: come back after `seconds`. `warned` says that the caller had been told before."""

    seconds: int
    warned: bool


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    closed_until: float = 0.0


class Limits:
    """The buckets of one workspace."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self.pace = pace
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, method: str, tier: int | None, channel: str | None) -> Wait | None:
        """Count one call. None when it may go on."""
        with self._lock:
            for name, size, rate in self._buckets_of(method, tier, channel):
                wait = self._draw(name, size, rate)
                if wait:
                    return wait
        return None

    def close(self, method: str, seconds: float) -> None:
        """Let nothing of `method` through for a while (an injected 429)."""
        with self._lock:
            bucket = self._buckets.setdefault(f"closed {method}", _Bucket(1e9, self._clock()))
            bucket.closed_until = self._clock() + seconds

    def _buckets_of(self, method: str, tier: int | None, channel: str | None) -> list[tuple[str, float, float]]:
        found: list[tuple[str, float, float]] = [(f"closed {method}", 1e9, 1e9)]
        if tier is None and channel is not None:
            found.append((f"post {channel}", self.pace.burst, self.pace.per_channel))
            found.append(("post", self.pace.workspace_per_minute, self.pace.workspace_per_minute / 60))
        elif tier is not None and self.pace.tiers:
            found.append((f"method {method}", TIERS[tier], TIERS[tier] / 60))
        return found

    def _draw(self, name: str, size: float, rate: float) -> Wait | None:
        now = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(size, now))
        if now < bucket.closed_until:
            return Wait(max(1, math.ceil(bucket.closed_until - now)), warned=True)
        bucket.tokens = size if math.isinf(rate) else min(size, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            seconds = max(1, math.ceil((1 - bucket.tokens) / rate))
            bucket.closed_until = now + seconds
            return Wait(seconds, warned=False)
        bucket.tokens -= 1
        return None
