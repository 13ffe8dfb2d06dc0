"""Celery steps: the workers of another application, asked through its broker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_until
from tests.steps.conftest import Said, context
from workers.steps import Outcome, Result, celery

pytestmark = pytest.mark.redis
APP = """
import time
from celery import Celery
app = Celery("shop", broker={url!r})
@app.task
def long():
    time.sleep(60)
"""


@pytest.fixture
def step(redis_url: str) -> Callable[..., Outcome]:
    def run(command: str, *, timeout: float = 10.0, broker: str = redis_url) -> Outcome:
        return celery.run({"app": "shop.app", "command": command, "broker": broker}, context(timeout))

    return run


@pytest.fixture
def shop(redis_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of another application, in a process of its own."""
    (tmp_path / "shop.py").write_text(APP.format(url=redis_url))
    command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "--pool", "threads", "-c", "1", "-n", "w1@shop"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as worker:
        yield worker
        worker.kill()


def test_workers_that_answer_are_counted(shop: object, step: Callable[..., Outcome]) -> None:
    wait_until(lambda: step("ping", timeout=3).result is Result.SUCCEEDED, "the worker did not answer")
    outcome = step("ping")
    assert Said(outcome).ok("1 worker of shop.app answered")
    assert "w1@shop" in outcome.output
    for command in ("stats", "active", "registered", "active_queues"):
        assert step(command, timeout=3).result is Result.SUCCEEDED
    assert Said(step("active", timeout=3)).info("0 tasks are active")


def test_no_worker_is_a_failure(step: Callable[..., Outcome]) -> None:
    outcome = step("ping", timeout=3)
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 69)
    assert Said(outcome).bad("no worker of shop.app answered")


@pytest.mark.parametrize("command", ["shutdown", "purge", "control", "conf", "pool_restart", "revoke", ""])
def test_nothing_but_questions_is_asked(command: str, step: Callable[..., Outcome]) -> None:
    outcome = step(command or "terminate")
    assert outcome.result is Result.COULD_NOT_RUN


def test_a_broker_where_nobody_listens_says_so(step: Callable[..., Outcome]) -> None:
    outcome = step("ping", broker=f"redis://127.0.0.1:{free_port()}/0")
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("cannot be reached (connection refused")


def test_a_broker_that_accepts_and_says_nothing_is_given_up_in_time(step: Callable[..., Outcome]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        outcome = step("ping", broker=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout=2)
    assert outcome.result in (Result.TIMED_OUT, Result.FAILED)
    assert time.monotonic() - began < 2.2


@pytest.mark.parametrize("broker", ["memory://", "filesystem://", "nonsense", "sqs://", ""])
def test_a_broker_that_cannot_be_asked_could_not_run(broker: str, step: Callable[..., Outcome]) -> None:
    assert step("ping", broker=broker).result is Result.COULD_NOT_RUN
