"""Secrets that their name gives away: `password=...` as shells, JSON, YAML, XML, headers and tables spell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from incidents.finders.names import Level, is_secret, level_of

Span = tuple[int, int]

WORDS = (
    "pass",
    "pw",
    "secret",
    "token",
    "key",
    "auth",
    "cookie",
    "cred",
    "jwt",
    "otp",
    "cv[vc]",
    "sess",
    "pin",
    "bearer",
)
"""What occurs in every name that `names` knows. A test keeps it true."""

_COLOUR = r"(?:\x1b\[[0-9;]{0,9}m)?"
_SIGN = (
    r"[a-z0-9_.\-]{0,40}"
    rf"(?P<close>{_COLOUR}(?:\\{{0,4}}[\"'`]|&quot;|%22)?\]?{_COLOUR})"
    r"(?P<sep>[ \t]{0,3},?[ \t]{0,3}(?:\r?\n[ \t]{0,40})?(?P<pair>\\?[\"']?value\\?[\"']?[ \t]{0,3}[:=][ \t]{0,3})"
    rf"|[ \t]{{0,40}}(?:=>|->|:=|=(?!=)|:(?!:)|%3d|%3a|&#61;|&#x3d;|\\{{1,4}}u003d|,)[ \t]{{0,40}}{_COLOUR}"
    r"|[ \t]{0,40}[|│][ \t]{0,40}"
    r"|>"
    r"|[ \t]{1,40}(?=\S))"
)
_NAMES = tuple(re.compile(word + _SIGN) for word in WORDS)  # one search a word is faster than one for all of them
_IDENTIFIER = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"


@dataclass(frozen=True, slots=True)
class _Named:
    """A name with something that looks like its value behind it."""

    name: str
    level: Level
    start: int
    closed: bool
    sep: str
    pair: bool
    at: int

    @property
    def assigned(self) -> bool:
        return ":" not in self.sep or ":=" in self.sep


def spans(text: str, lower: str) -> Iterator[Span]:
    for pattern in _NAMES:
        covered = 0
        for match in pattern.finditer(lower):
            if match.start() < covered:
                continue  # inside a value that is masked already; looking again would make the time quadratic
            for span in _values(text, match):
                covered = max(covered, span[1])
                yield span


def _values(text: str, match: re.Match[str]) -> Iterator[Span]:
    before = text[max(0, match.start() - 48) : match.start()]
    start = match.start() - (len(before) - len(before.rstrip(_IDENTIFIER)))
    name = text[start : match.start("close")].lstrip("-.")
    sep, level = match["sep"].strip(), level_of(name)
    if sep == "," or (not sep and text[start] != "-"):  # a list or prose: only what looks like a secret counts
        if level is not Level.STRONG or not _sure(text, start, match):
            return
        level = Level.WEAK
    found = _Named(name, level, start, bool(match["close"]), sep, bool(match["pair"]), match.end())
    if _AUTHORIZATION.fullmatch(name) or name.lower().endswith("cookie"):
        yield from _header(text, found)
    elif found.level and _belongs(text, found):
        yield from _value(text, found)


_LIKELY = re.compile(
    r"[\"']?(?=[^\s\"']{0,60}\d)(?=[^\s\"']{0,60}[A-Za-z])[^\s\"'/,|:;()\[\]{}<>]{8,}[\"']?(?=[\s,;.)\]]|$)"
)


def _sure(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a name without an equals sign or colon is followed by its value: `password hunter2...`."""
    if match["sep"].strip() == "," and not match["close"]:
        return False
    return _LIKELY.match(text, match.end()) is not None


def _belongs(text: str, found: _Named) -> bool:
    """Whether what stands behind the sign is the value of this name."""
    if found.pair:
        if text[found.start - 1 : found.start] == "<":
            return True
        return _NAME_FIELD.search(text, max(0, found.start - 30), found.start) is not None
    if found.sep == ">":
        return text[found.start - 1 : found.start] in ("<", ":")
    if found.sep in ("|", "│"):
        return _first_cell(text, found)
    return True


