"""`kill -9` of `midwatch up` at any moment of an incident, then a restart: the story goes on, nothing happens twice.

Twelve kills in three stories whose moments are drawn from fixed seeds, one in the middle of a fix, and
three in a storm of alerts.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from incidents.models import AlertRow, Incident
from incidents.store import Store
from tests.conftest import free_port, wait_until
from tests.scenarios.lamp import API_TOKEN, FIX, OTHER_FIX, Lamp, dark_lamp, post_alert
from tests.scenarios.practice import Practice
from tests.scenarios.program import Program, account

MOMENTS = ("taken", "checking", "asked", "approved", "fixing", "fixed", "mended", "ended")
KILLS, SEEDS = 4, (1, 3, 7)
"""Kills in each story, and the stories. Together these seeds strike at every moment once or more."""

LATEST = 0.25
"""Seconds after a moment within which the process is killed; the fix takes longer than that."""


class Watch:
    """A `midwatch up` that is killed and started again, always on the same home and ports."""

    def __init__(self, lamp: Lamp) -> None:
        self.lamp, port, practice = lamp, free_port(), free_port()
        self.url, self.practice_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{practice}"
        arguments = ("up", "--port", str(port), "--practice-port", str(practice))
        self.program = Program(lamp.folder, *arguments, **lamp.environment)
        self._practice: Practice | None = None

    def start(self) -> None:
        self.program.start()
        self.program.until_ready(self.url)

    def kill(self, after: float) -> None:
        time.sleep(after)
        self.program.kill()

    def end(self) -> None:
        self.program.end()
        if self._practice is not None:
            self._practice.close()

    @property
    def practice(self) -> Practice:
        if self._practice is None:
            token = (self.lamp.folder / "home" / "practice-page-token").read_text().strip()
            self._practice = Practice(self.practice_url, token)
        return self._practice

    def account(self) -> dict[str, Any]:
        return account(self.url, API_TOKEN)

    def steps(self, command: str) -> list[dict[str, Any]]:
        """The rows of a command, in every round."""
        return [s for run in self.account().get("runs", []) for s in run["steps"] if s["text"] == command]

    def state(self, command: str) -> str:
        """Where the newest row of a command is."""
        found = self.steps(command)
        return str(found[-1]["state"]) if found else ""


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with dark_lamp(tmp_path, seconds=0.8) as lamp:
        watch = Watch(lamp)
        yield watch
        watch.end()


class Story:
    """An incident from its alert to its end, driven from outside; at the moments of `kills` the process dies."""

    def __init__(self, watch: Watch, kills: dict[str, float]) -> None:
        self.watch, self.lamp, self.kills = watch, watch.lamp, kills
        self.card = ""

    def moment(self, name: str) -> None:
        if name in self.kills:
            self.watch.kill(self.kills[name])
            self.watch.start()

    def play(self) -> None:
        assert post_alert(self.watch.url) == 202
        self.moment("taken")
        wait_until(lambda: self.lamp.has("look begun"), "the checks did not begin", 40)
        self.moment("checking")
        self.wait_for("step_approve")
        self.card = str(self.watch.practice.cards()[0]["ts"])
        self.moment("asked")
        self.fix(FIX)
        wait_until(lambda: self.watch.account()["status"] == "mitigated", "the lamp was not mended", 40)
        self.moment("mended")
        assert post_alert(self.watch.url, status="resolved") == 202
        self.moment("ended")
        wait_until(lambda: self.watch.account()["status"] == "resolved", "the incident was not resolved", 40)

    def fix(self, command: str) -> None:
        """Approve a fix and see it to its end; what nobody saw end is settled as a person would."""
        self.watch.practice.press("step_approve", self.card)
        self.moment("approved")
        self.until_begun(command)
        self.moment("fixing")
        wait_until(lambda: self.has_gone(command), f"{command} did not end", 40)
        self.moment("fixed")
        wait_until(lambda: self.watch.state(command) in ("succeeded", "unknown"), f"{command} stays open", 40)
        if self.watch.state(command) == "unknown":
            self.settle(command)

    def until_begun(self, command: str) -> None:
        """Wait for a fix to begin. A click that died with the process is clicked again: the card still asks."""
        states = ("ready", "running", "succeeded", "unknown")
        wait_until(lambda: self.watch.state(command) in states or self.watch.practice.offers("step_approve"), "stuck")
        if self.watch.state(command) == "awaiting_approval":
            self.watch.practice.press("step_approve", self.card)
        wait_until(lambda: self.lamp.begun(command) > 0 or self.watch.state(command) == "unknown", "no start", 40)

    def has_gone(self, command: str) -> bool:
        """Whether the fix is over, or never began."""
        return self.lamp.ended(command) > 0 or (self.watch.state(command) == "unknown" and not self.lamp.begun(command))

    def settle(self, command: str) -> None:
        """The card asks what became of the fix. Look at the lamp and say so."""
        if self.lamp.ended(command):
            self.watch.practice.press("step_worked", self.card)
        else:
            self.watch.practice.press("step_failed", self.card)
            self.fix(OTHER_FIX)

    def wait_for(self, action: str) -> None:
        wait_until(lambda: self.watch.practice.offers(action), f"the card had no button {action}", 40)


def drawn(seed: int) -> dict[str, float]:
    """Which moments of the story a seed kills at, and how many seconds after each."""
    dice = random.Random(seed)
    return {moment: dice.uniform(0, LATEST) for moment in dice.sample(MOMENTS, KILLS)}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", SEEDS)
def test_whenever_it_is_killed_the_story_goes_on_and_nothing_happens_twice(watch: Watch, seed: int) -> None:
    watch.start()
    Story(watch, drawn(seed)).play()

    told = watch.account()
    approved = [approval for approval in told["approvals"] if approval["decision"] == "approved"]
    assert len(approved) == len({approval["step_id"] for approval in approved})
    for command in (FIX, OTHER_FIX):
        mine = [step for step in watch.steps(command) if step["id"] in {a["step_id"] for a in approved}]
        assert watch.lamp.begun(command) <= len(mine) <= 1
        assert all(step["attempt"] <= 1 for step in mine)
    assert told["chain"]["faults"] == []
    assert [alert["status"] for alert in told["alerts"]] == ["resolved"]
    until_shown(watch)
    assert len(watch.practice.cards()) == 1
    assert watch.practice.said_twice() == []
    assert "Traceback" not in watch.program.said()


def until_shown(watch: Watch) -> None:
    """Wait for the card's last state: nothing to press any more."""
    wait_until(lambda: "Resolved" in str(watch.practice.cards()[0]["blocks"]), "the card is behind", 40)


