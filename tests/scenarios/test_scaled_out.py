"""`midwatch serve` and `midwatch worker` as processes of their own: they meet in PostgreSQL, and Redis is only a bell.

Slack is a practice workspace that the test starts elsewhere, reached by the variables that a real one would be.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from bot.standin import TIMEOUT, Standin
from tests.conftest import free_port, missing, wait_until
from tests.scenarios.lamp import API_TOKEN, FIX, Lamp, dark_lamp, post_alert
from tests.scenarios.program import Program, account
from tests.scenarios.world import buttons

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(240)]

SIGNING, BOT_TOKEN = "signing-" + "0123456789abcdef", "xoxb-" + "scaled-out-0123456789"


class Bell:
    """A Redis that can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        binary = shutil.which("redis-server")
        self.binary = binary or missing("redis-server", "apt-get install redis-server")
        self.folder, self.port = folder, free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            self.binary,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._rings, "Redis did not start")

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)
            self._server.terminate()
            self._server.wait(timeout=10)
            self._server = None

    def freeze(self) -> None:
        """Keep the port open and answer nobody: worse than being gone."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def _rings(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


class Installation:
    """A bot, any number of workers, their database, broker and Slack."""

    def __init__(self, lamp: Lamp, slack: Standin, bell: Bell, database: str, port: int) -> None:
        self.lamp, self.slack, self.bell = lamp, slack, bell
        self.url = f"http://127.0.0.1:{port}"
        self.shared = lamp.environment | {"MIDWATCH_DATABASE_URL": database, "MIDWATCH_BROKER_URL": bell.url}
        self.of_slack = {
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING,
            "MIDWATCH_PUBLIC_URL": self.url,
        }
        self.bot = Program(lamp.folder, "serve", "--port", str(port), name="bot", **self.shared, **self.of_slack)
        self.programs = [self.bot]

    def worker(self, name: str) -> Program:
        """One more worker, started. It gets no token of Slack's, and a home of its own."""
        environment = self.shared | {"MIDWATCH_HOME": str(self.lamp.folder / name)}
        program = Program(self.lamp.folder, "worker", name=name, **environment)
        self.programs.append(program)
        program.start()
        program.until_it_says("working on midwatch")
        return program

    def account(self, incident_id: int = 1) -> dict[str, Any]:
        return account(self.url, API_TOKEN, incident_id)

    def state(self, command: str, incident_id: int = 1) -> str:
        """Where the newest row of a command is."""
        runs = self.account(incident_id).get("runs", [])
        found = [step["state"] for run in runs for step in run["steps"] if step["text"] == command]
        return found[-1] if found else ""

    def until(self, status: str, incident_id: int = 1, seconds: float = 40) -> None:
        what = f"INC-{incident_id} did not become {status}"
        wait_until(lambda: self.account(incident_id).get("status") == status, what, seconds)

    def cards(self) -> list[dict[str, Any]]:
        return [message for message in self.slack.messages("incidents") if message.get("bot_id")]

    def press(self, action: str) -> None:
        """Alice presses a button of the newest card, once it is there."""
        wait_until(lambda: action in buttons(self.cards()[-1]) if self.cards() else False, f"no button {action}", 40)
        self.slack.person("alice").click(self.slack.channels["incidents"], self.cards()[-1]["ts"], action)

    def said(self) -> str:
        return "".join(program.said() for program in self.programs)


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    found = Bell(tmp_path)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def database(postgres_server: str) -> str:
    """An empty database: what `midwatch db upgrade` meets on the first day."""
    name = f"scaled_out_{free_port()}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgres_server}/{name}"


@pytest.fixture
def installation(tmp_path: Path, bell: Bell, database: str) -> Iterator[Installation]:
    port = free_port()
    (tmp_path / "slack").mkdir()
    slack = Standin(
        tmp_path / "slack", f"http://127.0.0.1:{port}/slack/events",
        token="page-" + "token", signing_secret=SIGNING, bot_token=BOT_TOKEN,
    )  # fmt: skip
    with slack, dark_lamp(tmp_path, seconds=1.5) as lamp:
        found = Installation(lamp, slack, bell, database, port)
        upgraded = Program(tmp_path, "db", "upgrade", name="upgrade", **found.shared)
        upgraded.start()
        assert upgraded.process.wait(timeout=60) == 0, upgraded.said()
        try:
            found.bot.start()
            found.bot.until_ready(found.url)
            yield found
        finally:
            for program in found.programs:
                program.end()


