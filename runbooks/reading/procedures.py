"""Which parts of a document answer an incident. The others (install, deploy, refer, maintain) are never offered."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runbooks.document import Procedure, ProcedureStep, ProcedureType
from runbooks.reading.labels import Area, Role, area_of, is_mixed, is_strict, is_trouble, role_of, slug, title_of
from runbooks.reading.lines import Lines, fences_in
from runbooks.reading.outline import Block, Item, Listing, Paragraph, Section, Span
from runbooks.reading.steps import Told, label_of, tell, urgency_of

_RECOVERS = re.compile(r"\b(?:recover\w*|restor\w*|rollback|roll[- ]?back|failover|fail[- ]?back|rebuild\w*)\b", re.I)
_STARTED_BY_ALERT = (ProcedureType.INCIDENT, ProcedureType.EMERGENCY)
_TYPES = {
    Area.INCIDENT: ProcedureType.INCIDENT,
    Area.ENTRY: ProcedureType.INCIDENT,
    Area.RECOVERY: ProcedureType.RECOVERY,
    Area.EMERGENCY: ProcedureType.EMERGENCY,
    Area.GENERAL: ProcedureType.GENERAL,
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A section, or a titled part of one, that is a procedure. `blocks` is None when the whole section is meant."""

    section: Section
    type: ProcedureType
    line: int
    title: str
    blocks: tuple[Block, ...] | None = None
    appended: bool = False


def procedures_of(
    root: Section, system: str, lines: Lines, title: str = "", severity: str | None = None
) -> tuple[Procedure, ...]:
    """The procedures of a document in its order, each with an id of its own.

    `title` is what the document is called; where it names an incident and no part of it does, all of it is one entry.
    `severity` holds for procedures that say none themselves.
    """
    found = [_told(entry, lines) for entry in _entries(root, None, lines)]
    found = [told for told in found if told[2].steps] or list(_whole_document(root, title, lines))
    taken: dict[str, int] = {}
    return tuple(
        _procedure(entry, heading, told, _unique(_id(system, heading), taken), severity)
        for entry, heading, told in found
    )


def _told(entry: _Entry, lines: Lines) -> tuple[_Entry, tuple[str, ...], Told]:
    heading = (*entry.section.path, entry.title) if entry.appended else entry.section.path
    return entry, heading, tell(entry.section, lines, entry.blocks, entry.title if entry.appended else "")


def _whole_document(root: Section, title: str, lines: Lines) -> Iterator[tuple[_Entry, tuple[str, ...], Told]]:
    """One page for one incident, told in prose or under headings of its own making: "Nginx is down"."""
    first = next((child for child in root.children if child.level == 1), None)
    section = first if first is not None and len(root.children) == 1 else root
    called = section.heading or title
    labelled = any(is_strict(child.heading) for child in section.children)
    if not (labelled or is_trouble(called) or area_of(called) is Area.INCIDENT):
        return
    told = tell(section, lines, otherwise=Role.SEQUENCE)
    if told.steps:
        yield _Entry(section, ProcedureType.INCIDENT, max(section.line, 1), called), (called,), told


def _procedure(entry: _Entry, heading: tuple[str, ...], told: Told, id_: str, severity: str | None) -> Procedure:
    return Procedure(
        id=id_,
        title=title_of(entry.title),
        heading=heading,
        line=entry.line,
        type=entry.type,
        auto=entry.type in _STARTED_BY_ALERT,
        severity=told.severity or urgency_of(heading) or severity,
        symptoms=told.symptoms,
        steps=told.steps,
        digest=digest_of(told.steps),
    )


def digest_of(steps: Sequence[ProcedureStep]) -> str:
    """sha256 over what would run and when; words around the commands may change without it."""
    told = [[step.phase.value, step.text, step.condition, step.cwd] for step in steps if step.text is not None]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()


def _id(system: str, heading: tuple[str, ...]) -> str:
    below = heading[1:] if len(heading) > 1 else heading
    owner = "any" if system == "*" else slug(system)
    return "/".join([owner, *(slug(title_of(part)) for part in below)])


def _unique(id_: str, taken: dict[str, int]) -> str:
    taken[id_] = taken.get(id_, 0) + 1
    return id_ if taken[id_] == 1 else f"{id_}-{taken[id_]}"


def _entries(section: Section, inherited: Area | None, lines: Lines) -> Iterator[_Entry]:
    own = area_of(section.heading) if section.level else None
    if _is_labelled(section, own, inherited):
        yield _whole(section, _type_of(own, inherited))
        return
    below = _area_below(section, own, inherited)
    inner = [entry for child in section.children for entry in _entries(child, below, lines)]
    parts = [] if section.level == 0 else list(_parts(section, own, inherited, lines))
    if parts or inner:
        yield from sorted([*parts, *inner], key=lambda entry: entry.line)
    elif section.level and _is_entry(section, own, inherited, lines):
        yield _whole(section, _type_of(own, inherited))


def _whole(section: Section, type_: ProcedureType) -> _Entry:
    return _Entry(section, type_, section.line, section.heading)


