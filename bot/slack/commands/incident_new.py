"""`/incident new`: a person declares an incident."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, said
from bot.slack.wording import name_of
from incidents import intake
from incidents.alert import Priority
from incidents.errors import Rejected
from incidents.severity import UNSAID, priority_named

ALIASES = ("open", "declare", "start", "create")
USAGE = "[P1-P4] TITLE"
SUMMARY = "opens an incident and looks for its runbook"


def run(order: Order, desk: Desk) -> Message:
    priority, title = _read(order.text)
    if not title:
        raise Rejected(f"Say what is wrong: /incident new {USAGE}")
    now = desk.now()
    incident = desk.store.write(lambda s: intake.open_by_hand(s, title, priority, order.user, now))
    assert incident.id is not None
    desk.runtime.hints.triage(incident.id)
    desk.postman.wake(incident.id)
    return said(f"{name_of(incident)} is open with {priority}. Its card is in the incident channel.")


def _read(text: str) -> tuple[Priority, str]:
    """The priority, if the text begins with P1 to P4 or SEV1 to SEV4, and the title."""
    first, _, rest = text.partition(" ")
    named = priority_named(first) if first[-1:].isdigit() else None
    return (named, rest.strip()) if named is not None else (UNSAID, text)
