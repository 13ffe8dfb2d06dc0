"""Secrets that another line gives away: the cells below a heading, the data of a Kubernetes Secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.finders.named import stripped
from incidents.finders.names import Level, level_of

Span = tuple[int, int]


def spans(text: str, lower: str) -> Iterator[Span]:
    if "|" in text and "--" in text:
        yield from _tables(text)
    yield from _separated(text, lower)
    if "insert" in lower and "values" in lower:
        yield from _inserted(text, lower)
    if "secret" in lower and _MANIFEST.search(lower):
        yield from _manifests(text)


_RULE = re.compile(r"\n[ \t]*[|+├╞]?[ \t]*[:=─━-]{2,}[-+|: \t=─━┼╪]*[|+┤╡]?[ \t]*(?=\r?\n|$)")
_NO_VALUE = frozenset({"", "null", "none", "\\n"})


def _tables(text: str) -> Iterator[Span]:
    """The cells below a heading that says secret, as psql, mysql and Markdown draw them."""
    covered = 0
    for rule in _RULE.finditer(text):
        if rule.start() < covered:
            continue
        head = text[text.rfind("\n", 0, rule.start()) + 1 : rule.start()]
        if "|" not in head:
            continue
        wanted = [number for number, cell in enumerate(head.split("|")) if level_of(cell.strip(" *`")) is Level.STRONG]
        if wanted:
            for span in _cells(text, rule.end() + 1, wanted):
                covered = span[1]
                yield span


def _cells(text: str, at: int, wanted: list[int], sign: str = "|", width: int = 0) -> Iterator[Span]:
    """The wanted cells of the lines that follow; a `width` is how many cells each of them must have."""
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        cells = text[at:end].split(sign)
        if len(cells) <= wanted[-1] or (width and len(cells) != width):
            return
        for number in wanted:
            begin = at + sum(len(cell) + 1 for cell in cells[:number])
            if cells[number].strip().lower() not in _NO_VALUE:
                yield stripped(text, (begin, begin + len(cells[number])))
        at = end + 1


_HEADINGS = tuple(
    re.compile(rf"{word}[a-z0-9_]{{0,40}}\"?(?=[,;\t\n\r])") for word in ("passw", "secret", "token", "api_?key")
)
_CELL_NAME = re.compile(r"\"?[A-Za-z_][\w.-]*\"?")


def _separated(text: str, lower: str) -> Iterator[Span]:
    """The cells below a heading that says secret, in comma or tab separated lines."""
    for pattern in _HEADINGS:
        covered = 0
        for match in pattern.finditer(lower):
            if match.start() < covered:
                continue
            begin = text.rfind("\n", max(0, match.start() - 2000), match.start()) + 1
            end = text.find("\n", match.end(), match.end() + 2000)
            covered = end = len(text) if end < 0 else end
            for span in _below(text, text[begin:end].rstrip("\r"), end + 1):
                covered = span[1]
                yield span


def _below(text: str, head: str, at: int) -> Iterator[Span]:
    sign = next((sign for sign in "\t,;" if sign in head), "")
    cells = head.split(sign) if sign else []
    if all(_CELL_NAME.fullmatch(cell) for cell in cells):
        wanted = [number for number, cell in enumerate(cells) if level_of(cell.strip('"'))]
        if wanted:
            yield from _cells(text, at, wanted, sign, len(cells))


_INSERT = re.compile(r"insert\s+into\s+[^()\n]{1,100}\((?P<names>[^()\n]{1,2000})\)\s*values\s*(?=\()")
_SQL_ROW = re.compile(r"\((?P<values>(?:'(?:[^']|'')*'|[^()'])*)\)[, \n]{0,9}")
_SQL_VALUE = re.compile(r"\s*(?:'(?P<v>(?:[^']|'')*)'|[^,']+)\s*(?:,|$)")


def _inserted(text: str, lower: str) -> Iterator[Span]:
    """The values that an INSERT gives to columns whose name says secret."""
    for match in _INSERT.finditer(lower):
        names = [name.strip(' `"') for name in text[slice(*match.span("names"))].split(",")]
        secret = [level_of(name) is Level.STRONG for name in names]
        row = _SQL_ROW.match(text, match.end())
        while row and any(secret):
            for wanted, value in zip(secret, _SQL_VALUE.finditer(text, *row.span("values")), strict=False):
                if wanted and value["v"]:
                    yield value.span("v")
            row = _SQL_ROW.match(text, row.end())


_MANIFEST = re.compile(r"kind\\?[\"']?:[ \t]*\\?[\"']?secret\b")
_DATA = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:data|stringData):[ \t]*\r?\n(?P<body>(?:(?P=indent)[ \t]+[^\n]*(?:\n|$)){1,500})"
)
_DATA_JSON = re.compile(r"\"(?:data|stringData)\":\s*\{(?P<body>[^{}]{1,100000})\}")
_ITEM = re.compile(r":[ \t]+[\"']?(?P<v>[^\s\"'|>][^\n\"']*)")
_ITEM_JSON = re.compile(r":\s*\"(?P<v>[^\"]+)\"")


def _manifests(text: str) -> Iterator[Span]:
    """The values of a Kubernetes Secret, whatever their names."""
    for data, item in ((_DATA, _ITEM), (_DATA_JSON, _ITEM_JSON)):
        for match in data.finditer(text):
            yield from (value.span("v") for value in item.finditer(text, *match.span("body")))
