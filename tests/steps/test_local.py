"""Steps on the worker's own host: programs, approved shell lines, facts, and what only a person can do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import free_port
from tests.steps.conftest import Said, context
from workers.steps import Level, Result, argv, host, manual, shell

HERE = {"host": "local"}


# ---- refusals


@pytest.mark.parametrize("kind", [argv, host, shell])
@pytest.mark.parametrize("elsewhere", [None, "", "ssh://ops@lms-1", "localhost", "LOCAL"])
def test_only_the_host_that_the_inventory_calls_local_is_this_one(kind: object, elsewhere: str | None) -> None:
    args = {"host": elsewhere, "argv": ["true"], "script": "true", "op": "load"}
    outcome = kind.run(args, context(writes=True))  # type: ignore[attr-defined]
    assert outcome.result is Result.COULD_NOT_RUN


def test_a_shell_line_runs_only_after_an_approval(tmp_path: Path) -> None:
    script = f"touch {tmp_path}/ran"
    outcome = shell.run({"script": script, **HERE}, context())
    assert outcome.result is Result.COULD_NOT_RUN
    assert "refused" in outcome.summary
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("args", [{"argv": []}, {}, {"argv": [""]}])
def test_no_program_could_not_run(args: dict[str, object]) -> None:
    assert argv.run({**args, **HERE}, context()).result is Result.COULD_NOT_RUN


def test_a_program_that_is_not_there_could_not_run() -> None:
    outcome = argv.run({"argv": ["litcoach-cli", "doctor"], **HERE}, context())
    assert outcome.result is Result.COULD_NOT_RUN
    assert "there is no program `litcoach-cli` on this host" in outcome.summary


# ---- programs


def test_a_program_that_ends_well_succeeds() -> None:
    outcome = argv.run({"argv": ["echo", "all", "well"], **HERE}, context())
    assert (outcome.result, outcome.exit_code, outcome.output) == (Result.SUCCEEDED, 0, "all well\n")


def test_a_program_that_fails_tells_its_code_and_its_errors() -> None:
    script = "import sys; print('ERROR disk is full', file=sys.stderr); sys.exit(3)"
    outcome = argv.run({"argv": [sys.executable, "-c", script], **HERE}, context())
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 3)
    assert Said(outcome).bad("ended with exit code 3")
    assert Said(outcome).warn("ERROR disk is full")


def test_a_program_that_was_killed_says_by_what() -> None:
    outcome = argv.run({"argv": ["sh", "-c", "kill -9 $$"], **HERE}, context())
    assert Said(outcome).bad("(killed)")


def test_nothing_found_is_no_failure() -> None:
    outcome = argv.run({"argv": ["grep", "panic", "/dev/null"], **HERE}, context())
    assert (outcome.result, outcome.exit_code) == (Result.SUCCEEDED, 1)
    assert Said(outcome).info("found nothing")


def test_a_program_runs_in_the_folder_and_with_the_variables_of_the_step(tmp_path: Path) -> None:
    args = {"argv": ["sh", "-c", "pwd; echo $RB_NAME"], "cwd": str(tmp_path), "env": {"RB_NAME": "api"}, **HERE}
    assert argv.run(args, context()).output == f"{tmp_path}\napi\n"


def test_a_program_that_never_ends_timed_out() -> None:
    began = time.monotonic()
    outcome = argv.run({"argv": ["sleep", "60"], **HERE}, context(1))
    assert outcome.result is Result.TIMED_OUT
    assert Said(outcome).bad("did not end within 1 s and was killed")
    assert time.monotonic() - began < 1.2


def test_a_person_can_stop_a_program() -> None:
    asked = context(30)
    threading.Timer(0.3, asked.cancelled.set).start()
    outcome = argv.run({"argv": ["sleep", "60"], **HERE}, asked)
    assert outcome.result is Result.FAILED
    assert "stopped by a person" in outcome.summary


def test_a_service_that_was_started_lives_on(tmp_path: Path) -> None:
    start = f"{sys.executable} -c 'import time; time.sleep(30)' > /dev/null 2>&1 & echo $! > {tmp_path}/pid"
    outcome = argv.run({"argv": ["sh", "-c", start], **HERE}, context(writes=True))
    pid = int((tmp_path / "pid").read_text())
    try:
        assert outcome.result is Result.SUCCEEDED
        assert psutil.pid_exists(pid)
        assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        os.kill(pid, 9)


def test_a_secret_of_the_inventory_reaches_the_program_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "p4ss-" + "of-the-db"
    monkeypatch.setenv("DB_PASS", secret)
    args = {"argv": ["sh", "-c", "echo $PGPASSWORD; test $PGPASSWORD = $(echo $PGPASSWORD)"], **HERE}
    outcome = argv.run({**args, "env": {"PGPASSWORD": "${DB_PASS}"}}, context())
    assert outcome.exit_code == 0
    assert secret not in repr(outcome)
    assert outcome.output.strip()


def test_an_approved_shell_line_stops_at_its_first_failure(tmp_path: Path) -> None:
    script = f"false | true; touch {tmp_path}/never"
    outcome = shell.run({"script": script, **HERE}, context(writes=True))
    assert outcome.result is Result.FAILED
    assert not (tmp_path / "never").exists()


def test_a_variable_that_is_not_set_stops_a_shell_line(tmp_path: Path) -> None:
    outcome = shell.run({"script": "rm -rf data/$MISSING/", "cwd": str(tmp_path), **HERE}, context(writes=True))
    assert outcome.result is Result.FAILED
    assert "unbound variable" in outcome.output


def test_an_approved_shell_line_gets_its_values(tmp_path: Path) -> None:
    args = {"script": 'echo "$RB_NAME" | tr a-z A-Z', "env": {"RB_NAME": "api; id"}, **HERE}
    assert shell.run(args, context(writes=True)).output == "API; ID\n"


def test_what_a_person_does_is_never_run() -> None:
    outcome = manual.run({}, context(writes=True))
    assert (outcome.result, outcome.summary) == (Result.COULD_NOT_RUN, "a person does this")


# ---- facts


@pytest.mark.parametrize("op", ["disk", "memory", "load", "uptime", "processes", "ports", "top", "who"])
def test_every_fact_of_the_host_is_told(op: str) -> None:
    outcome = host.run({"op": op, **HERE}, context())
    assert outcome.result in (Result.SUCCEEDED, Result.FAILED)
    assert outcome.summary
    assert outcome.output


@pytest.mark.parametrize("op", ["reboot", "", None])
def test_what_is_no_fact_could_not_run(op: str | None) -> None:
    assert host.run({"op": op, **HERE}, context()).result is Result.COULD_NOT_RUN


def test_a_full_disk_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(host, "DISK", (0.0, 0.0))
    outcome = host.run({"op": "disk", "path": str(tmp_path), **HERE}, context())
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("% full")


@pytest.mark.parametrize(("used", "level"), [(10, Level.OK), (85, Level.WARN), (97, Level.BAD)])
def test_numbers_are_compared_with_thresholds(used: float, level: Level) -> None:
    assert host._against(host.DISK, used, "disk", "/").level is level


def test_a_disk_that_is_not_there_is_a_finding() -> None:
    assert Said(host.run({"op": "disk", "path": "/no/such/folder", **HERE}, context())).bad("is not there")


def test_a_port_that_somebody_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = host.run({"op": "ports", "port": port, **HERE}, context())
    assert Said(outcome).ok(f"port {port} is open")


def test_a_port_that_nobody_listens_on_is_told() -> None:
    port = free_port()
    assert Said(host.run({"op": "ports", "port": port, **HERE}, context())).bad(f"nothing listens on port {port}")


def test_a_port_may_be_named() -> None:
    assert host.run({"op": "ports", "port": "no-such-service", **HERE}, context()).result is Result.COULD_NOT_RUN


@pytest.fixture
def sleeper() -> Callable[[], subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sleep", "54321"])
    yield child
    child.kill()
    child.wait()


def test_processes_are_found_by_a_word_of_their_command(sleeper: subprocess.Popen[bytes]) -> None:
    outcome = host.run({"op": "processes", "pattern": "SLEEP 54321", **HERE}, context())
    assert Said(outcome).ok("1 process matches")
    assert str(sleeper.pid) in outcome.output
    assert Said(host.run({"op": "processes", "pattern": "no such thing", **HERE}, context())).warn("no process matches")


def test_processes_are_sorted_and_limited() -> None:
    outcome = host.run({"op": "processes", "sort": "memory", "limit": 3, **HERE}, context())
    assert len(outcome.output.splitlines()) <= 4
