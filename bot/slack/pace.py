"""How fast Midwatch writes to Slack: one message a second per channel with a small burst, and each method's own tier.

Whoever wants to write says how much of the burst to leave for others, so that what a person waits for goes first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

BURST = 4
PER_SECOND = 1.0
UPDATES_BURST = 10
UPDATES_PER_SECOND = 0.8
"""chat.update is a tier 3 method: 50 calls a minute for the whole workspace."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    size: float
    rate: float
    at: float
    held_until: float = 0.0


class Pace:
    """The token buckets of one process. Thread-safe; the lease of the poster makes it the only one that writes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def turn(self, method: str, channel: str, leave: int = 0) -> float:
        """Take a turn to write, if `leave` more would still be there. 0, or the seconds until asking again."""
        with self._lock:
            buckets = [self._bucket(channel, BURST, PER_SECOND)]
            if method == "chat.update":
                buckets.append(self._bucket(method, UPDATES_BURST, UPDATES_PER_SECOND))
            wait = max(self._missing(bucket, 1 + min(leave, BURST - 1)) for bucket in buckets)
            if wait <= 0:
                for bucket in buckets:
                    bucket.tokens -= 1
            return max(0.0, wait)

    def hold(self, channel: str, seconds: float) -> None:
        """Slack said Retry-After: nothing goes to this channel until then, and the burst is spent."""
        with self._lock:
            bucket = self._bucket(channel, BURST, PER_SECOND)
            bucket.held_until = max(bucket.held_until, self._clock() + seconds)
            bucket.tokens = min(bucket.tokens, 1.0)
            bucket.at = bucket.held_until

    def _bucket(self, name: str, size: float, rate: float) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(size, size, rate, now))
        if now > bucket.at:
            bucket.tokens = min(size, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
        return bucket

    def _missing(self, bucket: _Bucket, needed: float) -> float:
        held = bucket.held_until - self._clock()
        return max(held, (needed - bucket.tokens) / bucket.rate)
