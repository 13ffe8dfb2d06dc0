"""What tests of step kinds share: contexts, and a short way to ask an outcome what it said."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event

from workers.steps import Context, Level, Outcome


def context(timeout: float = 10.0, *, writes: bool = False, cap: int = 65536) -> Context:
    """The bounds of a step that nobody cancels."""
    return Context(timeout, cap, writes, Event())


@dataclass(frozen=True, slots=True)
class Said:
    """The findings of an outcome, to be searched."""

    outcome: Outcome

    def has(self, level: Level, text: str) -> bool:
        return any(found.level is level and text in found.text for found in self.outcome.findings)

    def bad(self, text: str) -> bool:
        return self.has(Level.BAD, text) or self._show(text)

    def warn(self, text: str) -> bool:
        return self.has(Level.WARN, text) or self._show(text)

    def info(self, text: str) -> bool:
        return self.has(Level.INFO, text) or self._show(text)

    def ok(self, text: str) -> bool:
        return self.has(Level.OK, text) or self._show(text)

    def _show(self, text: str) -> bool:
        """A failed assertion shows what was said instead."""
        raise AssertionError(f"{text!r} was not said, but: {self.outcome.summary} {self.outcome.findings}")
