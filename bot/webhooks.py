"""POST /webhooks/<source>: authenticate, bound, read, commit, answer. No broker, Slack or runbook on the way.

The answer is sent after the commit: what was answered with 2xx is in the database. The hint that an incident wants a
triage follows the answer; when it is lost, the sweep finds the row.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot import strict_json
from bot.bodies import body_of
from bot.runtime import Runtime
from bot.sources import Source, is_signed, source_named, sources
from incidents.alert import Alert, Delivery
from incidents.errors import NotFound, Rejected, StoreUnavailable
from incidents.intake import Receipt, receive

log = logging.getLogger(__name__)

LARGEST = 8 * 1024 * 1024
"""Bytes of body that are taken from an alert sender."""

READ_ASIDE = 64 * 1024
"""Bytes from which a body is read in a thread, so that one large delivery does not hold up the small ones."""

COMMIT_WITHIN = 2.0
RETRY_AFTER = 5
"""Seconds for one commit, and until a sender should try again when it took longer."""


def bearer_is(request: Request, token: str) -> bool:
    """Whether the request carries this token, compared in constant time."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


class Webhooks:
    """The door for alerts. One instance serves every source."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def answer(self, request: Request) -> Response:
        """Take one delivery. 2xx once it is stored; 4xx with one line of reason; 503 when it should be sent again."""
        name = str(request.path_params["source"])
        known = name if name in sources() else "unknown"
        try:
            response = await self._answered(request, name)
        except NotFound as why:
            response = _refused(404, str(why))
        except HTTPException as refusal:
            response = _refused(refusal.status_code, refusal.detail)
        self.runtime.metrics.add("midwatch_webhook_requests_total", source=known, status=str(response.status_code))
        return response

    async def _answered(self, request: Request, name: str) -> Response:
        if self.runtime.stopping.is_set():
            return _later("Midwatch is stopping")
        source, raw = await self._admitted(request, name)
        try:
            value = await (run_in_threadpool(strict_json.read, raw) if len(raw) > READ_ASIDE else _read(raw))
        except Rejected as why:
            return _refused(400, str(why))
        try:
            delivery = source.parse(value, _lower(request), self.runtime.clock())
        except Rejected as why:
            return _refused(422, str(why))
        if delivery.reason:
            log.warning("from %s: %s", name, delivery.reason)
        if not delivery.alerts:
            return JSONResponse({"kind": delivery.kind, "alerts": 0} | _reason(delivery))
        return await self._stored(name, delivery)

    async def _admitted(self, request: Request, name: str) -> tuple[Source, bytes]:
        """The source and the body, once the sender has shown that it may speak. HTTPException 401 otherwise."""
        token = self.runtime.webhook_token
        if bearer_is(request, token):
            return source_named(name), await body_of(request, LARGEST)
        if "authorization" not in request.headers:
            try:
                source = source_named(name)
            except NotFound:
                raise _unauthorised() from None
            if hasattr(source, "authentic"):
                raw = await body_of(request, LARGEST)
                if is_signed(source, raw, _lower(request), token):
                    return source, raw
        raise _unauthorised()

    async def _stored(self, name: str, delivery: Delivery) -> Response:
        try:
            receipt = await self._committed(delivery.alerts)
        except (StoreUnavailable, TimeoutError) as failure:
            log.error("a delivery of %s was turned away: %s", name, failure or "no commit in time")
            return _later("the database cannot commit right now; nothing of this was kept")
        self.runtime.metrics.add("midwatch_alerts_total", len(delivery.alerts), source=name)
        fresh = (*receipt.opened, *receipt.reopened)
        hint = BackgroundTask(self.runtime.hint_triage, fresh) if fresh else None
        return JSONResponse(_told(delivery, receipt), status_code=202, background=hint)

    async def _committed(self, alerts: Sequence[Alert]) -> Receipt:
        runtime, now = self.runtime, self.runtime.clock()
        waiting: Future[Receipt] = runtime.store.submit(lambda s: receive(s, alerts, runtime.inventory, now))
        async with asyncio.timeout(COMMIT_WITHIN):
            return await asyncio.wrap_future(waiting)


async def _read(raw: bytes) -> Any:
    return strict_json.read(raw)


def _lower(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _told(delivery: Delivery, receipt: Receipt) -> dict[str, Any]:
    lists = {name: getattr(receipt, name) for name in ("opened", "reopened", "attached", "resolved")}
    counts = {"duplicates": receipt.duplicates, "unmatched": receipt.unmatched}
    return {"kind": delivery.kind, "alerts": len(delivery.alerts)} | lists | counts | _reason(delivery)


def _reason(delivery: Delivery) -> dict[str, str]:
    return {"reason": delivery.reason} if delivery.reason else {}


def _refused(status: int, why: str) -> Response:
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": why}, status_code=status, headers=headers)


def _unauthorised() -> HTTPException:
    return HTTPException(401, "the webhook token is missing or wrong")


def _later(why: str) -> Response:
    return JSONResponse({"error": why}, status_code=503, headers={"retry-after": str(RETRY_AFTER)})
