"""Programs that misbehave end in time, and what they leave behind does not hold us up."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import wait_until
from workers.process import ProcessResult, clean_environment, meaning_of_exit, run_process


def run(*argv: str, timeout: float = 10.0, cap: int = 65536, **more: object) -> ProcessResult:
    more.setdefault("cancelled", threading.Event())
    return run_process(argv, timeout=timeout, cap=cap, **more)  # type: ignore[arg-type]


def sh(script: str, **more: object) -> ProcessResult:
    return run("sh", "-c", script, **more)  # type: ignore[arg-type]


def test_a_program_that_is_not_there_is_named() -> None:
    assert run("no-such-program").error == "there is no program `no-such-program` on this host"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert run("true", cwd=str(tmp_path / "gone")).error == f"the folder {tmp_path}/gone is not there"


@pytest.mark.parametrize("argv", [(), ("",), ("echo", "a\0b"), ("echo", "x" * 3_000_000)])
def test_arguments_that_cannot_be_passed_are_an_answer_and_no_crash(argv: tuple[str, ...]) -> None:
    result = run(*argv)
    assert result.error
    assert result.exit_code is None


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    plain = tmp_path / "notes.txt"
    plain.write_text("x")
    assert "may not be executed" in run(str(plain)).error


def test_no_shell_reads_the_arguments() -> None:
    assert run("echo", "$HOME; rm -rf *", "`id`").output == "$HOME; rm -rf * `id`\n"


def test_nothing_of_our_environment_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb" + "-1-abc")
    names = {line.partition("=")[0] for line in run("env", env={"RB_NAME": "api"}).output.splitlines()}
    assert names == {"PATH", "HOME", "LANG", "RB_NAME"}


def test_a_missing_variable_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANG", raising=False)
    assert clean_environment()["LANG"] == "C.UTF-8"


def test_the_exit_code_and_both_outputs_come_back_in_order() -> None:
    result = sh("echo one; echo two >&2; echo three; exit 7")
    assert (result.exit_code, result.output) == (7, "one\ntwo\nthree\n")


def test_a_program_that_waits_for_input_gets_none() -> None:
    assert run("cat").exit_code == 0


def test_a_program_that_wants_a_terminal_finds_none() -> None:
    assert sh("exec 3</dev/tty").exit_code != 0


def test_input_reaches_a_program_that_reads_it_slowly_or_not_at_all() -> None:
    assert run("wc", "-c", input=b"x" * 1_000_000).output.strip() == "1000000"
    assert sh("exit 0", input=b"x" * 1_000_000).exit_code == 0


def test_a_program_that_never_ends_is_ended_within_its_time() -> None:
    began = time.monotonic()
    result = run("sleep", "60", timeout=1)
    assert result.timed_out
    assert result.exit_code is None
    assert time.monotonic() - began < 1.2


def test_a_program_that_ignores_sigterm_is_killed_within_its_time() -> None:
    began = time.monotonic()
    result = sh("trap '' TERM; echo deaf; while :; do sleep 0.05; done", timeout=1)
    assert result.timed_out
    assert result.output == "deaf\n"
    assert time.monotonic() - began < 1.3


def test_a_program_may_end_well_when_it_is_told_to() -> None:
    assert "bye" in sh("trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done", timeout=1).output


def test_the_whole_family_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 61 & echo $! >> {pids}; setsid sleep 62 & echo $! >> {pids}; sleep 63"
    assert sh(script, timeout=1).timed_out
    family = [int(line) for line in pids.read_text().split()]
    wait_until(lambda: not any(map(alive, family)), "the family was not killed", seconds=3)


def test_whoever_forks_away_with_our_pipe_is_killed_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    away = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        " os.setsid()\n"
        " if os.fork() == 0:\n"
        f"  open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "  time.sleep(60)\n"
        " os._exit(0)\n"
        "time.sleep(60)"
    )
    assert run(sys.executable, "-c", away, timeout=1.5).timed_out
    wait_until(lambda: not alive(int(pid.read_text())), "the one that forked away lives on", seconds=3)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_server_that_was_started_lives_on_and_holds_nobody_up(tmp_path: Path) -> None:
    began = time.monotonic()
    result = sh(f"setsid sleep 30 > /dev/null 2>&1 & echo $! > {tmp_path}/pid; echo started")
    pid = int((tmp_path / "pid").read_text())
    try:
        assert (result.exit_code, result.output) == (0, "started\n")
        assert time.monotonic() - began < 1
        assert alive(pid)
    finally:
        os.kill(pid, 9)


def test_a_server_that_keeps_our_pipe_holds_nobody_up_either(tmp_path: Path) -> None:
    began = time.monotonic()
    result = sh(f"sleep 30 & echo $! > {tmp_path}/pid; echo started")
    pid = int((tmp_path / "pid").read_text())
    try:
        assert result.exit_code == 0
        assert time.monotonic() - began < 1
        assert alive(pid)
        assert result.background == (pid,)
    finally:
        os.kill(pid, 9)


def test_a_background_writer_without_end_holds_nobody_up() -> None:
    began = time.monotonic()
    assert sh("yes & sleep 0.1").exit_code == 0
    assert time.monotonic() - began < 2


def test_a_bystander_that_shares_our_descriptors_is_left_alone() -> None:
    """A worker that forks children while a step runs hands them both ends of its pipe."""
    bystander: list[int] = []

    def fork() -> None:
        time.sleep(0.2)
        pid = os.fork()
        if pid == 0:
            time.sleep(20)
            os._exit(0)
        bystander.append(pid)

    thread = threading.Thread(target=fork)
    thread.start()
    try:
        assert run("sleep", "60", timeout=1).timed_out
        thread.join()
        assert alive(bystander[0])
    finally:
        os.kill(bystander[0], 9)
        os.waitpid(bystander[0], 0)


def test_a_person_can_stop_it() -> None:
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    began = time.monotonic()
    result = run("sleep", "60", cancelled=cancelled, timeout=30)
    assert result.cancelled
    assert not result.timed_out
    assert time.monotonic() - began < 2


def test_output_without_end_is_kept_head_and_tail() -> None:
    result = run("seq", "1", "2000000", cap=1000)
    assert result.truncated
    assert result.output.startswith("1\n2\n3\n")
    assert result.output.endswith("2000000\n")
    assert "bytes left out" in result.output
    assert len(result.output) < 1100


def test_output_that_is_no_text_is_shown_as_what_it_is() -> None:
    assert run("printf", r"\377ok\000\033[31mred\033[0m\033]0;title\007").output == r"\xffok\x00red\x1b]0;title\x07"


def test_a_gigabyte_of_output_costs_little_memory() -> None:
    """In a process of its own, so that its peak is that of this one run."""
    script = (
        "import resource, threading\n"
        "from workers.process import run_process\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "argv = ['head', '-c', '1000000000', '/dev/zero']\n"
        "result = run_process(argv, timeout=60, cap=65536, cancelled=threading.Event())\n"
        "assert result.exit_code == 0 and result.truncated\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=90, check=True)
    assert int(done.stdout) < 64 * 1024


def test_no_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        sh("exit 0")
        run("no-such-program")
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_a_check_may_be_told_to_be_nice() -> None:
    # It becomes nice when it runs already, so its first moments may not be.
    assert sh("sleep 0.5; nice", nice=5).output.strip() == str(5 + os.getpriority(os.PRIO_PROCESS, 0))


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (137, "killed"),
        (-9, "killed"),
        (143, "terminated"),
        (139, "crashed: segmentation fault"),
        (127, "command not found"),
        (126, "found but not executable"),
        (1, ""),
        (0, ""),
    ],
)
def test_exit_codes_mean_something(code: int, meaning: str) -> None:
    assert meaning_of_exit(code) == meaning


def test_the_overhead_of_a_short_program_is_small() -> None:
    began = time.monotonic()
    for _ in range(20):
        run("true")
    assert (time.monotonic() - began) / 20 < 0.1
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime >= 0
