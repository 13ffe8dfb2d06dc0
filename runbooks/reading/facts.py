"""What a document says beside its procedures: services, thresholds, severities, people, schedules, checklists.

Everything comes out as mappings of JSON values, the form in which `compile --json` prints it, each with its `line`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from runbooks.document import Command, Risk
from runbooks.reading.frontmatter import AliasFreeLoader
from runbooks.reading.labels import bare
from runbooks.reading.lines import fences_in, spans_in, tidy
from runbooks.reading.outline import Block, Item, Listing, Paragraph, Section, Span, Table
from runbooks.reading.steps import label_of

Fact = dict[str, Any]

_PORT_IN_HEADING = re.compile(r"\s*[(\[]\s*(?:port|:)\s*:?\s*(\d{2,5})\s*[)\]]", re.I)
_URL = re.compile(r"https?://[^\s\"'`<>|)]+")
_HEALTH = re.compile(r"health|ready|readyz|livez|liveness|/ping\b|/status\b|api/tags", re.I)
_OPEN_PORT = re.compile(r":[\w.-]*(?:\$|X\b|[<{])")
_PERIOD = r"\d+\+?\s*(?:second|minute|hour|day|week|month|year)s?"
_FREQUENCY = re.compile(
    r"\b(hourly|daily|nightly|weekly|monthly|quarterly|annual(?:ly)?|yearly)\b"
    r"|\b(?:every|per|each) (day|week|month|quarter|year)\b",
    re.I,
)
_EVERY = {"day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly", "year": "yearly"}
_CRON = re.compile(
    r"^\s*((?:[\d*/,LW#?-]+\s+){4}[\dA-Z*/,L#?-]+|@(?:hourly|daily|weekly|monthly|yearly|reboot))\s+(\S.*)$"
)
_LIMIT = re.compile(
    r"^\W*(above|below|over|under|more than|less than|exceeds?|at least|at most|>=|<=|>|<|≥|≤)"
    r"\s*(\d[\d.,]*)\s*([%\w]*)",
    re.I,
)
_LEVEL = re.compile(r"^\W*(?:(P[0-5])|SEV(?:ERITY)?[ -]?(\d)|(L\d|level \d|tier \d))\b\s*[-–—:.)]*\s*(.*)$", re.I)
_RESPONSE = re.compile(r"(?:response(?: time)?|respond|acknowledge(?:ment)?)\s*:?\s*([^;,)]+)", re.I)
_REACHING = r"\b(?:contacts?|support|on-?call)\b"
_BLANK = re.compile(r"\[[^\]]*\]|<[^>]*>|tbd|todo|x+|n/?a", re.I)
_OBJECTIVE = re.compile(r"\b(RTO|RPO)\b\)?\**\s*:?\s*(" + _PERIOD + r"[^|]*)", re.I)
_KEPT = re.compile(r"^(.*?)\b(?:retention|retained?|keep|kept)(?: period)?(?: last| for)?\s*:?\s+(.+)$", re.I)


def services_of(root: Section, commands: Sequence[Command]) -> tuple[Fact, ...]:
    """Services with their port and health URL: tables, "(Port 8000)" in headings, port lists, health checks."""
    found = [*_services_in_tables(root), *_services_in_headings(root), *_services_in_lists(root)]
    known = {fact["port"] for fact in found if fact["port"]} | {fact["health_url"] for fact in found}
    for fact in _services_checked(commands):
        if fact["health_url"] not in known and fact["port"] not in known:
            known |= {fact["health_url"], fact["port"]} - {None}
            found.append(fact)
    return tuple(found)


def _service(name: str, port: int | None, url: str | None, line: int, hints: Sequence[Fact] = ()) -> Fact:
    fact: Fact = {"name": tidy(name), "port": port, "health_url": url, "line": line}
    return fact | {"hints": list(hints)} if hints else fact


def _services_in_tables(root: Section) -> Iterator[Fact]:
    for table in _tables(root):
        name = _column(table, r"service|component|application|container|app")
        port = _column(table, r"ports?\b")
        health = _column(table, r"health|endpoint|url")
        if name is None or (port is None and (health is None or _column(table, "health") is None)):
            continue
        for row in table.rows:
            title, number, url = _cell(row, name), _cell(row, port), _cell(row, health)
            if title:
                yield _service(title, _port(number), _first_url(url), row[0].line)


def _services_in_headings(root: Section) -> Iterator[Fact]:
    for section in root.walk():
        if port := _PORT_IN_HEADING.search(section.heading):
            name = _PORT_IN_HEADING.sub("", bare(section.heading))
            urls = (url for fence in fences_in(section.blocks) for url in _URL.findall(fence.body))
            health = next((url for url in urls if f":{port[1]}/" in url and _HEALTH.search(url)), None)
            yield _service(name, int(port[1]), health, section.line, list(_hints(section)))


def _hints(section: Section) -> Iterator[Fact]:
    """ "Port conflicts: Check if port 8000 is in use" below a service's "Common Issues"."""
    for label, listing in _labelled_lists(section.blocks):
        if label and re.search(r"\b(?:issues|problems|errors)\b", label.text, re.I):
            for item in listing.items:
                symptom, colon, check = item.span.text.partition(":")
                if colon and check.strip():
                    yield {"symptom": symptom.strip(), "check": check.strip(), "line": item.line}


