"""`midwatch demo`: the whole story on one machine, with nothing made up.

A small service runs as a child process, a monitor watches it, and Midwatch stands ready with its runbook. The
service is killed. What follows is what would follow anywhere: alert, checks, verdict, a fix that waits for a click, the
checks again, the end of the alert, the post-mortem.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from bot.account import account_of
from bot.console.output import Toned, complain, say, say_json
from bot.demo.monitor import Monitor
from bot.house import House
from bot.runtime import Runtime
from incidents import postmortem
from incidents.errors import MidwatchError, Misconfigured
from incidents.settings import Settings, load_settings

PATIENCE = 60.0
"""Seconds that a stage of the story may take before it is held to have failed."""

VISIT = 8.0
"""Seconds that the fault waits for somebody to open the page."""

STAGES = {
    "opened": "the alert opened the incident",
    "verdict": "the checks were in, and said what is wrong",
    "asked": "the fix was put before people",
    "approved": "somebody approved it",
    "fixed": "the fix had run",
    "mitigated": "the checks passed again",
    "resolved": "the alert ended and resolved the incident",
}


class Failed(MidwatchError):
    """A stage of the story did not come."""


class Demo:
    """The little system and the Midwatch that looks after it, in one folder."""

    def __init__(self, home: Path, told: Callable[[str], None]) -> None:
        self.home, self.told = _emptied(home), told
        self.shop, self.port = home / "storefront", _free_port()
        settings = self._furnished()
        self.runtime = Runtime(settings)
        self.house = House(self.runtime, port=0)
        assert self.house.practice is not None
        self.practice = self.house.practice
        self._opened: subprocess.Popen[bytes] | None = None
        self.monitor = Monitor(self.health_url, self.webhook_url, self.runtime.webhook_token, self._heard)

    @property
    def health_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/health"

    @property
    def webhook_url(self) -> str:
        return f"{self.house.url}/webhooks/alertmanager"

    @contextmanager
    def running(self) -> Iterator[None]:
        """The service as our child, Midwatch, and the monitor; all of them gone at the end."""
        with ExitStack() as ended:
            ended.callback(self._close_shop)
            self._open_shop()
            ended.enter_context(self.house)
            self.monitor.start()
            ended.callback(self.monitor.stop)
            yield

    # ---- the little system

    def _furnished(self) -> Settings:
        """Write the service, its runbook and its inventory; return settings that know nothing but them."""
        self.shop.mkdir(parents=True)
        script = self.shop / "storefront"
        script.write_text(f"#!{sys.executable}\n{_resource('storefront.py')}")
        script.chmod(0o755)
        (self.shop / "storefront.json").write_text(f'{{"port": {self.port}}}\n')
        runbooks = self.home / "runbooks"
        runbooks.mkdir()
        (runbooks / "storefront.md").write_text(_resource("storefront.md"))
        inventory = self.home / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"systems": {"storefront": self._system()}}, sort_keys=False))
        alone: dict[str, Any] = {name: None for name in Settings.model_fields if name.startswith("slack_")}
        return load_settings(
            home=self.home, database_url="", broker_url="memory://", redis_url=None, public_url=None, approvers=(),
            channel="incidents", runbooks=runbooks, inventory=inventory, webhook_token=None, api_token=None, **alone,
        )  # fmt: skip

    def _system(self) -> dict[str, Any]:
        return {
            "services": ["storefront"],
            "http": {"localhost:8080": f"http://127.0.0.1:{self.port}"},
            "host": "local",
            "workdir": str(self.shop),
            "vars": {"port": str(self.port)},
            "live": "read_only",
        }

    def _open_shop(self) -> None:
        self._opened = subprocess.Popen([sys.executable, self.shop / "storefront", "serve"], stdin=subprocess.DEVNULL)
        self.until(self.is_well, "the storefront to open")

    def _close_shop(self) -> None:
        child = self.child()  # the one that we opened, or the one that the fix started
        if child is not None:
            child.terminate()
        if self._opened is not None and self._opened.poll() is None:
            self._opened.terminate()

    def child(self) -> psutil.Process | None:
        """The service's process as the system sees it; None when it is gone."""
        try:
            process = psutil.Process(int((self.shop / "storefront.pid").read_text()))
            alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            return process if alive and "serve" in process.cmdline() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def is_well(self) -> bool:
        """A look from outside: the process lives and answers."""
        try:
            return self.child() is not None and httpx.get(self.health_url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    # ---- the story

    def plant_fault(self) -> int:
        """Kill the service. Returns its process id."""
        child = self.child()
        if child is None:
            raise Failed("the storefront was not running before the fault")
        os.kill(child.pid, signal.SIGKILL)
        if self._opened is not None:
            self._opened.wait(timeout=PATIENCE)  # else it would stay behind as a zombie
        self.told(f"process {child.pid} of the storefront was killed")
        return child.pid

    def approve(self) -> None:
        """Press the button as Alice does, in the practice workspace."""
        channel = self.practice.channels["incidents"]
        shown: list[str] = []

        def offered() -> bool:
            shown[:] = [m["ts"] for m in self.practice.messages("incidents") if _has_button(m, "step_approve")]
            return bool(shown)

        self.until(offered, "the fix to be offered")
        self.practice.person("alice").click(channel, shown[0], "step_approve")

    def until(self, ready: Callable[[], object], what: str) -> None:
        """Return when `ready` says so; raise Failed when it does not within `PATIENCE`."""
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > deadline:
                raise Failed(f"waited {PATIENCE:.0f} s in vain for {what}")
            time.sleep(0.02)

    def account(self) -> dict[str, Any]:
        """Everything on record of the first incident; empty before there is one."""
        with self.runtime.store.read() as session:
            try:
                return account_of(session, 1)
            except MidwatchError:
                return {}

    def is_over(self) -> bool:
        """Whether the alert has ended, and the run has seen its fix and the checks after it to their end."""
        account = self.account()
        return account.get("status") == "resolved" and all(run["state"] == "finished" for run in account["runs"])

    def has_failed(self) -> bool:
        """Whether the run ended and the checks still fail, so that nothing more would come by itself."""
        account = self.account()
        runs = account.get("runs", [])
        ended = bool(runs) and all(run["state"] == "finished" for run in runs)
        return ended and account["mitigated_at"] is None

    def write_postmortem(self) -> Path:
        folder = self.home / "postmortems"
        folder.mkdir(exist_ok=True)
        path = folder / "INC-1.md"
        with self.runtime.store.read() as session:
            path.write_text(postmortem.render(session, 1))
        return path

    def _heard(self, status: str) -> None:
        self.told(f"the monitor posts: StorefrontDown is {status}")


def play(*, once: bool = False, json: bool = False) -> int:
    """Play the story. Returns the exit code: with `once`, 0 only if the fault was found and is mended.

    `once` approves the fix itself and ends; without it the story waits for a person and goes on until Ctrl-C.
    `json` prints one document at the end.
    """
    home = load_settings().home / "demo"
    told = complain if json else lambda text: say(Toned("  " + text, "idle"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the storefront does not outlive us
    demo = Demo(home.resolve(), told)
    try:
        with demo.running():
            return _once(demo, json) if once else _with_a_person(demo)
    except Failed as failure:
        complain(f"the demo failed: {failure}")
        return 1
    except KeyboardInterrupt:
        return 0


def _once(demo: Demo, json: bool) -> int:
    killed, planted = demo.plant_fault(), datetime.now(UTC)
    demo.approve()
    demo.until(lambda: demo.is_over() or demo.has_failed(), "the incident to be resolved")
    if demo.has_failed():
        raise Failed(f"the fix did not mend it: {demo.account()['verdict']}")
    account, path = demo.account(), demo.write_postmortem()
    child, well = demo.child(), demo.is_well()
    mended = well and child is not None and child.pid != killed and account["mitigated_at"] is not None
    stages = stages_of(account, planted)
    if json:
        seen = {"pid": child.pid if child else None, "killed_pid": killed, "answers": well}
        steps = [step for run in account["runs"] for step in run["steps"]]
        say_json(
            {"ok": mended, "stages": stages, "incident": {k: v for k, v in account.items() if k != "runs"},
             "steps": steps, "child": seen, "postmortem": str(path)}
        )  # fmt: skip
    else:
        for stage in stages:
            say(f"  {stage['seconds']:7.2f} s  {stage['what']}")
        say(f"  {account['verdict']}")
        say(f"  post-mortem: {path}")
    return 0 if mended else 1


def _with_a_person(demo: Demo) -> int:
    url = demo.practice.page_url
    say(Toned("The practice workspace is open at", "bold"))
    say(f"  {url}")
    say("You are Alice, who is on call. In a moment something breaks; stop with Ctrl-C.")
    if _has_a_screen():
        webbrowser.open(url)
    deadline = time.monotonic() + VISIT
    while time.monotonic() < deadline and not demo.practice.workspace.hub.is_watched:
        time.sleep(0.1)
    time.sleep(2)
    demo.plant_fault()
    told = 0
    while not demo.is_over():
        told = _tell_news(demo, told)
        time.sleep(0.2)
    _tell_news(demo, told)
    say(Toned("Over.", "ok"), " The post-mortem:")
    say(f"  {demo.write_postmortem()}")
    say(f"  {demo.runtime.link_to(1, 'postmortem')}")
    child = demo.child()
    say(f"To see it again: kill {child.pid if child else '<the storefront>'}. Stop with Ctrl-C.")
    demo.house.wait()
    return 0


def _tell_news(demo: Demo, told: int) -> int:
    events = demo.account().get("timeline", [])
    for event in events[told:]:
        if event["kind"] != "alert":
            demo.told(f"{event['kind']}: {event['text']}")
    return len(events)


def stages_of(account: dict[str, Any], planted: datetime) -> list[dict[str, Any]]:
    """When each stage of the story was reached, in seconds after the fault was planted."""
    found: dict[str, datetime] = {}
    for event in account["timeline"]:
        found.setdefault(_stage(event), event["at"])
    return [
        {"stage": stage, "what": what, "seconds": round((found[stage] - planted).total_seconds(), 3)}
        for stage, what in STAGES.items()
        if stage in found
    ]


def _stage(event: dict[str, Any]) -> str:
    moved = event["data"].get("to", "")
    if event["kind"] == "step" and event["data"].get("from") == "awaiting_approval":
        return "approved"
    if event["kind"] == "step" and moved == "awaiting_approval":
        return "asked"
    if event["kind"] == "step" and moved == "succeeded" and "Start the storefront" in event["text"]:
        return "fixed"
    return str(moved if event["kind"] == "status" else event["kind"])


def _has_a_screen() -> bool:
    """Where there is none, `webbrowser` would put a text browser over this very terminal, and wait for its end."""
    named = any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    return named or sys.platform in ("darwin", "win32")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_button(message: dict[str, Any], action: str) -> bool:
    elements = [e for block in message.get("blocks", []) for e in block.get("elements", [])]
    return any(element.get("action_id") == action for element in elements)


def _resource(name: str) -> str:
    return (files("bot.demo") / name).read_text(encoding="utf-8")


def _emptied(home: Path) -> Path:
    """The demo's folder, new. Only a folder that a demo made is ever removed."""
    marker = home / "this-is-a-demo"
    if home.exists() and not marker.exists():
        raise Misconfigured(f"MIDWATCH_HOME: {home} is not a folder that a demo made; move it away")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    marker.touch()
    return home
