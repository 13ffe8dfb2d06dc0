"""Taking alerts in: recognise repeats, attach to or open an incident, set its priority. One transaction a batch.

What `receive` has returned from a commit is remembered whatever happens next; nobody needs to be told twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents import timeline
from incidents.acts import settle
from incidents.alert import Alert, AlertStatus, Link, Priority
from incidents.inventory import Inventory
from incidents.lifecycle import OPEN, IncidentStatus, move_incident
from incidents.models import AlertRow, Incident
from incidents.redaction import redact, redact_values
from incidents.severity import priority_of

REOPEN_WINDOW = timedelta(minutes=15)
"""An alert that comes back this soon after its incident was resolved reopens it: it was never fixed."""

TITLE = 300
FIELD = 4_000
LABELS = 64
"""Longest title, longest label or annotation value, and most labels that are kept of one alert."""


@dataclass(slots=True)
class Receipt:
    """What became of a batch. The lists hold incident ids; `opened` and `reopened` want a triage."""

    opened: list[int] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)
    attached: list[int] = field(default_factory=list)
    resolved: list[int] = field(default_factory=list)
    duplicates: int = 0
    unmatched: int = 0
    """Resolved or acknowledged messages for alerts that were never seen firing."""


def receive(session: Session, alerts: Sequence[Alert], inventory: Inventory, now: datetime) -> Receipt:
    """Take a batch of alerts in. Repeats of a known alert only count; the rest attach to or open an incident."""
    receipt = Receipt()
    for alert in map(_clean, alerts):
        match alert.status:
            case AlertStatus.FIRING:
                _fire(session, alert, inventory, now, receipt)
            case AlertStatus.RESOLVED:
                _resolve(session, alert, now, receipt)
            case AlertStatus.ACKNOWLEDGED:
                _acknowledge(session, alert, now, receipt)
    return receipt


def open_by_hand(
    session: Session, title: str, priority: Priority, actor: str, now: datetime, *, system: str | None = None
) -> Incident:
    """Open an incident that a person declares. There is no alert behind it, so only a person resolves it."""
    return _open(
        session,
        title=title,
        priority=priority,
        reason=f"set by {actor}",
        priority_by=actor,
        system=system,
        service=None,
        correlation="",
        summary="",
        actor=actor,
        started_at=now,
        now=now,
    )


def _clean(alert: Alert) -> Alert:
    """The alert as it is kept: without secrets, and no larger than anybody could read."""
    return replace(
        alert,
        title=redact(alert.title)[:TITLE] or "untitled alert",
        dedup_key=_short(redact(alert.dedup_key)),
        service=redact(alert.service)[:TITLE] if alert.service else None,
        system=redact(alert.system)[:TITLE] if alert.system else None,
        labels=_kept(alert.labels),
        annotations=_kept(alert.annotations),
        links=tuple(Link(redact(link.title)[:TITLE], redact(link.url)) for link in alert.links),
        runbook_url=redact(alert.runbook_url) if alert.runbook_url else None,
    )


def _short(key: str) -> str:
    return key if len(key) <= TITLE else f"{key[:100]}...{_digest(key)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def correlation_of(alert: Alert, system: str | None) -> str:
    """Alerts with the same answer belong to one incident: the same thing wrong with the same service.

    A digest, since an index takes no text of any length.
    """
    return _digest("\x1f".join((system or "", alert.service or "", alert.title)))


def _fire(session: Session, alert: Alert, inventory: Inventory, now: datetime, receipt: Receipt) -> None:
    known = _latest(session, alert)
    if known is not None and known.status != AlertStatus.RESOLVED:
        if not _outlived(session, known, now):
            _count(session, known, now)
            receipt.duplicates += 1
            return
        known.status, known.ends_at = AlertStatus.RESOLVED, now
    system = alert.system or (inventory.system_of(alert.service) if alert.service else None)
    if known is not None and _returned(session, alert, known, now, receipt):
        return
    incident = _open_incident(session, correlation_of(alert, system))
    if incident is None:
        priority, reason = priority_of(alert)
        incident = _open(
            session,
            title=alert.title,
            priority=priority,
            reason=reason,
            priority_by="rule",
            system=system,
            service=alert.service,
            correlation=correlation_of(alert, system),
            summary=_summary(alert),
            actor=f"alert:{alert.source}",
            started_at=alert.starts_at or now,
            now=now,
        )
        receipt.opened.append(_id(incident))
    else:
        receipt.attached.append(_id(incident))
    session.add(_row(session, alert, _id(incident), system, now))
    session.flush()
    _tell(session, incident, alert, f"{alert.source} reports: {alert.title}", now)


def _returned(session: Session, alert: Alert, known: AlertRow, now: datetime, receipt: Receipt) -> bool:
    """Whether this is the return of an alert whose incident is open or was resolved a moment ago."""
    incident = session.get_one(Incident, known.incident_id)
    since = now - incident.resolved_at if incident.resolved_at else None
    if incident.status == IncidentStatus.RESOLVED and since is not None and since < REOPEN_WINDOW:
        text = f"reopened: {alert.title} fires again after {_spoken(since)}"
        reset = {"resolved_at": None, "mitigated_at": None, "triaged_at": None}
        if not move_incident(
            session, incident, IncidentStatus.TRIGGERED, at=now, actor=f"alert:{alert.source}", text=text, **reset
        ):
            return False
        receipt.reopened.append(_id(incident))
    elif incident.status in OPEN:
        receipt.attached.append(_id(incident))
    else:
        return False
    if alert.starts_at == known.starts_at:  # the sender keeps one start for the whole flapping episode
        known.status, known.ends_at, known.seen_at, known.count = AlertStatus.FIRING, None, now, known.count + 1
    else:
        session.add(_row(session, alert, _id(incident), known.system, now))
    session.flush()
    _tell(session, incident, alert, f"{alert.source} reports again: {alert.title}", now)
    return True


def _resolve(session: Session, alert: Alert, now: datetime, receipt: Receipt) -> None:
    known = _latest(session, alert)
    if known is None:
        receipt.unmatched += 1
        return
    if known.status == AlertStatus.RESOLVED:
        receipt.duplicates += 1
        return
    known.status, known.ends_at, known.seen_at = AlertStatus.RESOLVED, alert.ends_at or now, now
    session.flush()
    incident = session.get_one(Incident, known.incident_id)
    _tell(session, incident, alert, f"{alert.source} reports resolved: {alert.title}", now)
    if incident.status in OPEN and not _still_firing(session, _id(incident)):
        settle(session, incident, actor=f"alert:{alert.source}", text="resolved: every alert of it has ended", now=now)
        receipt.resolved.append(_id(incident))


def _acknowledge(session: Session, alert: Alert, now: datetime, receipt: Receipt) -> None:
    known = _latest(session, alert)
    if known is None or known.status == AlertStatus.RESOLVED:
        receipt.unmatched += 1
        return
    incident = session.get_one(Incident, known.incident_id)
    if incident.status == IncidentStatus.TRIGGERED:
        move_incident(
            session,
            incident,
            IncidentStatus.ACKNOWLEDGED,
            at=now,
            actor=f"alert:{alert.source}",
            text=f"acknowledged in {alert.source}",
            acknowledged_at=now,
        )
    receipt.attached.append(_id(incident))


def _open(
    session: Session,
    *,
    title: str,
    priority: Priority,
    reason: str,
    priority_by: str,
    system: str | None,
    service: str | None,
    correlation: str,
    summary: str,
    actor: str,
    started_at: datetime,
    now: datetime,
) -> Incident:
    incident = Incident(
        title=redact(title)[:TITLE] or "untitled alert",
        priority=priority,
        priority_reason=redact(reason),
        priority_by=priority_by,
        system=system,
        service=service,
        correlation=correlation,
        summary=redact(summary),
        opened_by=actor,
        started_at=min(started_at, now),
        detected_at=now,
    )
    session.add(incident)
    session.flush()
    opened = f"opened with {priority}: {reason}"
    timeline.append(session, _id(incident), "opened", actor, opened, at=now, data={"priority": str(priority)})
    session.refresh(incident)
    return incident


def _latest(session: Session, alert: Alert) -> AlertRow | None:
    same = select(AlertRow).where(col(AlertRow.source) == alert.source, col(AlertRow.dedup_key) == alert.dedup_key)
    return session.scalars(same.order_by(col(AlertRow.id).desc()).limit(1)).first()


def _count(session: Session, row: AlertRow, now: datetime) -> None:
    counted = {"count": col(AlertRow.count) + 1, "seen_at": now}
    session.execute(update(AlertRow).where(col(AlertRow.id) == row.id).values(counted))


def _open_incident(session: Session, correlation: str) -> Incident | None:
    same = select(Incident).where(col(Incident.correlation) == correlation, col(Incident.status).in_(OPEN))
    return session.scalars(same.order_by(col(Incident.id).desc()).limit(1)).first()


def _still_firing(session: Session, incident_id: int) -> int:
    firing = [col(AlertRow.incident_id) == incident_id, col(AlertRow.status) != AlertStatus.RESOLVED]
    return session.scalar(select(func.count()).select_from(AlertRow).where(*firing)) or 0


def _outlived(session: Session, known: AlertRow, now: datetime) -> bool:
    """Whether an alert goes on although somebody closed its incident a while ago: then it wants a new one."""
    incident = session.get_one(Incident, known.incident_id)
    ended = incident.resolved_at or incident.closed_at
    return incident.status not in OPEN and ended is not None and now - ended >= REOPEN_WINDOW


def _start_of(session: Session, alert: Alert, now: datetime) -> datetime:
    """When this episode began: as the sender says, unless an earlier episode began then; then, when we saw it."""
    told = alert.starts_at or now
    same = select(col(AlertRow.id)).where(
        col(AlertRow.source) == alert.source,
        col(AlertRow.dedup_key) == alert.dedup_key,
        col(AlertRow.starts_at) == told,
    )
    return told if session.scalars(same.limit(1)).first() is None else now


def _row(session: Session, alert: Alert, incident_id: int, system: str | None, now: datetime) -> AlertRow:
    return AlertRow(
        incident_id=incident_id,
        source=alert.source,
        dedup_key=alert.dedup_key,
        status=str(alert.status),
        title=alert.title,
        service=alert.service,
        system=system,
        priority=alert.priority,
        labels=alert.labels,
        annotations=alert.annotations,
        links=[{"title": link.title, "url": link.url} for link in alert.links],
        runbook_url=alert.runbook_url,
        starts_at=_start_of(session, alert, now),
        ends_at=alert.ends_at,
        received_at=now,
        seen_at=now,
    )


def _kept(pairs: dict[str, str]) -> dict[str, str]:
    short = {name[:TITLE]: value[:FIELD] for name, value in list(pairs.items())[:LABELS]}
    redacted: dict[str, str] = redact_values(short)
    return redacted


def _summary(alert: Alert) -> str:
    return (alert.annotations.get("summary") or alert.annotations.get("description") or "")[:FIELD]


def _tell(session: Session, incident: Incident, alert: Alert, text: str, now: datetime) -> None:
    data: dict[str, Any] = {"status": str(alert.status), "dedup_key": alert.dedup_key, "labels": alert.labels}
    timeline.append(session, _id(incident), "alert", f"alert:{alert.source}", text, at=now, data=data)


def _spoken(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes} min" if minutes else f"{seconds} s"


def _id(incident: Incident) -> int:
    assert incident.id is not None
    return incident.id