def _services_in_lists(root: Section) -> Iterator[Fact]:
    for section in root.walk():
        for label, listing in _labelled_lists(section.blocks):
            above = f"{section.heading} {label.text if label else ''}"
            if not re.search(r"\bports?\b", above, re.I) or (label and re.match(r"other\b", label.text, re.I)):
                continue
            for item in listing.items:
                if found := re.fullmatch(
                    r"\W*([A-Za-z][\w ./()+-]*?)\W*:\s*(?:port )?(\d{2,5})(?:\s*\(.*\))?", item.span.text
                ):
                    yield _service(found[1], int(found[2]), None, item.line)


def _services_checked(commands: Sequence[Command]) -> Iterator[Fact]:
    for command in commands:
        url = _first_url(command.text)
        if command.judgement.risk is Risk.READ_ONLY and url and _HEALTH.search(url) and not _OPEN_PORT.search(url):
            port = re.search(r":(\d+)(?:/|$)", url)
            title = command.title or (command.section[-1] if command.section else "")
            words = re.sub(
                r"(?i)\b(?:check|test|verify|health|endpoints?|status|connectivity|the|of)\b", " ", bare(title)
            )
            yield _service(words if words.strip(" -:") else url, int(port[1]) if port else None, url, command.line)


def thresholds_of(root: Section) -> tuple[Fact, ...]:
    """ "CPU usage | > 80% | Scale up" and "API response time: < 500ms (p95)"."""
    return (*_thresholds_in_tables(root), *_targets(root))


def _thresholds_in_tables(root: Section) -> Iterator[Fact]:
    for table in _tables(root):
        metric = _column(table, r"metric|measure|indicator|check|name|resource|alert")
        limit = _column(table, r"threshold|limit|critical|warning|alert (?:at|when|level)")
        action = _column(table, r"action|response|what to do|remed")
        if metric is None or limit is None or metric == limit:
            continue
        for row in table.rows:
            if _cell(row, metric) and _cell(row, limit):
                yield _threshold(_cell(row, metric), _cell(row, limit), _cell(row, action) or None, row[0].line)


def _targets(root: Section) -> Iterator[Fact]:
    for span in spans_in([block for section in root.walk() for block in section.blocks]):
        name, colon, limit = span.text.partition(":")
        if colon and re.match(r"\s*[<>≤≥]", limit) and len(name) < 60:
            yield _threshold(name.strip(), limit.strip(), None, span.line) | {"target": True}


def _threshold(metric: str, limit: str, action: str | None, line: int) -> Fact:
    fact: Fact = {"metric": metric, "threshold": limit, "action": action, "line": line}
    if found := _LIMIT.match(limit):
        under = re.match(r"(?i)below|under|less|at most|<|≤", found[1]) is not None
        number = found[2].rstrip(".,").replace(",", "")
        fact |= {"above": not under, "value": float(number) if number.count(".") < 2 else None, "unit": found[3]}
    return fact


def severities_of(root: Section) -> tuple[Fact, ...]:
    """Severity levels with their response times, from labelled lists or tables."""
    found = []
    for section in root.walk():
        if not re.search(r"\b(?:severit|priorit|incident levels?|incident class)", section.heading, re.I):
            continue
        found += list(_severities_in_lists(section))
        for table in (block for block in section.blocks if isinstance(block, Table)):
            found += _severities_in_table(table)
    return tuple(found)


def _severities_in_lists(section: Section) -> Iterator[Fact]:
    for label, listing in _labelled_lists(section.blocks):
        level = _LEVEL.match(label.label or label.text) if label else None
        if label is None or level is None or level[3]:
            continue
        said = _RESPONSE.search(label.text)
        examples = [item.span.text for item in listing.items]
        yield _severity(level, level[4], said[1].strip() if said else None, examples, label.line)


