"""`/runbook promote`: a procedure may run its read-only steps by itself, as its commands stand now."""

from __future__ import annotations

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, procedure_meant, require_approver, said
from incidents import acts

ALIASES = ("live",)
USAGE = "PROCEDURE"
SUMMARY = "takes a procedure from shadow to live (approvers only)"


def run(order: Order, desk: Desk) -> Message:
    shelf = desk.runtime.shelf
    procedure = procedure_meant(shelf, order.text)
    require_approver(desk, order.user, shelf.document_of(procedure).system)
    now = desk.now()
    desk.store.write(lambda s: acts.promote(s, procedure.id, procedure.digest, order.user, now))
    desk.runtime.engine.promoted(procedure)
    desk.postman.wake()
    return said(
        f"{procedure.id} is live: its checks run by themselves, its fixes still ask. "
        "When its commands change, it goes back to shadow."
    )
