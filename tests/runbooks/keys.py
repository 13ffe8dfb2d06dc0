"""Reads the key to the users' runbooks and sets the program's answers beside it. See key/README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from runbooks.document import Document, Judgement, Procedure, Risk
from runbooks.parse import read
from tests.conftest import missing

KEY = Path(__file__).with_name("key")
USERS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
NAMES = tuple(sorted(path.stem for path in KEY.glob("*.commands")))
BY_HAND = frozenset({"argv", "shell", "manual"})
CHANGING = frozenset({Risk.MUTATING, Risk.DESTRUCTIVE})


@dataclass(frozen=True, slots=True)
class KeyCommand:
    line: int
    end: int
    classes: tuple[str, ...]
    flags: frozenset[str]
    text: str | None

    @property
    def none(self) -> bool:
        return self.classes == ("none",)

    @property
    def reads(self) -> bool:
        """Whether the reader says that it, or its finite form, only reads."""
        return self.classes[0] == "read_only" or "reads" in self.flags

    @property
    def changes(self) -> bool:
        return self.classes[0] in {"mutating", "destructive"} and "read_only" not in self.classes


@dataclass(frozen=True, slots=True)
class KeyStep:
    lines: tuple[int, ...]
    phases: frozenset[str]
    prose: bool
    needed: bool


@dataclass(frozen=True, slots=True)
class KeyProcedure:
    line: int
    type: str
    heading: tuple[str, ...]
    steps: list[KeyStep] = field(default_factory=list)

    def covers(self, line: int) -> bool:
        return any(line in step.lines for step in self.steps)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program says stands on one line of the key: judgement and text, or nothing."""

    key: KeyCommand
    judgement: Judgement | None
    text: str = ""

    @property
    def runs_unasked(self) -> bool:
        return self.judgement is not None and self.judgement.runs_unasked


@cache
def users_document(name: str) -> Document:
    path = USERS / f"{name}.md"
    if not path.is_file():
        missing(f"the users' runbook {name}.md", "it is not part of the project; put it into ../shared/seeds")
    return read(path)


@cache
def key_commands(name: str) -> tuple[KeyCommand, ...]:
    return tuple(_command(line) for line in (KEY / f"{name}.commands").read_text("utf-8").splitlines() if line)


def _command(line: str) -> KeyCommand:
    head, _, text = line.partition(" = ")
    place, classes, *flags = head.split()
    first, _, last = place.partition("-")
    return KeyCommand(int(first), int(last or first), tuple(classes.split("|")), frozenset(flags), text.strip() or None)


@cache
def key_procedures(name: str) -> tuple[KeyProcedure, ...]:
    found: list[KeyProcedure] = []
    for line in (KEY / f"{name}.procedures").read_text("utf-8").splitlines():
        if line.startswith("@ "):
            _, place, kind, heading = line.split(maxsplit=3)
            found.append(KeyProcedure(int(place), kind, tuple(heading.split(" > "))))
        elif line:
            phases, *steps = line.split()
            found[-1].steps.extend(_step(step, frozenset(phases.split("|"))) for step in steps)
    return tuple(found)


def _step(text: str, phases: frozenset[str]) -> KeyStep:
    lines = tuple(int(number) for number in text.lstrip("?m").split("/"))
    return KeyStep(lines, phases, prose="m" in text, needed="?" not in text)


def answers(name: str) -> Iterator[Answer]:
    """The program's answer to every command of the key (not to the ranges that hold none)."""
    commands = users_document(name).commands
    for key in key_commands(name):
        if key.none:
            continue
        on_line = [command for command in commands if command.line == key.line]
        if "carried" in key.flags:
            inner = [command.embedded for command in on_line if command.embedded]
            found = [(one.text, one.judgement) for one in inner]
        else:
            found = [(command.text, command.judgement) for command in on_line]
        wanted = squeezed(source(name, key))
        right = [one for one in found if squeezed(one[0]) == wanted]
        if right:
            yield Answer(key, right[0][1], right[0][0])
        elif found and key.classes == ("not_a_command",):
            yield Answer(key, found[0][1], found[0][0])
        else:
            yield Answer(key, None, found[0][0] if found else "")


@cache
def lines_of(name: str) -> tuple[str, ...]:
    return tuple((USERS / f"{name}.md").read_text("utf-8").splitlines())


def source(name: str, key: KeyCommand) -> str:
    """The command as it stands in the document."""
    if key.text is not None:
        return key.text
    return "\n".join(lines_of(name)[key.line - 1 : key.end])


def squeezed(text: str) -> str:
    """`text` without what may differ between two ways to take it down: layout, comments behind commands."""
    kept = [re.sub(r"(^|\s)#\s.*$", "", line).rstrip("\\ ") for line in text.splitlines()]
    return re.sub(r"[\s\\]+", "", "".join(kept))


def procedure_at(name: str, key: KeyProcedure) -> Procedure | None:
    found = [one for one in users_document(name).procedures if one.line == key.line]
    return found[0] if len(found) == 1 else None


def plain_heading(heading: tuple[str, ...]) -> tuple[str, ...]:
    """The heading path with the numbering and the punctuation of its last part taken off: a bold title has either."""
    *above, last = heading
    return (*above, re.sub(r"^\d+\.\s+|[:*]+", "", last).strip())


def missing_steps(name: str, key: KeyProcedure, found: Procedure) -> tuple[list[KeyStep], list[KeyStep]]:
    """The steps of the key that the procedure lacks, and those that stand in another phase."""
    lacking, misplaced = [], []
    texts = {key.line: squeezed(source(name, key)) for key in key_commands(name) if not key.none}
    for wanted in key.steps:
        here = [
            step
            for step in found.steps
            if step.line in wanted.lines
            and ((step.text is None) if wanted.prose else (squeezed(step.text or "") == texts[step.line]))
        ]
        if not here and wanted.needed:
            lacking.append(wanted)
        elif here and not any(step.phase.value in wanted.phases for step in here):
            misplaced.append(wanted)
    return lacking, misplaced
