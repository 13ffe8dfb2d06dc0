"""One incident with everything that a page can show, written as rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.runtime import Runtime
from incidents import acts, approvals, timeline
from incidents.alert import Alert, AlertStatus, Link, Priority
from incidents.intake import receive
from incidents.inventory import Inventory
from incidents.lifecycle import StepState, move_step
from incidents.models import Incident, Run, Step

HEALTH, CURL = "Check API health", "curl -f http://localhost:8000/health"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> [link](javascript:alert(3)) <!channel>'


def told(runtime: Runtime, now: datetime, *, title: str = "LMSApiDown", resolved: bool = False) -> int:
    """An incident whose checks ran and whose fix waits, or ran and helped. Returns its id."""
    return runtime.store.write(lambda session: _tell(session, now, title, resolved))


def _tell(session: Session, now: datetime, title: str, resolved: bool) -> int:
    alert = _alert(title, now)
    (incident_id,) = receive(session, [alert], Inventory(), now).opened
    acts.acknowledge(session, incident_id, "U0ALICE", now + timedelta(seconds=95))
    run = _run(session, incident_id, now)
    refused = "no answer on http://localhost:8000/health: connection refused"
    _checked(session, run, HEALTH, CURL, StepState.FAILED, now, level="bad", found=refused)
    killed, table = "api exited with 137 (out of memory) 4 min ago", "NAME   STATE\napi    exited (137)\ndb     up"
    _checked(
        session, run, "Container status", "docker compose ps", StepState.SUCCEEDED, now,
        level="warn", found=killed, output=table,
    )  # fmt: skip
    _skipped(session, run, "Look at the queue", "celery -A app inspect active")
    _by_hand(session, run)
    fix = _fix(session, run)
    said = "api is down: the container ran out of memory"
    session.get_one(Incident, incident_id).verdict = run.verdict = said
    timeline.append(session, incident_id, "verdict", "midwatch", said, at=now + timedelta(seconds=100))
    asked = approvals.request(session, fix, ("@oncall", "U0ALICE"), now + timedelta(seconds=101), timedelta(minutes=15))
    if resolved and asked is not None and asked.id is not None:
        _mended(session, incident_id, run, fix, asked.id, asked.digest, now)
        receive(session, [_alert(title, now, AlertStatus.RESOLVED)], Inventory(), now + timedelta(minutes=9))
    return incident_id


def _alert(title: str, now: datetime, status: AlertStatus = AlertStatus.FIRING) -> Alert:
    return Alert(
        source="alertmanager",
        status=status,
        dedup_key=f"key of {title}"[:100],
        title=title,
        service="api",
        system="lms-backend",
        priority=Priority.P1,
        labels={"alertname": title[:80], "job": "lms-api", "instance": "lms-1.example:8000", "severity": "critical"},
        annotations={
            "summary": "The LMS API does not answer its health check",
            "description": "Down for over a minute.",
        },
        links=(Link("Prometheus", "http://prometheus.example:9090/graph?g0.expr=up"),),
        runbook_url="https://runbooks.example/lms-backend",
        starts_at=now - timedelta(seconds=62),
        ends_at=now + timedelta(minutes=9) if status is AlertStatus.RESOLVED else None,
    )


def _run(session: Session, incident_id: int, now: datetime) -> Run:
    run = Run(
        incident_id=incident_id,
        procedure_id="lms-backend/api-unavailability",
        document="lms-backend.md",
        heading=["LMS Backend", "3. Incidents", "3.1.1 API Unavailability"],
        line=77,
        mode="live",
        state="waiting",
        requested_by="midwatch",
        why="LMSApiDown names the API; symptom 'health check fails'",
        created_at=now + timedelta(seconds=1),
    )
    session.add(run)
    session.flush()
    timeline.append(session, incident_id, "planned", "midwatch", "follows '3.1.1 API Unavailability'", at=now)
    return run


def _step(session: Session, run: Run, title: str, text: str | None, **values: object) -> Step:
    step = Step(run_id=run.id or 0, incident_id=run.incident_id, title=title, text=text, line=80, **values)
    step.call = {"args": {}, "filters": [], "display": text} if text else {}
    session.add(step)
    session.flush()
    return step


def _checked(
    session: Session, run: Run, title: str, text: str, to: StepState, now: datetime,
    *, level: str, found: str, output: str = "", round_: int = 1,
) -> Step:  # fmt: skip
    step = _step(session, run, title, text, kind="http", risk="read_only", target="api", state="ready", round=round_)
    later = now + timedelta(seconds=3)
    move_step(session, step, StepState.RUNNING, at=later, actor="midwatch", text=f"runs: {title}", started_at=later)
    finding = [{"level": level, "text": found, "subject": "api"}]
    done = {"finished_at": later + timedelta(milliseconds=412), "findings": finding, "output": output, "summary": found}
    move_step(session, step, to, at=later, actor="midwatch", text=f"{to}: {title} ({found})", **done)
    return step


def _skipped(session: Session, run: Run, title: str, text: str) -> None:
    why = "could not run: no `celery` target for lms-backend in the inventory"
    _step(session, run, title, text, kind="celery", risk="read_only", state="skipped", summary=why)


def _by_hand(session: Session, run: Run) -> None:
    _step(session, run, "If issue persists, roll back to previous version", None, phase="manual")


def _fix(session: Session, run: Run) -> Step:
    why = "restarts containers"
    return _step(
        session, run, "Restart API service", "docker compose restart api", phase="solution", kind="docker",
        risk="mutating", reason=why, target="lms/api", digest="d" * 64,
    )  # fmt: skip


def _mended(session: Session, incident_id: int, run: Run, fix: Step, asked: int, digest: str, now: datetime) -> None:
    then = now + timedelta(minutes=4)
    approvals.decide(session, asked, digest, True, "U0ALICE", (), then)
    session.refresh(fix)
    move_step(
        session, fix, StepState.RUNNING, at=then, actor="midwatch", text="runs: Restart API service", started_at=then
    )
    done = {"finished_at": then + timedelta(seconds=6), "summary": "api restarted", "exit_code": 0}
    move_step(
        session, fix, StepState.SUCCEEDED, at=then, actor="midwatch", text="succeeded: Restart API service", **done
    )
    _checked(session, run, HEALTH, CURL, StepState.SUCCEEDED, then, level="ok", found="200 in 12 ms", round_=2)
    run.state, run.finished_at = "finished", then + timedelta(seconds=12)
    acts.note(session, incident_id, "U0BOB", "memory limit raised to 1 GiB, ticket OPS-118", then)
