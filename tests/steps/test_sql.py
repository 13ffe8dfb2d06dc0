"""SQL steps against a real PostgreSQL, and against ports that only look like one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import free_port, wait_until
from tests.steps.conftest import Said, context
from workers.steps import Level, Outcome, Result, sql

pytestmark = pytest.mark.postgres


@pytest.fixture
def step(postgres_dsn: str) -> Callable[..., Outcome]:
    """Run statements on a fresh database with one little table."""
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE course (id int, title text)")
        admin.execute("INSERT INTO course VALUES (1, 'Physics'), (2, NULL)")

    def run(*statements: str, writes: bool = False, timeout: float = 10.0, cap: int = 65536) -> Outcome:
        args = {"dialect": "postgresql", "service": "db", "statements": list(statements), "dsn": postgres_dsn}
        return sql.run(args, context(timeout, writes=writes, cap=cap))

    return run


def count(dsn: str) -> int:
    with psycopg.connect(dsn) as admin:
        row = admin.execute("SELECT count(*) FROM course").fetchone()
        assert row is not None
        return int(row[0])


# ---- refusals


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM course",
        "delete from course",
        "/* SELECT */ DELETE FROM course",
        "-- SELECT\nDELETE FROM course",
        "SELECT 1; DELETE FROM course",
        "SELECT 1;;DELETE FROM course;",
        "COMMIT; DELETE FROM course",
        "BEGIN READ WRITE; DELETE FROM course; COMMIT",
        "SET TRANSACTION READ WRITE",
        "SET default_transaction_read_only = off",
        "RESET ALL",
        "WITH gone AS (DELETE FROM course RETURNING *) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM course",
        "SELECT * INTO copy FROM course",
        "SELECT * FROM course FOR UPDATE",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
        'SELECT "pg_terminate_backend"(1)',
        "SELECT pg_catalog.pg_terminate_backend/**/(1)",
        "SELECT pg_terminate_backend (1)",
        'SELECT U&"pg\\005fterminate_backend"(1)',
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT nextval('x')",
        "SELECT lo_unlink(1)",
        "SELECT pg_reload_conf()",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT query_to_xml('delete from course', true, true, '')",
        "COPY course TO PROGRAM 'cat'",
        "COPY course FROM '/etc/passwd'",
        "DO $$ BEGIN DELETE FROM course; END $$",
        "CALL something()",
        "VACUUM",
        "ALTER SYSTEM SET log_min_duration_statement = 1000",
        "TRUNCATE course",
        "LOCK TABLE course",
        "NOTIFY x",
        "PREPARE x AS DELETE FROM course",
        r"\! rm -rf /",
        r"\copy course to '/tmp/x'",
        "",
    ],
)
def test_nothing_is_written_without_an_approval(
    statement: str, step: Callable[..., Outcome], postgres_dsn: str
) -> None:
    outcome = step(statement)
    assert outcome.result is Result.COULD_NOT_RUN
    assert count(postgres_dsn) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; DELETE FROM course",
        "COMMIT; DELETE FROM course; BEGIN",
        "DELETE FROM course",
        "SET TRANSACTION READ WRITE",
    ],
)
def test_the_server_itself_refuses_what_slips_through(
    statement: str, step: Callable[..., Outcome], postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second layer alone: our own reading of the statement is switched off."""
    monkeypatch.setattr(sql, "only_reads", lambda text: True)
    monkeypatch.setattr(sql, "_split", lambda text, dialect: [text])
    step(statement, "DELETE FROM course")
    assert count(postgres_dsn) == 2


def test_a_setting_that_was_turned_in_the_transaction_does_not_open_it(
    step: Callable[..., Outcome], postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "only_reads", lambda text: True)
    step("SELECT set_config('transaction_read_only', 'off', false)", "DELETE FROM course RETURNING id")
    assert count(postgres_dsn) == 2


def test_an_approved_statement_changes_the_database(step: Callable[..., Outcome], postgres_dsn: str) -> None:
    outcome = step("DELETE FROM course WHERE id = 1", "INSERT INTO course VALUES (3, 'x'), (4, 'y')", writes=True)
    assert outcome.summary == "db: 1 row changed, 2 rows changed"
    assert count(postgres_dsn) == 3


