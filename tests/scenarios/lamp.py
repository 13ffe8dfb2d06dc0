"""A lamp that went dark, for stories in which processes die: a slow check, and slow fixes that keep count.

`look` and each fix write into a file when they begin and when they end, so that a test can strike in between and
see afterwards what was really started, whatever the database says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.workers.house import lamp

WEBHOOK_TOKEN, API_TOKEN = "webhook-" + "lamp", "api-" + "lamp"
FIX, OTHER_FIX = "./light again", "./light anew"
RUNBOOK = f"""\
# Lamp

## Incidents

### Lamp is dark (P1)

**Symptoms**: the lamp is dark

**Diagnosis**:
```bash
# Is it lit?
curl -s http://localhost:8080/health
# What does the keeper see?
./look
```

**Solution**:
```bash
# Light it
{FIX}
# Light it in another way
{OTHER_FIX}
```
"""


class Lamp:
    """The lamp's folder, and the environment of a Midwatch that looks after it. `seconds` is how long a fix takes."""

    def __init__(self, folder: Path, health: str, seconds: float) -> None:
        self.folder, self.work = folder, folder / "lamp"
        self.work.mkdir()
        self._script("look", 'echo "look begun" >> story.txt\nsleep 0.4\necho "look ended" >> story.txt\necho dark')
        lit = f'echo "$1 begun" >> story.txt\nsleep {seconds}\necho yes > lit\necho "$1 ended" >> story.txt'
        self._script("light", lit)
        (folder / "runbooks").mkdir()
        (folder / "runbooks" / "lamp.md").write_text(RUNBOOK)
        (folder / "inventory.yml").write_text(yaml.safe_dump({"systems": {"lamp": self._system(health)}}))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "MIDWATCH_HOME": str(self.folder / "home"),
            "MIDWATCH_RUNBOOKS": str(self.folder / "runbooks"),
            "MIDWATCH_INVENTORY": str(self.folder / "inventory.yml"),
            "MIDWATCH_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
            "MIDWATCH_API_TOKEN": API_TOKEN,
            "MIDWATCH_LOG_LEVEL": "WARNING",
        }

    def has(self, what: str) -> bool:
        """Whether the scripts wrote this, `look begun` for one."""
        return what in self.story()

    def story(self) -> list[str]:
        """What the scripts wrote, in order."""
        kept = self.work / "story.txt"
        return kept.read_text().splitlines() if kept.exists() else []

    def begun(self, fix: str) -> int:
        """How often a fix was really started."""
        return self.story().count(f"{fix.split()[1]} begun")

    def ended(self, fix: str) -> int:
        return self.story().count(f"{fix.split()[1]} ended")

    def put_out(self) -> None:
        (self.work / "lit").unlink(missing_ok=True)

    def _system(self, health: str) -> dict[str, Any]:
        return {
            "services": ["lamp"],
            "http": {"localhost:8080": health},
            "host": "local",
            "workdir": str(self.work),
            "safe": ["./look"],
            "approvers": ["U0ALICE"],
            "live": "read_only",
        }

    def _script(self, name: str, body: str) -> None:
        path = self.work / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


@contextmanager
def dark_lamp(folder: Path, seconds: float) -> Iterator[Lamp]:
    """A lamp whose health answers 503 until a fix has lit it."""
    server = lamp(folder / "lamp" / "lit")
    try:
        yield Lamp(folder, f"http://127.0.0.1:{server.server_port}", seconds)
    finally:
        server.shutdown()
        server.server_close()


def post_alert(url: str, key: str = "lamp-1", status: str = "firing", title: str = "Lamp is dark") -> int:
    """An alert by webhook. Returns the status of the answer; raises httpx.TransportError when there was none."""
    alert = {
        "title": title,
        "status": status,
        "severity": "critical",
        "dedup_key": key,
        "service": "lamp" if key.startswith("lamp") else "elsewhere",
        "description": "the lamp is dark",
    }
    headers = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
    return httpx.post(f"{url}/webhooks/generic", json=alert, headers=headers, timeout=10).status_code
