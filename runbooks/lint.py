"""The traps of a runbook, found before the night in which somebody falls into them.

Each rule is one function that takes a document (and the others beside it) and yields what it found. `error` is what
makes a document wrong or dangerous as it stands, `warning` what will cost time at 3 a.m., `note` what is worth knowing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from rapidfuzz import fuzz

from incidents.alert import Alert, AlertStatus
from incidents.inventory import Inventory
from incidents.redaction import redact
from runbooks.document import Command, Document, Judgement, Phase, Procedure, Risk
from runbooks.match import claims_of, match
from runbooks.reading.lines import is_unsure
from runbooks.variables import value_for

Level = Literal["error", "warning", "note"]
CHANGES = (Risk.MUTATING, Risk.DESTRUCTIVE)
SHELLS = frozenset({"bash", "sh", "shell", "zsh"})


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding in one line of a document."""

    line: int
    rule: str
    level: Level
    text: str


Rule = Callable[[Document, Sequence[Document]], Iterator[Issue]]
RULES: dict[str, tuple[Rule, str]] = {}
"""Every rule by its name, with the sentence that explains it."""


def _rule(name: str, says: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES[name] = (rule, says)
        return rule

    return register


def lint(document: Document, others: Iterable[Document] = ()) -> list[Issue]:
    """All findings in a document, in the order of its lines. `others` are the documents it stands beside."""
    beside = [other for other in others if other.path != document.path]
    found = {issue for rule, _ in RULES.values() for issue in rule(document, beside)}
    return sorted(found, key=lambda issue: (issue.line, issue.rule, issue.text))


def has_errors(issues: Iterable[Issue]) -> bool:
    return any(issue.level == "error" for issue in issues)


# -- what could not be read as meant


@_rule(
    "not-read",
    "Part of the document could not be read: an open fence, front matter that is no YAML, hidden characters.",
)
def _not_read(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for warning in document.warnings:
        serious = warning.spoils or "hidden character" in warning.text
        yield Issue(warning.line, "not-read", "error" if serious else "warning", warning.text)


# -- commands


@_rule("placeholder", "A command holds a placeholder; it is not run until a value is known.")
def _placeholder(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    known = {str(name): str(value) for name, value in _mapping(document.front_matter.get("vars")).items()}
    for line, _text, judged in _commands_in_procedures(document):
        if missing := [name for name in judged.placeholders if value_for(name, known) is None]:
            names = ", ".join(missing)
            yield Issue(
                line,
                "placeholder",
                "warning",
                f"{names}: not run until the inventory, a label or a person says what it is",
            )


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


@_rule("endless", "A command never ends by itself, or asks, or opens a pager.")
def _endless(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for line, text, judged in _commands_in_procedures(document):
        if judged.risk is not Risk.INTERACTIVE:
            continue
        if judged.bounded is not None:
            what = f"`{_short(text)}` does not end by itself; `{_short(judged.bounded)}` is run instead"
            yield Issue(line, "endless", "note", what)
        else:
            what = f"`{_short(text)}` needs a terminal and is left to a person: {judged.reason}"
            yield Issue(line, "endless", "warning", what)


@_rule("shows-secret", "A command prints a secret or holds one on its command line.")
def _shows_secret(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for command in document.commands:
        if command.judgement.leaks_secret:
            yield Issue(command.line, "shows-secret", "warning", f"`{_short(redact(command.text))}` shows a secret")


@_rule("secret", "A real-looking secret stands in the document.")
def _secret(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for command in document.commands:
        if not command.judgement.placeholders and redact(command.text) != command.text and _KEY.search(command.text):
            yield Issue(
                command.line,
                "secret",
                "error",
                "what looks like a real key or token stands here; rotate it and remove it",
            )


_KEY = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{30,}|\bglpat-[\w-]{20}|\bxox[abprs]-[\w-]{20,}"
    r"|\bsk-[A-Za-z0-9_-]{32,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)


@_rule("diagnosis-changes", "A block that is called diagnosis holds a command that changes something.")
def _diagnosis_changes(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for procedure in document.procedures:
        for step in procedure.steps:
            if (
                step.text
                and step.phase is Phase.DIAGNOSIS
                and step.judgement.risk in CHANGES
                and not is_unsure(step.judgement)
            ):
                yield Issue(
                    step.line,
                    "diagnosis-changes",
                    "warning",
                    f"`{_short(step.text)}` stands under the checks and changes something",
                )


@_rule("not-shell", "A fence that says it is shell holds something else.")
def _not_shell(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for block in document.blocks:
        if block.language not in SHELLS:
            continue
        inside = [command for command in document.commands if block.first_line <= command.line <= block.last_line]
        odd = [(command, kind) for command in inside if (kind := _other_language(command))]
        if odd:
            first, kind = odd[0]
            more = f" (and {len(odd) - 1} more lines)" if len(odd) > 1 else ""
            yield Issue(
                first.line, "not-shell", "warning", f"{kind} in a {block.language} fence{more}: `{_short(first.text)}`"
            )


_KINDS = re.compile(r"^it is |, not a command.*$")
_SQL = re.compile(
    r"(?i)^(?:select|update|delete|insert|alter|create|drop|analyze|vacuum|explain|reindex|with|grant|set|show)\s+\S.*[;\s]"
)


def _other_language(command: Command) -> str | None:
    if (
        command.judgement.runs_as == "sql"
        and _SQL.match(command.text)
        and not command.text.startswith(("psql", "mysql"))
    ):
        return "SQL"
    if command.judgement.risk is not Risk.NOT_A_COMMAND:
        return None
    if re.match(r"\s*\d+[.)]\s", command.text):
        return "numbered prose"
    return _KINDS.sub("", command.judgement.reason) or "text that is no command"


@_rule("unknown-tool", "A tool that Midwatch does not know: it always asks, until the inventory vouches for a verb.")
def _unknown_tool(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    seen: set[str] = set()
    for line, text, judged in _commands_in_procedures(document):
        tool = text.removeprefix("sudo ").split()[0]
        if judged.reason.startswith("unknown command") and tool not in seen:
            seen.add(tool)
            yield Issue(
                line,
                "unknown-tool",
                "note",
                f"{tool} is not known and always needs an approval; `safe:` in the inventory vouches for a verb of it",
            )


def _commands_in_procedures(document: Document) -> Iterator[tuple[int, str, Judgement]]:
    for procedure in document.procedures:
        for step in procedure.steps:
            if step.text is not None:
                yield step.line, step.text, step.judgement


# -- order and contradiction


@_rule("exec-after-down", "A command runs inside a container that the line before has removed.")
def _exec_after_down(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for procedure in document.procedures:
        down: int | None = None
        for step in procedure.steps:
            verb = re.search(r"\bdocker[- ]compose\b.*?\s(down|up|start|run|exec)\b", step.text or "")
            if verb and verb[1] == "down":
                down = step.line
            elif verb and verb[1] == "exec" and down is not None:
                yield Issue(
                    step.line,
                    "exec-after-down",
                    "error",
                    f"nothing runs any more to exec into: line {down} has taken it down",
                )
            elif verb:
                down = None


@_rule("contradiction", "Two places of the document say different things of the same matter.")
def _contradiction(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    yield from _differing(document.services, "name", "port", "port")
    yield from _differing(document.services, "port", "name", "service of port", skip=None)
    yield from _differing(document.thresholds, "metric", "threshold", "threshold of")
    yield from _differing(document.retention, "subject", "period", "retention of")
    yield from _backup_times(document)
    yield from _compose_files(document)


def _differing(
    facts: Sequence[Mapping[str, Any]], of: str, what: str, called: str, skip: object | None = None
) -> Iterator[Issue]:
    first: dict[str, Mapping[str, Any]] = {}
    for fact in facts:
        key, value = str(fact[of]).lower(), fact[what]
        if fact[of] is skip or value is None:
            continue
        before = first.setdefault(key, fact)
        if str(before[what]).lower() != str(value).lower():
            yield Issue(
                fact["line"],
                "contradiction",
                "warning",
                f"{called} {fact[of]}: {value} here, {before[what]} at line {before['line']}",
            )


def _backup_times(document: Document) -> Iterator[Issue]:
    """ "Database backups (midnight UTC)" against "Full backup: daily at 2 AM"."""
    told = list(_daily_backups(document))
    for line, at in told[1:]:
        if at != told[0][1]:
            text = f"a daily backup at {at} here, at {told[0][1]} in line {told[0][0]}"
            yield Issue(line, "contradiction", "warning", text)


def _daily_backups(document: Document) -> Iterator[tuple[int, str]]:
    for fact in document.schedules:
        told = str(fact.get("what", "")) or f"{fact.get('title')} {fact.get('command')}"
        if not re.search(r"(?i)backup", told) or _NOT_DAILY.search(told):
            continue
        if fact["kind"] == "time":
            yield fact["line"], fact["at"]
        elif fact["kind"] == "cron" and (daily := _DAILY.match(fact["cron"])):
            yield fact["line"], f"{int(daily[2]):02}:{int(daily[1]):02}"


_NOT_DAILY = re.compile(r"\b(?:weekly|monthly|incremental|sunday|files?)\b", re.I)
_DAILY = re.compile(r"(\d+) (\d+) \* \* \*$")


def _compose_files(document: Document) -> Iterator[Issue]:
    """Started with `-f a -f b`, scaled with none: Compose then works on another project file."""
    started: tuple[int, frozenset[str]] | None = None
    for command in document.commands:
        found = re.search(r"\bdocker[- ]compose\b(.*?)\sup\b(.*)$", command.text)
        if found is None:
            continue
        files = frozenset(re.findall(r"(?:-f|--file)[ =](\S+)", found[1]))
        if len(files) > 1:
            started = started or (command.line, files)
        elif started and "--scale" in found[2] and not files:
            names = " and ".join(sorted(started[1]))
            yield Issue(
                command.line,
                "contradiction",
                "warning",
                f"scaled without the files that line {started[0]} starts it with ({names})",
            )


@_rule("old-column", "A query names a column that a newer version of the database has renamed.")
def _old_column(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for command in document.commands:
        if "pg_stat_statements" in command.text and (
            found := re.search(r"\b(total|mean|min|max)_time\b", command.text)
        ):
            yield Issue(
                command.line,
                "old-column",
                "warning",
                f"{found[0]} of pg_stat_statements is {found[1]}_exec_time since PostgreSQL 13",
            )


# -- structure


@_rule("duplicate-procedure", "Two procedures of one system bear the same or nearly the same name.")
def _duplicate(document: Document, others: Sequence[Document]) -> Iterator[Issue]:
    mine = list(document.procedures)
    for index, procedure in enumerate(mine):
        for before in mine[:index]:
            if _alike(procedure, before):
                yield Issue(
                    procedure.line,
                    "duplicate-procedure",
                    "warning",
                    f"'{procedure.title}' stands at line {before.line} too",
                )
        for other in (other for other in others if other.system == document.system):
            for before in other.procedures:
                if _alike(procedure, before):
                    yield Issue(
                        procedure.line,
                        "duplicate-procedure",
                        "warning",
                        f"'{procedure.title}' stands in {other.path}:{before.line} too",
                    )


def _alike(one: Procedure, other: Procedure) -> bool:
    return one.type == other.type and fuzz.ratio(one.title.lower(), other.title.lower()) >= 92


@_rule("no-checks", "A procedure that an alert would start has no check that could run by itself.")
def _no_checks(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for procedure in document.procedures:
        if procedure.auto and not any(step.text and step.judgement.runs_unasked for step in procedure.steps):
            yield Issue(
                procedure.line, "no-checks", "warning", f"'{procedure.title}' holds no check that could run by itself"
            )


@_rule("dead-link", "A link inside the document, or to a file beside it, leads nowhere.")
def _dead_link(document: Document, others: Sequence[Document]) -> Iterator[Issue]:
    anchors = {heading.anchor for heading in document.headings}
    for reference in document.references:
        file, _, anchor = reference.target.partition("#")
        if not file and anchor and anchor.lower() not in anchors:
            yield Issue(reference.line, "dead-link", "error", f"no heading has the anchor #{anchor}")
        elif file and not re.match(r"[a-z][a-z0-9+.-]*:|//|/", file, re.I):
            yield from _dead_file(document, others, reference.line, file, anchor)


def _dead_file(document: Document, others: Sequence[Document], line: int, file: str, anchor: str) -> Iterator[Issue]:
    here = Path(document.path)
    target = here.parent / file
    beside = next((other for other in others if Path(other.path) == target), None)
    if beside is not None:
        if anchor and anchor.lower() not in {heading.anchor for heading in beside.headings}:
            yield Issue(line, "dead-link", "error", f"{file} has no heading with the anchor #{anchor}")
    elif here.is_file() and not target.exists():
        yield Issue(line, "dead-link", "warning", f"there is no file {file} beside this document")


@_rule("alert-without-procedure", "An alert rule of the document is answered by none of its procedures.")
def _alert_without_procedure(document: Document, others: Sequence[Document]) -> Iterator[Issue]:
    same = [document, *(other for other in others if other.system == document.system)]
    for rule in document.alert_rules:
        alert = Alert(
            source="lint",
            status=AlertStatus.FIRING,
            dedup_key=rule["name"],
            title=rule["name"],
            system=document.system,
            labels={"alertname": rule["name"]},
            annotations={"summary": rule["summary"] or ""},
            runbook_url=rule["runbook_url"],
        )
        if not match(alert, _Shelf(tuple(same)), Inventory()):
            yield Issue(
                rule["line"], "alert-without-procedure", "warning", f"no procedure answers the alert {rule['name']}"
            )


@dataclass(frozen=True, slots=True)
class _Shelf:
    documents: tuple[Document, ...]


@_rule("claim", "The front matter claims alerts for a procedure that is not there.")
def _claim(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    listed = document.front_matter.get("match")
    entries = listed if isinstance(listed, list) else [listed] if listed is not None else []
    if len(entries) != len(list(claims_of(document))):
        what = "`match` in the front matter holds an entry that names no label, or no procedure of this document"
        yield Issue(1, "claim", "error", what)


@_rule("blank-contact", "A contact is still to be filled in.")
def _blank_contact(document: Document, _: Sequence[Document]) -> Iterator[Issue]:
    for contact in document.contacts:
        if contact["missing"]:
            yield Issue(
                contact["line"],
                "blank-contact",
                "warning",
                f"how to reach {contact['name']} is not said: {contact['reach']}",
            )


def _short(text: str) -> str:
    line = re.sub(r"\s+", " ", text)
    return line if len(line) <= 60 else f"{line[:57]}..."


# -- coverage


@dataclass(frozen=True, slots=True)
class Coverage:
    """What Midwatch can do with a document's commands. `native` are the read-only ones that need no client program."""

    path: str
    commands: int
    read_only: int
    native: int
    approval: int
    by_hand: int


def coverage(document: Document) -> Coverage:
    """How many of a document's commands run by themselves, natively, after an approval, or not at all."""
    judged = [command.embedded.judgement if command.embedded else command.judgement for command in document.commands]
    judged = [judgement for judgement in judged if judgement.risk is not Risk.NOT_A_COMMAND]
    unasked = [judgement for judgement in judged if judgement.runs_unasked]
    hand = [j for j in judged if not j.runs_unasked and (j.runs_as == "manual" or _stays_interactive(j))]
    native = sum(judgement.runs_as not in ("argv", "shell", "manual") for judgement in unasked)
    return Coverage(document.path, len(judged), len(unasked), native, len(judged) - len(unasked) - len(hand), len(hand))


def _stays_interactive(judgement: Judgement) -> bool:
    return judgement.risk is Risk.INTERACTIVE and judgement.bounded is None


def coverage_table(documents: Iterable[Document]) -> str:
    """The coverage of several documents as a table of plain text."""
    rows = [coverage(document) for document in documents]
    head = ("document", "commands", "read-only", "native", "approval", "by hand")
    cells = [(r.path, str(r.commands), str(r.read_only), str(r.native), str(r.approval), str(r.by_hand)) for r in rows]
    widths = [max(len(row[column]) for row in [head, *cells]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in [head, *cells]
    )


# -- rendering

Findings = Sequence[tuple[Document, Sequence[Issue]]]


LEVELS = ("error", "warning", "note")


def as_text(findings: Findings) -> str:
    """One line a finding, as compilers print them, and a last line that counts."""
    lines = [
        f"{document.path}:{issue.line}: {issue.level}: {issue.text} [{issue.rule}]"
        for document, issues in findings
        for issue in issues
    ]
    counts = [sum(issue.level == level for _, issues in findings for issue in issues) for level in LEVELS]
    said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in zip(counts, LEVELS, strict=True))
    return "\n".join([*lines, said])


def as_json(findings: Findings) -> dict[str, Any]:
    """Findings and coverage, document by document."""
    return {
        "documents": [
            {
                "path": document.path,
                "issues": [
                    {"line": issue.line, "rule": issue.rule, "level": issue.level, "text": issue.text}
                    for issue in issues
                ],
                "coverage": {
                    name: value
                    for name, value in zip(Coverage.__slots__, _values(coverage(document)), strict=True)
                    if name != "path"
                },
            }
            for document, issues in findings
        ]
    }


def _values(row: Coverage) -> tuple[str | int, ...]:
    return (row.path, row.commands, row.read_only, row.native, row.approval, row.by_hand)


def as_sarif(findings: Findings, version: str = "0") -> dict[str, Any]:
    """Findings in SARIF 2.1.0, which code hosts show beside the lines of a change."""
    names = list(RULES)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "midwatch",
                        "version": version,
                        "rules": [
                            {"id": name, "shortDescription": {"text": says}} for name, (_, says) in RULES.items()
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(document, issue, names) for document, issues in findings for issue in issues],
            }
        ],
    }


def _result(document: Document, issue: Issue, names: Sequence[str]) -> dict[str, Any]:
    return {
        "ruleId": issue.rule,
        "ruleIndex": names.index(issue.rule),
        "level": issue.level,
        "message": {"text": issue.text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(document.path)},
                    "region": {"startLine": max(issue.line, 1)},
                }
            }
        ],
    }


def _uri(path: str) -> str:
    """A path as SARIF wants it: a URI reference, relative where the path is."""
    plain = Path(path).as_posix()
    return f"file://{quote(plain)}" if plain.startswith("/") else quote(plain)


def as_json_text(findings: Findings) -> str:
    return json.dumps(as_json(findings), ensure_ascii=False, indent=2)
