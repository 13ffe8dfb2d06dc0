"""What every native step kind stands on: an end in time, and no secret in what it says.

Libraries that talk to a network block in places that no timeout of theirs covers (name resolution, a server that
sends one byte a second, a file system that is gone). So the work happens in a thread of its own that can be given up;
what it had open is closed, and the step ends with its own clear outcome.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from incidents.errors import Misconfigured
from incidents.inventory import REFERENCE, expand
from incidents.redaction import redact
from workers.caps import cap_text, one_line
from workers.steps import Context, Finding, Level, Outcome, Result

log = logging.getLogger(__name__)
SHORTEST_SECRET = 3
"""Masking every `db` or `1` of an answer would tell more than it hides."""
_TICK = 0.1
_OURS = frozenset(
    f"MIDWATCH_{name}" for name in ("WEBHOOK_TOKEN", "API_TOKEN", "DATABASE_URL", "BROKER_URL", "REDIS_URL")
)


class OutOfTime(Exception):
    """The step's time is over; raised inside its work so that it stops."""


class Watch:
    """How much time a step has left, what it must close when it is given up, and which secrets it was handed."""

    def __init__(self, context: Context, limit: float | None = None) -> None:
        self.context = context
        granted = min(context.timeout, limit) if limit else context.timeout
        self.seconds = granted
        self.began = time.monotonic()
        self.deadline = self.began + granted - min(1.0, granted * 0.05)
        self.given_up = False
        self.secrets: list[str] = []
        self._closers: list[Callable[[], object]] = []

    def left(self) -> float:
        """Seconds until the end. Raises OutOfTime when there are none, or when the step was given up."""
        left = self.deadline - time.monotonic()
        if left <= 0 or self.given_up:
            raise OutOfTime
        return left

    def secret(self, text: str) -> str:
        """`text` with its `${NAME}` references filled in; the values are kept out of everything the step says."""
        ours = next((name for name in REFERENCE.findall(text) if name in _OURS or name.startswith("SLACK_")), None)
        if ours is not None:
            raise Misconfigured(f"{ours} is Midwatch's own secret and is not handed to a step")
        filled = expand(text, os.environ)
        if filled != text:
            values = (os.environ[name] for name in REFERENCE.findall(text))
            self.secrets += [value for value in values if len(value) >= SHORTEST_SECRET]
            self.secrets += [filled, *_passwords(filled)]
        return filled

    def on_giving_up(self, close: Callable[[], object]) -> None:
        self._closers.append(close)

    def give_up(self) -> None:
        self.given_up = True
        for close in reversed(self._closers):
            threading.Thread(target=_quietly, args=(close,), daemon=True).start()


def bounded(
    context: Context, work: Callable[[Watch], Outcome], *, subject: str, name: str = "", limit: float | None = None
) -> Outcome:
    """Do the work of a step: within its time, cancellable, its words redacted, its output capped.

    `subject` is what is worked on, in the words of the time-out ("`subject` did not answer within 5 s").
    """
    watch = Watch(context, limit)
    if context.cancelled.is_set():
        return Outcome(Result.FAILED, f"{subject}: stopped by a person before it began")
    done: Future[Outcome] = Future()
    threading.Thread(target=_fulfil, args=(done, work, watch), name="step", daemon=True).start()
    return hushed(_await(done, watch, subject, name or subject), watch.secrets, context.output_cap)


def hushed(outcome: Outcome, secrets: Iterable[str], cap: int) -> Outcome:
    """The outcome without the secrets, and no longer than allowed."""
    known = sorted({value for value in secrets if value}, key=len, reverse=True)
    output, cut = cap_text(redact(outcome.output, known), cap)
    findings = tuple(
        replace(found, text=one_line(redact(found.text, known), 300), subject=one_line(redact(found.subject, known)))
        for found in outcome.findings
    )
    summary = one_line(redact(outcome.summary, known), 300)
    return replace(outcome, summary=summary, output=output, findings=findings, truncated=outcome.truncated or cut)


def could_not_run(why: str, subject: str = "", level: Level = Level.WARN) -> Outcome:
    """Nothing was learnt and nothing was changed, because of `why`."""
    return Outcome(Result.COULD_NOT_RUN, why, findings=(Finding(level, why, subject),))


def refused(what: str, subject: str = "") -> Outcome:
    """The step would change something and nobody approved that."""
    return could_not_run(f"refused: {what} changes something, and this step was not approved to", subject)


def failed(why: str, subject: str = "", output: str = "", exit_code: int | None = None) -> Outcome:
    """The target is not well, in one line."""
    return Outcome(Result.FAILED, why, output, exit_code, (Finding(Level.BAD, why, subject),))


def seconds_of(value: float) -> str:
    """A duration in the words of a person: `12 ms`, `2.3 s`, `4 min`, `3 h`, `5 days`."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 120:
        return f"{value:.1f}".removesuffix(".0") + " s"
    if value < 7200:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h" if value < 172800 else f"{value / 86400:.0f} days"


def bytes_of(value: float) -> str:
    """A size in the words of a person: `512 B`, `1.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Columns of text, aligned."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _fulfil(done: Future[Outcome], work: Callable[[Watch], Outcome], watch: Watch) -> None:
    try:
        done.set_result(work(watch))
    except OutOfTime:
        done.set_exception(OutOfTime())
    except Misconfigured as wrong:
        done.set_result(could_not_run(str(wrong)))
    except Exception as surprise:  # noqa: BLE001 - a step may not raise for what its target does; this is its edge
        if not watch.given_up:
            log.error("a step failed in an unforeseen way\n%s", redact(traceback.format_exc(), watch.secrets))
        done.set_result(could_not_run(f"the step broke off: {type(surprise).__name__}: {surprise}"))


def _await(done: Future[Outcome], watch: Watch, subject: str, name: str) -> Outcome:
    while True:
        left = watch.deadline - time.monotonic()
        if watch.context.cancelled.is_set():
            watch.give_up()
            return Outcome(Result.FAILED, f"{subject}: stopped by a person before it ended")
        try:
            return done.result(max(min(left, _TICK), 0))
        except OutOfTime:
            left = 0
        except NotYet:
            pass
        if left <= 0:
            watch.give_up()
            return _late(watch, subject, name)


def _late(watch: Watch, subject: str, name: str) -> Outcome:
    took = time.monotonic() - watch.began  # a limit of the step's own, such as for connecting, may have been shorter
    text = f"{subject} did not answer within {seconds_of(took if took < 0.9 * watch.seconds else watch.seconds)}"
    if watch.context.allow_writes:
        text += "; what was asked of it may or may not have been done"
    return Outcome(Result.TIMED_OUT, text, findings=(Finding(Level.BAD, text, name),))


def _passwords(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        return [value for secret in (parts.password,) if secret for value in (secret, unquote(secret))]
    except ValueError:
        return []


def _quietly(close: Callable[[], object]) -> None:
    try:
        close()
    except Exception:  # nobody waits for it any more, and libraries raise anything here
        log.debug("closing what a given-up step had open failed", exc_info=True)
