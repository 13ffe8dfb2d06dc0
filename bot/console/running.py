"""`midwatch up`, `serve`, `worker`, `demo`: the commands that stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.console.output import Toned, complain, say
from incidents.errors import Misconfigured

if TYPE_CHECKING:
    from bot.house import House
    from bot.runtime import Runtime
    from incidents.settings import Settings

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the bot; 0 takes any free one.")]


def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    practice_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the practice workspace.")] = 8001,
) -> None:
    """Start bot and worker in one process.

    Real Slack when its tokens are set, else the practice workspace.
    """
    _stay(host, port, practice_port if port else 0, work=True)


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Start the bot alone; `midwatch worker` runs the steps."""
    _stay(host, port, 0, work=False)


def worker(
    queues: Annotated[str, typer.Option(help="Comma list of queues besides the common one.")] = "",
) -> None:
    """Start the worker alone.

    It needs the bot's database and broker, the runbooks and the inventory, and no Slack token.
    """
    names = tuple(name for name in (part.strip() for part in queues.split(",")) if name)
    runtime = _runtime(_settings())
    try:
        _work(runtime, names)
    finally:
        runtime.close()


def demo(
    once: Annotated[bool, typer.Option("--once", help="Approve the fix itself, and exit when it is over.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document at the end.")] = False,
) -> None:
    """Play the whole story on this machine.

    A fault is planted in a small local system, an alert fires, the checks run, the fix waits for a click.
    """
    from bot.demo import play
    from bot.logs import start_logging

    start_logging("WARNING")
    raise typer.Exit(play(once=once, json=json))


def _stay(host: str, port: int, practice_port: int, *, work: bool) -> None:
    from bot.house import House, refuse_open_practice

    settings = _settings()
    if not work and settings.practice:
        raise Misconfigured("SLACK_BOT_TOKEN: `midwatch serve` needs Slack; the practice workspace is in `midwatch up`")
    refuse_open_practice(settings.practice, host)
    runtime = _runtime(settings)
    fresh = runtime.settings.webhook_token is None and not (runtime.settings.home / "webhook-token").exists()
    house = House(runtime, host=host, port=port, practice_port=practice_port, work=work)
    house.start()
    try:
        house.wait(ready=lambda: _tell(house, fresh))
    finally:
        house.stop()


def _work(runtime: Runtime, queues: Sequence[str]) -> None:
    from bot.house import wait_for_signal
    from workers.embedded import EmbeddedWorker

    runtime.prepare_database()
    for problem in runtime.shelf.problems:
        complain(f"runbooks: {problem}")
    working = EmbeddedWorker(runtime.engine, tuple(queues))
    working.start()
    try:
        wait_for_signal(ready=lambda: complain(f"working on {', '.join(working.queues)}"))
    finally:
        working.stop()


def _settings() -> Settings:
    from bot.logs import start_logging
    from incidents.settings import load_settings

    settings = load_settings()
    start_logging(settings.log_level)
    return settings


def _runtime(settings: Settings) -> Runtime:
    """This installation, with everything read that could be wrong. Misconfigured names it."""
    from bot.runtime import Runtime

    runtime = Runtime(settings)
    try:
        _ = runtime.inventory, runtime.shelf
    except BaseException:
        runtime.close()
        raise
    return runtime


def _tell(house: House, fresh: bool) -> None:
    runtime, shelf = house.runtime, house.runtime.shelf
    say(Toned("Midwatch is on watch.", "bold"), " Stop it with Ctrl-C.")
    if house.practice is not None:
        say("  Practice workspace  ", Toned(house.practice.page_url, "bold"))
    say("  Alerts              ", f"POST {runtime.public_url}/webhooks/alertmanager")
    say("                      ", _token_said(runtime, fresh))
    say("  Incidents           ", runtime.link_to(None))
    procedures = f"{len(shelf.documents)} documents, {len(shelf.procedures)} procedures"
    say("  Runbooks            ", procedures + (f", {len(shelf.problems)} problems" if shelf.problems else ""))
    approvers = [runtime.approvers(None), *map(runtime.approvers, runtime.inventory.systems)]
    if not any(approvers):
        say(Toned("  No approver is configured, so nobody can approve a fix: set MIDWATCH_APPROVERS.", "warn"))


def _token_said(runtime: Runtime, fresh: bool) -> str:
    if runtime.settings.webhook_token is not None:
        return "with the bearer token of MIDWATCH_WEBHOOK_TOKEN"
    place = runtime.settings.home / "webhook-token"
    if not fresh:
        return f"with the bearer token in {place}"
    return f"Authorization: Bearer {runtime.webhook_token}   (made now, kept in {place})"
