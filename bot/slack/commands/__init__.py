"""Slash commands: one module for each verb, called `<command>_<verb>` and found by scanning this folder.

A module offers

    ALIASES: other words for the verb
    USAGE: what may follow it, for the help
    SUMMARY: what it does, in a few words
    def run(order: Order, desk: Desk) -> Message: does it, and returns the private answer

and raises MidwatchError for what cannot be done; its text is the answer then.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from rapidfuzz import process

from bot.slack import text as t
from bot.slack.cards import Message
from bot.slack.desk import Desk, Order
from incidents.errors import Rejected

COMMANDS = ("incident", "runbook")


class Verb(Protocol):
    ALIASES: tuple[str, ...]
    USAGE: str
    SUMMARY: str

    def run(self, order: Order, desk: Desk) -> Message: ...


@dataclass(frozen=True)
class Entry:
    """One verb as the help shows it."""

    name: str
    verb: Verb


@cache
def verbs(command: str) -> Mapping[str, Entry]:
    """Every word that a command understands, aliases included, with the verb behind it."""
    prefix, found = f"{command}_", {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name.startswith(prefix)):
        verb = cast(Verb, importlib.import_module(f"{__name__}.{module}"))
        entry = Entry(module.removeprefix(prefix), verb)
        found.update(dict.fromkeys((entry.name, *verb.ALIASES), entry))
    return found


def carry_out(order: Order, desk: Desk) -> Message:
    """Find the verb of an order and do it. Raises MidwatchError with the answer for what cannot be done.

    Everything but the help is for full members of the workspace.
    """
    known = verbs(order.command)
    entry = known.get(order.verb or "help")
    if entry is None:
        nearest = process.extractOne(order.verb, known.keys(), score_cutoff=60)
        hint = f"Did you mean `/{order.command} {nearest[0]}`? " if nearest else ""
        word = t.clip(t.one_line(order.verb), 60)
        raise Rejected(f"I do not know the verb {word}. {hint}`/{order.command} help` shows all.")
    if entry.name != "help":
        desk.people.admit(order.user)
    return entry.verb.run(order, desk)


def read(command: str, text: str, user: str, channel: str) -> Order:
    """A slash command as Slack sent it, read: the first word is the verb, whatever its case."""
    words = t.typed(text).split(maxsplit=1)
    verb = t.straight(words[0]).lower() if words else ""
    return Order(command, verb, words[1].strip() if len(words) > 1 else "", user, channel)


def help_of(command: str) -> Message:
    """All verbs of a command, one line each."""
    entries = dict.fromkeys(verbs(command).values())
    lines = [
        t.line(
            t.words(f"/{command} {entry.name} {entry.verb.USAGE}".rstrip(), code=True),
            t.words(
                f"  {entry.verb.SUMMARY}" + (f" (also: {', '.join(entry.verb.ALIASES)})" if entry.verb.ALIASES else "")
            ),
        )
        for entry in entries
    ]
    heading = f"What /{command} can do"
    return Message(heading, [t.rich(t.line(t.words(heading, bold=True)), t.bullets(lines))])
