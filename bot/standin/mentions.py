"""Whom a message notifies, and what becomes of what people type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.standin.blocks import mentionable
from bot.standin.roster import GROUPS, named

TOKEN = re.compile(
    r"<(?:@(?P<user>[UW][A-Z0-9]+)|!subteam\^(?P<group>S[A-Z0-9]+)|!(?P<all>channel|here|everyone))(?:\|[^>]*)?>"
)
LINKED_ALL = re.compile(r"(?<![\w&;/@])@(channel|here|everyone)\b")


def broadcasts(message: dict[str, Any]) -> list[str]:
    """`channel`, `here` or `everyone`, wherever the message says it in a way that Slack acts upon."""
    found = [match["all"] for text in _texts(message) for match in TOKEN.finditer(text) if match["all"]]
    found += [match[1] for text in _linked(message.get("blocks", [])) for match in LINKED_ALL.finditer(text)]
    return found + [leaf["range"] for leaf in _leaves(message.get("blocks", [])) if leaf.get("type") == "broadcast"]


def mentioned(message: dict[str, Any]) -> set[str]:
    """Ids of the people that the message names, one by one or by their group."""
    people: set[str] = set()
    for text in _texts(message):
        for match in TOKEN.finditer(text):
            if match["user"]:
                people.add(match["user"])
            people.update(_members(match["group"]))
    for leaf in _leaves(message.get("blocks", [])):
        if leaf.get("type") == "user":
            people.add(leaf["user_id"])
        if leaf.get("type") == "usergroup":
            people.update(_members(leaf["usergroup_id"]))
    return people


def _members(group_id: str | None) -> tuple[str, ...]:
    return next((group.members for group in GROUPS if group.id == group_id), ())


def _texts(message: dict[str, Any]) -> Iterator[str]:
    # With blocks, the text is only the notification: but Slack looks for mentions in it all the same.
    yield str(message.get("text") or "")
    yield from mentionable(message.get("blocks", []))


def _linked(value: Any) -> Iterator[str]:
    """Texts in which Slack links even a bare @here: mrkdwn objects that are not `verbatim`."""
    if isinstance(value, list):
        for each in value:
            yield from _linked(each)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn" and not value.get("verbatim"):
            yield str(value.get("text", ""))
        else:
            for each in value.values():
                yield from _linked(each)


def _leaves(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, dict):
        if value.get("type") in ("broadcast", "user", "usergroup"):
            yield value
        for each in value.values():
            yield from _leaves(each)


URL = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]]")
HANDLE = re.compile(r"(?<![\w&;/])@([a-z][a-z0-9_-]*)")
HASH = re.compile(r"(?<![\w&;/])#([a-z0-9_-]+)")


def escape(text: str) -> str:
    """Plain text in Slack's notation."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_sent(typed: str, channel_id: Callable[[str], str | None]) -> str:
    """What Slack makes of typed text: escaped, with people, groups, channels and addresses in angle brackets."""
    text = URL.sub(lambda m: f"<{m[0]}>", escape(typed))
    text = HANDLE.sub(lambda m: _person(m[1]) or m[0], text)
    return HASH.sub(lambda m: f"<#{found}|{m[1]}>" if (found := channel_id(m[1])) else m[0], text)


def _person(handle: str) -> str | None:
    if handle in ("channel", "here", "everyone"):
        return f"<!{handle}>"
    group = next((group for group in GROUPS if group.handle == handle), None)
    if group:
        return f"<!subteam^{group.id}|@{group.handle}>"
    person = named(handle)
    return f"<@{person.id}>" if person else None
