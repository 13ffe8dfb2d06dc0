"""The steps of one entry, in order, each with its phase, its condition, and what its output should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from runbooks.commands import BlockLine
from runbooks.document import Judgement, Phase, ProcedureStep, Risk
from runbooks.reading.comments import comments_of
from runbooks.reading.labels import Role, bare, role_of, severity_of, severity_word
from runbooks.reading.lines import InlineCommand, Lines, fences_in, is_unsure, tidy, title_around
from runbooks.reading.outline import Block, Fence, Item, Listing, Paragraph, Quote, Section, Span, Table

BY_HAND = Judgement(Risk.NOT_A_COMMAND, "a step for a person", "manual")

_CONDITION = re.compile(
    r"^(?:\d+[.)]\s*)?((?:if|when|whenever|in case|unless|once|should|for the case)\b[^,:;.]*)", re.I
)
_TRAILING = re.compile(r"[\s(]((?:if|when|unless|in case)\b[^()]{3,80})\)?\.?$", re.I)
_ALTERNATIVE = re.compile(
    r"^(?:or\b|alternatively\b|(?:option|alternative|method|approach|variant) [A-Z0-9]\b).*", re.I
)
_LOOKS = re.compile(
    r"^(?:check|verify|view|list|identify|monitor|test|show|assess|inspect|look|review|find|confirm|see|get|count|analy[sz]e"
    r"|examine|determine|validate|ensure|diagnose|describe|query|watch|display|print|is|are|what|which|how)\b",
    re.I,
)
_CONFIRMS = re.compile(r"^(?:verify|confirm|test|validate|monitor|make sure)\b", re.I)
_ACTS = re.compile(
    r"^(?:check|verify|restart|start|stop|scale|increase|decrease|reduce|add|remove|delete|clear|clean|kill|drain|cordon"
    r"|run|use|try|ensure|make sure|confirm|review|inspect|look|find|identify|contact|notify|escalate|update|upgrade"
    r"|rollback|roll back|revert|restore|rebuild|reboot|recreate|rotate|enable|disable|move|free|investigate|monitor"
    r"|analy[sz]e|test|fix|set|open|create|determine|examine|compare|validate|adjust|change|configure|consider|if|when"
    r"|wait|log ?in|connect|go to|see|follow|isolate)\b",
    re.I,
)
_CRON = re.compile(r"^(?:[\d*/,-]+\s+){5}\S|^@(?:hourly|daily|weekly|monthly|reboot)\s")
_PROSE = re.compile(r"^(?:\d+[.)]\s+|[-*•]\s+)\S|^[A-Z][a-z]+ [a-z]+ .*[a-z.]$")
_EXPECTED = re.compile(
    r"^(?:expected|should (?:return|show|be|print|output)|returns?|output|response|result)\b[^:]*:?\s*(.*)$", re.I
)
_SETS_UP = re.compile(r"(?:cd|export|set|source|sleep)\s|\w+=")
_BLANK = re.compile(r"(?:todo|tbd|n/?a|none|-|<[^>]*>)\.?", re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'`*])")
TEXT_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says: its steps, how it shows itself, how urgent it is."""

    steps: tuple[ProcedureStep, ...]
    symptoms: tuple[str, ...]
    severity: str | None


@dataclass(slots=True)
class _Place:
    """Where the reader is: under which label, under which condition, after which words."""

    role: Role | None = None
    condition: str | None = None
    lead: str = ""
    skip_fence: bool = False


