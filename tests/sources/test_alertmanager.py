"""Alertmanager's webhook, version 4."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot import strict_json
from bot.sources import alertmanager
from incidents.alert import Alert, AlertStatus, Priority
from incidents.errors import Rejected
from incidents.severity import priority_of

NOW = datetime(2026, 11, 9, 3, 15, tzinfo=UTC)


def group(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"version": "4", "status": "firing", "receiver": "midwatch", "alerts": list(alerts), **fields}


def alert(**fields: Any) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": "DiskFull"}, "annotations": {}, **fields}


def one(*alerts: dict[str, Any], **fields: Any) -> Alert:
    (found,) = alertmanager.parse(group(*alerts, **fields), {}, NOW).alerts
    return found


def test_a_body_without_alerts_is_rejected_by_name() -> None:
    with pytest.raises(Rejected, match="`alerts`"):
        alertmanager.parse({"version": "4"}, {}, NOW)


@pytest.mark.parametrize("status", [None, "", "pending", "FIRING", 1, [], {}])
def test_an_alert_with_another_status_is_rejected(status: Any) -> None:
    with pytest.raises(Rejected, match=r"alerts\[0\]\.status"):
        one(alert(status=status))


def test_an_alert_that_says_nothing_is_rejected() -> None:
    with pytest.raises(Rejected, match="neither labels nor annotations"):
        one({"status": "firing"})


def test_the_reason_of_a_rejection_does_not_repeat_the_senders_text() -> None:
    with pytest.raises(Rejected) as why:
        one(alert(status="s3cr3t"))
    assert "s3cr3t" not in str(why.value)


def test_when_all_are_bad_the_first_reason_is_given_and_the_others_counted() -> None:
    with pytest.raises(Rejected, match=r"alerts\[0\].*and 1 more"):
        alertmanager.parse(group(alert(status=1), alert(labels=[])), {}, NOW)


def test_the_example_is_read_whole() -> None:
    (found,) = alertmanager.parse(strict_json.read(alertmanager.EXAMPLE), {}, NOW).alerts
    assert found.status is AlertStatus.FIRING
    assert found.dedup_key == "8c1f3b7a2d9e4f60"
    assert (found.title, found.service, found.system) == ("LMSApiDown", "api", "lms-backend")
    assert found.annotations["summary"].startswith("The LMS API")
    assert found.starts_at == datetime(2026, 11, 9, 3, 12, 44, 215000, tzinfo=UTC)
    assert [link.title for link in found.links] == ["Prometheus", "Alertmanager"]
    assert found.runbook_url == "https://runbooks.example/lms-backend#api-unavailability"


def test_every_alert_has_its_own_status_whatever_the_group_says() -> None:
    body = group(alert(labels={"alertname": "A"}), alert(labels={"alertname": "B"}, status="resolved"))
    found = alertmanager.parse(body, {}, NOW).alerts
    assert [each.status for each in found] == [AlertStatus.FIRING, AlertStatus.RESOLVED]


def test_the_year_one_is_no_end() -> None:
    assert one(alert(endsAt="0001-01-01T00:00:00Z")).ends_at is None
    assert one(alert(status="resolved", endsAt="0001-01-01T00:00:00Z")).ends_at is None


def test_an_end_in_the_future_of_a_firing_alert_is_only_a_timeout() -> None:
    assert one(alert(endsAt="2026-11-09T03:19:00Z")).ends_at is None


def test_the_end_of_a_resolved_alert_is_kept_in_utc() -> None:
    found = one(alert(status="resolved", endsAt="2026-11-09T05:14:00.123456789+02:00"))
    assert found.ends_at == datetime(2026, 11, 9, 3, 14, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("starts", ["yesterday", "", None, 7, [], "9999-12-31T23:59:59-23:59"])
def test_an_unreadable_start_does_not_lose_the_alert(starts: Any) -> None:
    found = one(alert(startsAt=starts))
    assert found.title == "DiskFull"


def test_without_a_fingerprint_the_labels_are_the_identity() -> None:
    first = one(alert(labels={"alertname": "A", "host": "1"}))
    same = one(alert(labels={"host": "1", "alertname": "A"}, annotations={"value": "97"}))
    other = one(alert(labels={"alertname": "A", "host": "2"}))
    assert first.dedup_key == same.dedup_key != other.dedup_key


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"service": "a", "app": "b", "job": "c"}, "a"),
        ({"app": "b", "job": "c"}, "b"),
        ({"app.kubernetes.io/name": "k", "job": "c"}, "k"),
        ({"app_kubernetes_io_name": "k", "job": "c"}, "k"),
        ({"job": "c"}, "c"),
        ({"service": "", "job": "c"}, "c"),
        ({"instance": "x"}, None),
    ],
)
def test_the_service_is_the_most_explicit_label(labels: dict[str, str], service: str | None) -> None:
    assert one(alert(labels=labels)).service == service


@pytest.mark.parametrize(
    ("word", "priority"), [("critical", Priority.P1), ("warning", Priority.P3), ("odd", Priority.P3)]
)
def test_the_priority_is_left_to_the_labels_and_says_so(word: str, priority: Priority) -> None:
    found = one(alert(labels={"alertname": "A", "severity": word}))
    assert found.priority is None
    assert priority_of(found)[0] is priority


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://",
        "//x",
        "http://u:p@x/",
        "http://x/ y",
        "http://[",
        "http:x",
        7,
    ],
)
def test_what_a_person_should_not_follow_is_no_link(url: Any) -> None:
    found = one(alert(generatorURL=url, annotations={"runbook_url": url, "dashboard_url": url}), externalURL=url)
    assert found.links == ()
    assert found.runbook_url is None


@pytest.mark.parametrize(
    ("labels", "notes", "title"),
    [
        ({"alertname": "Disk\nFull  now"}, {}, "Disk Full now"),
        ({"host": "db-1"}, {"summary": "The disk is full"}, "The disk is full"),
        ({"host": "db-1", "disk": "sda"}, {}, "disk=sda, host=db-1"),
        ({"alertname": "x" * 400}, {}, "x" * 299 + "…"),
    ],
)
def test_there_is_always_a_title_of_one_line(labels: dict[str, str], notes: dict[str, str], title: str) -> None:
    assert one(alert(labels=labels, annotations=notes)).title == title


def test_numbers_in_labels_are_read_and_nulls_dropped() -> None:
    assert one(alert(labels={"port": 8000, "up": True, "gone": None})).labels == {"port": "8000", "up": "true"}
