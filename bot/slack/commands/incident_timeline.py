"""`/incident timeline`: the last things that happened."""

from __future__ import annotations

from bot.slack import text as t
from bot.slack.cards import Message, timeline_of
from bot.slack.desk import Desk, Order, latest_meant
from incidents import timeline

ALIASES = ("log", "history")
USAGE = "[INC-n]"
SUMMARY = "shows the last events of an incident"


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident = latest_meant(session, order.text)
        assert incident.id is not None
        events = timeline.events_of(session, incident.id)
    shown = timeline_of(incident, events)
    return Message(shown.text, [*shown.blocks, t.context(desk.link(incident, "The whole timeline"))])