def test_an_approved_statement_may_be_one_that_no_transaction_takes(step: Callable[..., Outcome]) -> None:
    assert step("VACUUM course", writes=True).result is Result.SUCCEEDED


# ---- what is found


def test_rows_are_shown_as_a_table(step: Callable[..., Outcome]) -> None:
    outcome = step("SELECT * FROM course ORDER BY id")
    assert outcome.output == "id  title\n1   Physics\n2   NULL\n(2 rows)"
    assert Said(outcome).ok("db answered in")
    assert outcome.exit_code == 0


def test_a_single_value_is_a_finding(step: Callable[..., Outcome]) -> None:
    assert Said(step("SELECT count(*) FROM course")).info("count is 2")
    assert not any(found.level is Level.INFO for found in step("SELECT 1").findings)


def test_values_that_python_has_no_form_for_are_shown(step: Callable[..., Outcome]) -> None:
    output = step("SELECT 'infinity'::date, '-infinity'::timestamptz, true, '{1,2}'::int[], '\\x00ff'::bytea").output
    assert "infinity" in output
    assert "{1,2}" in output
    assert r"\x00ff" in output


def test_only_the_first_rows_of_many_are_read(step: Callable[..., Outcome]) -> None:
    began = time.monotonic()
    outcome = step("SELECT n, repeat('x', 1000) FROM generate_series(1, 1000000) n")
    assert outcome.result is Result.SUCCEEDED
    assert outcome.truncated
    assert Said(outcome).info("only the first 200 rows are shown")
    assert time.monotonic() - began < 5


def test_what_psql_itself_would_ask_is_asked(step: Callable[..., Outcome]) -> None:
    assert "course" in step(r"\dt").output
    for command in (r"\l", r"\du", r"\dn", r"\di", r"\dx", r"\conninfo"):
        assert step(command).result is Result.SUCCEEDED


@pytest.mark.parametrize("statement", ["SHOW max_connections", "EXPLAIN SELECT 1", "VALUES (1)", "TABLE course"])
def test_everything_that_reads_is_run(statement: str, step: Callable[..., Outcome]) -> None:
    assert step(statement).result is Result.SUCCEEDED


def test_a_mistake_in_the_statement_is_told_in_the_servers_words(step: Callable[..., Outcome]) -> None:
    outcome = step("SELECT * FROM course", "SELECT * FROM nowhere")
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 1)
    assert Said(outcome).warn('relation "nowhere" does not exist')
    assert "Physics" in outcome.output


def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    step: Callable[..., Outcome], postgres_dsn: str
) -> None:
    began = time.monotonic()
    outcome = step("SELECT pg_sleep(60)", timeout=1.5)
    assert outcome.result is Result.TIMED_OUT
    assert Said(outcome).bad("was cancelled")
    assert time.monotonic() - began < 1.6
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        wait_until(lambda: _sleepers(admin) == 0, "the statement runs on", seconds=3)


