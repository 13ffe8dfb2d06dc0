"""From an alert's POST to the verdict in the database: webhook, commit, triage, checks, and what the worker adds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx

from benchmarks.figures import Figure
from benchmarks.programs import API_TOKEN, TOKEN, midwatch_up, wait_for

ALERTS = 9
GOAL = 3.0


def measure() -> Iterator[Figure]:
    with midwatch_up() as (url, target), httpx.Client(base_url=url, timeout=10) as client:
        bare = [_bare(client, target) for _ in range(ALERTS)]
        taken = [_story(client, number) for number in range(1, ALERTS + 1)]
    floor = statistics.median(bare)
    value = statistics.median(taken) - floor
    name = f"alert to verdict, less the target's answer (worst {max(taken):.2f} s)"
    yield Figure(name, value, "s", floor, "the target's answer alone", f"at most {GOAL:g} s", value <= GOAL)


def _bare(client: httpx.Client, target: str) -> float:
    begun = time.perf_counter()
    client.get(target)
    return time.perf_counter() - begun


def _story(client: httpx.Client, number: int) -> float:
    """Seconds from the POST of a new incident's alert to its verdict. The incident is resolved afterwards."""
    begun = time.time()
    _post(client, number, "firing")
    wait_for(lambda: _verdict(client, number) is not None, every=0.02)
    at = _verdict(client, number)
    _post(client, number, "resolved")
    wait_for(lambda: _account(client, number)["status"] == "resolved", every=0.02)
    assert at is not None
    return datetime.fromisoformat(at).timestamp() - begun


def _post(client: httpx.Client, number: int, status: str) -> None:
    alert = {"title": "Lamp is dark", "status": status, "service": "lamp", "dedup_key": f"lamp-{number}"}
    client.post("/webhooks/generic", json=alert, headers={"authorization": f"Bearer {TOKEN}"}).raise_for_status()


def _account(client: httpx.Client, number: int) -> dict[str, Any]:
    answer = client.get(f"/api/incidents/{number}", headers={"authorization": f"Bearer {API_TOKEN}"})
    found: dict[str, Any] = answer.json()
    return found


def _verdict(client: httpx.Client, number: int) -> str | None:
    return next((event["at"] for event in _account(client, number)["timeline"] if event["kind"] == "verdict"), None)
