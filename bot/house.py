"""Bot and worker in one process, or the bot alone: started in the order that loses nothing, stopped in the reverse.

Intake opens last and closes first. What is in flight at the end ends, or is found by the next start.
"""

from __future__ import annotations

import ipaddress
import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from bot.runtime import Runtime
from bot.server import SlackDoor, create_app
from bot.serving import Server
from incidents.errors import Misconfigured, StoreUnavailable
from incidents.models import Incident
from incidents.settings import secret_named

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from bot.standin import Standin
    from workers.embedded import EmbeddedWorker

log = logging.getLogger(__name__)
DRAIN = 10.0
"""Seconds that the poster has at the end to show what is not shown yet."""

COMMANDS = {"incident": "Declare, follow and resolve incidents", "runbook": "Find, start and promote runbooks"}
"""Slash commands of the practice workspace; in Slack they are part of the app's manifest."""

SHELF_EVERY = 5.0
"""Seconds between two looks for edited runbooks."""


@dataclass(frozen=True, slots=True)
class Slack:
    """The workspace we speak with: Slack's, or the practice workspace."""

    bot_token: str
    signing_secret: str
    api_url: str | None
    app_token: str | None = None


class House:
    """Everything that runs in this process. `start` it, `wait`, `stop` it; or use it as a context manager.

    `practice_port` 0 takes any free port. Raises Misconfigured before anything runs when an address cannot be had or
    the practice workspace would stand open to others.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        practice_port: int = 0,
        work: bool = True,
    ) -> None:
        self.runtime, self.work = runtime, work
        refuse_open_practice(runtime.settings.practice, host)
        self.server = Server(host, port)
        runtime.address = self.server.url
        try:
            self.practice = _standin(runtime, practice_port) if runtime.settings.practice else None
        except Misconfigured:
            self.server.stop()
            raise
        self.worker: EmbeddedWorker | None = None
        self._socket_mode: Any = None
        self._ended = threading.Event()
        self._librarian = threading.Thread(target=self._mind_the_shelf, name="librarian", daemon=True)

    @property
    def url(self) -> str:
        """Where this machine reaches the bot's HTTP server."""
        return self.server.url

    def start(self) -> None:
        """Start everything, and return once alerts are taken. What fails is raised with nothing left running."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def wait(self, *, ready: Callable[[], None] | None = None) -> None:
        """Return when TERM or INT arrives; `ready` is called once they are caught. For the main thread."""
        wait_for_signal(self._ended, ready=ready)

    def stop(self) -> None:
        """Take nothing new, let what is in flight end, show what is not shown yet, and let go of everything."""
        self._ended.set()
        self.runtime.stopping.set()
        for end in (self._stop_worker, self._stop_poster, self.server.stop, self._stop_practice, self.runtime.close):
            try:
                end()
            except Exception:  # one part that does not stop must not keep the others from it
                log.exception("stopping: a part did not end well")

    def __enter__(self) -> House:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # ---- the order of things

    def _start(self) -> None:
        runtime = self.runtime
        runtime.prepare_database()
        _ = runtime.engine  # made here, before several threads could make one each
        for problem in runtime.shelf.problems:
            log.warning("runbooks: %s", problem)
        if self.practice is not None:
            self.practice.start()
        door = self._start_slack(_slack_of(runtime, self.practice))
        if self.work:
            self._start_worker()
        self._librarian.start()
        self.server.start(create_app(runtime, door))

    def _start_slack(self, slack: Slack) -> SlackDoor | None:
        from bot.poster import Poster
        from bot.slack.app import build_app
        from bot.slack.client import slack_client
        from bot.slack.verify import slack_door

        runtime, client = self.runtime, slack_client(slack.bot_token, slack.api_url)
        poster = Poster(runtime.store, client, runtime.settings, link_to=runtime.link_to, clock=runtime.clock)
        app = build_app(runtime, client, poster)
        runtime.poster = poster
        poster.start()
        if slack.app_token is None:
            return slack_door(app, runtime.store, slack.signing_secret, runtime.clock)
        self._socket_mode = _socket_mode(app, slack.app_token, client)
        return None

    def _start_worker(self) -> None:
        from workers.embedded import EmbeddedWorker

        runtime = self.runtime
        queues = tuple(sorted({system.queue for system in runtime.inventory.systems.values() if system.queue}))
        worker = EmbeddedWorker(runtime.engine, queues)
        worker.start()
        self.worker = worker
        runtime.swept_at = lambda: worker.sweeper.last

    def _mind_the_shelf(self) -> None:
        """Take up edited runbooks while running."""
        while not self._ended.wait(SHELF_EVERY):
            try:
                if self.runtime.shelf.refresh():
                    for problem in self.runtime.shelf.problems:
                        log.warning("runbooks: %s", problem)
            except (Misconfigured, OSError) as why:
                log.warning("the runbooks were not read again: %s", why)

    def _stop_worker(self) -> None:
        if self.worker is not None:
            self.worker.stop()

    def _stop_poster(self) -> None:
        poster = self.runtime.poster
        if self._socket_mode is not None:
            self._socket_mode.close()
        if poster is None:
            return
        deadline = time.monotonic() + DRAIN
        while poster.problem is None and self._unshown() and time.monotonic() < deadline:
            poster.wake()
            time.sleep(0.05)
        poster.stop()

    def _unshown(self) -> int:
        behind = select(func.count()).select_from(Incident)
        try:
            with self.runtime.store.read() as session:
                counted = behind.where(col(Incident.revision) != col(Incident.shown_revision))
                return session.scalar(counted) or 0
        except StoreUnavailable:
            return 0

    def _stop_practice(self) -> None:
        if self.practice is not None:
            self.practice.stop()


def wait_for_signal(ended: threading.Event | None = None, *, ready: Callable[[], None] | None = None) -> None:
    """Return when TERM or INT arrives; a second one ends the process at once. For the main thread.

    `ready` is called once the signals are caught: whoever hears of the process from it may stop it at once.
    """
    ended = ended or threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        if ended.is_set():
            raise SystemExit(128 + number)
        log.info("stopping (%s)", signal.Signals(number).name)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    if ready is not None:
        ready()
    while not ended.wait(1.0):
        pass


def refuse_open_practice(practice: bool, host: str) -> None:
    """The practice workspace lets whoever reaches it approve; so it is for this machine alone."""
    if practice and not _is_loopback(host):
        raise Misconfigured(
            f"SLACK_BOT_TOKEN is not set, so this would be the practice workspace, and that is for this machine alone: "
            f"set the Slack tokens, or leave out --host {host}"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _standin(runtime: Runtime, port: int) -> Standin:
    from bot.slack import commands
    from bot.standin import Standin

    def secret(name: str) -> str:
        return secret_named(runtime.settings.home, f"practice-{name}")

    return Standin(
        runtime.settings.home,
        f"{runtime.address}/slack/events",
        port=port,
        token=secret("page-token"),
        signing_secret=secret("signing-secret"),
        bot_token="xoxb-" + secret("bot-token"),
        commands=[_entry(name, sorted({entry.name for entry in commands.verbs(name).values()})) for name in COMMANDS],
    )


def _entry(name: str, verbs: list[str]) -> dict[str, Any]:
    return {
        "command": f"/{name}",
        "description": COMMANDS[name],
        "usage_hint": " | ".join(verbs),
        "should_escape": True,
    }


def _slack_of(runtime: Runtime, practice: Standin | None) -> Slack:
    settings, home = runtime.settings, runtime.settings.home
    if practice is not None:
        return Slack(
            "xoxb-" + secret_named(home, "practice-bot-token"),
            secret_named(home, "practice-signing-secret"),
            practice.api_url,
        )
    assert settings.slack_bot_token is not None
    signing, app = settings.slack_signing_secret, settings.slack_app_token
    return Slack(
        settings.slack_bot_token.get_secret_value(),
        signing.get_secret_value() if signing else "",
        settings.slack_api_url,
        app.get_secret_value() if app else None,
    )


def _socket_mode(app: Any, app_token: str, client: WebClient) -> Any:
    """A connection that Slack sends requests through. It takes itself up again when it breaks."""
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    # With the library's own ping interval a cut connection is noticed after a minute; with one second, after six.
    handler = SocketModeHandler(app, app_token, web_client=client, ping_interval=1)
    handler.connect()  # type: ignore[no-untyped-call] # slack_bolt leaves this one unannotated
    return handler
