"""`/runbook resume`: steps may run again."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, said
from incidents import acts
from incidents.lifecycle import StepState
from incidents.models import Step

ALIASES = ("unpause", "continue")
USAGE = ""
SUMMARY = "lets steps run again"


def run(order: Order, desk: Desk) -> Message:
    now = desk.now()
    desk.store.write(lambda s: acts.resume(s, order.user, now))
    with desk.store.read() as session:
        waiting = list(session.scalars(select(Step).where(col(Step.state) == StepState.READY)))
    for step in waiting:
        desk.runtime.hints.run_step(step.id or 0, step.queue)
    desk.postman.wake()
    return said("Resumed: steps run again.")
