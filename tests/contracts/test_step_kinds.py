"""What every step kind promises, whoever wrote it: found by scanning, documented, bounded, closed by default."""

from __future__ import annotations

import inspect
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until
from tests.steps.conftest import context
from workers.steps import Level, Outcome, Result, kind_named, kinds

KINDS = sorted(kinds())
EXPECTED = {
    *("http", "docker", "sql", "sqlite", "redis", "celery", "tls"),
    *("host", "file", "tcp", "dns", "argv", "shell", "manual"),
}


@dataclass(frozen=True, slots=True)
class Hostile:
    """Things that accept and say nothing, or never end."""

    port: int
    socket: str
    fifo: str
    endless: str


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Hostile]:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty.db").write_bytes(b"")
    with socket.create_server(("127.0.0.1", 0)) as port, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "silent.sock"))
        unix.listen(4)
        yield Hostile(
            port.getsockname()[1], f"unix://{tmp_path}/silent.sock", str(tmp_path / "fifo"), str(tmp_path / "empty.db")
        )


def hostile_args(kind: str, target: Hostile) -> dict[str, Any]:
    """Arguments that make a step of this kind wait for ever, if it can be made to."""
    here, port = "127.0.0.1", target.port
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
    deaf = "trap '' TERM HUP INT; while :; do echo still here; sleep 0.01; done"
    return {
        "http": {"url": f"http://{here}:{port}/"},
        "docker": {"op": "ps", "host": target.socket},
        "sql": {"statements": ["SELECT 1"], "dsn": f"postgresql://lms@{here}:{port}/lms"},
        "sqlite": {"path": target.endless, "statements": [endless]},
        "redis": {"command": ["ping"], "url": f"redis://{here}:{port}/0"},
        "celery": {"app": "shop", "command": "ping", "broker": f"redis://{here}:{port}/0"},
        "tls": {"host": here, "port": port},
        "host": {"op": "top", "host": "local"},
        "file": {"op": "cat", "path": target.fifo, "host": "local"},
        "tcp": {"host": here, "port": port},
        "dns": {"name": "no-such-host.invalid"},
        "argv": {"argv": ["sh", "-c", deaf], "host": "local"},
        "shell": {"script": deaf, "host": "local"},
        "manual": {},
    }[kind]


def changing_args(kind: str) -> list[dict[str, Any]]:
    """What a step of this kind must refuse without an approval. Their targets are not even there."""
    nowhere = "127.0.0.1:1"
    return {
        "http": [{"method": method, "url": f"http://{nowhere}/"} for method in ("POST", "DELETE", "PUT", "PATCH")],
        "docker": [{"op": op, "service": "api", "host": "unix:///none"} for op in ("restart", "stop", "rm", "kill")],
        "sql": [{"statements": [text], "dsn": f"postgresql://{nowhere}/x"} for text in ("DELETE FROM x", "VACUUM")],
        "redis": [{"command": command, "url": f"redis://{nowhere}"} for command in (["FLUSHALL"], ["SET", "a", "b"])],
        "celery": [{"command": "shutdown", "broker": f"redis://{nowhere}"}],
        "shell": [{"script": "true", "host": "local"}],
    }.get(kind, [])


def test_all_kinds_that_calls_are_translated_to_are_there() -> None:
    assert set(KINDS) >= EXPECTED


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_documents_its_arguments_and_takes_two(kind: str) -> None:
    module = kind_named(kind)
    text = inspect.getdoc(module) or ""
    assert re.search(r"^args: ", text, re.MULTILINE)
    assert list(inspect.signature(module.run).parameters) == ["args", "context"]
    assert inspect.getdoc(module.run)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_test_module_that_names_it(kind: str) -> None:
    tests = Path(__file__).parent.parent / "steps"
    pattern = re.compile(rf"from workers\.steps import .*\b{kind}\b")
    assert any(pattern.search(path.read_text()) for path in tests.glob("test_*.py"))


@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_a_step_ends_in_time_whatever_its_target_does(kind: str, hostile: Hostile) -> None:
    began = time.monotonic()
    outcome = kind_named(kind).run(hostile_args(kind, hostile), context(1.5, writes=kind == "shell"))
    assert time.monotonic() - began < 1.8
    check(outcome)
    wait_until(lambda: not _working(), "the given-up step still works", seconds=10)


def _working() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "step"]


@pytest.mark.parametrize("kind", sorted(EXPECTED - {"manual", "dns", "host", "file", "tcp"}))
def test_a_step_can_be_stopped_by_a_person(kind: str, hostile: Hostile) -> None:
    asked = context(30, writes=kind == "shell")
    threading.Timer(0.3, asked.cancelled.set).start()
    began = time.monotonic()
    outcome = kind_named(kind).run(hostile_args(kind, hostile), asked)
    assert time.monotonic() - began < 5
    assert "stopped by a person" in outcome.summary
    check(outcome)


@pytest.mark.parametrize("kind", sorted(EXPECTED - {"manual"}))
def test_a_step_that_was_stopped_before_it_began_does_not_begin(kind: str, hostile: Hostile) -> None:
    asked = context(30, writes=kind == "shell")
    asked.cancelled.set()
    began = time.monotonic()
    outcome = kind_named(kind).run(hostile_args(kind, hostile), asked)
    assert time.monotonic() - began < 1
    assert outcome.result is Result.FAILED
    check(outcome)


@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_a_step_changes_nothing_without_an_approval(kind: str) -> None:
    for args in changing_args(kind):
        outcome = kind_named(kind).run(args, context(2))
        assert outcome.result is Result.COULD_NOT_RUN
        check(outcome)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("args", [{}, {"unknown": 1}], ids=["none", "strange"])
def test_a_step_without_its_arguments_could_not_run(kind: str, args: dict[str, Any]) -> None:
    outcome = kind_named(kind).run(args, context(2))
    assert outcome.result is Result.COULD_NOT_RUN
    assert "broke off" not in outcome.summary
    check(outcome)


def check(outcome: Outcome) -> None:
    """What holds for every outcome."""
    assert outcome.summary
    assert "\n" not in outcome.summary
    assert all("\n" not in found.text and found.text for found in outcome.findings)
    assert all(isinstance(found.level, Level) for found in outcome.findings)
    assert len(outcome.output.encode()) <= 65536 + 200
    assert outcome.result is not Result.TIMED_OUT or "within" in outcome.summary or "in time" in outcome.summary
