"""What the workspace keeps over a restart: channels, messages, reactions, pins, files, and who has read how far.

Messages are kept as Slack's own JSON, with the few columns beside it that are searched by. A deleted message stays as
an empty row, so that a `ts` is never given out twice.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from incidents.store import keep_private

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS channels (id TEXT PRIMARY KEY, name TEXT UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (channel TEXT, user TEXT, PRIMARY KEY (channel, user));
CREATE TABLE IF NOT EXISTS messages (
    ts TEXT PRIMARY KEY, channel TEXT NOT NULL, thread TEXT, only_for TEXT, shown INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_by_channel ON messages (channel, ts);
CREATE INDEX IF NOT EXISTS messages_by_thread ON messages (channel, thread, ts);
CREATE TABLE IF NOT EXISTS reactions (
    channel TEXT, ts TEXT, name TEXT, user TEXT, PRIMARY KEY (channel, ts, name, user));
CREATE TABLE IF NOT EXISTS pins (channel TEXT, ts TEXT, user TEXT, created INTEGER, PRIMARY KEY (channel, ts));
CREATE TABLE IF NOT EXISTS bookmarks (id TEXT PRIMARY KEY, channel TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, body TEXT, content BLOB);
CREATE TABLE IF NOT EXISTS homes (user TEXT PRIMARY KEY, view TEXT);
CREATE TABLE IF NOT EXISTS readings (user TEXT, channel TEXT, ts TEXT, PRIMARY KEY (user, channel));
"""

# A message stands in the channel itself unless it is a reply; a reply that was "also sent to channel" stands in both.
TOP_LEVEL = "(thread IS NULL OR thread = ts OR json_extract(body, '$.subtype') = 'thread_broadcast')"


