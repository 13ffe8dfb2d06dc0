"""A whole Midwatch for a scenario: started as `midwatch up` starts it, with people in the practice workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bot.account import account_of
from bot.house import House
from bot.runtime import Runtime
from incidents import postmortem
from incidents.errors import NotFound
from incidents.settings import load_settings
from tests.conftest import missing, wait_until

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"


class World:
    """Bot, worker and workspace in this process, and what people see and do."""

    def __init__(self, house: House) -> None:
        self.house, self.runtime = house, house.runtime
        assert house.practice is not None
        self.slack = house.practice

    @property
    def webhook(self) -> str:
        return f"{self.house.url}/webhooks/alertmanager"

    def account(self, incident_id: int = 1) -> dict[str, Any]:
        """Everything on record of an incident; empty before there is one."""
        with self.runtime.store.read() as session:
            try:
                return account_of(session, incident_id)
            except NotFound:
                return {}

    def steps(self, incident_id: int = 1) -> dict[str, dict[str, Any]]:
        """The latest row of every step that is a command, by the text of the document."""
        runs = self.account(incident_id).get("runs", [])
        return {step["text"]: step for run in runs for step in run["steps"] if step["text"]}

    def until(self, status: str, seconds: float, incident_id: int = 1) -> None:
        """Wait for an incident's status."""
        wait_until(
            lambda: self.account(incident_id).get("status") == status,
            f"INC-{incident_id} did not become {status}",
            seconds,
        )

    def card(self) -> dict[str, Any]:
        """The newest message of the bot in the channel."""
        return [m for m in self.slack.messages("incidents") if m.get("bot_id")][-1]

    def offers(self, action: str) -> bool:
        """Whether the card has such a button now."""
        found = [m for m in self.slack.messages("incidents") if m.get("bot_id")]
        return bool(found) and action in buttons(found[-1])

    def click(self, who: str, action: str) -> None:
        """Press a button of the card, once it is there."""
        wait_until(lambda: self.offers(action), f"the card had no button {action}", 30)
        self.slack.person(who).click(self.slack.channels["incidents"], self.card()["ts"], action)

    def postmortem(self, incident_id: int = 1) -> str:
        with self.runtime.store.read() as session:
            return postmortem.render(session, incident_id)


@contextmanager
def world(home: Path, runbooks: Path, systems: Mapping[str, Any], **settings: Any) -> Iterator[World]:
    """Start everything on the embedded default, with these runbooks and this inventory."""
    inventory = home / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"systems": dict(systems)}))
    runtime = Runtime(load_settings(home=home / "home", runbooks=runbooks, inventory=inventory, **settings))
    with House(runtime, port=0) as house:
        yield World(house)


def seeds() -> Path:
    """The folder of the users' own documents."""
    return SEEDS if SEEDS.is_dir() else missing("the users' documents", f"lay them at {SEEDS.parent.name}/{SEEDS.name}")


def buttons(message: Mapping[str, Any]) -> list[str]:
    """The `action_id`s that a message offers."""
    parts = [e for b in message.get("blocks", []) for e in [*b.get("elements", []), b.get("accessory", {})]]
    return [part["action_id"] for part in parts if part.get("action_id")]
