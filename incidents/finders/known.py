"""Secrets that the caller knows: the values of the environment that a step was given."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus


def spans(text: str, known: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where known values stand, in whichever way they are written."""
    for value in known:
        for form in _forms(value):
            if form in text:
                pattern = re.escape(form)
                if len(form) < 4:  # a short one would be found inside every other word
                    pattern = rf"(?<!\w){pattern}(?!\w)"
                yield from (match.span() for match in re.finditer(pattern, text))


@lru_cache(maxsize=512)
def _forms(value: str) -> tuple[str, ...]:
    """How a value may be written: as it is, and as the encodings that tools print."""
    raw = value.encode("utf-8", "surrogatepass")
    encoded = quote(raw, safe="")
    forms = {value, value.strip(), repr(value)[1:-1], shlex.quote(value)}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(json.dumps(value))[3:-3]}
    forms |= {encoded, quote(raw, safe="/"), quote_plus(raw), re.sub("%..", lambda match: match[0].lower(), encoded)}
    forms |= {html.escape(value), html.escape(value, quote=False)}
    forms |= {line.strip() for line in value.splitlines() if len(line.strip()) >= 12}
    if len(raw) >= 6:
        forms |= {base64.b64encode(raw).decode(), raw.hex(), raw.hex().upper()}
        forms |= {coded for shift in range(3) for coded in _inside_base64(raw, shift)}
    return tuple(sorted((form for form in forms if form.strip()), key=len, reverse=True))


def _inside_base64(raw: bytes, shift: int) -> Iterator[str]:
    """The part of a base64 text that `raw` alone determines when `shift` bytes (modulo three) stand before it."""
    whole = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
    begin = (0, 2, 3)[shift]
    end = len(whole) if (shift + len(raw)) % 3 == 0 else len(whole) - 1
    core = whole[begin:end]
    if len(core) >= 7:
        yield core
        yield core.translate(str.maketrans("+/", "-_"))
