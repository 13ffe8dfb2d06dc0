"""What the messages of one incident are made from: its rows, read at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import acts
from incidents.lifecycle import OPEN, IncidentStatus, StepState
from incidents.models import AlertRow, Approval, Incident, Run, Step, TimelineEvent

Page = Literal["timeline", "postmortem"]
PAGES: tuple[Page, ...] = ("timeline", "postmortem")
LinkTo = Callable[[int, Page], str]
Row = TypeVar("Row", Run, Step, Approval)


@dataclass(frozen=True)
class Story:
    """One incident with everything that its messages speak of. `links` holds the addresses of its pages, if any.

    `alert` is the newest of its `alerts`. `reopened` says that a closing message stands there from an earlier end, and
    `returned` is when it was last opened again.
    """

    incident: Incident
    alert: AlertRow | None = None
    alerts: int = 0
    firing: int = 0
    runs: Sequence[Run] = ()
    steps: Sequence[Step] = ()
    approvals: Sequence[Approval] = ()
    paused: str | None = None
    links: Mapping[Page, str] = field(default_factory=dict)
    reopened: bool = False
    returned: TimelineEvent | None = None

    @property
    def open(self) -> bool:
        return self.incident.status in OPEN

    @property
    def run(self) -> Run | None:
        """The run that the card speaks of: the newest."""
        return self.runs[-1] if self.runs else None

    def steps_of(self, run: Run | None) -> list[Step]:
        return [step for step in self.steps if run is not None and step.run_id == run.id]

    def checks_of(self, run: Run | None, round_: int | None = None) -> list[Step]:
        """The checks of a run that were to run by themselves, of its newest round unless another is asked for."""
        mine = [step for step in self.steps_of(run) if _is_check(step)]
        wanted = max((step.round for step in mine), default=1) if round_ is None else round_
        return [step for step in mine if step.round == wanted]

    def rounds_of(self, run: Run | None) -> list[int]:
        return sorted({step.round for step in self.steps_of(run) if _is_check(step)})

    @property
    def unsettled(self) -> Step | None:
        """A changing step whose end nobody saw, so that a person is asked."""
        return next((step for step in reversed(self.steps) if step.state == StepState.UNKNOWN), None)

    @property
    def fix(self) -> Step | None:
        """The fix that the card speaks of: the one that was last put before people."""
        asked = {approval.step_id for approval in self.approvals}
        return next((step for step in reversed(self.steps) if step.id in asked), None)

    def approval_of(self, step: Step) -> Approval | None:
        """The newest request for a step."""
        return next((approval for approval in reversed(self.approvals) if approval.step_id == step.id), None)


def story_of(session: Session, incident_id: int, *, link_to: LinkTo | None = None, reopened: bool = False) -> Story:
    """Read one incident with all that belongs to it. NotFound when there is none."""
    mine = col(AlertRow.incident_id) == incident_id
    firing = func.count().filter(col(AlertRow.status) != "resolved")
    counted = session.execute(select(func.count(), firing).where(mine)).one()
    return Story(
        incident=acts.incident_of(session, incident_id),
        alert=session.scalars(select(AlertRow).where(mine).order_by(col(AlertRow.id).desc()).limit(1)).first(),
        alerts=counted[0],
        firing=counted[1],
        runs=_rows(session, Run, incident_id),
        steps=_rows(session, Step, incident_id),
        approvals=_rows(session, Approval, incident_id),
        paused=acts.paused(session),
        links={} if link_to is None else {page: link_to(incident_id, page) for page in PAGES},
        reopened=reopened,
        returned=_returned(session, incident_id),
    )


def _returned(session: Session, incident_id: int) -> TimelineEvent | None:
    """The newest event by which the incident was opened again."""
    moves = select(TimelineEvent).where(
        col(TimelineEvent.incident_id) == incident_id, col(TimelineEvent.kind) == "status"
    )
    newest_first = session.scalars(moves.order_by(col(TimelineEvent.seq).desc()))
    return next((event for event in newest_first if event.data.get("to") == IncidentStatus.TRIGGERED), None)


def _is_check(step: Step) -> bool:
    """A read-only command that was meant to run: in the diagnosis, or in a round after a fix."""
    wanted = step.phase == "diagnosis" or step.round > 1
    return wanted and step.text is not None and step.risk == "read_only" and step.state != StepState.PLANNED


def _rows(session: Session, table: type[Row], incident_id: int) -> list[Row]:
    mine = select(table).where(col(table.incident_id) == incident_id)
    return list(session.scalars(mine.order_by(col(table.id))))
