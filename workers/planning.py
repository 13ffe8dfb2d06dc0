"""From a procedure to the rows of a run: what would run, on what, and what each step waits for. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from incidents.approvals import digest_of
from incidents.inventory import System
from incidents.lifecycle import StepState
from incidents.models import Step
from incidents.redaction import redact
from runbooks.bind import Bound, Unbound, bind
from runbooks.document import Judgement, Phase, Procedure, ProcedureStep, Risk


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds that a check and a fix may take at most."""

    check: float
    fix: float


def steps_of(
    procedure: Procedure, system: System | None, values: Mapping[str, str], *, live: bool, bounds: Bounds
) -> list[Step]:
    """The steps of a run, in the document's order, each in its first state.

    `ready` is only what is proven read-only, bound to a target of the inventory, and wanted at once (the diagnosis of
    a live procedure). A check that cannot run is `skipped` and says why; everything else stays `planned`.
    """
    return [
        _step(position, step, procedure, system, values, live, bounds)
        for position, step in enumerate(procedure.steps, start=1)
    ]


def again(step: Step, round_: int) -> Step:
    """The same check once more, for the round after a fix."""
    copied = {
        name: getattr(step, name)
        for name in (
            "run_id",
            "incident_id",
            "position",
            "phase",
            "title",
            "text",
            "line",
            "kind",
            "risk",
            "reason",
            "condition",
            "call",
            "target",
            "digest",
            "queue",
            "timeout",
        )
    }
    return Step(**copied, round=round_, state=StepState.READY)


def _step(
    position: int,
    step: ProcedureStep,
    procedure: Procedure,
    system: System | None,
    values: Mapping[str, str],
    live: bool,
    bounds: Bounds,
) -> Step:
    judged = step.judgement
    risk = judged.bounded_risk if judged.bounded is not None and judged.bounded_risk else judged.risk
    row = Step(
        position=position,
        phase=str(step.phase),
        title=redact(step.title),
        line=step.line,
        text=redact(step.text) if step.text is not None else None,
        risk=str(risk),
        reason=judged.reason,
        condition=step.condition,
        kind="manual",
        queue=(system.queue or "") if system else "",
        timeout=bounds.check if judged.runs_unasked else bounds.fix,
    )
    if step.text is None:
        row.phase = str(Phase.MANUAL)
        return row
    bound = bind(step, system, values)
    refusal = bound.reason if isinstance(bound, Unbound) else _secret_in(bound)
    if refusal is not None or isinstance(bound, Unbound):
        row.kind, row.state, row.summary = judged.runs_as, StepState.SKIPPED, f"could not run: {refusal}"
        return row
    row.kind, row.target = bound.kind, bound.target
    row.call = {"args": dict(bound.args), "filters": [list(f) for f in bound.filters], "display": redact(bound.display)}
    row.digest = digest_of(row.kind, row.call, row.target, procedure.digest)
    if live and step.phase is Phase.DIAGNOSIS and _runs_unasked(judged):
        row.state = StepState.READY
    return row


def _runs_unasked(judged: Judgement) -> bool:
    return judged.runs_unasked and not judged.leaks_secret and judged.risk is not Risk.NOT_A_COMMAND


def _secret_in(bound: Bound) -> str | None:
    """A call is stored as it would run, so one that holds a secret is neither stored nor run."""
    text = json.dumps([dict(bound.args), bound.display], default=list)
    if redact(text) != text:
        return "its command line holds a secret; keep that in the inventory, as a reference to the environment"
    return None
