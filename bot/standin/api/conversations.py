"""conversations.*: channels, who is in them, and what was said there."""

from __future__ import annotations

import re

from bot.standin.api import Call, method, page_of
from bot.standin.errors import Refused
from bot.standin.roster import BOT, EVERYBODY
from bot.standin.store import Json

LONGEST_NAME = 80
LONGEST_TOPIC = 250
GOOD_NAME = re.compile(r"[a-z0-9_-]+")


@method("conversations.create", tier=2)
def create(call: Call) -> Json:
    """A new channel whose first member is the bot."""
    name = _good_name(call)
    channel = call.workspace.create_channel(name, BOT.id, [BOT.id], private=call.flag("is_private"))
    return {"channel": _as_seen(call, channel)}


@method("conversations.info", reads_json=False)
def info(call: Call) -> Json:
    """One channel."""
    channel = _as_seen(call, call.channel())
    if call.flag("include_num_members"):
        channel["num_members"] = len(call.workspace.store.members(channel["id"]))
    return {"channel": channel}


@method("conversations.list", tier=2, reads_json=False)
def listed(call: Call) -> Json:
    """The channels that the bot may see, of the asked types (public ones by default)."""
    channels = [channel for channel in call.workspace.store.channels() if _wanted(call, channel)]
    return page_of(call, [_as_seen(call, channel) for channel in channels], "channels")


@method("users.conversations", reads_json=False)
def of_user(call: Call) -> Json:
    """The channels that a person (the bot, unless named) is a member of."""
    user = call.string("user") or BOT.id
    if user not in EVERYBODY:
        raise Refused("user_not_found")
    store = call.workspace.store
    channels = [each for each in store.channels() if _wanted(call, each) and store.is_member(each["id"], user)]
    return page_of(call, [_as_seen(call, channel) for channel in channels], "channels")


@method("conversations.members", tier=4, reads_json=False)
def members(call: Call) -> Json:
    """Who is in the channel."""
    return page_of(call, call.workspace.store.members(call.channel()["id"]), "members")


@method("conversations.join")
def join(call: Call) -> Json:
    """Let the bot join a public channel."""
    channel = _live(call.channel())
    if channel.get("is_private") or channel.get("is_im"):
        raise Refused("method_not_supported_for_channel_type")
    if call.workspace.join(channel, BOT.id):
        return {"channel": _as_seen(call, channel)}
    call.warnings.append("already_in_channel")
    return {"channel": _as_seen(call, channel)}


@method("conversations.leave")
def leave(call: Call) -> Json:
    """Take the bot out."""
    channel = _live(call.channel())
    if channel.get("is_general"):
        raise Refused("cant_leave_general")
    if not call.workspace.store.remove_member(channel["id"], BOT.id):
        return {"not_in_channel": True}
    call.workspace.note(channel["id"], BOT.id, "channel_leave", f"<@{BOT.id}> has left the channel")
    return {}


@method("conversations.invite")
def invite(call: Call) -> Json:
    """Bring people in: a comma-separated string of up to 100 ids."""
    if isinstance(call.args.get("users"), list):
        raise Refused("invalid_array_arg")
    channel = _live(call.joined())
    users = [user.strip() for user in (call.string("users") or "").split(",") if user.strip()]
    if not users:
        raise Refused("no_user")
    faults = [fault for user in users if (fault := _cannot_come(call, channel, user))]
    coming = [user for user in users if user not in {fault["user"] for fault in faults}]
    if faults and not (call.flag("force") and coming):
        raise Refused(str(faults[0]["error"]), errors=faults)
    for user in coming:
        call.workspace.join(channel, user, BOT.id)
    return {"channel": _as_seen(call, channel), **({"errors": faults} if faults else {})}


@method("conversations.kick")
def kick(call: Call) -> Json:
    """Take somebody out."""
    channel = call.joined()
    user = call.needed("user")
    if user == BOT.id:
        raise Refused("cant_kick_self")
    if user not in EVERYBODY:
        raise Refused("user_not_found")
    if not call.workspace.store.remove_member(channel["id"], user):
        raise Refused("not_in_channel")
    call.workspace.note(channel["id"], user, "channel_leave", f"<@{user}> was removed from the channel")
    return {}


@method("conversations.history")
def history(call: Call) -> Json:
    """What stands in the channel, newest first."""
    channel = call.joined()
    limit = call.number("limit", 100, 999)
    before = _ts(call, "latest") or "9"
    cursor = call.string("cursor")
    found = call.workspace.store.history(
        channel["id"],
        after=_ts(call, "oldest") or "",
        before=cursor or before,
        inclusive=call.flag("inclusive") and not cursor,
        limit=limit + 1,
    )
    more = len(found) > limit
    messages = [_as_told(call, channel, message) for message in found[:limit]]
    following = messages[-1]["ts"] if more else ""
    pins = len(call.workspace.store.pins(channel["id"]))
    return {"messages": messages, "has_more": more, "pin_count": pins, "response_metadata": {"next_cursor": following}}


@method("conversations.replies", reads_json=False)
def replies(call: Call) -> Json:
    """A thread, its parent first."""
    channel = call.joined()
    ts = call.needed("ts")
    message = call.workspace.store.message(channel["id"], ts)
    if message is None:
        raise Refused("thread_not_found")
    limit = call.number("limit", 1000, 1000)
    found = call.workspace.store.replies(
        channel["id"],
        message.get("thread_ts", ts),
        after=call.string("cursor") or _ts(call, "oldest") or "",
        before=_ts(call, "latest") or "9",
        inclusive=call.flag("inclusive"),
        limit=limit + 1,
    )
    more = len(found) > limit
    messages = [_as_told(call, channel, each) for each in found[:limit]]
    following = messages[-1]["ts"] if more else ""
    return {"messages": messages, "has_more": more, "response_metadata": {"next_cursor": following}}


