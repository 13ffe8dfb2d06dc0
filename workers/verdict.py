"""What the checks say, in one line; and which fix fits them best. Pure: rows in, words out."""

from __future__ import annotations

from collections.abc import Sequence

from incidents.lifecycle import StepState
from incidents.models import Step

WELL = frozenset({StepState.SUCCEEDED, StepState.MARKED_OK})
ILL = frozenset({StepState.FAILED, StepState.TIMED_OUT, StepState.MARKED_FAILED})
CHANGES = frozenset({"mutating", "destructive"})


def verdict(checks: Sequence[Step]) -> str:
    """One line on what is wrong, from the worst finding of the failed checks, with how many failed behind it."""
    if not checks:
        return "No check of the runbook could run by itself."
    causes = [line for line in (_complaint(step) for step in checks if step.state in ILL) if line]
    if causes:
        more = f"; {causes[1]}" if len(causes) > 1 else ""
        return f"{causes[0]}{more} ({tally(checks)})"
    hints = [f["text"] for step in checks for f in step.findings if f.get("level") in ("bad", "warn")]
    if hints:
        return f"No check failed; worth a look: {hints[0]} ({tally(checks)})"
    return f"No check found anything wrong: {tally(checks)}"


def tally(checks: Sequence[Step]) -> str:
    """How many checks passed, failed and could not run, in words; what could not run is never counted as passed."""
    counts = {
        "failed": sum(step.state in ILL for step in checks),
        "passed": sum(step.state in WELL for step in checks),
        "could not run": sum(step.state not in ILL | WELL for step in checks),
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing was checked"


def recommended(fixes: Sequence[Step], checks: Sequence[Step], *, tried: bool) -> Step | None:
    """The one fix to offer: the first that touches what the findings speak of, else the first that stands there.

    A step with a condition of its own ("If restart fails") is offered only when an earlier fix was tried.
    """
    ready = [
        step
        for step in fixes
        if step.state == StepState.PLANNED and step.risk in CHANGES and (tried or not step.condition)
    ]
    blamed = {subject.lower() for step in checks if step.state in ILL for subject in _subjects(step)}
    touching = (step for step in ready if any(word and word in _words(step) for word in blamed))
    return next(touching, ready[0] if ready else None)


def _complaint(step: Step) -> str | None:
    bad = next((f["text"] for f in step.findings if f.get("level") == "bad"), None)
    return bad or step.summary or f"{step.title or step.text} failed"


def _subjects(step: Step) -> list[str]:
    named = [str(f.get("subject", "")) for f in step.findings if f.get("level") == "bad"]
    return [*named, step.target.rsplit("/", 1)[-1]]


def _words(step: Step) -> str:
    return f"{step.text} {step.target}".lower()
