"""`midwatch incident`: the acts on incidents, for when Slack is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.console.desk import incident_number, installation, require_approver
from bot.console.output import Toned, say, say_json, say_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.runtime import Runtime
    from incidents.models import Incident

app = typer.Typer(no_args_is_help=True, help="Look at incidents and act on them.")
Id = Annotated[int, typer.Argument(parser=incident_number, metavar="ID", help="7 or INC-7")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
PRIORITIES = ("P1", "P2", "P3", "P4")


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 50,
    json: Json = False,
) -> None:
    """Incidents, the newest first."""
    from bot.account import incidents_listed
    from incidents.lifecycle import OPEN

    with installation() as runtime, runtime.store.read() as session:
        found = incidents_listed(session, () if everything else sorted(OPEN), limit=limit)
        now = runtime.clock()
    if json:
        say_json({"incidents": found})
    elif found:
        say_table([_listed(row, now) for row in found], ("ID", "PRIO", "STATUS", "SINCE", "SYSTEM", "TITLE"))
    else:
        say("No incident yet." if everything else "No incident is open.")


@app.command()
def show(incident: Id, json: Json = False) -> None:
    """One incident: verdict, times, steps, what waits for approval."""
    from bot.account import account_of

    with installation() as runtime, runtime.store.read() as session:
        account, now = account_of(session, incident), runtime.clock()
    if json:
        say_json(account)
    else:
        _show(account, now)


@app.command("open")
def open_(
    title: Annotated[str, typer.Argument(help="What is wrong, in a few words.")],
    priority: Annotated[str, typer.Option(help="P1 to P4.")] = "P3",
    system: Annotated[str | None, typer.Option(help="A system of the inventory.")] = None,
    json: Json = False,
) -> None:
    """Declare an incident."""
    from incidents.alert import Priority
    from incidents.intake import open_by_hand

    if priority.upper() not in PRIORITIES:
        raise typer.BadParameter(f"a priority is one of {', '.join(PRIORITIES)}", param_hint="--priority")
    if not title.strip():
        raise typer.BadParameter("an incident needs a title", param_hint="TITLE")
    with installation() as runtime:
        if system is not None and runtime.inventory.system(system) is None:
            known = ", ".join(runtime.inventory.systems) or "none at all"
            raise typer.BadParameter(f"the inventory has no system {system!a}; it has {known}", param_hint="--system")
        user, now = require_approver(runtime, system), runtime.clock()
        chosen = Priority(priority.upper())
        incident = runtime.store.write(
            lambda session: open_by_hand(session, title.strip(), chosen, user, now, system=system)
        )
        assert incident.id is not None
        runtime.hint_triage([incident.id])
        _done(incident.id, f"INC-{incident.id} is open with {incident.priority}.", json, runtime)


@app.command()
def ack(incident: Id, json: Json = False) -> None:
    """Say that you are on it."""
    from incidents import acts

    _act(incident, acts.acknowledge, "is acknowledged", json)


@app.command()
def resolve(
    incident: Id,
    reason: Annotated[str, typer.Option(help="Goes onto the timeline.")] = "",
    json: Json = False,
) -> None:
    """Say that it is over. What still waited for an approval is withdrawn."""
    from incidents import acts

    def act(session: Session, id_: int, user: str, now: datetime) -> Incident:
        return acts.resolve(session, id_, user, now, reason)

    _act(incident, act, "is resolved", json)


def _act(id_: int, act: Callable[[Session, int, str, datetime], Incident], said: str, json: bool) -> None:
    from incidents.acts import incident_of

    with installation() as runtime:
        with runtime.store.read() as session:
            system = incident_of(session, id_).system
        user, now = require_approver(runtime, system), runtime.clock()
        runtime.store.write(lambda session: act(session, id_, user, now))
        _done(id_, f"INC-{id_} {said}.", json, runtime)


def _done(id_: int, text: str, json: bool, runtime: Runtime) -> None:
    from bot.account import account_of

    if not json:
        say(text)
        return
    with runtime.store.read() as session:
        say_json(account_of(session, id_))


def _listed(row: Mapping[str, Any], now: datetime) -> list[str | Toned]:
    from bot.web import words

    word, tone = words.STATUSES.get(row["status"], (row["status"], "idle"))
    since = f"{words.span(now - row['detected_at'])} ago"
    return [row["name"], row["priority"], Toned(word, tone), since, row["system"] or "-", row["title"]]


def _show(account: Mapping[str, Any], now: datetime) -> None:
    from bot.web import words

    word, tone = words.STATUSES.get(account["status"], (account["status"], "idle"))
    place = " / ".join(filter(None, (account["system"], account["service"])))
    say(Toned(f"{account['name']}  {account['priority']}  ", "bold"), Toned(word, tone), f"  {place}" if place else "")
    say(Toned(account["title"], "bold"))
    if account["summary"]:
        say("  ", account["summary"])
    say()
    if account["verdict"]:
        say(f"{'Verdict':<14}", Toned(account["verdict"], tone))
    say(f"{'Priority':<14}", f"{account['priority']}, {account['priority_reason']}")
    say(f"{'Lead':<14}", account["lead"] or "nobody")
    for name in ("detected", "acknowledged", "mitigated", "resolved"):
        if (at := account[f"{name}_at"]) is not None:
            say(f"{name.capitalize():<14}", words.day_time(at), " UTC")
    if account["paused"]:
        say(Toned(f"The running of steps is stopped everywhere: {account['paused']}", "warn"))
    for run in account["runs"]:
        _show_run(run)
    _show_asked(account, now)


def _show_run(run: Mapping[str, Any]) -> None:
    from bot.web import words

    shadow = ", in shadow: nothing of it runs" if run["mode"] == "shadow" else ""
    say()
    say(Toned(run["heading"][-1] if run["heading"] else run["procedure_id"], "bold"))
    say(Toned(f"  run {run['id']}, {run['document']} line {run['line']}: {run['state']}{shadow}", "idle"))
    rows = []
    for step in run["steps"]:
        word, tone = words.state_of(step)
        said = words.cause_of(step) or next((finding["text"] for finding in step["findings"]), "")
        rows.append([str(step["id"]), Toned(word, tone), (step["title"] or step["command"] or "")[:60], said])
    say_table(rows, indent="  ")


def _show_asked(account: Mapping[str, Any], now: datetime) -> None:
    steps = {step["id"]: step for run in account["runs"] for step in run["steps"]}
    for approval in account["approvals"]:
        if approval["decision"] != "pending":
            continue
        step = steps[approval["step_id"]]
        left = max(0, int((approval["expires_at"] - now).total_seconds() // 60))
        say()
        say(Toned("Waits for approval", "busy"), f" for {left} more min: {step['title'] or step['command']}")
        say(f"  {step['command']}   on {step['target'] or 'no target'}")
        say(f"  midwatch run approve {approval['id']}    midwatch run deny {approval['id']}")
