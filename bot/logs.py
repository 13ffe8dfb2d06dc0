"""Logging: one line a record on stderr, redacted, with control characters shown instead of sent to the terminal."""

from __future__ import annotations

import logging
import sys
import time

from bot.console.output import harmless
from incidents.redaction import redact

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
QUIET = (
    "httpx",
    "httpcore",
    "urllib3",
    "slack_bolt",
    "slack_sdk",
    "celery",
    "kombu",
    "amqp",
    "docker",
    "alembic",
    "uvicorn",
)
"""Libraries whose small talk is of no use to an operator."""


def start_logging(level: str) -> None:
    """Send the log to stderr from this level on. Calling it again replaces what was set before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(FORMAT, "%Y-%m-%dT%H:%M:%SZ"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "DEBUG" else logging.WARNING)
    logging.getLogger("kombu.connection").setLevel(logging.ERROR)  # it warns that memory:// names no host


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        first, *rest = harmless(redact(super().format(record))).split("\n")
        # Only a traceback has further lines; they are indented, so that no message can forge a record of its own.
        return "\n    ".join([first, *rest])
