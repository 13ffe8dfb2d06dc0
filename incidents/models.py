"""The tables. States live in `lifecycle`, which is the only module that may change them.

SQLModel does not validate table models on construction and SQLite forgets time zones, so times go through
`UtcDateTime`, and values are checked by the functions that write them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _time(nullable: bool = True, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def _json(default: type[dict[str, Any]] | type[list[Any]]) -> Any:
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))


def _text(default: str | None = None) -> Any:
    return Field(default=default, sa_column=Column(Text, nullable=default is None))


class Incident(SQLModel, table=True):
    """One thing that is wrong. Called INC-<id>.

    `revision` grows with every event; the poster compares it with `shown_revision` and so finds what Slack lacks.
    `correlation` is what new alerts are compared with, to join an open incident instead of opening another.
    """

    __tablename__ = "incident"
    __table_args__ = (
        Index("ix_incident_correlation", "correlation", "status"),
        Index(
            "ix_incident_unshown",
            "id",
            sqlite_where=text("revision <> shown_revision"),
            postgresql_where=text("revision <> shown_revision"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str = _text("")
    status: str = Field(default="triggered", index=True)
    priority: str = "P3"
    priority_reason: str = _text("")
    priority_by: str = "rule"
    """`rule`, `runbook` or a person; a person's choice is never overwritten by the other two."""
    system: str | None = None
    service: str | None = None
    correlation: str = _text("")
    summary: str = _text("")
    lead: str | None = None
    opened_by: str = ""
    verdict: str | None = _text()
    started_at: datetime = _time(nullable=False)
    detected_at: datetime = _time(nullable=False)
    acknowledged_at: datetime | None = _time()
    mitigated_at: datetime | None = _time()
    resolved_at: datetime | None = _time()
    closed_at: datetime | None = _time()
    triaged_at: datetime | None = _time()
    merged_into: int | None = Field(default=None, foreign_key="incident.id")
    revision: int = 0
    shown_revision: int = 0
    events: int = 0
    """Number of timeline events, and with `head` the anchor of the chain."""
    head: str = ""


class AlertRow(SQLModel, table=True):
    """One episode of one alert: from its first firing message to its resolution. Repeats only count."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("source", "dedup_key", "starts_at", name="uq_alert_episode"),
        Index("ix_alert_key", "source", "dedup_key", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    source: str
    dedup_key: str
    status: str
    title: str = _text("")
    service: str | None = None
    system: str | None = None
    priority: str | None = None
    labels: dict[str, str] = _json(dict)
    annotations: dict[str, str] = _json(dict)
    links: list[dict[str, str]] = _json(list)
    runbook_url: str | None = _text()
    starts_at: datetime = _time(nullable=False)
    ends_at: datetime | None = _time()
    received_at: datetime = _time(nullable=False)
    seen_at: datetime = _time(nullable=False)
    count: int = 1


class Run(SQLModel, table=True):
    """One use of one procedure on one incident (or, without an incident, by hand).

    `revision` is the digest of the procedure's commands at planning time. `mode` is `live` or `shadow`.
    """

    __tablename__ = "run"

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    procedure_id: str = _text("")
    document: str = _text("")
    heading: list[str] = _json(list)
    line: int = 0
    revision: str = ""
    mode: str = "shadow"
    state: str = Field(default="checking", index=True)
    """`checking`, `waiting` (for an approval), `fixing`, `verifying`, `finished`."""
    round: int = 1
    """1 is the diagnosis; every fix that ran starts another round of the checks."""
    requested_by: str = ""
    why: str = _text("")
    verdict: str | None = _text()
    created_at: datetime = _time(nullable=False)
    finished_at: datetime | None = _time()


class Step(SQLModel, table=True):
    """One command of a run. `call` is exactly what would run; `digest` binds it to target and runbook revision.

    `epoch` is the fencing token: it grows with every claim, and a result that carries an older one is refused.
    """

    __tablename__ = "step"
    __table_args__ = (Index("ix_step_due", "state", "lease_until"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    position: int = 0
    round: int = 1
    phase: str = "diagnosis"
    """`diagnosis`, `solution`, `verification` or `manual`."""
    title: str = _text("")
    text: str | None = _text()
    line: int = 0
    kind: str = "manual"
    risk: str = "mutating"
    reason: str = _text("")
    condition: str | None = _text()
    call: dict[str, Any] = _json(dict)
    target: str = _text("")
    digest: str = ""
    queue: str = ""
    state: str = Field(default="planned", index=True)
    attempt: int = 0
    epoch: int = 0
    owner: str | None = None
    lease_until: datetime | None = _time()
    hinted_at: datetime | None = _time()
    timeout: float = 60.0
    exit_code: int | None = None
    summary: str = _text("")
    output: str = _text("")
    truncated: bool = False
    findings: list[dict[str, Any]] = _json(list)
    started_at: datetime | None = _time()
    finished_at: datetime | None = _time()


class Approval(SQLModel, table=True):
    """A request that one step, with this digest, may run once; and what was decided."""

    __tablename__ = "approval"
    __table_args__ = (Index("ix_approval_open", "decision", "expires_at"),)

    id: int | None = Field(default=None, primary_key=True)
    step_id: int = Field(foreign_key="step.id", index=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    digest: str = ""
    approvers: list[str] = _json(list)
    needed: int = 1
    decision: str = "pending"
    """`pending`, `approved`, `denied`, `expired` or `superseded`."""
    votes: list[dict[str, str]] = _json(list)
    requested_at: datetime = _time(nullable=False)
    expires_at: datetime = _time(nullable=False)
    decided_by: str | None = None
    decided_at: datetime | None = _time()
    reason: str | None = _text()


class TimelineEvent(SQLModel, table=True):
    """One line of an incident's history. Append-only; each row carries the hash of the one before."""

    __tablename__ = "timeline_event"
    __table_args__ = (UniqueConstraint("incident_id", "seq", name="uq_timeline_seq"),)

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    seq: int
    at: datetime = _time(nullable=False)
    kind: str
    actor: str
    text: str = _text("")
    data: dict[str, Any] = _json(dict)
    prev_hash: str = ""
    hash: str = ""


class SlackMessage(SQLModel, table=True):
    """A message that Slack shows for an incident: which one, where, and the digest of what it says now."""

    __tablename__ = "slack_message"
    __table_args__ = (UniqueConstraint("incident_id", "key", name="uq_slack_message_key"),)

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    key: str
    """`card`, `checks:<run>`, `fix:<step>`, `postmortem`, ..."""
    channel: str
    ts: str | None = None
    shown: str = ""
    posted_at: datetime | None = _time()
    updated_at: datetime | None = _time()


class SlackRequest(SQLModel, table=True):
    """A signed request that Slack sent. Its signature may be used once."""

    __tablename__ = "slack_request"

    signature: str = Field(primary_key=True)
    received_at: datetime = _time(nullable=False, index=True)


class Promotion(SQLModel, table=True):
    """A procedure that a person took from shadow to live, bound to the digest of its commands."""

    __tablename__ = "promotion"

    procedure_id: str = Field(sa_column=Column(Text, primary_key=True))
    digest: str
    promoted_by: str
    promoted_at: datetime = _time(nullable=False)


class Switch(SQLModel, table=True):
    """A thing that is on or off for the whole installation, such as `pause`."""

    __tablename__ = "switch"

    name: str = Field(primary_key=True)
    on: bool = False
    reason: str = _text("")
    changed_by: str = ""
    changed_at: datetime = _time(nullable=False)
