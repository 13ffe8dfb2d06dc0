"""The door in front of Bolt: what it refuses, and that what it lets through is handled once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from sqlalchemy import func, select

from bot.slack.verify import LARGEST, signature_of, slack_door
from incidents.models import SlackRequest
from incidents.store import Store

SECRET = "practice" + "-signing" + "-secret"
NOW = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
BODY = urlencode(
    {"command": "/incident", "text": "list", "user_id": "U0ALICE", "team_id": "T1", "trigger_id": "1"}
).encode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Door:
    """A door with a real Bolt app behind it that counts what reaches a handler."""

    def __init__(self, store: Store, secret: str = SECRET) -> None:
        self.now, self.store, self.secret, self.handled = NOW, store, secret, list[str]()
        app = App(
            client=WebClient(base_url="http://127.0.0.1:9/api/"),
            authorize=lambda **_: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xo" + "xb-1"),
            process_before_response=True,
            request_verification_enabled=False,
            ssl_check_enabled=False,
        )

        @app.command("/incident")
        def handle(ack: Ack, body: Mapping[str, str]) -> None:
            ack()
            self.handled.append(body["text"])

        self._door = slack_door(app, store, secret, lambda: self.now)

    def knock(self, body: bytes = BODY, headers: Mapping[str, str] | None = None) -> int:
        status, _, answer = self._door(body, self.signed(body) if headers is None else headers)
        self.answer = answer.decode()
        return status

    def signed(self, body: bytes = BODY, age: float = 0, secret: str = SECRET) -> dict[str, str]:
        stamp = str(int(NOW.timestamp() - age))
        return {**FORM, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature_of(body, stamp, secret)}


@pytest.fixture
def door(sqlite_store: Store) -> Door:
    return Door(sqlite_store)


BAD_HEADERS: Mapping[str, Callable[[dict[str, str]], Mapping[str, str]]] = {
    "no headers at all": lambda h: {},
    "no signature": lambda h: {k: v for k, v in h.items() if k != "X-Slack-Signature"},
    "no timestamp": lambda h: {k: v for k, v in h.items() if k != "X-Slack-Request-Timestamp"},
    "an empty timestamp": lambda h: h | {"X-Slack-Request-Timestamp": ""},
    "words for a timestamp": lambda h: h | {"X-Slack-Request-Timestamp": "abc"},
    "400 digits": lambda h: h | {"X-Slack-Request-Timestamp": "9" * 400},
    "a negative timestamp": lambda h: h | {"X-Slack-Request-Timestamp": "-1"},
    "a fraction": lambda h: h | {"X-Slack-Request-Timestamp": "1772506800.5"},
    "digits of another script": lambda h: h | {"X-Slack-Request-Timestamp": "١٢٣"},
    "a signature that is not ASCII": lambda h: h | {"X-Slack-Signature": "v0=" + "é" * 64},
    "a short signature": lambda h: h | {"X-Slack-Signature": h["X-Slack-Signature"][:-1]},
    "another version": lambda h: h | {"X-Slack-Signature": "v1=" + h["X-Slack-Signature"][3:]},
    "upper case": lambda h: h | {"X-Slack-Signature": h["X-Slack-Signature"].upper()},
    "a changed signature": lambda h: h | {"X-Slack-Signature": "v0=" + "0" * 64},
}


@pytest.mark.parametrize("what", BAD_HEADERS)
def test_malformed_credentials_get_401_and_reach_nobody(door: Door, what: str) -> None:
    assert door.knock(headers=BAD_HEADERS[what](door.signed())) == 401
    assert door.handled == []


@pytest.mark.parametrize(("age", "status"), [(301, 401), (300, 200), (0, 200), (-60, 200), (-61, 401)])
def test_a_timestamp_counts_from_five_minutes_ago_to_one_minute_ahead(door: Door, age: float, status: int) -> None:
    assert door.knock(headers=door.signed(age=age)) == status


def test_a_body_that_was_changed_on_the_way_is_refused(door: Door) -> None:
    assert door.knock(BODY + b"&text=resolve", door.signed()) == 401


def test_another_secret_is_refused(door: Door) -> None:
    assert door.knock(headers=door.signed(secret="else")) == 401


def test_without_a_signing_secret_nothing_is_let_in(sqlite_store: Store) -> None:
    door = Door(sqlite_store, secret="")
    assert door.knock(headers=door.signed(secret="")) == 401


def test_the_same_request_is_handled_once(door: Door) -> None:
    headers = door.signed()
    assert [door.knock(headers=headers) for _ in range(3)] == [200, 401, 401]
    assert door.handled == ["list"]
    assert "sent before" in door.answer


def test_a_replay_is_recognised_after_a_restart(door: Door, sqlite_store: Store) -> None:
    headers = door.signed()
    assert door.knock(headers=headers) == 200
    assert Door(sqlite_store).knock(headers=headers) == 401


def test_old_signatures_are_forgotten_once_their_window_has_passed(door: Door, sqlite_store: Store) -> None:
    door.knock()
    door.now += timedelta(minutes=11)
    door.knock(headers=door.signed(age=-660))
    with sqlite_store.read() as session:
        assert session.scalar(select(func.count()).select_from(SlackRequest)) == 1


def test_a_body_beyond_the_limit_is_refused_before_it_is_looked_at(door: Door) -> None:
    body = b"text=" + b"a" * LARGEST
    assert door.knock(body) == 413


def test_an_ssl_check_is_answered_only_when_it_is_signed(door: Door) -> None:
    body = b"ssl_check=1&token=x"
    assert door.knock(body, FORM) == 401
    assert door.knock(body) == 200
    assert door.handled == []


UNREADABLE = {
    "JSON that ends early": b"payload=%7B",
    "deep JSON": b"payload=" + b"%5B" * 60_000,
    "a JSON list": b"payload=%5B1%5D",
    "a JSON number": b"payload=7",
    "not UTF-8": b"payload=\xff\xfe\xfa",
    "a number of 5,000 digits": b"payload=%7B%22a%22%3A" + b"1" * 5_000 + b"%7D",
    "nothing": b"",
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_signed_body_that_cannot_be_read_gets_a_4xx_and_no_exception(door: Door, what: str) -> None:
    assert 400 <= door.knock(UNREADABLE[what]) < 500


def test_unsigned_headers_cannot_steer_bolts_own_dispatching(door: Door) -> None:
    steering = {"X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "handle"}
    assert door.knock(headers=door.signed() | steering) == 200
    assert door.handled == ["list"]


def test_header_names_count_in_any_case(door: Door) -> None:
    assert door.knock(headers={name.upper(): value for name, value in door.signed().items()}) == 200
    assert (
        door.knock(
            b"command=%2Fincident&text=2", {k.lower(): v for k, v in door.signed(b"command=%2Fincident&text=2").items()}
        )
        == 200
    )


def test_a_database_that_cannot_commit_answers_503_and_nothing_is_handled(door: Door, sqlite_store: Store) -> None:
    sqlite_store.close()
    assert door.knock() == 503
    assert door.handled == []


def test_a_url_verification_is_echoed(door: Door) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c-1", "token": "t"}).encode()
    headers = door.signed(body) | {"Content-Type": "application/json"}
    assert door.knock(body, headers) == 200
    assert "c-1" in door.answer
