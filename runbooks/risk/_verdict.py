"""What a tool family says about one invocation, and the small pieces it says it with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from runbooks.document import Risk
from runbooks.shell import HOLE, Word

_ORDER = {Risk.NOT_A_COMMAND: 0, Risk.READ_ONLY: 1, Risk.MUTATING: 2, Risk.INTERACTIVE: 3, Risk.DESTRUCTIVE: 4}


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `[start, end)` of the command line by `text`."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """`text` with the edits applied. One that overlaps an earlier one is dropped."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start >= at:
            pieces += (text[at : edit.start], edit.text)
            at = edit.end
    return "".join(pieces) + text[at:]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of one command, why, and how to run it unattended.

    `risk` is what it does: READ_ONLY, MUTATING, DESTRUCTIVE, or INTERACTIVE when it is of no use without a person.
    `endless` marks a reader that does not end by itself or wants a terminal; `edits` mend that, or an unbounded
    output or a prompt. An endless verdict without edits can not be mended. `leaks` says that it shows a secret.
    """

    risk: Risk
    reason: str
    endless: bool = False
    edits: tuple[Edit, ...] = ()
    leaks: bool = False

    def with_edits(self, *edits: Edit) -> Verdict:
        return replace(self, edits=(*self.edits, *edits))


def reads(reason: str, *, leaks: bool = False) -> Verdict:
    return Verdict(Risk.READ_ONLY, reason, leaks=leaks)


def changes(reason: str) -> Verdict:
    return Verdict(Risk.MUTATING, reason)


def destroys(reason: str) -> Verdict:
    return Verdict(Risk.DESTRUCTIVE, reason)


def asks(reason: str) -> Verdict:
    return Verdict(Risk.INTERACTIVE, reason)


def unknown(what: str) -> Verdict:
    """Refused for not being understood: mutating."""
    return Verdict(Risk.MUTATING, what)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict over several parts that all run: the worst class and its reason, with everyone's edits."""
    if len(verdicts) == 1:
        return verdicts[0]
    top = max(verdicts, key=lambda one: (_ORDER[one.risk], one.endless))
    return Verdict(
        top.risk,
        top.reason,
        endless=any(one.endless for one in verdicts),
        edits=tuple(edit for one in verdicts for edit in one.edits),
        leaks=any(one.leaks for one in verdicts),
    )


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument. `text` has a HOLE for what the shell puts in; `value` is None when it has one."""

    text: str
    value: str | None
    start: int
    end: int
    globs: bool = False
    braces: bool = False
    quoted: bool = False
    word: Word | None = None

    @property
    def hole(self) -> bool:
        """Whether all of it is put in by the shell."""
        return not self.text.replace(HOLE, "") and HOLE in self.text


class Walker(Protocol):
    """The walk, as a tool sees it: to have something inside its own arguments judged."""

    def command(self, args: Sequence[Arg], stdin: str | None, piped: bool, before: int) -> Verdict: ...

    def code(self, arg: Arg, dialect: str = "shell") -> Verdict: ...

    def filled(self, arg: Arg) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Invocation:
    """One tool with its arguments.

    `stdin` is what it reads when the text says so (a here-document, an `echo` before it); `piped` says that something
    is fed to it, known or not. `start` is where its name begins.
    """

    name: str
    args: tuple[Arg, ...]
    walker: Walker
    start: int = 0
    end: int = 0
    stdin: str | None = None
    piped: bool = False
    path: str = ""
    into: bool = False
    """Whether its output goes into a pipe."""

    @property
    def texts(self) -> list[str]:
        return [arg.text for arg in self.args]

    def inner(self, index: int) -> Verdict:
        """The verdict on the command that begins at argument `index`."""
        if index >= len(self.args):
            return unknown(f"{self.name} runs a command that is not there")
        return self.walker.command(self.args[index:], self.stdin, self.piped, self._before(index))

    def shell(self, index: int) -> Verdict:
        """The verdict on argument `index` as shell code, its edits quoted back into place."""
        return self.walker.code(self.args[index])

    def _before(self, index: int) -> int:
        return self.args[index - 1].end if index else self.end

    def without(self, index: int) -> Edit:
        """Takes argument `index` away, with the space before it."""
        return Edit(self._before(index), self.args[index].end, "")

    def put(self, index: int, text: str) -> Edit:
        """Puts ` text` before argument `index` (at the end when there is none)."""
        at = self._before(min(index, len(self.args)))
        return Edit(at, at, " " + text)

    def instead(self, index: int, text: str) -> Edit:
        return Edit(self.args[index].start, self.args[index].end, text)

    def wrapped(self, prefix: str) -> Edit:
        return Edit(self.start, self.start, prefix + " ")


Judge = Callable[[Invocation], Verdict]
