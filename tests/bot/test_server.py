"""Health, metrics, JSON and the door for Slack: refusals first."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime

import httpx
import pytest

from bot.runtime import Runtime
from bot.server import create_app
from bot.serving import Server
from incidents import acts
from incidents.errors import Misconfigured
from tests.bot.story import told


@pytest.fixture
def reader(client: httpx.Client, runtime: Runtime) -> httpx.Client:
    """A program that has the API token."""
    client.headers["authorization"] = f"Bearer {runtime.api_token}"
    return client


@pytest.mark.parametrize("path", ["/api/incidents", "/api/incidents/1"])
def test_the_json_interface_wants_its_token(client: httpx.Client, runtime: Runtime, now: datetime, path: str) -> None:
    told(runtime, now)
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"authorization": "Bearer nonsense"}).status_code == 401
    assert client.get(path, headers={"authorization": f"Bearer {runtime.webhook_token}"}).status_code == 401


def test_an_incident_that_is_not_there_is_not_found(reader: httpx.Client) -> None:
    response = reader.get("/api/incidents/99")
    assert response.status_code == 404
    assert "INC-99" in response.json()["error"]


@pytest.mark.parametrize("query", ["status=nonsense", "before=x", "limit=x"])
def test_a_question_that_makes_no_sense_is_refused(reader: httpx.Client, query: str) -> None:
    assert reader.get(f"/api/incidents?{query}").status_code == 422


@pytest.mark.parametrize("path", ["/api/incidents/99999999999999999999", f"/api/incidents?before={10**30}"])
def test_a_number_beyond_any_id_is_no_server_error(reader: httpx.Client, path: str) -> None:
    assert reader.get(path).status_code in (200, 404, 422)


def test_the_list_can_be_narrowed_and_paged(reader: httpx.Client, runtime: Runtime, now: datetime) -> None:
    for number in range(3):
        told(runtime, now, title=f"Alert {number}")
    runtime.store.write(lambda session: acts.resolve(session, 2, "U0ALICE", now) and None)

    def ids(query: str) -> list[int]:
        return [row["id"] for row in reader.get(f"/api/incidents?{query}").json()["incidents"]]

    assert ids("") == [3, 2, 1]
    assert ids("status=open") == [3, 1]
    assert ids("status=resolved") == [2]
    assert ids("limit=1&before=3") == [2]


def test_an_incident_is_told_whole(reader: httpx.Client, runtime: Runtime, now: datetime) -> None:
    told(runtime, now)
    account = reader.get("/api/incidents/1").json()
    assert (account["name"], account["status"], account["priority"]) == ("INC-1", "acknowledged", "P1")
    assert account["detected_at"] == "2026-03-03T03:00:00Z"
    assert [step["state"] for step in account["runs"][0]["steps"]][:3] == ["failed", "succeeded", "skipped"]
    assert account["approvals"][0]["decision"] == "pending"
    assert account["timeline"][0]["kind"] == "opened"
    assert account["chain"]["faults"] == []


def test_the_process_says_that_it_lives_and_is_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").status_code == 200


def test_a_process_whose_database_is_gone_is_not_ready(client: httpx.Client, runtime: Runtime) -> None:
    runtime.store.close()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "database" in response.text


def test_a_process_that_does_not_sweep_is_not_ready(client: httpx.Client, runtime: Runtime) -> None:
    runtime.swept_at = lambda: runtime.clock().timestamp() - 120
    assert client.get("/readyz").status_code == 503


def test_metrics_count_what_came_in_and_what_there_is(sender: httpx.Client, runtime: Runtime, now: datetime) -> None:
    told(runtime, now)
    sender.post("/webhooks/nosuch", content=b"{}")
    sender.post("/webhooks/generic", content=b'{"title": "Disk full"}')
    text = sender.get("/metrics").text
    assert 'midwatch_webhook_requests_total{source="unknown",status="404"} 1' in text
    assert 'midwatch_alerts_total{source="generic"} 1' in text
    assert 'midwatch_incidents{status="acknowledged"} 1' in text
    assert "midwatch_paused 0" in text


@pytest.mark.parametrize(
    "path", ["/healthz", "/incidents", "/webhooks/alertmanager", "/nosuch", "/static/midwatch.css"]
)
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_there_is_no_browsable_description_of_the_interface(client: httpx.Client) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404] * 3


def test_a_port_that_is_taken_is_refused_by_name(server: Server) -> None:
    with pytest.raises(Misconfigured, match=str(server.port)):
        Server("127.0.0.1", server.port)


class Door:
    """Stands where the verifier and Bolt would, and keeps what it was given."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self.taken.append(body)
        return 202, {"content-type": "text/plain", "x-slack-no-retry": "1"}, headers["x-given"].encode()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def slack(runtime: Runtime, door: Door) -> Iterator[httpx.Client]:
    """Slack, in front of a server with a door for it."""
    listening = Server("127.0.0.1", 0)
    listening.start(create_app(runtime, door))
    with httpx.Client(base_url=listening.url) as made:
        yield made
    listening.stop()


def test_without_a_door_slack_finds_nothing(client: httpx.Client) -> None:
    assert client.post("/slack/events", content=b"x").status_code == 404


def test_a_body_larger_than_slack_ever_sends_never_reaches_the_door(slack: httpx.Client, door: Door) -> None:
    response = slack.post("/slack/events", content=b"x" * (256 * 1024 + 1))
    assert response.status_code == 413
    assert "256 KiB" in response.json()["error"]
    assert door.taken == []


def test_the_door_gets_the_raw_body_and_its_answer_is_passed_on(slack: httpx.Client, door: Door) -> None:
    raw = b"payload=%7B%22a%22%3A1%7D&x=\xff"
    response = slack.post("/slack/events", content=raw, headers={"X-Given": "back"})
    assert (response.status_code, response.text, response.headers["x-slack-no-retry"]) == (202, "back", "1")
    assert door.taken == [raw]


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
def test_who_never_finishes_asking_does_not_hold_a_connection(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr("bot.serving.HEADERS_WITHIN", 0.2)
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=10) as line:
        line.sendall(begun)
        with contextlib.suppress(ConnectionResetError):
            assert line.recv(1) == b""
    assert client.get("/healthz").status_code == 200