def _value(text: str, found: _Named) -> Iterator[Span]:
    if text[found.at : found.at + 1] in ("|", ">") and (block := _block_scalar(text, found)):
        yield block
        return
    place = _place_of_value(text, found)
    if place is None:
        return
    at, shape, quoted = place
    span = shape.near(text, at)
    if not found.sep and text.startswith(("-", "id=", "type="), at):
        return  # the option's value is the next option, or says where the secret is
    if is_secret(found.name, text[slice(*span)], found.level, quoted=quoted, assigned=found.assigned):
        yield shape.whole(text, span)


class _Shape:
    """How far a value reaches. A first look is bounded; only what is a secret is followed to its end."""

    BOUND = 1000

    def __init__(self, item: str) -> None:
        self._near = re.compile(rf"(?s:{item}){{0,{self.BOUND}}}")
        self._rest = re.compile(rf"(?s:{item})*")

    def near(self, text: str, at: int) -> Span:
        match = self._near.match(text, at)
        return match.span() if match else (at, at)

    def whole(self, text: str, span: Span) -> Span:
        rest = self._rest.match(text, span[1])
        return span[0], rest.end() if rest else span[1]


_STRINGS = {
    '"': _Shape(r'[^"\\\n]|\\.'),
    "'": _Shape(r"[^'\\\n]|\\."),
    "`": _Shape(r"[^`\n]"),
}
_ESCAPED = {quote: _Shape(rf"[^\\\n]|\\(?!\\*{quote})") for quote in "\"'"}
_BARE = _Shape(r"[^\s;&\"'<>`,)}\]|]|[,)}\]](?![\s;&\"'<>`,)}\]]|$|[\w.-]{1,40}[=:])")
_WORD = _Shape(r"\S")
_PHRASE = _Shape(r"[^\s#,]|[ \t#,]+(?=[^\s#,])(?<!\s#)")
_CELL = _Shape(r"[^|│\s]|[ \t]+(?=[^|│\s])")
_ELEMENT = _Shape(r"[^<]")
_CODED = _Shape(r"[^&%\s]|&(?!quot;)|%(?!22)")
_ESCAPED_QUOTE = re.compile(r"\\{1,7}(?P<quote>[\"'])")
_PREFIXED_QUOTE = re.compile(r"[bruf@$EN]?(?P<quote>[\"'`])")
_LINE_START = re.compile(
    r"(?:[\w.-]{1,60}[ \t]+\|[ \t]?)?[ \t]*(?:export[ \t]+|set[ \t]+|env[ \t]+|ENV[ \t]+|[-+>#][ \t]*)*"
)
_NAME_FIELD = re.compile(r"(?i)(?:name|key|variable|id)\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?$")


def _place_of_value(text: str, found: _Named) -> tuple[int, _Shape, bool] | None:
    """Where a value begins, how it ends, and whether it stands in quotes."""
    if escaped := _ESCAPED_QUOTE.match(text, found.at):
        return escaped.end(), _ESCAPED[escaped["quote"]], True
    if opened := _PREFIXED_QUOTE.match(text, found.at):
        return opened.end(), _STRINGS[opened["quote"]], True
    for code in ("&quot;", "%22"):
        if text.startswith(code, found.at):
            return found.at + len(code), _CODED, True
    around = text[found.start - 1 : found.start] if found.start else ""
    if around in _STRINGS and not found.closed:  # "NAME=two words"
        return found.at, _STRINGS[around], True
    if found.sep == ">":
        return found.at, _ELEMENT, True
    if found.sep in ("|", "│"):
        return found.at, _CELL, False
    return found.at, _bare_shape(text, found), False


def _bare_shape(text: str, found: _Named) -> _Shape:
    """What begins its line reaches to the next blank, or as a YAML value to the end; others are read more carefully."""
    line = text.rfind("\n", max(0, found.start - 200), found.start) + 1
    if not found.sep or _LINE_START.fullmatch(text, line, found.start) is None:
        return _BARE
    if found.sep == "=" and text[found.at - 1] == "=":
        return _WORD
    return _PHRASE if found.sep == ":" and text[found.at - 1] in " \t" else _BARE


