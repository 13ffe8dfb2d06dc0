"""Prometheus Alertmanager, webhook version 4.

Each alert carries its own status; the group's `status` says "firing" as long as one member fires. Alertmanager sends
the year 1 as the end of an alert that has none. The priority is left to the labels: intake reads them and says so.
"""

from __future__ import annotations

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
from incidents.alert import Alert, AlertStatus, Delivery, Link
from incidents.errors import Rejected

NAME = "alertmanager"

EXAMPLE = b"""{
  "receiver": "midwatch",
  "status": "firing",
  "alerts": [
    {
      "status": "firing",
      "labels": {
        "alertname": "LMSApiDown",
        "instance": "lms-1.example:8000",
        "job": "lms-api",
        "service": "api",
        "severity": "critical",
        "system": "lms-backend"
      },
      "annotations": {
        "summary": "The LMS API does not answer its health check",
        "description": "lms-1.example:8000 has been down for more than 1 minute.",
        "runbook_url": "https://runbooks.example/lms-backend#api-unavailability"
      },
      "startsAt": "2026-11-09T03:12:44.215Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
      "fingerprint": "8c1f3b7a2d9e4f60"
    }
  ],
  "groupLabels": {"alertname": "LMSApiDown"},
  "commonLabels": {"alertname": "LMSApiDown", "service": "api", "severity": "critical"},
  "commonAnnotations": {"summary": "The LMS API does not answer its health check"},
  "externalURL": "http://alertmanager.example:9093",
  "version": "4",
  "groupKey": "{}:{alertname=\\"LMSApiDown\\"}",
  "truncatedAlerts": 0
}
"""

STATUS = {"firing": AlertStatus.FIRING, "resolved": AlertStatus.RESOLVED}


def parse(body: Any, headers: Mapping[str, str], now: datetime) -> Delivery:
    """Alerts of one notification. Raises Rejected for what is not one."""
    group = object_of(body, "the body")
    if "alerts" not in group:
        raise Rejected("the body has no `alerts`; an Alertmanager webhook of version 4 is expected")
    external = group.get("externalURL")
    return alerts_of(list_of(group["alerts"], "`alerts`"), lambda item, where: _alert(item, where, external))


def _alert(item: Any, where: str, external: Any) -> Alert:
    alert = object_of(item, where)
    labels = texts_of(alert.get("labels"), f"{where}.labels")
    notes = texts_of(alert.get("annotations"), f"{where}.annotations")
    if not labels and not notes:
        raise Rejected(f"{where} has neither labels nor annotations")
    status = _status(alert.get("status"), where)
    return Alert(
        source=NAME,
        status=status,
        dedup_key=key_of(alert.get("fingerprint"), labels),
        title=_title(labels, notes),
        service=service_of(labels),
        system=name_of(labels.get("system")),
        labels=labels,
        annotations=notes,
        links=_links(alert, notes, external),
        runbook_url=url_of(notes.get("runbook_url")),
        starts_at=time_of(alert.get("startsAt")),
        ends_at=time_of(alert.get("endsAt")) if status is AlertStatus.RESOLVED else None,
    )


def _status(value: Any, where: str) -> AlertStatus:
    status = STATUS.get(text_of(value))
    if status is None:
        raise Rejected(f"{where}.status must be `firing` or `resolved`")
    return status


def _title(labels: Mapping[str, str], notes: Mapping[str, str]) -> str:
    candidates = (labels.get("alertname"), notes.get("summary"), notes.get("description"))
    said = (line_of(text) for text in candidates if text)
    pairs = line_of(", ".join(f"{name}={value}" for name, value in sorted(labels.items())))
    return next(filter(None, said), pairs) or "alert without a name"


def _links(alert: Mapping[str, Any], notes: Mapping[str, str], external: Any) -> tuple[Link, ...]:
    return links_of(
        ("Prometheus", alert.get("generatorURL")),
        ("Dashboard", notes.get("dashboard_url") or notes.get("dashboard")),
        ("Alertmanager", external),
    )
