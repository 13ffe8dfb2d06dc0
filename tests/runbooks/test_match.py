"""Alerts and the procedures that answer them: refusals first, then the promise on alerts nobody tuned on."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from incidents.alert import Alert, AlertStatus
from incidents.inventory import Inventory, System
from runbooks.match import Match, alert_of, match
from runbooks.parse import parse
from runbooks.shelf import Shelf
from tests.runbooks.alerts import FRESH, HELD_OUT, KNOWN, TUNED_ON, UNKNOWN, Case
from tests.runbooks.users import FOLDER, needs_users_runbooks

SHOP = """
# Shop

## Troubleshooting

### High Memory Usage
```bash
# Check memory
docker stats --no-stream
# Restart
docker compose restart web
```

### Database Connection Errors
**Symptoms**: "too many clients already", connection refused
**Diagnosis**:
```bash
docker compose logs postgres
```
**Solution**:
```bash
docker compose restart postgres
```

## Disaster Recovery

### Database Restoration
```bash
# Restore
docker compose exec -T postgres psql -f dump.sql
```
"""
BOOKING = """
# Booking

## Troubleshooting

### High Memory Usage
```bash
# Check memory
docker stats --no-stream booking-worker
```
"""


class Documents:
    """As much of a shelf as matching looks at."""

    def __init__(self, **texts: str) -> None:
        self.documents = tuple(
            parse(f"{name}.md", dedent(text), "*" if name == "library" else name) for name, text in texts.items()
        )


def answer(alert: dict[str, Any], inventory: Inventory | None = None, **texts: str) -> list[Match]:
    return match(alert_of(alert), Documents(**(texts or {"shop": SHOP, "booking": BOOKING})), inventory or Inventory())


def titles(matches: list[Match]) -> list[str]:
    return [f"{found.document.system}: {found.procedure.title}" for found in matches]


# -- no runbook


def test_an_alert_about_something_else_has_no_runbook() -> None:
    assert answer({"alertname": "RedisDown", "summary": "Redis is down", "system": "shop"}) == []


def test_an_alert_of_a_system_without_documents_has_no_runbook_however_well_the_words_fit() -> None:
    assert answer({"alertname": "HighMemoryUsage", "summary": "memory above 90%", "system": "payments"}) == []


def test_an_alert_that_fits_two_systems_and_names_none_has_no_runbook() -> None:
    assert answer({"alertname": "HighMemory", "summary": "memory above 90%"}) == []


def test_a_failed_backup_is_not_answered_by_a_procedure_for_its_database() -> None:
    assert (
        answer({"alertname": "DatabaseBackupFailed", "summary": "backup of the database failed", "system": "shop"})
        == []
    )


def test_a_name_that_no_runbook_knows_is_not_taken_for_an_outage() -> None:
    text = "# Till\n\n## Incidents\n\n### Checkout does not answer (P1)\n\n```bash\ncurl -s localhost/health\n```\n"

    def named(title: str) -> list[str]:
        return titles(answer({"alertname": title, "service": "checkout", "system": "till"}, till=text))

    assert named("DeploymentFrozen") == []
    assert named("WeirdThing") == []
    assert named("InstanceDown") == ["till: Checkout does not answer (P1)"]


def test_a_recovery_is_never_what_an_alert_starts() -> None:
    found = answer({"alertname": "DatabaseRestorationNeeded", "summary": "restore the database", "system": "shop"})
    assert all(one.procedure.auto for one in found[:1])


def test_a_link_to_nowhere_does_not_stop_the_words_from_being_compared() -> None:
    alert = {"alertname": "HighMemory", "system": "shop", "runbook_url": "https://wiki.example/pages/42#top"}
    assert titles(answer(alert))[:1] == ["shop: High Memory Usage"]


# -- whose alert


def test_the_system_label_decides_between_equal_titles() -> None:
    assert titles(answer({"alertname": "HighMemoryUsage", "system": "booking"}))[:1] == ["booking: High Memory Usage"]


def test_the_inventory_says_whose_service_it_is_and_the_reason_says_so() -> None:
    inventory = Inventory({"shop": System(name="shop", services=("front",)), "booking": System(name="booking")})
    (best, *_) = answer({"alertname": "HighMemory", "service": "front"}, inventory)
    assert (best.document.system, "front belongs to shop" in best.why) == ("shop", True)


def test_a_name_that_only_one_document_uses_says_whose_alert_it_is() -> None:
    found = answer({"alertname": "ContainerMemoryHigh", "container": "booking-worker"})
    assert titles(found)[:1] == ["booking: High Memory Usage"]


def test_a_host_name_that_bears_the_name_of_a_system_says_whose_alert_it_is() -> None:
    assert titles(answer({"title": "High memory utilization", "host": "booking-prod-2"}))[:1] == [
        "booking: High Memory Usage"
    ]


# -- what it says


def test_the_reason_names_the_symptom_and_where_it_was_met() -> None:
    alert = {"alertname": "PostgresErrors", "summary": "FATAL: sorry, too many clients already", "system": "shop"}
    (best, *_) = answer(alert)
    assert best.procedure.title == "Database Connection Errors"
    assert best.why.startswith("symptom 'too many clients already' matches")


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/ops/blob/main/shop.md#database-connection-errors",
        "https://runbooks.example/shop#database-connection-errors",
        "https://runbooks.example/shop.html#Database-Connection-Errors",
    ],
)
def test_a_link_in_the_alert_wins_over_its_words(url: str) -> None:
    (best, *_) = answer({"alertname": "HighMemory", "system": "shop", "runbook_url": url})
    assert (best.procedure.title, best.score) == ("Database Connection Errors", 100.0)


def test_front_matter_may_claim_alerts_for_a_procedure_by_label_and_pattern() -> None:
    claim = "---\nmatch:\n  - alertname: [Odd*, Strange]\n    service: web\n    procedure: High Memory Usage\n---\n"
    claimed = {"alertname": "OddThing", "service": "web"}
    (best, *_) = answer(claimed, shop=claim + SHOP)
    assert (best.procedure.title, best.score) == ("High Memory Usage", 99.0)
    assert "claims alerts with alertname Odd* or Strange, service web" in best.why
    assert answer(claimed | {"service": "db"}, shop=claim + SHOP) == []


def test_a_document_of_one_procedure_is_found_by_its_file_or_by_its_title() -> None:
    page = "# NodeClockSkew\n\n## Meaning\nThe clock is off.\n\n## Diagnosis\n```\nchronyc tracking\n```\n"
    by_link = {"alertname": "X", "runbook_url": "https://runbooks.example/node/NodeClockSkew"}
    by_name = {"alertname": "NodeClockSkew", "namespace": "monitoring"}
    for alert in (by_link, by_name):
        assert titles(answer(alert, NodeClockSkew=page, shop=SHOP)) == ["NodeClockSkew: NodeClockSkew"]


def test_what_ships_with_midwatch_answers_only_where_the_system_has_nothing() -> None:
    library = "# Host\n\n## Issue: High memory usage\n```bash\nfree -m\n```\n## Issue: Disk full\n```bash\ndf -h\n```\n"
    memory = {"alertname": "HighMemoryUsage", "system": "shop"}
    disk = {"alertname": "DiskFull", "summary": "no space left", "system": "shop"}
    assert titles(answer(memory, shop=SHOP, library=library)) == ["shop: High Memory Usage"]
    assert titles(answer(disk, shop=SHOP, library=library)) == ["*: Disk full"]


def test_what_ships_with_midwatch_is_silent_where_no_check_could_run_and_on_what_it_does_not_name() -> None:
    library = "# Docker\n## Issue: Container not running\n```bash\ndocker ps -a\n```\n"
    foreign = {"alertname": "ContainerDown", "summary": "a container is down", "system": "payments"}
    listed = Inventory({"payments": System(name="payments")})
    node = {"alertname": "KubeNodeNotReady", "summary": "node is not ready", "system": "shop"}
    assert answer(foreign, shop=SHOP, library=library) == []
    assert titles(answer(foreign, listed, shop=SHOP, library=library)) == ["*: Container not running"]
    assert answer(node, shop=SHOP, library=library) == []


def test_matching_is_the_same_every_time_and_keeps_scores_within_bounds() -> None:
    alert = {"alertname": "HighMemoryUsage", "system": "shop"}
    assert answer(alert) == answer(alert)
    assert all(0 <= found.score <= 100 for found in answer(alert))


# -- the promise, on the users' documents


def _share(cases: tuple[Case, ...], shelf: Shelf) -> float:
    right = 0
    for system, title, alert in cases:
        found = match(alert_of(alert), shelf, Inventory())
        first = (found[0].document.system, found[0].procedure.title) if found else (None, None)
        right += first == (system, title)
    return right / len(cases)


@pytest.fixture(scope="module")
def users() -> Shelf:
    return Shelf.load(Path(FOLDER), Inventory(), library=False)


@needs_users_runbooks
@pytest.mark.parametrize("cases", [TUNED_ON, HELD_OUT, FRESH], ids=["tuned on", "held out", "fresh"])
def test_the_right_entry_comes_first_for_nine_in_ten_and_silence_for_four_in_five(
    cases: tuple[Case, ...], users: Shelf
) -> None:
    known = tuple(case for case in cases if case[1] is not None)
    unknown = tuple(case for case in cases if case[1] is None)
    assert (len(KNOWN) >= 40, len(UNKNOWN) >= 15) == (True, True)
    assert _share(known, users) >= 0.9
    assert _share(unknown, users) >= 0.8


@pytest.mark.parametrize("name", ["LampIsDark", "lamp_is_dark", "Lamp is dark", "lamp-is-dark"])
def test_an_alert_that_bears_a_procedures_name_is_answered_by_it_however_it_is_written(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "lamp.md").write_text(
        "# Lamp\n\n## Incidents\n\n### Lamp is dark (P2)\n\n**Diagnosis**:\n```bash\ndf -h\n```\n"
    )
    inventory = Inventory(systems={"lamp": System(name="lamp", services=("lamp",))})
    alert = Alert("alertmanager", AlertStatus.FIRING, "k", name, "lamp", labels={"alertname": name, "service": "lamp"})
    (found,) = match(alert, Shelf.load(tmp_path, inventory, library=False), inventory)
    assert found.procedure.title == "Lamp is dark (P2)"
