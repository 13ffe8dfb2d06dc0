"""`sqlite3 FILE "SQL"` on the file itself, opened for reading unless the statement was approved as a change."""

from __future__ import annotations

from collections.abc import Sequence

from runbooks.document import Call
from runbooks.translate._options import known, read
from runbooks.translate._sql import sql_call, statements_of

VERBS = ("sqlite3",)

_SQLITE = known(
    switches="",
    valued="-cmd",
    ignored="-readonly -header -noheader -column -csv -json -line -list -table -box -markdown -batch -bail -html",
    ignored_valued="-separator -nullvalue -newline",
    joined=False,
)
_PROMPT = {
    ".tables": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    ".schema": "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL",
    ".databases": "PRAGMA database_list",
    ".indexes": "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1",
    ".indices": "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1",
}


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The statements that `argv` runs on a file, or nothing."""
    words = ["-" + word[2:] if word.startswith("--") and len(word) > 2 else word for word in argv[1:]]
    options = read(words, _SQLITE)
    if options is None or len(options.operands) < 2 or options.has("-cmd"):
        return ()
    path, *texts = options.operands
    statements: list[str] = []
    for text in texts:
        found = [_PROMPT[text.strip()]] if text.strip() in _PROMPT else statements_of(text)
        if found is None or any(one.startswith(".") for one in found):
            return ()
        statements += found
    if path in (":memory:", "") or path.startswith("file:"):
        return ()
    made = sql_call("sqlite", statements)
    return tuple(
        Call("sqlite", {"path": path, "statements": c.args["statements"], "write": c.args["write"]}) for c in made
    )
