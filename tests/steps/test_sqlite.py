"""SQLite steps on real files."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.steps.conftest import Said, context
from workers.steps import Outcome, Result, sqlite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app's data.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE text (id INTEGER PRIMARY KEY, body TEXT)")
        made.execute("CREATE INDEX by_body ON text (body)")
        made.execute("INSERT INTO text VALUES (1, 'hello'), (2, X'ff00')")
    made.close()
    return path


@pytest.fixture
def step(file: Path, tmp_path: Path) -> Callable[..., Outcome]:
    def run(*statements: str, writes: bool = False, timeout: float = 10.0, path: Path = file) -> Outcome:
        args = {"path": str(path), "statements": list(statements), "roots": [str(tmp_path)]}
        return sqlite.run(args, context(timeout, writes=writes))

    return run


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM text",
        "INSERT INTO text VALUES (3, 'x')",
        "CREATE TABLE more (id)",
        "DROP TABLE text",
        "VACUUM",
        "VACUUM INTO '/tmp/midwatch-test-copy.db'",
        "ATTACH '/tmp/midwatch-test-other.db' AS other",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA wal_checkpoint",
        "PRAGMA user_version = 7",
        "SELECT load_extension('x')",
        "REINDEX",
        "ANALYZE",
        "WITH x AS (SELECT 1) DELETE FROM text",
    ],
)
def test_nothing_is_written_without_an_approval(statement: str, step: Callable[..., Outcome], file: Path) -> None:
    before = file.read_bytes()
    outcome = step(statement)
    assert outcome.result is not Result.SUCCEEDED
    assert file.read_bytes() == before
    assert not Path("/tmp/midwatch-test-copy.db").exists()


def test_two_statements_in_one_text_are_not_run(step: Callable[..., Outcome]) -> None:
    assert step("SELECT 1; DELETE FROM text").result is Result.FAILED


def test_an_approved_statement_changes_the_file(step: Callable[..., Outcome]) -> None:
    assert step("DELETE FROM text WHERE id = 1", writes=True).summary.endswith("1 row changed")
    assert Said(step("SELECT count(*) AS n FROM text")).info("n is 1")


def test_an_approved_statement_makes_no_new_file(step: Callable[..., Outcome], tmp_path: Path) -> None:
    assert step("CREATE TABLE x (id)", writes=True, path=tmp_path / "new.db").result is Result.FAILED
    assert not (tmp_path / "new.db").exists()


def test_rows_are_shown(step: Callable[..., Outcome]) -> None:
    assert step("SELECT * FROM text").output == "id  body\n1   hello\n2   \\xff\\x00\n(2 rows)"


def test_a_sound_file_passes_its_check(step: Callable[..., Outcome]) -> None:
    assert Said(step("PRAGMA integrity_check;")).ok("passes its integrity_check")


def test_a_damaged_file_fails_it(step: Callable[..., Outcome], tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (x)")
        made.executemany("INSERT INTO t VALUES (?)", [("y" * 500,) for _ in range(200)])
    made.close()
    raw = bytearray(path.read_bytes())
    raw[8192:16384] = os.urandom(8192)
    path.write_bytes(raw)
    outcome = step("PRAGMA integrity_check", path=path)
    assert outcome.result is Result.FAILED


def test_a_file_that_is_no_database_says_so(step: Callable[..., Outcome], tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("hello " * 200)
    assert Said(step("SELECT 1 FROM sqlite_master", path=path)).bad("is damaged: file is not a database")


def test_a_file_that_is_not_there_says_so(step: Callable[..., Outcome], tmp_path: Path) -> None:
    outcome = step("SELECT 1", path=tmp_path / "gone.db")
    assert Said(outcome).bad("is not there")
    assert not (tmp_path / "gone.db").exists()


def test_a_link_out_of_the_roots_is_not_followed(step: Callable[..., Outcome], tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.db"
    outside.write_bytes(b"")
    (tmp_path / "link.db").symlink_to(outside)
    assert step("SELECT 1", path=tmp_path / "link.db").result is Result.COULD_NOT_RUN


def test_a_locked_file_says_so(step: Callable[..., Outcome], file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        outcome = step("SELECT * FROM text", timeout=1)
        assert outcome.result in (Result.FAILED, Result.TIMED_OUT)
    finally:
        holder.close()


def test_a_statement_without_end_is_ended_in_time(step: Callable[..., Outcome]) -> None:
    began = time.monotonic()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
    assert step(endless, timeout=1).result is Result.TIMED_OUT
    assert time.monotonic() - began < 1.2


def test_the_prompts_own_commands_are_asked_of_the_catalogue(step: Callable[..., Outcome]) -> None:
    assert "text" in step(".tables").output
    assert "CREATE TABLE" in step(".schema").output
