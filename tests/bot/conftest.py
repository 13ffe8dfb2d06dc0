"""A real server on a free port of the loopback, over a real database."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot import cli
from bot.runtime import Runtime
from bot.server import create_app
from bot.serving import Server
from incidents.settings import load_settings
from tests.bot.terminal import Midwatch, Said


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """An installation of its own on SQLite, with generated tokens and no Slack."""
    with Runtime(load_settings(home=tmp_path / "home", _env_file=None)) as opened:
        opened.prepare_database()
        yield opened


@pytest.fixture
def server(runtime: Runtime) -> Iterator[Server]:
    """That installation's HTTP server."""
    listening = Server("127.0.0.1", 0)
    runtime.address = listening.url
    listening.start(create_app(runtime))
    yield listening
    listening.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """Somebody without any token."""
    with httpx.Client(base_url=server.url, timeout=10) as made:
        yield made


@pytest.fixture
def sender(client: httpx.Client, runtime: Runtime) -> httpx.Client:
    """An alert sender that has the webhook token."""
    client.headers["authorization"] = f"Bearer {runtime.webhook_token}"
    return client


@pytest.fixture
def midwatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Midwatch]:
    """The command line in an empty folder. `stdin=` feeds it, other names become environment variables."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*arguments: str, stdin: str | bytes = b"", **environment: str) -> Said:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        with monkeypatch.context() as here:
            here.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
            for name, value in environment.items():
                here.setenv(name, value)
            code = cli.run(arguments)
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
