"""The postman: makes Slack show what the rows say.

It looks for incidents whose revision is not the one that Slack shows, renders the messages that they should have now,
and posts or updates the difference. So a thousand changes in a second become one edit, a Slack outage loses nothing,
and after one the present state is shown, not the past replayed. What was sent is recorded after it was sent; a
message whose answer was lost is looked for by its metadata before it is sent again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.lease import Lease
from bot.slack.cards import Message, Wanted, wanted
from bot.slack.channel import channel_id
from bot.slack.client import SLACK_FAULTS, reason_of
from bot.slack.pace import Pace
from bot.slack.story import LinkTo, Story, story_of
from incidents.errors import Misconfigured, StoreUnavailable
from incidents.lifecycle import StepState
from incidents.models import Incident, SlackMessage
from incidents.settings import Settings
from incidents.store import Store

log = logging.getLogger(__name__)

EVERY = 0.5
"""Seconds between two looks when nothing wakes the postman: other processes write too."""

SETTLE = 0.03
"""Seconds to wait after a wake-up, so that what is committed together is shown together."""

SLOWLY, QUICKLY, SLOWEST = 30.0, 1.0, 30.0
"""Seconds until another try: after a refusal that needs a person, after a first fault, and after many."""

LEASE = timedelta(seconds=40)
"""For how long a process is the one that posts, unless it renews; a call takes ten seconds at most."""

AT_ONCE = 20
"""Incidents that are looked at in one round."""

EVENT = "midwatch"
TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"})
CHANNEL = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "is_inactive"})
GONE = frozenset({"message_not_found", "cant_update_message", "thread_not_found"})
FROZEN = frozenset({"edit_window_closed"})
UNCLEAR = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
"""Errors after which the message may or may not be there."""

PAGES_BACK = 5
"""Pages of history that are searched for a message whose answer was lost."""


class NotNow(Exception):
    """Nothing more can be sent at the moment. `problem` is for people, when it is more than the pace.

    What waits only for its turn gives way to a click, which may take a turn that was left for it.
    """

    def __init__(self, seconds: float, problem: str | None = None, *, turn: bool = False) -> None:
        super().__init__(problem or "not now")
        self.seconds, self.problem, self.turn = seconds, problem, turn


@dataclass
class _Round:
    """One incident being brought up to date."""

    story: Story
    rows: dict[str, SlackMessage]
    urgent: bool
    written: int = 0
    postponed: bool = field(default=False)

    @property
    def id(self) -> int:
        assert self.story.incident.id is not None
        return self.story.incident.id


class Poster:
    """One process's postman. `start` gives it a thread; `reconcile_once` does one round in the caller's."""

    def __init__(
        self,
        store: Store,
        client: WebClient,
        settings: Settings,
        *,
        link_to: LinkTo | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problem: str | None = None
        """Why nothing is posted, in one line; None while all is well."""
        self._store, self._client, self._settings = store, client, settings
        self._link_to, self._clock, self._monotonic = link_to, clock, monotonic
        self._pace = Pace(monotonic)
        self._channel: str | None = None
        self._lease = Lease(store, "poster", LEASE, clock)
        self._resume_at, self._for_a_turn, self._faults = 0.0, False, 0
        self._hurried: dict[int, None] = {}
        self._lock = threading.Lock()
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    # ---- for others

    def start(self) -> None:
        """Keep Slack up to date in a thread, until `stop`."""
        self._store.on_commit(self._woken.set)
        self._thread = threading.Thread(target=self._run, name="poster", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=15)
        with suppress(StoreUnavailable):
            self._lease.give_up()

    def wake(self, incident_id: int | None = None) -> None:
        """Look now. An incident that a person just acted on goes before all others."""
        if incident_id is not None:
            with self._lock:
                self._hurried[incident_id] = None
        self._woken.set()

    def show_again(self, incident_id: int) -> None:
        """Write the card of an incident once more, even if Slack should show it already."""
        self._store.write(lambda session: _forget_shown(session, incident_id))
        self.wake(incident_id)

    def reconcile_once(self) -> int:
        """Bring Slack up to date as far as the pace allows. Returns how many messages were written."""
        if self._monotonic() < self._resume_at and not (self._for_a_turn and self._hurried):
            return 0
        written, due = 0, self._due()
        try:
            if due and not self._lease.held():
                return 0
            for incident_id, urgent in due:
                done = self._open_round(incident_id, urgent)
                try:
                    self._bring_up_to_date(done)
                finally:
                    written += done.written
        except NotNow as reason:
            self._put_off(reason)
        return written

    # ---- the loop

    def _run(self) -> None:
        while not self._stopped.is_set():
            left = self._resume_at - self._monotonic()
            self._woken.wait(min(EVERY, left) if left > 0 else EVERY)
            self._woken.clear()
            if self._stopped.wait(SETTLE):
                return
            self._round_at_the_edge()

    def _round_at_the_edge(self) -> None:
        try:
            self.reconcile_once()
        except StoreUnavailable as failure:
            log.warning("the poster will try again: %s", failure)
            self._put_off(NotNow(QUICKLY))
        except Exception:  # broad at the outer edge: the postman must outlive whatever one round runs into
            log.exception("a round of the poster failed; it will try again")
            self._put_off(NotNow(QUICKLY))

    def _put_off(self, reason: NotNow) -> None:
        self._resume_at, self._for_a_turn = self._monotonic() + reason.seconds, reason.turn
        if reason.problem is not None and reason.problem != self.problem:
            log.error("Slack does not show the present state: %s", reason.problem)
        self.problem = reason.problem or self.problem

    # ---- one incident

    def _due(self) -> list[tuple[int, bool]]:
        """Incidents that Slack does not show as they are: those that people wait for, then the most urgent."""
        with self._lock:
            hurried = list(self._hurried)
        unshown = select(col(Incident.id)).where(col(Incident.revision) != col(Incident.shown_revision))
        ordered = unshown.order_by(col(Incident.priority), col(Incident.id))
        with self._store.read() as session:
            first = list(session.scalars(unshown.where(col(Incident.id).in_(hurried)))) if hurried else []
            others = list(session.scalars(ordered.where(col(Incident.id).not_in(first)).limit(AT_ONCE)))
        with self._lock:
            for id_ in set(hurried) - set(first):
                self._hurried.pop(id_, None)
        first.sort(key=lambda id_: hurried.index(id_ or 0))
        return [(id_, True) for id_ in first if id_] + [(id_, False) for id_ in others if id_]

    def _open_round(self, incident_id: int, urgent: bool) -> _Round:
        mine = select(SlackMessage).where(col(SlackMessage.incident_id) == incident_id)
        with self._store.read() as session:
            rows = {row.key: row for row in session.scalars(mine)}
            story = story_of(session, incident_id, link_to=self._link_to, reopened="closing" in rows)
        return _Round(story, rows, urgent)

    def _bring_up_to_date(self, now: _Round) -> None:
        for want in wanted(now.story):
            row = now.rows.get(want.key)
            if row is None or row.ts is None or row.shown != want.message.digest:
                self._deliver(now, want)
        if not now.postponed:
            self._store.write(lambda session: _shown(session, now.story.incident))
            with self._lock:
                self._hurried.pop(now.id, None)

    def _deliver(self, now: _Round, want: Wanted) -> None:
        """Post or update one message. Raises NotNow where it is the channel's turn or Slack that is missing."""
        row = now.rows.get(want.key)
        channel = row.channel if row is not None else self._home(now)
        if row is not None and row.ts is None:
            row = self._found_again(now, row)
        method = "chat.postMessage" if row is None or row.ts is None else "chat.update"
        wait = self._pace.turn(method, channel, self._courtesy(now, want))
        if wait and want.thread:  # another incident's card may have its turn meanwhile
            now.postponed = True
            return
        if wait:
            raise NotNow(wait, turn=True)
        if row is None or row.ts is None:
            self._post(now, want, row, channel)
        elif not self._update(now, row, want):
            self._lost(now, want)
            self._post(now, want, None, channel)
        now.written += 1
        self._faults, self.problem = 0, None

    def _courtesy(self, now: _Round, want: Wanted) -> int:
        """How much of the channel's burst to leave for messages that somebody waits for more."""
        if want.thread:
            return 1 if now.urgent else 2
        asks = now.story.fix is not None and now.story.fix.state == StepState.AWAITING_APPROVAL
        return 0 if now.urgent or asks or now.story.incident.priority == "P1" else 1

    def _home(self, now: _Round) -> str:
        """The channel for a new message: where the card is, else the configured one."""
        if "card" in now.rows:
            return now.rows["card"].channel
        if self._channel is None:
            try:
                self._channel = channel_id(self._client, self._settings.channel)
            except Misconfigured as wrong:
                raise NotNow(SLOWLY, str(wrong)) from wrong
            except SLACK_FAULTS as fault:
                raise self._trouble(fault, self._settings.channel) from fault
        return self._channel

    # ---- talking to Slack

    def _post(self, now: _Round, want: Wanted, row: SlackMessage | None, channel: str) -> None:
        claimed = row or self._store.write(lambda s: _claim(s, now.id, want.key, channel, self._clock()))
        thread = now.rows["card"].ts if want.thread else None
        payload = {"key": want.key, "incident": now.id}
        extra: dict[str, Any] = {"metadata": {"event_type": EVENT, "event_payload": payload}}
        if thread is not None:
            extra |= {"thread_ts": thread, "reply_broadcast": want.loud}
        answer = self._call("post", claimed, want.message, unfurl_links=False, unfurl_media=False, **extra)
        if answer is None:
            self._store.write(lambda s: _forget(s, now.id, want.key))
            return
        now.rows[want.key] = self._store.write(
            lambda s: _record(s, claimed, str(answer["channel"]), str(answer["ts"]), want.message, self._clock())
        )

    def _update(self, now: _Round, row: SlackMessage, want: Wanted) -> bool:
        """False when the message is not there any more."""
        try:
            self._call("update", row, want.message, ts=row.ts)
        except SlackApiError as refusal:
            if reason_of(refusal) in GONE:
                return False
            raise self._trouble(refusal, row.channel) from refusal
        now.rows[want.key] = self._store.write(
            lambda s: _record(s, row, row.channel, row.ts, want.message, self._clock())
        )
        return True

    def _call(self, verb: str, row: SlackMessage, message: Message, **extra: Any) -> Any:
        """Send one message. None when Slack will never take it as it is; raises NotNow, or SlackApiError for GONE."""
        send = self._client.chat_postMessage if verb == "post" else self._client.chat_update
        try:
            return send(channel=row.channel, text=message.text, blocks=list(message.blocks), **extra)
        except SlackApiError as refusal:
            reason = reason_of(refusal)
            if reason in GONE and verb == "update":
                raise
            if reason in FROZEN:
                log.warning("Slack does not let message %s of INC-%s be edited any more", row.key, row.incident_id)
                return None
            if not _is_about_blocks(reason):
                raise self._refused(row, refusal) from refusal
            log.error("Slack refused the blocks of %s of INC-%s: %s", row.key, row.incident_id, _details(refusal))
            return self._call_plainly(send, row, message, extra)
        except SLACK_FAULTS as fault:
            raise self._trouble(fault, row.channel) from fault

    def _call_plainly(self, send: Callable[..., Any], row: SlackMessage, message: Message, extra: Any) -> Any:
        """The words without the blocks: better a plain message than none. One bad message never stops the others."""
        try:
            return send(channel=row.channel, text=message.text, blocks=[], **extra)
        except SlackApiError as refusal:
            if _is_about_blocks(reason_of(refusal)):
                return None
            raise self._refused(row, refusal) from refusal
        except SLACK_FAULTS as fault:
            raise self._trouble(fault, row.channel) from fault

    def _refused(self, row: SlackMessage, refusal: SlackApiError) -> NotNow:
        """Slack said no to a message. What surely was not posted is forgotten, so that nobody looks for it."""
        reason = reason_of(refusal)
        if reason == "thread_not_found":
            self._store.write(lambda s: _forget(s, row.incident_id))
            return NotNow(0.0)
        if row.ts is None and not _is_unclear(refusal):
            self._store.write(lambda s: _forget(s, row.incident_id, row.key))
        return self._trouble(refusal, row.channel)

    def _trouble(self, fault: Exception, channel: str) -> NotNow:
        """When to try again after a call that did not succeed, and what to tell people."""
        reason = reason_of(fault)
        if isinstance(fault, SlackApiError) and (fault.response.status_code == 429 or reason == "ratelimited"):
            seconds = _retry_after(fault)
            self._pace.hold(channel, seconds)
            return NotNow(seconds)
        if reason in TOKEN:
            return NotNow(SLOWLY, f"Slack refuses the bot token: {reason}. Check SLACK_BOT_TOKEN and its scopes")
        if reason in CHANNEL:
            self._channel = None
            return NotNow(SLOWLY, f"Slack refuses the channel {channel}: {reason}. Check MIDWATCH_CHANNEL")
        if isinstance(fault, SlackApiError) and not _is_unclear(fault):
            return NotNow(SLOWLY, f"Slack refuses a message: {reason}")
        self._faults += 1
        wait = min(SLOWEST, QUICKLY * 2 ** min(self._faults - 1, 10))
        return NotNow(wait, f"Slack cannot be reached: {reason}" if self._faults > 2 else None)

    # ---- what was lost

    def _found_again(self, now: _Round, row: SlackMessage) -> SlackMessage:
        """A message that was being sent when the answer, or the sender, was lost: is it there?"""
        assert row.updated_at is not None
        thread = now.rows["card"].ts if row.key != "card" else None
        try:
            ts = self._search(row, thread, row.updated_at - timedelta(seconds=60))
        except SLACK_FAULTS as fault:
            raise self._trouble(fault, row.channel) from fault
        if ts is None:
            return row
        found = self._store.write(lambda s: _record(s, row, row.channel, ts, None, self._clock()))
        now.rows[row.key] = found
        return found

    def _search(self, row: SlackMessage, thread: str | None, since: datetime) -> str | None:
        cursor = ""
        for _ in range(PAGES_BACK):
            shared: dict[str, Any] = {"channel": row.channel, "include_all_metadata": True, "limit": 200}
            shared |= {"oldest": f"{since.timestamp():.6f}", "cursor": cursor}
            page = (
                self._client.conversations_replies(ts=thread, **shared)
                if thread is not None
                else self._client.conversations_history(**shared)
            )
            for message in page["messages"]:
                if _is_ours(message, row):
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        return None

    def _lost(self, now: _Round, want: Wanted) -> None:
        """Somebody deleted the message in Slack. With a card its thread goes, so all of it is posted anew."""
        keys = list(now.rows) if want.key == "card" else [want.key]
        for key in keys:
            now.rows.pop(key, None)
        self._store.write(lambda s: _forget(s, now.id, *keys))


