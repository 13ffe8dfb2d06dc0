"""`/incident status`: one incident's card, for one's own eyes."""

from __future__ import annotations

from bot.slack.cards import Message, card
from bot.slack.desk import Desk, Order, incident_meant
from bot.slack.story import story_of

ALIASES = ("show",)
USAGE = "[INC-n]"
SUMMARY = "shows how an incident stands"


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident, _ = incident_meant(session, order.text)
        assert incident.id is not None
        shown = card(story_of(session, incident.id, link_to=desk.runtime.link_to))
    return Message(shown.text, [block for block in shown.blocks if block["type"] != "actions"])
