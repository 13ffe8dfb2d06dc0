"""Markdown in, a `Document` out. Reading never fails for what a document says: what is wrong becomes a warning."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from incidents.errors import Misconfigured
from runbooks.document import Document, Remark
from runbooks.reading import facts
from runbooks.reading.cleaning import SIZE_LIMIT, cleaned, decoded
from runbooks.reading.frontmatter import front_matter
from runbooks.reading.labels import severity_word
from runbooks.reading.layout import blocks_of, headings_of, references_of
from runbooks.reading.lines import Lines, commands_of
from runbooks.reading.names import names_of
from runbooks.reading.outline import Section, outline
from runbooks.reading.procedures import procedures_of


def read(path: Path, system: str | None = None, safe: Collection[str] = ()) -> Document:
    """The document in this file. Raises Misconfigured when the file cannot be read at all."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT * 4 + 4)  # enough for parse to see that it is too long, whatever the encoding
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror or error}") from error
    text, warnings = decoded(data)
    document = parse(str(path), text, system, safe)
    digest = hashlib.sha256(data).hexdigest()
    return replace(document, sha256=digest, warnings=_sorted([*warnings, *document.warnings]))


def parse(path: str, text: str, system: str | None = None, safe: Collection[str] = ()) -> Document:
    """The document that this text is. Never raises for its content; `warnings` says what could not be read as meant.

    The system is the argument, else the front matter's `system`, else the stem of the file's name.
    """
    clean, warned = cleaned(text)
    values, body, bad_front = front_matter(clean)
    root, too_deep = outline(body)
    named = system or _system_in(values) or PurePath(path).stem
    lines = Lines(safe)
    commands = tuple(commands_of(root, lines))
    services = facts.services_of(root, commands)
    title = _title(root, values, path)
    return Document(
        path=path,
        title=title,
        system=named,
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        commands=commands,
        procedures=procedures_of(root, named, lines, title, severity_word(str(values.get("severity") or ""))),
        services=services,
        thresholds=facts.thresholds_of(root),
        severities=facts.severities_of(root),
        escalation=facts.escalation_of(root),
        schedules=facts.schedules_of(root, commands),
        checklists=facts.checklists_of(root),
        contacts=facts.contacts_of(root),
        retention=facts.retention_of(root, commands),
        objectives=facts.objectives_of(root),
        alert_rules=facts.alert_rules_of(root),
        names=names_of(commands, services),
        headings=headings_of(root),
        references=references_of(root),
        blocks=blocks_of(root),
        front_matter=values,
        warnings=_sorted([*warned, *bad_front, *too_deep, *lines.warnings]),
    )


def _system_in(values: Mapping[str, Any]) -> str | None:
    system = values.get("system")
    return system.strip() if isinstance(system, str) and system.strip() else None


def _title(root: Section, values: Mapping[str, Any], path: str) -> str:
    heading = next((section.heading for section in root.walk() if section.level == 1 and section.heading), "")
    title = values.get("title")
    return heading or (title if isinstance(title, str) else "") or re.sub(r"[-_]+", " ", PurePath(path).stem)


def _sorted(warnings: list[Remark]) -> tuple[Remark, ...]:
    return tuple(sorted(dict.fromkeys(warnings), key=lambda warning: (warning.line, warning.text)))
