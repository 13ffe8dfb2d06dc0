"""Docker steps against a real engine, and against things that only look like one."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until
from tests.docker_engine import Project
from tests.steps.conftest import Said, context
from workers.steps import Level, Outcome, Result, docker

SLEEPS = "trap 'exit 0' TERM; while :; do sleep 0.1; done"

pytestmark = pytest.mark.docker


@pytest.fixture
def step(project: Project) -> Callable[..., Outcome]:
    """Run a docker step on the test's project."""

    def run(op: str, *, writes: bool = False, timeout: float = 30.0, cap: int = 65536, **args: Any) -> Outcome:
        place = {"host": project.url, "project": project.name}
        return docker.run({"op": op, **place, **args}, context(timeout, writes=writes, cap=cap))

    return run


@pytest.mark.parametrize("op", ["restart", "start", "stop", "kill", "pause", "unpause", "rm"])
def test_nothing_is_changed_without_an_approval(op: str, project: Project, step: Callable[..., Outcome]) -> None:
    name = project.run("api", SLEEPS)
    before = project.state(name)
    outcome = step(op, service="api")
    assert outcome.result is Result.COULD_NOT_RUN
    assert "refused" in outcome.summary
    assert project.state(name) == before


def test_a_program_that_destroys_is_not_started_in_a_container_unasked(
    project: Project, step: Callable[..., Outcome]
) -> None:
    name = project.run("api", "touch /tmp/kept", SLEEPS)
    outcome = step("exec", service="api", argv=["rm", "/tmp/kept"])
    assert outcome.result is Result.COULD_NOT_RUN
    assert step("exec", container=name, argv=["ls", "/tmp/kept"]).exit_code == 0


def test_an_operation_without_a_form_of_its_own_is_not_guessed(step: Callable[..., Outcome]) -> None:
    outcome = step("build", service="api", writes=True)
    assert outcome.result is Result.COULD_NOT_RUN


def test_a_name_that_means_nothing_is_a_finding(step: Callable[..., Outcome]) -> None:
    outcome = step("logs", container="ghost")
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("there is no container or service ghost")


def test_a_short_name_is_not_mistaken_for_the_beginning_of_an_id(
    project: Project, step: Callable[..., Outcome]
) -> None:
    name = project.run("api", SLEEPS)
    beginning = project.client.inspect_container(name)["Id"][:2]
    assert step("inspect", container=beginning).result is Result.FAILED


@pytest.mark.parametrize("how", ["container", "service"])
@pytest.mark.parametrize(("op", "argv"), [("logs", []), ("exec", ["cat", "/etc/passwd"]), ("restart", [])])
def test_a_container_of_another_project_is_left_alone_whoever_names_it(
    project: Project, step: Callable[..., Outcome], how: str, op: str, argv: list[str]
) -> None:
    theirs = project.run("vault", "echo theirs", SLEEPS, labels={"com.docker.compose.project": "other"})
    outcome = step(op, writes=True, argv=argv, **{how: theirs})
    assert outcome.result is Result.COULD_NOT_RUN
    assert "does not belong to the project" in outcome.summary
    assert "theirs" not in outcome.output


def test_an_alert_reaches_no_container_outside_the_project(project: Project, step: Callable[..., Outcome]) -> None:
    alone, ours = project.run("proxy", SLEEPS, labels={}), project.run("api", SLEEPS)
    assert step("logs", container=alone, told=True).result is Result.COULD_NOT_RUN
    assert step("logs", container=alone).result is Result.SUCCEEDED
    assert step("logs", container=ours, told=True).result is Result.SUCCEEDED


def test_a_service_of_two_projects_is_not_chosen_by_chance(project: Project) -> None:
    project.run("api", SLEEPS)
    labels = {"com.docker.compose.project": "other", "com.docker.compose.service": "api"}
    project.run("api", SLEEPS, labels=labels)
    outcome = docker.run({"op": "logs", "service": "api", "host": project.url}, context())
    assert outcome.result is Result.COULD_NOT_RUN
    assert "other" in outcome.summary


