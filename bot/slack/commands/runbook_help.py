"""`/runbook help`: what can be said."""

from __future__ import annotations

from bot.slack import commands
from bot.slack.cards import Message
from bot.slack.desk import Desk, Order

ALIASES = ("?",)
USAGE = ""
SUMMARY = "shows this"


def run(order: Order, desk: Desk) -> Message:
    return commands.help_of(order.command)
