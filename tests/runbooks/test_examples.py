"""The examples a newcomer copies: lint has nothing to say, checks run by themselves, alerts find their procedures."""

from __future__ import annotations

from pathlib import Path

import pytest

import runbooks
from incidents.inventory import load_inventory
from runbooks.document import Document, Phase
from runbooks.lint import as_text, lint
from runbooks.match import alert_of, match
from runbooks.shelf import Shelf

FOLDER = Path(runbooks.__file__).parent / "examples"
INVENTORY = load_inventory(FOLDER / "inventory.yml")
SHELF = Shelf.load(FOLDER, INVENTORY, library=False)
NO_FORM_OF_OURS = ("systemctl", "journalctl", "docker system df")
"""Checks that have no form of ours: systemd's own tools, and Docker's own account of its disk."""


def test_there_is_one_for_each_of_the_five_systems() -> None:
    assert [document.path for document in SHELF.documents] == [
        "aada-lms.md",
        "course-creator.md",
        "litcoach.md",
        "lms-backend.md",
        "neurocore.md",
    ]
    assert {document.system for document in SHELF.documents} == set(INVENTORY.systems)
    assert SHELF.problems == ()


@pytest.mark.parametrize("document", SHELF.documents, ids=lambda document: document.system)
def test_lint_has_nothing_to_say(document: Document) -> None:
    issues = lint(document, SHELF.documents)
    assert not issues, as_text([(document, issues)])


@pytest.mark.parametrize("document", SHELF.documents, ids=lambda document: document.system)
def test_every_check_runs_by_itself_and_nearly_all_natively(document: Document) -> None:
    for step in (step for procedure in document.procedures for step in procedure.steps):
        if step.text is None or step.phase not in (Phase.DIAGNOSIS, Phase.VERIFICATION):
            continue
        assert step.judgement.runs_unasked, step
        assert step.judgement.runs_as not in ("shell", "manual"), step
        if step.judgement.runs_as == "argv":
            assert step.text.startswith(NO_FORM_OF_OURS), step


def test_they_are_never_loaded_beside_a_teams_own() -> None:
    assert all("examples" not in document.path for document in Shelf.load(None, INVENTORY).documents)


@pytest.mark.parametrize(
    ("alert", "title"),
    [
        (
            {"alertname": "LmsApiDown", "system": "lms-backend", "summary": "the API does not respond"},
            "API unavailable",
        ),
        ({"alertname": "SqliteCorrupt", "system": "litcoach", "summary": "database is malformed"}, "Database damaged"),
        ({"alertname": "NeurocoreDiskFull", "summary": "Less than 10 % disk space left"}, "Disk full"),
        (
            {"alertname": "LabsTimeOut", "service": "lab-manager", "summary": "lab creation timed out"},
            "Lab containers not starting",
        ),
        ({"alertname": "TooManyConnections", "system": "aada-lms", "service": "postgres"}, "Connection pool exhausted"),
        ({"alertname": "RedisDown", "system": "lms-backend", "service": "redis"}, None),
        ({"alertname": "BackupFailed", "system": "neurocore"}, None),
    ],
)
def test_alerts_find_their_procedures_here_too(alert: dict[str, str], title: str | None) -> None:
    found = match(alert_of(alert), SHELF, INVENTORY)
    assert (found[0].procedure.title if found else None) == title
