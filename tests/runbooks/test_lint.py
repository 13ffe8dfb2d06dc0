"""The traps that lint finds, one test a rule, and the three forms in which it tells them."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from runbooks.document import Document
from runbooks.lint import RULES, as_json, as_sarif, as_text, coverage, coverage_table, has_errors, lint
from runbooks.parse import parse
from tests.runbooks.users import documents, needs_users_runbooks


def reading(text: str, path: str = "shop.md", system: str = "shop") -> Document:
    return parse(path, dedent(text).lstrip("\n"), system)


def found(text: str, rule: str, *others: Document) -> list[tuple[int, str, str]]:
    return [(issue.line, issue.level, issue.text) for issue in lint(reading(text), others) if issue.rule == rule]


def entry(block: str, title: str = "API Down", language: str = "bash") -> str:
    body = dedent(block).strip("\n")
    return f"# Shop\n\n## Troubleshooting\n\n### {title}\n```{language}\n{body}\n```\n"


CLEAN = entry("docker compose ps\ndocker compose restart api")


def test_a_clean_document_has_no_findings() -> None:
    assert lint(reading(CLEAN)) == []
    assert not has_errors([])


def test_an_open_fence_and_hidden_characters_are_errors() -> None:
    open_fence = entry("docker ps").removesuffix("```\n")
    assert found(open_fence, "not-read")[0][:2] == (6, "error")
    assert found(entry("docker\u202e ps"), "not-read")[0][:2] == (7, "error")


def test_placeholders_are_named_unless_the_front_matter_fills_them() -> None:
    text = entry("docker logs <service-name>")
    ((line, level, says),) = found(text, "placeholder")
    assert (line, level) == (7, "warning")
    assert "service-name" in says
    filled = "---\nvars:\n  service-name: api\n---\n" + text
    assert found(filled, "placeholder") == []


def test_endless_commands_say_what_runs_instead_and_terminals_are_a_persons() -> None:
    (note,) = found(entry("docker compose logs -f api"), "endless")
    assert (note[1], "is run instead" in note[2]) == ("note", True)
    (left,) = found(entry("nano .env"), "endless")
    assert (left[1], "left to a person" in left[2]) == ("warning", True)


def test_commands_that_show_a_secret_are_named_and_the_finding_shows_none() -> None:
    password = "hunter" + "22horse"
    text = entry(f"psql postgresql://shop:{password}@db/shop -c 'SELECT 1'")
    assert found(entry("cat .env | grep DB_"), "shows-secret")[0][:2] == (7, "warning")
    assert found(text, "shows-secret")
    assert password not in as_text([(reading(text), lint(reading(text)))])


def test_a_real_looking_key_is_an_error() -> None:
    key = "AKIA" + "Q3EGT4XZ7NPLW2VB"
    assert found(entry(f"export AWS_ACCESS_KEY_ID={key}"), "secret")[0][:2] == (7, "error")


def test_a_change_under_a_heading_that_says_diagnosis_is_named() -> None:
    text = "# Shop\n## Common Issues\n### Slow\n**Diagnosis**:\n```bash\ndocker compose restart db\n```\n"
    assert found(text, "diagnosis-changes")[0][:2] == (6, "warning")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("SELECT count(*) FROM pg_stat_activity;", "SQL in a bash fence"),
        ("1. Check status: docker ps\n2. Call the team", "numbered prose in a bash fence (and 1 more lines)"),
        ("server {\n    listen 80;\n}", "configuration file in a bash fence"),
    ],
)
def test_what_is_no_shell_in_a_shell_fence_is_named_once(body: str, says: str) -> None:
    ((line, _, text),) = found(entry(body), "not-shell")
    assert line == 7
    assert says in text
    assert found(entry(body, language="text"), "not-shell") == []


def test_unknown_tools_are_named_once_each() -> None:
    notes = found(entry("./control.sh status\n./control.sh restart\nfrobnicate now"), "unknown-tool")
    assert [(level, text.split()[0]) for _, level, text in notes] == [("note", "./control.sh"), ("note", "frobnicate")]


def test_exec_into_what_was_just_taken_down_is_an_error() -> None:
    text = entry("docker compose down\ndocker compose exec -T db psql -c 'SELECT 1'", "Database Restoration")
    assert found(text, "exec-after-down")[0][:2] == (8, "error")
    assert found(text.replace("down\n", "down\ndocker compose up -d db\n"), "exec-after-down") == []


def test_contradictions_between_tables_and_between_times_are_named() -> None:
    text = """
        # Shop
        ## Ports
        | Service | Port |
        |---|---|
        | Web | 8000 |
        | Web | 8001 |
        ## Limits
        | Metric | Threshold |
        |---|---|
        | CPU | > 80% |
        | CPU | > 90% |
        ## Backups
        - Database backup daily at 2 AM
        - Backups of the database run at midnight
        - Weekly full backup at 5 AM
        """
    assert [(line, level) for line, level, _ in found(text, "contradiction")] == [
        (6, "warning"),
        (11, "warning"),
        (14, "warning"),
    ]


def test_an_old_column_of_the_database_is_named() -> None:
    text = entry('psql -c "SELECT query, total_time FROM pg_stat_statements"')
    assert "total_exec_time" in found(text, "old-column")[0][2]


def test_procedures_of_one_name_are_named_also_across_the_documents_of_a_system() -> None:
    twice = CLEAN + "\n### API down\n```bash\ndocker ps\n```\n"
    assert [line for line, _, _ in found(twice, "duplicate-procedure")] == [11]
    beside = reading(CLEAN, "more.md")
    stranger = reading(CLEAN, "other.md", "other")
    assert "more.md:5" in found(CLEAN, "duplicate-procedure", beside)[0][2]
    assert found(CLEAN, "duplicate-procedure", stranger) == []


def test_a_procedure_without_a_check_that_could_run_is_named() -> None:
    assert [line for line, _, _ in found(entry("docker compose restart api"), "no-checks")] == [5]


def test_links_that_lead_nowhere_are_named() -> None:
    other = reading("# Other\n## Here\n", "other.md", "other")
    text = (
        CLEAN + "\n[a](#troubleshooting) [b](#gone) [c](other.md#here) [d](other.md#gone) [e](https://x.example/#y)\n"
    )
    assert [(level, says) for _, level, says in found(text, "dead-link", other)] == [
        ("error", "no heading has the anchor #gone"),
        ("error", "other.md has no heading with the anchor #gone"),
    ]


def test_an_alert_rule_that_no_procedure_answers_is_named() -> None:
    rule = "\n## Alerts\n```yaml\n- alert: {}\n  expr: up == 0\n  annotations:\n    summary: {}\n```\n"
    assert found(CLEAN + rule.format("ApiDown", "the api is down"), "alert-without-procedure") == []
    assert found(CLEAN + rule.format("DiskFull", "no space left"), "alert-without-procedure")[0][0] == 13


def test_a_claim_for_a_procedure_that_is_not_there_is_an_error() -> None:
    claim = "---\nmatch: [{{alertname: X, procedure: {}}}]\n---\n"
    assert found(claim.format("API Down") + CLEAN, "claim") == []
    assert [level for _, level, _ in found(claim.format("Gone") + CLEAN, "claim")] == ["error"]


def test_a_contact_that_was_never_filled_in_is_named() -> None:
    text = "# Shop\n## Contacts\n- Lead: [contact info]\n- Ops: ops@shop.example\n"
    assert [line for line, _, _ in found(text, "blank-contact")] == [3]


# -- how it is told


def findings(text: str) -> list[tuple[Document, list[object]]]:
    one = reading(text)
    return [(one, list(lint(one)))]


def test_text_is_one_line_a_finding_and_a_count() -> None:
    one = reading(entry("nano .env"))
    lines = as_text([(one, lint(one))]).split("\n")
    assert lines[0].startswith("shop.md:")
    count = len(lines) - 1
    assert lines[-1] == f"0 errors, {count} warning{'s' * (count > 1)}, 0 notes"


def test_json_holds_findings_and_coverage_and_is_json() -> None:
    one = reading(CLEAN)
    told = json.loads(json.dumps(as_json([(one, lint(one))])))
    assert told == {
        "documents": [
            {
                "path": "shop.md",
                "issues": [],
                "coverage": {"commands": 2, "read_only": 1, "native": 1, "approval": 1, "by_hand": 0},
            }
        ]
    }


def test_sarif_has_the_structure_that_code_hosts_ask_for() -> None:
    """What SARIF 2.1.0's schema requires of the parts we use, by hand: no dependency of ours brings the schema."""
    one = reading(entry("nano .env\nSELECT 1 FROM t;"), "run books/shop.md")
    log = json.loads(json.dumps(as_sarif([(one, lint(one))], "1.2.3")))
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("midwatch", "1.2.3")
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == list(RULES)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    assert run["results"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note", "none")
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "run%20books/shop.md"
        assert place["physicalLocation"]["region"]["startLine"] >= 1


def test_coverage_counts_each_command_once() -> None:
    one = coverage(reading(entry("docker compose ps\ndocker compose restart api\nnano .env\n1. Check: df -h")))
    assert (one.commands, one.read_only + one.approval + one.by_hand) == (one.commands, one.commands)
    table = coverage_table([reading(CLEAN)])
    assert table.split("\n")[1].split() == ["shop.md", "2", "1", "1", "1", "0"]


@needs_users_runbooks
def test_the_slips_that_people_found_in_the_users_documents_are_found() -> None:
    beside = documents()
    by_place = {(one.system, issue.line, issue.rule) for one in beside for issue in lint(one, beside)}
    assert {
        ("aada-lms", 113, "contradiction"),
        ("aada-lms", 366, "diagnosis-changes"),
        ("aada-lms", 349, "not-read"),
        ("course-creator", 1486, "exec-after-down"),
        ("course-creator", 761, "old-column"),
        ("litcoach", 430, "not-shell"),
        ("neurocore", 327, "alert-without-procedure"),
        ("neurocore", 420, "contradiction"),
    } <= by_place
