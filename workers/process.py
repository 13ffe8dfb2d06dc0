"""Running a program that nobody may trust: it may write for ever, ignore SIGTERM, fork away, or wait for input.

It gets its own session and process group, an environment of three variables, no input, and ends in time: SIGTERM to
the group, a grace, SIGKILL to the group and to whoever still holds its output pipe. What is left in the background
after a regular end may live on (that is how a service is started), but does not keep us waiting.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil

from workers.caps import Capped

LINGER = 0.3
"""Seconds that output is still read after the program ended, if something in the background holds the pipe."""

_TICK = 0.1
_CHUNK = 65536
_PASSED_ON = ("PATH", "HOME", "LANG")
_DEFAULTS = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a program ended. `exit_code` is None if it never started or had to be killed by us.

    `output` holds stdout and stderr as they came, capped. `error` says in one line why it did not start.
    `background` are the ids of processes that it left running.
    """

    exit_code: int | None
    output: str = ""
    truncated: bool = False
    timed_out: bool = False
    cancelled: bool = False
    error: str = ""
    seconds: float = 0.0
    background: tuple[int, ...] = ()


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """PATH, HOME and LANG, and what the step itself sets. Nothing else of ours: it holds tokens."""
    return {name: os.environ.get(name, _DEFAULTS[name]) for name in _PASSED_ON} | dict(extra or {})


def run_process(
    argv: Sequence[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float,
    cap: int,
    cancelled: Event,
    input: bytes | None = None,
    nice: int = 0,
) -> ProcessResult:
    """Run `argv` without a shell and wait for its end, at most `timeout` seconds. Never raises for what it does."""
    if cancelled.is_set():
        return ProcessResult(None, cancelled=True)
    began = time.monotonic()
    try:
        child = _start(argv, cwd, env, input)
    except (OSError, ValueError) as failure:
        return ProcessResult(None, error=_why_not_started(argv, cwd, failure))
    if nice:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PGRP, child.pid, nice)
    with _Conversation(child, cap, input) as talk:
        stopped = talk.listen(began + timeout - _grace(timeout), cancelled)
        if stopped:
            _end_group(child, talk, min(began + timeout, time.monotonic() + _grace(timeout)))
        return talk.result(stopped, cancelled, time.monotonic() - began)


def meaning_of_exit(code: int) -> str:
    """What an exit code commonly tells, or "" when it tells nothing beyond failure."""
    if code < 0 or 128 < code < 160:
        return _meaning_of_signal(-code if code < 0 else code - 128)
    return {126: "found but not executable", 127: "command not found", 124: "timed out"}.get(code, "")


def _meaning_of_signal(number: int) -> str:
    words = {
        signal.SIGKILL: "killed",
        signal.SIGTERM: "terminated",
        signal.SIGINT: "interrupted",
        signal.SIGSEGV: "crashed: segmentation fault",
        signal.SIGABRT: "crashed: aborted",
        signal.SIGBUS: "crashed: bus error",
        signal.SIGFPE: "crashed: arithmetic error",
        signal.SIGILL: "crashed: illegal instruction",
        signal.SIGPIPE: "its output was closed",
        signal.SIGHUP: "hung up",
    }
    try:
        return words.get(signal.Signals(number), f"ended by {signal.Signals(number).name}")
    except ValueError:
        return ""


def _grace(timeout: float) -> float:
    """Time between SIGTERM and SIGKILL. Both happen within the timeout."""
    return min(3.0, timeout * 0.2)


def _start(
    argv: Sequence[str], cwd: str | Path | None, env: Mapping[str, str] | None, input: bytes | None
) -> subprocess.Popen[bytes]:
    if not argv or not argv[0]:
        raise ValueError("there is no program to run")
    return subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=clean_environment(env),
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        bufsize=0,
    )


def _why_not_started(argv: Sequence[str], cwd: str | Path | None, failure: OSError | ValueError) -> str:
    program = argv[0] if argv else ""
    if cwd is not None and not Path(cwd).is_dir():
        return f"the folder {cwd} is not there"
    if isinstance(failure, FileNotFoundError):
        return f"there is no program `{program}` on this host"
    if isinstance(failure, PermissionError):
        return f"`{program}` may not be executed"
    return f"`{program}` could not be started: {failure.strerror if isinstance(failure, OSError) else failure}"


