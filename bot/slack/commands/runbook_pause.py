"""`/runbook pause`: no step starts any more, anywhere."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, said
from incidents import acts

ALIASES = ("stop", "halt")
USAGE = "[REASON]"
SUMMARY = "stops all running of steps, everywhere, until resume"


def run(order: Order, desk: Desk) -> Message:
    now = desk.now()
    desk.store.write(lambda s: acts.pause(s, order.user, now, order.text))
    desk.postman.wake()
    return said("Paused: no step starts any more, and every open card says so. /runbook resume goes on.")
