"""YAML front matter: a small mapping at the top of a document. A bad one costs a warning, never the document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from runbooks.document import Remark

LIMIT = 64 * 1024
DEPTH = 20

_CLOSING = re.compile(r"^(---|\.\.\.)[ \t]*$", re.MULTILINE)


def _refused(problem: str, event: yaml.Event) -> yaml.YAMLError:
    mark = event.start_mark
    return yaml.composer.ComposerError(None, None, problem, mark)  # type: ignore[arg-type]  # the stubs know two Marks


class AliasFreeLoader(yaml.SafeLoader):
    """Safe loading without aliases, which is what every YAML bomb is made of, and without deep nesting."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # its stubs leave this one out
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases are not allowed", event)
        self.depth += 1
        if self.depth > DEPTH:
            raise _refused(f"nested deeper than {DEPTH}", event)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def front_matter(text: str) -> tuple[Mapping[str, Any], str, tuple[Remark, ...]]:
    """The mapping, the text with it blanked out (line numbers stay), and what was wrong with it."""
    first, newline, rest = text.partition("\n")
    if first.rstrip() != "---" or not newline:
        return {}, text, ()
    end = _CLOSING.search(rest, 0, LIMIT)
    if end is None:
        long = len(rest) > LIMIT and _CLOSING.search(rest) is not None
        return (
            {},
            text,
            (Remark(1, f"front matter longer than {LIMIT} characters was not read", spoils=True),) if long else (),
        )
    source = rest[: end.start()]
    blanked = "\n" * (source.count("\n") + 1) + rest[end.end() :]
    values, warnings = _loaded(source)
    return values, blanked, warnings


def _loaded(source: str) -> tuple[Mapping[str, Any], tuple[Remark, ...]]:
    try:
        values = yaml.load(source, Loader=AliasFreeLoader)  # noqa: S506  a SafeLoader without aliases
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return {}, (Remark(_line_of(error), f"front matter was not read: {_problem(error)}", spoils=True),)
    if values is None:
        return {}, ()
    if not isinstance(values, dict):
        return {}, (Remark(2, "front matter was not read: it is not a mapping", spoils=True),)
    return {str(key): value for key, value in values.items()}, ()


def _line_of(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 2 if mark is not None else 2


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0][:200]
