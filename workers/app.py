"""The Celery app. Messages carry one id and are only hints: the rows say what is to be done, the sweep what was missed.

So nothing here keeps results, retries, counts down or acknowledges late: those would make a message more than a hint.
The settings answer faults that were measured; see docs/decisions/0003-celery-is-a-doorbell.md.
"""

from __future__ import annotations

from typing import Any

from celery import Celery

QUEUE = "midwatch"

app = Celery("midwatch")
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    task_publish_retry=False,
    task_serializer="json",
    accept_content=["json"],
    enable_utc=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_pool_acquire_timeout=2,
    imports=["workers.tasks"],
)

POLL = 0.01
"""Seconds between looks at the in-memory queue. Celery's default of one second makes every step seem asleep."""


def connect(broker_url: str) -> Celery:
    """Point the app at a broker, before the first hint is sent there."""
    options: dict[str, Any] = {}
    if broker_url.startswith("memory://"):
        options = {"polling_interval": POLL}
        broker_url = "memory://localhost//"  # without a host kombu warns of every connection
    elif broker_url.startswith(("redis://", "rediss://")):
        # Without these a frozen Redis blocks the publisher for ever.
        options = {
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "visibility_timeout": 120,
            "max_retries": 1,
        }
    app.conf.update(broker_url=broker_url, broker_transport_options=options)
    # The connections to the broker before, which Celery would go on using; the stubs do not know where it keeps them.
    app._pool = app.amqp._producer_pool = None  # type: ignore[attr-defined]
    return app