@method("conversations.setTopic", tier=2)
def set_topic(call: Call) -> Json:
    """The line above the channel."""
    return _set(call, "topic")


@method("conversations.setPurpose", tier=2)
def set_purpose(call: Call) -> Json:
    """What the channel is for."""
    return _set(call, "purpose")


@method("conversations.rename", tier=2)
def rename(call: Call) -> Json:
    """Give the channel another name."""
    channel = _live(call.joined())
    if channel["creator"] != BOT.id:
        raise Refused("not_authorized")
    name = _good_name(call)
    changed = call.workspace.change_channel(
        channel, name=name, name_normalized=name, previous_names=[*channel["previous_names"], channel["name"]]
    )
    text = f'has renamed the channel from "{channel["name"]}" to "{name}"'
    call.workspace.note(channel["id"], BOT.id, "channel_name", text, old_name=channel["name"], name=name)
    call.workspace.emit({"type": "channel_rename", "channel": {"id": channel["id"], "name": name}})
    return {"channel": _as_seen(call, changed)}


@method("conversations.archive", tier=2)
def archive(call: Call) -> Json:
    """Close the channel."""
    channel = call.joined()
    if channel["is_archived"]:
        raise Refused("already_archived")
    if channel["is_general"]:
        raise Refused("cant_archive_general")
    call.workspace.note(channel["id"], BOT.id, "channel_archive", f"<@{BOT.id}> archived the channel")
    call.workspace.change_channel(channel, is_archived=True)
    call.workspace.emit({"type": "channel_archive", "channel": channel["id"], "user": BOT.id})
    return {}


@method("conversations.unarchive", tier=2)
def unarchive(call: Call) -> Json:
    """Open the channel again."""
    channel = call.channel()
    if not channel["is_archived"]:
        raise Refused("not_archived")
    call.workspace.change_channel(channel, is_archived=False)
    call.workspace.emit({"type": "channel_unarchive", "channel": channel["id"], "user": BOT.id})
    return {}


@method("conversations.open")
def open_direct(call: Call) -> Json:
    """The direct message with one person."""
    if call.string("channel"):
        return {"channel": {"id": call.channel()["id"]}}
    if isinstance(call.args.get("users"), list):
        raise Refused("invalid_array_arg")
    users = [user.strip() for user in (call.string("users") or "").split(",") if user.strip()]
    if not users:
        raise Refused("users_list_not_supplied")
    if any(user not in EVERYBODY for user in users):
        raise Refused("user_not_found")
    if len(users) > 1:
        raise Refused("method_not_supported_for_channel_type")
    channel = call.workspace.direct_channel(users[0])
    return {"channel": channel if call.flag("return_im") else {"id": channel["id"]}}


def _set(call: Call, which: str) -> Json:
    channel = _live(call.joined())
    if channel.get("is_im"):
        raise Refused("method_not_supported_for_channel_type")
    text = call.string(which) or ""
    if len(text) > LONGEST_TOPIC:
        raise Refused("too_long")
    value = {"value": text, "creator": BOT.id, "last_set": int(call.workspace.clock())}
    changed = call.workspace.change_channel(channel, **{which: value})
    if which == "topic":
        call.workspace.note(channel["id"], BOT.id, "channel_topic", f"set the channel topic: {text}", topic=text)
    return {"channel": _as_seen(call, changed), which: text}


def _good_name(call: Call) -> str:
    name = call.string("name")
    if not name:
        raise Refused("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise Refused("invalid_name_maxlength")
    if not GOOD_NAME.fullmatch(name):
        raise Refused("invalid_name_specials")
    if not any(letter.isalnum() for letter in name):
        raise Refused("invalid_name_punctuation")
    if call.workspace.store.channel_named(name):
        raise Refused("name_taken")
    return name


def _live(channel: Json) -> Json:
    if channel["is_archived"]:
        raise Refused("is_archived")
    return channel


def _cannot_come(call: Call, channel: Json, user: str) -> Json | None:
    if user == BOT.id:
        return {"user": user, "ok": False, "error": "cant_invite_self"}
    if user not in EVERYBODY:
        return {"user": user, "ok": False, "error": "user_not_found"}
    if call.workspace.store.is_member(channel["id"], user):
        return {"user": user, "ok": False, "error": "already_in_channel"}
    return None


def _wanted(call: Call, channel: Json) -> bool:
    types = (call.string("types") or "public_channel").split(",")
    kind = "im" if channel.get("is_im") else "private_channel" if channel.get("is_private") else "public_channel"
    if call.flag("exclude_archived") and channel["is_archived"]:
        return False
    return kind in types and call.workspace.may_see(BOT.id, channel)


def _as_seen(call: Call, channel: Json) -> Json:
    if channel.get("is_im"):
        return dict(channel)
    return {**channel, "is_member": call.workspace.store.is_member(channel["id"], BOT.id)}


def _as_told(call: Call, channel: Json, message: Json) -> Json:
    told = call.workspace.shown(channel["id"], message)
    if told.get("reply_count"):
        told.setdefault("thread_ts", told["ts"])
    if not call.flag("include_all_metadata"):
        told.pop("metadata", None)
    return told


def _ts(call: Call, name: str) -> str | None:
    value = call.args.get(name)
    if value in (None, "", 0, "0"):
        return None
    text = str(value)
    if not re.fullmatch(r"\d{1,10}(\.\d{1,6})?", text):
        raise Refused(f"invalid_ts_{name}")
    return text