def _severities_in_table(table: Table) -> Iterator[Fact]:
    response = _column(table, r"response|respond|acknowledge|sla|time")
    meaning = _column(table, r"description|definition|example|criteria|impact|meaning")
    for row in table.rows:
        level = _LEVEL.match(row[0].text) if row else None
        if level and not level[3]:
            examples = [_cell(row, meaning)] if meaning is not None else []
            yield _severity(level, level[4], _cell(row, response) or None, examples, row[0].line)


def _severity(level: re.Match[str], name: str, response: str | None, examples: list[str], line: int) -> Fact:
    number = level[1][1] if level[1] else level[2]
    said = re.sub(r"\(.*", "", name).strip(" :-–—")
    minutes = minutes_of(response) if response else None
    return {
        "level": f"P{number}",
        "name": said,
        "response": response,
        "response_minutes": minutes,
        "examples": examples,
        "line": line,
    }


def minutes_of(text: str) -> int | None:
    """ "Within 4 hours" is 240, "Immediate" is 0; None where no clock can tell ("next business day")."""
    if re.search(r"\b(?:immediate(?:ly)?|at once|instant(?:ly)?)\b", text, re.I):
        return 0
    found = re.search(r"(\d+)\s*(min|m\b|hour|hr|h\b|day|d\b)", text, re.I)
    if found is None or re.search(r"business", text, re.I):
        return None
    return int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2][0].lower()]


def escalation_of(root: Section) -> tuple[Fact, ...]:
    """Who is asked next, in order."""
    found: list[Fact] = []
    for section in _sections(root, r"\bescalat"):
        for label, listing in _labelled_lists(section.blocks):
            if label is not None and label.label:
                found.append(_escalated(label.label, [item.span.text for item in listing.items], label.line))
            elif label is None or listing.ordered:
                found += [
                    _escalated(item.span.label or item.span.text, _below(item), item.line) for item in listing.items
                ]
        for table in (block for block in section.blocks if isinstance(block, Table)):
            found += [
                _escalated(row[0].text, [cell.text for cell in row[1:]], row[0].line) for row in table.rows if row
            ]
    return tuple(found)


def _escalated(title: str, duties: list[str], line: int) -> Fact:
    level = _LEVEL.match(title)
    name = level[4] if level and level[4] else title
    return {
        "level": level[3].upper() if level and level[3] else None,
        "name": tidy(name),
        "duties": duties,
        "line": line,
    }


def _below(item: Item) -> list[str]:
    lists = [block for block in item.blocks if isinstance(block, Listing)]
    return [inner.span.text for listing in lists for inner in listing.items] or [
        rest for rest in [item.span.rest] if rest
    ]


def contacts_of(root: Section) -> tuple[Fact, ...]:
    """Names and how to reach them. `missing` where the document still holds a blank like "[contact info]"."""
    found: list[Fact] = []
    for section in _sections(root, _REACHING):
        team = None if re.search(_REACHING, section.heading, re.I) else bare(section.heading)
        for item in (item for _, listing in _labelled_lists(section.blocks) for item in listing.items):
            name, colon, reach = item.span.text.partition(":")
            if colon and reach.strip() and len(name) < 60 and not item.span.codes:
                missing = _BLANK.fullmatch(reach.strip()) is not None
                found.append(
                    {"name": name.strip(), "reach": reach.strip(), "team": team, "missing": missing, "line": item.line}
                )
    return tuple(found)


def schedules_of(root: Section, commands: Sequence[Command]) -> tuple[Fact, ...]:
    """Cron lines, and lists of what is done daily, weekly, monthly."""
    crons = [
        {"kind": "cron", "cron": found[1], "command": found[2].strip(), "title": command.title, "line": command.line}
        for command in commands
        if (found := _CRON.match(command.text))
    ]
    told = [*crons, *_task_lists(root), *_times_told(root)]
    return tuple(sorted(told, key=lambda fact: int(fact["line"])))


_CLOCK = re.compile(
    r"\b(?:(midnight|noon)|(\d{1,2})(?::(\d\d))?\s*([ap])\.?m\b\.?|(?:at|@) ([01]?\d|2[0-3]):([0-5]\d))\b"
    r"|\bat ([01]\d|2[0-3])([0-5]\d)\b",
    re.I,
)


