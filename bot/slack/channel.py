"""The channel that incidents go to: found by name or id, made when it is not there, joined when the bot is outside."""

from __future__ import annotations

import re
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.client import reason_of
from incidents.errors import Misconfigured

_ID = re.compile(r"[CG][A-Z0-9]{6,}")
KINDS = ("public_channel,private_channel", "public_channel")
"""Kinds of channels to look among; the second where the app was not given groups:read."""


def channel_id(client: WebClient, wanted: str) -> str:
    """The id of the channel, which the bot is in afterwards.

    Raises Misconfigured for a channel that cannot be had, and what the client raises when Slack is not there.
    """
    if _ID.fullmatch(wanted):
        _join(client, wanted, wanted)
        return wanted
    found = _named(client, wanted)
    if found is None:
        return _made(client, wanted)
    if not found.get("is_member"):
        _join(client, str(found["id"]), wanted)
    return str(found["id"])


def _named(client: WebClient, name: str) -> dict[str, Any] | None:
    for kinds in KINDS:
        try:
            return _search(client, name, kinds)
        except SlackApiError as refusal:
            if reason_of(refusal) != "missing_scope" or kinds == KINDS[-1]:
                raise
    return None


def _search(client: WebClient, name: str, kinds: str) -> dict[str, Any] | None:
    cursor = ""
    while True:
        page = client.conversations_list(types=kinds, exclude_archived=True, limit=1000, cursor=cursor)
        found: dict[str, Any] | None = next((one for one in page["channels"] if one.get("name") == name), None)
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if found is not None or not cursor:
            return found


def _made(client: WebClient, name: str) -> str:
    try:
        return str(client.conversations_create(name=name)["channel"]["id"])
    except SlackApiError as refusal:
        if reason_of(refusal) == "name_taken":
            why = "exists, but the bot cannot see it: it is archived, or private and the bot was not invited"
            raise Misconfigured(f"MIDWATCH_CHANNEL: #{name} {why}") from refusal
        if reason_of(refusal).startswith(("invalid_name", "restricted_action", "missing_scope")):
            raise Misconfigured(f"MIDWATCH_CHANNEL: #{name} could not be made: {reason_of(refusal)}") from refusal
        raise


def _join(client: WebClient, id_: str, name: str) -> None:
    try:
        client.conversations_join(channel=id_)
    except SlackApiError as refusal:
        reason = reason_of(refusal)
        if reason == "method_not_supported_for_channel_type":  # private: the bot is in it, or sees nothing of it
            return
        if reason in ("channel_not_found", "is_archived", "missing_scope"):
            raise Misconfigured(f"MIDWATCH_CHANNEL: the bot could not join {name}: {reason}") from refusal
        raise
