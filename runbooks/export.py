"""What `runbook explain`, `compile` and `match` print as JSON. These shapes are an interface: see the changelog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runbooks.document import Command, Document, Procedure, ProcedureStep
from runbooks.match import Match

JSON = dict[str, Any]


def explained(documents: Iterable[Document]) -> JSON:
    """Every command of the documents with its class."""
    return {
        "documents": [
            {"path": document.path, "title": document.title, "commands": [_command(one) for one in document.commands]}
            for document in documents
        ]
    }


def _command(command: Command) -> JSON:
    judged = command.judgement
    shown: JSON = {
        "line": command.line,
        "text": command.text,
        "title": command.title,
        "section": list(command.section),
        "risk": judged.risk.value,
        "reason": judged.reason,
        "runs_as": judged.runs_as,
        "bounded": judged.bounded,
        "bounded_risk": judged.bounded_risk.value if judged.bounded_risk else None,
        "placeholders": list(judged.placeholders),
        "leaks_secret": judged.leaks_secret,
    }
    if command.embedded is not None:
        inner = command.embedded.judgement
        shown["embedded"] = {
            "text": command.embedded.text,
            "risk": inner.risk.value,
            "runs_as": inner.runs_as,
            "bounded": inner.bounded,
            "bounded_risk": inner.bounded_risk.value if inner.bounded_risk else None,
        }
    return shown


def compiled(documents: Iterable[Document]) -> JSON:
    """Procedures with their steps, and the facts beside them."""
    return {"documents": [_document(document) for document in documents]}


def _document(document: Document) -> JSON:
    facts = ("services", "thresholds", "severities", "escalation", "schedules", "checklists")
    more = ("contacts", "retention", "objectives", "alert_rules")
    return {
        "path": document.path,
        "title": document.title,
        "system": document.system,
        "procedures": [_procedure(procedure) for procedure in document.procedures],
        **{name: [dict(fact) for fact in getattr(document, name)] for name in (*facts, *more)},
        "warnings": [{"line": warning.line, "text": warning.text} for warning in document.warnings],
    }


def _procedure(procedure: Procedure) -> JSON:
    return {
        "id": procedure.id,
        "title": procedure.title,
        "heading": list(procedure.heading),
        "line": procedure.line,
        "type": procedure.type.value,
        "auto": procedure.auto,
        "severity": procedure.severity,
        "symptoms": list(procedure.symptoms),
        "steps": [_step(step) for step in procedure.steps],
        "digest": procedure.digest,
    }


def _step(step: ProcedureStep) -> JSON:
    return {
        "line": step.line,
        "phase": step.phase.value,
        "title": step.title,
        "text": step.text,
        "risk": step.judgement.risk.value,
        "runs_as": step.judgement.runs_as,
        "bounded": step.judgement.bounded,
        "condition": step.condition,
        "expect": step.expect,
    }


def matched(alert: Mapping[str, Any], matches: Sequence[Match]) -> JSON:
    """One alert as it came in, and the procedures that answer it, best first; none means no runbook."""
    return {
        "alert": dict(alert),
        "matches": [
            {
                "document": match.document.path,
                "procedure": match.procedure.id,
                "heading": list(match.procedure.heading),
                "score": round(match.score, 1),
                "why": match.why,
            }
            for match in matches
        ],
    }
