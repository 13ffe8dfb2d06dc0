"""The page on which people talk and click: its routes. What it looks like is in `static` and `templates`."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.standin.acts import Actor
from bot.standin.errors import Refused
from bot.standin.hub import News
from bot.standin.page import shown
from bot.standin.roster import ALICE, PEOPLE
from bot.standin.store import Json
from bot.standin.workspace import Workspace

HERE = Path(__file__).parent
HEARTBEAT = 15.0
BACKLOG = 500
"""News waiting for a slow page; with more it is told to load everything again."""
BIGGEST_ACT = 256 * 1024
ACTS = frozenset(
    [
        "say",
        "edit",
        "delete",
        "dismiss",
        "react",
        "pin",
        "join",
        "invite_bot",
        "read",
        "command",
        "shortcut",
        "open_home",
        "click",
        "click_view",
        "suggest",
        "submit",
        "close_view",
    ]
)

Answering = Callable[[Request, Actor], Any]


def routes(workspace: Workspace, port: int) -> list[BaseRoute]:
    """Every route of the page."""
    door = _Door(workspace, f"practice_{port}")
    return [
        Route("/", door.enter),
        Route("/archives/{channel}/{message}", door.enter),
        Route("/page/state", door.json(lambda _, actor: shown.state(workspace, actor.user))),
        Route("/page/messages", door.json(lambda r, a: shown.messages(workspace, a.user, r.query_params["channel"]))),
        Route(
            "/page/thread",
            door.json(lambda r, a: shown.thread(workspace, a.user, r.query_params["channel"], r.query_params["ts"])),
        ),
        Route("/page/live", door.live),
        Route("/page/act", door.act, methods=["POST"]),
        Route("/files/{file_id}", door.file),
        Route("/_practice/violations", door.violations, methods=["GET", "DELETE"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


class _Door:
    """Lets in whoever brings the token, and those who have its cookie."""

    def __init__(self, workspace: Workspace, cookie: str) -> None:
        self._workspace = workspace
        self._cookie = cookie
        # The cookie is not the token itself, so that nobody who sees it can print the address with the token.
        self._pass = hmac.new(workspace.token.encode(), b"page cookie", hashlib.sha256).hexdigest()

    async def enter(self, request: Request) -> Response:
        """The page; with the right token in the address, first the cookie."""
        token = request.query_params.get("token", "")
        if token and hmac.compare_digest(token.encode(), self._workspace.token.encode()):
            response = RedirectResponse(request.url.path, 303)
            response.set_cookie(self._cookie, self._pass, httponly=True, samesite="strict", path="/")
            return response
        known = self._knows(request)
        return HTMLResponse(_template("index.html" if known else "stranger.html"), 200 if known else 403)

    def json(self, answering: Answering) -> Callable[[Request], Any]:
        """An endpoint that answers what `answering` gives for the person on the page."""

        async def endpoint(request: Request) -> Response:
            if not self._knows(request):
                return _stranger()
            return await _answered(answering, request, self._actor(request))

        return endpoint

    async def act(self, request: Request) -> Response:
        """Do something as the person on the page: `{"act": ..., arguments}`."""
        if not self._knows(request) or request.headers.get("origin") is None:
            return _stranger()
        body = await request.body()
        if len(body) > BIGGEST_ACT:
            return JSONResponse({"ok": False, "error": "request_too_large"}, 413)
        try:
            given = json.loads(body)
            act = given.pop("act")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return JSONResponse({"ok": False, "error": "invalid_json"}, 400)
        if not isinstance(act, str) or act not in ACTS:
            return JSONResponse({"ok": False, "error": "unknown_act"}, 400)
        return await _answered(lambda _, actor: getattr(actor, act)(**given), request, self._actor(request))

    async def live(self, request: Request) -> Response:
        """News as they happen, as server-sent events."""
        if not self._knows(request):
            return _stranger()
        return StreamingResponse(
            self._news(self._actor(request).user), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def file(self, request: Request) -> Response:
        """An uploaded file, always as plain text or a download: it must not run in this page's name."""
        if not self._knows(request):
            return _stranger()
        found = await run_in_threadpool(self._workspace.store.file, request.path_params["file_id"])
        if found is None or found[1] is None:
            return JSONResponse({"ok": False, "error": "file_not_found"}, 404)
        textual = found[0]["mimetype"].startswith("text/") or found[0]["mimetype"] == "application/json"
        kind = "text/plain; charset=utf-8" if textual else "application/octet-stream"
        disposition = "inline" if textual else "attachment"
        return Response(found[1], headers={"Content-Type": kind, "Content-Disposition": disposition})

    async def violations(self, request: Request) -> Response:
        """What the app did wrong so far; DELETE forgets it. With the cookie, or the page's token as bearer."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self._knows(request) and not hmac.compare_digest(bearer.encode(), self._workspace.token.encode()):
            return _stranger()
        if request.method == "DELETE":
            self._workspace.violations.clear()
        return JSONResponse(self._workspace.violations.as_json())

    async def _news(self, user: str) -> AsyncIterator[str]:
        waiting: asyncio.Queue[News | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        hub = self._workspace.hub
        listener = hub.listen(user, lambda news: _put(loop, waiting, news))
        try:
            yield "retry: 1000\n\n"
            while True:
                try:
                    news = await asyncio.wait_for(waiting.get(), HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if news is None:
                    return
                if waiting.qsize() > BACKLOG:
                    waiting = asyncio.Queue()
                    news = {"type": "reload"}
                yield f"data: {json.dumps(news)}\n\n"
        finally:
            hub.leave(listener)

    def _knows(self, request: Request) -> bool:
        return hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._pass.encode())

    def _actor(self, request: Request) -> Actor:
        wanted = request.query_params.get("as", "")
        return Actor(self._workspace, wanted if any(person.id == wanted for person in PEOPLE) else ALICE.id)


def _put(loop: asyncio.AbstractEventLoop, waiting: asyncio.Queue[News | None], news: News | None) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(waiting.put_nowait, news)


async def _answered(answering: Answering, request: Request, actor: Actor) -> Response:
    try:
        found: Json = await run_in_threadpool(answering, request, actor)
    except Refused as refusal:
        return JSONResponse(refusal.as_json())
    except (KeyError, TypeError) as error:
        return JSONResponse({"ok": False, "error": "invalid_arguments", "detail": str(error)}, 400)
    return JSONResponse({"ok": "error" not in found, **found}, headers={"Cache-Control": "no-store"})


def _template(name: str) -> str:
    return (HERE / "templates" / name).read_text(encoding="utf-8")


def _stranger() -> Response:
    return JSONResponse({"ok": False, "error": "not_authed"}, 403)
