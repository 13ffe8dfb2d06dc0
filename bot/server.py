"""The HTTP door: alerts in, Slack in, pages and JSON out. It authenticates, bounds and reads; acts are elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import func, select, text
from sqlmodel import col
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.account import LISTED, account_of, as_json, incidents_listed
from bot.bodies import body_of
from bot.metrics import Labels, exposition
from bot.runtime import Runtime
from bot.web import pages
from bot.web.pages import Before, Id
from bot.webhooks import Webhooks, bearer_is
from incidents import acts
from incidents.errors import MidwatchError, NotFound, StoreUnavailable
from incidents.lifecycle import OPEN, IncidentStatus
from incidents.models import Incident, Step

log = logging.getLogger(__name__)

Answer = tuple[int, Mapping[str, str], bytes]
SlackDoor = Callable[[bytes, Mapping[str, str]], Answer]

LARGEST_FROM_SLACK = 256 * 1024
SWEEP_LATE = 60.0
"""Seconds without a sweep after which a process that should sweep is not ready."""

MOST_LISTED = 200
HEADERS = (
    (b"content-security-policy", b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
                                 b"frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)  # fmt: skip


def create_app(runtime: Runtime, slack_door: SlackDoor | None = None) -> FastAPI:
    """The ASGI app. Without a `slack_door` (Socket Mode) requests to /slack/events find nothing."""
    app = FastAPI(title="Midwatch", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(_Headers)
    app.add_exception_handler(HTTPException, _told)
    app.add_exception_handler(MidwatchError, _told_why)
    app.add_exception_handler(RequestValidationError, lambda request, wrong: _no_sense(runtime, request, wrong))
    app.router.routes.append(Route("/webhooks/{source}", Webhooks(runtime).answer, methods=["POST"]))
    if slack_door is not None:
        app.router.routes.append(Route("/slack/events", _slack(slack_door), methods=["POST"]))
    _add_health(app, runtime)
    _add_api(app, runtime)
    app.include_router(pages.router(runtime))
    return app


def problems(runtime: Runtime) -> list[str]:
    """Why this process should get no traffic, one line each; empty when it is ready."""
    found: list[str] = []
    try:
        runtime.store.write(lambda session: session.execute(text("SELECT 1")) and None)
    except StoreUnavailable as failure:
        log.warning("not ready: %s", failure)  # in full here only: the answer goes to whoever asks
        found.append("the database cannot commit")
    swept = runtime.swept_at()
    if swept is not None and (age := runtime.clock().timestamp() - swept) > SWEEP_LATE:
        found.append(f"the last sweep ended {age:.0f} s ago")
    if runtime.stopping.is_set():
        found.append("stopping")
    return found


def _add_health(app: FastAPI, runtime: Runtime) -> None:
    @app.get("/healthz")
    def alive() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/readyz")
    def ready() -> Response:
        found = problems(runtime)
        slack = runtime.poster.problem if runtime.poster is not None else None
        # Without Slack the process still takes alerts, and must go on doing so: it says so and stays ready.
        lines = (found or ["ready"]) + ([f"but Slack is behind: {slack}"] if slack else [])
        return PlainTextResponse("\n".join(lines) + "\n", status_code=503 if found else 200)

    @app.get("/metrics")
    def metrics() -> Response:
        return PlainTextResponse(exposition(_samples(runtime)), media_type="text/plain; version=0.0.4")


def _add_api(app: FastAPI, runtime: Runtime) -> None:
    @app.get("/api/incidents")
    def listed(request: Request, status: str = "all", before: Before = None, limit: int = LISTED) -> Response:
        _require_api_token(request, runtime)
        statuses = _statuses(status)
        with runtime.store.read() as session:
            found = incidents_listed(session, statuses, before, min(max(limit, 1), MOST_LISTED))
        return _json({"incidents": found})

    @app.get("/api/incidents/{incident_id}")
    def told(request: Request, incident_id: Id) -> Response:
        _require_api_token(request, runtime)
        with runtime.store.read() as session:
            return _json(account_of(session, incident_id))


def _statuses(word: str) -> list[str]:
    if word == "all":
        return []
    if word == "open":
        return sorted(OPEN)
    if word not in set(IncidentStatus):
        raise HTTPException(422, f"status must be open, all, or one of {', '.join(IncidentStatus)}")
    return [word]


def _require_api_token(request: Request, runtime: Runtime) -> None:
    if not bearer_is(request, runtime.api_token):
        raise HTTPException(401, "the API token is missing or wrong", {"www-authenticate": "Bearer"})


def _slack(door: SlackDoor) -> Callable[[Request], Any]:
    async def events(request: Request) -> Response:
        raw = await body_of(request, LARGEST_FROM_SLACK)
        headers = dict(request.headers.items())
        status, answered, body = await run_in_threadpool(door, raw, headers)
        return Response(body, status_code=status, headers=dict(answered))

    return events


def _samples(runtime: Runtime) -> list[tuple[str, Labels, float]]:
    samples = runtime.metrics.counted()
    with runtime.store.read() as session:
        for status, count in session.execute(select(col(Incident.status), func.count()).group_by(col(Incident.status))):
            samples.append(("midwatch_incidents", (("status", status),), count))
        for state, count in session.execute(select(col(Step.state), func.count()).group_by(col(Step.state))):
            samples.append(("midwatch_steps", (("state", state),), count))
        behind = (
            select(func.count()).select_from(Incident).where(col(Incident.revision) != col(Incident.shown_revision))
        )
        samples.append(("midwatch_unshown_incidents", (), session.scalar(behind) or 0))
        samples.append(("midwatch_paused", (), 1 if acts.paused(session) else 0))
    swept = runtime.swept_at()
    if swept is not None:
        samples.append(("midwatch_sweep_age_seconds", (), max(0.0, runtime.clock().timestamp() - swept)))
    return samples


def _json(value: Any) -> Response:
    return Response(as_json(value), media_type="application/json", headers={"cache-control": "no-store"})


async def _told(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, HTTPException)
    return JSONResponse({"error": refusal.detail}, status_code=refusal.status_code, headers=refusal.headers)


def _no_sense(runtime: Runtime, request: Request, wrong: Exception) -> Response:
    """An address that cannot be read: for a browser it is not there, a program is told what is wrong with it."""
    assert isinstance(wrong, RequestValidationError)
    if request.url.path.startswith("/incidents"):
        return pages.absent(runtime)
    error = wrong.errors()[0]
    return JSONResponse({"error": f"{error['loc'][-1]}: {error['msg']}"}, status_code=422)


async def _told_why(request: Request, why: Exception) -> Response:
    status = 404 if isinstance(why, NotFound) else 503 if isinstance(why, StoreUnavailable) else 422
    return JSONResponse({"error": str(why)}, status_code=status)


class _Headers:
    """Adds the security headers to every answer, errors among them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers)
