"""The handlers of the pages. Each reads rows in a session of its own and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.account import Account, account_of, incidents_listed
from bot.runtime import Runtime
from bot.web import render, words
from bot.web.access import admission
from incidents import postmortem
from incidents.errors import NotFound
from incidents.lifecycle import OPEN

LARGEST_ID = 2**31 - 1
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
OLDEST_ASSET = "public, max-age=31536000, immutable"


def router(runtime: Runtime) -> APIRouter:
    """The routes of the pages."""
    routes = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @routes.get("/incidents")
    def index(request: Request, show: str = "open", before: Before = None) -> Response:
        return _guarded(request, runtime, None, lambda: _index(runtime, show, before))

    @routes.get("/incidents/{incident_id}")
    def timeline(request: Request, incident_id: Id) -> Response:
        return _guarded(request, runtime, incident_id, lambda: _timeline(runtime, incident_id))

    @routes.get("/incidents/{incident_id}/postmortem")
    def told(request: Request, incident_id: Id) -> Response:
        return _guarded(request, runtime, incident_id, lambda: _postmortem(runtime, incident_id))

    @routes.get("/incidents/{incident_id}/postmortem.md")
    def written(request: Request, incident_id: Id) -> Response:
        return _guarded(request, runtime, incident_id, lambda: _markdown(runtime, incident_id))

    @routes.get("/static/{name}")
    def asset(name: str) -> Response:
        if name not in render.STATIC:
            return absent(runtime)
        content, kind = render.static(name), render.STATIC[name]
        return Response(content, media_type=kind, headers={"cache-control": OLDEST_ASSET})

    return routes


def absent(runtime: Runtime) -> Response:
    """What is not there, and what one may not see: they look the same."""
    return HTMLResponse(render.page("absent.html", runtime.root, runtime.clock()), status_code=404)


def _guarded(request: Request, runtime: Runtime, incident_id: int | None, show: Callable[[], Response]) -> Response:
    admitted = admission(request, runtime, incident_id)
    if isinstance(admitted, Response):
        return admitted
    if not admitted:
        return absent(runtime)
    try:
        response = show()
    except NotFound:
        return absent(runtime)
    response.headers["cache-control"] = "no-store"
    return response


def _index(runtime: Runtime, show: str, before: int | None) -> Response:
    statuses = sorted(OPEN) if show == "open" else ()
    with runtime.store.read() as session:
        listed = incidents_listed(session, statuses, before)
    rows = [incident | {"lasted": _lasted(incident, runtime.clock())} for incident in listed]
    return _html(runtime, "index.html", incidents=rows, show=show, before=before)


def _timeline(runtime: Runtime, incident_id: int) -> Response:
    with runtime.store.read() as session:
        account = account_of(session, incident_id)
    now = runtime.clock()
    asked = [approval for approval in account["approvals"] if approval["decision"] == "pending"]
    steps = {step["id"]: step for run in account["runs"] for step in run["steps"]}
    return _html(
        runtime,
        "incident.html",
        incident=account,
        moments=moments_of(account, now),
        asked=[approval | {"step": steps[approval["step_id"]]} for approval in asked],
        runs=[run | {"rounds": _rounds(run)} for run in reversed(account["runs"])],
    )


def _postmortem(runtime: Runtime, incident_id: int) -> Response:
    with runtime.store.read() as session:
        written = postmortem.render(session, incident_id)
    name = f"INC-{incident_id}"
    return _html(runtime, "postmortem.html", name=name, id=incident_id, body=render.html_of(written))


def _markdown(runtime: Runtime, incident_id: int) -> Response:
    with runtime.store.read() as session:
        written = postmortem.render(session, incident_id)
    disposition = f'inline; filename="INC-{incident_id}.md"'
    return PlainTextResponse(
        written, media_type="text/markdown; charset=utf-8", headers={"content-disposition": disposition}
    )


def _html(runtime: Runtime, template: str, **values: Any) -> Response:
    return HTMLResponse(render.page(template, runtime.root, runtime.clock(), **values))


def moments_of(incident: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The times of an incident in order, each with what passed since it was detected."""
    names = ("started", "detected", "acknowledged", "mitigated", "resolved", "closed")
    known = [(name, incident[f"{name}_at"]) for name in names if incident[f"{name}_at"] is not None]
    detected: datetime = incident["detected_at"]
    told = [{"name": name, "at": at, "after": _after(at - detected)} for name, at in known]
    next(moment for moment in told if moment["name"] == "detected")["after"] = f"{detected:%Y-%m-%d}"
    if incident["open"]:
        told.append({"name": "open for", "at": None, "after": _spoken(now - detected)})
    return told


def _after(passed: timedelta) -> str:
    if not passed:
        return ""
    return f"{_spoken(-passed)} before" if passed < timedelta() else f"after {_spoken(passed)}"


def _spoken(passed: timedelta) -> str:
    return words.span(passed)


def _lasted(incident: Account, now: datetime) -> timedelta:
    until: datetime = incident["resolved_at"] or incident["closed_at"] or now
    detected: datetime = incident["detected_at"]
    return max(timedelta(), until - detected)


def _rounds(run: Account) -> list[tuple[int, list[Account]]]:
    """The steps of a run by round: the first holds the whole plan, each later one the checks after a fix."""
    numbers = sorted({step["round"] for step in run["steps"]})
    return [(number, [step for step in run["steps"] if step["round"] == number]) for number in numbers]
