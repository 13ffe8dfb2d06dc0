"""Secrets that their place gives away: in addresses, behind an authentication scheme, between the lines of a PEM."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterator

from incidents.finders.named import stripped

Span = tuple[int, int]


def spans(text: str, lower: str) -> Iterator[Span]:
    yield from _addresses(text)
    yield from _queries(lower)
    yield from _schemes(text, lower)
    if "@" in text:
        yield from _without_scheme(text)
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    if "Private-Lines:" in text:
        yield from (match.span("v") for match in _PUTTY.finditer(text))


_URL = re.compile(r"://(?P<rest>[^\s\"'<>`\\]{3,2000})")
_TOKEN_USER = re.compile(r"(?=[^@]*\d)(?=[^@]*[A-Za-z])[\w-]{20,}")
_NO_PASSWORD = re.compile(r"\$\{?[A-Za-z_]\w*\}?|<[^>]*>|\*+|x{3,}|\[redacted\]|\{\w+\}|%s|")


def _addresses(text: str) -> Iterator[Span]:
    """Passwords and tokens of `scheme://user:secret@host`."""
    for match in _URL.finditer(text):
        if "@" in match["rest"] and (inside := _user_info(match["rest"])):
            at = match.start("rest")
            yield at + inside[0], at + inside[1]


def _user_info(rest: str) -> Span | None:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" not in authority:
        _, colon, port = authority.partition(":")
        if not colon or re.match(r"\d{1,5}$", port):
            return None
        authority = rest  # a password with a slash that should have been escaped
    info, _, host = authority.rpartition("@")
    if not info or not host or host.startswith("sha256:"):  # an image and its digest
        return None
    user, colon, password = info.partition(":")
    if not colon:
        return (0, len(user)) if _TOKEN_USER.fullmatch(user) else None
    return None if _NO_PASSWORD.fullmatch(password) else (len(user) + 1, len(info))


_HOST_AND_PORT = re.compile(r"@(?!sha256:)(?=[A-Za-z][\w.-]{0,100}:\d{2,5}\b)")
_USER_AND_PASSWORD = re.compile(r"(?:^|[\s\"'=(])[\w.-]{1,60}:(?P<v>(?=[^:]*[A-Za-z])[^\s:/@\"'\[]{6,100})$")


def _without_scheme(text: str) -> Iterator[Span]:
    """The password of `user:secret@host:5432`."""
    for match in _HOST_AND_PORT.finditer(text):
        begin = max(0, match.start() - 170)
        if found := _USER_AND_PASSWORD.search(text[begin : match.start()]):
            yield begin + found.start("v"), begin + found.end("v")


_QUERY = (
    r"(?:key|sig|signature|code|x-amz-signature|x-amz-credential|x-goog-signature|se?ssion|hmac|state|ticket|k|t)="
    r"(?P<v>(?=[^&\s\"'<>#]{0,99}\d)(?=[^&\s\"'<>#]{0,99}[a-z])(?!\$\{)[^&\s\"'<>#]{8,4000})"
)
_QUERIES = (re.compile(r"\?" + _QUERY), re.compile("&" + _QUERY))


def _queries(lower: str) -> Iterator[Span]:
    """Signatures and keys in the query of an address, whose names say nothing elsewhere."""
    for pattern in _QUERIES:
        yield from (match.span("v") for match in pattern.finditer(lower))


_BEARER = re.compile(r"bearer[ \t]+(?P<v>(?=[a-z._~+/=-]{0,400}\d)[a-z0-9._~+/=-]{12,8000})")
_BASIC = re.compile(r"basic[ \t]+(?P<v>[a-z0-9+/]{6,400}={0,2})")


def _schemes(text: str, lower: str) -> Iterator[Span]:
    """Credentials that follow their scheme, without the header's name before it."""
    yield from (match.span("v") for match in _BEARER.finditer(lower))
    yield from (match.span("v") for match in _BASIC.finditer(lower) if _is_basic(text[slice(*match.span("v"))]))


def _is_basic(value: str) -> bool:
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        return False


_KIND = r"(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?"
_BEGIN = re.compile(rf"-----BEGIN {_KIND}-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----")
_END = re.compile(rf"-----END {_KIND}-----|---- END SSH2 ENCRYPTED PRIVATE KEY ----")
_MARGIN = r"(?:[\w.-]{1,60}[ \t]+\|[ \t]?)?[ \t>|]{0,40}"
_BODY = re.compile(
    r"(?:(?:\\r)?\\n|\s){0,9}"
    rf"(?:{_MARGIN}(?:[A-Za-z0-9+/=]{{16,}}|(?:Proc-Type|DEK-Info|Version|Comment):[^\n\\]*|=[A-Za-z0-9+/]{{4}})?"
    r"(?:\\r)?(?:\\n|\r?\n|$|(?=[\"' ]))){1,400}"
    rf"(?:{_MARGIN}[A-Za-z0-9+/=]{{1,76}}$)?"
)
_PUTTY = re.compile(r"Private-Lines: \d+\s*\n(?P<v>(?:[A-Za-z0-9+/=]{1,100}(?:\r?\n|$)){1,400})")
_BODY_LINE = re.compile(rf"{_MARGIN}[A-Za-z0-9+/=]{{1,100}}\s*")
_LONGEST = 40_000


def _private_keys(text: str) -> Iterator[Span]:
    """Bodies of private keys, also where the beginning or the end was cut off."""
    begins = [match.end() for match in _BEGIN.finditer(text)]
    ends = [match.start() for match in _END.finditer(text)]
    for number, begin in enumerate(begins):
        following = begins[number + 1] if number + 1 < len(begins) else len(text)
        place = bisect_left(ends, begin)
        if place < len(ends) and ends[place] < min(following, begin + _LONGEST):
            yield stripped(text, (begin, ends[place]))
        elif body := _BODY.match(text, begin, following):
            yield stripped(text, body.span())
    for number, end in enumerate(ends):
        floor = max(0, end - _LONGEST, ends[number - 1] if number else 0)
        if bisect_left(begins, floor) == bisect_left(begins, end + 1):
            yield from _lines_before(text, floor, end)


def _lines_before(text: str, floor: int, end: int) -> Iterator[Span]:
    at = end
    while at > floor:
        line = text.rfind("\n", floor, at - 1) + 1 or floor
        if not _BODY_LINE.fullmatch(text, line, at):
            break
        at = line
    if at < end:
        yield stripped(text, (at, end))
