"""Any sender that can post JSON: a script, a cron job, a tool that we have no source for yet.

One alert as an object, several as a list or under `alerts`. Only some text for the title is needed:

    {"title": "Backup failed", "status": "firing", "severity": "high", "service": "db", "system": "shop",
     "dedup_key": "backup-db", "labels": {}, "annotations": {}, "url": "https://...", "starts_at": "2026-11-09T03:00Z"}

Instead of the bearer token a sender may sign the body: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`,
keyed with the webhook token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.sources._reading import (
    alerts_of,
    key_of,
    line_of,
    links_of,
    list_of,
    name_of,
    object_of,
    service_of,
    text_of,
    texts_of,
    time_of,
    url_of,
)
from incidents.alert import Alert, AlertStatus, Delivery, Priority
from incidents.errors import Rejected
from incidents.severity import priority_named

NAME = "generic"
SIGNATURE = "x-hub-signature-256"

EXAMPLE = b"""{
  "title": "Nightly backup of the shop database failed",
  "status": "firing",
  "severity": "high",
  "service": "db",
  "system": "shop",
  "dedup_key": "backup-shop-db",
  "description": "pg_dump ended with exit code 1 after 14 s.",
  "labels": {"host": "backup-1", "job": "nightly-backup"},
  "url": "https://ci.example/jobs/nightly-backup/118",
  "runbook_url": "https://wiki.example/runbooks/backup",
  "starts_at": "2026-11-09T03:00:14Z"
}
"""

TITLES = ("title", "message", "summary", "name")
STATUS: Mapping[str, AlertStatus] = (
    dict.fromkeys(("firing", "triggered", "trigger", "open", "alerting", "problem", "active", "down", "failed",
                   "critical", "warning", "error"), AlertStatus.FIRING)
    | dict.fromkeys(("acknowledged", "acknowledge", "ack"), AlertStatus.ACKNOWLEDGED)
    | dict.fromkeys(("resolved", "resolve", "closed", "close", "ok", "recovered", "recovery", "up", "cleared"),
                    AlertStatus.RESOLVED)
)  # fmt: skip


def parse(body: Any, headers: Mapping[str, str], now: datetime) -> Delivery:
    """One alert, or several. Raises Rejected when there is no title or the status is not a known word."""
    if isinstance(body, dict) and isinstance(body.get("alerts"), list):
        body = body["alerts"]
    if isinstance(body, list):
        return alerts_of(list_of(body, "the body"), _alert)
    return alerts_of([object_of(body, "the body")], lambda item, _: _alert(item, "the alert"))


def authentic(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether the body is signed with the secret."""
    signature = headers.get(SIGNATURE, "")
    expected = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode())


def _alert(item: Any, where: str) -> Alert:
    alert = object_of(item, where)
    title = next((line for field in TITLES if (line := line_of(text_of(alert.get(field))))), "")
    if not title:
        raise Rejected(f"{where} has no title; one of {', '.join(TITLES)} must say what is wrong")
    labels = texts_of(alert.get("labels"), f"{where}.labels")
    status = _status(alert, where)
    service = service_of(labels, explicit=alert.get("service"))
    system = name_of(alert.get("system"), labels.get("system"))
    return Alert(
        source=NAME,
        status=status,
        dedup_key=key_of(alert.get("dedup_key"), {"title": title, "service": service or "", "system": system or ""}),
        title=title,
        service=service,
        system=system,
        priority=_priority(alert),
        labels=labels,
        annotations=_annotations(alert, where),
        links=links_of(("Source", alert.get("url") or alert.get("link"))),
        runbook_url=url_of(alert.get("runbook_url")),
        starts_at=time_of(alert.get("starts_at")),
        ends_at=time_of(alert.get("ends_at")) if status is AlertStatus.RESOLVED else None,
    )


def _status(alert: Mapping[str, Any], where: str) -> AlertStatus:
    word = text_of(alert.get("status")) or text_of(alert.get("state")) or "firing"
    status = STATUS.get(word.strip().lower())
    if status is None:
        raise Rejected(f"{where}.status is not a word we know; use firing, acknowledged or resolved")
    return status


def _priority(alert: Mapping[str, Any]) -> Priority | None:
    words = (text_of(alert.get(field)) for field in ("priority", "severity"))
    return next(filter(None, map(priority_named, words)), None)


def _annotations(alert: Mapping[str, Any], where: str) -> dict[str, str]:
    extra = {field: text for field in ("summary", "description", "message") if (text := text_of(alert.get(field)))}
    return extra | texts_of(alert.get("annotations"), f"{where}.annotations")
