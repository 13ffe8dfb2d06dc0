"""`midwatch doctor`, `db`, `pause`, `resume`, `version`: the installation itself."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.console.desk import installation, require_approver
from bot.console.output import Toned, say, say_json

db = typer.Typer(no_args_is_help=True, help="The database.")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
MARKS = {"ok": ("ok", "ok"), "note": ("note", "idle"), "warn": ("warn", "warn"), "fail": ("FAIL", "bad")}


@db.callback()
def _group() -> None:
    """The database."""


@db.command()
def upgrade(json: Json = False) -> None:
    """Bring the schema up to date. Safe to run at any time, and in several places at once."""
    from incidents import migrate

    with installation(existing=False, prepare=False) as runtime:
        before = migrate.current(runtime.store)
        migrate.upgrade(runtime.store)
        after = migrate.current(runtime.store)
    if json:
        say_json({"before": before, "after": after})
    else:
        earlier = f"it was at {before}" if before else "there was none"
        say(f"The schema is at {after}" + (", as it was before." if after == before else f"; {earlier}."))


def doctor(json: Json = False) -> None:
    """Check the installation; say how to mend it.

    Tokens, broker, database, targets, clock and runbooks. Exit code 1 when something fails.
    """
    from bot.doctor import examined

    checks = examined()
    if json:
        say_json({"checks": [check.as_json() for check in checks], "ok": all(c.level != "fail" for c in checks)})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark, tone = MARKS[check.level]
            say(Toned(f"{mark:<4}", tone), f"  {check.name:<{width}}  {check.text}")
            if check.mend:
                say(f"      {'':<{width}}  -> {check.mend}")
    raise typer.Exit(1 if any(check.level == "fail" for check in checks) else 0)


def pause(
    reason: Annotated[str, typer.Argument(help="Shown on every card.")] = "",
    json: Json = False,
) -> None:
    """Stop all running of steps, everywhere.

    Until `midwatch resume`; every open card says so.
    """
    from incidents import acts

    with installation() as runtime:
        user, now = require_approver(runtime, None), runtime.clock()
        runtime.store.write(lambda session: acts.pause(session, user, now, reason))
    _switched(True, user, reason, json)


def resume(json: Json = False) -> None:
    """Let steps run again."""
    from incidents import acts

    with installation() as runtime:
        user, now = require_approver(runtime, None), runtime.clock()
        runtime.store.write(lambda session: acts.resume(session, user, now))
    _switched(False, user, "", json)


def version(json: Json = False) -> None:
    """Print the version."""
    if json:
        say_json({"version": installed_version()})
    else:
        say(installed_version())


def installed_version() -> str:
    """The version of the installed package; of a checkout that is not installed, only that."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("midwatch")
    except PackageNotFoundError:
        return "0+not.installed"


def _switched(on: bool, user: str, reason: str, json: bool) -> None:
    if json:
        say_json({"paused": on, "by": user, "reason": reason})
    else:
        say("Paused: no step starts any more, until `midwatch resume`." if on else "Steps run again.")
