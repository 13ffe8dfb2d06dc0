"""`midwatch runbook`: the JSON that scripts rely on, exit codes, and promotion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.runtime import Runtime
from incidents.settings import load_settings
from tests.bot.terminal import ME, REAL_SLACK, Midwatch, one_line

SHOP = """# Shop Runbook

## Troubleshooting

### API Down

**Symptoms**:
- health check fails

**Diagnosis**:
```bash
# Check the API
curl -f http://localhost:8000/health
docker compose ps
```

**Solution**:
```bash
# Restart the API
docker compose restart api
```
"""


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    """A folder with one document."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "shop.md").write_text(SHOP)
    return folder


@pytest.fixture
def installed(tmp_path: Path) -> None:
    with Runtime(load_settings(home=tmp_path / ".midwatch", _env_file=None)) as runtime:
        runtime.prepare_database()


@pytest.mark.parametrize("command", ["explain", "compile", "lint"])
def test_a_file_that_cannot_be_read_is_named(midwatch: Midwatch, runbooks: Path, command: str) -> None:
    for file in ("nosuch.md", str(runbooks)):
        said = midwatch("runbook", command, file)
        assert said.code == 2
        assert file in one_line(said)


@pytest.mark.parametrize("line", ["nonsense", "[]", "7"])
def test_an_alert_that_is_no_object_is_named_by_its_line(midwatch: Midwatch, runbooks: Path, line: str) -> None:
    said = midwatch("runbook", "match", "--runbooks", str(runbooks), stdin=f"\n{line}\n")
    assert said.code == 2
    assert "line 2" in one_line(said)


def test_every_command_is_explained(midwatch: Midwatch, runbooks: Path) -> None:
    (document,) = midwatch("runbook", "explain", str(runbooks / "shop.md"), "--json").json["documents"]
    assert document["title"] == "Shop Runbook"
    assert [command["risk"] for command in document["commands"]] == ["read_only", "read_only", "mutating"]
    first: dict[str, Any] = document["commands"][0]
    assert first.keys() == {"line", "text", "title", "section", "risk", "reason", "runs_as", "bounded", "bounded_risk",
                            "placeholders", "leaks_secret"}  # fmt: skip
    assert (first["line"], first["runs_as"]) == (13, "http")
    assert "docker compose restart api" in midwatch("runbook", "explain", str(runbooks / "shop.md")).out


def test_a_document_is_compiled_to_its_procedures(midwatch: Midwatch, runbooks: Path) -> None:
    (document,) = midwatch("runbook", "compile", str(runbooks / "shop.md"), "--json").json["documents"]
    assert [procedure["title"] for procedure in document["procedures"]] == ["API Down"]
    assert document["procedures"][0]["heading"] == ["Shop Runbook", "Troubleshooting", "API Down"]
    assert "API Down" in midwatch("runbook", "compile", str(runbooks / "shop.md")).out


def test_each_alert_gets_a_line_with_its_procedures(midwatch: Midwatch, runbooks: Path) -> None:
    alerts = [
        {"alertname": "ApiDown", "system": "shop", "service": "api", "summary": "the API is down, health check fails"},
        {"alertname": "Zxqwv"},
    ]
    lines = "".join(json.dumps(alert) + "\n" for alert in alerts)
    said = midwatch("runbook", "match", "--runbooks", str(runbooks), "--json", stdin=lines)
    assert said.code == 0
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert first["alert"] == alerts[0]
    assert first["matches"][0]["heading"][-1] == "API Down"
    assert first["matches"][0]["score"] > 0
    assert second["matches"] == []


@pytest.mark.parametrize("format", ["text", "json", "sarif"])
def test_traps_are_printed_in_every_form(midwatch: Midwatch, runbooks: Path, format: str) -> None:
    (runbooks / "trap.md").write_text(
        "# Trap\n\n## Troubleshooting\n\n### X\n\n**Diagnosis**:\n```bash\ndocker compose down -v\n"
    )
    said = midwatch("runbook", "lint", str(runbooks / "trap.md"), "--format", format)
    assert said.code in (0, 1)
    assert said.out if format == "text" else said.json


def test_lint_ends_with_how_much_of_each_document_could_run(midwatch: Midwatch, runbooks: Path) -> None:
    document = next(runbooks.glob("*.md"))
    heading, row = midwatch("runbook", "lint", str(document)).out.rstrip().splitlines()[-2:]
    assert heading.split() == ["document", "commands", "read-only", "native", "approval", "by", "hand"]
    assert row.startswith(str(document))


def test_a_promotion_wants_an_approver_and_is_bound_to_the_commands(
    midwatch: Midwatch, runbooks: Path, installed: None
) -> None:
    here = {"MIDWATCH_RUNBOOKS": str(runbooks)}

    def mode() -> str:
        listed = midwatch("runbook", "list", "--json", **here).json["procedures"]
        return str(next(one["mode"] for one in listed if one["title"] == "API Down"))

    refused = midwatch("runbook", "promote", "api-down", **here, **REAL_SLACK)
    assert refused.code == 1
    assert ME in one_line(refused)
    assert mode() == "shadow"
    assert midwatch("runbook", "promote", "api-down", **here).code == 0
    assert mode() == "live"
    (runbooks / "shop.md").write_text(SHOP.replace("docker compose ps", "docker compose logs --tail 50 api"))
    assert mode() == "shadow"


def test_a_procedure_that_is_not_there_is_said(midwatch: Midwatch, runbooks: Path, installed: None) -> None:
    said = midwatch("runbook", "promote", "nosuch", MIDWATCH_RUNBOOKS=str(runbooks))
    assert said.code == 2
    assert "nosuch" in one_line(said)


def test_a_procedure_is_started_on_an_incident(midwatch: Midwatch, runbooks: Path, installed: None) -> None:
    here = {"MIDWATCH_RUNBOOKS": str(runbooks)}
    midwatch("incident", "open", "Checkout is slow", **here)
    said = midwatch("run", "start", "api-down", "--incident", "INC-1", "--json", **here)
    assert said.code == 0, said.err
    account = midwatch("incident", "show", "1", "--json", **here).json
    assert account["runs"][0]["requested_by"] == ME
    assert account["runs"][0]["mode"] == "shadow"
