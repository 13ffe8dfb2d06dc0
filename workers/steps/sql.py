"""SQL statements on a PostgreSQL or MySQL-compatible server.

args: {dialect: "postgresql"|"mysql", service|None, host|None, port|None, user|None, database|None, statements[], write,
dsn}. `dsn` may hold `${NAME}` references; the rest only names things. Without an approval every statement runs in a
READ ONLY transaction with a server-side statement timeout, one statement a message, and only if it begins as one that
reads and calls no function that acts from inside a SELECT. `exit_code` is what psql would have ended with.
"""

from __future__ import annotations

import importlib
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from itertools import islice
from typing import Any

import sqlglot
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from workers.caps import one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, could_not_run, failed, refused, seconds_of, words
from workers.steps._rows import MOST_ROWS, Rows, text_of

CONNECT = 5
READING_WORDS = words("select with show explain values table describe desc")
_ACTING = re.compile(
    r"""\b(?:pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile\w*|pg_switch_\w+|pg_promote
    |pg_stat_reset\w*|pg_stat_statements_reset|pg_create_\w+|pg_drop_\w+|pg_replication_\w+|pg_logical_\w+|pg_copy_\w+
    |pg_start_backup|pg_stop_backup|pg_backup_st\w+|pg_wal_replay_\w+|pg_(?:try_)?advisory_\w+|pg_notify
    |pg_read_(?:binary_)?file|pg_file_\w+|pg_prewarm|pg_log_\w+|pg_sync_\w+|pg_export_snapshot|lo_\w+|set_config|setval
    |nextval|dblink\w*|query_to_xml\w*|cursor_to_xml\w*|load_file|get_lock|release_\w*lock\w*|benchmark|sys_exec|sys_eval
    )["`]?\s*\(
    |\binto\s+(?:outfile|dumpfile)\b|\bfor\s+(?:no\s+key\s+)?(?:update|share|key\s+share)\b|\block\s+in\s+share\b
    |\bu&["']""",
    re.IGNORECASE | re.VERBOSE,
)
_LEADING = re.compile(r"\A(?:\s|\(|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_MYSQL_DRIVERS = (("pymysql", "pymysql"), ("MySQLdb", "mysqldb"), ("mysql.connector", "mysqlconnector"))
_PROMPT = {
    r"\conninfo": "SELECT current_user, current_database(), inet_server_addr(), inet_server_port()",
    r"\l": "SELECT datname, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding"
    " FROM pg_database ORDER BY 1",
    r"\du": "SELECT rolname, rolsuper, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1",
    r"\dn": "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1",
    r"\dt": "SELECT schemaname, tablename, tableowner FROM pg_tables"
    " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
    r"\di": "SELECT schemaname, tablename, indexname FROM pg_indexes"
    " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3",
    r"\dx": "SELECT extname, extversion FROM pg_extension ORDER BY 1",
}
"""What psql's own commands ask the catalogue."""


class _NotThere(Exception):
    """No connection can even be tried; the text says why."""


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Connect, run the statements one after the other, and show their rows."""
    name = str(args.get("service") or args.get("database") or args.get("host") or "database")
    statements = list(statements_of(args.get("statements") or (), str(args.get("dialect") or "postgresql")))
    if not statements:
        return could_not_run("there is no statement to run", name)
    acting = next((text for text in statements if not only_reads(text)), None)
    if acting is not None and not context.allow_writes:
        return refused(f"`{one_line(acting, 80)}`", name)
    if not args.get("dsn"):
        return could_not_run("the inventory names no DSN for this database", name)
    subject = f"the database {name}"
    return bounded(context, lambda watch: _work(str(args["dsn"]), statements, name, watch), subject=subject, name=name)


def statements_of(texts: Iterable[Any], dialect: str) -> Iterator[str]:
    """Single statements, psql's own commands among them translated to the query they stand for."""
    for text in texts:
        plain = str(text).strip()
        if plain.startswith("\\"):
            yield _PROMPT.get(plain.split()[0].rstrip("+;"), plain)
        else:
            yield from _split(plain, "mysql" if dialect == "mysql" else "postgres")


def only_reads(statement: str) -> bool:
    """Whether a statement begins as one that reads and calls nothing that is known to act."""
    first = _LEADING.match(statement)
    if first is None or first[1].lower() not in READING_WORDS:
        return False
    return not _ACTING.search(_COMMENT.sub(" ", statement)) and not _ACTING.search(statement)


def _split(text: str, dialect: str) -> list[str]:
    try:
        tokens = sqlglot.tokenize(text, read=dialect)
    except sqlglot.errors.SqlglotError:
        return [text.rstrip("; \n")] if text.rstrip("; \n") else []
    ends = [token.start for token in tokens if token.token_type is sqlglot.TokenType.SEMICOLON]
    parts = [text[start:end].lstrip(";").strip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return [part for part in parts if part]


def _work(dsn: str, statements: Sequence[str], name: str, watch: Watch) -> Outcome:
    try:
        url = _usable(watch.secret(dsn))
        began = time.monotonic()
        connection = _connect(url, watch)
    except _NotThere as wrong:
        return could_not_run(str(wrong), name)
    except _driver_errors() as failure:
        return _no_connection(failure, name)
    with closing(connection):
        watch.on_giving_up(lambda: _break_off(connection))
        return _run_all(connection, url, statements, name, watch, began)


def _usable(dsn: str) -> URL:
    """The DSN with a driver that is installed here, whatever driver its application uses."""
    try:
        url = make_url(re.sub(r"\Apostgres(?=[:+])", "postgresql", dsn))
        backend = url.get_backend_name()
    except (ArgumentError, ValueError, NoSuchModuleError) as wrong:
        raise _NotThere("the DSN of the inventory is no database URL") from wrong
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend in ("mysql", "mariadb"):
        return url.set(drivername=f"mysql+{_mysql_driver()}")
    raise _NotThere(f"{backend} is not a database that this step can ask")


def _mysql_driver() -> str:
    for module, driver in _MYSQL_DRIVERS:
        with suppress(ImportError):
            importlib.import_module(module)
            return driver
    raise _NotThere("no MySQL driver is installed on this worker (pip install pymysql)")


@cache
def _driver_errors() -> tuple[type[Exception], ...]:
    """What the drivers that are installed raise when a server says no."""
    found: list[type[Exception]] = [OSError]
    for module in ("psycopg", *(module for module, _ in _MYSQL_DRIVERS)):
        with suppress(ImportError):
            found.append(importlib.import_module(module).Error)
    return tuple(found)


def _connect(url: URL, watch: Watch) -> Any:
    """A bare driver connection. An SQLAlchemy engine would first ask questions of its own, without our limits."""
    dialect = url.get_dialect()()
    positional, given = dialect.create_connect_args(url)
    named = dict(given)
    driver = dialect.import_dbapi()
    seconds = max(1, min(CONNECT, int(watch.left())))
    if url.get_backend_name() == "postgresql":
        named |= {"connect_timeout": seconds, "application_name": "midwatch", "context": _as_text()}
        connection = driver.connect(*positional, **named)
        connection.read_only, connection.autocommit = not watch.context.allow_writes, watch.context.allow_writes
        return connection
    if url.get_driver_name() == "mysqlconnector":
        return driver.connect(*positional, **named, connection_timeout=seconds)
    wait = int(watch.left()) + 2  # the server ends a statement first, and says so
    return driver.connect(*positional, **named, connect_timeout=seconds, read_timeout=wait, write_timeout=wait)


@cache
def _as_text() -> Any:
    """psycopg's adapters, all values left as the text that the server sends: no date of it can fail to load."""
    import psycopg
    from psycopg.types.string import TextLoader

    adapters = psycopg.adapt.AdaptersMap(psycopg.adapters)
    for info in psycopg.postgres.types:
        for oid in (info.oid, info.array_oid):
            if oid:
                adapters.register_loader(oid, TextLoader)

    class _Context:
        connection = None

        def __init__(self) -> None:
            self.adapters = adapters

    return _Context()


def _run_all(connection: Any, url: URL, statements: Sequence[str], name: str, watch: Watch, began: float) -> Outcome:
    shown: list[Rows] = []
    try:
        if watch.context.allow_writes:
            _open_up(connection, url)
        else:
            _fence(connection, url, watch)
        for statement in statements:
            shown.append(_rows(connection, url, statement, watch))
    except _driver_errors() as failure:
        return _statement_failed(failure, name, shown, watch)
    return _outcome(name, shown, time.monotonic() - began)


def _fence(connection: Any, url: URL, watch: Watch) -> None:
    """Have the server itself refuse writes and end what takes too long."""
    milliseconds = max(int((watch.left() - 0.2) * 1000), 100)
    if url.get_backend_name() == "postgresql":
        # SET LOCAL and not a connection option: poolers refuse options, and hand session settings on to others.
        for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET LOCAL {setting} = {milliseconds}")
        connection.execute("SELECT 1")  # after a first query the server no longer lets this transaction turn to writing
        return
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(f"SET SESSION SQL_SELECT_LIMIT = {MOST_ROWS + 1}")  # these drivers read all rows there are
        try:
            cursor.execute(f"SET SESSION MAX_EXECUTION_TIME = {milliseconds}")
        except _driver_errors():
            cursor.execute(f"SET SESSION max_statement_time = {milliseconds / 1000}")  # MariaDB's name for it
        cursor.execute("START TRANSACTION READ ONLY")


def _open_up(connection: Any, url: URL) -> None:
    """Each approved statement counts at once, as it does for the clients that documents call."""
    if url.get_backend_name() != "postgresql":
        with closing(connection.cursor()) as cursor:
            cursor.execute("SET autocommit = 1")


def _rows(connection: Any, url: URL, statement: str, watch: Watch) -> Rows:
    if url.get_backend_name() == "postgresql":
        return _postgres_rows(connection, statement, watch)
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        if cursor.description is None:
            return Rows(statement, changed=max(cursor.rowcount, 0))
        columns = tuple(str(column[0]) for column in cursor.description)
        return Rows(statement, columns, tuple(map(tuple, cursor.fetchmany(MOST_ROWS + 1))))


def _postgres_rows(connection: Any, statement: str, watch: Watch) -> Rows:
    with connection.cursor() as cursor:
        if not only_reads(statement):
            cursor.execute(statement)
            if cursor.description is None:
                return Rows(statement, changed=max(cursor.rowcount, 0))
            found = tuple(cursor.fetchmany(MOST_ROWS + 1))
        else:
            # One row at a time, and in the protocol's extended form, which takes one statement a message.
            with closing(cursor.stream(statement)) as stream:
                found = tuple(islice(stream, MOST_ROWS + 1))
        return Rows(statement, tuple(column.name for column in cursor.description or ()), found)


def _break_off(connection: Any) -> None:
    """Ask the server to stop the statement, then hang up, which wakes the thread that waits for it."""
    with suppress(Exception):
        connection.cancel_safe(timeout=1.0)
    with suppress(Exception):
        line = socket.socket(fileno=socket.dup(connection.fileno()))
        with closing(line):
            line.shutdown(socket.SHUT_RDWR)


def _no_connection(failure: Exception, name: str) -> Outcome:
    text = one_line(str(failure), 400)
    lower = text.lower()
    for sign, why in _REASONS:
        if sign in lower:
            return failed(f"cannot connect to {name}: {why}{_quoted(text, sign)}", name, exit_code=2)
    if "timeout" in lower or "timed out" in lower:
        raise OutOfTime
    return failed(f"cannot connect to {name}: {text}", name, exit_code=2)


_REASONS = (
    ("connection refused", "connection refused, nothing listens there"),
    ("can't connect to", "connection refused, nothing listens there"),
    ("password authentication failed", "password authentication failed"),
    ("access denied", "access denied"),
    ("no pg_hba.conf entry", "the server does not admit us from here (pg_hba.conf)"),
    ("no password supplied", "the server wants a password and the DSN has none"),
    ("does not exist", "it does not exist"),
    ("unknown database", "it does not exist"),
    ("too many clients", "too many connections"),
    ("too many connections", "too many connections"),
    ("remaining connection slots", "too many connections, the rest is reserved"),
    ("starting up", "the server is still starting up"),
    ("shutting down", "the server is shutting down"),
    ("recovery mode", "the server is in recovery mode"),
    ("resolve host", "the host name cannot be resolved"),
    ("name or service not known", "the host name cannot be resolved"),
    ("could not translate host", "the host name cannot be resolved"),
    ("server closed the connection", "the server closed the connection"),
    ("ssl", "no secure connection"),
)


def _quoted(text: str, sign: str) -> str:
    """What the server itself names: the user, the database."""
    if sign not in ("does not exist", "password authentication failed"):
        return ""
    named = re.search(r'(database|role|user) "([^"]{1,60})"', text)
    return f' ({named[1]} "{named[2]}")' if named else ""


def _statement_failed(failure: Exception, name: str, shown: Sequence[Rows], watch: Watch) -> Outcome:
    text = one_line(str(failure), 300)
    code = str(getattr(failure, "sqlstate", "") or "")
    output = "\n\n".join([*(rows.text() for rows in shown), f"ERROR: {text}"])
    if code == "57014" or "max_statement_time" in text or "maximum statement execution time" in text:
        if watch.context.cancelled.is_set():
            raise OutOfTime from None
        late = f"{name}: the statement did not end within {seconds_of(watch.seconds)} and was cancelled"
        return Outcome(Result.TIMED_OUT, late, output, None, (Finding(Level.BAD, late, name),))
    if code in ("25006", "25001") or "READ ONLY transaction" in text:
        return refused("a statement that the server calls a write", name)
    if code == "55P03":
        return failed(f"{name}: the statement waited for a lock until its time was over", name, output, 1)
    if not code and ("connection" in text.lower() or "closed" in text.lower()):
        return failed(f"{name}: the connection broke ({text})", name, output, 2)
    why = f"{name} answered: {text}"
    return Outcome(Result.FAILED, why, output, 1, (Finding(Level.WARN, why, name),))


def _outcome(name: str, shown: Sequence[Rows], seconds: float) -> Outcome:
    findings = [Finding(Level.OK, f"{name} answered in {seconds_of(seconds)}", name)]
    for rows in shown:
        value = rows.single()
        if value is not None and value != rows.statement.rsplit(maxsplit=1)[-1]:
            findings.append(Finding(Level.INFO, f"{rows.columns[0]} is {one_line(text_of(value), 120)}", name))
    truncated = any(rows.more for rows in shown)
    if truncated:
        findings.append(Finding(Level.INFO, f"only the first {MOST_ROWS} rows are shown", name))
    told = ", ".join(rows.told() for rows in shown)
    output = "\n\n".join(rows.text() for rows in shown)
    return Outcome(Result.SUCCEEDED, f"{name}: {told}", output, 0, tuple(findings), truncated)
