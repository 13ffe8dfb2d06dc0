"""`/incident note`: a person's words on the timeline."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, incident_meant, said
from bot.slack.wording import name_of
from incidents import acts

ALIASES = ("add",)
USAGE = "[INC-n] TEXT"
SUMMARY = "puts your words on the timeline"


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident, words = incident_meant(session, order.text, number=False)
    assert incident.id is not None
    id_, now = incident.id, desk.now()
    desk.store.write(lambda s: acts.note(s, id_, order.user, words, now))
    desk.postman.wake(id_)
    return said(f"Noted on the timeline of {name_of(incident)}.")
