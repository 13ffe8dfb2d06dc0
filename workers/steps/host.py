"""Facts of the worker's own host, without starting a program.

args: {op: disk|memory|load|uptime|processes|ports|top|who, path|None, port|None, pattern|None, sort|None, limit|None,
host}. `host` must be "local". Disks and memory are compared with thresholds of ours; the document's own are compared
by the run loop.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psutil

from workers.caps import one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import Watch, bounded, bytes_of, could_not_run, failed, seconds_of, table
from workers.steps.argv import not_local

DISK = (80.0, 90.0)
MEMORY = (85.0, 95.0)
SWAP = (50.0, 90.0)
LOAD = (1.5, 3.0)
"""Load per processor."""
SAMPLE = 0.2
SHOWN = 30

Answer = tuple[str, str, list[Finding]]
"""One line, the output, and the findings."""


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Look, and compare with the thresholds."""
    elsewhere = not_local(args.get("host"))
    if elsewhere:
        return could_not_run(elsewhere)
    look = _OPS.get(str(args.get("op")))
    if look is None:
        return could_not_run(f"there is no host check called {args.get('op')}")
    return bounded(context, lambda watch: _outcome(look, args, watch), subject=f"the host ({args.get('op')})")


def _outcome(look: Callable[[Mapping[str, Any], Watch], Answer], args: Mapping[str, Any], watch: Watch) -> Outcome:
    try:
        summary, output, findings = look(args, watch)
    except FileNotFoundError as gone:
        return failed(f"{gone.filename} is not there", str(gone.filename))
    except (OSError, psutil.Error) as failure:
        return could_not_run(f"the host does not tell: {one_line(str(failure))}")
    bad = any(found.level is Level.BAD for found in findings)
    return Outcome(Result.FAILED if bad else Result.SUCCEEDED, summary, output, 0, tuple(findings))


def _disk(args: Mapping[str, Any], watch: Watch) -> Answer:
    wanted = str(args["path"]) if args.get("path") else None
    mounts = [wanted] if wanted else list(dict.fromkeys(part.mountpoint for part in psutil.disk_partitions(all=False)))
    rows, findings = [], []
    for mount in mounts or ["/"]:
        watch.left()
        with suppress(PermissionError):
            usage, inodes = psutil.disk_usage(mount), _inodes(mount)
            sizes = (bytes_of(usage.total), bytes_of(usage.used), bytes_of(usage.free))
            rows.append((mount, *sizes, f"{usage.percent:.0f} %", f"{inodes:.0f} %"))
            text = f"disk {mount} is {usage.percent:.0f} % full, {bytes_of(usage.free)} free"
            findings.append(_against(DISK, usage.percent, text, mount))
            if inodes >= DISK[0]:
                findings.append(_against(DISK, inodes, f"disk {mount}: {inodes:.0f} % of the inodes are used", mount))
    fullest = max(findings, key=lambda found: -list(Level).index(found.level), default=None)
    summary = fullest.text if fullest else "no disk to be seen"
    return summary, table(("Mounted on", "Size", "Used", "Free", "Use", "Inodes"), rows), findings


def _inodes(mount: str) -> float:
    stats = os.statvfs(mount)
    return 100 * (1 - stats.f_ffree / stats.f_files) if stats.f_files else 0.0


def _memory(args: Mapping[str, Any], watch: Watch) -> Answer:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    rows = [
        ("Mem", bytes_of(memory.total), bytes_of(memory.total - memory.available), bytes_of(memory.available)),
        ("Swap", bytes_of(swap.total), bytes_of(swap.used), bytes_of(swap.free)),
    ]
    text = f"memory is {memory.percent:.0f} % used, {bytes_of(memory.available)} of {bytes_of(memory.total)} available"
    findings = [_against(MEMORY, memory.percent, text, "memory")]
    if swap.total and swap.percent >= SWAP[0]:
        findings.append(_against(SWAP, swap.percent, f"swap is {swap.percent:.0f} % used", "swap"))
    return text, table(("", "Total", "Used", "Available"), rows), findings


def _load(args: Mapping[str, Any], watch: Watch) -> Answer:
    one, five, fifteen = psutil.getloadavg()
    processors = psutil.cpu_count() or 1
    text = f"load is {one:.2f}, {five:.2f}, {fifteen:.2f} on {processors} processors"
    return text, text, [_against(LOAD, one / processors, text, "load")]


def _uptime(args: Mapping[str, Any], watch: Watch) -> Answer:
    seconds = time.time() - psutil.boot_time()
    text, output, findings = _load(args, watch)
    up = f"up {seconds_of(seconds)}"
    recent = [Finding(Level.WARN, f"the host was started only {seconds_of(seconds)} ago", "host")] * (seconds < 600)
    return f"{up}, {text}", f"{up}, {output}", [*recent, *findings]


def _who(args: Mapping[str, Any], watch: Watch) -> Answer:
    rows = [
        (user.name, user.terminal or "", user.host or "", datetime.fromtimestamp(user.started, UTC).isoformat())
        for user in psutil.users()
    ]
    return f"{len(rows)} logged in", table(("User", "Terminal", "From", "Since"), rows), []


