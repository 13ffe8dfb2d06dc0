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


def _cells(text: str, at: int, wanted: list[int]) -> Iterator[Span]:
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        cells = text[at:end].split("|")
        if len(cells) <= wanted[-1]:
            return
        for number in wanted:
            begin = at + sum(len(cell) + 1 for cell in cells[:number])
            if cells[number].strip().lower() not in _NO_VALUE:
                yield stripped(text, (begin, begin + len(cells[number])))
        at = end + 1


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