_RULE = re.compile(r"[-+|:─┼ ]{3,}(?:\r?\n|$)")


def _first_cell(text: str, found: _Named) -> bool:
    """Whether a name before a `|` is the first cell of its row, and the row is not the head of a table."""
    line = text.rfind("\n", max(0, found.start - 200), found.start) + 1
    if text[line : found.start].strip(" \t|│*`"):
        return False
    end = text.find("\n", found.at, found.at + 10_000)
    return end < 0 or _RULE.match(text, end + 1) is None


_BLOCK = re.compile(r"[|>][-+0-9]{0,2}[ \t]*\r?\n")


def _block_scalar(text: str, found: _Named) -> Span | None:
    """The lines of a YAML `|` or `>` that are indented deeper than its key."""
    head = _BLOCK.match(text, found.at)
    if head is None:
        return None
    line = text.rfind("\n", max(0, found.start - 200), found.start) + 1
    indent = found.start - line - len(text[line : found.start].lstrip(" -"))
    body = re.compile(rf"(?:[ \t]{{{indent + 1},}}[^\n]*(?:\n|$)|[ \t]*\r?\n){{1,2000}}").match(text, head.end())
    return None if body is None else stripped(text, body.span())


_AUTHORIZATION = re.compile(r"(?i)(?:http_|proxy-|x-)?authorization")
_SCHEME = re.compile(
    r"(?i)(?:bearer|basic|token|digest|api-?key|negotiate|ntlm|aws4-hmac-sha256|oauth|key|splunk|hawk|sso-key)[ \t]+"
)
_HEADER_BOUND = 8_000
_LINE = re.compile(r"[^\n]*")


def _header(text: str, found: _Named) -> Iterator[Span]:
    """The rest of an Authorization or Cookie header, without its scheme."""
    begin, end = _header_extent(text, found)
    scheme = _SCHEME.match(text, begin, end)
    if scheme:
        begin = scheme.end()
    elif found.name.lower() == "set-cookie":
        begin, end = _first_cookie(text, begin, end)
    value = text[begin : min(end, begin + 300)].strip()
    likely = (
        scheme
        or "=" in value
        or (" " not in value and is_secret(found.name, value, Level.WEAK, quoted=True, assigned=True))
    )
    if likely and is_secret(found.name, value, Level.STRONG, quoted=False, assigned=False):
        if end - found.at >= _HEADER_BOUND:
            end = _LINE.match(text, end).end()  # type: ignore[union-attr] # it always matches
        yield stripped(text, (begin, end))


def _header_extent(text: str, found: _Named) -> Span:
    """A header ends at the quote in which it or its value stands, or with the line."""
    line = text.find("\n", found.at, found.at + _HEADER_BOUND)
    end = line if line >= 0 else min(len(text), found.at + _HEADER_BOUND)
    quote, begin = text[found.start - 1 : found.start] if found.start and not found.closed else "", found.at
    if opened := re.compile(r"\\*[\"']").match(text, found.at):
        quote, begin = opened[0], opened.end()
    close = text.find(quote, begin, end) if quote.endswith(('"', "'")) else -1
    return begin, close if close >= 0 else end


def _first_cookie(text: str, begin: int, end: int) -> Span:
    """The value of `Set-Cookie: name=value; attributes`, and of a cookie without attributes."""
    equals, semicolon = text.find("=", begin, end), text.find(";", begin, end)
    return equals + 1 if equals >= 0 else begin, semicolon if semicolon >= 0 else end


def stripped(text: str, span: Span) -> Span:
    """The span without the blanks at its ends."""
    piece = text[slice(*span)]
    return span[0] + len(piece) - len(piece.lstrip()), span[1] - len(piece) + len(piece.rstrip())
