"""The database, behind two doors: `read` gives a session that changes nothing, `write` runs a function in a commit.

All writes of a process go through one thread that puts everything waiting into one transaction (group commit). On
SQLite that is both the fastest and the only calm way to write: eight writers of their own wait seconds for each
other. The same door leads to PostgreSQL. See docs/decisions/0002-one-writer.md.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from incidents.errors import StoreUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Session], T]
BATCH = 500
COMMIT_WAIT = 10.0
"""Seconds a caller of `write` waits for its commit before it is told that the database is unavailable."""


class Store:
    """One database. `close` it, or use it as a context manager."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        self._writer = _engine(url, begin="BEGIN IMMEDIATE")
        self._reader = _engine(url, begin="BEGIN") if self.sqlite else self._writer
        self._waiting: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking. Whatever it changes is rolled back; the rows it read stay usable afterwards."""
        with Session(self._reader, expire_on_commit=False) as session:
            try:
                yield session
            finally:
                session.expunge_all()  # a rollback would expire them
                session.rollback()

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return what it returns, after the commit.

        What `work` raises is raised here, with nothing of it kept. Raises StoreUnavailable when the database cannot
        commit. `work` may be run a second time when its batch could not be committed as a whole, so it must change
        nothing but the session.
        """
        done = self.submit(work)
        try:
            return done.result(timeout=COMMIT_WAIT)
        except TimeoutError as late:
            if done.done():  # it was the work's own
                raise
            if done.cancel():
                raise StoreUnavailable("the database did not commit in time; nothing was kept") from late
            raise StoreUnavailable("the database did not commit in time; it may still do so") from late

    def submit(self, work: Work[T]) -> Future[T]:
        """Like `write`, for those who can wait elsewhere (the webhook's event loop)."""
        done: Future[T] = Future()
        with self._lock:
            if self._closed:
                done.set_exception(StoreUnavailable("the database is closed"))
                return done
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
                self._thread.start()
            self._waiting.put((work, done))
        return done

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` from the writer thread after every commit. It must be quick."""
        self._listeners.append(listener)

    @property
    def engine(self) -> Engine:
        """For migrations."""
        return self._writer

    def close(self) -> None:
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()
        self._writer.dispose()
        self._reader.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _serve(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, stop = [first], False
            while len(batch) < BATCH and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    stop = True
                    break
                batch.append(more)
            batch = [job for job in batch if job[1].set_running_or_notify_cancel()]
            self._commit(batch)
            if stop:
                return

    def _commit(self, batch: list[tuple[Work[Any], Future[Any]]]) -> None:
        """One transaction for all; when that fails, one for each, so that no job fails for another's sake."""
        try:
            answers = self._attempt(batch)
        except Exception as failure:  # noqa: BLE001 - the writer must outlive whatever a job or driver does
            if len(batch) > 1 and not _is_outage(failure):
                for job in batch:
                    self._commit([job])
                return
            for _, done in batch:
                done.set_exception(_told(failure))
            return
        self._tell()
        for (_, done), answer in zip(batch, answers, strict=True):
            done.set_result(answer)

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:  # whatever it is: the commit stands, and its callers must get their answers
                log.exception("a listener of the store failed")

    def _attempt(self, batch: list[tuple[Work[Any], Future[Any]]]) -> list[Any]:
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            return [work(session) for work, _ in batch]


def _told(failure: Exception) -> Exception:
    """What the caller gets: the work's own mistakes as they are, the database's as StoreUnavailable."""
    if isinstance(failure, DBAPIError) and not isinstance(failure, DataError | ProgrammingError):
        return _unavailable(failure.orig, failure)
    if isinstance(failure, sqlite3.Error | PoolTimeout):
        return _unavailable(failure, failure)
    if (
        isinstance(failure, StatementError)
        and isinstance(failure.orig, Exception)
        and not isinstance(failure, DBAPIError)
    ):
        return failure.orig  # a value that no database was asked to store
    return failure


def _unavailable(reason: BaseException | None, failure: Exception) -> StoreUnavailable:
    told = StoreUnavailable(f"the database could not commit: {reason}")
    told.__cause__ = failure
    return told


SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)


def _is_outage(failure: Exception) -> bool:
    """Whether every job of a batch would fail the same way, each after its own wait."""
    if isinstance(failure, PoolTimeout):
        return True
    orig = failure.orig if isinstance(failure, DBAPIError) else failure
    if isinstance(orig, sqlite3.Error):
        return getattr(orig, "sqlite_errorcode", 0) & 0xFF in SQLITE_OUTAGES
    state = getattr(orig, "sqlstate", "")  # PostgreSQL: none when there was no connection to begin with
    return isinstance(failure, DBAPIError) and (state is None or state[:2] in ("08", "53", "57", "58"))


def _engine(url: str, begin: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=8)
    path = make_url(url).database
    if path and path != ":memory:" and not path.startswith("file:"):
        _make_folder(Path(path).parent)
        keep_private(Path(path))
    engine = create_engine(url, connect_args={"timeout": 5.0, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own transactions begin too late and know no IMMEDIATE
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def keep_private(path: Path) -> None:
    """Make a new database file for this user alone, whatever the umask: SQLite gives its own the same mode."""
    with suppress(OSError):  # one that cannot be made is told of by SQLite, in the words of its driver
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the database's folder {folder} cannot be made: {error.strerror}") from error
