"""`/incident postmortem`: what really happened, as Markdown."""

from __future__ import annotations

from bot.slack import text as t
from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, latest_meant
from bot.slack.wording import name_of
from incidents import postmortem

ALIASES = ("pm", "report")
USAGE = "[INC-n]"
SUMMARY = "shows the post-mortem as it stands now"
SHOWN = 2_900


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident = latest_meant(session, order.text)
        assert incident.id is not None
        text = postmortem.render(session, incident.id)
    name = name_of(incident)
    whole = desk.link(incident, "The whole of it", "postmortem")
    return Message(f"Post-mortem of {name}", [t.rich(t.preformatted(text, SHOWN)), t.context(whole)])