@dataclass(slots=True)
class _Teller:
    lines: Lines
    steps: list[ProcedureStep] = field(default_factory=list)
    symptoms: list[str] = field(default_factory=list)
    meaning: list[str] = field(default_factory=list)
    severity: str | None = None
    changed: bool = False

    # -- walking

    def section(self, section: Section, place: _Place) -> None:
        self.blocks(section.blocks, replace(place))
        for child in section.children:
            role = role_of(child.heading)
            condition = condition_of(bare(child.heading)) or place.condition
            self.section(child, _Place(role or place.role, condition, "" if role else tidy(bare(child.heading))))

    def blocks(self, blocks: Sequence[Block], place: _Place) -> None:
        for index, block in enumerate(blocks):
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            match block:
                case Paragraph():
                    self.paragraph(block, place, following)
                case Fence():
                    self.fence(block, place)
                case Listing():
                    self.listing(block, place)
                case Table():
                    self.table(block, place)
                case Quote():
                    self.blocks(block.blocks, replace(place, role=place.role or Role.ASIDE))

    def paragraph(self, paragraph: Paragraph, place: _Place, following: Block | None) -> None:
        prose: list[Span] = []
        for span in paragraph.spans:
            label, rest = label_of(span)
            wrapped = (
                span.label is None and bool(prose) and not prose[-1].text.rstrip().endswith((".", "!", "?", ":", ";"))
            )
            if label is None or wrapped:
                prose.append(span)
                continue
            self.prose(prose, place, None)
            prose = []
            self.label(span, label, rest, place, following)
        self.prose(prose, place, following)

    def label(self, span: Span, label: str, rest: str, place: _Place, following: Block | None) -> None:
        role = role_of(label)
        if label.lower() in ("file", "filename"):
            place.skip_fence = True
            return
        place.condition = condition_of(label)
        place.role, place.lead = role, "" if role else tidy(label)
        if place.condition:
            place.role, place.lead = None, ""
        if rest and role is not None and not role.has_steps:
            place.role = None  # said in one line; what stands below is not part of it
        if role is Role.SYMPTOMS:
            self.symptoms += split_symptoms(rest)
        elif role is Role.SEVERITY:
            self.severity = self.severity or severity_word(rest)
        elif role is Role.MEANING:
            self.meaning.append(rest)
        elif rest and (role is None or role.has_steps):
            self.prose([span], place, following, title=rest if role else span.text)

    def prose(self, spans: Sequence[Span], place: _Place, following: Block | None, title: str = "") -> None:
        """Lines of running text: the commands in them, else a step for a person where steps are expected."""
        if not spans:
            return
        text = title or " ".join(span.text for span in spans)
        if place.role in (Role.MEANING, Role.SYMPTOMS):
            self.meaning.append(text)
        if place.role in (Role.MEANING, Role.SYMPTOMS, Role.CAUSES, Role.ASIDE, Role.SEVERITY):
            return
        found = [(span, command) for span in spans for command in self.lines.of_span(span)]
        for span, command in found:
            self.inline(span, command, place, tidy(title) if title and len(spans) == 1 else title_around(span))
        introduces = isinstance(following, Fence | Listing | Table) and text.rstrip().endswith((":", "."))
        if not found and place.role is not None and place.role.has_steps and not introduces:
            self.by_hand(spans[0].line, text, place)
        place.lead = tidy(_SENTENCE.split(text)[-1])

    # -- blocks that hold steps

    def listing(self, listing: Listing, place: _Place) -> None:
        match place.role:
            case Role.SYMPTOMS:
                self.symptoms += [item.span.text for item in listing.items if item.span.text]
            case Role.CAUSES | Role.ASIDE:
                pass
            case Role.MEANING | Role.SEVERITY:
                self.severities(listing)
            case _:
                for item in listing.items:
                    self.item(item, place, listing.ordered)

    def severities(self, listing: Listing) -> None:
        for item in listing.items:
            if item.span.label and role_of(item.span.label) is Role.SEVERITY:
                self.severity = self.severity or severity_word(item.span.rest)

    def item(self, item: Item, place: _Place, ordered: bool) -> None:
        label = item.span.label
        role: Role | None = role_of(label) if label else None
        inside = replace(place, lead=tidy(bare(label or item.span.text)))
        if role is Role.SYMPTOMS and place.role is None:
            self.symptoms += split_symptoms(item.span.rest)
            return
        if role is not None and (role.has_steps or place.role is None):
            inside.role = role
        inside.condition = condition_of(item.span.text) or place.condition
        commands = [(span, command) for span in _own_spans(item) for command in self.lines.of_span(span)]
        for span, command in commands:
            self.inline(span, command, inside, title_around(span))
        nested = [block for block in item.blocks if not isinstance(block, Paragraph)]
        if fences_in(nested) or any(self.holds_command(block) for block in nested):
            self.blocks(nested, inside)
        elif not commands and (ordered or self.expects_steps(place) or _ACTS.match(item.span.text)):
            self.by_hand(item.line, _told(item), inside)

    @staticmethod
    def expects_steps(place: _Place) -> bool:
        return place.role is not None and place.role.has_steps

    def holds_command(self, block: Block) -> bool:
        spans = [span for item in block.items for span in _own_spans(item)] if isinstance(block, Listing) else []
        return any(self.lines.of_span(span) for span in spans)

    def table(self, table: Table, place: _Place) -> None:
        if place.role in (Role.ASIDE, Role.MEANING, Role.SYMPTOMS):
            return
        for row in table.rows:
            for span in row:
                for command in self.lines.of_span(span):
                    self.inline(span, command, place, tidy(row[0].text if span is not row[0] else title_around(span)))

    def fence(self, fence: Fence, place: _Place) -> None:
        if place.skip_fence or place.role in (Role.ASIDE, Role.MEANING, Role.SYMPTOMS, Role.CAUSES):
            place.skip_fence = False
            return
        told = {line.line: line for line in self.lines.of_fence(fence)}
        remarks = dict(_remarks(fence))
        role: Role | None = place.role
        lead = place.lead
        for number in sorted(told.keys() | remarks.keys()):
            if number in told:
                self.line(told[number], fence, replace(place, role=role, lead=lead))
            elif (named := role_of(remarks[number])) is not None and named.has_steps:
                role = named
            else:
                self.by_hand(number, remarks[number], replace(place, lead=""))

    def line(self, line: BlockLine, fence: Fence, place: _Place) -> None:
        title = _title_of(line) or place.lead
        condition = line.condition or condition_of(line.title) or place.condition
        expect = line.expect or fence.attributes.get("expect")
        judged = line.embedded.judgement if line.embedded else line.judgement
        if judged.risk is not Risk.NOT_A_COMMAND:
            text = line.embedded.text if line.embedded else line.text
            phase = self.phase(judged, place.role, title, text)
            step = ProcedureStep(line.line, phase, title, text, judged, condition, expect, line.cwd)
            self.add(replace(step, timeout=_seconds(fence.attributes.get("timeout")), name=fence.attributes.get("id")))
        elif _CRON.match(line.text):
            self.by_hand(line.line, f"{title or 'Add to crontab'}: {line.text}", place)
        elif _PROSE.match(line.text):
            self.by_hand(line.line, bare(line.text), replace(place, condition=condition))

    def inline(self, span: Span, command: InlineCommand, place: _Place, title: str) -> None:
        title = tidy(bare(title)) or place.lead
        condition = condition_of(span.text) or place.condition
        phase = self.phase(command.judgement, place.role, title, command.text)
        self.add(ProcedureStep(span.line, phase, title, command.text, command.judgement, condition))

    def by_hand(self, line: int, text: str, place: _Place) -> None:
        title = tidy(bare(text))
        if title and not _BLANK.fullmatch(title):
            condition = (None if ";" in title else condition_of(title)) or place.condition
            self.add(ProcedureStep(line, Phase.MANUAL, title, None, BY_HAND, condition))

    def add(self, step: ProcedureStep) -> None:
        self.steps.append(step)
        self.changed = self.changed or step.judgement.risk in (Risk.MUTATING, Risk.DESTRUCTIVE)

    def phase(self, judged: Judgement, role: Role | None, title: str, text: str) -> Phase:
        """By the label where there is one, else by what the command does; a check after a change confirms it."""
        if role is Role.DIAGNOSIS:
            return Phase.DIAGNOSIS
        if role is Role.VERIFICATION:
            return Phase.VERIFICATION
        if judged.runs_unasked and self.changed and _CONFIRMS.match(title):
            return Phase.VERIFICATION
        if role is Role.SOLUTION:
            return Phase.SOLUTION
        unknown = is_unsure(judged) or judged.risk is Risk.INTERACTIVE
        if self.changed and _SETS_UP.match(text):
            return Phase.SOLUTION
        if judged.runs_unasked or (unknown and _LOOKS.match(title)):
            return Phase.DIAGNOSIS
        return Phase.SOLUTION