def _processes(args: Mapping[str, Any], watch: Watch) -> Answer:
    """`ps`, or with a pattern `ps | grep pattern`."""
    pattern = str(args["pattern"]) if args.get("pattern") else None
    found = [row for row in _snapshot(watch) if pattern is None or _matches(pattern, row["command"])]
    output = _process_table(_sorted(found, args), args)
    if pattern is None:
        return f"{len(found)} processes", output, []
    if not found:
        text = f"no process matches {pattern}"
        return text, output, [Finding(Level.WARN, text, pattern)]
    text = f"{len(found)} process{'es' * (len(found) > 1)} match{'es' * (len(found) == 1)} {pattern}"
    return text, output, [Finding(Level.OK, text, pattern)]


def _top(args: Mapping[str, Any], watch: Watch) -> Answer:
    text, _, findings = _load(args, watch)
    memory_text, _, memory_findings = _memory(args, watch)
    busiest = _sorted(_snapshot(watch), args)
    output = f"{text}\n{memory_text}\n\n" + _process_table(busiest, {"limit": 15, **args})
    return f"{text}; {memory_text}", output, [*findings, *memory_findings, *_hungry(busiest)]


def _hungry(processes: Sequence[Mapping[str, Any]]) -> list[Finding]:
    return [
        Finding(Level.INFO, f"{row['name']} (pid {row['pid']}) uses {row['cpu']:.0f} % of a processor", row["name"])
        for row in processes[:3]
        if row["cpu"] >= 80
    ]


def _snapshot(watch: Watch) -> list[dict[str, Any]]:
    """All processes, with their share of a processor over a fifth of a second."""
    processes = list(psutil.process_iter())
    for process in processes:
        with suppress(psutil.Error):
            process.cpu_percent()
    time.sleep(min(SAMPLE, watch.left() / 2))
    return [row for process in processes if (row := _row(process)) is not None]


def _row(process: psutil.Process) -> dict[str, Any] | None:
    try:
        with process.oneshot():
            command = " ".join(process.cmdline()) or f"[{process.name()}]"
            return {
                "pid": process.pid,
                "name": process.name(),
                "user": process.username(),
                "cpu": process.cpu_percent(),
                "memory": process.memory_info().rss,
                "share": process.memory_percent(),
                "status": process.status(),
                "command": command,
            }
    except psutil.Error:
        return None


def _matches(pattern: str, command: str) -> bool:
    """As grep would: what a person writes is mostly a plain word."""
    if re.fullmatch(r"[\w ./:@=-]+", pattern):
        return pattern.lower() in command.lower()
    # A document's pattern may be slow on purpose; command lines are cut so that it has little to chew on.
    with suppress(re.error):
        return re.search(pattern, command[:500], re.IGNORECASE) is not None
    return pattern in command


def _sorted(rows: list[dict[str, Any]], args: Mapping[str, Any]) -> list[dict[str, Any]]:
    by_memory = any(word in str(args.get("sort") or "") for word in ("mem", "rss", "rsz"))
    return sorted(rows, key=lambda row: row["memory" if by_memory else "cpu"], reverse=True)


def _process_table(rows: Sequence[Mapping[str, Any]], args: Mapping[str, Any]) -> str:
    limit = int(args.get("limit") or SHOWN)
    lines = [
        (
            str(row["pid"]),
            str(row["user"]),
            f"{row['cpu']:.1f}",
            f"{row['share']:.1f}",
            bytes_of(row["memory"]),
            str(row["status"]),
            one_line(row["command"], 160),
        )
        for row in rows[:limit]
    ]
    return table(("PID", "USER", "%CPU", "%MEM", "RSS", "STAT", "COMMAND"), lines)


def _ports(args: Mapping[str, Any], watch: Watch) -> Answer:
    wanted = _port(args.get("port"))
    every: list[Any] = psutil.net_connections(kind="inet")
    listening = [entry for entry in every if _is_open(entry) and (wanted is None or entry.laddr.port == wanted)]
    rows = sorted(
        {(_protocol(entry), f"{entry.laddr.ip}:{entry.laddr.port}", _owner(entry.pid)) for entry in listening}
    )
    output = table(("Proto", "Local address", "Program"), rows)
    if wanted is None:
        return f"{len(rows)} open ports", output, []
    if not rows:
        text = f"nothing listens on port {wanted}"
        return text, output, [Finding(Level.BAD, text, f"port {wanted}")]
    text = f"port {wanted} is open: {rows[0][2]}"
    return text, output, [Finding(Level.OK, text, f"port {wanted}")]


def _port(value: object) -> int | None:
    """A number, or the name of a service (`lsof -i :http`)."""
    text = str(value or "")
    if not text:
        return None
    return int(text) if text.isdigit() else socket.getservbyname(text)


def _is_open(entry: Any) -> bool:
    if not entry.laddr:
        return False
    return bool(entry.status == psutil.CONN_LISTEN or (entry.type == socket.SOCK_DGRAM and not entry.raddr))


def _protocol(entry: Any) -> str:
    return "tcp" if entry.type == socket.SOCK_STREAM else "udp"


def _owner(pid: int | None) -> str:
    with suppress(psutil.Error):
        return f"{psutil.Process(pid).name()} (pid {pid})" if pid else "unknown program"
    return "unknown program"


def _against(limits: tuple[float, float], value: float, text: str, subject: str) -> Finding:
    level = Level.OK if value < limits[0] else Level.WARN if value < limits[1] else Level.BAD
    return Finding(level, text, subject)


_OPS: Mapping[str, Callable[[Mapping[str, Any], Watch], Answer]] = {
    "disk": _disk,
    "memory": _memory,
    "load": _load,
    "uptime": _uptime,
    "processes": _processes,
    "ports": _ports,
    "top": _top,
    "who": _who,
}
