"""What every command and button works with, and the few things that all of them do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack import text as t
from bot.slack.cards import Message
from bot.slack.people import People
from bot.slack.story import Page
from bot.slack.wording import name_of
from incidents import acts
from incidents.approvals import may_approve
from incidents.errors import NotFound, Rejected
from incidents.lifecycle import OPEN
from incidents.models import Incident
from incidents.settings import Settings
from incidents.store import Store
from runbooks.document import Procedure

if TYPE_CHECKING:
    from runbooks.shelf import Shelf
    from workers.engine import Engine
from workers.means import Hints

OFFERED = 5
"""Incidents that are listed when it is not clear which one is meant."""

_NAMED = re.compile(r"(?:INC-|#)(\d{1,9})(?!\S)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,9})(?!\S)\s*")


class Runtime(Protocol):
    """The process that Slack's requests arrive in."""

    @property
    def store(self) -> Store: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def shelf(self) -> Shelf: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def hints(self) -> Hints: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    def link_to(self, incident_id: int | None, page: Page = "timeline") -> str: ...


class Postman(Protocol):
    """Who brings an incident's messages up to date."""

    def wake(self, incident_id: int | None = None) -> None: ...
    def show_again(self, incident_id: int) -> None: ...


@dataclass(frozen=True)
class Desk:
    runtime: Runtime
    people: People
    postman: Postman

    @property
    def store(self) -> Store:
        return self.runtime.store

    def now(self) -> datetime:
        return self.runtime.clock()

    def link(self, incident: Incident, label: str, page: Page = "timeline") -> str:
        """A link to one of an incident's pages, for mrkdwn text."""
        return f"<{self.runtime.link_to(incident.id, page)}|{t.escape(label)}>"


@dataclass(frozen=True)
class Order:
    """A slash command as a person typed it: `text` is what stands behind the verb, read as plain text."""

    command: str
    verb: str
    text: str
    user: str
    channel: str = ""


def said(text: str) -> Message:
    """A private answer in plain words, which may name people by their ids."""
    shown = t.with_mentions(t.clip(text, 2_500)) or t.NOTHING
    return Message(shown, [t.section(shown)])


def incident_meant(session: Session, text: str, *, number: bool = True) -> tuple[Incident, str]:
    """The incident that a command speaks of, and the rest of its text.

    Without a name it is the only open one. A bare number counts only where `number` says so, for a note may begin
    with one. Raises Rejected with the choices when it is not clear.
    """
    named = _NAMED.match(text) or (_NUMBER.match(text) if number else None)
    if named is not None:
        return acts.incident_of(session, int(named[1])), text[named.end() :]
    open_ = open_incidents(session)
    if len(open_) == 1:
        return open_[0], text
    if not open_:
        raise Rejected("No incident is open. Name the one that you mean, for example INC-12.")
    names = "\n".join(f"{name_of(row)}: {t.clip(t.one_line(row.title), 100)}" for row in open_[:OFFERED])
    raise Rejected(f"Which one? Say its name, for example {name_of(open_[0])}.\n{names}")


def latest_meant(session: Session, text: str) -> Incident:
    """Like `incident_meant` for looking back: when nothing is open, the newest incident is meant."""
    newest = select(Incident).order_by(col(Incident.id).desc()).limit(1)
    if not text.strip() and not open_incidents(session, limit=1):
        found = session.scalars(newest).first()
        if found is None:
            raise NotFound("There has been no incident yet.")
        return found
    return incident_meant(session, text)[0]


def open_incidents(session: Session, limit: int = 50) -> list[Incident]:
    """Open incidents, the most urgent first and the newest among equals."""
    rows = select(Incident).where(col(Incident.status).in_(OPEN))
    return list(session.scalars(rows.order_by(col(Incident.priority), col(Incident.id).desc()).limit(limit)))


def procedure_meant(shelf: Shelf, text: str) -> Procedure:
    """The one procedure that an id or a clear part of it names. Rejected or NotFound say what there is instead."""
    wanted = text.strip()
    if not wanted:
        raise Rejected("Say which procedure: its id or the end of it. /runbook list shows them.")
    found = shelf.find(wanted)
    if not found:
        raise NotFound(f"No procedure is called {t.clip(t.one_line(wanted), 200)}. /runbook list shows them.")
    if len(found) > 1:
        raise Rejected("Which one?\n" + "\n".join(one.id for one in found[:OFFERED]))
    return found[0]


def is_live(desk: Desk, session: Session, procedure: Procedure) -> bool:
    """Whether the checks of a procedure run by themselves: it was promoted as it stands, or its system declares it."""
    document = desk.runtime.shelf.document_of(procedure)
    return desk.runtime.engine.means.is_live(session, procedure, document.system)


def require_approver(desk: Desk, user: str, system: str | None) -> None:
    """Let approvers of a system pass. Raises Rejected with who may; nobody configured means nobody may."""
    approvers = desk.runtime.engine.approvers(system)
    if not approvers:
        raise Rejected("Nobody may do this, because no approver is configured (MIDWATCH_APPROVERS or the inventory).")
    if not may_approve(user, desk.people.groups_of(user, approvers), approvers):
        raise Rejected(f"You may not do this. Who may: {', '.join(approvers)}.")