def _title_of(line: BlockLine) -> str:
    """What a line of a block is called: the prose around the command it carries, else the comment above it."""
    if line.embedded is not None:
        return tidy(bare(line.text.replace(line.embedded.text, "")).replace("``", ""))
    return tidy(bare(line.title)) if line.title else ""


def tell(
    section: Section,
    lines: Lines,
    blocks: Sequence[Block] | None = None,
    label: str = "",
    otherwise: Role | None = None,
) -> Told:
    """What a section says, with all below it; or what only these of its blocks say, under this title.

    `otherwise` is what is made of text under no label.
    """
    teller = _Teller(lines)
    if blocks is None:
        teller.section(section, _Place(otherwise, condition_of(bare(section.heading)), ""))
    else:
        teller.blocks(blocks, _Place(None, None, tidy(label)))
    symptoms = teller.symptoms or [_SENTENCE.split(text)[0] for text in teller.meaning if text]
    unique = tuple(dict.fromkeys(text.strip()[:TEXT_LIMIT] for text in symptoms if text.strip()))
    return Told(tuple(teller.steps), unique, teller.severity)


def label_of(span: Span) -> tuple[str | None, str]:
    """The label a line begins with and what follows it, also where a plain "Symptoms:" is not set in bold."""
    if span.label is not None:
        return span.label, span.rest
    head, colon, rest = span.text.partition(":")
    if colon and len(head) < 40 and span.pieces[0][1].startswith(head) and role_of(head) is not None:
        return head.strip(), rest.strip()
    return None, ""


