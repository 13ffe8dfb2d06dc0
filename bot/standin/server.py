"""The practice workspace as something to start and stop."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from bot.standin import roster
from bot.standin.acts import Actor
from bot.standin.asgi import application
from bot.standin.deliver import PATIENCE, Postman
from bot.standin.faults import Fault, Faults, Violations
from bot.standin.installation import Installation, commands_of, of_manifest
from bot.standin.limits import Limits, Pace
from bot.standin.store import Json, Store
from bot.standin.workspace import CallRecord, Ping, Workspace
from incidents.errors import Misconfigured, NotFound

START_SECONDS = 10.0


class Standin:
    """A practice workspace on a loopback port.

    `deliver_to` is the bot's address for commands, clicks and events. What the app brings along (commands, shortcuts,
    subscriptions) comes from its `manifest`, or from `commands` and `events`. Raises Misconfigured for an address that
    others could reach, or a port that is taken.
    """

    def __init__(
        self,
        home: Path,
        deliver_to: str,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        token: str,
        signing_secret: str,
        bot_token: str,
        manifest: Mapping[str, Any] | None = None,
        commands: Sequence[Mapping[str, Any] | str] = (),
        events: Collection[str] = (),
        pace: Pace | None = None,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._socket = _listening(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._store = Store(home / "practice.db", clock)
        violations = Violations(clock)
        self.workspace = Workspace(
            store=self._store,
            installation=_installation(manifest, commands, events),
            postman=Postman(deliver_to, signing_secret, violations, clock, patience),
            limits=Limits(pace or Pace(), clock),
            violations=violations,
            faults=Faults(),
            clock=clock,
            token=token,
            bot_token=bot_token,
            base_url=f"http://{_in_url(host)}:{self.port}",
        )
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # Running

    def start(self) -> None:
        """Serve in a thread of its own. Returns when requests are answered."""
        app = application(self.workspace, self.port)
        config = uvicorn.Config(
            app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="practice-workspace", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.005)
        if not self._server.started:
            raise Misconfigured(f"the practice workspace did not start on port {self.port}")

    def stop(self) -> None:
        """Stop serving and let go of the file. Messages stay."""
        self.workspace.hub.close()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(START_SECONDS)
        self._socket.close()
        self.workspace.postman.close()
        self._store.close()

    def __enter__(self) -> Standin:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Addresses

    @property
    def url(self) -> str:
        """The page, for somebody who has been there before."""
        return self.workspace.base_url + "/"

    @property
    def page_url(self) -> str:
        """The page, with the token that the first visit needs."""
        return f"{self.url}?token={self.workspace.token}"

    @property
    def api_url(self) -> str:
        """Slack's Web API: `WebClient(base_url=...)`, `SLACK_API_URL`."""
        return f"{self.url}api/"

    # Who and what is there

    @property
    def people(self) -> Mapping[str, roster.Person]:
        """People by first name in lower case."""
        return {person.name: person for person in roster.PEOPLE}

    @property
    def channels(self) -> Mapping[str, str]:
        """Ids of channels by name."""
        return {channel["name"]: channel["id"] for channel in self._store.channels() if channel.get("name")}

    def person(self, name: str) -> Actor:
        """Somebody who can talk and click: `standin.person("alice").say(...)`. Raises NotFound."""
        found = self.people.get(name)
        if found is None:
            raise NotFound(f"nobody here is called {name}")
        return Actor(self.workspace, found.id)

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Json]:
        """What stands in a channel (by name), oldest first; or in one of its threads."""
        channel_id = self.channels[channel]
        if thread_ts:
            found = self._store.replies(channel_id, thread_ts)
        else:
            found = self._store.history(channel_id, limit=1000)[::-1]
        return [self.workspace.shown(channel_id, message) for message in found]

    def ephemerals(self, channel: str, person: str) -> list[Json]:
        """What only that person sees in a channel."""
        seen = self._store.seen_by(self.people[person].id, self.channels[channel], 1000)
        return [message for message in seen if "only_for" in message]

    def views(self, person: str) -> list[Json]:
        """Modals that the person has open, the topmost last."""
        return self.workspace.views.stack_of(self.people[person].id)

    # For tests and game days

    @property
    def violations(self) -> Violations:
        """What the app did that a correct one does not do."""
        return self.workspace.violations

    @property
    def pings(self) -> list[Ping]:
        """Whose phone made a sound, and why."""
        return list(self.workspace.pings)

    @property
    def calls(self) -> list[CallRecord]:
        """Every call of the Web API."""
        return list(self.workspace.calls)

    @property
    def acks(self) -> list[tuple[str, float]]:
        """What was delivered to the app, and in how many seconds it answered."""
        return list(self.workspace.postman.acks)

    def fail_next(
        self, method: str, what: str | int, times: int = 1, *, done: bool = False, retry_after: int = 1
    ) -> None:
        """Let the next calls of `method` (`*`: any) go wrong.

        `what` is a Slack error code, an HTTP status, RESET (the connection breaks) or TIMEOUT (no answer). With `done`
        the call is carried out and only its answer is lost.
        """
        self.workspace.faults.add(method, Fault(what, done, retry_after), times)

    def install(self, manifest: Mapping[str, Any]) -> None:
        """Take the app's manifest anew, as after a reinstallation."""
        self.workspace.installation = of_manifest(manifest)
        self.workspace.hub.publish({"type": "reload"})


def _installation(
    manifest: Mapping[str, Any] | None, commands: Sequence[Mapping[str, Any] | str], events: Collection[str]
) -> Installation:
    found = of_manifest(manifest) if manifest is not None else Installation()
    return replace(found, commands=(*found.commands, *commands_of(commands)), events=found.events | frozenset(events))


def _listening(host: str, port: int) -> socket.socket:
    if not _is_loopback(host):
        raise Misconfigured(f"the practice workspace listens on loopback only, not on {host}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise Misconfigured(f"the practice workspace cannot listen on {host}:{port}: {error.strerror}") from error
    return listening


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
