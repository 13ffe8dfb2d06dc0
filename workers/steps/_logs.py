"""Error lines of a log, folded: the same trouble a thousand times is one finding with a count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workers.caps import one_line
from workers.steps import Finding, Level

MOST = 5
"""Shapes that become findings; the rest is told as a number."""
LONGEST_LINE = 2000

_GRAVE = re.compile(
    r"\b(?:fatal|panic(?:ked|king)?|critical|emerg|out of memory|oomkilled|oom-kill\w*|segfault|segmentation fault|"
    r"no space left on device|too many open files|corrupt(?:ed|ion)?)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:\w*(?:Error|Exception)\b|error|err|exception|severe|failed|failure|refused|unreachable|denied|timed out|"
    r"timeout|deadlock|unable to|cannot|could not|too many connections|aborted|killed)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:\b(?:0|no|zero) (?:errors?|failures?)|(?:^|[,;(] ?)0 failed|\b(?:errors?|failed|failures?|err)\W{0,3}[=:]\s*"
    r"(?:0\b|none|null|false|nil|\"\")|\bwithout errors?|\berror[_-]?log|\berror_?rate\W+0(?:\.0+)?\b)",
    re.IGNORECASE,
)
_CALM = re.compile(r"(?:^|[\s\[|\"'=:])(?:DEBUG|TRACE|INFO|NOTICE)(?:$|[\s\]|\"':,])", re.IGNORECASE)
_HTTP_OK = re.compile(r"\" [123]\d\d\b")
_HTTP_DOWN = re.compile(r"\"[A-Z]+ \S+ HTTP/[\d.]+\"? +(5\d\d)\b|\" (5\d\d) ")

_STAMP = re.compile(
    r"^\W{0,2}(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d| UTC| GMT)?"
    r"|\w{3} +\d{1,2} \d\d:\d\d:\d\d|\d\d:\d\d:\d\d(?:[.,]\d+)?)\W{0,3}\s*"
)
_FOLDED = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
)


@dataclass(slots=True)
class _Shape:
    count: int
    example: str
    grave: bool


def errors_of(text: str, subject: str = "") -> list[Finding]:
    """The trouble that a log or an output tells of, the gravest and most frequent first; empty when there is none."""
    shapes = _shapes(text.splitlines())
    ranked = sorted(shapes.values(), key=lambda shape: (not shape.grave, -shape.count))
    findings = [_finding(shape, subject) for shape in ranked[:MOST]]
    rest = sum(shape.count for shape in ranked[MOST:])
    if rest:
        kinds = len(ranked) - MOST
        findings.append(Finding(Level.INFO, f"and {rest} more error lines of {kinds} other kinds", subject))
    return findings


def shape_of(line: str) -> str:
    """The line with what differs from one time to the next left out."""
    shape = _STAMP.sub("", line)
    for pattern, name in _FOLDED:
        shape = pattern.sub(name, shape)
    return " ".join(shape.split())


def is_trouble(line: str) -> bool:
    """Whether a log line tells of an error."""
    if _HARMLESS.search(line) or _HTTP_OK.search(line):
        return False
    if _GRAVE.search(line) or _HTTP_DOWN.search(line):
        return True
    return bool(_TROUBLE.search(line)) and not _CALM.search(line[:120])


def _shapes(lines: Iterable[str]) -> dict[str, _Shape]:
    shapes: dict[str, _Shape] = {}
    for whole in lines:
        line = whole[:LONGEST_LINE]
        if not line.strip() or not is_trouble(line):
            continue
        known = shapes.setdefault(shape_of(line), _Shape(0, "", bool(_GRAVE.search(line))))
        known.count += 1
        known.example = line
    return shapes


def _finding(shape: _Shape, subject: str) -> Finding:
    text = one_line(_STAMP.sub("", shape.example), 220)
    counted = f"{shape.count} x {text}" if shape.count > 1 else text
    return Finding(Level.BAD if shape.grave else Level.WARN, counted, subject)
