"""`midwatch run`: start a procedure, and decide what waits for an approval."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot.console.desk import incident_number, installation, require_approver
from bot.console.output import Toned, say, say_json
from incidents.errors import NotFound, Rejected

app = typer.Typer(no_args_is_help=True, help="Start a procedure; approve or deny its fix.")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ApprovalId = Annotated[int, typer.Argument(min=1, metavar="APPROVAL", help="As `midwatch incident show` names it.")]


@app.command()
def start(
    procedure: Annotated[str, typer.Argument(help="Its id, or a clear part of it.")],
    incident: Annotated[int, typer.Option(parser=incident_number, metavar="ID", help="7 or INC-7")],
    json: Json = False,
) -> None:
    """Start a procedure on an incident. Its checks run; what changes something still asks."""
    from bot.console.runbooks import procedure_named
    from incidents.acts import incident_of

    with installation() as runtime:
        chosen = procedure_named(runtime.shelf, procedure)
        with runtime.store.read() as session:
            system = incident_of(session, incident).system
        user = require_approver(runtime, system)
        run = runtime.engine.start(incident, chosen, user)
    if json:
        say_json({"incident": incident, "run": run, "procedure": chosen.id})
    else:
        say(f"'{chosen.title}' was started on INC-{incident} as run {run}.")


@app.command()
def approve(
    approval: ApprovalId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again.")] = False,
    reason: Annotated[str, typer.Option(help="Goes onto the timeline.")] = "",
    json: Json = False,
) -> None:
    """Let one step run once, exactly as shown."""
    _decide(approval, True, yes, reason, json)


@app.command()
def deny(
    approval: ApprovalId,
    reason: Annotated[str, typer.Option(help="Goes onto the timeline.")] = "",
    json: Json = False,
) -> None:
    """Do not let it run."""
    _decide(approval, False, True, reason, json)


def _decide(id_: int, approved: bool, sure: bool, reason: str, json: bool) -> None:
    from incidents import approvals
    from incidents.models import Approval, Step

    with installation() as runtime:
        with runtime.store.read() as session:
            asked = session.get(Approval, id_)
            if asked is None:
                raise NotFound(f"there is no approval {id_}")
            step = session.get_one(Step, asked.step_id)
        if not sure:
            _confirm(step)
        user, now, digest = approvals.console_user(), runtime.clock(), asked.digest
        decision = runtime.store.write(
            lambda session: approvals.decide(session, id_, digest, approved, user, (), now, reason)
        )
        if decision.outcome in ("approved", "denied", "expired"):
            runtime.engine.advance(step.run_id)
    if json:
        say_json({"approval": id_, "outcome": decision.outcome, "text": decision.text, "step": decision.step_id,
                  "incident": decision.incident_id})  # fmt: skip
    if decision.outcome not in ("approved", "denied", "waiting"):
        raise Rejected(decision.text)
    if not json:
        say(decision.text)


def _confirm(step: object) -> None:
    """Show what would run and ask. Rejected when there is nobody to answer."""
    from incidents.models import Step

    assert isinstance(step, Step)
    if not sys.stdin.isatty():
        raise Rejected("nobody is at the terminal to be asked; add --yes to approve without looking")
    say(Toned(step.title or "This step", "bold"), f" ({step.risk}: {step.reason})")
    say("  ", str(step.call.get("display") or step.text))
    say("  on ", step.target or "no target")
    if not typer.confirm("Run it?"):
        raise Rejected("not approved; it still waits")
