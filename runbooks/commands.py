"""Judging commands: what one line would do, and what the lines of a fenced block are."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from runbooks.document import Judgement, Risk
from runbooks.risk._verdict import Verdict, edited, unknown
from runbooks.risk._walk import State, verdict_of

_LONGEST = 64 * 1024
_PLACEHOLDER = re.compile(r"(?<![<\w])<([A-Za-z](?:[\w .:/|-]{0,78}\w)?)>(?![>\w(])|\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


def judge(text: str, safe: Collection[str] = ()) -> Judgement:
    """The judgement on one command line. `safe` are verbs of unknown tools that the inventory vouches for."""
    return _judged(text, tuple(safe))


@lru_cache(maxsize=8192)
def _judged(text: str, safe: tuple[str, ...]) -> Judgement:
    return judgement_of(text, safe, State())


def judgement_of(text: str, safe: Collection[str], state: State) -> Judgement:
    """As `judge`, within a shell session whose earlier lines left `state`."""
    text = text.strip().replace("\r\n", "\n")
    verdict = _verdict(text, safe, state)
    return _finished(text, verdict)


def masked(text: str) -> str:
    """`text` with every bracketed placeholder replaced by a plain word of the same length, as if it were filled in."""
    return _PLACEHOLDER.sub(lambda found: "_" + re.sub(r"\W", "_", found[0][1:-1]) + "_", text)


def _verdict(text: str, safe: Collection[str], state: State) -> Verdict:
    if not text:
        return Verdict(Risk.NOT_A_COMMAND, "there is nothing here")
    if len(text) > _LONGEST:
        return unknown("the command is too long to be understood")
    if _INVISIBLE.search(text):
        return unknown("it holds invisible characters, so it may not be what it looks like")
    return verdict_of(masked(text), safe, state)


def _finished(text: str, verdict: Verdict) -> Judgement:
    risk, bounded, bounded_risk = verdict.risk, None, None
    if verdict.endless and not verdict.edits and risk is Risk.READ_ONLY:
        risk = Risk.INTERACTIVE
    elif verdict.edits and risk not in (Risk.INTERACTIVE, Risk.NOT_A_COMMAND):
        bounded, bounded_risk = edited(text, verdict.edits), risk
        if verdict.endless and risk is Risk.READ_ONLY:
            risk = Risk.INTERACTIVE
    return Judgement(
        risk,
        verdict.reason,
        runs_as=_runs_as(text, risk, bounded),
        bounded=bounded,
        bounded_risk=bounded_risk,
        placeholders=_placeholders(text),
        leaks_secret=verdict.leaks or _shows_secret(text),
    )


def _runs_as(text: str, risk: Risk, bounded: str | None) -> str:
    from runbooks.translate import calls_of  # the translation builds on the shell reader too; late, so neither waits

    if risk is Risk.NOT_A_COMMAND or (risk is Risk.INTERACTIVE and bounded is None):
        return "manual"
    calls = calls_of(bounded or text)
    return calls[0].kind if calls else "manual"


def _placeholders(text: str) -> tuple[str, ...]:
    from runbooks.variables import placeholders_of

    return placeholders_of(text)


def _shows_secret(text: str) -> bool:
    from runbooks.variables import shows_secret

    return shows_secret(text)
