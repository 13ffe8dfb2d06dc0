"""SQL statements on an SQLite file.

args: {path, statements[], write, roots[]}. `path` is absolute. Without an approval the file is opened with `mode=ro`
and `query_only`, and no other file can be attached. The prompt commands `.tables`, `.schema`, `.databases` and
`.indexes` are asked of the catalogue. `PRAGMA integrity_check` and its like become findings.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workers.caps import one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, could_not_run, failed, refused, seconds_of, words
from workers.steps._paths import NotAllowed, allowed_path
from workers.steps._rows import MOST_ROWS, Rows, text_of

_PROMPT = {
    ".tables": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    ".schema": "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
    ".indexes": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY 1",
    ".indices": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' ORDER BY 1",
    ".databases": "PRAGMA database_list",
    ".dbinfo": "PRAGMA page_count",
}
_QUIET = words("SQLITE_READ SQLITE_SELECT SQLITE_FUNCTION SQLITE_RECURSIVE SQLITE_TRANSACTION")
_ALLOWED = frozenset(getattr(sqlite3, name) for name in _QUIET)
_ASKING_PRAGMAS = words(
    """integrity_check quick_check foreign_key_check table_info table_xinfo index_list index_info index_xinfo
    foreign_key_list"""
)
_READING_PRAGMAS = _ASKING_PRAGMAS | words(
    """database_list page_count page_size freelist_count journal_mode user_version schema_version encoding
    compile_options table_list auto_vacuum cache_size synchronous application_id function_list"""
)
"""Those that are not among the first set something when they are given a value."""
_CHECKS = re.compile(r"\A\s*pragma\s+(?:\w+\.)?(integrity_check|quick_check|foreign_key_check)\b", re.IGNORECASE)


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Open, run the statements one after the other, and show their rows."""
    path = str(args.get("path") or "")
    name = path.rsplit("/", 1)[-1] or "database"
    statements = [
        _PROMPT.get(text, text) for text in (str(one).strip() for one in args.get("statements") or ()) if text
    ]
    if not path or not statements:
        return could_not_run("a file and a statement are needed", name)
    return bounded(context, lambda watch: _work(args, path, statements, name, watch), subject=name)


def _work(args: Mapping[str, Any], path: str, statements: Sequence[str], name: str, watch: Watch) -> Outcome:
    try:
        real = allowed_path(path, args.get("roots"))
        connection = _opened(real, watch)
    except FileNotFoundError:
        return failed(f"{path} is not there", name, exit_code=1)
    except NotAllowed as outside:
        return could_not_run(str(outside), name)
    except (OSError, sqlite3.Error) as failure:
        return failed(f"{name} cannot be opened: {one_line(str(failure))}", name, exit_code=1)
    with closing(connection):
        watch.on_giving_up(connection.interrupt)
        return _run_all(connection, statements, name)


def _opened(path: Path, watch: Watch) -> sqlite3.Connection:
    writes = watch.context.allow_writes
    uri = f"file:{quote(str(path))}?mode={'rw' if writes else 'ro'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=min(5.0, watch.left()), isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes
    connection.set_progress_handler(lambda: int(watch.given_up or watch.deadline < time.monotonic()), 10_000)
    if not writes:
        connection.execute("PRAGMA query_only = ON")
        connection.set_authorizer(_authorize)
    return connection


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    """SQLite asks this for everything a statement would do. What is not reading is denied, ATTACH included."""
    if action == sqlite3.SQLITE_PRAGMA:
        reads = (first or "").lower() in (_READING_PRAGMAS if second is None else _ASKING_PRAGMAS)
        return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in ("load_extension", "writefile", "edit"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _run_all(connection: sqlite3.Connection, statements: Sequence[str], name: str) -> Outcome:
    shown: list[Rows] = []
    began = time.monotonic()
    try:
        for statement in statements:
            shown.append(_rows(connection, statement))
    except (sqlite3.Error, sqlite3.Warning) as failure:
        return _statement_failed(failure, name, shown)
    findings = [finding for rows in shown for finding in _findings(rows, name)]
    findings.append(Finding(Level.OK, f"{name} answered in {seconds_of(time.monotonic() - began)}", name))
    bad = any(found.level is Level.BAD for found in findings)
    summary = findings[0].text if bad else f"{name}: {', '.join(rows.told() for rows in shown)}"
    output, more = "\n\n".join(rows.text() for rows in shown), any(rows.more for rows in shown)
    return Outcome(Result.FAILED if bad else Result.SUCCEEDED, summary, output, 0, tuple(findings), more)


def _rows(connection: sqlite3.Connection, statement: str) -> Rows:
    with closing(connection.execute(statement)) as cursor:
        if cursor.description is None:
            return Rows(statement, changed=max(cursor.rowcount, 0))
        return Rows(statement, tuple(column[0] for column in cursor.description), cursor.fetchmany(MOST_ROWS + 1))


def _findings(rows: Rows, name: str) -> list[Finding]:
    check = _CHECKS.match(rows.statement)
    if check is None:
        value = rows.single()
        return [] if value is None else [Finding(Level.INFO, f"{rows.columns[0]} is {text_of(value)}", name)]
    troubles = [text_of(row[0]) for row in rows.rows if text_of(row[0]) != "ok"]
    if troubles:
        return [Finding(Level.BAD, f"{name} fails its {check[1]}: {one_line(troubles[0])}", name)]
    return [Finding(Level.OK, f"{name} passes its {check[1]}", name)]


def _statement_failed(failure: Exception, name: str, shown: Sequence[Rows]) -> Outcome:
    text = one_line(str(failure))
    output = "\n\n".join([*(rows.text() for rows in shown), f"ERROR: {text}"])
    if "interrupted" in text:
        raise OutOfTime from None
    if "not authorized" in text or "prohibited" in text or "readonly" in text or "read-only" in text:
        return refused(f"a statement on {name}", name)
    if "malformed" in text or "not a database" in text:
        return failed(f"{name} is damaged: {text}", name, output, 1)
    if "locked" in text:
        return failed(f"{name} is locked by another program", name, output, 1)
    why = f"{name} answered: {text}"
    return Outcome(Result.FAILED, why, output, 1, (Finding(Level.WARN, why, name),))
