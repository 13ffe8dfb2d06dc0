"""What the whole suite stands on: a fixed present, real databases, and people with roles.

What is not installed at home is skipped with its reason; with MIDWATCH_TEST_EVERYTHING set, as in CI, it fails.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis

from incidents.migrate import upgrade
from incidents.store import Store

pytest_plugins = ["tests.docker_engine"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the test workspace. `id` is what Slack calls them."""

    id: str
    name: str
    roles: frozenset[str]


ALICE = Person("U0ALICE", "Alice", frozenset({"responder", "approver"}))
BOB = Person("U0BOB", "Bob", frozenset({"approver"}))
CHARLIE = Person("U0CHARLIE", "Charlie", frozenset())
APPROVERS = (ALICE.id, BOB.id)


def missing(what: str, how_to_get: str) -> NoReturn:
    """Skip this test for want of `what`; in CI, fail it."""
    reason = f"{what} is not installed ({how_to_get})"
    if os.environ.get("MIDWATCH_TEST_EVERYTHING"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Return when `ready` says so; fail the test when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} within {seconds:g} s")
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MIDWATCH_", "SLACK_")) and name != "MIDWATCH_TEST_EVERYTHING":
            monkeypatch.delenv(name)


@pytest.fixture
def now() -> datetime:
    """A Tuesday night, three in the morning."""
    return datetime(2026, 3, 3, 3, 0, tzinfo=UTC)


@pytest.fixture
def alice() -> Person:
    """Responder and approver."""
    return ALICE


@pytest.fixture
def bob() -> Person:
    """Approver."""
    return BOB


@pytest.fixture
def charlie() -> Person:
    """Neither."""
    return CHARLIE


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A migrated SQLite database of its own."""
    with Store(f"sqlite:///{tmp_path / 'midwatch.db'}") as store:
        upgrade(store)
        yield store


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    """A migrated PostgreSQL database of its own."""
    with Store(postgres_url) as store:
        yield store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Store:
    """A migrated database of its own, once on SQLite and once on PostgreSQL."""
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, Store)
    return found


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own on the loopback; the DSN of its superuser, without a database name.

    Each test that wants a database takes `postgres_url` or `postgres_dsn`, which give it a fresh one.
    """
    bin = _postgres_binaries()
    with tempfile.TemporaryDirectory(prefix="midwatch-pg-", ignore_cleanup_errors=True) as folder:
        user = _server_user(Path(folder))
        data, port = Path(folder) / "data", free_port()
        _as(user, bin / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync")
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        unsafe = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 200}
        options = [word for name, value in {**settings, **unsafe}.items() for word in ("-c", f"{name}={value}")]
        with _running(bin / "postgres", "-D", data, *options, user=user):
            dsn = f"postgresql://postgres@127.0.0.1:{port}"
            wait_until(lambda: _accepts(dsn), f"PostgreSQL did not answer on port {port}")
            yield dsn


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Name of a migrated database from which tests make theirs."""
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE template_midwatch")
    with Store(_alchemy(f"{postgres_server}/template_midwatch")) as store:
        upgrade(store)
    return "template_midwatch"


_numbers = count(1)


@pytest.fixture
def postgres_dsn(postgres_server: str, postgres_template: str) -> str:
    """A fresh migrated database, as psycopg and psql spell it."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}".encode())
    return f"{postgres_server}/{name}"


@pytest.fixture
def postgres_url(postgres_dsn: str) -> str:
    """The same fresh database as `postgres_dsn`, as SQLAlchemy spells it."""
    return _alchemy(postgres_dsn)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A Redis of our own on the loopback, without persistence."""
    binary = shutil.which("redis-server")
    if binary is None:
        missing("redis-server", "apt-get install redis-server")
    port = free_port()
    with _running(binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"):
        wait_until(lambda: _answers(port), f"redis-server did not answer on port {port}")
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@contextmanager
def _running(*command: object, user: str | None = None) -> Iterator[None]:
    """A server that ends with this block, and with this process however it ends."""
    leash = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    if user and leash:  # changing the user takes the leash off, so it has to happen first
        leash += ["--reuid", user, "--regid", user, "--init-groups"]
    argv = [*leash, *map(str, command)]
    server = subprocess.Popen(
        argv,
        user=None if leash else user,
        group=None if leash else user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)


def _accepts(dsn: str) -> bool:
    try:
        psycopg.connect(f"{dsn}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _answers(port: int) -> bool:
    try:
        with redis.Redis(host="127.0.0.1", port=port) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _postgres_binaries() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    if not versions:
        missing("PostgreSQL", "apt-get install postgresql")
    return versions[-1]


def _server_user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then it is the user `postgres` who owns and runs it."""
    if os.geteuid() != 0:
        return None
    try:
        owner = pwd.getpwnam("postgres")
    except KeyError:
        missing("the user postgres", "apt-get install postgresql")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _as(user: str | None, *command: object) -> None:
    argv = [str(word) for word in command]
    done = subprocess.run(
        argv,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{argv[0]} ended with {done.returncode}", pytrace=False)


def _alchemy(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1)
