"""The documents tell the truth: what they name exists, and what exists is in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from bot.cli import app
from bot.doctor import SCOPES
from bot.sources import sources
from incidents.inventory import load_inventory
from incidents.settings import variables
from runbooks.parse import parse
from workers.steps import kinds

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
GUIDES = "\n".join(path.read_text() for path in DOCUMENTS)
COMMAND = re.compile(r"(?<![\w./-])midwatch ((?:[a-z]+ ?)+)")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def known_commands() -> set[str]:
    """Every command of the program, groups with their subcommands: `runbook explain`."""
    found: set[str] = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined] # the top level is a group
        found.add(name)
        found |= {f"{name} {verb}" for verb in getattr(command, "commands", {})}
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_a_document_names_exists(path: Path) -> None:
    known = known_commands()
    for words in COMMAND.findall(path.read_text()):
        first, second = [*words.split(), ""][:2]
        group = any(command.startswith(f"{first} ") for command in known)
        assert first in known, f"there is no `midwatch {first}`"
        if group and second:
            assert f"{first} {second}" in known, f"there is no `midwatch {first} {second}`"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_yaml_block_can_be_read(path: Path) -> None:
    for language, body in FENCE.findall(path.read_text()):
        if language == "yaml":
            assert yaml.safe_load(body)


def test_the_inventory_of_the_guide_is_a_valid_one(tmp_path: Path) -> None:
    block = next(
        body for lang, body in FENCE.findall((ROOT / "docs/guides/inventory.md").read_text()) if lang == "yaml"
    )
    path = tmp_path / "inventory.yml"
    path.write_text(block)
    assert set(load_inventory(path).systems) == {"shop"}


def test_the_runbook_of_the_guide_is_read_as_it_says() -> None:
    text = (ROOT / "docs/guides/runbooks.md").read_text().split("````markdown\n")[1].split("````")[0]
    (procedure,) = parse("guide.md", f"# Guide\n\n## Incidents\n\n{text}").procedures
    assert (procedure.severity, [str(step.phase) for step in procedure.steps]) == ("P1", ["diagnosis", "solution"])
    assert procedure.steps[0].expect == '{"status": "ok"}'


def test_the_manifest_of_the_guide_asks_for_the_scopes_that_the_doctor_looks_for() -> None:
    manifest = next(
        found
        for language, body in FENCE.findall((ROOT / "docs/guides/slack.md").read_text())
        if language == "yaml" and "oauth_config" in (found := yaml.safe_load(body))
    )
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)


@pytest.mark.parametrize("name", sorted({*sources(), *kinds()}))
def test_every_source_and_step_kind_is_in_a_guide(name: str) -> None:
    assert f"| `{name}` |" in GUIDES


def test_every_setting_of_the_documents_exists() -> None:
    named = set(re.findall(r"\b(?:MIDWATCH|SLACK)_[A-Z_]+\b", GUIDES))
    assert named <= set(variables()), named - set(variables())
