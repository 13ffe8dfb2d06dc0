"""The demo's monitoring: asks the storefront how it is and, as Alertmanager would, posts what it finds.

The bodies are Alertmanager's webhook format, version 4
(https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

log = logging.getLogger(__name__)
EVERY = 0.5
"""Seconds between two looks at the health address."""

STEADY = 5
"""Good looks in a row until the alert has ended: one good answer is no recovery."""

NOT_ENDED = "0001-01-01T00:00:00Z"
LABELS = {"alertname": "StorefrontDown", "service": "storefront", "severity": "critical", "job": "storefront"}
ANNOTATIONS = {"summary": "The storefront does not answer", "description": "Its health check fails: connection refused"}


class Monitor:
    """Watches one health address in a thread, and tells a webhook when the answer changes."""

    def __init__(self, health_url: str, webhook_url: str, token: str, told: Callable[[str], None]) -> None:
        self.health_url, self.webhook_url, self.token, self.told = health_url, webhook_url, token, told
        self._down_since: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="demo-monitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _watch(self) -> None:
        good = 0
        with httpx.Client(timeout=2) as client:
            while not self._stop.wait(EVERY):
                well = _answers(client, self.health_url)
                good = good + 1 if well else 0
                if well == (self._down_since is None) or 0 < good < STEADY:
                    continue
                if not well:
                    self._down_since = _now()
                if self._post(client, "resolved" if well else "firing"):
                    self.told("resolved" if well else "firing")
                    self._down_since = None if well else self._down_since
                elif not well:
                    self._down_since = None  # not taken: say it again next time

    def _post(self, client: httpx.Client, status: str) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"}
        body = notification(status, self._down_since or _now())
        try:
            answer = client.post(self.webhook_url, json=body, headers=headers)
        except httpx.HTTPError as failure:
            log.warning("the alert was not taken: %s", failure)
            return False
        return answer.is_success


def notification(status: str, since: str) -> dict[str, Any]:
    """One Alertmanager notification of the storefront's alert, `firing` or `resolved`."""
    fingerprint = hashlib.sha256(LABELS["alertname"].encode()).hexdigest()[:16]
    alert = {
        "status": status,
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "startsAt": since,
        "endsAt": NOT_ENDED if status == "firing" else _now(),
        "fingerprint": fingerprint,
    }
    return {
        "version": "4",
        "groupKey": '{}:{alertname="StorefrontDown"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "midwatch",
        "groupLabels": {"alertname": LABELS["alertname"]},
        "commonLabels": LABELS,
        "commonAnnotations": ANNOTATIONS,
        "externalURL": "",
        "alerts": [alert],
    }


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.HTTPError:
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
