"""What the workers of another Celery application say, asked through its broker.

args: {app, command, service|None, broker}. `broker` may hold `${NAME}` references. Commands that look: ping, stats,
active, reserved, scheduled, registered, active_queues, revoked, report, clock. Others are refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from workers.caps import one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import Watch, bounded, could_not_run, failed, seconds_of, words

LOOKS = words("ping stats active reserved scheduled registered active_queues revoked report clock")
PATIENCE = 3.0
"""Seconds that answers are waited for: as nobody knows how many workers there are, all of it is always spent."""
LONG = 300.0
"""Seconds after which a running task is called long."""


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Ask all workers, and tell who answers and what hangs."""
    command = str(args.get("command") or "ping")
    name = str(args.get("service") or args.get("app") or "celery")
    if command not in LOOKS:
        return could_not_run(f"`celery inspect {command}` is not one of the questions that are asked unasked", name)
    if not args.get("broker"):
        return could_not_run("the inventory names no broker for this Celery application", name)
    subject = f"the broker of {name}"
    return bounded(context, lambda watch: _work(str(args["broker"]), command, name, watch), subject=subject, name=name)


def _work(broker: str, command: str, name: str, watch: Watch) -> Outcome:
    url = watch.secret(broker)
    if url.split(":", 1)[0] not in ("redis", "rediss", "amqp", "amqps", "pyamqp", "sentinel"):
        return could_not_run("only brokers on redis:// and amqp:// can be asked", name)
    try:
        answers = _asked(url, command, watch)
    except (OperationalError, KombuError, OSError) as failure:
        return failed(f"the broker of {name} cannot be reached ({_why(failure)})", name, exit_code=1)
    if not answers:
        return failed(f"no worker of {name} answered within {seconds_of(_patience(watch))}", name, exit_code=69)
    return _outcome(command, name, answers)


def _patience(watch: Watch) -> float:
    return min(PATIENCE, watch.seconds / 3)


def _asked(url: str, command: str, watch: Watch) -> dict[str, Any]:
    app = Celery("midwatch-inspects", broker=url, set_as_current=False)
    limits = {"socket_timeout": watch.left(), "socket_connect_timeout": min(5.0, watch.left()), "max_retries": 0}
    app.conf.broker_transport_options = limits | {"retry_on_timeout": False}
    app.conf.broker_connection_timeout = min(5.0, watch.left())
    try:
        with app.connection_for_read() as connection:
            watch.on_giving_up(connection.close)
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=max(1, min(5, int(watch.left()))))
            inspector = app.control.inspect(timeout=_patience(watch), connection=connection)
            return getattr(inspector, command)() or {}
    finally:
        app.close()


def _why(failure: Exception) -> str:
    text = one_line(str(failure) or type(failure).__name__, 160)
    return "connection refused, nothing listens there" if "refused" in text else text


def _outcome(command: str, name: str, answers: Mapping[str, Any]) -> Outcome:
    many = f"{len(answers)} worker{'s' * (len(answers) != 1)} of {name} answered"
    findings = [Finding(Level.OK, many, name)]
    if command == "active":
        findings += _long_tasks(answers, name)
    if command in ("active", "reserved", "scheduled"):
        count = sum(len(tasks) for tasks in answers.values() if isinstance(tasks, list))
        findings.append(Finding(Level.INFO, f"{count} tasks are {command}", name))
    output = json.dumps(answers, indent=2, ensure_ascii=False, default=str)
    return Outcome(Result.SUCCEEDED, many, output, 0, tuple(findings))


def _long_tasks(answers: Mapping[str, Any], name: str) -> list[Finding]:
    now = time.time()
    tasks = [task for found in answers.values() if isinstance(found, list) for task in found if isinstance(task, dict)]
    ages = [(now - float(task["time_start"]), str(task.get("name"))) for task in tasks if task.get("time_start")]
    return [
        Finding(Level.WARN, f"the task {task} runs for {seconds_of(age)} already", name)
        for age, task in sorted(ages, reverse=True)[:3]
        if age > LONG
    ]
