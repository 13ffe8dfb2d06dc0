"""The comments of a fenced block: titles of the commands below them, or steps of their own that no command follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runbooks.reading.outline import Fence

SHELLS = frozenset({"", "bash", "sh", "shell", "zsh", "console", "terminal", "shell-session", "sql", "text", "none"})

_COMMENT = re.compile(r"^\s*(?:#+(?!!)|--(?=\s))\s?(.*)$")


@dataclass(frozen=True, slots=True)
class Comment:
    """Comment lines that stand together. `line` is the first one's in the file, `end` the line after the last one."""

    line: int
    end: int
    words: tuple[str, ...]
    alone: bool
    """Whether no command follows: the next thing is another comment, or the end of the block."""


def comments_of(fence: Fence) -> tuple[Comment, ...]:
    """The comments of a block that is a list of commands; a whole script's comments are its own affair."""
    if fence.body.startswith("#!") or fence.language not in SHELLS:
        return ()
    lines = fence.body.split("\n")
    groups = list(_groups(lines))
    return tuple(
        Comment(
            fence.first_line + start,
            fence.first_line + end,
            tuple(_words(line) or "" for line in lines[start:end]),
            _stands_alone(lines, end),
        )
        for start, end in groups
    )


def _groups(lines: list[str]) -> Iterator[tuple[int, int]]:
    index = 0
    while index < len(lines):
        start = index
        while index < len(lines) and _words(lines[index]) is not None:
            index += 1
        if index > start:
            yield start, index
        index += 1


def _stands_alone(lines: list[str], end: int) -> bool:
    following = next((line for line in lines[end:] if line.strip()), None)
    return following is None or _words(following) is not None


def _words(line: str) -> str | None:
    found = _COMMENT.match(line)
    return found[1].rstrip() if found else None


def comment_above(fence: Fence, line: int, comments: tuple[Comment, ...]) -> Comment | None:
    """The comment a command belongs to: the nearest one above, unless another command and a blank line part them."""
    above = next((comment for comment in reversed(comments) if comment.end <= line), None)
    if above is None:
        return None
    between = fence.body.split("\n")[above.end - fence.first_line : line - fence.first_line]
    seen_command = False
    for text in between:
        if text.strip():
            seen_command = True
        elif seen_command:
            return None
    return above
