"""The door in front of Bolt: nothing that Slack did not sign a moment ago, and nothing twice, reaches a handler.

Bolt parses before it verifies, runs a replayed request again, and answers a malformed timestamp with 500. So the raw
bytes are judged here first; what is refused gets a 4xx, and Bolt's own check is switched off.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from slack_bolt import App, BoltRequest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents.errors import Rejected, StoreUnavailable
from incidents.models import SlackRequest
from incidents.store import Store

log = logging.getLogger(__name__)

LARGEST = 256 * 1024
"""Bytes of body that are taken from Slack."""

OLDEST, NEWEST = timedelta(seconds=300), timedelta(seconds=60)
REMEMBERED = timedelta(minutes=10)
"""How long a signature is kept: longer than the window in which it would be accepted."""

READ = frozenset({"content-type", "x-slack-retry-num", "x-slack-retry-reason"})
"""Headers that Bolt gets to see. No header is signed, and some would steer Bolt's own dispatching."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)

Answer = tuple[int, Mapping[str, str], bytes]
Door = Callable[[bytes, Mapping[str, str]], Answer]


def slack_door(app: App, store: Store, signing_secret: str, clock: Callable[[], datetime]) -> Door:
    """A function that answers one request of Slack: status, headers, body. It never raises for what was sent."""

    def door(body: bytes, headers: Mapping[str, str]) -> Answer:
        sent = {name.lower(): value for name, value in headers.items()}
        now = clock()
        if len(body) > LARGEST:
            return _refused(413, f"a request from Slack may hold {LARGEST} bytes")
        try:
            signature = verified(body, sent, signing_secret, now)
        except Rejected as refusal:
            return _refused(401, str(refusal))
        try:
            first = store.write(lambda session: _first_use(session, signature, now))
        except StoreUnavailable as failure:
            log.warning("a request from Slack was turned away: %s", failure)
            return _refused(503, "the database is not available; please try again")
        if not first:
            return _refused(401, "this request was sent before")
        return _passed_on(app, body, sent)

    return door


def verified(body: bytes, headers: Mapping[str, str], signing_secret: str, now: datetime) -> str:
    """The signature of a request that Slack signed within the window. Raises Rejected, with the reason in one line.

    `headers` have lower-case names.
    """
    timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise Rejected("X-Slack-Request-Timestamp is missing or malformed")
    if not _SIGNATURE.fullmatch(signature):
        raise Rejected("X-Slack-Signature is missing or malformed")
    age = now.timestamp() - int(timestamp)
    if not -NEWEST.total_seconds() <= age <= OLDEST.total_seconds():
        raise Rejected("the request's timestamp is too far from this machine's clock")
    if not signing_secret:
        raise Rejected("no signing secret is configured, so no request can be verified")
    if not hmac.compare_digest(signature_of(body, timestamp, signing_secret), signature):
        raise Rejected("the signature does not fit; check SLACK_SIGNING_SECRET")
    return signature


def signature_of(body: bytes, timestamp: str, signing_secret: str) -> str:
    """What Slack writes into X-Slack-Signature for these bytes."""
    signed = b"v0:" + timestamp.encode("ascii") + b":" + body
    return "v0=" + hmac.new(signing_secret.encode(), signed, hashlib.sha256).hexdigest()


def _first_use(session: Session, signature: str, now: datetime) -> bool:
    """Remember a signature. False when it was remembered before; the writer's transaction makes that decisive."""
    session.execute(delete(SlackRequest).where(col(SlackRequest.received_at) < now - REMEMBERED))
    known = select(col(SlackRequest.signature)).where(col(SlackRequest.signature) == signature)
    if session.execute(known).first() is not None:
        return False
    session.execute(insert(SlackRequest).values(signature=signature, received_at=now))
    return True


def _passed_on(app: App, body: bytes, headers: Mapping[str, str]) -> Answer:
    if _is_ssl_check(body, headers):
        return 200, {}, b""
    try:
        request = BoltRequest(
            body=body.decode("utf-8"), headers={name: headers[name] for name in READ & headers.keys()}
        )
    except (ValueError, RecursionError, AttributeError, TypeError) as wrong:
        # Signed and unreadable: Bolt parses in its constructor, with whatever the parser and its own look-ups raise.
        log.warning("a signed request of Slack could not be read: %s", type(wrong).__name__)
        return _refused(400, "the body could not be read")
    answer = app.dispatch(request)
    return answer.status, answer.first_headers(), answer.body.encode()


def _is_ssl_check(body: bytes, headers: Mapping[str, str]) -> bool:
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return False
    return parse_qs(body.decode("utf-8", "replace")).get("ssl_check") == ["1"]


def _refused(status: int, why: str) -> Answer:
    headers = {"content-type": "text/plain; charset=utf-8"}
    if status != 503:
        headers["x-slack-no-retry"] = "1"
    return status, headers, f"{why}\n".encode()