def test_bot_and_worker_play_the_story_and_a_worker_may_die_in_it(installation: Installation) -> None:
    lamp, first = installation.lamp, installation.worker("first")
    assert post_alert(installation.url) == 202
    installation.press("step_approve")
    wait_until(lambda: lamp.begun(FIX) == 1, "the fix did not begin")
    wait_until(lambda: lamp.ended(FIX) == 1, "the fix did not end")
    installation.until("mitigated")
    assert post_alert(installation.url, status="resolved") == 202
    installation.until("resolved")
    told = installation.account()
    assert told["chain"]["faults"] == []
    assert FIX in postmortem(installation)
    wait_until(lambda: "Resolved" in str(installation.cards()[-1]["blocks"]), "the card is behind")

    lamp.put_out()
    second = installation.worker("second")
    assert post_alert(installation.url, key="lamp-2") == 202
    installation.press("step_approve")
    wait_until(lambda: lamp.begun(FIX) == 2, "the second fix did not begin")
    dead, alive = (first, second) if holder(installation) == first.process.pid else (second, first)
    assert holder(installation) == dead.process.pid
    dead.kill()
    wait_until(lambda: installation.state(FIX, 2) == "unknown", "the dead worker was not noticed", 20)
    assert lamp.begun(FIX) == 2
    installation.press("step_worked")
    installation.until("mitigated", 2)
    assert alive.stop() == 0
    assert installation.bot.stop() == 0
    assert installation.slack.violations.total == 0, installation.slack.violations.as_json()
    assert "Traceback" not in installation.said()


def test_a_bot_that_dies_while_its_card_is_on_the_way_finds_it_again(installation: Installation) -> None:
    installation.slack.fail_next("chat.postMessage", TIMEOUT, done=True)
    assert post_alert(installation.url) == 202
    wait_until(lambda: len(installation.cards()) == 1, "no card came")
    installation.bot.kill()
    installation.bot.start()
    installation.bot.until_ready(installation.url)
    installation.worker("first")
    installation.press("step_approve")
    installation.until("mitigated")
    assert len(installation.cards()) == 1
    assert installation.slack.violations.total == 0, installation.slack.violations.as_json()


@pytest.mark.parametrize(("takes_away", "brings_back"), [("stop", "start"), ("freeze", "thaw")])
def test_without_redis_the_rows_are_enough(installation: Installation, takes_away: str, brings_back: str) -> None:
    installation.worker("first")
    getattr(installation.bell, takes_away)()
    assert post_alert(installation.url) == 202
    wait_until(lambda: bool(installation.account().get("runs")), "the alert was not triaged without Redis", 30)
    installation.press("step_approve")
    installation.until("mitigated")
    assert installation.lamp.begun(FIX) == 1

    assert post_alert(installation.url, status="resolved") == 202
    installation.until("resolved")

    getattr(installation.bell, brings_back)()
    installation.lamp.put_out()
    assert post_alert(installation.url, key="lamp-2") == 202
    wait_until(lambda: bool(installation.account(2).get("runs")), "the alert was not triaged after Redis came back", 30)
    assert installation.slack.violations.total == 0, installation.slack.violations.as_json()
    assert "Traceback" not in installation.said()


def postmortem(installation: Installation) -> str:
    """What `midwatch postmortem show` prints, on the same database."""
    program = Program(installation.lamp.folder, "postmortem", "show", "1", name="postmortem", **installation.shared)
    program.start()
    assert program.process.wait(timeout=30) == 0, program.said()
    return program.said()


def holder(installation: Installation) -> int:
    """The process that runs a step now."""
    url = installation.shared["MIDWATCH_DATABASE_URL"]
    with psycopg.connect(url) as session:
        row = session.execute("SELECT owner FROM step WHERE state = 'running'").fetchone()
    assert row is not None, "no step is running"
    return int(row[0].split("/")[1])
