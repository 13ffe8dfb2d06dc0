"""The room with the whole app in it: commands and clicks arrive signed, at the door, and are handled for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.runtime import Runtime
from bot.slack.app import build_app
from bot.slack.verify import slack_door
from incidents.settings import load_settings
from tests.bot.room import CHANNEL, SECRET, Clock, Porch, Room

RUNBOOK = """# Shop

## Troubleshooting

### API unavailable

**Symptoms**:
- the API answers 503

**Diagnosis**:
```bash
# Look at the health page
curl -f http://localhost:8000/health
```

**Solution**:
```bash
# Restart the API
docker compose restart api
```
"""
INVENTORY = """systems:
  shop:
    documents: [shop.md]
    http: {"localhost:8000": "http://127.0.0.1:9"}
"""


class Doorbell:
    """Hints as a list, instead of a worker that follows them."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, int]] = []

    def triage(self, incident_id: int) -> None:
        self.rung.append(("triage", incident_id))

    def run_step(self, step_id: int, queue: str) -> None:
        self.rung.append(("step", step_id))


class Stage(Room):
    """A room whose people can type commands and click."""

    runtime: Runtime
    porch: Porch
    hints: Doorbell

    def restart(self) -> None:
        """The bot as it comes up again: another app and another postman on the same database."""
        self.postman = self.new_postman()
        app = build_app(self.runtime, self.client, self.postman)
        self.porch.door = slack_door(app, self.runtime.store, SECRET, self.clock.now)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage on a database of its own, with one small runbook."""
    runbooks = folder / "runbooks"
    runbooks.mkdir()
    (runbooks / "shop.md").write_text(RUNBOOK)
    (folder / "inventory.yml").write_text(INVENTORY)
    clock = Clock()
    settings = load_settings(
        home=folder / "home",
        runbooks=runbooks,
        inventory=folder / "inventory.yml",
        approvers=("@oncall",),
        channel=CHANNEL,
    )
    with Runtime(settings, clock.now) as runtime, Porch() as porch:
        runtime.prepare_database()
        hints = runtime.__dict__["hints"] = Doorbell()
        with Stage(runtime.store, folder / "practice", deliver_to=porch.url, clock=clock) as made:
            made.runtime, made.porch, made.hints = runtime, porch, hints
            made.restart()
            yield made
            assert made.standin.violations.as_json()["kinds"] == {}
