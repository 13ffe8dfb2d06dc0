"""States, risks and priorities in words. A symbol or colour never stands without its word."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from incidents.lifecycle import IncidentStatus, StepState
from incidents.models import Incident, Step

PRIORITIES: Mapping[str, str] = MappingProxyType(
    {"P1": "🔴 P1 critical", "P2": "🟠 P2 high", "P3": "🟡 P3 medium", "P4": "🔵 P4 low"}
)
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        IncidentStatus.TRIGGERED: "Open, nobody has acknowledged",
        IncidentStatus.ACKNOWLEDGED: "Acknowledged",
        IncidentStatus.MITIGATED: "Mitigated",
        IncidentStatus.RESOLVED: "Resolved",
        IncidentStatus.CLOSED: "Closed",
        IncidentStatus.MERGED: "Merged",
        IncidentStatus.FALSE_ALARM: "False alarm",
    }
)
STEPS: Mapping[str, str] = MappingProxyType(
    {
        StepState.PLANNED: "▫️ not run",
        StepState.AWAITING_APPROVAL: "✋ waits for approval",
        StepState.READY: "🕓 about to run",
        StepState.RUNNING: "▶️ running",
        StepState.SUCCEEDED: "✅ passed",
        StepState.FAILED: "❌ failed",
        StepState.TIMED_OUT: "⌛ timed out",
        StepState.CANCELLED: "⏹️ cancelled",
        StepState.DENIED: "⛔ denied",
        StepState.EXPIRED: "⌛ request expired",
        StepState.SUPERSEDED: "▫️ withdrawn",
        StepState.SKIPPED: "▫️ skipped",
        StepState.UNKNOWN: "❓ outcome unknown",
        StepState.MARKED_OK: "✅ worked, a person says",
        StepState.MARKED_FAILED: "❌ failed, a person says",
    }
)
RISKS: Mapping[str, str] = MappingProxyType(
    {
        "read_only": "only reads",
        "mutating": "changes something",
        "destructive": "DESTRUCTIVE: may lose data or end a service",
        "interactive": "asks questions, so it needs a person at a terminal",
        "not_a_command": "not a command",
    }
)
LEVELS: Mapping[str, str] = MappingProxyType(
    {"bad": "🔴 Problem", "warn": "🟡 Warning", "info": "🔹 Note", "ok": "🟢 OK"}
)


def state_of(step: Step) -> str:
    """The state of a step in words. A check that could not run says so, and a fix that ran is done, not passed."""
    if step.state == StepState.SKIPPED and step.summary.startswith("could not run"):
        return "⚠️ could not run"
    if step.state == StepState.SUCCEEDED and step.phase == "solution":
        return "✅ done"
    return STEPS.get(step.state, step.state)


UNKNOWN_COMMAND = "unknown command"
"""The reason of the judge for a command that no rule of it knows."""


def risk_of(step: Step) -> str:
    """What a step may do and why that is said of it."""
    word = RISKS.get(step.risk, step.risk)
    if step.risk == "mutating" and step.reason == UNKNOWN_COMMAND:
        return "may change something: Midwatch does not know this command"
    return f"{word}: {step.reason}" if step.reason else word


def place_of(step: Step) -> str:
    """Where a step happens, for people."""
    kind, _, name = step.target.partition(":")
    return f"the host of {name}" if kind == "host" and name else step.target


def name_of(incident: Incident) -> str:
    return f"INC-{incident.id}"


def title_of(step: Step) -> str:
    return step.title or step.text or "step without a title"


def command_of(step: Step) -> str:
    """Exactly what would run: the form that the call was made from, else the text of the runbook."""
    return str(step.call.get("display") or step.text or "")
