"""A runbook as values: what `parse` makes of a Markdown file, and what everything else reads.

`line` is always 1-based in the file. `heading` and `section` are the full path from the H1, as written, numbering
kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Risk(StrEnum):
    """What running a command could do, as judged from its text. Never from its heading or comment."""

    READ_ONLY = "read_only"
    MUTATING = "mutating"
    DESTRUCTIVE = "destructive"
    INTERACTIVE = "interactive"
    NOT_A_COMMAND = "not_a_command"


class Phase(StrEnum):
    DIAGNOSIS = "diagnosis"
    SOLUTION = "solution"
    VERIFICATION = "verification"
    MANUAL = "manual"


class ProcedureType(StrEnum):
    """`incident` and `emergency` may be started by an alert for their checks; the others are only offered."""

    INCIDENT = "incident"
    RECOVERY = "recovery"
    EMERGENCY = "emergency"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Call:
    """The running form of a command: a step kind and its arguments, before the inventory says where.

    `args` holds JSON values only and is documented by the step kind of that name. `filters` are text filters that
    followed in a pipeline (`grep`, `head`, ...), each a list whose first item names it; the worker applies them to
    the output itself.
    """

    kind: str
    args: Mapping[str, Any]
    filters: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the classifier says of one command line.

    `bounded` is the finite, unattended form of a command that would not end by itself, page, or ask; None when the
    text needs none or has none. `bounded_risk` is the class of that form. `runs_as` names a step kind.
    """

    risk: Risk
    reason: str
    runs_as: str = "argv"
    bounded: str | None = None
    bounded_risk: Risk | None = None
    placeholders: tuple[str, ...] = ()
    leaks_secret: bool = False

    @property
    def runs_unasked(self) -> bool:
        """Whether the form that would run is proven to change nothing, and ends by itself."""
        return (self.bounded_risk if self.bounded is not None else self.risk) is Risk.READ_ONLY


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a document, or a line of a fence that is none. `text` is the whole line as one step runs it."""

    line: int
    text: str
    title: str
    section: tuple[str, ...]
    judgement: Judgement
    embedded: EmbeddedCommand | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedCommand:
    """The command that a prose line carries ("Check status: docker compose ps")."""

    text: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """One step of a procedure. A prose step has no `text` and is a checklist item.

    `condition` is the document's own words on when to take it ("If restart fails").
    `expect` is what a comment says the output should be. `timeout` (seconds) and `name` come from the fence's
    attributes (`timeout=30s`, `id=restart-api`).
    """

    line: int
    phase: Phase
    title: str
    text: str | None
    judgement: Judgement
    condition: str | None = None
    expect: str | None = None
    cwd: str | None = None
    timeout: float | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """A part of a document that answers one kind of incident. `id` is `<system>/<slug of the heading path>`."""

    id: str
    title: str
    heading: tuple[str, ...]
    line: int
    type: ProcedureType
    auto: bool
    severity: str | None
    symptoms: tuple[str, ...]
    steps: tuple[ProcedureStep, ...]
    digest: str
    """sha256 over the procedure's commands and their phases; a promotion to live is bound to it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a document that could not be read as meant. One that `spoils` it hides part of its content."""

    line: int
    text: str
    spoils: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, with the anchor that links to it bear (`#api-unavailability`)."""

    line: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A link of the document to another place: `#anchor`, `file.md#anchor`, or a URL."""

    line: int
    target: str


@dataclass(frozen=True, slots=True)
class Block:
    """Where a fence's body begins and ends, and the language it claims to be."""

    first_line: int
    last_line: int
    language: str


@dataclass(frozen=True, slots=True)
class Document:
    """One runbook file, read. The lists of mappings hold what `compile --json` prints for them."""

    path: str
    title: str
    system: str
    sha256: str
    commands: tuple[Command, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    services: tuple[Mapping[str, Any], ...] = ()
    thresholds: tuple[Mapping[str, Any], ...] = ()
    severities: tuple[Mapping[str, Any], ...] = ()
    escalation: tuple[Mapping[str, Any], ...] = ()
    schedules: tuple[Mapping[str, Any], ...] = ()
    checklists: tuple[Mapping[str, Any], ...] = ()
    contacts: tuple[Mapping[str, Any], ...] = ()
    retention: tuple[Mapping[str, Any], ...] = ()
    objectives: tuple[Mapping[str, Any], ...] = ()
    alert_rules: tuple[Mapping[str, Any], ...] = ()
    names: frozenset[str] = frozenset()
    """What the document calls its own things (services, containers, hosts): an alert's labels are known by them."""
    headings: tuple[Heading, ...] = ()
    references: tuple[Reference, ...] = ()
    blocks: tuple[Block, ...] = ()
    front_matter: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Remark, ...] = ()
