"""`/incident severity`: how urgent it is, by a person's judgement."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, incident_meant, said
from bot.slack.wording import name_of
from incidents import acts
from incidents.alert import Priority
from incidents.errors import Rejected
from incidents.severity import priority_named

ALIASES = ("sev", "priority", "prio")
USAGE = "[INC-n] P1-P4 [REASON]"
SUMMARY = "changes the priority; rules do not change it back"


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident, rest = incident_meant(session, order.text, number=False)
    priority, reason = _read(rest)
    assert incident.id is not None
    id_, now = incident.id, desk.now()
    done = desk.store.write(lambda s: acts.set_priority(s, id_, priority, order.user, now, reason))
    desk.postman.wake(id_)
    return said(f"{name_of(done)} is {priority} now.")


def _read(text: str) -> tuple[Priority, str]:
    word, _, reason = text.partition(" ")
    named = priority_named(word)
    if named is None:
        raise Rejected(f"Say which priority: /incident severity {USAGE}")
    return named, reason.strip()
