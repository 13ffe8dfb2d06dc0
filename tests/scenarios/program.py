"""`midwatch` as others run it: a process of its own, in an environment that holds nothing but what it is given."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import wait_until

MIDWATCH = Path(sys.executable).with_name("midwatch")
PATH = "/usr/local/bin:/usr/bin:/bin"


class Program:
    """One command of `midwatch`, started in `folder`. What it says is kept there, in `<name>.out` and `<name>.err`."""

    def __init__(self, folder: Path, *arguments: str, name: str = "midwatch", **environment: str) -> None:
        self.folder, self.arguments, self.name = folder, arguments, name
        self.environment = {"PATH": PATH, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> None:
        """Start it, as often as one likes one after the other; what it says is added to what it said before."""
        with self._file("out").open("ab") as out, self._file("err").open("ab") as err:
            self._process = subprocess.Popen(
                [MIDWATCH, *self.arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def kill(self) -> None:
        """`kill -9`, and nothing else: what it had started is on its own now."""
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop. Returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def end(self) -> None:
        """Whatever state it is in: let nothing of it run on."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def said(self) -> str:
        """Everything that it wrote to stdout and stderr, in all its lives."""
        return self._file("out").read_text() + self._file("err").read_text()

    def until_it_says(self, words: str, seconds: float = 40.0) -> None:
        wait_until(lambda: words in self.said() or self._is_gone(), f"{self.name} did not say {words!r}", seconds)
        assert words in self.said(), self.said()

    def until_ready(self, url: str, seconds: float = 40.0) -> None:
        """Wait until the bot at `url` takes alerts."""
        wait_until(lambda: is_ready(url) or self._is_gone(), f"{self.name} was not ready", seconds)
        assert self.process.poll() is None, self.said()

    def _is_gone(self) -> bool:
        return self.process.poll() is not None

    def _file(self, ending: str) -> Path:
        return self.folder / f"{self.name}.{ending}"


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def account(url: str, token: str, incident_id: int = 1) -> dict[str, Any]:
    """Everything on record of an incident, as the bot's JSON interface tells it; empty before there is one."""
    answer = httpx.get(f"{url}/api/incidents/{incident_id}", headers={"authorization": f"Bearer {token}"}, timeout=10)
    if answer.status_code == 404:
        return {}
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
