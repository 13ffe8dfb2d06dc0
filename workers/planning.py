"""From a procedure to the rows of a run: what would run, on what, and what each step waits for. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from incidents.approvals import digest_of
from incidents.inventory import System, fingerprint
from incidents.lifecycle import StepState
from incidents.models import Run, Step
from incidents.redaction import redact
from runbooks.bind import Bound, Unbound, bind
from runbooks.document import Phase, Procedure, ProcedureStep, Risk

REPEATED = (
    *("run_id", "incident_id", "position", "phase", "title", "text", "line", "kind", "risk", "reason", "condition"),
    *("call", "target", "digest", "queue", "timeout"),
)
"""What a repeated check shares with the one it repeats; its state and results are its own."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds that a check and a fix may take at most."""

    check: float
    fix: float


def steps_of(
    run: Run, procedure: Procedure, system: System | None, values: Mapping[str, str], bounds: Bounds
) -> list[Step]:
    """The steps of a run, in the document's order, each in its first state.

    `ready` is only what is proven read-only, bound to a target of the inventory, and wanted at once (the diagnosis of
    a live procedure). What cannot run is `skipped` and says why; everything else stays `planned`.
    """
    steps = [_step(run, step, procedure, system, values, bounds) for step in procedure.steps]
    for position, row in enumerate(steps, start=1):
        row.position = position
    return steps


def again(step: Step, round_: int, state: StepState = StepState.READY) -> Step:
    """The same step once more: a check in the round after a fix, or a fix that is asked for anew."""
    return Step(**{name: getattr(step, name) for name in REPEATED}, round=round_, state=state)


def _step(
    run: Run,
    step: ProcedureStep,
    procedure: Procedure,
    system: System | None,
    values: Mapping[str, str],
    bounds: Bounds,
) -> Step:
    row = _described(run, step, system, bounds)
    if step.text is None:
        return row
    bound = bind(step, system, values)
    refusal = bound.reason if isinstance(bound, Unbound) else _secret_in(step, bound)
    if refusal is not None or isinstance(bound, Unbound):
        row.kind, row.state, row.summary = step.judgement.runs_as, StepState.SKIPPED, f"could not run: {refusal}"
        return row
    row.kind, row.target = bound.kind, bound.target
    row.call = {
        "args": dict(bound.args),
        "filters": [list(f) for f in bound.filters],
        "display": bound.display,
        "inventory": fingerprint(system),
    }
    row.digest = digest_of(row.kind, row.call, row.target, procedure.digest)
    if run.mode == "live" and step.phase is Phase.DIAGNOSIS and row.risk == Risk.READ_ONLY:
        row.state = StepState.READY
    return row


def _described(run: Run, step: ProcedureStep, system: System | None, bounds: Bounds) -> Step:
    """The row of a step before anything is bound: what the document says, and what the classifier makes of it."""
    judged = step.judgement
    assert run.id is not None
    return Step(
        run_id=run.id,
        incident_id=run.incident_id,
        phase=str(step.phase if step.text is not None else Phase.MANUAL),
        title=redact(step.title),
        text=redact(step.text) if step.text is not None else None,
        line=step.line,
        risk=str(judged.risk if judged.bounded_risk is None else judged.bounded_risk),
        reason=judged.reason,
        condition=step.condition,
        queue=(system.queue or "") if system else "",
        timeout=bounds.check if judged.runs_unasked else bounds.fix,
    )


def _secret_in(step: ProcedureStep, bound: Bound) -> str | None:
    """Why a step is left to people for the sake of a secret. A call is stored as it would run, so it may hold none."""
    call = json.dumps([dict(bound.args), bound.display], default=list)
    if redact(call) != call:
        return "its command line holds a secret; keep that in the inventory, as a reference to the environment"
    if step.judgement.leaks_secret:
        return "its output would show a secret; a person looks at it by hand"
    return None
