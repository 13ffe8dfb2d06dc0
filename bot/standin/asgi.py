"""The workspace's HTTP server as an ASGI application: Slack's API for the bot, the page for people.

Every request has to name this very server in `Host`, and a browser has to come from this very page: otherwise any web
page that somebody has open could speak to it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.standin import api
from bot.standin.api import files
from bot.standin.errors import Refused
from bot.standin.faults import RESET
from bot.standin.page import routes as page_routes
from bot.standin.responses import respond
from bot.standin.workspace import Workspace

BIGGEST_BODY = 4 * 1024 * 1024
LONGEST_SILENCE = 600.0

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def application(workspace: Workspace, port: int) -> ASGIApp:
    """The whole server."""
    api.load()
    routes = [
        Mount("/api", app=WebApi(workspace)),
        Route("/upload/{file_id}/{key}", _upload(workspace), methods=["POST", "PUT"]),
        Route("/respond/{team}/{key}", _respond(workspace), methods=["POST"]),
        *page_routes(workspace, port),
    ]
    return Guard(Starlette(routes=routes), port)


class Guard:
    """Refuses foreign hosts and origins, and sends the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        if host not in self._hosts:
            await PlainTextResponse("This server answers to its loopback address only.\n", 421)(scope, receive, send)
        elif origin is not None and origin != f"http://{host}":
            await PlainTextResponse("Requests from other sites are refused.\n", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            secure = [(name.lower().encode(), value.encode()) for name, value in SECURE.items()]
            message["headers"] = [*message.get("headers", []), *secure]
        await send(message)

    return sending


class TooBig(Exception):
    """A body beyond the limit."""


async def read_body(request: Request, most: int = BIGGEST_BODY) -> bytes:
    """The body, up to `most` bytes. Raises TooBig."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooBig
        parts.append(part)
    return b"".join(parts)


class WebApi:
    """`/api/<method>`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        request = Request(scope, receive)
        try:
            call = await _call_of(request)
        except TooBig:
            response: Response = JSONResponse({"ok": False, "error": "request_too_large"}, 413)
        except ClientDisconnect:
            return
        else:
            given = await run_in_threadpool(api.answer, self._workspace, call)
            if given.trouble:
                await _fall_silent(receive, given.trouble)
                return
            retry = {"Retry-After": str(given.retry_after)} if given.retry_after else {}
            response = JSONResponse(given.body, given.status, retry)
        await response(scope, receive, send)


async def _call_of(request: Request) -> api.Request:
    kind = request.headers.get("content-type", "")
    fields = None
    body = b""
    if kind.startswith("multipart/form-data"):
        form = await request.form(max_part_size=BIGGEST_BODY)
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    else:
        body = await read_body(request)
    return api.Request(
        method=request.scope["path"].removeprefix(request.scope.get("root_path", "")).strip("/"),
        verb=request.method,
        content_type=kind,
        authorization=request.headers.get("authorization", ""),
        query=request.url.query,
        body=body,
        fields=fields,
    )


async def _fall_silent(receive: Receive, trouble: str) -> None:
    # ASGI has no way to break a connection off. Uvicorn's `receive` is a method of the object that owns the socket.
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if trouble != RESET:
        await _until_gone(receive)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0.01)


async def _until_gone(receive: Receive) -> None:
    try:
        async with asyncio.timeout(LONGEST_SILENCE):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


def _upload(workspace: Workspace) -> Any:
    async def upload(request: Request) -> Response:
        content = await _uploaded(request)
        path = request.path_params
        wrong = await run_in_threadpool(files.receive, workspace, path["file_id"], path["key"], content)
        return PlainTextResponse(wrong or f"OK - {len(content)}", 400 if wrong else 200)

    return upload


async def _uploaded(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await read_body(request, files.LARGEST)
    form = await request.form()
    found = next((value for value in form.values() if not isinstance(value, str)), None)
    return await found.read() if found else b""


def _respond(workspace: Workspace) -> Any:
    async def endpoint(request: Request) -> Response:
        body = await read_body(request)
        kind = request.headers.get("content-type", "")
        try:
            await run_in_threadpool(respond, workspace, request.path_params["key"], kind, body)
        except Refused as refusal:
            workspace.violations.add(refusal.code, "response_url", json.dumps(refusal.more))
            return JSONResponse(refusal.as_json(), 404 if refusal.code.endswith("_url") else 400)
        return PlainTextResponse("ok")

    return endpoint