@pytest.mark.timeout(120)
def test_a_fix_in_flight_becomes_unknown_and_only_a_person_goes_on(watch: Watch) -> None:
    watch.start()
    story = Story(watch, {})
    assert post_alert(watch.url) == 202
    story.wait_for("step_approve")
    card = watch.practice.cards()[0]["ts"]
    watch.practice.press("step_approve", card)
    wait_until(lambda: watch.lamp.begun(FIX) == 1, "the fix did not begin", 40)
    watch.kill(0.0)
    watch.start()

    story.wait_for("step_worked")
    (asked,) = watch.practice.cards()
    assert "It may or may not have finished" in str(asked["blocks"])
    assert watch.state(FIX) == "unknown"
    assert watch.steps(OTHER_FIX)[0]["state"] == "planned"
    assert watch.account()["status"] == "triggered"
    wait_until(lambda: watch.lamp.ended(FIX) == 1, "the script was killed with its worker", 20)

    watch.practice.press("step_worked", card)
    wait_until(lambda: watch.account()["status"] == "mitigated", "its checks did not run again", 40)
    assert watch.state(FIX) == "marked_ok"
    assert watch.lamp.begun(FIX) == 1
    assert "U0ALICE says it worked" in str(watch.account()["timeline"])


@pytest.mark.timeout(120)
def test_a_stop_lets_the_fix_in_flight_end_and_the_next_start_takes_the_story_up(watch: Watch) -> None:
    watch.start()
    story = Story(watch, {})
    assert post_alert(watch.url) == 202
    story.wait_for("step_approve")
    watch.practice.press("step_approve", watch.practice.cards()[0]["ts"])
    wait_until(lambda: watch.lamp.begun(FIX) == 1, "the fix did not begin", 40)
    assert watch.program.stop() == 0, watch.program.said()
    assert watch.lamp.ended(FIX) == 1
    watch.start()
    assert watch.state(FIX) == "succeeded"
    wait_until(lambda: watch.account()["status"] == "mitigated", "its checks did not run", 40)
    assert watch.lamp.begun(FIX) == 1
    assert "Traceback" not in watch.program.said()


@pytest.mark.timeout(120)
def test_every_alert_that_was_answered_with_2xx_is_there_and_is_looked_at(watch: Watch) -> None:
    taken: list[str] = []
    stop = threading.Event()
    senders = [threading.Thread(target=send, args=(watch.url, f"s{n}", taken, stop)) for n in range(3)]
    for sender in senders:
        sender.start()
    try:
        for after in (0.4, 0.1, 0.7):
            watch.start()
            before = len(taken)
            wait_until(lambda before=before: len(taken) > before + 3, "no alert was taken", 40)  # type: ignore[misc]
            watch.kill(after)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    watch.start()

    with Store(f"sqlite:///{watch.lamp.folder / 'home' / 'midwatch.db'}") as store:
        with store.read() as session:
            kept = set(session.scalars(select(col(AlertRow.dedup_key))))
        assert set(taken) <= kept
        wait_until(lambda: untriaged(store) == 0, "alerts wait for their triage", 40)


def send(url: str, name: str, taken: list[str], stop: threading.Event) -> None:
    """Post one alert after the other, and note those that were accepted. Nobody there is tried again."""
    number = 0
    while not stop.wait(0.03):
        key = f"{name}-{number}"
        try:
            if 200 <= post_alert(url, key, title=f"Alert {key}") < 300:
                taken.append(key)
                number += 1
        except httpx.TransportError:
            continue


def untriaged(store: Store) -> int:
    waiting = select(func.count()).select_from(Incident).where(col(Incident.triaged_at).is_(None))
    with store.read() as session:
        return session.scalar(waiting) or 0