def _times_told(root: Section) -> Iterator[Fact]:
    """ "Database backups (midnight UTC)": what is said to happen at a time of day."""
    for section in root.walk():
        for span in spans_in(section.blocks):
            if re.search(r"\bbackups?\b", span.text, re.I) and (at := time_of_day(span.text)):
                yield {"kind": "time", "at": at, "what": span.text, "line": span.line}


def time_of_day(text: str) -> str | None:
    """ "2 AM" is "02:00", "midnight" is "00:00"; None when no time of day is told."""
    found = _CLOCK.search(text)
    if found is None:
        return None
    if found[1]:
        return "00:00" if found[1].lower() == "midnight" else "12:00"
    if found[4]:
        hour = int(found[2]) % 12 + (12 if found[4].lower() == "p" else 0)
        return f"{hour:02}:{found[3] or '00'}"
    return f"{int(found[5] or found[7]):02}:{found[6] or found[8]}"


def _task_lists(root: Section) -> Iterator[Fact]:
    waiting = list(reversed(root.children))
    while waiting:
        section = waiting.pop()
        frequency = _frequency(section.heading)
        if frequency and _is_routine(section.heading):
            if tasks := _tasks(section):
                yield _tasks_fact(frequency, section.heading, tasks, section.line)
            continue
        for label, listing in _labelled_lists(section.blocks):
            if label is not None and label.label and (often := _frequency(label.label)) and len(label.label) < 20:
                yield _tasks_fact(often, label.label, [item.span.text for item in listing.items], label.line)
        waiting.extend(reversed(section.children))


def _is_routine(heading: str) -> bool:
    return (
        re.search(
            r"(?i)\b(?:tasks?|operations?|maintenance|checks?|routines?|duties|jobs|procedures?|review)\b", heading
        )
        is not None
    )


def _tasks_fact(frequency: str, title: str, tasks: Sequence[str], line: int) -> Fact:
    return {"kind": "tasks", "frequency": frequency, "title": tidy(bare(title)), "tasks": list(tasks), "line": line}


def _tasks(section: Section) -> list[str]:
    own = [item.span.text for block in section.blocks if isinstance(block, Listing) for item in block.items]
    for child in section.children:
        below = _tasks(child)
        own += below or [tidy(bare(child.heading))]
    return [task for task in own if task]


def _frequency(text: str) -> str | None:
    found = _FREQUENCY.search(text)
    return (found[1].lower() if found[1] else _EVERY[found[2].lower()]) if found else None


def checklists_of(root: Section) -> tuple[Fact, ...]:
    """Lists with boxes, and lists that are called checklists."""
    found = []
    for section in root.walk():
        for label, listing in _all_labelled_lists(section.blocks):
            title = label.label or label.text if label else bare(section.heading)
            boxes = [item for item in listing.items if item.done is not None]
            items = boxes or (list(listing.items) if re.search(r"\bchecklist\b", title, re.I) else [])
            if items:
                found.append(
                    {"title": tidy(bare(title)), "items": [item.span.text for item in items], "line": items[0].line}
                )
    return tuple(found)


def retention_of(root: Section, commands: Sequence[Command] = ()) -> tuple[Fact, ...]:
    """How long what is kept, as the text says it or as a clean-up command does."""
    found: list[Fact] = []
    for command in commands:
        days = re.search(r"\bfind\b.*-mtime \+(\d+).*-delete\b", command.text)
        if days and re.search(r"(?i)^(?!keep).*backup", command.title + command.text):
            title = re.sub(r"(?i)^(?:clean|delete|remove|purge)\w*(?: up)?(?: old)?\s+", "", tidy(bare(command.title)))
            found.append(_retained(title, f"{days[1]} days", command.line))
    for table in _tables(root):
        kept = _column(table, r"retention|retained|kept")
        if kept is not None and table.header:
            rows = [row for row in table.rows if _cell(row, kept)]
            found += [_retained(row[0].text, _cell(row, kept), row[0].line) for row in rows]
    for section in root.walk():
        for subject, span in _lines_with_subject(section):
            said = _KEPT.match(span.text)
            if said and (re.search(_PERIOD, said[2], re.I) or re.match(r"(?i)permanent|forever|indefinite", said[2])):
                found.append(
                    _retained(tidy(said[1]) if len(said[1].split()) > 1 else subject, said[2].strip(), span.line)
                )
        for fence in fences_in(section.blocks):
            for number, line in enumerate(fence.body.split("\n")):
                if said := re.match(rf"^\s*#\s*keep (?:the )?last ({_PERIOD})", line, re.I):
                    found.append(_retained(bare(section.heading), said[1], fence.first_line + number))
    return tuple(sorted(found, key=lambda fact: fact["line"]))


