"""`midwatch postmortem` and `midwatch timeline`: what is left when it is over."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from bot.console.desk import incident_number, installation
from bot.console.output import Toned, say, say_json, say_table

postmortem = typer.Typer(no_args_is_help=True, help="The post-mortem of an incident.")
timeline = typer.Typer(no_args_is_help=True, help="The history of an incident.")
Id = Annotated[int, typer.Argument(parser=incident_number, metavar="ID", help="7 or INC-7")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@postmortem.command("show")
def show_postmortem(
    incident: Id,
    format: Annotated[Literal["md", "json"], typer.Option(help="Markdown, or the facts as JSON.")] = "md",
) -> None:
    """Print the post-mortem, made from the rows as they are now."""
    from incidents.postmortem import facts, render

    with installation() as runtime, runtime.store.read() as session:
        if format == "json":
            say_json(facts(session, incident))
        else:
            say(render(session, incident).rstrip("\n"))


@timeline.command("show")
def show_timeline(incident: Id, json: Json = False) -> None:
    """Every event in the order it was written."""
    from bot.account import account_of
    from bot.web import words

    with installation() as runtime, runtime.store.read() as session:
        account = account_of(session, incident)
    if json:
        say_json({"incident": incident, "events": account["timeline"]})
        return
    say(Toned(f"{account['name']}  {account['title']}", "bold"))
    events = account["timeline"]
    rows = [[words.day_time(event["at"]), words.actor_named(event["actor"]), event["text"]] for event in events]
    say_table(rows, ("UTC", "WHO", "WHAT HAPPENED"))


@timeline.command()
def verify(incident: Id, json: Json = False) -> None:
    """Find out whether the history was changed. Exit code 1 when it was."""
    from incidents import timeline as chain
    from incidents.acts import incident_of

    with installation() as runtime, runtime.store.read() as session:
        row = incident_of(session, incident)
        found = chain.faults(chain.events_of(session, incident), row.events, row.head)
    if json:
        say_json({"incident": incident, "events": row.events, "head": row.head, "whole": not found, "faults": found})
    elif not found:
        say(f"INC-{incident}: {row.events} events, ", Toned("the chain is whole", "ok"), f"; head {row.head}")
    for fault in found if not json else ():
        say(f"INC-{incident}: ", Toned(fault, "bad"))
    raise typer.Exit(1 if found else 0)
