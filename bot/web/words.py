"""States in words and a tone. A colour never stands without its word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

Spoken = tuple[str, str]
"""A word, and its tone: `ok`, `bad`, `warn`, `busy` or `idle`."""

STATUSES: Mapping[str, Spoken] = MappingProxyType(
    {
        "triggered": ("open, not acknowledged", "bad"),
        "acknowledged": ("acknowledged", "warn"),
        "mitigated": ("mitigated", "warn"),
        "resolved": ("resolved", "ok"),
        "closed": ("closed", "ok"),
        "merged": ("merged", "idle"),
        "false_alarm": ("false alarm", "idle"),
    }
)
STEPS: Mapping[str, Spoken] = MappingProxyType(
    {
        "planned": ("not run", "idle"),
        "awaiting_approval": ("waits for approval", "busy"),
        "ready": ("about to run", "busy"),
        "running": ("running", "busy"),
        "succeeded": ("passed", "ok"),
        "failed": ("failed", "bad"),
        "timed_out": ("timed out", "bad"),
        "cancelled": ("cancelled", "idle"),
        "denied": ("denied", "idle"),
        "expired": ("request expired", "idle"),
        "superseded": ("withdrawn", "idle"),
        "skipped": ("skipped", "idle"),
        "unknown": ("outcome unknown", "warn"),
        "marked_ok": ("worked, a person says", "ok"),
        "marked_failed": ("failed, a person says", "bad"),
    }
)
TONES: Mapping[str, str] = MappingProxyType({"bad": "bad", "warn": "warn", "info": "idle", "ok": "ok"})
LEVELS: Mapping[str, str] = MappingProxyType({"bad": "problem", "warn": "warning", "info": "note", "ok": "ok"})
RISKS: Mapping[str, str] = MappingProxyType(
    {
        "read_only": "only reads",
        "mutating": "changes something",
        "destructive": "destructive",
        "interactive": "needs a terminal",
        "not_a_command": "not a command",
    }
)
RUNS: Mapping[str, str] = MappingProxyType(
    {
        "checking": "checks are running",
        "waiting": "a fix waits for approval",
        "fixing": "the fix is running",
        "verifying": "checking whether the fix helped",
        "finished": "finished",
    }
)


def state_of(step: Mapping[str, Any]) -> Spoken:
    """A step's state. A check that could not run says so; a fix that ran is done, not passed."""
    if step["state"] == "skipped" and step["summary"].startswith("could not run"):
        return "could not run", "warn"
    if step["state"] == "succeeded" and step["phase"] == "solution" and step["risk"] != "read_only":
        return "done", "ok"
    if step["state"] == "succeeded" and (worst := _worst(step)) in ("bad", "warn"):
        return ("found a problem", "bad") if worst == "bad" else ("passed, with a warning", "warn")
    if step["state"] == "planned" and step["text"] is None:
        return "by hand", "idle"
    return STEPS.get(step["state"], (step["state"], "idle"))


def cause_of(step: Mapping[str, Any]) -> str:
    """What a step said, without the words that its state says already."""
    said = str(step["summary"])
    return said.removeprefix("could not run").lstrip(": ") if step["state"] == "skipped" else said


def _worst(step: Mapping[str, Any]) -> str | None:
    levels = {finding.get("level") for finding in step["findings"]}
    return next((level for level in ("bad", "warn") if level in levels), None)


def span(of: timedelta) -> str:
    """A duration as people say it: `42 s`, `7 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    seconds = max(0.0, of.total_seconds())
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def clock_time(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S")


def day_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def actor_named(actor: str) -> str:
    """Who did it, without the prefix that tells their kind."""
    kind, _, name = actor.partition(":")
    return {"alert": f"{name} (alert)", "console": f"{name} (console)"}.get(kind, actor) if name else actor
