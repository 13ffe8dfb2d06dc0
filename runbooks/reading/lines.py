"""Every command of a document, found once: in fences by `commands_of_block`, in running text as inline code."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from runbooks.commands import BlockLine, commands_of_block, judge
from runbooks.document import Command, EmbeddedCommand, Judgement, Remark, Risk
from runbooks.reading.comments import comment_above, comments_of
from runbooks.reading.outline import Block, Fence, Item, Listing, Paragraph, Quote, Section, Span, Table

INLINE_LIMIT = 1000
MOST_IN_A_LINE = 20

_PROGRAM = re.compile(r"(?:\$ )?(?:sudo )?(?:\./|/(?:usr|opt|bin|sbin)/)?[A-Za-z_\\][\w.+-]*(?:[/ ]|$)")
_ASKS_TO_RUN = re.compile(
    r"(?:\b(?:run|running|execute|executing|type|using|use|with|via|try|command|commands|by)\b[\s\w]{0,20}|:\s*)$", re.I
)
_SEVERENESS = (Risk.READ_ONLY, Risk.INTERACTIVE, Risk.MUTATING, Risk.DESTRUCTIVE)


@dataclass(frozen=True, slots=True)
class InlineCommand:
    """Inline code that is a command, and where it stands among the pieces of its line."""

    piece: int
    text: str
    judgement: Judgement


class Lines:
    """The commands of one document by the place where they stand. Each fence is read once, however often asked for."""

    def __init__(self, safe: Collection[str] = ()) -> None:
        self._safe = safe
        self._fences: dict[int, tuple[BlockLine, ...]] = {}
        self._inline: dict[str, Judgement] = {}
        self.warnings: list[Remark] = []

    def of_fence(self, fence: Fence) -> tuple[BlockLine, ...]:
        if fence.line not in self._fences:
            lines = commands_of_block(fence.body, fence.language, fence.first_line, self._safe)
            self._fences[fence.line] = tuple(self._raised(line, fence) for line in _titled(fence, lines))
        return self._fences[fence.line]

    def of_span(self, span: Span) -> tuple[InlineCommand, ...]:
        found: list[InlineCommand] = []
        for index, (kind, content) in enumerate(span.pieces):
            text = content.strip()
            if kind == "code" and len(text) <= INLINE_LIMIT and _PROGRAM.match(text) and len(found) < MOST_IN_A_LINE:
                judgement = self._judged(text)
                if _is_command(text, judgement, span.pieces[index - 1][1] if index else ""):
                    found.append(InlineCommand(index, text, judgement))
        return tuple(found)

    def _judged(self, text: str) -> Judgement:
        if text not in self._inline:
            self._inline[text] = judge(text, self._safe)
        return self._inline[text]

    def _raised(self, line: BlockLine, fence: Fence) -> BlockLine:
        wanted = fence.attributes.get("risk")
        if wanted is None:
            return line
        try:
            risk = Risk(wanted.lower().replace("-", "_"))
        except ValueError:
            self.warnings.append(Remark(fence.line, f"unknown risk {wanted!r} on the fence; it was ignored"))
            return line
        return replace(line, judgement=raised(line.judgement, risk), embedded=_raised_embedded(line.embedded, risk))


def _is_command(text: str, judgement: Judgement, before: str) -> bool:
    """Whether inline code is meant to be typed. Names of files, tables and settings stand in code marks as well."""
    if judgement.risk is Risk.NOT_A_COMMAND:
        return False
    words = text.removeprefix("$ ").split()
    if not is_unsure(judgement):
        return len(words) > 1 or _ASKS_TO_RUN.search(before) is not None
    if words[0][:1].isupper():
        return False
    typed = words[0].startswith("./") or any(word.startswith("-") for word in words[1:])
    return len(words) > 1 and (typed or _ASKS_TO_RUN.search(before) is not None)


def _titled(fence: Fence, lines: Sequence[BlockLine]) -> Iterator[BlockLine]:
    """Each line under the comment nearest to it. One that no command follows is a step of its own and no title."""
    comments = comments_of(fence)
    passed = [comment.words[0] for comment in comments if comment.alone]
    for line in lines:
        stale = next((words for words in passed if words and line.title.startswith(words)), None)
        own = comment_above(fence, line.line, comments) if stale else None
        if stale is None or (own and own.words[0] == stale):
            yield line
        else:
            first = own.words[0] if own else ""
            trailing = line.title[len(stale) :].lstrip(": ")
            title = f"{first}: {trailing}" if first and trailing else first or trailing
            yield replace(line, title=title, condition=None)


def _raised_embedded(embedded: EmbeddedCommand | None, risk: Risk) -> EmbeddedCommand | None:
    return replace(embedded, judgement=raised(embedded.judgement, risk)) if embedded else None


def raised(judgement: Judgement, risk: Risk) -> Judgement:
    """The judgement with at least this risk. A document may call its own command worse than it looks, never better."""
    if judgement.risk is Risk.NOT_A_COMMAND or risk not in _SEVERENESS:
        return judgement
    bounded = _worse(judgement.bounded_risk, risk) if judgement.bounded_risk else None
    if (_worse(judgement.risk, risk), bounded) == (judgement.risk, judgement.bounded_risk):
        return judgement
    reason = f"the document says {risk.value}"
    return replace(judgement, risk=_worse(judgement.risk, risk), bounded_risk=bounded, reason=reason)


def _worse(one: Risk, other: Risk) -> Risk:
    return max(one, other, key=_SEVERENESS.index) if one in _SEVERENESS else one


def is_unsure(judgement: Judgement) -> bool:
    """Whether a command counts as changing only because nobody can tell what it does."""
    return "unknown command" in judgement.reason or "could do anything" in judgement.reason


def commands_of(root: Section, lines: Lines) -> Iterator[Command]:
    """Every line of every fence that is not blank or a comment, and every inline command, in the order of the text."""
    for section in root.walk():
        above = ""
        for block in _within(section.blocks):
            if isinstance(block, Fence):
                for line in lines.of_fence(block):
                    title = line.title or above
                    yield Command(line.line, line.text, title, section.path, line.judgement, line.embedded)
                above = ""
            else:
                above = tidy(block.text)
                yield from _inline(block, section.path, lines)


def _inline(span: Span, section: tuple[str, ...], lines: Lines) -> Iterator[Command]:
    for found in lines.of_span(span):
        yield Command(span.line, found.text, title_around(span), section, found.judgement)


def _within(blocks: Sequence[Block]) -> Iterator[Fence | Span]:
    """All fences and lines of text of these blocks and of the blocks in them."""
    for block in blocks:
        match block:
            case Fence():
                yield block
            case Paragraph():
                yield from block.spans
            case Listing():
                for item in block.items:
                    yield from _within(item.blocks)
            case Quote():
                yield from _within(block.blocks)
            case Table():
                for row in (block.header, *block.rows):
                    yield from row


def fences_in(blocks: Sequence[Block]) -> tuple[Fence, ...]:
    return tuple(block for block in _within(blocks) if isinstance(block, Fence))


def spans_in(blocks: Sequence[Block]) -> tuple[Span, ...]:
    return tuple(block for block in _within(blocks) if isinstance(block, Span))


def items_in(blocks: Sequence[Block]) -> Iterator[Item]:
    for block in blocks:
        if isinstance(block, Listing):
            yield from block.items


def title_around(span: Span) -> str:
    """The line without its commands: "Restart services: `docker compose restart nginx`" is "Restart services"."""
    words = "".join(content for kind, content in span.pieces if kind == "text")
    before = next((content for kind, content in span.pieces if kind == "text"), "")
    set_off = len(span.codes) == 1 and (before.rstrip().endswith((":", "–", "—")) or span.pieces[0][0] == "code")
    return tidy(words if set_off else span.text)


def tidy(text: str) -> str:
    """A title fit to be shown: one line, no dangling colon."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s*:\s*(?=\()", " ", text)
    return text.rstrip(" :–—-").strip()[:300]
