"""Where things stand in a document: its headings with their anchors, its links, its fences."""

from __future__ import annotations

import re

from runbooks.document import Block, Heading, Reference
from runbooks.reading.lines import fences_in, spans_in
from runbooks.reading.outline import Section


def headings_of(root: Section) -> tuple[Heading, ...]:
    """All headings; a second one of the same words has the anchor `words-1`, as on every host of Markdown."""
    seen: dict[str, int] = {}
    found = []
    for section in root.walk():
        if section.level:
            anchor = anchor_of(section.heading)
            again = seen.get(anchor, 0)
            seen[anchor] = again + 1
            found.append(Heading(section.line, section.heading, f"{anchor}-{again}" if again else anchor))
    return tuple(found)


def anchor_of(heading: str) -> str:
    """ "Backup & Recovery" is `backup--recovery`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def references_of(root: Section) -> tuple[Reference, ...]:
    found = []
    for section in root.walk():
        found += [Reference(section.line, link) for link in section.links]
        found += [Reference(span.line, link) for span in spans_in(section.blocks) for link in span.links]
    return tuple(found)


def blocks_of(root: Section) -> tuple[Block, ...]:
    fences = (fence for section in root.walk() for fence in fences_in(section.blocks))
    return tuple(
        Block(fence.first_line, fence.first_line + max(fence.body.count("\n") - 1, 0), fence.language)
        for fence in fences
    )
