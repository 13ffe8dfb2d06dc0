"""Approvals: a person's word that one step, exactly as shown, may run once.

An approval carries the digest of what was shown. The digest is checked when the person decides and again when a
worker claims the step, so that an edited runbook, other parameters or another target mean asking again.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import timeline
from incidents.errors import NotFound
from incidents.inventory import System
from incidents.lifecycle import StepState, move_step
from incidents.models import Approval, Step
from incidents.redaction import redact
from incidents.settings import Settings

PRACTICE_GROUP = "@oncall"
"""The group of the practice workspace that may approve there."""

Answer = Literal["approved", "denied", "waiting", "expired", "stale", "forbidden", "already"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a click, and the sentence to answer it with."""

    outcome: Answer
    text: str
    step_id: int
    incident_id: int


def digest_of(kind: str, args: Mapping[str, Any], target: str, revision: str) -> str:
    """What an approval is bound to: the call, its target, and the revision of the procedure it comes from."""
    canonical = json.dumps([kind, args, target, revision], sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(canonical.encode()).hexdigest()


def request(
    session: Session, step: Step, approvers: Sequence[str], now: datetime, valid_for: timedelta, *, needed: int = 1
) -> Approval | None:
    """Put a planned step before people. None when it was no longer planned."""
    assert step.id is not None
    who = ", ".join(approvers) or "nobody: no approver is configured"
    text = f"asks to run: {step.title or step.text} on {step.target} ({step.risk}: {step.reason}); may approve: {who}"
    if not move_step(session, step, StepState.AWAITING_APPROVAL, at=now, actor="midwatch", text=text):
        return None
    approval = Approval(
        step_id=step.id,
        incident_id=step.incident_id,
        digest=step.digest,
        approvers=list(approvers),
        needed=needed,
        requested_at=now,
        expires_at=now + valid_for,
    )
    session.add(approval)
    session.flush()
    return approval


def console_user() -> str:
    """Who sits here, as acts record it: `console:<user>`, from the account that runs this process."""
    # Not getpass.getuser(): that believes the environment, which anybody may set.
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return f"console:{name}"


def approvers_of(system: System | None, settings: Settings) -> tuple[str, ...]:
    """Who may approve fixes of a system: its own list in the inventory, else the installation's.

    In the practice workspace its on-call group may as well, and where no list is configured whoever sits at the
    console; in a real workspace an empty list is nobody.
    """
    listed = system.approvers if system and system.approvers else settings.approvers
    if not settings.practice:
        return tuple(listed)
    return tuple(dict.fromkeys((*(listed or (console_user(),)), PRACTICE_GROUP)))


def may_approve(actor: str, groups: Collection[str], approvers: Collection[str]) -> bool:
    """Whether a person is on the list, by id or by a group they are in. An empty list lets nobody."""
    return actor in approvers or any(group in approvers for group in groups)


def decide(
    session: Session,
    approval_id: int,
    digest: str,
    yes: bool,
    actor: str,
    groups: Collection[str],
    now: datetime,
    reason: str = "",
) -> Decision:
    """Take one person's decision. Nothing happens unless the outcome is `approved`, `denied` or `waiting`.

    `groups` are the handles and ids of the groups the person is in, read at the click. NotFound for an unknown id.
    """
    approval = session.get(Approval, approval_id)
    if approval is None:
        raise NotFound(f"there is no approval {approval_id}")
    step = session.get_one(Step, approval.step_id)

    def answer(outcome: Answer, text: str) -> Decision:
        return Decision(outcome, text, approval.step_id, approval.incident_id)

    if not may_approve(actor, groups, approval.approvers):
        text = f"{actor} tried to {'approve' if yes else 'deny'} without being an approver"
        timeline.append(session, approval.incident_id, "refused", actor, text, at=now, data={"step": step.id})
        who = ", ".join(approval.approvers) or "nobody, because no approver is configured"
        return answer("forbidden", f"You may not decide this. Who may: {who}.")
    if approval.decision != "pending":
        by = f" by {approval.decided_by}" if approval.decided_by else ""
        return answer("already", f"This was already {approval.decision}{by}.")
    if now >= approval.expires_at:
        expire(session, now)
        return answer("expired", "This request has expired. Ask again to run it.")
    if digest != approval.digest or step.digest != approval.digest:
        return answer("stale", "What you were shown is not what would run now. Look at the card again.")
    if not yes:
        return _close(session, approval, step, StepState.DENIED, actor, now, reason)
    if any(vote["actor"] == actor for vote in approval.votes):
        return answer("already", "You have approved this already; it needs another person.")
    approval.votes = [*approval.votes, {"actor": actor, "at": now.isoformat()}]
    session.flush()
    if len(approval.votes) < approval.needed:
        text = f"approved by {actor}, one of {approval.needed} needed: {step.title or step.text}"
        timeline.append(session, approval.incident_id, "approval", actor, text, at=now, data={"step": step.id})
        return answer("waiting", "Your approval counts. One more person is needed.")
    return _close(session, approval, step, StepState.READY, actor, now, reason)


def expire(session: Session, now: datetime) -> list[int]:
    """Close every request that was not answered in time. Returns the ids of their incidents."""
    late = select(Approval).where(col(Approval.decision) == "pending", col(Approval.expires_at) <= now)
    return [
        _end(session, approval, "expired", StepState.EXPIRED, now, "midwatch", "not answered in time")
        for approval in session.scalars(late)
    ]


def withdraw(session: Session, incident_id: int, *, actor: str, now: datetime, why: str) -> None:
    """Withdraw what still waits for an answer in an incident."""
    open_ = select(Approval).where(col(Approval.decision) == "pending", col(Approval.incident_id) == incident_id)
    for approval in session.scalars(open_):
        _end(session, approval, "superseded", StepState.SUPERSEDED, now, actor, why)


def pending(session: Session, incident_id: int) -> Approval | None:
    """The request of an incident that waits for an answer, if there is one."""
    open_ = select(Approval).where(col(Approval.decision) == "pending", col(Approval.incident_id) == incident_id)
    return session.scalars(open_.order_by(col(Approval.id).desc()).limit(1)).first()


def granted(session: Session, step: Step) -> Approval | None:
    """The approval under which this very step, as it stands, may start. None means that it must not."""
    given = select(Approval).where(
        col(Approval.step_id) == step.id, col(Approval.decision) == "approved", col(Approval.digest) == step.digest
    )
    return session.scalars(given).first()


def _close(
    session: Session, approval: Approval, step: Step, to: StepState, actor: str, now: datetime, reason: str
) -> Decision:
    verb: Literal["approved", "denied"] = "approved" if to is StepState.READY else "denied"
    because = f" ({reason})" if reason else ""
    text = f"{verb} by {actor}: {step.title or step.text} on {step.target}{because}"
    mine = _claim(session, approval, verb, actor, now, reason)
    if not mine or not move_step(session, step, to, at=now, actor=actor, text=text):
        return Decision("already", "Somebody else was first.", approval.step_id, approval.incident_id)
    return Decision(verb, f"{verb.capitalize()}: {step.title or step.text}", approval.step_id, approval.incident_id)


def _end(session: Session, approval: Approval, word: str, to: StepState, now: datetime, actor: str, why: str) -> int:
    step = session.get_one(Step, approval.step_id)
    if _claim(session, approval, word, None, now, why) and step.state == StepState.AWAITING_APPROVAL:
        move_step(session, step, to, at=now, actor=actor, text=f"{word}: {step.title or step.text} ({why})")
    return approval.incident_id


def _claim(session: Session, approval: Approval, decision: str, actor: str | None, now: datetime, reason: str) -> bool:
    """Decide once: the UPDATE that still finds the request pending wins."""
    open_ = update(Approval).where(col(Approval.id) == approval.id, col(Approval.decision) == "pending")
    decided = open_.values(decision=decision, decided_by=actor, decided_at=now, reason=redact(reason) or None)
    won: bool = session.execute(decided).rowcount == 1  # type: ignore[attr-defined] # an UPDATE gives a CursorResult
    session.refresh(approval)
    return won
