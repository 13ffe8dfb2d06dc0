"""SQL text as the clients take it: several statements in one string, quotes and comments included."""

from __future__ import annotations

import re
from typing import Any

from runbooks.document import Call
from runbooks.translate._options import words

_TOKEN = re.compile(
    r"(?P<quoted>'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|`[^`]*+`)"
    r"|(?P<dollar>\$(?:[A-Za-z_]\w*)?\$)"
    r"|(?P<comment>--[^\n]*+|/\*.*?\*/)"
    r"|(?P<end>;)"
    r"|(?P<open>['\"`]|/\*)"
    r"|(?P<other>[^'\"`$;/-]++|.)",
    re.DOTALL,
)
_FIRST = re.compile(r"[\s(]*([A-Za-z]+)")
_READING = words("select with show explain values table describe desc pragma")
CATALOGUE = frozenset((r"\conninfo", r"\l", r"\du", r"\dn", r"\dt", r"\di", r"\dx"))
"""psql's own commands that the `sql` step kind can ask of the catalogue."""
_LONGEST = 64 * 1024


def statements_of(text: str) -> list[str] | None:
    """The statements of `text` without their semicolons and comments; None when a quote or comment is left open."""
    if len(text) > _LONGEST:
        return None
    found: list[str] = []
    current: list[str] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        assert token is not None
        place = token.end()
        if token.lastgroup == "open":
            return None
        if token.lastgroup == "dollar":
            end = text.find(token[0], place)
            if end < 0:
                current.append(token[0])  # a parameter or a stray dollar, no quote
                continue
            current.append(text[token.start() : end + len(token[0])])
            place = end + len(token[0])
        elif token.lastgroup == "end":
            found.append("".join(current))
            current = []
        elif token.lastgroup == "comment":
            current.append(" ")
        else:
            current.append(token[0])
    found.append("".join(current))
    return [" ".join(one.split()) if "'" not in one and '"' not in one and "$$" not in one else one.strip()
            for one in found if one.strip()]  # fmt: skip


def sql_call(dialect: str, statements: list[str] | None, **where: Any) -> tuple[Call, ...]:
    """The `sql` call for these statements, or nothing when there are none that could be sent."""
    if not statements or any(one.startswith("\\") and one not in CATALOGUE for one in statements):
        return ()
    place = {"service": None, "host": None, "port": None, "user": None, "database": None, **where}
    write = not all(_only_reads(one) for one in statements)
    return (Call("sql", {"dialect": dialect, **place, "statements": statements, "write": write}),)


def _only_reads(statement: str) -> bool:
    """Whether a statement begins as one that reads. `bind` asks the classifier, whose word counts."""
    first = _FIRST.match(statement)
    return statement in CATALOGUE or (first is not None and first[1].lower() in _READING)
