"""What the state of a container means to somebody who was just woken up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workers.caps import one_line
from workers.process import meaning_of_exit
from workers.steps import Finding, Level
from workers.steps._bounds import bytes_of, seconds_of
from workers.steps._engine import Container

RESTARTS = 3
"""From how many restarts on a container that came up just now is called a loop."""
YOUNG = 300.0
NEAR = (80.0, 90.0)
"""Percent of the memory limit."""


def state_of(container: Container, now: datetime) -> str:
    """Its state in a few words: "running (healthy), up 3 h", "exited with code 137 (killed: out of memory)"."""
    state = container.state
    status = str(state.get("Status") or ("running" if state.get("Running") else "exited"))
    if status == "running":
        health = _health(state)
        return f"running{f' ({health})' if health else ''}, up {_since(state.get('StartedAt'), now)}"
    if status in ("exited", "dead"):
        return f"{status} with code {_exit_of(state)} {_since(state.get('FinishedAt'), now)} ago"
    return status


def findings_of_state(container: Container, now: datetime, *, wanted: bool = True) -> list[Finding]:
    """What is wrong with it, or that nothing is. `wanted` says that it was asked for and so should be running."""
    state, name = container.state, container.called
    status = str(state.get("Status") or "")
    count = int(container.facts.get("RestartCount") or 0)
    if status == "restarting" or (status == "running" and count >= RESTARTS and _age(state, "StartedAt", now) < YOUNG):
        text = f"{name} is in a restart loop: {count} restarts, it last ended with code {_exit_of(state)}"
        return [Finding(Level.BAD, text, name)]
    if status == "running":
        return [_of_running(container, now)]
    if status == "exited" and not wanted and not state.get("ExitCode") and not state.get("OOMKilled"):
        return [Finding(Level.INFO, f"{name} is {state_of(container, now)}", name)]
    error = f": {one_line(str(state['Error']), 160)}" if state.get("Error") else ""
    text = {
        "created": f"{name} was created but never started",
        "paused": f"{name} is paused",
        "removing": f"{name} is being removed",
    }.get(status, f"{name} is not running: {state_of(container, now)}")
    return [Finding(Level.BAD, text + error, name)]


def _of_running(container: Container, now: datetime) -> Finding:
    state, name = container.state, container.called
    health = _health(state)
    if health == "unhealthy":
        streak = (state.get("Health") or {}).get("FailingStreak")
        said = one_line(str(((state.get("Health") or {}).get("Log") or [{}])[-1].get("Output", "")), 120)
        text = f"{name} is unhealthy: its health check failed {streak} times in a row"
        return Finding(Level.BAD, text + (f', it last said "{said}"' if said else ""), name)
    if health == "starting":
        return Finding(Level.WARN, f"{name} is running, its health check is not through yet", name)
    if state.get("OOMKilled"):
        return Finding(Level.WARN, f"{name} is running, but a process in it was killed: out of memory", name)
    return Finding(Level.OK, f"{name} is {state_of(container, now)}", name)


def findings_of_stats(stats: Mapping[str, Any], name: str, processors: int) -> list[Finding]:
    """Whether memory is near its limit, and whether the processors are busy."""
    used, limit = memory_of(stats)
    findings = []
    if limit:
        share = 100 * used / limit
        text = f"{name} uses {bytes_of(used)} of {bytes_of(limit)} memory ({share:.0f} %)"
        level = Level.OK if share < NEAR[0] else Level.WARN if share < NEAR[1] else Level.BAD
        findings.append(Finding(level, text, name))
    share = processor_of(stats)
    if share >= 80 * processors:
        findings.append(Finding(Level.WARN, f"{name} uses {share:.0f} % of {processors} processors", name))
    return findings


def memory_of(stats: Mapping[str, Any]) -> tuple[float, float]:
    """Used bytes without the page cache, as the docker client counts, and the limit."""
    memory = stats.get("memory_stats") or {}
    detail = memory.get("stats") or {}
    cache = detail.get("total_inactive_file", detail.get("inactive_file", 0)) or 0
    return max(float(memory.get("usage") or 0) - float(cache), 0.0), float(memory.get("limit") or 0)


def processor_of(stats: Mapping[str, Any]) -> float:
    """Percent of one processor, between the two samples that the engine took."""
    after, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    own = _total(after) - _total(before)
    whole = float(after.get("system_cpu_usage") or 0) - float(before.get("system_cpu_usage") or 0)
    processors = after.get("online_cpus") or len((after.get("cpu_usage") or {}).get("percpu_usage") or []) or 1
    return 100.0 * own / whole * float(processors) if whole > 0 and own > 0 else 0.0


def _total(cpu: Mapping[str, Any]) -> float:
    return float((cpu.get("cpu_usage") or {}).get("total_usage") or 0)


def _exit_of(state: Mapping[str, Any]) -> str:
    code = int(state.get("ExitCode") or 0)
    meaning = meaning_of_exit(code)
    if state.get("OOMKilled"):
        meaning = "killed: out of memory"
    return f"{code} ({meaning})" if meaning else str(code)


def _health(state: Mapping[str, Any]) -> str:
    health = str((state.get("Health") or {}).get("Status") or "")
    return "" if health == "none" else health


def _since(stamp: object, now: datetime) -> str:
    age = _seconds_since(stamp, now)
    return "an unknown time" if age is None else seconds_of(max(round(age), 1))


def _age(state: Mapping[str, Any], key: str, now: datetime) -> float:
    age = _seconds_since(state.get(key), now)
    return float("inf") if age is None else age


def _seconds_since(stamp: object, now: datetime) -> float | None:
    """The engine writes nanoseconds, and the year 1 for never."""
    text = str(stamp or "")
    if not text or text.startswith("0001"):
        return None
    try:
        then = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (now - then).total_seconds()
