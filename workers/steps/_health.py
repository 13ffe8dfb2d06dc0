"""What a JSON answer says of its own health, and whether it is what the document expects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from workers.caps import legible, one_line
from workers.steps import Finding, Level
from workers.steps._bounds import words

DEEPEST = 5
MOST = 12

_BAD = words(
    "down unhealthy error errored fail failed failing failure critical unavailable disconnected unreachable ko dead "
    "offline broken red false notok not_ok not-ok timeout outage major_outage stopped exited"
)
_WARN = words("degraded warning warn starting partial partial_outage unknown yellow stale pending limited")
_OK = words(
    "ok okay up healthy pass passed passing success available connected reachable alive ready running online "
    "operational green true serving"
)
_VERDICT_KEYS = words("status ok health healthy state alive ready up success")
_GROUP_KEYS = words("checks services components dependencies details results health subsystems status")
_ERROR_KEYS = words("error errors exception")


def json_of(body: bytes | str) -> Any:
    """The JSON value of a body, or None when it is none (or `null`)."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def findings_of_health(body: bytes, subject: str) -> list[Finding]:
    """What the answer says is down, degraded or well."""
    found = sorted(_walk(json_of(body), subject, 0), key=lambda finding: list(Level).index(finding.level))
    return found[:MOST]


def findings_of_expectation(expect: object, body: bytes, status: int, subject: str) -> list[Finding]:
    """Whether the answer holds what the document says it should. A JSON value is met by any that contains it."""
    if expect is None or expect == "":
        return []
    wanted = json_of(expect) if isinstance(expect, str) else expect
    if isinstance(wanted, dict | list):
        missing = list(_lacking(wanted, json_of(body), ""))[:MOST]
        return [Finding(Level.BAD, f"not as expected: {text}", subject) for text in missing] or [_met(expect, subject)]
    text = str(expect).strip()
    if text_is_met(text, legible(body), status):
        return [_met(text, subject)]
    return [Finding(Level.BAD, f"not as expected: the document says {one_line(text, 120)}", subject)]


def text_is_met(expected: str, output: str, status: int | None = None) -> bool:
    """Whether a plain expectation ("200 OK", "PONG") is met by a status or by words of the output."""
    number = re.match(r"(?:HTTP(?:/[\d.]+)?\s+)?([1-5]\d\d)\b", expected)
    if number and status is not None:
        return int(number[1]) == status
    return " ".join(expected.lower().split()) in " ".join(output.lower().split())


def _met(expect: object, subject: str) -> Finding:
    text = expect if isinstance(expect, str) else json.dumps(expect, ensure_ascii=False)
    return Finding(Level.OK, f"as expected: {one_line(text, 120)}", subject)


def _walk(value: Any, subject: str, depth: int) -> Iterator[Finding]:
    if not isinstance(value, dict) or depth > DEEPEST:
        return
    for key, inner in value.items():
        name = str(key)
        if isinstance(inner, dict):
            yield from _walk(inner, subject if name.lower() in _GROUP_KEYS else name, depth + 1)
        elif isinstance(inner, list):
            yield from _walk_list(name, inner, subject, depth + 1)
        else:
            yield from _judged(name, inner, subject, depth)


def _walk_list(name: str, items: list[Any], subject: str, depth: int) -> Iterator[Finding]:
    for item in items[:200]:
        if isinstance(item, dict):
            label = next((str(item[key]) for key in ("name", "id", "service", "component") if key in item), name)
            yield from _walk(item, label if name.lower() in _GROUP_KEYS else subject, depth)


def _judged(name: str, value: Any, subject: str, depth: int) -> Iterator[Finding]:
    word = _word(value)
    if name.lower() in _VERDICT_KEYS:
        yield from _verdict(name, value, word, subject)
    elif name.lower() in _ERROR_KEYS and value and word not in ("none", "null", "false", "0"):
        yield Finding(Level.WARN, f"it says of an error: {one_line(str(value))}", subject)
    elif isinstance(value, str) and word in _BAD | _WARN:
        level = Level.BAD if word in _BAD else Level.WARN
        yield Finding(level, f'{name} is "{one_line(value, 60)}"', name)
    elif value is False and depth > 0:
        yield Finding(Level.BAD, f"{name} is false", name)


def _verdict(name: str, value: Any, word: str, subject: str) -> Iterator[Finding]:
    shown = json.dumps(value, ensure_ascii=False)
    text = f"it says {name}: {one_line(shown, 80)}"
    if word in _BAD:
        yield Finding(Level.BAD, text, subject)
    elif word in _WARN:
        yield Finding(Level.WARN, text, subject)
    elif word in _OK:
        yield Finding(Level.OK, text, subject)


def _word(value: Any) -> str:
    return str(value).strip().lower() if isinstance(value, str | bool) else ""


def _lacking(wanted: Any, found: Any, path: str) -> Iterator[str]:
    at = path or "the answer"
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            yield f"{at} is no JSON object" if path else "the answer is no JSON object"
            return
        for key, inner in wanted.items():
            where = f"{path}.{key}" if path else str(key)
            if key in found:
                yield from _lacking(inner, found[key], where)
            else:
                yield f"{where} is missing"
    elif isinstance(wanted, list):
        if not isinstance(found, list) or any(
            all(list(_lacking(item, other, "")) for other in found) for item in wanted
        ):
            yield f"{at} does not hold {one_line(json.dumps(wanted, ensure_ascii=False), 80)}"
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        is_now, should = (one_line(json.dumps(value, ensure_ascii=False), 80) for value in (found, wanted))
        yield f"{at} is {is_now}, not {should}"
