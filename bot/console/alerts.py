"""`midwatch alert parse` and `midwatch redact`: what would be made of a text, without doing anything with it."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.console.output import Toned, say, say_json
from incidents.errors import Rejected

if TYPE_CHECKING:
    from incidents.alert import Alert, Delivery

app = typer.Typer(no_args_is_help=True, help="Read webhook bodies of alert senders.")
LARGEST = 8 * 1024 * 1024


@app.callback()
def _group() -> None:
    """Read webhook bodies of alert senders."""


@app.command()
def parse(
    source: Annotated[str, typer.Argument(help="alertmanager, generic, ...")],
    header: Annotated[list[str] | None, typer.Option(help="A header of the request, as 'Name: value'.")] = None,
    now: Annotated[str | None, typer.Option(help="The present time, ISO 8601.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """What the body on standard input means. Nothing is stored; exit code 1 when it is rejected."""
    from bot import strict_json
    from bot.sources import source_named
    from incidents.alert import Delivery, DeliveryKind

    module = source_named(source)
    headers, moment = _headers(header or []), _moment(now)
    raw = sys.stdin.buffer.read(LARGEST + 1)
    try:
        if len(raw) > LARGEST:
            raise Rejected("the body is larger than 8 MiB")
        delivery = module.parse(strict_json.read(raw), headers, moment)
    except Rejected as why:
        delivery = Delivery(DeliveryKind.REJECTED, reason=str(why))
    if json:
        say_json(_told(delivery))
    else:
        _show(delivery)
    raise typer.Exit(1 if delivery.kind == DeliveryKind.REJECTED else 0)


def redact(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='One {"text", "command", "known"} a line in, one {"text"} a line out.')
    ] = False,
) -> None:
    """Mask the secrets of a text.

    Reads standard input, and does what Midwatch does before it stores anything.
    """
    from incidents.redaction import redact as masked

    if not jsonl:
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
        sys.stdout.write(masked(text))
        return
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if line.strip():
            sys.stdout.write(jsonlib.dumps({"text": _redacted_line(line, number)}) + "\n")
            sys.stdout.flush()


def _redacted_line(line: bytes, number: int) -> str:
    from incidents.redaction import redact as masked

    try:
        asked = jsonlib.loads(line)
        text, known, command = asked["text"], asked.get("known") or [], asked.get("command")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise typer.BadParameter(f'line {number} is not an object with "text"', param_hint="--jsonl") from None
    if not isinstance(text, str) or not isinstance(known, list) or not isinstance(command, str | None):
        raise typer.BadParameter(f"line {number} has a field of the wrong type", param_hint="--jsonl")
    return masked(text, [value for value in known if isinstance(value, str) and value], command)


def _headers(given: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in given]
    if any(not colon or not name.strip() for name, colon, _ in pairs):
        raise typer.BadParameter("a header is written as 'Name: value'", param_hint="--header")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a time is written as 2026-11-09T03:00:00Z", param_hint="--now") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _told(delivery: Delivery) -> dict[str, Any]:
    reason = {"reason": delivery.reason} if delivery.reason else {}
    return {"kind": str(delivery.kind), "alerts": [told(alert) for alert in delivery.alerts]} | reason


def told(alert: Alert) -> dict[str, Any]:
    """One alert as `alert parse --json` prints it."""
    from incidents.severity import priority_of

    return {
        "source": alert.source,
        "status": str(alert.status),
        "dedup_key": alert.dedup_key,
        "title": alert.title,
        "service": alert.service,
        "system": alert.system,
        "priority": str(priority_of(alert)[0]),
        "labels": alert.labels,
        "annotations": alert.annotations,
        "links": [{"title": link.title, "url": link.url} for link in alert.links],
        "runbook_url": alert.runbook_url,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
    }


def _show(delivery: Delivery) -> None:
    say(str(delivery.kind), f": {delivery.reason}" if delivery.reason else "")
    for alert in delivery.alerts:
        _show_alert(told(alert))


def _show_alert(alert: Mapping[str, Any]) -> None:
    say()
    say(Toned(alert["title"], "bold"), f"  {alert['status']}  {alert['priority']}")
    for name in ("service", "system", "dedup_key", "starts_at", "ends_at", "runbook_url"):
        if alert[name] is not None:
            say(f"  {name:<12}", str(alert[name]))
    for group in ("labels", "annotations"):
        for name, value in alert[group].items():
            say(f"  {group[:-1]:<12}", f"{name} = {value}")
    for link in alert["links"]:
        say("  link        ", f"{link['title']}: {link['url']}")