class _Conversation:
    """Reads what a child writes, and sees that it ends, in one thread."""

    def __init__(self, child: subprocess.Popen[bytes], cap: int, input: bytes | None) -> None:
        assert child.stdout is not None
        self.child = child
        self.kept = Capped(cap)
        self._out = child.stdout.fileno()
        self._input = memoryview(input or b"")
        self._selector = selectors.DefaultSelector()
        os.set_blocking(self._out, False)
        self._selector.register(self._out, selectors.EVENT_READ)
        self.reading = True
        self._pidfd = os.pidfd_open(child.pid) if hasattr(os, "pidfd_open") else None
        if self._pidfd is not None:
            self._selector.register(self._pidfd, selectors.EVENT_READ)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            self._selector.register(child.stdin.fileno(), selectors.EVENT_WRITE)

    def __enter__(self) -> _Conversation:
        return self

    def __exit__(self, *exc: object) -> None:
        self._selector.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
        for pipe in (self.child.stdout, self.child.stdin):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def listen(self, until: float, cancelled: Event | None = None) -> bool:
        """Read until the child ended and its output with it. True if it had to be given up."""
        linger: float | None = None
        while True:
            now = time.monotonic()
            ended = self.child.poll() is not None
            if ended and not self.reading:
                return False
            if ended and linger is None:
                linger = now + LINGER
            if linger is not None and now >= linger:
                return False
            if not ended and (now >= until or (cancelled is not None and cancelled.is_set())):
                return True
            self._wait(min(until if linger is None else linger, now + _TICK) - now, ended)

    def result(self, stopped: bool, cancelled: Event, seconds: float) -> ProcessResult:
        return ProcessResult(
            exit_code=None if stopped else self.child.returncode,
            output=self.kept.text(),
            truncated=self.kept.truncated,
            timed_out=stopped and not cancelled.is_set(),
            cancelled=stopped and cancelled.is_set(),
            seconds=seconds,
            background=() if stopped or not self.reading else tuple(self.holders()),
        )

    def holders(self) -> list[int]:
        """Processes that hold the other end of the output pipe, wherever they forked to."""
        with contextlib.suppress(OSError):
            mine = os.fstat(self._out).st_ino
            return [pid for pid in psutil.pids() if pid != os.getpid() and _holds(pid, mine)]
        return []

    def _wait(self, seconds: float, ended: bool) -> None:
        for key, _ in self._selector.select(max(seconds, 0)):
            if key.fd == self._out:
                self._read()
            elif key.fd == self._pidfd:
                self._selector.unregister(key.fd)
                self.child.poll()
            else:
                self._feed(key.fd)

    def _read(self) -> None:
        try:
            chunk = os.read(self._out, _CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self.kept.write(chunk)
        else:
            self.reading = False
            self._selector.unregister(self._out)

    def _feed(self, fd: int) -> None:
        try:
            self._input = self._input[os.write(fd, self._input[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:  # the program closed its input: it wants no more
            self._input = memoryview(b"")
        if not self._input:
            self._selector.unregister(fd)
            assert self.child.stdin is not None
            with contextlib.suppress(OSError):
                self.child.stdin.close()


def _end_group(child: subprocess.Popen[bytes], talk: _Conversation, deadline: float) -> None:
    family = _family(child.pid)
    _signal_group(child.pid, signal.SIGTERM)
    _signal_each(family, signal.SIGTERM)
    talk.listen(max(deadline, time.monotonic() + 0.05))
    _signal_group(child.pid, signal.SIGKILL)
    _signal_each(family, signal.SIGKILL)
    for pid in talk.holders():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    child.wait()


def _family(pid: int) -> list[psutil.Process]:
    """Descendants that left the group with a session of their own."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _signal_each(family: list[psutil.Process], number: signal.Signals) -> None:
    for process in family:
        with contextlib.suppress(psutil.Error):  # psutil compares start times, so a reused id is not hit
            process.send_signal(number)


def _holds(pid: int, inode: int) -> bool:
    """Whether a process holds only the writing end. Whoever holds the reading end too is a fork of ourselves."""
    wanted, modes = f"pipe:[{inode}]", set[int]()
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if _link(entry) == wanted:
                modes.add(_access_mode(pid, entry.name))
    return modes == {os.O_WRONLY}


def _link(entry: Path) -> str:
    with contextlib.suppress(OSError):
        return str(entry.readlink())
    return ""


def _access_mode(pid: int, fd: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/fdinfo/{fd}").read_text().splitlines():
            if line.startswith("flags:"):
                return int(line.split()[1], 8) & os.O_ACCMODE
    return -1
