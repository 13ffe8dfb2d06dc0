"""`/incident resolve`: it is over."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, incident_meant, said
from bot.slack.wording import name_of
from incidents import acts

ALIASES = ("close", "end")
USAGE = "[INC-n] [REASON]"
SUMMARY = "says that it is over; what waits for an approval is withdrawn"


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident, reason = incident_meant(session, order.text, number=order.text.isdigit())
    assert incident.id is not None
    id_, now = incident.id, desk.now()
    done = desk.store.write(lambda s: acts.resolve(s, id_, order.user, now, reason))
    desk.postman.wake(id_)
    return said(f"{name_of(done)} is {done.status}. /incident postmortem {name_of(done)} shows what happened.")
