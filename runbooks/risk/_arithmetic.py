"""Where the shell takes a value for code: arithmetic, tests and subscripts run a `$(...)` that a value holds.

`x='a[$(reboot)]'; echo $((x))` reboots, though no command of that name stands anywhere. So a text that counts, compares
or names variables, and that holds a quoted `$(...)` or backquote as well, is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runbooks import shell
from runbooks.shell import Command, Function, Loop, Script, Statement, Test, Word

_HELD = re.compile(r"\$\((?!\(?\s*(?:NF|NR|i|j|n)\b[^;|&`]*\))|`|\[[^\]]*\$$")
"""A command in a value. `$(NF-1)` is a column of awk."""
_COUNTS = {"let", "test", "[", "declare", "typeset", "local", "export", "readonly", "unset", "read", "getopts", "wait"}
_SUBSCRIPT = re.compile(r"\$\{[!#]?\w+(?:\[|:[^-=+?])|\$\[")
_PROMPTED = re.compile(r"\$\{!?\w+(?:\[[^]]*\])?@[PE]\}")


def runs_values(script: Script, values: Mapping[str, tuple[str, ...] | None]) -> bool:
    """Whether `script` could run a command that only a value of it, or of an earlier line, holds."""
    statements = list(shell.walk(script))
    if any(_PROMPTED.search(word.text) for one in statements for word in _words(one)):
        return True
    if not any(_evaluates(one) for one in statements):
        return False
    earlier = (value for known in values.values() for value in known or ())
    return any(_HELD.search(text) for text in (*_literals(statements), *earlier))


def _words(one: Statement) -> tuple[Word, ...]:
    return shell.words_in(one)


def _literals(statements: Iterable[Statement]) -> Iterable[str]:
    for one in statements:
        yield from (word.shape for word in _words(one))
        if isinstance(one, Command):
            yield from (redirect.body for redirect in one.redirects if redirect.body is not None)
            yield from (assignment.name for assignment in one.assignments)


def _evaluates(one: Statement) -> bool:
    match one:
        case Test():
            return True
        case Function():
            return False
        case Loop(kind="for", values=None):
            return True
    if isinstance(one, Command) and one.words:
        values = [word.value or "" for word in one.words]
        if _COUNTS & {*values} or ("printf" in values and any(value.startswith("-v") for value in values)):
            return True
    return any(part.variable == "((" for word in _words(one) for part in word.parts) or any(
        _SUBSCRIPT.search(word.text) for word in _words(one)
    )
