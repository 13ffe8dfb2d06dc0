"""`/runbook show`: what a procedure would do, command by command."""

from __future__ import annotations

from bot.slack.cards import Message, procedure_shown
from bot.slack.desk import Desk, Order, is_live, procedure_meant

ALIASES = ("view", "plan")
USAGE = "PROCEDURE"
SUMMARY = "shows a procedure's steps and what each could do; runs nothing"


def run(order: Order, desk: Desk) -> Message:
    procedure = procedure_meant(desk.runtime.shelf, order.text)
    document = desk.runtime.shelf.document_of(procedure)
    with desk.store.read() as session:
        live = is_live(desk, session, procedure)
    return procedure_shown(procedure, document.path, live)
