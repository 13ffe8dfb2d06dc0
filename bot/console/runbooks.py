"""`midwatch runbook`: what Midwatch makes of the team's Markdown."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bot.console.desk import installation, require_approver
from bot.console.output import Toned, complain, say, say_json, say_table
from bot.console.setup import installed_version
from incidents.errors import Misconfigured, NotFound, Rejected

if TYPE_CHECKING:
    from incidents.alert import Alert
    from incidents.inventory import Inventory
    from runbooks.document import Command, Document, Procedure
    from runbooks.match import Match
    from runbooks.shelf import Shelf

app = typer.Typer(no_args_is_help=True, help="See what Midwatch makes of your runbooks.")
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Markdown files.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

RISKS = {"read_only": "ok", "mutating": "warn", "destructive": "bad", "interactive": "busy", "not_a_command": "idle"}
ANNOTATIONS = ("summary", "description", "message", "runbook_url", "dashboard_url", "dashboard", "impact", "action")
"""Names that are annotations where labels and annotations stand in one flat object."""


@app.command()
def explain(files: Files, json: Json = False) -> None:
    """Every command of the documents with its class and the reason for it."""
    from runbooks.export import explained

    documents = _documents(files)
    if json:
        say_json(explained(documents))
        return
    for document in documents:
        say(Toned(f"{document.path}: {document.title}", "bold"))
        say_table([_explained(command) for command in document.commands], indent="  ")
        say()


@app.command("compile")
def compile_(files: Files, json: Json = False) -> None:
    """Procedures with their steps, services, thresholds, severities, schedules and checklists."""
    from runbooks.export import compiled

    documents = _documents(files)
    if json:
        say_json(compiled(documents))
        return
    for document in documents:
        say(Toned(f"{document.path}: {document.title}", "bold"), f"  (system {document.system})")
        for procedure in document.procedures:
            _show_procedure(procedure)
        for name in ("services", "thresholds", "severities", "escalation", "schedules", "checklists"):
            if found := getattr(document, name):
                say(f"  {name}: {len(found)}")
        for warning in document.warnings:
            say("  ", Toned(f"line {warning.line}: {warning.text}", "warn"))
        say()


@app.command("match")
def match_(
    runbooks: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of runbooks.")],
    inventory: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Inventory file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
) -> None:
    """For each alert on standard input (one flat JSON object a line) the procedures that answer it, best first."""
    from incidents.inventory import load_inventory
    from runbooks.export import matched
    from runbooks.match import match as matches_of
    from runbooks.shelf import Shelf

    known = load_inventory(inventory)
    shelf = Shelf.load(runbooks, known)
    for problem in shelf.problems:
        complain(problem)
    for flat in _alerts(sys.stdin.buffer):
        found = matches_of(alert_of(flat, known), shelf, known)
        if json:
            say_json(matched(flat, found), indent=None)
        else:
            _show_matches(flat, found)


@app.command()
def lint(
    files: Files,
    format: Annotated[Literal["text", "json", "sarif"], typer.Option(help="How to print the findings.")] = "text",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """The traps in the documents, with line numbers. Exit code 1 when there is an error among them."""
    from runbooks import lint as linter

    documents = _documents(files)
    found = [(document, linter.lint(document, documents)) for document in documents]
    match "json" if json else format:
        case "json":
            say_json(linter.as_json(found))
        case "sarif":
            say_json(linter.as_sarif(found, installed_version()))
        case _:
            say(linter.as_text(found))
            say()
            say(linter.coverage_table(documents))
    raise typer.Exit(1 if any(linter.has_errors(issues) for _, issues in found) else 0)


@app.command("list")
def list_(json: Json = False) -> None:
    """The procedures of this installation, and whether they are live or in shadow."""
    from incidents import acts

    with installation() as runtime:
        shelf, inventory = runtime.shelf, runtime.inventory
        with runtime.store.read() as session:
            promoted = {one.id: acts.promoted(session, one.id) == one.digest for one in shelf.procedures}
    rows = [
        _listed(document, procedure, _mode(document, promoted[procedure.id], inventory))
        for document in shelf.documents
        for procedure in document.procedures
    ]
    if json:
        say_json({"procedures": rows, "problems": list(shelf.problems)})
        return
    say_table(
        [[Toned(row["mode"], "ok" if row["mode"] == "live" else "idle"), row["type"], row["id"]] for row in rows],
        ("MODE", "TYPE", "PROCEDURE"),
    )
    for problem in shelf.problems:
        complain(problem)


@app.command()
def promote(
    procedure: Annotated[str, typer.Argument(metavar="ID", help="A procedure's id, or a clear part of it.")],
    json: Json = False,
) -> None:
    """Take a procedure from shadow to live, as its commands stand now."""
    from incidents import acts

    with installation() as runtime:
        chosen = procedure_named(runtime.shelf, procedure)
        user = require_approver(runtime, runtime.shelf.document_of(chosen).system)
        now = runtime.clock()
        runtime.store.write(lambda session: acts.promote(session, chosen.id, chosen.digest, user, now))
        runtime.engine.promoted(chosen)
    if json:
        say_json({"procedure": chosen.id, "digest": chosen.digest, "mode": "live"})
    else:
        say(f"{chosen.id} is live: its checks run by themselves, its fixes still ask.")


def procedure_named(shelf: Shelf, text: str) -> Procedure:
    """The one procedure that is meant. NotFound or Rejected say what there is instead."""
    found = shelf.find(text)
    if not found:
        raise NotFound(f"no procedure is called {text!a}; `midwatch runbook list` shows them")
    if len(found) > 1:
        raise Rejected("several are called so: " + ", ".join(one.id for one in found[:5]))
    return found[0]


def alert_of(flat: Mapping[str, Any], inventory: Inventory) -> Alert:
    """An alert from labels and annotations in one flat object."""
    from bot.sources._reading import key_of, line_of, name_of, service_of, texts_of, url_of
    from incidents.alert import Alert, AlertStatus

    texts = texts_of(flat, "the alert")
    labels = {name: text for name, text in texts.items() if name not in ANNOTATIONS}
    notes = {name: text for name, text in texts.items() if name in ANNOTATIONS}
    title = line_of(texts.get("alertname") or texts.get("title") or texts.get("summary") or "alert without a name")
    service = service_of(labels)
    return Alert(
        source="console",
        status=AlertStatus.FIRING,
        dedup_key=key_of(None, texts),
        title=title,
        service=service,
        system=name_of(labels.get("system")) or (inventory.system_of(service) if service else None),
        labels=labels,
        annotations=notes,
        runbook_url=url_of(notes.get("runbook_url")),
    )


def _documents(files: Sequence[Path]) -> list[Document]:
    """Every file, read. One that cannot be read is named with its reason, and ends it."""
    from runbooks.parse import read

    found: list[Document] = []
    for file in files:
        if file.is_dir():
            raise Misconfigured(f"{file} is a folder; name its files, such as {file}/*.md")
        found.append(read(file))
    return found


def _alerts(lines: Iterator[bytes] | Any) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            flat = jsonlib.loads(line)
        except (ValueError, RecursionError):
            raise typer.BadParameter(f"line {number} is not JSON", param_hint="standard input") from None
        if not isinstance(flat, dict):
            raise typer.BadParameter(f"line {number} is not an object", param_hint="standard input")
        yield flat


def _explained(command: Command) -> list[str | Toned]:
    judged = command.judgement
    bounded = f"  -> {judged.bounded}" if judged.bounded else ""
    risk = Toned(str(judged.risk), RISKS[judged.risk])
    return [f"{command.line:>5}", risk, judged.runs_as, f"{command.text}{bounded}  # {judged.reason}"]


def _show_procedure(procedure: Procedure) -> None:
    auto = ", started by alerts" if procedure.auto else ""
    severity = f", {procedure.severity}" if procedure.severity else ""
    say("  ", Toned(procedure.title, "bold"), f"  (line {procedure.line}, {procedure.type}{severity}{auto})")
    rows: list[list[str | Toned]] = [
        [f"{step.line:>5}", str(step.phase), Toned(str(step.judgement.risk), RISKS[step.judgement.risk]),
         step.text or step.title]
        for step in procedure.steps
    ]  # fmt: skip
    say_table(rows, indent="    ")


def _show_matches(flat: Mapping[str, Any], found: Sequence[Match]) -> None:
    say(Toned(str(flat.get("alertname") or flat.get("summary") or flat), "bold"))
    for one in found:
        say(f"  {one.score:5.1f}  {one.procedure.id}  ", Toned(one.why, "idle"))
    if not found:
        say("  no runbook answers this alert")


def _listed(document: Document, procedure: Procedure, mode: str) -> dict[str, Any]:
    return {
        "id": procedure.id,
        "title": procedure.title,
        "document": document.path,
        "line": procedure.line,
        "system": document.system,
        "type": str(procedure.type),
        "mode": mode,
    }


def _mode(document: Document, promoted: bool, inventory: Inventory) -> str:
    system = inventory.system(document.system)
    return "live" if promoted or (system is not None and system.live == "read_only") else "shadow"