# ---- rows


def _claim(session: Session, incident_id: int, key: str, channel: str, now: datetime) -> SlackMessage:
    """Say that a message is about to be sent, so that after a crash somebody looks for it."""
    row = SlackMessage(incident_id=incident_id, key=key, channel=channel, updated_at=now)
    session.add(row)
    session.flush()
    return row


def _record(
    session: Session, row: SlackMessage, channel: str, ts: str | None, message: Message | None, now: datetime
) -> SlackMessage:
    """Record that a message was sent, after it was sent."""
    kept = session.get_one(SlackMessage, row.id)
    kept.channel, kept.ts, kept.updated_at = channel, ts, now
    kept.posted_at = kept.posted_at or now
    kept.shown = message.digest if message is not None else ""
    session.flush()
    return kept


def _forget(session: Session, incident_id: int, *keys: str) -> None:
    """Forget messages of an incident (all of them without `keys`), so that they are posted anew."""
    mine = delete(SlackMessage).where(col(SlackMessage.incident_id) == incident_id)
    session.execute(mine.where(col(SlackMessage.key).in_(keys)) if keys else mine)


def _forget_shown(session: Session, incident_id: int) -> None:
    mine = [col(SlackMessage.incident_id) == incident_id, col(SlackMessage.key) == "card"]
    session.execute(update(SlackMessage).where(*mine).values(shown=""))
    session.execute(update(Incident).where(col(Incident.id) == incident_id).values(shown_revision=-1))


