"""A practice workspace with a bot that only listens: it checks signatures, remembers what came, and answers as told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from bot.standin import Pace, Standin

SECRET = "sign" + "ing-" + "0123456789abcdef"
BOT_TOKEN = "xo" + "xb-practice-" + "0123456789"
PAGE_TOKEN = "page" + "-0123456789abcdef"
Answer = tuple[int, str, str]
"""Status, content type, body."""
OK: Answer = (200, "text/plain", "")


@dataclass
class Listener:
    """The bot's side: every signed request that came, as form fields or event."""

    received: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    reply: Callable[[dict[str, Any]], Answer] = lambda _: OK
    url: str = ""

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Interactions, events or `command`s of a kind."""
        return [each for each in self.received if each.get("type") == kind]

    def take(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Check, remember and answer one request."""
        if not SignatureVerifier(SECRET).is_valid_request(body, headers):
            self.forged += 1
            return 401, "text/plain", "bad signature"
        given = _read(body)
        self.received.append(given)
        self.headers.append({name.lower(): value for name, value in headers.items()})
        return self.reply(given)


def _read(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        found: dict[str, Any] = json.loads(body)["event"]
        return found
    fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    if "payload" in fields:
        payload: dict[str, Any] = json.loads(fields["payload"])
        return payload
    return {"type": "command", **fields}


@contextmanager
def listener() -> Iterator[Listener]:
    """A bot on a free port."""
    bot = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, text = bot.take(body, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            with suppress(OSError):  # whoever asked may not have waited
                self.end_headers()
                self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bot.url = f"http://127.0.0.1:{server.server_address[1]}/slack/events"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield bot
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Clock:
    """A present that stands until it is moved."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset

    def forward(self, seconds: float) -> None:
        self.offset += seconds


@dataclass
class World:
    """The workspace, the listening bot, and the bot's client."""

    standin: Standin
    bot: Listener
    client: WebClient
    clock: Clock

    @property
    def incidents(self) -> str:
        return self.standin.channels["incidents"]

    def post(self, **message: Any) -> str:
        """Post as the bot to #incidents; answers the ts."""
        message.setdefault("text", "a text")
        return str(self.client.chat_postMessage(channel=self.incidents, **message)["ts"])


@contextmanager
def world(home: Path, **options: Any) -> Iterator[World]:
    """A running workspace; `options` go to Standin."""
    clock = Clock()
    options.setdefault("pace", Pace.unlimited())
    with (
        listener() as bot,
        Standin(
            home,
            bot.url,
            token=PAGE_TOKEN,
            signing_secret=SECRET,
            bot_token=BOT_TOKEN,
            clock=clock,
            **options,
        ) as standin,
    ):
        yield World(standin, bot, WebClient(BOT_TOKEN, base_url=standin.api_url, retry_handlers=[]), clock)


def actions(*elements: dict[str, Any], block_id: str = "choice") -> dict[str, Any]:
    """An actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(text: str, action_id: str, **more: Any) -> dict[str, Any]:
    """A button."""
    return {"type": "button", "text": {"type": "plain_text", "text": text}, "action_id": action_id, **more}


def section(text: str, **more: Any) -> dict[str, Any]:
    """A section in mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A modal that can be submitted."""
    title = {"type": "plain_text", "text": "A modal"}
    return {
        "type": "modal",
        "title": title,
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": list(blocks),
        **more,
    }


def text_input(block_id: str, label: str, **more: Any) -> dict[str, Any]:
    """An input block with one line of text."""
    element = {"type": "plain_text_input", "action_id": "typed", **more}
    return {"type": "input", "block_id": block_id, "label": {"type": "plain_text", "text": label}, "element": element}
