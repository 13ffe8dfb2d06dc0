"""The way from the workspace to the bot: signed as Slack signs, three seconds to answer, events tried again."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.standin.faults import Violations
from bot.standin.roster import APP_ID, BOT, TEAM_ID

PATIENCE = 3.0
EVENT_RETRIES = (0.0, 60.0, 300.0)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ack:
    """What the bot answered. `error` is how Slack names it when it was not an answer."""

    status: int
    body: bytes
    content_type: str
    seconds: float
    error: str | None

    def json(self) -> Json | None:
        """The body, when it is a JSON object."""
        if "json" not in self.content_type:
            return None
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


def signed(secret: str, body: bytes, now: float) -> dict[str, str]:
    """The two headers by which the bot knows that a request comes from its workspace."""
    stamp = str(int(now))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


class Postman:
    """Carries requests to the bot."""

    def __init__(
        self,
        deliver_to: str,
        secret: str,
        violations: Violations,
        clock: Callable[[], float],
        patience: float = PATIENCE,
    ) -> None:
        self.deliver_to = deliver_to
        self.acks: deque[tuple[str, float]] = deque(maxlen=10_000)
        self._secret = secret
        self._violations = violations
        self._clock = clock
        self._patience = patience
        self._client = httpx.Client(
            trust_env=False, timeout=patience, headers={"User-Agent": "Slackbot 1.0 (practice)"}
        )
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="practice-events")
        self._timers: set[threading.Timer] = set()
        self._closed = False

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True
        for timer in list(self._timers):
            timer.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def send_form(self, what: str, fields: Mapping[str, str]) -> Ack:
        """Deliver a slash command or an interaction and wait for its acknowledgement."""
        return self._send(what, urlencode(fields).encode(), "application/x-www-form-urlencoded", {})

    def send_payload(self, payload: Json) -> Ack:
        """Deliver an interaction."""
        return self.send_form(str(payload["type"]), {"payload": json.dumps(payload)})

    def send_event(self, event: Json) -> None:
        """Deliver an event in the background, again after no, one and five minutes if it is not acknowledged."""
        envelope = {
            "token": "practice",
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self._clock()),
            "authorizations": [{"team_id": TEAM_ID, "user_id": BOT.id, "is_bot": True, "is_enterprise_install": False}],
        }
        self._attempt(json.dumps(envelope).encode(), str(event["type"]), 0, "")

    def _attempt(self, body: bytes, what: str, number: int, reason: str) -> None:
        if self._closed:
            return
        headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else {}

        def send() -> None:
            ack = self._send(f"event {what}", body, "application/json", headers)
            if ack.error and number < len(EVENT_RETRIES):
                self._later(EVENT_RETRIES[number], body, what, number + 1, _RETRY_REASONS[ack.error])

        self._pool.submit(send)

    def _later(self, seconds: float, body: bytes, what: str, number: int, reason: str) -> None:
        def again() -> None:
            self._timers.discard(timer)
            self._attempt(body, what, number, reason)

        timer = threading.Timer(seconds, again)
        timer.daemon = True
        if not self._closed:
            self._timers.add(timer)
            timer.start()

    def _send(self, what: str, body: bytes, content_type: str, headers: Mapping[str, str]) -> Ack:
        begun = time.monotonic()
        all_headers = {"Content-Type": content_type, **signed(self._secret, body, self._clock()), **headers}
        try:
            answer = self._client.post(self.deliver_to, content=body, headers=all_headers)
        except httpx.TimeoutException:
            self._violations.add("slow_ack", what, f"no answer within {self._patience:g} s")
            return Ack(0, b"", "", time.monotonic() - begun, "operation_timeout")
        except httpx.TransportError as error:
            return Ack(0, str(error).encode(), "", time.monotonic() - begun, "http_client_error")
        seconds = time.monotonic() - begun
        self.acks.append((what, seconds))
        failed = not 200 <= answer.status_code < 300
        if failed:
            self._violations.add("bad_ack", what, f"HTTP {answer.status_code}")
        return Ack(
            answer.status_code,
            answer.content,
            answer.headers.get("content-type", ""),
            seconds,
            "http_service_error" if failed else None,
        )


_RETRY_REASONS = {
    "operation_timeout": "http_timeout",
    "http_client_error": "connection_failed",
    "http_service_error": "http_error",
}
