"""What the app brought along when it was installed: its commands, shortcuts and event subscriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command as the composer offers it."""

    name: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A global shortcut, or one in a message's menu (`kind` "message")."""

    name: str
    callback_id: str
    kind: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts of an app manifest that the workspace acts upon. Events nobody subscribed to are not sent."""

    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    events: frozenset[str] = frozenset()
    home_tab: bool = True

    def command(self, name: str) -> Command | None:
        """The command of that name, or None."""
        return next((command for command in self.commands if command.name == name), None)

    def as_page(self) -> dict[str, Any]:
        """What the page offers: completions and menu entries."""
        return {
            "commands": [
                {"name": c.name, "description": c.description, "usage_hint": c.usage_hint} for c in self.commands
            ],
            "shortcuts": [
                {"name": s.name, "callback_id": s.callback_id, "type": s.kind, "description": s.description}
                for s in self.shortcuts
            ],
            "home_tab": self.home_tab,
        }


def of_manifest(manifest: Mapping[str, Any]) -> Installation:
    """Read an app manifest (the JSON form that Slack's "create from manifest" takes)."""
    features = manifest.get("features", {})
    settings = manifest.get("settings", {})
    return Installation(
        commands=commands_of(features.get("slash_commands", ())),
        shortcuts=tuple(
            Shortcut(s["name"], s["callback_id"], s["type"], s.get("description", ""))
            for s in features.get("shortcuts", ())
        ),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
        home_tab=bool(features.get("app_home", {}).get("home_tab_enabled", False)),
    )


def commands_of(entries: Sequence[Mapping[str, Any] | str]) -> tuple[Command, ...]:
    """Slash commands from manifest entries, or from bare names."""
    return tuple(
        Command(entry)
        if isinstance(entry, str)
        else Command(
            entry["command"],
            entry.get("description", ""),
            entry.get("usage_hint", ""),
            bool(entry.get("should_escape", False)),
        )
        for entry in entries
    )
