"""A document as a tree of sections that hold blocks: paragraphs line by line, fences, lists, tables.

markdown-it-py does the reading; its tokens carry the source lines that every step has to point back to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from runbooks.document import Remark

NESTING = 60
"""Deepest nesting of lists and quotes that is read; two levels of it make one list in another."""

MOST_BRACKETS = 500
LONGEST_PARAGRAPH = 100_000

_ATTRIBUTE = re.compile(r"""([A-Za-z][\w-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s{}]+)""")
_LANGUAGE = re.compile(r"^\{?\.?([A-Za-z][\w+#-]*)")
_TASK = re.compile(r"^\[([ xX])\]\s+")
_ASIDE = re.compile(r"^\s*(\([^()]*\))?\s*([:–—]|-(?=\s))?\s*")
_HTML_TAG = re.compile(
    r"</?(?:a|b|i|em|strong|code|br|p|div|span|sub|sup|kbd|details|summary|img|u|s|small|hr)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Span:
    """One line of running text. `label` is the bold (or italic) words it begins with, without their colon.

    `rest` is what follows the label, `aside` the parenthesis between the two, `text` the whole without markup.
    `pieces` alternates words and inline code: ("text", "Restart: "), ("code", "docker compose restart api").
    """

    line: int
    text: str
    label: str | None = None
    rest: str = ""
    aside: str = ""
    pieces: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(content for kind, content in self.pieces if kind == "code")


@dataclass(frozen=True, slots=True)
class Paragraph:
    line: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced (or indented) block. `first_line` is the line of the body's first line."""

    line: int
    first_line: int
    language: str
    attributes: dict[str, str]
    body: str
    fenced: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list. `done` is None unless it is a task ("- [ ] ...")."""

    line: int
    blocks: tuple[Block, ...]
    done: bool | None = None

    @property
    def span(self) -> Span:
        """The item's first line of text, which may be empty."""
        first = self.blocks[0] if self.blocks else None
        return first.spans[0] if isinstance(first, Paragraph) and first.spans else Span(self.line, "")


@dataclass(frozen=True, slots=True)
class Listing:
    line: int
    ordered: bool
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Table:
    line: int
    header: tuple[Span, ...]
    rows: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    line: int
    blocks: tuple[Block, ...]


Block = Paragraph | Fence | Listing | Table | Quote


@dataclass(slots=True)
class Section:
    """A heading and what stands below it, up to the next heading of its level. Level 0 is the document itself."""

    level: int
    heading: str
    line: int
    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)
    links: tuple[str, ...] = ()

    def walk(self) -> Iterator[Section]:
        """This section and all below it, in the order of the document."""
        waiting = [self]
        while waiting:
            section = waiting.pop()
            yield section
            waiting.extend(reversed(section.children))


def outline(text: str) -> tuple[Section, tuple[Remark, ...]]:
    """The document's sections, and warnings about what was nested too deeply to be read."""
    reader = MarkdownIt("commonmark", {"maxNesting": NESTING}).enable("table").disable("inline")
    environment: dict[str, object] = {}
    tokens = reader.parse(text, environment)
    for token in tokens:
        if token.type == "inline":
            _read_inline(reader, token, environment)
    root = Section(0, "", 0, ())
    open_sections = [root]
    for token, children in _top_level(tokens):
        if token.type == "heading_open":
            open_sections = _opened(open_sections, token, children)
        elif block := _block(token, children):
            open_sections[-1].blocks.append(block)
    return root, _too_deep(tokens)


def _read_inline(reader: MarkdownIt, token: Token, environment: dict[str, object]) -> None:
    """Marks inside a paragraph, but for one that is made to be slow: brackets are looked for from each of them."""
    token.children = []
    if token.content.count("[") <= MOST_BRACKETS and len(token.content) <= LONGEST_PARAGRAPH:
        reader.inline.parse(token.content, reader, environment, token.children)
        return
    for index, line in enumerate(token.content.split("\n")):
        if index:
            token.children.append(Token("softbreak", "br", 0))
        token.children.append(Token("text", "", 0, content=line))


