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
SHOWN = 8_000
"""Characters of it that fit into one answer."""


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        incident = latest_meant(session, order.text)
        assert incident.id is not None
        text = postmortem.render(session, incident.id)
    whole = desk.link(incident, "The whole of it", "postmortem")
    return Message(
        f"Post-mortem of {name_of(incident)}", [{"type": "markdown", "text": _beginning(text)}, t.context(whole)]
    )


def _beginning(text: str) -> str:
    """As many whole lines as fit. All foreign text in it was made harmless where it was rendered."""
    if t.size(text) <= SHOWN:
        return text
    return text[:SHOWN].rpartition("\n")[0] + "\n\n..."