def test_docker_logs_of_a_compose_service_finds_its_container_by_label(
    project: Project, step: Callable[..., Outcome]
) -> None:
    project.run("api", "echo listening on 8000", SLEEPS)
    wait_until(lambda: "listening" in step("logs", container="api").output, "the log did not show")
    assert Said(step("logs", container="api")).ok("api is running")


def test_logs_of_a_dead_service_say_why_it_died(project: Project, step: Callable[..., Outcome]) -> None:
    name = project.run("api", "echo serving", SLEEPS)
    wait_until(lambda: "serving" in step("logs", container="api").output, "the log did not show")
    project.client.kill(name)
    project.wait_for(name, "exited")
    outcome = step("logs", container="api")
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("api is not running: exited with code 137 (killed)")
    assert "serving" in outcome.output


def test_a_container_that_the_kernel_killed_for_memory_says_so(project: Project, step: Callable[..., Outcome]) -> None:
    name = project.run("worker", "x=a", "while :; do x=$x$x; done", mem_limit="16m", memswap_limit="16m")
    project.wait_for(name, "exited")
    assert Said(step("inspect", service="worker")).bad("killed: out of memory")


def test_a_restart_loop_is_told_as_one(project: Project, step: Callable[..., Outcome]) -> None:
    name = project.run("api", "exit 7", restart_policy={"Name": "always"})
    wait_until(lambda: project.client.inspect_container(name)["RestartCount"] >= 3, "it did not restart")
    found = Said(step("ps"))
    assert found.bad("api is in a restart loop")
    assert found.bad("code 7")


def test_a_failing_health_check_is_told_with_its_last_words(project: Project, step: Callable[..., Outcome]) -> None:
    second = 1_000_000_000
    health = {"test": ["CMD-SHELL", "echo no database; exit 1"], "interval": second // 4, "retries": 1}
    name = project.run("api", SLEEPS, health=health)
    wait_until(lambda: project.state(name)["Health"]["Status"] == "unhealthy", "it did not become unhealthy")
    assert Said(step("ps")).bad('it last said "no database"')


def test_ps_tells_of_what_is_missing_from_its_own_list(project: Project, step: Callable[..., Outcome]) -> None:
    project.run("api", SLEEPS)
    gone = project.run("db", "exit 1")
    project.wait_for(gone, "exited")
    outcome = step("ps", compose=True)
    assert gone not in outcome.output
    assert Said(outcome).bad("db is not running: exited with code 1")
    assert outcome.summary == "1 of 2 containers run"


def test_a_job_that_ended_well_is_no_trouble(project: Project, step: Callable[..., Outcome]) -> None:
    project.wait_for(project.run("migrate", "exit 0"), "exited")
    assert step("ps").result is Result.SUCCEEDED


def test_error_lines_of_a_log_are_folded_to_one_shape_with_a_count(
    project: Project, step: Callable[..., Outcome]
) -> None:
    lines = [
        f"echo 2026-03-03T03:00:0{n}Z ERROR request {n}0{n} failed: connection refused by 10.0.0.{n}" for n in range(9)
    ]
    project.run("api", *lines, "echo INFO all is well, 0 errors", SLEEPS)
    wait_until(lambda: "all is well" in step("logs", service="api").output, "the log did not show")
    warned = [f.text for f in step("logs", service="api").findings if f.level is Level.WARN]
    assert len(warned) == 1
    assert warned[0].startswith("9 x ERROR request")


def test_a_flood_of_log_lines_is_kept_head_and_tail_within_the_cap(
    project: Project, step: Callable[..., Outcome]
) -> None:
    name = project.run("api", "seq 1 4000")
    project.wait_for(name, "exited")
    outcome = step("logs", service="api", tail=5000, cap=2000)
    assert outcome.truncated
    assert outcome.output.startswith("1\n2\n")
    assert outcome.output.endswith("4000\n")
    assert len(outcome.output) < 2100


def test_logs_without_a_limit_are_the_last_two_hundred_lines(project: Project, step: Callable[..., Outcome]) -> None:
    project.wait_for(project.run("api", "seq 1 300"), "exited")
    assert step("logs", service="api").output.splitlines()[0] == "101"


def test_inspect_shows_no_value_of_the_environment(project: Project, step: Callable[..., Outcome]) -> None:
    project.run("api", SLEEPS, env={"DB_PASSWORD": "hunter" + "2hunter2"})
    output = step("inspect", service="api").output
    assert "hunter2" not in output
    assert "DB_PASSWORD=[hidden]" in json.loads(output)[0]["Config"]["Env"]


def test_stats_warn_of_memory_near_its_limit(project: Project, step: Callable[..., Outcome]) -> None:
    script = "dd if=/dev/zero of=/dev/shm/full bs=1M count=19 2>/dev/null"
    project.run("cache", script, SLEEPS, mem_limit="20m", memswap_limit="20m", shm_size="64m")
    wait_until(lambda: Said(step("stats", service="cache")).has(Level.BAD, "cache uses"), "memory did not fill")


def test_exec_tells_the_exit_code_and_the_first_words(project: Project, step: Callable[..., Outcome]) -> None:
    project.run("db", SLEEPS)
    outcome = step("exec", service="db", argv=["sh", "-c", "echo no route; exit 3"])
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 3)
    assert Said(outcome).bad("no route")
    assert outcome.output == "no route\n"


