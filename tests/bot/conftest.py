"""A real server on a free port of the loopback, over a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.runtime import Runtime
from bot.server import create_app
from bot.serving import Server
from incidents.settings import load_settings


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
