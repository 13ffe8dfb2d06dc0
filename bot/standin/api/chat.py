"""chat.postMessage, update, delete, postEphemeral, getPermalink."""

from __future__ import annotations

from typing import Any

from bot.standin.api import Call, method
from bot.standin.blocks import faults_of_message, too_long
from bot.standin.errors import Refused, invalid_arguments, invalid_blocks
from bot.standin.roster import BOT, EVERYBODY
from bot.standin.store import Json
from bot.standin.workspace import of_bot

LONGEST_TEXT = 40_000
LONGEST_UPDATE = 4_000
MOST_ATTACHMENTS = 100


@method("chat.postMessage", tier=None)
def post_message(call: Call) -> Json:
    """A new message of the bot, in a channel (by id or name) or to a person (by id)."""
    channel = _addressed(call)
    if channel["is_archived"]:
        raise Refused("is_archived")
    if not call.workspace.store.is_member(channel["id"], BOT.id):
        raise Refused("not_in_channel")
    message = of_bot(**content_of(call), **_thread(call, channel), **_metadata(call))
    for name in ("username", "icon_emoji"):
        if call.string(name):
            message[name] = call.string(name)
    posted = call.workspace.post(channel["id"], message)
    return {"channel": channel["id"], "ts": posted["ts"], "message": posted}


@method("chat.update")
def update(call: Call) -> Json:
    """A message of the bot in a new form. Blocks stay unless new ones, or `[]`, are given."""
    channel = call.channel()
    message = call.message(channel)
    if message.get("user") != BOT.id or message.get("subtype") in ("channel_join", "channel_topic", "channel_name"):
        raise Refused("cant_update_message")
    if channel["is_archived"]:
        raise Refused("is_inactive")
    changed = {**message, **content_of(call, message, LONGEST_UPDATE), **_metadata(call)}
    changed["edited"] = {"user": BOT.id, "ts": call.workspace.store.next_ts()}
    call.workspace.change(channel["id"], changed)
    return {"channel": channel["id"], "ts": message["ts"], "text": changed["text"], "message": changed}


@method("chat.delete")
def delete(call: Call) -> Json:
    """A message of the bot gone."""
    channel = call.channel()
    message = call.message(channel)
    if message.get("user") != BOT.id:
        raise Refused("cant_delete_message")
    call.workspace.delete(channel["id"], message["ts"])
    return {"channel": channel["id"], "ts": message["ts"]}


@method("chat.postEphemeral", tier=4)
def post_ephemeral(call: Call) -> Json:
    """A message that one person sees; it cannot be found or updated afterwards."""
    channel = call.joined()
    user = call.needed("user")
    if channel["is_archived"]:
        raise Refused("is_archived")
    if not call.workspace.store.is_member(channel["id"], user):
        raise Refused("user_not_in_channel")
    message = of_bot(**content_of(call, most=LONGEST_UPDATE), **_thread(call, channel))
    posted = call.workspace.post(channel["id"], message, only_for=user)
    return {"message_ts": posted["ts"]}


@method("chat.getPermalink", reads_json=False, paced=False)
def permalink(call: Call) -> Json:
    """The address of a message on the page."""
    channel = call.channel()
    message = call.message(channel, "message_ts")
    place = f"archives/{channel['id']}/p{message['ts'].replace('.', '')}"
    return {"channel": channel["id"], "permalink": f"{call.workspace.base_url}/{place}"}


def content_of(call: Call, before: Json | None = None, most: int = LONGEST_TEXT) -> Json:
    """Text, blocks and attachments of a message, as far as they are given. Raises Refused as Slack would."""
    text = call.string("text") or ""
    blocks = call.structure("blocks", "invalid_blocks_format")
    attachments = call.structure("attachments", "invalid_attachments")
    markdown = call.string("markdown_text")
    if markdown is not None:
        if text or blocks is not None:
            raise Refused("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": markdown}]
    checked_blocks(call, blocks)
    _check_attachments(attachments)
    if not text and not blocks and not attachments and not _keeps_blocks(blocks, before):
        raise Refused("no_text")
    if blocks and not text and markdown is None:
        call.workspace.violations.add("no_fallback_text", call.method, "blocks without a text for notifications")
    content: Json = {"text": _fitting(call, text, most)}
    for name, value in (("blocks", blocks), ("attachments", attachments)):
        if value is not None:
            content[name] = value
    return content


def _keeps_blocks(blocks: Any, before: Json | None) -> bool:
    return blocks is None and bool(before and before.get("blocks"))


def checked_blocks(call: Call, blocks: Any) -> None:
    """Raise Refused unless Slack takes these blocks (None is fine)."""
    if blocks is None:
        return
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refused("invalid_blocks_format")
    faults = faults_of_message(blocks)
    if faults:
        raise invalid_blocks(faults)
    if too_long(blocks):
        raise Refused("msg_blocks_too_long")


def _check_attachments(attachments: Any) -> None:
    if attachments is None:
        return
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise Refused("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")
    for attachment in attachments:
        faults = faults_of_message(attachment["blocks"]) if "blocks" in attachment else []
        if faults:
            raise invalid_blocks(faults)


def _fitting(call: Call, text: str, most: int) -> str:
    if len(text) <= most:
        return text
    if most == LONGEST_UPDATE:
        raise Refused("msg_too_long")
    call.warnings.append("message_truncated")
    return text[:most]


def _metadata(call: Call) -> Json:
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return {}
    if (
        not isinstance(metadata, dict)
        or not isinstance(metadata.get("event_type"), str)
        or not isinstance(metadata.get("event_payload"), dict)
    ):
        raise Refused("invalid_metadata_format")
    return {"metadata": metadata}


def _thread(call: Call, channel: Json) -> Json:
    thread = call.string("thread_ts")
    if thread is None:
        return {}
    parent = call.workspace.store.message(channel["id"], thread)
    if parent is None:
        raise Refused("thread_not_found")
    if parent.get("thread_ts", thread) != thread:
        raise invalid_arguments("must be the ts of a thread's parent, not of a reply [json-pointer:/thread_ts]")
    broadcast = {"subtype": "thread_broadcast"} if call.flag("reply_broadcast") else {}
    return {"thread_ts": thread, **broadcast}


def _addressed(call: Call) -> Json:
    target = call.needed("channel")
    store = call.workspace.store
    if target in EVERYBODY and not EVERYBODY[target].is_bot:
        return call.workspace.direct_channel(target)
    found = store.channel(target) or store.channel_named(target.removeprefix("#"))
    if found is None or not call.workspace.may_see(BOT.id, found):
        raise Refused("channel_not_found")
    return found
