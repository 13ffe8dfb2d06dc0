"""uvicorn in a thread of this process, so that the main thread is free for signals and a test can start and stop it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import ExitStack
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from incidents.errors import Misconfigured

START_WITHIN = 10.0
STOP_WITHIN = 8
"""Seconds until the server listens, and that requests in flight have to end."""

BACKLOG = 2048
HEADERS_WITHIN = 20.0
"""Seconds in which a connection must have brought a whole request's headers; uvicorn itself would wait for ever."""


class _Impatient(AutoHTTPProtocol):  # type: ignore[misc, valid-type] # one of two classes, chosen by uvicorn
    """Hangs up on those who open a connection and never finish asking: each would hold one for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.loop.call_later(HEADERS_WITHIN, self._watch, None)

    def _watch(self, before: Any) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is before and (before is None or before.response_complete):
            self.transport.abort()
        else:
            self.loop.call_later(HEADERS_WITHIN, self._watch, self.cycle)


class Server:
    """One HTTP server. The port is bound on construction, so that a taken one is refused before anything starts."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where a client on this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://[{host}]:{self.port}" if ":" in host and "[" not in host else f"http://{host}:{self.port}"

    def start(self, app: FastAPI) -> None:
        """Serve, and return once it does."""
        config = uvicorn.Config(
            app,
            http=_Impatient,
            log_config=None,
            access_log=False,  # it would write the keys of the pages into the log
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN,
            lifespan="off",
        )
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([self._socket],), name="http", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_WITHIN
        while not server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the HTTP server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Take no more connections, let requests in flight end, and return."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=STOP_WITHIN + 4)
        self._socket.close()


def _bound(host: str, port: int) -> socket.socket:
    with ExitStack() as unless_bound:
        try:
            family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listening = unless_bound.enter_context(socket.socket(family, kind, proto))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError as why:
            raise Misconfigured(f"cannot listen on {host} port {port}: {why.strerror or why}") from None
        unless_bound.pop_all()
    return listening
