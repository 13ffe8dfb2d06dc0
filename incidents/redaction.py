"""The choke point: text that may hold secrets in, text fit to be stored and shown out.

The finders say where they see secrets; what they see is masked in one go, and again until they see nothing, so that
redacting twice changes nothing. Identifiers that people need (UUIDs, digests, container ids, times, ports, stack
traces, names without values) are left byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

from incidents.finders import blocks, commands, formats, named, places
from incidents.finders import known as known_values
from incidents.finders.names import is_secret, level_of

MASK = "[redacted]"
Span = tuple[int, int]
SHORT = 300
_HINT_WORDS = re.compile(
    r"p(?:ass|w|in|rivate)|s(?:ecret|ess|qlplus)|t(?:oken|hin:)|key|a(?:uth|lias)|c(?:ookie|red|v[vc]|ode)|jwt|otp"
    r"|b(?:earer|asic)|identified|e(?:nv |cho )|net u|login"
)
_HINT_SIGNS = re.compile(r"[@&?$<>|\\{\0]|\S{16}| -|:\*:|:5432:|/p:")


def redact(text: str, known: Iterable[str] = (), command: str | None = None) -> str:
    """The text with its secrets masked, and without what no database takes (NUL, lone surrogates).

    `known` values are masked wherever they stand, also as base64, URL-encoded, JSON-escaped and the like. `command`
    is the command whose output the text is, if it is one: what `openssl rand` prints is a secret of no known shape.
    """
    values = tuple(known)
    if command and commands.prints_a_secret(command):
        return "".join(_masked_line(line) for line in _storable(text).splitlines(keepends=True))
    if not values and len(text) <= SHORT:
        return _short(text)
    return _clean(text, values)


@lru_cache(maxsize=16_384)
def _short(text: str) -> str:
    """Alerts bring the same labels again and again, and nearly none of them could hold a secret."""
    return _clean(text, ()) if could_hold_a_secret(text) else text


def could_hold_a_secret(text: str) -> bool:
    """Whether any finder could find anything in a short text: a quick answer, and too often yes."""
    return not text.isascii() or bool(_HINT_WORDS.search(text.lower()) or _HINT_SIGNS.search(text))


def _clean(text: str, values: tuple[str, ...]) -> str:
    text = _storable(text)
    while spans := _merged(_found(text, values), text):
        text = _masked(text, spans)
    return text


def redact_values(data: Any, known: Iterable[str] = ()) -> Any:
    """The JSON value with the secrets of its texts masked, and those that only their key gives away."""
    values = tuple(known)
    if isinstance(data, str):
        return redact(data, values)
    if isinstance(data, dict):
        return {redact(str(key), values): _redacted_field(str(key), value, values) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [redact_values(item, values) for item in data]
    return data


def _redacted_field(key: str, value: Any, values: tuple[str, ...]) -> Any:
    if isinstance(value, str) and (level := level_of(key)) and is_secret(key, value, level, quoted=True, assigned=True):
        return MASK
    return redact_values(value, values)


def _found(text: str, values: tuple[str, ...]) -> Iterator[Span]:
    lower = text.lower() if text.isascii() else _ascii_lower(text)
    yield from known_values.spans(text, values)
    yield from formats.spans(text)
    for finder in (named, places, blocks, commands):
        yield from finder.spans(text, lower)


def _merged(spans: Iterable[Span], text: str) -> list[Span]:
    """The spans in order, joined where they overlap, without those that hold nothing but masks."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return [(start, end) for start, end in merged if text[start:end].replace(MASK, "").strip()]


def _masked(text: str, spans: list[Span]) -> str:
    edges = [(0, 0), *spans, (len(text), len(text))]
    return MASK.join(text[before:after] for (_, before), (after, _) in pairwise(edges))


def _storable(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _masked_line(line: str) -> str:
    return f"{MASK}{line[len(line.rstrip()) :]}" if line.strip() else line


def _ascii_lower(text: str) -> str:
    """Like `lower`, but no letter becomes two, so that positions stay."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