def _area_below(section: Section, own: Area | None, inherited: Area | None) -> Area | None:
    if section.level == 0:
        return None
    if own is Area.ENTRY:  # "Database problems" above several entries leaves their kind as it is
        return inherited if inherited in (Area.RECOVERY, Area.EMERGENCY) else Area.INCIDENT
    return Area.OTHER if own is not None and is_mixed(section.heading) else own or inherited


def _type_of(own: Area | None, inherited: Area | None) -> ProcedureType:
    """An area of emergencies or recoveries decides for all in it, but for the general procedure."""
    if own is Area.GENERAL:
        return ProcedureType.GENERAL
    if inherited in (Area.RECOVERY, Area.EMERGENCY) and own in (None, Area.ENTRY, Area.INCIDENT):
        return _TYPES[inherited]
    if own in _TYPES:
        return _TYPES[own]
    return _TYPES.get(inherited or Area.INCIDENT, ProcedureType.INCIDENT)


def _is_labelled(section: Section, own: Area | None, inherited: Area | None) -> bool:
    """Whether its parts bear the names that only the parts of an entry bear: Symptoms, Diagnosis, Mitigation."""
    if section.level and any(is_strict(child.heading) for child in section.children):
        return not any(_is_labelled(child, None, None) for child in section.children)
    labels = [label for label, _ in map(label_of, _lines_of(section.blocks)) if label]
    roles = {role for label in labels if (role := role_of(label))}
    strict = any(is_strict(label) for label in labels)
    acts = any(role.has_steps for role in roles)
    told = roles & {Role.SYMPTOMS, Role.DIAGNOSIS, Role.SOLUTION, Role.CAUSES, Role.MEANING}
    if not (strict and acts and len(told) >= 2):
        return False
    outside = own is Area.OTHER or (own is None and inherited is Area.OTHER)
    return not outside or Role.SYMPTOMS in roles


def _lines_of(blocks: Sequence[Block]) -> Iterator[Span]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from block.spans


def _is_entry(section: Section, own: Area | None, inherited: Area | None, lines: Lines) -> bool:
    if own is Area.OTHER:
        return False
    if own is None and inherited in (None, Area.OTHER):
        return False
    if own in (Area.ENTRY, Area.INCIDENT) and inherited is Area.OTHER:
        return is_trouble(section.heading) and _has_commands(section, lines)
    if own is Area.RECOVERY and is_mixed(section.heading):
        return False
    if own in (Area.INCIDENT, Area.EMERGENCY) and section.children:  # what its parts hold, they were asked for already
        return any(step.text for step in tell(section, lines, section.blocks).steps)
    return _has_commands(section, lines) or _has_ordered_prose(section)


def _has_commands(section: Section, lines: Lines) -> bool:
    return any(step.text for step in tell(section, lines).steps)


def _has_ordered_prose(section: Section) -> bool:
    blocks = [block for part in section.walk() for block in part.blocks]
    numbered = any(isinstance(block, Listing) and block.ordered and len(block.items) > 1 for block in blocks)
    in_fence = any(len(re.findall(r"^\d+\. ", fence.body, re.M)) > 1 for fence in fences_in(blocks))
    return numbered or in_fence


# -- titled alternatives under one heading


def _parts(section: Section, own: Area | None, inherited: Area | None, lines: Lines) -> Iterator[_Entry]:
    """Alternatives that are procedures of their own: "**Full Recovery:**" beside "**Database-Only Recovery:**"."""
    area = own if own not in (None, Area.ENTRY) else inherited
    if area in (None, Area.OTHER, Area.GENERAL) or is_mixed(section.heading):
        return
    titled = list(_titled_blocks(section)) or list(_titled_items(section))
    if len(titled) < 2 or not all(_stands_alone(title, blocks, area, section, lines) for _, title, blocks in titled):
        return
    for line, title, blocks in titled:
        yield _Entry(section, _type_of(own, inherited), line, title, blocks, appended=True)


def _titled_blocks(section: Section) -> Iterator[tuple[int, str, tuple[Block, ...]]]:
    """Bold lines with nothing behind them, each with the blocks up to the next one."""
    found: list[tuple[int, str, list[Block]]] = []
    for block in section.blocks:
        span = block.spans[0] if isinstance(block, Paragraph) and len(block.spans) == 1 else None
        if span is not None and span.label and not span.rest and role_of(span.label) is None:
            found.append((span.line, span.label, []))
        elif found:
            found[-1][2].append(block)
    for line, title, blocks in found:
        yield line, title, tuple(blocks)


def _titled_items(section: Section) -> Iterator[tuple[int, str, tuple[Block, ...]]]:
    listings = [block for block in section.blocks if isinstance(block, Listing)]
    for item in (item for listing in listings for item in listing.items):
        yield item.line, _title_of_item(item), item.blocks[1:]


def _title_of_item(item: Item) -> str:
    span = item.span
    return span.label if span.label and not span.rest and role_of(span.label) is None else ""


def _stands_alone(title: str, blocks: tuple[Block, ...], area: Area, section: Section, lines: Lines) -> bool:
    if not title or not any(step.text for step in tell(section, lines, blocks, title).steps):
        return False
    return _RECOVERS.search(title) is not None if area is Area.RECOVERY else is_trouble(title)