class Store:
    """The SQLite file of one workspace. Safe to use from several threads."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        keep_private(path)
        self._clock = clock
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        latest = self._one("SELECT max(ts) FROM messages")
        self._last = _micros(latest[0]) if latest and latest[0] else 0

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def next_ts(self) -> str:
        """A new `ts`: later than every other, also after a restart and when the clock stands or goes back."""
        with self._lock:
            self._last = max(int(self._clock() * 1_000_000), self._last + 1)
            return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    # Channels

    def save_channel(self, channel: Json) -> None:
        """Keep a channel, new or changed."""
        self._do(
            "INSERT INTO channels VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
            channel["id"],
            channel.get("name"),
            json.dumps(channel),
        )

    def channel(self, channel_id: str) -> Json | None:
        """The channel of that id."""
        return self._body("SELECT body FROM channels WHERE id = ?", channel_id)

    def channel_named(self, name: str) -> Json | None:
        """The channel of that name, archived ones too."""
        return self._body("SELECT body FROM channels WHERE name = ?", name)

    def channels(self) -> list[Json]:
        """All channels and direct messages, in the order of their names."""
        return [json.loads(row[0]) for row in self._all("SELECT body FROM channels ORDER BY name, id")]

    def add_member(self, channel: str, user: str) -> bool:
        """Make `user` a member; False if they are one already."""
        return self._do("INSERT OR IGNORE INTO members VALUES (?, ?)", channel, user) > 0

    def remove_member(self, channel: str, user: str) -> bool:
        """Take `user` out; False if they were not in."""
        return self._do("DELETE FROM members WHERE channel = ? AND user = ?", channel, user) > 0

    def members(self, channel: str) -> list[str]:
        """Ids of who is in the channel."""
        return [row[0] for row in self._all("SELECT user FROM members WHERE channel = ? ORDER BY rowid", channel)]

    def is_member(self, channel: str, user: str) -> bool:
        """Whether `user` is in the channel."""
        return self._one("SELECT 1 FROM members WHERE channel = ? AND user = ?", channel, user) is not None

    # Messages

    def add_message(self, channel: str, message: Json, only_for: str | None = None) -> None:
        """Keep a new message. `only_for` makes it ephemeral: no API method finds it."""
        self._do(
            "INSERT INTO messages VALUES (?, ?, ?, ?, 1, ?)",
            message["ts"],
            channel,
            message.get("thread_ts"),
            only_for,
            json.dumps(message),
        )

    def change_message(self, channel: str, message: Json) -> None:
        """Keep the message in its new form."""
        self._do(
            "UPDATE messages SET body = ?, thread = ? WHERE channel = ? AND ts = ?",
            json.dumps(message),
            message.get("thread_ts"),
            channel,
            message["ts"],
        )

    def delete_message(self, channel: str, ts: str) -> None:
        """Take the message away, with its reactions and its pin."""
        with self._lock:
            self._do("UPDATE messages SET shown = 0, body = '{}' WHERE channel = ? AND ts = ?", channel, ts)
            self._do("DELETE FROM reactions WHERE channel = ? AND ts = ?", channel, ts)
            self._do("DELETE FROM pins WHERE channel = ? AND ts = ?", channel, ts)

    def message(self, channel: str, ts: str) -> Json | None:
        """A message that everybody in the channel sees."""
        return self._body(
            "SELECT body FROM messages WHERE channel = ? AND ts = ? AND shown AND only_for IS NULL", channel, ts
        )

    def ephemeral(self, channel: str, ts: str) -> tuple[Json, str] | None:
        """An ephemeral message and who sees it."""
        row = self._one(
            "SELECT body, only_for FROM messages WHERE channel = ? AND ts = ? AND shown AND only_for IS NOT NULL",
            channel,
            ts,
        )
        return (json.loads(row[0]), row[1]) if row else None

    def history(
        self, channel: str, *, after: str = "", before: str = "9", inclusive: bool = False, limit: int = 100
    ) -> list[Json]:
        """What stands in the channel itself, newest first."""
        return self._span(TOP_LEVEL + " AND only_for IS NULL", channel, after, before, inclusive, limit, "DESC")

    def replies(
        self,
        channel: str,
        thread: str,
        *,
        after: str = "",
        before: str = "9",
        inclusive: bool = False,
        limit: int = 1000,
    ) -> list[Json]:
        """A parent and its replies, oldest first."""
        which = "(ts = ? OR thread = ?) AND only_for IS NULL"
        return self._span(which, channel, after, before, inclusive, limit, "ASC", thread, thread)

    def thread_of(self, channel: str, ts: str) -> Json:
        """`reply_count`, `reply_users` and `latest_reply` of a parent; empty without replies."""
        sql = (
            "SELECT ts, coalesce(json_extract(body, '$.user'), '') FROM messages"
            " WHERE channel = ? AND thread = ? AND ts != ? AND shown AND only_for IS NULL ORDER BY ts"
        )
        rows = self._all(sql, channel, ts, ts)
        if not rows:
            return {}
        users = list(dict.fromkeys(str(row[1]) for row in rows))
        return {
            "reply_count": len(rows),
            "reply_users": users,
            "reply_users_count": len(users),
            "latest_reply": rows[-1][0],
        }

    def seen_by(self, user: str, channel: str, limit: int) -> list[Json]:
        """What the page shows `user`: messages, replies and their own ephemeral ones, oldest first."""
        rows = self._all(
            "SELECT body, only_for FROM (SELECT * FROM messages WHERE channel = ? AND shown"
            " AND (only_for IS NULL OR only_for = ?) ORDER BY ts DESC LIMIT ?) ORDER BY ts",
            channel,
            user,
            limit,
        )
        return [json.loads(body) | ({"only_for": only_for} if only_for else {}) for body, only_for in rows]

    def _span(
        self, which: str, channel: str, after: str, before: str, inclusive: bool, limit: int, order: str, *more: str
    ) -> list[Json]:
        low, high = (">=", "<=") if inclusive else (">", "<")
        sql = (
            f"SELECT body FROM messages WHERE channel = ? AND shown AND ts {low} ? AND ts {high} ? AND {which}"  # noqa: S608 - only our own constants
            f" ORDER BY ts {order} LIMIT ?"
        )
        return [json.loads(row[0]) for row in self._all(sql, channel, after, before, *more, limit)]

    # What hangs on messages and channels

    def react(self, channel: str, ts: str, name: str, user: str) -> bool:
        """Add a reaction; False if it is there already."""
        return self._do("INSERT OR IGNORE INTO reactions VALUES (?, ?, ?, ?)", channel, ts, name, user) > 0

    def unreact(self, channel: str, ts: str, name: str, user: str) -> bool:
        """Take a reaction off; False if it was not there."""
        sql = "DELETE FROM reactions WHERE channel = ? AND ts = ? AND name = ? AND user = ?"
        return self._do(sql, channel, ts, name, user) > 0

    def reactions(self, channel: str, ts: str) -> list[Json]:
        """Reactions in the order in which their emoji first came."""
        found: dict[str, list[str]] = {}
        sql = "SELECT name, user FROM reactions WHERE channel = ? AND ts = ? ORDER BY rowid"
        for name, user in self._all(sql, channel, ts):
            found.setdefault(name, []).append(user)
        return [{"name": name, "users": users, "count": len(users)} for name, users in found.items()]

    def pin(self, channel: str, ts: str, user: str) -> bool:
        """Pin a message; False if it is pinned."""
        now = int(self._clock())
        return self._do("INSERT OR IGNORE INTO pins VALUES (?, ?, ?, ?)", channel, ts, user, now) > 0

    def unpin(self, channel: str, ts: str) -> bool:
        """Unpin a message; False if it was not pinned."""
        return self._do("DELETE FROM pins WHERE channel = ? AND ts = ?", channel, ts) > 0

    def pins(self, channel: str) -> list[tuple[str, str, int]]:
        """(ts, who pinned it, when) of every pinned message."""
        sql = "SELECT ts, user, created FROM pins WHERE channel = ? ORDER BY created DESC, ts DESC"
        return [(row[0], row[1], row[2]) for row in self._all(sql, channel)]

    def add_bookmark(self, bookmark: Json) -> None:
        """Keep a bookmark of a channel."""
        self._do("INSERT INTO bookmarks VALUES (?, ?, ?)", bookmark["id"], bookmark["channel_id"], json.dumps(bookmark))

    def remove_bookmark(self, channel: str, bookmark_id: str) -> bool:
        """Take a bookmark away; False if there is none of that id."""
        return self._do("DELETE FROM bookmarks WHERE channel = ? AND id = ?", channel, bookmark_id) > 0

    def bookmarks(self, channel: str) -> list[Json]:
        """Bookmarks of a channel, oldest first."""
        rows = self._all("SELECT body FROM bookmarks WHERE channel = ? ORDER BY rowid", channel)
        return [json.loads(row[0]) for row in rows]

    def save_file(self, file: Json, content: bytes | None) -> None:
        """Keep a file's description, and its bytes once they have come."""
        self._do("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", file["id"], json.dumps(file), content)

    def file(self, file_id: str) -> tuple[Json, bytes | None] | None:
        """A file's description and bytes."""
        row = self._one("SELECT body, content FROM files WHERE id = ?", file_id)
        return (json.loads(row[0]), row[1]) if row else None

    def save_home(self, user: str, view: Json) -> None:
        """Keep the Home tab that the app published for `user`."""
        self._do("INSERT OR REPLACE INTO homes VALUES (?, ?)", user, json.dumps(view))

    def home(self, user: str) -> Json | None:
        """The Home tab of `user`."""
        return self._body("SELECT view FROM homes WHERE user = ?", user)

    def mark_read(self, user: str, channel: str, ts: str) -> None:
        """Remember that `user` has read the channel up to `ts`."""
        self._do(
            "INSERT INTO readings VALUES (?, ?, ?) ON CONFLICT (user, channel) DO UPDATE SET ts = max(ts, excluded.ts)",
            user,
            channel,
            ts,
        )

    def read_up_to(self, user: str, channel: str) -> str:
        """The `ts` up to which `user` has read the channel."""
        row = self._one("SELECT ts FROM readings WHERE user = ? AND channel = ?", user, channel)
        return str(row[0]) if row else ""

    def unread_of(self, user: str, channel: str) -> int:
        """How many messages in the channel itself `user` has not read."""
        row = self._one(
            f"SELECT count(*) FROM messages WHERE channel = ? AND shown AND ts > ? AND {TOP_LEVEL}"  # noqa: S608 - only our own constants
            " AND (only_for IS NULL OR only_for = ?) AND coalesce(json_extract(body, '$.user'), '') != ?",
            channel,
            self.read_up_to(user, channel),
            user,
            user,
        )
        return int(row[0]) if row else 0

    # SQLite

    def _do(self, sql: str, *values: Any) -> int:
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def _all(self, sql: str, *values: Any) -> Sequence[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._db.execute(sql, values).fetchone()
            return row

    def _body(self, sql: str, *values: Any) -> Json | None:
        row = self._one(sql, *values)
        return json.loads(row[0]) if row else None


def _micros(ts: str) -> int:
    seconds, _, micros = ts.partition(".")
    return int(seconds) * 1_000_000 + int(micros)
