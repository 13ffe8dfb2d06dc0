"""The door for alerts: refusals first, then what is taken in."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.runtime import Runtime
from bot.serving import Server
from bot.sources import source_named
from bot.webhooks import LARGEST
from incidents.models import AlertRow, Incident

EXAMPLE = source_named("alertmanager").EXAMPLE


def stored(runtime: Runtime) -> int:
    with runtime.store.read() as session:
        return session.scalar(select(func.count()).select_from(AlertRow)) or 0


def post(sender: httpx.Client, body: bytes | dict[str, Any], source: str = "alertmanager") -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sender.post(f"/webhooks/{source}", content=raw)


def one_line(response: httpx.Response) -> str:
    why = response.json()["error"]
    assert why and "\n" not in why
    return str(why)


def test_without_a_token_nothing_is_taken(client: httpx.Client, runtime: Runtime) -> None:
    response = post(client, EXAMPLE)
    assert response.status_code == 401
    assert "token" in one_line(response)
    assert stored(runtime) == 0


@pytest.mark.parametrize(
    "credentials",
    ["Bearer wrong", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token}x", "Bearer x{token}"],
)
def test_a_wrong_token_is_refused(client: httpx.Client, runtime: Runtime, credentials: str) -> None:
    client.headers["authorization"] = credentials.format(token=runtime.webhook_token).strip()
    assert post(client, EXAMPLE).status_code == 401
    assert stored(runtime) == 0


def test_a_stranger_does_not_learn_which_sources_there_are(client: httpx.Client) -> None:
    assert post(client, EXAMPLE, "nosuch").status_code == post(client, EXAMPLE).status_code == 401


def test_an_unknown_source_is_not_found(sender: httpx.Client) -> None:
    response = post(sender, EXAMPLE, "nosuch")
    assert response.status_code == 404
    assert "alertmanager" in one_line(response)


def test_other_methods_are_refused(sender: httpx.Client) -> None:
    assert sender.get("/webhooks/alertmanager").status_code == 405


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"alerts", "not JSON"),
        (b'{"alerts": [', "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested deeper"),
        (b'{"alerts": NaN}', "NaN"),
        (b'{"alerts": [], "n": 1e999}', "too large"),
        (b'{"alerts": [], "n": ' + b"9" * 33 + b"}", "32 digits"),
        (b'{"alerts": [], "alerts": []}', "same key twice"),
    ],
)
def test_what_is_not_acceptable_json_is_a_bad_request(
    sender: httpx.Client, runtime: Runtime, body: bytes, says: str
) -> None:
    response = post(sender, body)
    assert response.status_code == 400
    assert says in one_line(response)
    assert stored(runtime) == 0


@pytest.mark.parametrize("body", [{}, [], 7, "x", None, {"alerts": 7}, {"alerts": [7]}, {"alerts": [{"status": "x"}]}])
def test_json_of_the_wrong_shape_is_refused_with_its_reason(sender: httpx.Client, runtime: Runtime, body: Any) -> None:
    response = post(sender, json.dumps(body).encode())
    assert response.status_code == 422
    one_line(response)
    assert stored(runtime) == 0


def test_a_body_that_announces_too_much_is_refused_unread(sender: httpx.Client, runtime: Runtime) -> None:
    response = post(sender, b" " * (LARGEST + 1))
    assert response.status_code == 413
    assert "8 MiB" in one_line(response)


def test_a_body_without_a_length_is_counted_while_it_streams(sender: httpx.Client, runtime: Runtime) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(9):
            yield b" " * 1024 * 1024

    try:
        status = sender.post("/webhooks/alertmanager", content=endless()).status_code
    except httpx.TransportError:  # the answer may be overtaken by the closed connection
        status = 413
    assert status == 413
    assert stored(runtime) == 0


def test_a_compressed_body_is_refused(sender: httpx.Client, runtime: Runtime) -> None:
    response = sender.post("/webhooks/alertmanager", content=EXAMPLE, headers={"content-encoding": "gzip"})
    assert response.status_code == 415
    assert stored(runtime) == 0


def test_a_database_that_cannot_commit_is_said_and_nothing_is_kept(sender: httpx.Client, runtime: Runtime) -> None:
    path = runtime.settings.home / "midwatch.db"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        response = post(sender, EXAMPLE)
        other.execute("ROLLBACK")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert "nothing of this was kept" in one_line(response)
    other.close()


def test_a_process_on_its_way_down_sends_senders_away(sender: httpx.Client, runtime: Runtime) -> None:
    runtime.stopping.set()
    response = post(sender, EXAMPLE)
    assert response.status_code == 503
    assert "retry-after" in response.headers


def test_an_empty_list_of_alerts_is_fine(sender: httpx.Client, runtime: Runtime) -> None:
    response = post(sender, {"version": "4", "alerts": []})
    assert response.status_code == 200
    assert response.json()["alerts"] == 0


def test_an_alert_is_stored_before_it_is_answered(sender: httpx.Client, runtime: Runtime) -> None:
    response = post(sender, EXAMPLE)
    assert response.status_code == 202
    assert response.json()["opened"] == [1]
    with runtime.store.read() as session:
        incident = session.get_one(Incident, 1)
    assert (incident.title, incident.priority, incident.system) == ("LMSApiDown", "P1", "lms-backend")


def test_a_repeat_is_counted_and_opens_nothing(sender: httpx.Client, runtime: Runtime) -> None:
    post(sender, EXAMPLE)
    response = post(sender, EXAMPLE)
    assert (response.json()["opened"], response.json()["duplicates"]) == ([], 1)
    assert stored(runtime) == 1


def test_the_resolved_twin_resolves_the_incident(sender: httpx.Client, runtime: Runtime) -> None:
    post(sender, EXAMPLE)
    resolved = EXAMPLE.replace(b'"status": "firing"', b'"status": "resolved"')
    assert post(sender, resolved).json()["resolved"] == [1]


def test_one_bad_alert_does_not_lose_the_rest(sender: httpx.Client, runtime: Runtime) -> None:
    body = json.loads(EXAMPLE)
    body["alerts"] = [{"status": "firing", "labels": 7}, *body["alerts"]]
    response = post(sender, body)
    assert response.status_code == 202
    assert response.json()["alerts"] == 1
    assert "1 of 2 alerts left out: alerts[0].labels" in response.json()["reason"]
    assert stored(runtime) == 1


def test_text_that_no_database_can_hold_is_cleaned(sender: httpx.Client, runtime: Runtime) -> None:
    body = EXAMPLE.replace(b"LMSApiDown", rb"LMS\u0000Api\ud800Down")
    assert post(sender, body).status_code == 202
    with runtime.store.read() as session:
        assert session.get_one(Incident, 1).title == "LMS\ufffdApi\ufffdDown"


def test_a_signed_body_needs_no_bearer_token(client: httpx.Client, runtime: Runtime) -> None:
    raw = source_named("generic").EXAMPLE
    digest = hmac.new(runtime.webhook_token.encode(), raw, hashlib.sha256).hexdigest()
    signed = {"x-hub-signature-256": f"sha256={digest}"}
    assert client.post("/webhooks/generic", content=raw, headers=signed).status_code == 202
    assert client.post("/webhooks/generic", content=raw + b" ", headers=signed).status_code == 401
    assert client.post("/webhooks/alertmanager", content=EXAMPLE, headers=signed).status_code == 401


def test_a_wrong_bearer_token_is_not_saved_by_a_signature(client: httpx.Client, runtime: Runtime) -> None:
    raw = source_named("generic").EXAMPLE
    digest = hmac.new(runtime.webhook_token.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}", "authorization": "Bearer wrong"}
    assert client.post("/webhooks/generic", content=raw, headers=headers).status_code == 401


def test_a_token_is_made_at_the_first_start_and_kept(runtime: Runtime) -> None:
    with Runtime(runtime.settings) as again:
        assert len(runtime.webhook_token) >= 32
        assert again.webhook_token == runtime.webhook_token
    assert (runtime.settings.home / "webhook-token").stat().st_mode & 0o777 == 0o600


def test_a_raw_connection_that_sends_garbage_does_not_hurt(server: Server, sender: httpx.Client) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as raw:
        raw.sendall(b"POST /webhooks/alertmanager HTTP/1.1\r\nContent-Length: -5\r\n\r\n\x00\xff")
        assert raw.recv(100).startswith(b"HTTP/1.1 4")
    assert post(sender, EXAMPLE).status_code == 202


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner)
)
words = st.sampled_from(["firing", "resolved", "critical", "api", "2026-11-09T03:00:00Z", "0001-01-01T00:00:00Z", ""])
fields = st.sampled_from(
    ["status", "labels", "annotations", "startsAt", "endsAt", "fingerprint", "generatorURL", "title", "dedup_key",
     "url", "severity", "service", "system", "starts_at", "ends_at", "state", "runbook_url"]
)  # fmt: skip
labels = st.dictionaries(
    st.sampled_from(["alertname", "service", "severity", "system", "job"]) | st.text(), words | scalars
)
alert = st.dictionaries(fields, words | labels | anything)
bodies = st.one_of(
    st.binary(max_size=200),
    anything.map(lambda value: json.dumps(value).encode()),
    st.lists(alert, max_size=4).map(lambda value: json.dumps({"alerts": value}).encode()),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, source=st.sampled_from(["alertmanager", "generic"]))
def test_whatever_is_sent_gets_a_2xx_or_a_4xx(sender: httpx.Client, body: bytes, source: str) -> None:
    response = post(sender, body, source)
    assert 200 <= response.status_code < 300 or 400 <= response.status_code < 500, response.text
    if response.status_code >= 400:
        one_line(response)