def test_a_statement_that_waits_for_a_lock_is_ended(step: Callable[..., Outcome], postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as other:
        other.execute("LOCK TABLE course IN ACCESS EXCLUSIVE MODE")
        assert step("SELECT * FROM course", timeout=1.5).result in (Result.TIMED_OUT, Result.FAILED)


def test_an_approved_statement_is_broken_off_in_time(step: Callable[..., Outcome], postgres_dsn: str) -> None:
    outcome = step("DO $$ BEGIN PERFORM pg_sleep(60); END $$", timeout=1, writes=True)
    assert outcome.result is Result.TIMED_OUT
    assert "may or may not have been done" in outcome.summary
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        wait_until(lambda: _sleepers(admin) == 0, "the statement runs on", seconds=3)


def test_a_person_can_stop_a_statement(postgres_dsn: str) -> None:
    asked = context(30)
    threading.Timer(0.5, asked.cancelled.set).start()
    outcome = sql.run({"dsn": postgres_dsn, "statements": ["SELECT pg_sleep(60)"]}, asked)
    assert "stopped by a person" in outcome.summary


def _sleepers(admin: psycopg.Connection[tuple[int]]) -> int:
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active'"
    row = admin.execute(f"{sleeping} AND pid <> pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


# ---- databases that do not answer


def test_a_port_where_nobody_listens_says_so() -> None:
    outcome = _connect(f"postgresql://lms@127.0.0.1:{free_port()}/lms")
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 2)
    assert Said(outcome).bad("cannot connect to db: connection refused")


def test_a_database_that_does_not_exist_is_named(postgres_dsn: str) -> None:
    outcome = _connect(postgres_dsn.rsplit("/", 1)[0] + "/nowhere")
    assert Said(outcome).bad('it does not exist (database "nowhere")')


def test_a_role_that_does_not_exist_is_named(postgres_dsn: str) -> None:
    assert Said(_connect(postgres_dsn.replace("postgres@", "ghost@"))).bad('it does not exist (role "ghost")')


def test_a_host_name_that_leads_nowhere_says_so() -> None:
    assert Said(_connect("postgresql://no-such-host.invalid/lms")).bad("the host name cannot be resolved")


def test_a_server_that_is_full_says_so(postgres_server: str, postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("CREATE ROLE guest LOGIN CONNECTION LIMIT 0")
        try:
            assert Said(_connect(postgres_dsn.replace("postgres@", "guest@"))).bad("too many connections")
        finally:
            admin.execute("DROP ROLE guest")


def test_a_database_that_accepts_and_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        outcome = _connect(f"postgresql://lms@127.0.0.1:{silent.getsockname()[1]}/lms", timeout=1)
    assert outcome.result is Result.TIMED_OUT
    assert Said(outcome).bad("the database db did not answer within 1 s")
    assert time.monotonic() - began < 1.2


def test_a_server_that_speaks_something_else_is_no_database() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_babble, args=(server,), daemon=True).start()
        outcome = _connect(f"postgresql://lms@127.0.0.1:{server.getsockname()[1]}/lms")
    assert outcome.result in (Result.FAILED, Result.TIMED_OUT)


def _babble(server: socket.socket) -> None:
    try:
        line, _ = server.accept()
        with line:
            line.sendall(b"SSH-2.0-OpenSSH\r\n")
    except OSError:
        return


def _connect(dsn: str, timeout: float = 10.0) -> Outcome:
    return sql.run({"service": "db", "dsn": dsn, "statements": ["SELECT 1"]}, context(timeout))


@pytest.mark.parametrize("dsn", ["nonsense", "sqlite:///x.db", "oracle://x/y", "http://x/y", ""])
def test_a_dsn_that_cannot_be_used_could_not_run(dsn: str) -> None:
    assert _connect(dsn).result is Result.COULD_NOT_RUN


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+asyncpg", "postgresql+psycopg2", "postgres+psycopg"])
def test_the_dsn_of_an_application_is_used_whatever_its_driver(scheme: str, postgres_dsn: str) -> None:
    assert _connect(postgres_dsn.replace("postgresql", scheme)).result is Result.SUCCEEDED


def test_the_password_of_the_dsn_is_nowhere_in_the_answer(monkeypatch: pytest.MonkeyPatch, postgres_dsn: str) -> None:
    password = "c0rrect-" + "horse"
    monkeypatch.setenv("LMS_DSN", postgres_dsn.replace("postgres@", f"ghost:{password}@"))
    outcome = sql.run({"dsn": "${LMS_DSN}", "statements": [f"SELECT '{password}'"]}, context())
    assert outcome.result is Result.FAILED
    assert password not in repr(outcome)
    monkeypatch.setenv("LMS_DSN", postgres_dsn.replace("postgres@", f"postgres:{password}@"))
    outcome = sql.run({"dsn": "${LMS_DSN}", "statements": [f"SELECT '{password}' AS it"]}, context())
    assert outcome.result is Result.SUCCEEDED
    assert password not in repr(outcome)


def test_a_mysql_step_without_a_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_MYSQL_DRIVERS", (("no_such_driver", "x"),))
    outcome = sql.run({"dialect": "mysql", "dsn": "mysql://u@h/d", "statements": ["SELECT 1"]}, context())
    assert outcome.result is Result.COULD_NOT_RUN
    assert "pip install pymysql" in outcome.summary


def test_a_mysql_statement_that_writes_a_file_is_refused() -> None:
    statements = [
        "SELECT * FROM t INTO OUTFILE '/tmp/x'",
        "SELECT load_file('/etc/passwd')",
        "SELECT * FROM t FOR UPDATE",
    ]
    for statement in statements:
        args = {"dialect": "mysql", "dsn": "mysql://u@h/d", "statements": [statement]}
        assert "refused" in sql.run(args, context()).summary
