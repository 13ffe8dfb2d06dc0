"""The history of an incident: append-only, and each event carries the hash of the one before it.

`hash = sha256(previous hash + canonical JSON of the event)`. Changing, removing or reordering an event breaks the
chain from there on; cutting off its tail disagrees with the count and head that the incident row and the closing
post carry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents.errors import NotFound
from incidents.models import Incident, TimelineEvent
from incidents.redaction import redact, redact_values


def append(
    session: Session,
    incident_id: int,
    kind: str,
    actor: str,
    text: str,
    *,
    at: datetime,
    data: dict[str, Any] | None = None,
) -> TimelineEvent:
    """Add one event, redacted. Raises NotFound when there is no such incident.

    `actor` is a Slack user id, `console:<user>`, `alert:<source>` or `midwatch`.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone reached the timeline")
    at = at.astimezone(UTC)  # as it will be read back, or the hash would not fit
    # The UPDATE comes first: it locks the incident, so that two processes cannot take the same number.
    grown = update(Incident).where(col(Incident.id) == incident_id)
    row = session.execute(
        grown.values(events=Incident.events + 1, revision=Incident.revision + 1).returning(
            col(Incident.events), col(Incident.head)
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no incident {incident_id}")
    event = TimelineEvent(
        incident_id=incident_id,
        seq=row.events,
        at=at,
        kind=kind,
        actor=actor,
        text=redact(text),
        data=redact_values(data or {}),
        prev_hash=row.head,
    )
    event.hash = digest_of(event)
    session.add(event)
    session.execute(grown.values(head=event.hash))
    session.flush()
    return event


def events_of(session: Session, incident_id: int) -> list[TimelineEvent]:
    """All events of an incident in the order in which they were written."""
    chosen = select(TimelineEvent).where(col(TimelineEvent.incident_id) == incident_id)
    return list(session.scalars(chosen.order_by(col(TimelineEvent.seq))))


def digest_of(event: TimelineEvent) -> str:
    """The hash that an event should carry, from its own content and `prev_hash`."""
    content = [event.incident_id, event.seq, event.at.isoformat(), event.kind, event.actor, event.text, event.data]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256((event.prev_hash + canonical).encode()).hexdigest()


def faults(events: Iterable[TimelineEvent], count: int, head: str) -> list[str]:
    """What is wrong with a chain, one line a fault; empty when it is whole. `count` and `head` are its anchor."""
    found: list[str] = []
    previous, expected = "", 1
    for event in events:
        if event.seq != expected:
            found.append(f"event {expected} is missing")
        if event.prev_hash != previous:
            found.append(f"event {event.seq} does not follow from the one before it")
        if digest_of(event) != event.hash:
            found.append(f"event {event.seq} was changed after it was written")
        previous, expected = event.hash, event.seq + 1
    if expected - 1 != count:
        found.append(f"the chain ends at event {expected - 1}, its anchor says {count}")
    elif previous != head:
        found.append(f"the chain ends at event {count}, but not in the one its anchor names")
    return found
