"""P1 to P4: where a priority comes from, and how soon each wants an answer.

The words are those that alert senders use (see docs/guides/priorities.md); the response times are the defaults, which
a document's own severity table overrides for its system.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from incidents.alert import Alert, Priority

P1, P2, P3, P4 = Priority
UNSAID = P3

WORDS: Mapping[str, Priority] = MappingProxyType(
    dict.fromkeys(("critical", "disaster", "fatal", "page", "emergency", "sev0", "sev1", "p1"), P1)
    | dict.fromkeys(("high", "error", "major", "urgent", "sev2", "p2"), P2)
    | dict.fromkeys(("warning", "warn", "average", "minor", "medium", "moderate", "sev3", "p3"), P3)
    | dict.fromkeys(("info", "information", "low", "debug", "none", "notice", "sev4", "p4", "p5"), P4)
)
LABELS = ("priority", "severity", "level", "criticality")
"""Labels that speak of urgency, the most explicit first."""

ACKNOWLEDGE_WITHIN: Mapping[Priority, timedelta | None] = MappingProxyType(
    {P1: timedelta(minutes=5), P2: timedelta(minutes=15), P3: timedelta(hours=4), P4: None}
)
RESPONSE: Mapping[Priority, str] = MappingProxyType(
    {P1: "at once", P2: "within 1 hour", P3: "within 4 hours", P4: "next business day"}
)


def priority_named(word: str) -> Priority | None:
    """The priority that a sender's word means, or None when it is not one of the known words."""
    return WORDS.get(word.strip().lower().replace("-", "").replace("_", "").replace(" ", ""))


def priority_of(alert: Alert) -> tuple[Priority, str]:
    """The priority of an alert at intake, and the reason in words."""
    if alert.priority is not None:
        return alert.priority, f"{alert.source} says {alert.priority}"
    for label in LABELS:
        word = alert.labels.get(label, "")
        if (found := priority_named(word)) is not None:
            return found, f"label {label}={word}"
    return UNSAID, "the alert names no severity"


def acknowledge_by(priority: Priority, since: datetime) -> datetime | None:
    """When somebody should have acknowledged; None for P4, which waits for the next business day."""
    within = ACKNOWLEDGE_WITHIN[priority]
    return None if within is None else since + within
