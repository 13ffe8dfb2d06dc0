"""The two short-lived keys that come with what people do: `trigger_id` and `response_url`."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from bot.standin.errors import Refused

TRIGGER_SECONDS = 3.0
URL_SECONDS = 1800.0
URL_USES = 5
KEPT = 5000


@dataclass(slots=True)
class _Trigger:
    user: str
    at: float
    used: bool = False


@dataclass(slots=True)
class Reply:
    """Where an answer to a `response_url` goes: the message it came from, when it came from one."""

    channel: str
    user: str
    at: float
    ts: str | None = None
    thread_ts: str | None = None
    ephemeral: bool = True
    uses: int = 0


class Keys:
    """All keys given out. They die with the process, as they would have in half an hour."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._triggers: dict[str, _Trigger] = {}
        self._replies: dict[str, Reply] = {}
        self._lock = threading.Lock()

    def trigger(self, user: str) -> str:
        """A new `trigger_id` for what `user` just did."""
        key = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**11)}.{secrets.token_hex(16)}"
        with self._lock:
            self._triggers[key] = _Trigger(user, self._clock())
            _trim(self._triggers)
        return key

    def pull(self, key: str) -> str:
        """Use a `trigger_id` up and say whose it was. Raises Refused when it is spent, late or unknown."""
        with self._lock:
            trigger = self._triggers.get(key)
            if trigger is None:
                raise Refused("invalid_trigger_id")
            if self._clock() - trigger.at > TRIGGER_SECONDS:
                raise Refused("expired_trigger_id")
            if trigger.used:
                raise Refused("exchanged_trigger_id")
            trigger.used = True
            return trigger.user

    def reply(self, channel: str, user: str, ts: str | None, thread_ts: str | None, ephemeral: bool) -> str:
        """The secret part of a new `response_url`."""
        key = secrets.token_urlsafe(18)
        with self._lock:
            self._replies[key] = Reply(channel, user, self._clock(), ts, thread_ts, ephemeral)
            _trim(self._replies)
        return key

    def answer(self, key: str) -> Reply:
        """Count one use of a `response_url`. Raises Refused after five uses or half an hour."""
        with self._lock:
            reply = self._replies.get(key)
            if reply is None:
                raise Refused("invalid_url")
            if self._clock() - reply.at > URL_SECONDS:
                raise Refused("expired_url")
            if reply.uses >= URL_USES:
                raise Refused("used_url")
            reply.uses += 1
            return reply


def _trim(keys: dict[str, _Trigger] | dict[str, Reply]) -> None:
    while len(keys) > KEPT:
        del keys[next(iter(keys))]
