"""`/runbook run`: a person starts a procedure on an incident. Its checks run; what changes anything still asks."""

from __future__ import annotations

import re

from bot.slack.cards import Message
from bot.slack.desk import Desk, Order, incident_meant, procedure_meant, said
from bot.slack.wording import name_of

ALIASES = ("start",)
USAGE = "PROCEDURE [INC-n]"
SUMMARY = "starts a procedure on an incident"

_INCIDENT = re.compile(r"(?:^|\s)(?:on\s+)?((?:INC-|#)\d{1,9})\s*$", re.IGNORECASE)


def run(order: Order, desk: Desk) -> Message:
    named = _INCIDENT.search(order.text)
    procedure = procedure_meant(desk.runtime.shelf, order.text[: named.start()] if named else order.text)
    with desk.store.read() as session:
        incident, _ = incident_meant(session, named[1] if named else "")
    assert incident.id is not None
    desk.runtime.engine.start(incident.id, procedure, order.user)
    desk.postman.wake(incident.id)
    return said(f"'{procedure.title}' was started on {name_of(incident)}; its card and thread show the rest.")
