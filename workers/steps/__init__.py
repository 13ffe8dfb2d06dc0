"""Step kinds, one module each, found by scanning this folder.

A module's name is the kind's name. It offers

    def run(args: Mapping[str, Any], context: Context) -> Outcome

and documents the shape of `args` in its docstring. It must end within `context.timeout` seconds by itself, must not
keep more than `context.output_cap` bytes of output, and must not raise for what the target does: a refused
connection is a finding, an unreachable Docker engine is `could_not_run`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from threading import Event
from typing import Any, Protocol, cast


class Level(StrEnum):
    """How bad a finding is. `bad` points at the cause, `warn` is worth reading, `ok` was checked and is fine."""

    BAD = "bad"
    WARN = "warn"
    INFO = "info"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line that a step read in its own result. `subject` is the service, host or resource it speaks of."""

    level: Level
    text: str
    subject: str = ""


class Result(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The step ran, and its target is not well or the command said no."""
    TIMED_OUT = "timed_out"
    COULD_NOT_RUN = "could_not_run"
    """Nothing was learnt and nothing was changed: the target could not be reached or is not there."""
    UNKNOWN = "unknown"
    """A change was begun and nobody can say whether it happened; a person is asked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did. `summary` is one line; `output` is text already capped (head and tail kept)."""

    result: Result
    summary: str
    output: str = ""
    exit_code: int | None = None
    findings: tuple[Finding, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Where and within which bounds a step runs. `timeout` is in seconds, `output_cap` in bytes.

    `allow_writes` is true only for a step that a person approved; a kind that can read and change (`sql`, `redis`,
    `http`, `docker`) refuses to change anything without it, whatever the classifier said.
    `cancelled` is set when a person stops the step.
    """

    timeout: float
    output_cap: int
    allow_writes: bool
    cancelled: Event
    title: str = ""


class StepKind(Protocol):
    def run(self, args: Mapping[str, Any], context: Context) -> Outcome: ...


@cache
def kinds() -> Mapping[str, str]:
    """Name of every step kind and the module that holds it."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return {name: f"{__name__}.{name}" for name in found if not name.startswith("_")}


def kind_named(name: str) -> StepKind:
    """The step kind of this name, imported when first needed. KeyError when there is none."""
    return cast(StepKind, importlib.import_module(kinds()[name]))
