"""The workspace itself: what the Web API and the people on the page act upon.

Whatever is posted, changed or deleted goes through here, so that it is kept, shown on open pages, sent to the bot as an
event if the bot subscribed to it, and counted when Slack would have pinged somebody for it.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from bot.standin import roster
from bot.standin.blocks import with_ids
from bot.standin.deliver import Postman
from bot.standin.errors import Refused
from bot.standin.faults import Faults, Violations
from bot.standin.hub import Hub
from bot.standin.installation import Installation
from bot.standin.limits import Limits
from bot.standin.mentions import broadcasts, mentioned
from bot.standin.roster import APP_ID, BOT, BOT_ID, TEAM_ID
from bot.standin.store import Json, Store
from bot.standin.triggers import Keys
from bot.standin.views import Views


@dataclass(frozen=True, slots=True)
class Ping:
    """Somebody's phone made a sound: `why` is "mention", or which broadcast it was."""

    user: str
    channel: str
    ts: str
    why: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of the Web API, as it was answered (`error` None: ok)."""

    at: float
    method: str
    channel: str | None
    error: str | None


@dataclass
class Workspace:
    """One practice workspace with everything in it."""

    store: Store
    installation: Installation
    postman: Postman
    limits: Limits
    violations: Violations
    faults: Faults
    clock: Callable[[], float]
    token: str
    bot_token: str
    hub: Hub = field(default_factory=Hub)
    views: Views = field(default_factory=Views)
    keys: Keys = field(init=False)
    pings: deque[Ping] = field(default_factory=lambda: deque(maxlen=10_000))
    calls: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=100_000))
    base_url: str = ""

    def __post_init__(self) -> None:
        self.keys = Keys(self.clock)
        if not self.store.channels():
            self._furnish()

    def _furnish(self) -> None:
        everybody = [person.id for person in roster.PEOPLE]
        self.create_channel("general", roster.ALICE.id, everybody, channel_id=roster.GENERAL, purpose="Everybody.")
        self.create_channel(
            "incidents",
            roster.ALICE.id,
            [*everybody, BOT.id],
            channel_id=roster.INCIDENTS,
            purpose="Alerts come in here, and so does the help.",
        )

    # Channels

    def create_channel(
        self,
        name: str,
        creator: str,
        members: Collection[str],
        *,
        private: bool = False,
        channel_id: str | None = None,
        purpose: str = "",
    ) -> Json:
        """A new channel with its first members."""
        now = int(self.clock())
        empty = {"value": "", "creator": "", "last_set": 0}
        channel: Json = {
            "id": channel_id or f"C0{secrets.token_hex(5).upper()}",
            "name": name,
            "name_normalized": name,
            "is_channel": not private,
            "is_group": private,
            "is_im": False,
            "is_mpim": False,
            "is_private": private,
            "is_archived": False,
            "is_general": name == "general",
            "is_shared": False,
            "creator": creator,
            "created": now,
            "updated": now * 1000,
            "context_team_id": TEAM_ID,
            "topic": dict(empty),
            "purpose": {**empty, "value": purpose},
            "previous_names": [],
        }
        self.store.save_channel(channel)
        for member in members:
            self.store.add_member(channel["id"], member)
        self.hub.publish({"type": "channels"})
        self.emit({"type": "channel_created", "channel": {k: channel[k] for k in ("id", "name", "created", "creator")}})
        return channel

    def direct_channel(self, user: str) -> Json:
        """The direct message between `user` and the bot; it begins with the first use."""
        channel_id = f"D0{user.removeprefix('U0')}"
        found = self.store.channel(channel_id)
        if found:
            return found
        channel = {"id": channel_id, "is_im": True, "is_archived": False, "user": user, "created": int(self.clock())}
        self.store.save_channel(channel)
        for member in (user, BOT.id):
            self.store.add_member(channel_id, member)
        self.hub.publish({"type": "channels"}, to=[user])
        return channel

    def change_channel(self, channel: Json, **changes: Any) -> Json:
        """Keep a channel's new topic, name or state and show it."""
        changed = {**channel, **changes, "updated": int(self.clock() * 1000)}
        self.store.save_channel(changed)
        self.hub.publish({"type": "channels"})
        return changed

    def join(self, channel: Json, user: str, inviter: str | None = None) -> bool:
        """Make `user` a member and say so; False if they are one."""
        if not self.store.add_member(channel["id"], user):
            return False
        extra = {"inviter": inviter} if inviter else {}
        self.note(channel["id"], user, "channel_join", f"<@{user}> has joined the channel", **extra)
        self.emit(
            {"type": "member_joined_channel", "user": user, "channel": channel["id"], "channel_type": "C", **extra}
        )
        self.hub.publish({"type": "channels"})
        return True

    def note(self, channel: str, user: str, subtype: str, text: str, **more: Any) -> Json:
        """A line that Slack itself writes: joined, renamed, set the topic."""
        return self.post(channel, {"user": user, "subtype": subtype, "text": text, **more})

    def may_see(self, user: str, channel: Json) -> bool:
        """Public channels are everybody's but a guest's; the rest is for members."""
        if self.store.is_member(channel["id"], user):
            return True
        person = roster.EVERYBODY[user]
        return not (channel.get("is_private") or channel.get("is_im") or person.is_guest)

    def audience(self, channel_id: str) -> list[str] | None:
        """Who is told what happens in the channel; None is everybody."""
        channel = self.store.channel(channel_id)
        closed = channel is not None and (channel.get("is_private") or channel.get("is_im"))
        return self.store.members(channel_id) if closed else None

    # Messages

    def post(self, channel: str, message: Json, only_for: str | None = None) -> Json:
        """A new message, shown at once. `only_for` makes it ephemeral."""
        posted: Json = {"type": "message", "team": TEAM_ID, **message, "ts": self.store.next_ts()}
        if posted.get("blocks"):
            posted["blocks"] = with_ids(posted["blocks"])
        self.store.add_message(channel, posted, only_for)
        self._show(channel, posted, only_for)
        self._count_pings(channel, posted, only_for)
        if only_for is None:
            self._emit_message(channel, posted)
            self._show_parent(channel, posted)
        return posted

    def change(self, channel: str, message: Json, only_for: str | None = None) -> None:
        """A message in its new form."""
        if message.get("blocks"):
            message["blocks"] = with_ids(message["blocks"])
        self.store.change_message(channel, message)
        self._show(channel, message, only_for)
        if message.get("bot_id"):
            self._count_broadcasts(message, "chat.update")
        if only_for is None:
            event = {"type": "message", "subtype": "message_changed", "hidden": True, "message": message}
            self._emit_message(channel, {**event, "ts": self.store.next_ts()})

    def delete(self, channel: str, ts: str, only_for: str | None = None) -> None:
        """A message gone."""
        old = self.store.message(channel, ts)
        self.store.delete_message(channel, ts)
        to = [only_for] if only_for else self.audience(channel)
        self.hub.publish({"type": "deleted", "channel": channel, "ts": ts}, to)
        if old:
            event = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": ts}
            self._emit_message(channel, {**event, "previous_message": old, "ts": self.store.next_ts()})
            self._show_parent(channel, old)

    def shown(self, channel: str, message: Json) -> Json:
        """A message with what hangs on it: thread, reactions, pin."""
        ts = message["ts"]
        found = {**message, **self.store.thread_of(channel, ts)}
        reactions = self.store.reactions(channel, ts)
        if reactions:
            found["reactions"] = reactions
        if any(pin[0] == ts for pin in self.store.pins(channel)):
            found["pinned_to"] = [channel]
        return found

    def show_again(self, channel: str, ts: str) -> None:
        """Show a message whose reactions, pin or thread changed."""
        message = self.store.message(channel, ts)
        if message:
            self._show(channel, message, None)

    def _show(self, channel: str, message: Json, only_for: str | None) -> None:
        shown = {**self.shown(channel, message), **({"only_for": only_for} if only_for else {})}
        news = {"type": "message", "channel": channel, "message": shown}
        self.hub.publish(news, [only_for] if only_for else self.audience(channel))

    def _show_parent(self, channel: str, message: Json) -> None:
        thread = message.get("thread_ts")
        if thread and thread != message["ts"]:
            self.show_again(channel, thread)

    def _count_pings(self, channel: str, message: Json, only_for: str | None) -> None:
        if not message.get("bot_id") or message.get("subtype"):
            return
        ts = message["ts"]
        everybody = self._count_broadcasts(message, "chat.postMessage")
        for user in mentioned(message) if only_for is None else {only_for} & mentioned(message):
            if user != BOT.id:
                self.pings.append(Ping(user, channel, ts, "mention"))
        for why in everybody if only_for is None else ():
            self.pings.extend(Ping(user, channel, ts, why) for user in self.store.members(channel) if user != BOT.id)

    def _count_broadcasts(self, message: Json, where: str) -> list[str]:
        found = broadcasts(message)
        for each in found:
            self.violations.add("broadcast", where, f"@{each} in: {message.get('text', '')}")
        return found

    # Reactions and pins

    def react(self, channel: str, ts: str, name: str, user: str, add: bool) -> bool:
        """Add or remove a reaction; False if nothing changed."""
        changed = (self.store.react if add else self.store.unreact)(channel, ts, name, user)
        if changed:
            self.show_again(channel, ts)
            message = self.store.message(channel, ts) or {}
            self.emit(
                {
                    "type": "reaction_added" if add else "reaction_removed",
                    "user": user,
                    "reaction": name,
                    "item_user": message.get("user"),
                    "item": {"type": "message", "channel": channel, "ts": ts},
                    "event_ts": self.store.next_ts(),
                }
            )
        return changed

    def pin(self, channel: str, ts: str, user: str, add: bool) -> bool:
        """Pin or unpin a message; False if nothing changed."""
        changed = self.store.pin(channel, ts, user) if add else self.store.unpin(channel, ts)
        if changed:
            self.show_again(channel, ts)
            self.hub.publish({"type": "channels"})
            item = {"type": "message", "channel": channel, "message": self.store.message(channel, ts)}
            self.emit(
                {
                    "type": "pin_added" if add else "pin_removed",
                    "user": user,
                    "channel_id": channel,
                    "item": item,
                    "event_ts": self.store.next_ts(),
                }
            )
        return changed

    # Modals

    def show_views(self, user: str) -> None:
        """Show `user` what they have open."""
        self.hub.publish({"type": "views", "views": self.views.stack_of(user)}, [user])

    # Events

    def emit(self, event: Json, subscription: str | None = None) -> None:
        """Send an event to the bot, if it asked for this kind."""
        if (subscription or event["type"]) in self.installation.events:
            self.postman.send_event({"event_ts": event.get("ts", f"{self.clock():.6f}"), **event})

    def _emit_message(self, channel_id: str, message: Json) -> None:
        channel = self.store.channel(channel_id) or {}
        if not self.store.is_member(channel_id, BOT.id):
            return
        kind = "im" if channel.get("is_im") else "group" if channel.get("is_private") else "channel"
        event = {**message, "channel": channel_id, "channel_type": kind}
        self.emit(event, {"im": "message.im", "group": "message.groups", "channel": "message.channels"}[kind])
        if f"<@{BOT.id}>" in message.get("text", "") and not message.get("bot_id") and not message.get("subtype"):
            mention = {k: v for k, v in event.items() if k not in ("channel_type", "team")}
            self.emit({**mention, "type": "app_mention"})


def of_bot(**fields: Any) -> Json:
    """A message by the bot."""
    profile = {"id": BOT_ID, "app_id": APP_ID, "name": BOT.real_name, "team_id": TEAM_ID, "deleted": False}
    return {"user": BOT.id, "bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": profile, **fields}


def file_of(workspace: Workspace, file_id: str) -> tuple[Json, bytes | None]:
    """A file by its id. Raises Refused when there is none."""
    found = workspace.store.file(file_id)
    if found is None:
        raise Refused("file_not_found")
    return found
