"""Many writers, one commit, and nobody fails for another's sake."""

from __future__ import annotations

import os
import stat
import threading
import time
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from incidents.errors import StoreUnavailable
from incidents.migrate import upgrade
from incidents.models import Incident, Switch
from incidents.store import Store
from tests.incidents.conftest import open_incident


def switches(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(Switch)) or 0


def add(session: Session, name: str, now: datetime) -> str:
    session.add(Switch(name=name, changed_at=now))
    session.flush()
    return name


class Gate:
    """Holds the writer thread inside a job, so that the jobs behind it make one batch."""

    def __init__(self, store: Store) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        self.job = store.submit(self._hold)
        assert self.entered.wait(5)

    def _hold(self, session: Session) -> None:
        self.entered.set()
        assert self.opened.wait(10)

    def open(self) -> None:
        self.opened.set()
        self.job.result(5)


def test_a_closed_store_refuses_to_write(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.db'}")
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.write(lambda s: None)


def test_closing_twice_and_without_any_write_is_harmless(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'x.db'}") as store:
        store.close()


def test_what_was_submitted_before_closing_is_committed(now: datetime, sqlite_store: Store) -> None:
    gate = Gate(sqlite_store)
    jobs = [sqlite_store.submit(lambda s, n=n: add(s, f"s{n}", now)) for n in range(20)]
    gate.open()
    sqlite_store.close()
    assert [job.result(0) for job in jobs] == [f"s{n}" for n in range(20)]
    with Store(sqlite_store.url) as again:
        assert switches(again) == 20


def test_what_a_job_raises_reaches_its_caller_and_nothing_of_it_is_kept(store: Store, now: datetime) -> None:
    def broken(session: Session) -> None:
        add(session, "half", now)
        raise KeyError("the job's own mistake")

    with pytest.raises(KeyError, match="own mistake"):
        store.write(broken)
    assert switches(store) == 0


def test_a_failing_job_does_not_fail_the_others_of_its_batch(store: Store, now: datetime) -> None:
    add_twice = Switch(name="s3", changed_at=now)
    gate = Gate(store)
    jobs: list[Future[object]] = [store.submit(lambda s, n=n: add(s, f"s{n}", now)) for n in range(6)]
    broken = store.submit(lambda s: 1 // 0)
    conflict = store.submit(lambda s: (s.add(Switch(**add_twice.model_dump())), s.flush()))
    late = store.submit(lambda s: add(s, "late", now))
    gate.open()
    assert [job.result(5) for job in jobs] == [f"s{n}" for n in range(6)]
    assert late.result(5) == "late"
    with pytest.raises(ZeroDivisionError):
        broken.result(5)
    with pytest.raises(StoreUnavailable):
        conflict.result(5)
    assert switches(store) == 7


def test_jobs_that_wait_together_share_one_commit(store: Store, now: datetime) -> None:
    commits: list[int] = []
    event.listen(store.engine, "commit", lambda connection: commits.append(1))
    gate = Gate(store)
    jobs = [store.submit(lambda s, n=n: add(s, f"s{n}", now)) for n in range(50)]
    gate.open()
    for job in jobs:
        job.result(5)
    assert len(commits) == 1  # the gate's own job touched nothing


def test_many_threads_write_and_nothing_is_lost(store: Store, now: datetime) -> None:
    def work(thread: int) -> None:
        for number in range(25):
            assert store.write(lambda s, n=number: add(s, f"{thread}-{n}", now)) == f"{thread}-{number}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert switches(store) == 300


def test_a_writer_reads_what_it_wrote(store: Store, now: datetime) -> None:
    incident_id = open_incident(store, now)
    with store.read() as session:
        assert session.get_one(Incident, incident_id).started_at == now


def test_reading_changes_nothing(store: Store, now: datetime) -> None:
    with store.read() as session:
        add(session, "read", now)
    assert switches(store) == 0


def test_readers_do_not_wait_for_the_writer(store: Store) -> None:
    gate = Gate(store)
    began = time.monotonic()
    assert switches(store) == 0
    assert time.monotonic() - began < 2
    gate.open()


def test_listeners_are_told_after_the_commit_and_before_the_caller(store: Store, now: datetime) -> None:
    seen: list[int] = []
    store.on_commit(lambda: seen.append(switches(store)))
    store.write(lambda s: add(s, "a", now))
    assert seen == [1]


def test_a_failed_job_tells_no_listener(store: Store) -> None:
    told: list[int] = []
    store.on_commit(lambda: told.append(1))
    with pytest.raises(ZeroDivisionError):
        store.write(lambda s: 1 // 0)
    assert told == []


def test_a_listener_that_breaks_loses_no_answer(store: Store, now: datetime) -> None:
    def broken() -> None:
        raise RuntimeError("a listener's own mistake")

    store.on_commit(broken)
    assert store.write(lambda s: add(s, "a", now)) == "a"
    assert store.write(lambda s: add(s, "b", now)) == "b"


def test_a_mistake_of_the_work_is_not_called_an_outage(store: Store) -> None:
    def naive(session: Session) -> None:
        session.add(Switch(name="x", changed_at=datetime(2026, 3, 3)))
        session.flush()

    with pytest.raises(ValueError, match="zone"):
        store.write(naive)


def test_a_timeout_of_the_work_itself_is_told_as_it_is(store: Store) -> None:
    def late(session: Session) -> None:
        raise TimeoutError("the work's own")

    with pytest.raises(TimeoutError, match="the work's own"):
        store.write(late)


def test_a_caller_that_waited_too_long_is_told_and_its_job_is_withdrawn(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(store)
    monkeypatch.setattr("incidents.store.COMMIT_WAIT", 0.1)
    with pytest.raises(StoreUnavailable, match="nothing was kept"):
        store.write(lambda s: add(s, "late", now))
    gate.open()
    store.submit(lambda s: add(s, "next", now)).result(5)
    assert switches(store) == 1


def test_a_cancelled_job_is_not_run(store: Store, now: datetime) -> None:
    gate = Gate(store)
    job = store.submit(lambda s: add(s, "never", now))
    assert job.cancel()
    gate.open()
    store.write(lambda s: add(s, "after", now))
    assert switches(store) == 1


def test_a_database_in_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="file"):
        Store(f"sqlite:///{tmp_path / 'file' / 'x.db'}")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("this is no database, and long enough to be told from an empty one" * 50)
    with Store(f"sqlite:///{tmp_path / 'x.db'}") as store, pytest.raises(StoreUnavailable, match="not a database"):
        store.write(lambda s: s.execute(text("SELECT 1")))


def test_a_database_file_that_cannot_be_written_is_told(sqlite_store: Store, now: datetime) -> None:
    sqlite_store.write(lambda s: add(s, "before", now))
    path = sqlite_store.url.removeprefix("sqlite:///")
    with Store(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        with pytest.raises(StoreUnavailable, match="readonly"):
            store.write(lambda s: add(s, "after", now))
        assert switches(store) == 1


def test_a_database_that_another_process_holds_for_long_is_told(sqlite_store: Store, now: datetime) -> None:
    with Store(sqlite_store.url) as other, other.engine.connect() as connection:
        connection.execute(text("SELECT 1"))  # this began IMMEDIATE, and so holds the write lock
        jobs = [sqlite_store.submit(lambda s, n=n: add(s, f"x{n}", now)) for n in range(20)]
        for job in jobs:  # the whole batch fails at once, and not one after the other
            with pytest.raises(StoreUnavailable, match="locked"):
                job.result(15)
    assert sqlite_store.write(lambda s: add(s, "y", now)) == "y"


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_replaced(postgres_store: Store, now: datetime) -> None:
    postgres_store.write(lambda s: add(s, "a", now))
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    with Store(postgres_store.url) as other:
        other.write(lambda s: s.execute(text(kill)).all())
    assert postgres_store.write(lambda s: add(s, "b", now)) == "b"


@pytest.mark.postgres
def test_a_server_that_does_not_answer_is_told() -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/x?connect_timeout=2"
    with Store(url) as store, pytest.raises(StoreUnavailable):
        store.write(lambda s: s.execute(text("SELECT 1")))


def test_what_is_committed_is_there_after_a_sudden_end(sqlite_store: Store, now: datetime) -> None:
    child = os.fork()
    if child == 0:
        store = Store(sqlite_store.url)
        for number in range(50):
            store.write(lambda s, n=number: add(s, f"c{n}", now))
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert switches(sqlite_store) == 50


def test_a_new_database_is_for_its_own_user_alone_even_in_an_open_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        with Store(f"sqlite:///{tmp_path / 'midwatch.db'}") as store:
            upgrade(store)
            store.write(lambda session: session.execute(text("SELECT 1")) and None)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("midwatch.db*")}
    finally:
        os.umask(before)
    assert set(modes) == {"midwatch.db", "midwatch.db-shm", "midwatch.db-wal"}
    assert set(modes.values()) == {0o600}
