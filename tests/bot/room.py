"""A practice workspace with the app in it: what the tests of commands, buttons and the postman play in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select
from sqlmodel import col

from bot.poster import Poster
from bot.slack.client import slack_client
from bot.slack.verify import Door
from bot.standin import Pace, Standin
from incidents import approvals, intake
from incidents.alert import Priority
from incidents.models import Incident, Run, SlackMessage, Step
from incidents.settings import Settings, load_settings
from incidents.store import Store

NOW = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
TOKEN, SECRET = "xo" + "xb-practice", "practice" + "-signing" + "-secret"
CHANNEL = "incidents"


class Clock:
    """A present that stands still until it is moved. Called, it gives seconds."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def forward(self, seconds: float) -> None:
        self.seconds += seconds


class Room:
    """The workspace, the database, and a postman that works when it is told to."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        pace: Pace | None = None,
        deliver_to: str = "http://127.0.0.1:9/",
        clock: Clock | None = None,
    ) -> None:
        self.store, self.clock = store, clock or Clock()
        self.standin = Standin(
            folder,
            deliver_to,
            token="page" + "-token",
            signing_secret=SECRET,
            bot_token=TOKEN,
            pace=pace,
            clock=self.clock,
            commands=("/incident", "/runbook"),
        )
        self.settings: Settings = load_settings(home=folder, approvers=("@oncall",), channel=CHANNEL)
        self.client = slack_client(TOKEN, self.standin.api_url)
        self.postman = self.new_postman()

    def __enter__(self) -> Self:
        self.standin.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.standin.stop()

    def new_postman(self) -> Poster:
        """Another postman on the same database, as after a restart."""
        return Poster(self.store, self.client, self.settings, clock=self.clock.now, monotonic=self.clock)

    # What people do

    def say(self, person: str, text: str) -> str:
        """Type a slash command and wait for its private answer, which is returned."""
        before = len(self.standin.ephemerals(CHANNEL, person))
        outcome = self.standin.person(person).say(self.standin.channels[CHANNEL], text)
        assert outcome == {}, outcome
        eventually(lambda: len(self.standin.ephemerals(CHANNEL, person)) > before)
        return said(self.standin.ephemerals(CHANNEL, person)[-1])

    def click(self, person: str, action_id: str, card: Mapping[str, Any] | None = None) -> None:
        """Click a button of a card (the newest, unless another is given)."""
        where = card or self.cards()[-1]
        outcome = self.standin.person(person).click(self.standin.channels[CHANNEL], where["ts"], action_id)
        assert outcome == {}, outcome

    def answer(self, person: str, act: Callable[[], object]) -> str:
        """Do something and wait for the private answer to it, which is returned."""
        before = len(self.standin.ephemerals(CHANNEL, person))
        act()
        eventually(lambda: len(self.standin.ephemerals(CHANNEL, person)) > before)
        return said(self.standin.ephemerals(CHANNEL, person)[-1])

    # What happens

    def open(self, title: str = "API unavailable", priority: Priority = Priority.P2) -> int:
        opened = self.store.write(
            lambda s: intake.open_by_hand(s, title, priority, "U0ALICE", self.clock.now(), system="shop")
        )
        assert opened.id is not None
        return opened.id

    def ask(self, incident_id: int, *approvers: str, **values: Any) -> tuple[int, int]:
        """A run whose one fix waits for an approval. Returns the ids of step and approval."""

        def work(session: Any) -> tuple[int, int]:
            now = self.clock.now()
            run = Run(
                incident_id=incident_id,
                procedure_id="shop/api",
                document="shop.md",
                heading=["Shop", "API"],
                mode="live",
                state="waiting",
                revision="r",
                verdict="The API answers 503",
                created_at=now,
            )
            session.add(run)
            session.flush()
            call = {"args": {}, "filters": [], "display": "docker compose restart api"}
            given = {
                "title": "Restart the API",
                "text": "docker compose restart api",
                "risk": "mutating",
                "kind": "docker",
                "reason": "restart ends and starts a container",
                "phase": "solution",
                "target": "shop/api",
                "call": call,
            }
            step = Step(run_id=run.id, incident_id=incident_id, **(given | values))
            step.digest = approvals.digest_of(step.kind, step.call, step.target, run.revision)
            session.add(step)
            session.flush()
            asked = approvals.request(session, step, approvers or ("@oncall",), now, timedelta(minutes=15))
            assert asked is not None and asked.id is not None and step.id is not None
            return step.id, asked.id

        return self.store.write(work)

    def settle(self, most: int = 60) -> int:
        """Let the postman work, a second at a time, until Slack shows everything. Returns the messages written."""
        written = 0
        for _ in range(most):
            written += self.postman.reconcile_once()
            if not self.unshown():
                return written
            self.clock.forward(1)
        raise AssertionError(f"Slack does not show {self.unshown()} after {most} s: {self.postman.problem}")

    # What is there

    def unshown(self) -> list[int]:
        with self.store.read() as session:
            behind = select(col(Incident.id)).where(col(Incident.revision) != col(Incident.shown_revision))
            return [id_ for id_ in session.scalars(behind) if id_ is not None]

    def cards(self) -> list[dict[str, Any]]:
        """Top-level messages of the bot."""
        return [m for m in self.standin.messages(CHANNEL) if m.get("bot_id") and m.get("thread_ts", m["ts"]) == m["ts"]]

    def thread(self, card: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [m for m in self.standin.messages(CHANNEL, card["ts"]) if m["ts"] != card["ts"]]

    def rows(self) -> list[SlackMessage]:
        with self.store.read() as session:
            return list(session.scalars(select(SlackMessage).order_by(col(SlackMessage.id))))

    def step(self, id_: int) -> Step:
        with self.store.read() as session:
            return session.get_one(Step, id_)

    def calls(self, *methods: str) -> list[str]:
        return [call.method for call in self.standin.calls if not methods or call.method in methods]


class _Listening(ThreadingHTTPServer):
    request_queue_size = 128
    """Connections that may wait. With the default of 5, clicks at the same moment wait a second for a second try."""


class Porch:
    """A small HTTP server in front of a door, where the workspace delivers."""

    def __init__(self) -> None:
        self.door: Door | None = None
        porch = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert porch.door is not None
                status, headers, answer = porch.door(body, dict(self.headers.items()))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = _Listening(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/slack/events"

    def __enter__(self) -> Porch:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def eventually(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for what happens in another thread."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def said(message: Mapping[str, Any]) -> str:
    """Everything that stands in a message."""
    return json.dumps([message.get("text"), message.get("blocks")], ensure_ascii=False)
