"""What an alert source says, in the one form that everything behind the webhook understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Priority(StrEnum):
    """P1 is the most urgent. Sorting by value sorts by urgency."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class AlertStatus(StrEnum):
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Link:
    """A place to look. `url` is http or https; anything else never becomes a Link."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one source. All text is the sender's and is data: never code, never a template, never a path.

    `dedup_key` is the source's own identity of the alert, the same in its firing and its resolved message.
    `priority` is None where the source says nothing; intake decides then. Times are aware and UTC.
    """

    source: str
    status: AlertStatus
    dedup_key: str
    title: str
    service: str | None = None
    system: str | None = None
    priority: Priority | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    runbook_url: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class DeliveryKind(StrEnum):
    """What a webhook body turned out to be."""

    ALERTS = "alerts"
    ACKNOWLEDGED = "acknowledged"
    NOTE = "note"
    CHANGE = "change"
    HEARTBEAT = "heartbeat"
    HANDSHAKE = "handshake"
    IGNORED = "ignored"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook body, read. `reason` says in one line why nothing comes of it when it was ignored or rejected."""

    kind: DeliveryKind
    alerts: tuple[Alert, ...] = ()
    reason: str | None = None
