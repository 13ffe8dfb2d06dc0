"""`/incident ack`: somebody is on it."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, incident_meant, said
from bot.slack.wording import name_of
from incidents import acts

ALIASES = ("acknowledge",)
USAGE = "[INC-n]"
SUMMARY = "says that you are on it"


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident, _ = incident_meant(session, order.text)
    assert incident.id is not None
    id_, now = incident.id, desk.now()
    done = desk.store.write(lambda s: acts.acknowledge(s, id_, order.user, now))
    desk.postman.wake(id_)
    return said(f"{name_of(done)} is {done.status}; {done.lead or 'nobody'} leads.")
