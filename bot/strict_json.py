"""JSON from strangers, read strictly: bounded nesting, bounded numbers, no duplicate keys, no NaN, clean text.

The standard reader alone raises RecursionError on deep nesting, takes NaN and duplicate keys, and lets through NUL and
lone surrogates, which no database and no process argument can carry.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from incidents.errors import Rejected

DEEPEST = 64
MOST_DIGITS = 32
STRING = re.compile(r'"(?:[^"\\]++|\\.?+)*+(?:"|\Z)', re.DOTALL)
NOT_BRACKETS = re.compile(r"[^\[\]{}]++")
UNFIT = re.compile("[\x00\ud800-\udfff]")
MAY_BE_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises Rejected with one line that says why it cannot be taken."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise Rejected(f"the body is not UTF-8: byte {why.start} cannot be read") from None
    _refuse_deep(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as why:
        raise Rejected(f"the body is not JSON: {why}") from None
    return _clean(value) if MAY_BE_UNFIT.search(text) else value


def _refuse_deep(text: str) -> None:
    """Count brackets outside strings, before any reader that recurses sees the text."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for bracket in NOT_BRACKETS.sub("", STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise Rejected(f"the body is nested deeper than {DEEPEST} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Rejected("the body has an object with the same key twice")
    return found


def _int(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise Rejected(f"the body holds a number of more than {MOST_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Rejected("the body holds a number that is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise Rejected(f"the body holds {name}, which is not JSON")


def _clean(value: Any) -> Any:
    """NUL and lone surrogates become U+FFFD. Recursion is safe here: the depth is known by now."""
    if isinstance(value, str):
        return UNFIT.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return _object([(_clean(key), _clean(item)) for key, item in value.items()])
    return value