def _retained(subject: str, period: str, line: int) -> Fact:
    return {"subject": subject, "period": period, "line": line}


def _lines_with_subject(section: Section) -> Iterator[tuple[str, Span]]:
    for block in section.blocks:
        if isinstance(block, Paragraph):
            yield from ((bare(section.heading), span) for span in block.spans)
    for label, listing in _labelled_lists(section.blocks):
        subject = label.label if label and label.label else bare(section.heading)
        yield from ((subject, item.span) for item in listing.items)


def objectives_of(root: Section) -> tuple[Fact, ...]:
    """RTO and RPO."""
    found: dict[str, Fact] = {}
    for span in spans_in([block for section in root.walk() for block in section.blocks]):
        if said := _OBJECTIVE.search(span.text):
            value = said[2].strip(" .")
            fact = {"name": said[1].upper(), "value": value, "minutes": minutes_of(value), "line": span.line}
            found.setdefault(said[1].upper(), fact)
    return tuple(found.values())


def alert_rules_of(root: Section) -> tuple[Fact, ...]:
    """Prometheus alerting rules that the document quotes."""
    found: list[Fact] = []
    for fence in fences_in([block for section in root.walk() for block in section.blocks]):
        if "alert:" in fence.body and fence.language in ("", "yaml", "yml") and len(fence.body) < 65536:
            lines = {
                said[1].strip("\"' "): fence.first_line + number
                for number, line in enumerate(fence.body.split("\n"))
                if (said := re.match(r"\s*-?\s*alert:\s*(\S.*)$", line))
            }
            found += [_rule(rule, lines.get(str(rule["alert"]), fence.line)) for rule in _rules(_yaml(fence.body))]
    return tuple(found)


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=AliasFreeLoader)  # noqa: S506  a SafeLoader without aliases
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _rules(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        if "alert" in value:
            yield value
        else:
            for inner in value.values():
                yield from _rules(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _rules(inner)


def _rule(rule: Mapping[str, Any], line: int) -> Fact:
    labels, notes = rule.get("labels"), rule.get("annotations")
    said = notes if isinstance(notes, dict) else {}
    return {
        "name": str(rule["alert"]),
        "expr": str(rule.get("expr", "")),
        "for": str(rule["for"]) if "for" in rule else None,
        "severity": str(labels["severity"]) if isinstance(labels, dict) and "severity" in labels else None,
        "summary": str(said.get("summary") or said.get("description") or "") or None,
        "runbook_url": str(said["runbook_url"]) if "runbook_url" in said else None,
        "line": line,
    }


# -- looking around


def _sections(root: Section, pattern: str) -> Iterator[Section]:
    """Sections whose heading says so, outermost only."""
    waiting = [root]
    while waiting:
        section = waiting.pop()
        if section.level and re.search(pattern, section.heading, re.I):
            yield from section.walk()
        else:
            waiting.extend(reversed(section.children))


def _tables(root: Section) -> Iterator[Table]:
    for section in root.walk():
        yield from (block for block in section.blocks if isinstance(block, Table))


def _column(table: Table, pattern: str) -> int | None:
    found = re.compile(rf"\b(?:{pattern})", re.I)
    return next((index for index, cell in enumerate(table.header) if found.search(cell.text)), None)


def _cell(row: Sequence[Span], index: int | None) -> str:
    return row[index].text if index is not None and index < len(row) else ""


def _port(text: str) -> int | None:
    found = re.search(r"\b(\d{2,5})\b", text)
    return int(found[1]) if found else None


def _first_url(text: str) -> str | None:
    found = _URL.search(text)
    return found[0].rstrip(".,;") if found else None


def _labelled_lists(blocks: Iterable[Block]) -> Iterator[tuple[Span | None, Listing]]:
    """Each list of these blocks with the label above it, if there is one right above."""
    label: Span | None = None
    for block in blocks:
        if isinstance(block, Paragraph):
            last = block.spans[-1]
            label = last if label_of(last)[0] or last.text.endswith(":") else None
        elif isinstance(block, Listing):
            yield label, block
            label = None


def _all_labelled_lists(blocks: Iterable[Block]) -> Iterator[tuple[Span | None, Listing]]:
    for label, listing in _labelled_lists(blocks):
        yield label, listing
        for item in listing.items:
            yield from _all_labelled_lists(item.blocks)
