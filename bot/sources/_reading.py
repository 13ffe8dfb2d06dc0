"""Reading other people's JSON: what the sources have in common.

Every function takes what it finds and either gives a value that fits our tables or raises Rejected with a path and a
reason. No message repeats the sender's text, which may hold a secret.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from incidents.alert import Alert, Delivery, DeliveryKind, Link
from incidents.errors import Rejected

MOST_ALERTS = 10_000
TITLE = 300
NAME = 200
KEY = 200
URL = 2_000
"""Longest title, service name, dedup key and address. Longer keys are hashed, longer addresses dropped."""

SERVICE_LABELS = ("service", "app", "app.kubernetes.io/name", "app_kubernetes_io_name")
"""Labels that name the service, the most explicit first; `job` is asked last, after the source's own fields."""


def object_of(value: Any, where: str) -> dict[str, Any]:
    """A JSON object, or Rejected."""
    if not isinstance(value, dict):
        raise Rejected(f"{where} is {_kind(value)}, it must be an object")
    return value


def list_of(value: Any, where: str) -> list[Any]:
    """A JSON list, or Rejected."""
    if not isinstance(value, list):
        raise Rejected(f"{where} is {_kind(value)}, it must be a list")
    return value


def text_of(value: Any) -> str:
    """A string, number or boolean as text; empty for null and for anything nested."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def texts_of(value: Any, where: str) -> dict[str, str]:
    """Labels or annotations. Null counts as none and drops a value; something nested is Rejected."""
    if value is None:
        return {}
    found = object_of(value, where)
    for key, item in found.items():
        if isinstance(item, dict | list):
            raise Rejected(f"{where} holds {_kind(item)} as a value, only plain values can be labels")
        if not key:
            raise Rejected(f"{where} has an empty name")
    return {key: text_of(item) for key, item in found.items() if item is not None}


def line_of(text: str, longest: int = TITLE) -> str:
    """Text as one line of at most `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def name_of(*candidates: Any) -> str | None:
    """The first candidate that says something, as a name; None when none does."""
    for candidate in candidates:
        if name := line_of(text_of(candidate), NAME):
            return name
    return None


def service_of(labels: Mapping[str, str], *own: Any, explicit: Any = None) -> str | None:
    """The service: an explicit field, then labels, then the source's `own` fields, then `job`."""
    return name_of(explicit, *(labels.get(label) for label in SERVICE_LABELS), *own, labels.get("job"))


def key_of(value: Any, fallback: Mapping[str, str] | Sequence[str]) -> str:
    """The sender's own key, or the hash of what identifies the alert when there is no usable key."""
    key = text_of(value).strip()
    if key and len(key) <= KEY:
        return key
    return hashlib.sha256(json.dumps(key or fallback, sort_keys=True).encode()).hexdigest()[:32]


def time_of(value: Any) -> datetime | None:
    """An ISO 8601 text or a number of seconds since 1970 as UTC. None when there is no time in it, or the year 1.

    An alert with an unreadable time is still an alert, so this never rejects.
    """
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            return None
        known = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return known.astimezone(UTC) if known.year > 1 else None
    except (ValueError, OverflowError, OSError):
        return None


def url_of(value: Any) -> str | None:
    """An http or https address without credentials in it, else None."""
    if not isinstance(value, str) or len(value) > URL or re.search(r"[\x00-\x20\x7f-\x9f\\<>\"]", value):
        return None
    try:
        parts = urlsplit(value)
        safe = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        return value if safe and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def links_of(*named: tuple[str, Any]) -> tuple[Link, ...]:
    """Links of those candidates that are addresses a person may safely follow, each address once."""
    found: dict[str, Link] = {}
    for title, value in named:
        if (url := url_of(value)) is not None:
            found.setdefault(url, Link(title, url))
    return tuple(found.values())


def alerts_of(items: Iterable[Any], read: Callable[[Any, str], Alert], where: str = "alerts") -> Delivery:
    """Read every item. One that cannot be read does not lose the rest: the delivery's reason counts those left out.

    Raises Rejected when there are items and not one of them can be read.
    """
    alerts: list[Alert] = []
    refused: list[str] = []
    for index, item in enumerate(items):
        if index == MOST_ALERTS:
            raise Rejected(f"more than {MOST_ALERTS} alerts in one body")
        try:
            alerts.append(read(item, f"{where}[{index}]"))
        except Rejected as why:
            refused.append(str(why))
    if refused and not alerts:
        raise Rejected(refused[0] + (f" (and {len(refused) - 1} more like it)" if len(refused) > 1 else ""))
    left_out = f"{len(refused)} of {len(refused) + len(alerts)} alerts left out: {refused[0]}" if refused else None
    return Delivery(DeliveryKind.ALERTS, tuple(alerts), left_out)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