def _too_deep(tokens: Sequence[Token]) -> tuple[Remark, ...]:
    for token in tokens:
        if token.level >= NESTING - 2 and token.map:
            return (Remark(token.map[0] + 1, "nested too deeply; what lies deeper was not read"),)
    return ()


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token]]]:
    """Each token of the outermost level with those between it and its closing one."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        end = index
        if token.nesting == 1:
            end = _closing(tokens, index)
        yield token, tokens[index + 1 : end]
        index = end + 1


def _closing(tokens: Sequence[Token], start: int) -> int:
    level = tokens[start].level
    for index in range(start + 1, len(tokens)):
        if tokens[index].level == level and tokens[index].nesting == -1:
            return index
    return len(tokens)


def _opened(open_sections: list[Section], token: Token, children: Sequence[Token]) -> list[Section]:
    level = int(token.tag[1:])
    kept = [section for section in open_sections if section.level < level]
    spans = _spans(children[0], _line(token)) if children else ()
    heading = " ".join(span.text for span in spans).strip()
    links = tuple(link for span in spans for link in span.links)
    section = Section(level, heading, _line(token), (*kept[-1].path, heading), links=links)
    kept[-1].children.append(section)
    return [*kept, section]


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0


def _block(token: Token, children: Sequence[Token]) -> Block | None:
    line = _line(token)
    match token.type:
        case "paragraph_open":
            return Paragraph(line, _spans(children[0], line)) if children else None
        case "heading_open":  # inside a list or quote, where it is a title and no section
            return Paragraph(line, tuple(_as_label(span) for span in _spans(children[0], line))) if children else None
        case "fence":
            return _fence(token, line)
        case "code_block":
            return Fence(line, line, "", {}, token.content, fenced=False)
        case "bullet_list_open" | "ordered_list_open":
            return Listing(line, token.tag == "ol", tuple(_items(children)))
        case "table_open":
            return _table(token, children)
        case "blockquote_open":
            return Quote(line, _blocks(children))
    return None


def _blocks(tokens: Sequence[Token]) -> tuple[Block, ...]:
    return tuple(block for token, children in _top_level(tokens) if (block := _block(token, children)))


def _as_label(span: Span) -> Span:
    return Span(span.line, span.text, span.text.rstrip(":"), "", "", span.pieces, span.links)


def _fence(token: Token, line: int) -> Fence:
    language = _LANGUAGE.match(token.info.strip())
    attributes = {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(token.info)}
    name = language[1].lower() if language else ""
    return Fence(line, line + 1, "" if name in attributes else name, attributes, token.content)


def _items(tokens: Sequence[Token]) -> Iterator[Item]:
    for token, children in _top_level(tokens):
        blocks = _blocks(children)
        first = blocks[0] if blocks else None
        task = _TASK.match(first.spans[0].text) if isinstance(first, Paragraph) and first.spans else None
        if task and isinstance(first, Paragraph):
            spans = (_without_box(first.spans[0], task.end()), *first.spans[1:])
            blocks = (Paragraph(first.line, spans), *blocks[1:])
        yield Item(_line(token), blocks, task[1] in "xX" if task else None)


def _without_box(span: Span, length: int) -> Span:
    kind, content = span.pieces[0]
    pieces = ((kind, content[length:]), *span.pieces[1:])
    return Span(span.line, span.text[length:], span.label, span.rest, span.aside, pieces, span.links)


def _table(token: Token, children: Sequence[Token]) -> Table:
    rows: list[tuple[Span, ...]] = []
    row: list[Span] = []
    for child in children:
        if child.type == "tr_open":
            row = []
        elif child.type == "inline":
            row.append(next(iter(_spans(child, _line(child))), Span(_line(child), "")))
        elif child.type == "tr_close":
            rows.append(tuple(row))
    return Table(_line(token), rows[0] if rows else (), tuple(rows[1:]))


def _spans(token: Token, line: int) -> tuple[Span, ...]:
    """The lines of a paragraph. A backslash or two spaces at an end are line breaks like any other."""
    spans: list[Span] = []
    pending: list[Token] = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            spans.append(_span(pending, line + len(spans)))
            pending = []
        else:
            pending.append(child)
    spans.append(_span(pending, line + len(spans)))
    return tuple(spans)


def _span(tokens: Sequence[Token], line: int) -> Span:
    pieces = _pieces(tokens)
    text = "".join(content for _, content in pieces)
    links = tuple(str(token.attrGet("href")) for token in tokens if token.type == "link_open")
    lead = _lead(tokens)
    if lead is None:
        return Span(line, text.strip(), pieces=pieces, links=links)
    after = text.strip()[len(lead) :]
    aside = _ASIDE.match(after)
    assert aside is not None
    names = lead.rstrip().endswith(":") or aside[2] is not None or not after[aside.end() :].strip()
    if not names:
        return Span(line, text.strip(), pieces=pieces, links=links)
    return Span(
        line, text.strip(), lead.rstrip(" :"), after[aside.end() :].strip(), (aside[1] or "").strip("()"), pieces, links
    )


def _lead(tokens: Sequence[Token]) -> str | None:
    """The bold or italic words at the very beginning."""
    start = next((i for i, token in enumerate(tokens) if token.content.strip() or token.nesting == 1), None)
    if start is None or tokens[start].type not in ("strong_open", "em_open"):
        return None
    words = ""
    for token in tokens[start + 1 :]:
        if token.nesting == -1 and token.level == tokens[start].level:
            break
        words += token.content
    return words.strip() or None


def _pieces(tokens: Sequence[Token]) -> tuple[tuple[str, str], ...]:
    pieces: list[tuple[str, str]] = []
    for token in tokens:
        kind = "code" if token.type == "code_inline" else "text"
        content = _content(token)
        if not content:
            continue
        if pieces and kind == "text" and pieces[-1][0] == "text":
            content = pieces.pop()[1] + content
        pieces.append((kind, content))
    return tuple(pieces)


def _content(token: Token) -> str:
    if token.type == "html_inline":  # `<db-host>` outside code is a placeholder, `<br>` is not
        return " " if _HTML_TAG.match(token.content) else token.content
    return token.content
