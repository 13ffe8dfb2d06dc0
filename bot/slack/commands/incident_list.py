"""`/incident list`: what is open."""

from __future__ import annotations

from bot.slack import text as t
from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, open_incidents, said
from bot.slack.text import Block
from bot.slack.wording import PRIORITIES, STATUSES, name_of
from incidents.models import Incident

ALIASES = ("ls",)
USAGE = ""
SUMMARY = "lists what is open, the most urgent first"
MOST = 15


def run(order: Order, desk: Desk) -> Message:
    with desk.store.read() as session:
        rows = open_incidents(session, limit=MOST + 1)
    if not rows:
        return said("No incident is open.")
    shown = [t.section(_line(row)) for row in rows[:MOST]]
    more: list[Block] = [t.context(f"Only the first {MOST} are shown.")] if len(rows) > MOST else []
    text = "; ".join(f"{row.priority} {name_of(row)} {t.clip(t.one_line(row.title), 60)}" for row in rows[:MOST])
    return Message(t.escape(t.clip(f"Open: {text}", 1_000)), [*shown, *more])


def _line(row: Incident) -> str:
    title = t.escape(t.clip(t.one_line(row.title), 150))
    heading = f"{PRIORITIES.get(row.priority, row.priority)} · *{name_of(row)}* {title}"
    lead = f" · lead {t.who(row.lead)}" if row.lead else ""
    return f"{heading}\n{STATUSES.get(row.status, row.status)}{lead} · since {t.moment(row.started_at)}"