def test_exec_of_a_program_that_is_not_there_says_so(project: Project, step: Callable[..., Outcome]) -> None:
    project.run("db", SLEEPS)
    outcome = step("exec", service="db", argv=["pg_isready", "-U", "lms"])
    assert outcome.result is Result.FAILED
    assert "there is no program pg_isready in the container" in outcome.summary


def test_exec_in_a_stopped_container_tells_its_state(project: Project, step: Callable[..., Outcome]) -> None:
    project.wait_for(project.run("db", "exit 2"), "exited")
    assert Said(step("exec", service="db", argv=["true"])).bad("db is not running: exited with code 2")


def test_a_psql_in_a_container_is_told_to_read_only(project: Project, step: Callable[..., Outcome]) -> None:
    project.run("db", SLEEPS)
    argv = ["sh", "-c", "echo $PGOPTIONS"]
    assert "default_transaction_read_only=on" in step("exec", service="db", argv=argv).output
    assert step("exec", service="db", argv=argv, writes=True).output.strip() == ""


def test_a_command_in_a_container_that_never_ends_is_given_up_in_time(
    project: Project, step: Callable[..., Outcome]
) -> None:
    project.run("db", SLEEPS)
    began = time.monotonic()
    outcome = step("exec", service="db", argv=["sh", "-c", "echo begun; sleep 60"], timeout=2)
    assert outcome.result is Result.TIMED_OUT
    assert time.monotonic() - began < 2.2


def test_a_command_in_a_container_that_writes_for_ever_costs_little(
    project: Project, step: Callable[..., Outcome]
) -> None:
    project.run("db", SLEEPS)
    outcome = step("exec", service="db", argv=["yes"], timeout=2, cap=4096)
    assert outcome.result is Result.TIMED_OUT
    assert len(outcome.output) < 4500


def test_an_approved_restart_brings_a_dead_service_back(project: Project, step: Callable[..., Outcome]) -> None:
    name = project.run("api", SLEEPS)
    project.client.kill(name)
    project.wait_for(name, "exited")
    outcome = step("restart", service="api", compose=True, services=["api"], writes=True)
    assert outcome.result is Result.SUCCEEDED
    assert project.state(name)["Running"]
    assert "exited with code 137 (killed)" in outcome.output
    assert Said(outcome).ok("api is running")


def test_a_restart_that_does_not_help_says_so(project: Project, step: Callable[..., Outcome]) -> None:
    name = project.run("api", "exit 1")
    project.wait_for(name, "exited")
    outcome = step("restart", service="api", writes=True)
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("exited with code 1")


