"""What the buttons do. A button's value names a row and a digest; who clicked comes from Slack's signed request.

Every click gets an answer: the card that changes, or a private line that says why nothing did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.slack.cards import Message, details
from bot.slack.desk import Desk, said
from bot.slack.story import story_of
from incidents import acts, approvals
from incidents.errors import NotFound, Rejected
from incidents.models import Approval, Step

_VALUE = re.compile(r"(?P<id>[0-9]{1,18})(?::(?P<digest>[0-9a-f]{0,64}))?", re.ASCII)


@dataclass(frozen=True)
class Click:
    """One click on a button: the row that it names, what the person was shown, and who it was."""

    id: int
    digest: str
    user: str


Act = Callable[[Click, Desk], Message | None]


def clicked(value: str, user: str) -> Click:
    """Raises Rejected for a value that no card of ours carries."""
    found = _VALUE.fullmatch(value)
    if found is None:
        raise Rejected("This button is not one of mine.")
    return Click(int(found["id"]), found["digest"] or "", user)


def acknowledge(click: Click, desk: Desk) -> Message | None:
    now = desk.now()
    incident = desk.store.write(lambda s: acts.acknowledge(s, click.id, click.user, now))
    desk.postman.wake(click.id)
    if incident.lead != click.user:
        return said(f"INC-{incident.id} was acknowledged before; {incident.lead or 'nobody'} leads.")
    return None


def resolve(click: Click, desk: Desk) -> Message | None:
    now = desk.now()
    desk.store.write(lambda s: acts.resolve(s, click.id, click.user, now))
    desk.postman.wake(click.id)
    return None


def approve(click: Click, desk: Desk) -> Message | None:
    return _decide(click, desk, yes=True)


def deny(click: Click, desk: Desk) -> Message | None:
    return _decide(click, desk, yes=False)


def worked(click: Click, desk: Desk) -> Message | None:
    return _mark(click, desk, worked_=True)


def failed(click: Click, desk: Desk) -> Message | None:
    return _mark(click, desk, worked_=False)


def ask_again(click: Click, desk: Desk) -> Message | None:
    with desk.store.read() as session:
        incident_id = _step(session, click.id).incident_id
    desk.runtime.engine.ask_again(click.id, click.user)
    desk.postman.wake(incident_id)
    return None


def show_details(click: Click, desk: Desk) -> Message | None:
    with desk.store.read() as session:
        step = _step(session, click.id)
        shown = details(story_of(session, step.incident_id), step)
    if click.digest and click.digest != step.digest:
        desk.postman.show_again(step.incident_id)
    return shown


ACTS: Mapping[str, Act] = {
    "incident_ack": acknowledge,
    "incident_resolve": resolve,
    "step_approve": approve,
    "step_deny": deny,
    "step_worked": worked,
    "step_failed": failed,
    "step_again": ask_again,
    "step_details": show_details,
}
"""What each `action_id` does."""


def _decide(click: Click, desk: Desk, *, yes: bool) -> Message | None:
    with desk.store.read() as session:
        approval = session.get(Approval, click.id)
        approvers = tuple(approval.approvers) if approval else ()
    groups, now = desk.people.groups_of(click.user, approvers), desk.now()
    decision = desk.store.write(lambda s: approvals.decide(s, click.id, click.digest, yes, click.user, groups, now))
    if decision.outcome in ("approved", "denied", "expired"):
        _advance(desk, decision.step_id)
    if decision.outcome in ("stale", "already", "expired"):
        desk.postman.show_again(decision.incident_id)
    desk.postman.wake(decision.incident_id)
    return None if decision.outcome in ("approved", "denied") else said(decision.text)


def _mark(click: Click, desk: Desk, *, worked_: bool) -> Message | None:
    now = desk.now()
    step = desk.store.write(lambda s: acts.mark(s, click.id, worked_, click.user, now))
    _advance(desk, click.id)
    desk.postman.wake(step.incident_id)
    return None


def _advance(desk: Desk, step_id: int) -> None:
    """Let the run go on at once instead of at the next sweep; the step that is ready now is hinted."""
    with desk.store.read() as session:
        run_id = _step(session, step_id).run_id
    desk.runtime.engine.advance(run_id)


def _step(session: Session, step_id: int) -> Step:
    step = session.get(Step, step_id)
    if step is None:
        raise NotFound("The step of this button is not in the database any more.")
    return step
