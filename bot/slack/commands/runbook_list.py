"""`/runbook list`: what there is for when something breaks."""

from __future__ import annotations

from bot.slack import text as t
from bot.slack.cards import Message, procedures
from bot.slack.desk import Desk, Order, is_live
from incidents.errors import NotFound

ALIASES = ("ls", "search", "find")
USAGE = "[WORDS]"
SUMMARY = "lists the procedures of your runbooks, or those that hold all the words"
MOST = 30


def run(order: Order, desk: Desk) -> Message:
    words = t.straight(order.text).lower().split()
    found = [
        procedure
        for document in desk.runtime.shelf.documents
        for procedure in document.procedures
        if all(word in f"{procedure.id} {' '.join(procedure.heading)}".lower() for word in words)
    ]
    if not found:
        what = " with these words" if words else ""
        raise NotFound(f"There is no procedure{what}. MIDWATCH_RUNBOOKS names the folder that they are read from.")
    with desk.store.read() as session:
        live = {one.id for one in found[:MOST] if is_live(desk, session, one)}
    return procedures(found[:MOST], live, more=len(found) - MOST)
