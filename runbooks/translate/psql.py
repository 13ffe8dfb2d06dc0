"""`psql -c` and `pg_isready` as SQL on the database that the inventory names.

User, password and TLS come from there too. `pg_isready` only knocks; ours also logs in and asks `SELECT 1`, which is
the stricter check. A bare SQL statement, as it stands in a fence, goes to the system's only database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from runbooks.document import Call
from runbooks.translate._options import Options, known, read
from runbooks.translate._sql import CATALOGUE, sql_call, statements_of

VERBS = ("psql", "pg_isready")

_PSQL = known(
    switches="-l --list",
    valued="-h --host -p --port -U --username -d --dbname -c --command",
    ignored="-t --tuples-only -A --no-align -x --expanded -q --quiet -X --no-psqlrc -w --no-password -1"
    " --single-transaction -H --html --csv -b -e -a -E",
    ignored_valued="-P --pset -F --field-separator -R --record-separator",
)
_READY = known("", "-h --host -p --port -U --username -d --dbname", ignored="-q --quiet", ignored_valued="-t --timeout")
_STATEMENT = re.compile(
    r"\s*(?:SELECT|WITH|SHOW|EXPLAIN|VALUES|ANALYZE|VACUUM|REINDEX|ALTER|CREATE|DROP|INSERT|UPDATE|DELETE|TRUNCATE|GRANT"
    r"|REVOKE|CHECKPOINT|CLUSTER|COMMENT|BEGIN|COMMIT|ROLLBACK|SET|RESET|REFRESH|LOCK|KILL|FLUSH|OPTIMIZE|CALL)(?=[\s;(]|$)"
)
_QUIET_STATEMENT = re.compile(
    r"\s*(?:select\s.+\sfrom\s|select\s.+;\s*$|show\s+\w+.*;\s*$|explain\s+.*select\s|with\s+\w+\s+as\s*\()",
    re.IGNORECASE | re.DOTALL,
)


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The statements that `argv` sends, or nothing."""
    if argv[0] == "pg_isready":
        options = read(argv[1:], _READY)
        return (
            () if options is None or options.operands else sql_call("postgresql", ["SELECT 1"], **_where(options, ()))
        )
    options = read(argv[1:], _PSQL)
    if options is None or len(options.operands) > 2 or (options.last("-d", "--dbname") and len(options.operands) > 1):
        return ()
    where = _where(options, options.operands)
    if options.has("-l", "--list"):
        return sql_call("postgresql", [r"\l"], **where)
    statements: list[str] = []
    for text in options.all("-c", "--command"):
        found = [text.strip()] if text.strip() in CATALOGUE else statements_of(text)
        if found is None:
            return ()
        statements += found
    return sql_call("postgresql", statements, **where)


def bare(text: str) -> tuple[Call, ...]:
    """The call for a text that is SQL and no shell, or nothing."""
    if text.strip() in CATALOGUE:
        return sql_call("postgresql", [text.strip()])
    if not (_STATEMENT.match(text) or _QUIET_STATEMENT.match(text[:4096])):
        return ()
    # A comment of the document behind a statement is none of SQL's.
    return sql_call("postgresql", statements_of(re.sub(r"(?<=;)\s*#[^\n]*", "", text)))


def _where(options: Options, operands: Sequence[str]) -> dict[str, Any]:
    database = options.last("-d", "--dbname") or (operands[0] if operands else None)
    user = options.last("-U", "--username") or (operands[1] if len(operands) > 1 else None)
    where = {
        "host": options.last("-h", "--host"),
        "port": options.last("-p", "--port"),
        "user": user,
        "database": database,
    }
    return {**where, **_of_address(database)} if database and "://" in database else where


def _of_address(text: str) -> dict[str, Any]:
    """Host and database of a connection URL. Its password is not kept: the inventory has its own."""
    try:
        parts = urlsplit(text)
        return {
            "host": parts.hostname,
            "port": str(parts.port) if parts.port else None,
            "user": parts.username,
            "database": parts.path.lstrip("/") or None,
        }
    except ValueError:
        return {"database": None, "host": text}
