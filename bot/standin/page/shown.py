"""What the page is told: the workspace as one person sees it."""

from __future__ import annotations

from typing import Any

from bot.standin.errors import Refused
from bot.standin.roster import BOT, EVERYBODY, GROUPS, PEOPLE, TEAM_NAME
from bot.standin.store import Json
from bot.standin.workspace import Workspace

LATEST = 400


def state(workspace: Workspace, user: str) -> Json:
    """Everything but the messages."""
    workspace.direct_channel(user)
    channels = [channel for channel in workspace.store.channels() if _reaches(workspace, user, channel)]
    return {
        "team": TEAM_NAME,
        "me": user,
        "bot": BOT.id,
        "people": {person.id: _person(person.id) for person in EVERYBODY.values()},
        "actors": [person.id for person in PEOPLE],
        "groups": {group.id: {"handle": group.handle, "members": list(group.members)} for group in GROUPS},
        "channels": [_channel(workspace, user, channel) for channel in channels],
        "app": workspace.installation.as_page(),
        "views": workspace.views.stack_of(user),
        "home": workspace.store.home(user),
        "violations": workspace.violations.total,
    }


def messages(workspace: Workspace, user: str, channel_id: str) -> Json:
    """The latest messages of a channel and its threads, oldest first."""
    channel = _found(workspace, user, channel_id)
    found = workspace.store.seen_by(user, channel_id, LATEST)
    return {
        "channel": _channel(workspace, user, channel),
        "messages": [_shown(workspace, channel_id, message) for message in found],
        "read": workspace.store.read_up_to(user, channel_id),
        "pins": [ts for ts, _, _ in workspace.store.pins(channel_id)],
    }


def thread(workspace: Workspace, user: str, channel_id: str, ts: str) -> Json:
    """A whole thread, oldest first."""
    _found(workspace, user, channel_id)
    found = workspace.store.replies(channel_id, ts)
    return {"messages": [workspace.shown(channel_id, message) for message in found]}


def _found(workspace: Workspace, user: str, channel_id: str) -> Json:
    channel = workspace.store.channel(channel_id)
    if channel is None or not workspace.may_see(user, channel):
        raise Refused("channel_not_found")
    return channel


def _reaches(workspace: Workspace, user: str, channel: Json) -> bool:
    return workspace.may_see(user, channel) and (not channel.get("is_im") or channel["user"] == user)


def _shown(workspace: Workspace, channel_id: str, message: Json) -> Json:
    return message if "only_for" in message else workspace.shown(channel_id, message)


def _channel(workspace: Workspace, user: str, channel: Json) -> Json:
    store, channel_id = workspace.store, channel["id"]
    members = store.members(channel_id)
    return {
        "id": channel_id,
        "name": channel.get("name") or BOT.real_name,
        "is_im": bool(channel.get("is_im")),
        "is_private": bool(channel.get("is_private")),
        "is_archived": channel["is_archived"],
        "topic": channel.get("topic", {}).get("value", ""),
        "purpose": channel.get("purpose", {}).get("value", ""),
        "is_member": user in members,
        "has_bot": BOT.id in members,
        "members": len(members),
        "unread": store.unread_of(user, channel_id) if user in members else 0,
        "bookmarks": store.bookmarks(channel_id),
        "pins": len(store.pins(channel_id)),
    }


def _person(user: str) -> dict[str, Any]:
    person = EVERYBODY[user]
    on_call = any(user in group.members for group in GROUPS)
    return {
        "id": user,
        "name": person.real_name,
        "handle": person.name,
        "title": person.title,
        "is_bot": person.is_bot,
        "is_guest": person.is_guest,
        "on_call": on_call,
    }
