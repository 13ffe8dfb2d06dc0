"""What the app says through a `response_url`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from bot.standin.blocks import faults_of_message
from bot.standin.errors import Refused, invalid_blocks
from bot.standin.store import Json
from bot.standin.triggers import Reply
from bot.standin.workspace import Workspace, of_bot


def respond(workspace: Workspace, key: str, content_type: str, body: bytes) -> None:
    """Carry out one use of a `response_url`. Raises Refused when it is spent, late, or says nothing."""
    reply = workspace.keys.answer(key)
    given = _read(content_type, body)
    if given.get("delete_original"):
        _delete(workspace, reply)
        return
    message = _message(given)
    if given.get("replace_original") and reply.ts:
        _replace(workspace, reply, message)
        return
    in_channel = given.get("response_type") == "in_channel"
    thread = given.get("thread_ts") or (None if in_channel else reply.thread_ts)
    posted = {**message, **({"thread_ts": thread} if thread else {})}
    workspace.post(reply.channel, posted, only_for=None if in_channel else reply.user)


def _read(content_type: str, body: bytes) -> Json:
    text = body.decode("utf-8", "replace")
    if "json" not in content_type:
        text = dict(parse_qsl(text)).get("payload", text)
    try:
        given: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("invalid_payload") from None
    if not isinstance(given, dict):
        raise Refused("invalid_payload")
    return given


def _message(given: Json) -> Json:
    blocks = given.get("blocks")
    if blocks:
        faults = faults_of_message(blocks)
        if faults:
            raise invalid_blocks(faults)
    if not blocks and not given.get("text") and not given.get("attachments"):
        raise Refused("no_text")
    return of_bot(
        text=str(given.get("text") or ""),
        **{name: given[name] for name in ("blocks", "attachments") if given.get(name) is not None},
    )


def _replace(workspace: Workspace, reply: Reply, message: Json) -> None:
    if reply.ts is None:
        return
    only_for = reply.user if reply.ephemeral else None
    kept = _original(workspace, reply)
    if kept is None:
        raise Refused("message_not_found")
    changed = {name: value for name, value in kept.items() if name not in ("text", "blocks", "attachments")}
    workspace.change(reply.channel, changed | message, only_for)


def _delete(workspace: Workspace, reply: Reply) -> None:
    if reply.ts and _original(workspace, reply):
        workspace.delete(reply.channel, reply.ts, reply.user if reply.ephemeral else None)


def _original(workspace: Workspace, reply: Reply) -> Json | None:
    if reply.ts is None:
        return None
    if not reply.ephemeral:
        return workspace.store.message(reply.channel, reply.ts)
    found = workspace.store.ephemeral(reply.channel, reply.ts)
    return found[0] if found else None
