"""Any sender that can post JSON."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sources import generic, is_signed, source_named
from incidents.alert import Alert, AlertStatus, Priority
from incidents.errors import Rejected

NOW = datetime(2026, 11, 9, 3, 15, tzinfo=UTC)


def one(**fields: Any) -> Alert:
    (found,) = generic.parse({"title": "Backup failed", **fields}, {}, NOW).alerts
    return found


@pytest.mark.parametrize("title", [None, "", "  \n ", [], {}])
def test_an_alert_without_a_title_is_rejected(title: Any) -> None:
    with pytest.raises(Rejected, match="title"):
        one(title=title)


def test_a_status_that_nobody_knows_is_rejected() -> None:
    with pytest.raises(Rejected, match="status"):
        one(status="purple")


@pytest.mark.parametrize("field", ["title", "message", "summary", "name"])
def test_the_title_may_have_several_names(field: str) -> None:
    (found,) = generic.parse({field: "Backup failed"}, {}, NOW).alerts
    assert found.title == "Backup failed"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("firing", AlertStatus.FIRING),
        ("DOWN", AlertStatus.FIRING),
        ("acknowledged", AlertStatus.ACKNOWLEDGED),
        ("ok", AlertStatus.RESOLVED),
        (" Recovered ", AlertStatus.RESOLVED),
    ],
)
def test_senders_have_many_words_for_a_status(word: str, status: AlertStatus) -> None:
    assert one(status=word).status is one(state=word).status is status


def test_without_a_status_it_fires() -> None:
    assert one().status is AlertStatus.FIRING


def test_several_alerts_come_as_a_list_or_under_alerts() -> None:
    items = [{"title": "A"}, {"title": "B"}]
    assert [a.title for a in generic.parse(items, {}, NOW).alerts] == ["A", "B"]
    assert [a.title for a in generic.parse({"alerts": items}, {}, NOW).alerts] == ["A", "B"]


def test_the_identity_is_the_given_key_else_what_it_is_about() -> None:
    assert one(dedup_key="backup").dedup_key == "backup"
    assert one(status="firing").dedup_key == one(status="resolved", description="over").dedup_key
    assert one(service="db").dedup_key != one(service="web").dedup_key


def test_a_key_too_long_for_an_index_is_hashed() -> None:
    assert len(one(dedup_key="k" * 9000).dedup_key) == 32
    assert one(dedup_key="k" * 9000).dedup_key != one(dedup_key="k" * 9001).dedup_key


@pytest.mark.parametrize(
    ("word", "priority"), [("high", Priority.P2), ("SEV-1", Priority.P1), ("P4", Priority.P4), ("x", None)]
)
def test_the_priority_is_what_the_sender_says(word: str, priority: Priority | None) -> None:
    assert one(severity=word).priority is one(priority=word).priority is priority


def test_an_explicit_service_goes_before_labels() -> None:
    assert one(service="db", labels={"service": "web"}).service == "db"
    assert one(labels={"job": "nightly"}).service == "nightly"


def test_times_may_be_seconds_since_1970() -> None:
    assert one(starts_at=1794193200).starts_at == datetime(2026, 11, 9, 3, 0, tzinfo=UTC)
    assert one(starts_at=1e300).starts_at is None


def test_a_signature_counts_only_over_these_very_bytes() -> None:
    raw, secret = generic.EXAMPLE, "a-shared-secret"
    good = {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}
    assert is_signed(source_named("generic"), raw, good, secret)
    assert not is_signed(source_named("generic"), raw + b"\n", good, secret)
    assert not is_signed(source_named("generic"), raw, good, "another-secret")
    for headers in ({}, {"x-hub-signature-256": ""}, {"x-hub-signature-256": "sha256="}, {"x-hub-signature-256": "é"}):
        assert not is_signed(source_named("generic"), raw, headers, secret)
    assert not is_signed(source_named("alertmanager"), raw, good, secret)