def condition_of(text: str) -> str | None:
    """The document's own words on when to take a step: "If restart fails", "if corruption detected", "Or ..."."""
    text = bare(text) if text else ""
    if found := _CONDITION.match(text):
        return found[1].strip()
    if _ALTERNATIVE.match(text):
        return text.rstrip(" :")
    if found := _TRAILING.search(text):
        return found[1].strip()
    return None


def split_symptoms(text: str) -> list[str]:
    """A line of symptoms at its commas, but for those inside quotes or brackets."""
    parts, part, depth, quoted = [], "", 0, False
    for mark in text:
        quoted ^= mark == '"'
        depth = max(depth + (mark == "(") - (mark == ")"), 0)
        if mark in ",;" and not quoted and not depth:
            parts.append(part)
            part = ""
        else:
            part += mark
    return [bare_part for one in [*parts, part] if (bare_part := re.sub(r"^\s*(?:and|or)\s+", "", one).strip(" ."))]


def _own_spans(item: Item) -> Iterator[Span]:
    for block in item.blocks:
        if isinstance(block, Paragraph):
            yield from block.spans


def _told(item: Item) -> str:
    """The words of an item and of the bullets below it, as one line."""
    own = " ".join(span.text for span in _own_spans(item))
    below = [_told(inner) for block in item.blocks if isinstance(block, Listing) for inner in block.items]
    return f"{own.rstrip(' :')}: {'; '.join(below)}" if below else own


def _remarks(fence: Fence) -> Iterator[tuple[int, str]]:
    """Comments that stand alone: steps that no command follows ("# Edit .env with the new key")."""
    for comment in comments_of(fence):
        if comment.alone and (text := _remark(comment.words)):
            yield comment.line, text


def _remark(lines: Sequence[str]) -> str | None:
    """The lines of one comment as a step, or None where they only explain or show output."""
    words = [line.strip() for line in lines if re.search(r"\w", line)]
    if not words or _EXPECTED.match(words[0]):
        return None
    if words[0].endswith(":") and not _ACTS.match(words[0]):
        return None
    details = [word.removeprefix("- ").strip() for word in words[1:]]
    return f"{words[0].rstrip(':')}: {'; '.join(details)}" if details else words[0]


def _seconds(text: str | None) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", text.strip()) if text else None
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, None: 1}[found[2]] if found else None


def urgency_of(path: Sequence[str]) -> str | None:
    """P1 to P4 where the nearest heading that says so says so."""
    return next((said for heading in reversed(path) if (said := severity_of(heading))), None)