def _shown(session: Session, incident: Incident) -> None:
    """Slack shows this revision now. If there is a newer one already, it stays due."""
    seen = [col(Incident.id) == incident.id, col(Incident.shown_revision) == incident.shown_revision]
    session.execute(update(Incident).where(*seen).values(shown_revision=incident.revision))


# ---- answers


def _is_about_blocks(reason: str) -> bool:
    return reason.startswith(("invalid_blocks", "msg_blocks_too_long", "msg_too_long", "invalid_arguments"))


def _is_unclear(refusal: SlackApiError) -> bool:
    """Whether the message may be there although the call failed."""
    return refusal.response.status_code >= 500 or reason_of(refusal) in UNCLEAR


def _retry_after(refusal: SlackApiError) -> float:
    said = {name.lower(): value for name, value in (refusal.response.headers or {}).items()}.get("retry-after", "1")
    value = said[0] if isinstance(said, list) else said
    return min(600.0, max(1.0, float(value))) if str(value).replace(".", "", 1).isdigit() else 1.0


def _details(refusal: SlackApiError) -> str:
    """What Slack says is wrong with the blocks. Its words name places in them, not their text."""
    errors = refusal.response.get("errors") or (refusal.response.get("response_metadata") or {}).get("messages") or []
    return f"{reason_of(refusal)} {'; '.join(map(str, errors))[:500]}".strip()


def _is_ours(message: dict[str, Any], row: SlackMessage) -> bool:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    mine = payload.get("key") == row.key and payload.get("incident") == row.incident_id
    return metadata.get("event_type") == EVENT and mine