def test_a_restart_waits_for_the_health_check(project: Project, step: Callable[..., Outcome]) -> None:
    health = {"test": ["CMD-SHELL", "test -e /tmp/up"], "interval": 250_000_000, "retries": 20}
    project.run("api", "trap 'exit 0' TERM; sleep 1; touch /tmp/up", SLEEPS, health=health)
    assert Said(step("restart", service="api", writes=True)).ok("running (healthy)")


def test_several_services_are_stopped_together(project: Project, step: Callable[..., Outcome]) -> None:
    names = [project.run(service, SLEEPS) for service in ("api", "worker")]
    outcome = step("stop", services=["api", "worker"], writes=True)
    assert outcome.result is Result.SUCCEEDED
    assert not any(project.state(name)["Running"] for name in names)


def test_compose_without_a_name_means_the_whole_project_and_nothing_else(
    project: Project, step: Callable[..., Outcome]
) -> None:
    name = project.run("api", SLEEPS)
    stranger = project.run("stranger", SLEEPS, labels={})
    step("stop", compose=True, writes=True)
    assert not project.state(name)["Running"]
    assert project.state(stranger)["Running"]


@pytest.mark.parametrize("op", ["images", "networks", "volumes", "df", "info", "version", "stats", "ps"])
def test_what_the_engine_tells_of_itself_is_shown(op: str, step: Callable[..., Outcome]) -> None:
    outcome = step(op)
    assert outcome.result is Result.SUCCEEDED
    assert outcome.summary


def test_processes_and_ports_of_a_container_are_shown(project: Project, step: Callable[..., Outcome]) -> None:
    project.run("api", SLEEPS)
    assert "sleep" in step("top", service="api").output
    assert step("port", service="api").result is Result.SUCCEEDED
    assert step("network_inspect", container="none").result is Result.SUCCEEDED


# ---- engines that are none


@pytest.fixture
def silent_socket(tmp_path: Path) -> Iterator[str]:
    """A socket that accepts and says nothing."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(8)
        yield f"unix://{path}"


@pytest.mark.parametrize("op", ["ps", "logs", "exec", "restart"])
def test_an_engine_that_hangs_is_given_up_in_time(op: str, silent_socket: str) -> None:
    began = time.monotonic()
    outcome = docker.run(
        {"op": op, "service": "api", "argv": ["true"], "host": silent_socket}, context(1.0, writes=True)
    )
    assert outcome.result is Result.TIMED_OUT
    assert "did not answer within 1 s" in outcome.summary
    assert time.monotonic() - began < 1.2


def test_an_engine_that_hangs_can_be_cancelled(silent_socket: str) -> None:
    asked = context(30.0)
    threading.Timer(0.3, asked.cancelled.set).start()
    began = time.monotonic()
    assert "stopped by a person" in docker.run({"op": "ps", "host": silent_socket}, asked).summary
    assert time.monotonic() - began < 2


def test_an_engine_that_is_not_there_could_not_be_asked(tmp_path: Path) -> None:
    outcome = docker.run({"op": "ps", "host": f"unix://{tmp_path}/none.sock"}, context())
    assert outcome.result is Result.COULD_NOT_RUN
    assert "its socket is not there" in outcome.summary


def test_an_engine_that_died_could_not_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    outcome = docker.run({"op": "ps", "host": f"unix://{path}"}, context())
    assert outcome.result is Result.COULD_NOT_RUN
    assert "refuses connections" in outcome.summary


def test_a_socket_that_talks_nonsense_is_no_engine(tmp_path: Path) -> None:
    path = tmp_path / "nonsense.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(8)
        threading.Thread(target=_babble, args=(server,), daemon=True).start()
        outcome = docker.run({"op": "ps", "host": f"unix://{path}"}, context(3.0))
    assert outcome.result is Result.COULD_NOT_RUN


def _babble(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            line, _ = server.accept()
            with line, contextlib.suppress(OSError):
                line.recv(1000)
                line.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
