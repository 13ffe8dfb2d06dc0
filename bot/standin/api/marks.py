"""reactions.*, pins.* and bookmarks.*: what hangs on messages and channels."""

from __future__ import annotations

import re
import secrets

from bot.standin.api import Call, method
from bot.standin.errors import Refused
from bot.standin.roster import BOT
from bot.standin.store import Json

MOST_PINS = 100
MOST_BOOKMARKS = 100
GOOD_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


@method("reactions.add")
def add_reaction(call: Call) -> Json:
    """React to a message; the name has no colons."""
    channel, ts, name = _reaction(call)
    if channel["is_archived"]:
        raise Refused("is_archived")
    if not call.workspace.react(channel["id"], ts, name, BOT.id, add=True):
        raise Refused("already_reacted")
    return {}


@method("reactions.remove", tier=2)
def remove_reaction(call: Call) -> Json:
    """Take a reaction of the bot off."""
    channel, ts, name = _reaction(call)
    if not call.workspace.react(channel["id"], ts, name, BOT.id, add=False):
        raise Refused("no_reaction")
    return {}


@method("reactions.get", reads_json=False)
def reactions(call: Call) -> Json:
    """A message with its reactions."""
    channel = call.channel()
    message = call.message(channel, "timestamp")
    return {"type": "message", "channel": channel["id"], "message": call.workspace.shown(channel["id"], message)}


@method("pins.add", tier=2)
def pin(call: Call) -> Json:
    """Pin a message to its channel."""
    channel = call.joined()
    if not call.string("timestamp"):
        raise Refused("no_item_specified")
    message = call.message(channel, "timestamp")
    if len(call.workspace.store.pins(channel["id"])) >= MOST_PINS:
        raise Refused("too_many_pins")
    if not call.workspace.pin(channel["id"], message["ts"], BOT.id, add=True):
        raise Refused("already_pinned")
    return {}


@method("pins.remove", tier=2)
def unpin(call: Call) -> Json:
    """Unpin a message."""
    channel = call.joined()
    if not call.string("timestamp"):
        raise Refused("no_item_specified")
    message = call.message(channel, "timestamp")
    if not call.workspace.pin(channel["id"], message["ts"], BOT.id, add=False):
        raise Refused("no_pin")
    return {}


@method("pins.list", tier=2, reads_json=False)
def pins(call: Call) -> Json:
    """What is pinned."""
    channel = call.channel()
    items = [
        {"type": "message", "channel": channel["id"], "message": message, "created": created, "created_by": user}
        for ts, user, created in call.workspace.store.pins(channel["id"])
        if (message := call.workspace.store.message(channel["id"], ts))
    ]
    return {"items": items}


@method("bookmarks.add", tier=2)
def add_bookmark(call: Call) -> Json:
    """Put a link above the channel."""
    channel = call.joined("channel_id")
    title, kind, link = call.needed("title"), call.needed("type"), call.string("link") or ""
    if kind != "link":
        raise Refused("invalid_bookmark_type")
    if not re.match(r"https?://\S+$", link):
        raise Refused("invalid_link")
    if len(call.workspace.store.bookmarks(channel["id"])) >= MOST_BOOKMARKS:
        raise Refused("too_many_bookmarks")
    bookmark = {
        "id": f"Bk0{secrets.token_hex(5).upper()}",
        "channel_id": channel["id"],
        "title": title,
        "link": link,
        "type": kind,
        "emoji": call.string("emoji") or "",
        "date_created": int(call.workspace.clock()),
    }
    call.workspace.store.add_bookmark(bookmark)
    call.workspace.hub.publish({"type": "channels"})
    return {"bookmark": bookmark}


@method("bookmarks.remove", tier=2)
def remove_bookmark(call: Call) -> Json:
    """Take a link away."""
    channel = call.joined("channel_id")
    if not call.workspace.store.remove_bookmark(channel["id"], call.needed("bookmark_id")):
        raise Refused("not_found")
    call.workspace.hub.publish({"type": "channels"})
    return {}


@method("bookmarks.list")
def bookmarks(call: Call) -> Json:
    """The links above the channel."""
    return {"bookmarks": call.workspace.store.bookmarks(call.channel("channel_id")["id"])}


def _reaction(call: Call) -> tuple[Json, str, str]:
    channel = call.joined()
    name = call.needed("name")
    if not GOOD_EMOJI.fullmatch(name):
        raise Refused("invalid_name")
    if not call.string("timestamp"):
        raise Refused("no_item_specified")
    return channel, call.message(channel, "timestamp")["ts"], name
