"""Which procedure answers an alert: deterministic, explained, and silent rather than wrong.

First the system (labels, the inventory, the services and names that each document speaks of), since the same title
stands in several documents; then its procedures, compared by what is concerned and what is wrong with it. A link in the
alert to a runbook wins over both. Below the floor the answer is that there is no runbook.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from rapidfuzz import fuzz

from incidents.alert import Alert, AlertStatus
from incidents.inventory import Inventory
from runbooks.document import Document, Procedure
from runbooks.reading.labels import slug, title_of
from runbooks.vocabulary import CONDITIONS, DECISIVE, GENERIC, Said, kinship, likeness, said

FLOOR = 58.0
"""Least score of an answer, when the alert's system is known."""
FLOOR_UNKNOWN = 74.0
"""Least score when nothing in the alert says whose it is."""
FLOOR_LIBRARY = 76.0
"""Least score of what ships with Midwatch and knows nothing of the system."""
RUNNERS_UP = 5
ANY_SYSTEM = "*"

_SYSTEM_LABELS = (
    "system",
    "project",
    "application",
    "product",
    "stack",
    "com_docker_compose_project",
    "namespace",
    "app",
)
_OTHER_LABELS = (
    "service service_name app job container container_name pod deployment component instance host hostname name target "
    "compose_service com_docker_compose_service unit database datname entity resource url check monitor scope tags "
    "cluster mountpoint domain namespace"
)
_SERVICE_LABELS = tuple(_OTHER_LABELS.split())
_TOLD = ("summary", "description", "message", "title", "details", "body", "text", "reason", "error", "subject")


@dataclass(frozen=True, slots=True)
class Match:
    """One procedure that may answer the alert, how well from 0 to 100, and why."""

    document: Document
    procedure: Procedure
    score: float
    why: str


class HasDocuments(Protocol):
    """What matching needs of a shelf."""

    @property
    def documents(self) -> tuple[Document, ...]: ...


def match(alert: Alert, shelf: HasDocuments, inventory: Inventory) -> list[Match]:
    """The procedures that answer an alert, best first; none means that there is no runbook for it.

    The first one may be started by an alert; recoveries only ever follow. What ships with Midwatch answers only where
    the alert's own system has nothing.
    """
    documents = shelf.documents
    own = tuple(document for document in documents if document.system != ANY_SYSTEM)
    shared = tuple(document for document in documents if document.system == ANY_SYSTEM)
    linked = _by_link(alert, own) or _by_claim(alert, documents)
    owner = _owner_of(alert, own, inventory)
    told = _Told.of(alert, owner, own)
    ranked = _ranked(told, linked, owner, own)
    if linked or not (owner.system or _is_listed(alert, inventory)):
        return _offered(ranked)
    return _offered(ranked) or _offered(_from_library(told, shared, owner))


def _is_listed(alert: Alert, inventory: Inventory) -> bool:
    """Whether the inventory knows where the alert's system is; elsewhere no check could run."""
    named = alert.system or alert.labels.get("system")
    return inventory.system(named) is not None or inventory.system_of(alert.service or "") is not None


def _from_library(told: _Told, shared: Sequence[Document], owner: _Owner) -> list[Match]:
    """What ships with Midwatch speaks of hosts and containers in general, so the alert has to name such a thing too."""
    found = _by_words(told, shared, owner, FLOOR_LIBRARY)
    return [one for one in found if said(one.procedure.title).subjects & told.full.subjects]


def alert_of(values: Mapping[str, Any]) -> Alert:
    """The alert of one flat JSON object, labels and annotations side by side, as `runbook match` reads them."""
    flat = {str(name): str(value) for name, value in values.items() if isinstance(value, str | int | float)}
    for nested in ("labels", "annotations"):
        inner = values.get(nested)
        if isinstance(inner, Mapping):
            flat |= {str(name): str(value) for name, value in inner.items()}
    told = {name: value for name, value in flat.items() if name.lower() in _TOLD or "runbook" in name.lower()}
    labels = {name: value for name, value in flat.items() if name not in told}
    title = next((flat[name] for name in ("alertname", "title", "name", *_TOLD) if flat.get(name)), "")
    return Alert(
        source=str(values.get("source", "json")),
        status=AlertStatus.FIRING,
        dedup_key=str(values.get("dedup_key", title)),
        title=title,
        service=labels.get("service"),
        system=labels.get("system"),
        labels=labels,
        annotations=told,
        runbook_url=told.get("runbook_url"),
    )


def _offered(ranked: list[Match]) -> list[Match]:
    """What may be started first, then the rest; nothing when only recoveries are left."""
    ranked = sorted(ranked, key=lambda found: (-found.score, found.document.path, found.procedure.line))
    first = [found for found in ranked if found.procedure.auto]
    rest = [found for found in ranked if not found.procedure.auto]
    return (first + rest)[: RUNNERS_UP + 1] if first else []


def _ranked(told: _Told, linked: list[Match], owner: _Owner, own: Sequence[Document]) -> list[Match]:
    if linked:
        named = {found.procedure.id for found in linked}
        others = _by_words(told, owner.documents(own), owner, FLOOR) if owner.system else []
        return linked + [found for found in others if found.procedure.id not in named]
    if owner.system:
        return _by_words(told, owner.documents(own), owner, FLOOR)
    exact = [found for found in _by_words(told, own, owner, 0.0) if _is_named(told, found.procedure)]
    if exact or owner.foreign or _speaks_of_others(told, own):
        return exact
    return _unambiguous(_by_words(told, own, owner, FLOOR_UNKNOWN))


def _is_named(told: _Told, procedure: Procedure) -> bool:
    """Whether the alert bears the very name of the procedure, and one that no other alert would bear by chance."""
    return _is_called(told, procedure) and len(told.title) > 8 and " " not in procedure.title.strip()


def _is_called(told: _Told, procedure: Procedure) -> bool:
    """Whether the alert's name is the procedure's, however the two write it: LampIsDark, lamp_is_dark, Lamp is dark."""
    title = re.sub(r"\s*\(P[1-5]\)\s*$", "", title_of(procedure.title))
    names = {slug(text).replace("-", "") for text in (procedure.title, title)}
    return slug(told.title).replace("-", "").replace("_", "") in names - {""}


_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:[a-z]{2,12})\b(?!/)")


def _speaks_of_others(told: _Told, own: Sequence[Document]) -> bool:
    """Whether the alert names hosts, and none that any document knows."""
    hosts = set(_HOST.findall(told.hosts))
    return bool(hosts) and not any(hosts & document.names for document in own)


def _unambiguous(found: list[Match]) -> list[Match]:
    """Nothing, where systems tie: an alert that does not say whose it is must not start another's checks."""
    best = max((one.score for one in found), default=0.0)
    leaders = {one.document.system for one in found if one.score > best - 6}
    return found if len(leaders) == 1 else []


# -- by link


def _by_link(alert: Alert, documents: Sequence[Document]) -> list[Match]:
    for url in _links_of(alert):
        if found := _linked(url, documents):
            return found
    return []


def _links_of(alert: Alert) -> Iterator[str]:
    if alert.runbook_url:
        yield alert.runbook_url
    for name, value in (alert.annotations | alert.labels).items():
        if re.search(r"(?i)run_?book|playbook", name) and value:
            yield value


def _linked(url: str, documents: Sequence[Document]) -> list[Match]:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return []
    file = _plain(PurePosixPath(unquote(parts.path)).stem)
    anchor = _plain(unquote(parts.fragment))
    named = [document for document in documents if file and file in _names_of(document)]
    if anchor:
        found = [(d, p) for d in named or documents for p in d.procedures if anchor in _anchors_of(p)]
        if named or len(found) == 1:
            return [Match(d, p, 100.0, f"the alert links to '{p.title}' in {d.path}") for d, p in found]
    if len(named) == 1 and len(named[0].procedures) == 1 and not anchor:
        only = named[0].procedures[0]
        return [Match(named[0], only, 100.0, f"the alert links to {named[0].path}")]
    titled = [(d, p) for d in documents for p in d.procedures if file and len(file) > 4 and file in _anchors_of(p)]
    return [Match(d, p, 100.0, f"the alert links to '{p.title}'") for d, p in titled] if len(titled) == 1 else []


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _names_of(document: Document) -> set[str]:
    return {_plain(PurePosixPath(document.path).stem), _plain(document.system)}


def _anchors_of(procedure: Procedure) -> set[str]:
    return {_plain(procedure.heading[-1]), _plain(procedure.title), _plain(procedure.id.rpartition("/")[2])} - {""}


# -- by front matter


def _by_claim(alert: Alert, documents: Sequence[Document]) -> list[Match]:
    """What a document's front matter claims: `match: [{alertname: LMSApi*, procedure: API Unavailability}]`."""
    labels = {"title": alert.title, "service": alert.service or "", "system": alert.system or "", **alert.labels}
    return [
        Match(document, procedure, 99.0, f"the front matter of {document.path} claims alerts with {_shown(claim)}")
        for document in documents
        for claim, procedure in claims_of(document)
        if all(_holds(labels.get(name, ""), wanted) for name, wanted in claim.items())
    ]


def claims_of(document: Document) -> Iterator[tuple[dict[str, list[str]], Procedure]]:
    """The labels that a document claims, each with the procedure it claims them for. Others are left out."""
    listed = document.front_matter.get("match")
    for entry in listed if isinstance(listed, list) else [listed]:
        if not isinstance(entry, dict):
            continue
        claim = {str(name): _texts(value) for name, value in entry.items() if name != "procedure"}
        named = _plain(str(entry.get("procedure", "")))
        found = [one for one in document.procedures if named in _anchors_of(one) or not named]
        if claim and len(found) == 1:
            yield claim, found[0]


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _holds(said_of: str, wanted: Sequence[str]) -> bool:
    return any(fnmatchcase(said_of.lower(), pattern.lower()) for pattern in wanted)


def _shown(claim: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{name} {' or '.join(wanted)}" for name, wanted in claim.items())


# -- whose alert it is


@dataclass(frozen=True, slots=True)
class _Owner:
    """The system an alert belongs to and how that is known. `foreign` is a system named that no document is about."""

    system: str | None = None
    why: str = ""
    foreign: bool = False

    def documents(self, own: Sequence[Document]) -> tuple[Document, ...]:
        return tuple(document for document in own if document.system == self.system)


def _owner_of(alert: Alert, documents: Sequence[Document], inventory: Inventory) -> _Owner:
    systems = sorted({document.system for document in documents})
    values = _values_of(alert)
    for name, value in values:
        if name == "system" and (found := _same(value, systems)):
            return _Owner(found, f"the alert names {found}")
    for name, value in values:
        listed = inventory.system_of(value) if name != "system" else None
        if listed is not None and listed in systems:
            return _Owner(listed, f"{name} {value} belongs to {listed} in the inventory")
    scores = _evidence(alert, values, documents, systems)
    best = max(scores, key=lambda system: scores[system][0], default=None)
    if best is not None and scores[best][0] >= 2.0 and _leads(scores, best):
        return _Owner(best, scores[best][1])
    named = alert.system or alert.labels.get("system") or alert.labels.get("project")
    if named:
        return _Owner(None, f"no runbook is about {named}", foreign=True)
    if len(systems) == 1 and not _names_another(values, systems):
        return _Owner(systems[0], f"{systems[0]} is the only system")
    return _Owner()


def _leads(scores: Mapping[str, tuple[float, str]], best: str) -> bool:
    return all(score <= scores[best][0] * 0.75 for system, (score, _) in scores.items() if system != best)


def _names_another(values: Sequence[tuple[str, str]], systems: Sequence[str]) -> bool:
    return any(
        name in ("system", "project", "namespace", "application") and not _same(v, systems) for name, v in values
    )


def _values_of(alert: Alert) -> list[tuple[str, str]]:
    pairs = [("system", alert.system), ("service", alert.service)]
    pairs += [(name, alert.labels.get(name)) for name in (*_SYSTEM_LABELS, *_SERVICE_LABELS)]
    pairs += [
        (tag.partition(":")[0].strip(), tag.partition(":")[2].strip())
        for name in ("tags", "scope")
        for tag in re.split(r"[,\s]+", alert.labels.get(name, ""))
        if ":" in tag
    ]
    return [(name, value.strip()[:200]) for name, value in dict.fromkeys(pairs) if value and value.strip()]


def _same(value: str, systems: Sequence[str]) -> str | None:
    return next((system for system in systems if _plain(system) == _plain(value)), None)


def _evidence(
    alert: Alert, values: Sequence[tuple[str, str]], documents: Sequence[Document], systems: Sequence[str]
) -> dict[str, tuple[float, str]]:
    """For each system how strongly the alert speaks of it, and the strongest reason."""
    names = {system: [d for d in documents if d.system == system] for system in systems}
    owners = _owners_of_words(documents)
    text = " ".join([alert.title, *(alert.annotations.get(name, "") for name in _TOLD)])
    scores: dict[str, tuple[float, str]] = {}
    for system, about in names.items():
        found = [*_named_in(system, values, systems), *_mentioned_in(system, about, text, systems)]
        found += _served(system, values, owners)
        if found:
            scores[system] = (sum(weight for weight, _ in found), max(found)[1])
    return scores


def _named_in(system: str, values: Sequence[tuple[str, str]], systems: Sequence[str]) -> Iterator[tuple[float, str]]:
    words = slug(system).split("-")
    for name, value in values:
        parts = slug(value).split("-")
        if _plain(value) == _plain(system):
            yield 6.0, f"{name} {value} is {system}"
        elif "-".join(parts).startswith(f"{slug(system)}-") or f"-{slug(system)}-" in f"-{'-'.join(parts)}-":
            yield 5.0, f"{name} {value} bears the name of {system}"
        elif any(_is_first_word(part, words, systems) for part in parts):
            yield 2.5, f"{name} {value} bears the name of {system}"


def _is_first_word(part: str, words: Sequence[str], systems: Sequence[str]) -> bool:
    """Whether a part of a name is this system's own word: "lms" is lms-backend's before it is aada-lms's."""
    if part != words[0] or len(part) < 3:
        return False
    return sum(slug(system).split("-")[0] == part for system in systems) == 1


def _mentioned_in(
    system: str, about: Sequence[Document], text: str, systems: Sequence[str]
) -> Iterator[tuple[float, str]]:
    plain = f"-{slug(text)}-"
    others = [slug(other) for other in systems if other != system and slug(system) in slug(other)]
    for other in others:
        plain = plain.replace(f"-{other}-", "-")
    if f"-{slug(system)}-" in plain or (len(_plain(system)) > 6 and _plain(system) in _plain(text)):
        yield 4.0, f"the alert speaks of {system}"
    elif any(_is_first_word(word, slug(system).split("-"), systems) for word in plain.strip("-").split("-")):
        yield 2.5, f"the alert speaks of {slug(system).split('-')[0]}"
    for document in about:
        title = slug(re.split(r"\s[-–—:]\s", document.title)[0])
        if title.count("-") >= 1 and title not in _COMMON_TITLES and f"-{title}-" in plain:
            yield 3.0, f"the alert speaks of {document.title}"


_COMMON_TITLES = frozenset(
    {"operational-runbooks", "operations-runbook", "operations-guide", "production-operations-guide"}
)


def _served(
    system: str, values: Sequence[tuple[str, str]], owners: Mapping[str, frozenset[str]]
) -> Iterator[tuple[float, str]]:
    for name, value in values:
        for form in _forms_of(value):
            if system in (known := owners.get(form, frozenset())):
                weight = {1: 3.0, 2: 1.0}.get(len(known), 0.5)
                yield weight, f"{name} {value} stands in the runbook of {system}"
                break


def _forms_of(value: str) -> list[str]:
    """A label's value as documents may write it: without port, replica number or scheme."""
    host = re.sub(r"^\w+://", "", value.lower()).split("/")[0]
    bare = host.rsplit(":", 1)[0] if re.search(r":\d+$", host) else host
    container = re.sub(r"[-_]\d+$", "", bare)
    return [form for form in dict.fromkeys((value.lower(), host, bare, container, slug(container))) if len(form) > 1]


def _owners_of_words(documents: Sequence[Document]) -> Mapping[str, frozenset[str]]:
    owners: dict[str, set[str]] = {}
    for document in documents:
        for word in document.names:
            owners.setdefault(word, set()).add(document.system)
    return {word: frozenset(systems) for word, systems in owners.items()}


# -- what it says


@dataclass(frozen=True, slots=True)
class _Told:
    """An alert's words. `name` is what it is called, `text` all of its text, `service` what its labels add."""

    title: str
    name: Said
    service: Said
    full: Said
    text: str
    places: Mapping[str, str] = field(default_factory=dict)
    hosts: str = ""
    """Where the names of hosts may stand: the text and the labels that hold addresses."""
    supposed: bool = False
    """Whether nothing in the alert says what is wrong, so that it is taken for "down"."""

    @classmethod
    def of(cls, alert: Alert, owner: _Owner, documents: Sequence[Document]) -> _Told:
        called = alert.labels.get("alertname") or alert.title
        own = _own_words(owner, documents)
        name = said(_headline(called)).without(own)
        texts = {"title": alert.title} | {key: alert.annotations[key] for key in _TOLD if alert.annotations.get(key)}
        service = said(" ".join(dict.fromkeys(_service_words(alert)))).without(own)
        full = name | said(_headline(alert.title)).without(own)
        for value in texts.values():
            full |= said(value).without(own)
        supposed = not full.conditions
        if supposed:
            full = Said(full.subjects, frozenset({"down"}), full.words)
        if not name.conditions:
            name = Said(name.subjects, full.conditions, name.words)
        if _is_bare(name):  # "InstanceDown", "[Triggered] api": what is concerned stands beside it
            name |= Said(service.subjects | said(alert.annotations.get("summary", "")).subjects)
        text = " ".join(texts.values()).lower()
        hosts = " ".join(
            [text, *(alert.labels.get(label, "").lower() for label in ("instance", "host", "url", "target"))]
        )
        return cls(called, name, service, full | service, text, texts, hosts, supposed)


def _is_bare(name: Said) -> bool:
    return not name.subjects - GENERIC and not name.words


def _headline(title: str) -> str:
    """A title without the marks that monitors put around it: "[P1] [Triggered on {host:a}] API 5xx"."""
    title = re.sub(r"\[[^\]]*\]|\{[^}]*\}|\b(?:on|for|at) (?:host|instance|node|pod) \S+|\bon \S+\.\S+", " ", title)
    return re.sub(
        r"(?i)^\s*(?:problem|alert|alarm|incident|firing|triggered|down|re-triggered)\s*[:!-]\s*", r" ", title
    )


def _service_words(alert: Alert) -> Iterator[str]:
    for value in (
        alert.service,
        *(alert.labels.get(name) for name in ("service", "container", "component", "app", "job")),
    ):
        if value:
            yield value[:100]


def _own_words(owner: _Owner, documents: Sequence[Document]) -> frozenset[str]:
    """Words that only say whose alert it is, which say nothing about what is wrong."""
    systems = [owner.system] if owner.system else sorted({document.system for document in documents})
    words = {word for system in systems for word in said(system or "").words | set(slug(system or "").split("-"))}
    for document in documents:
        if document.system in systems and " - " in document.title:
            words |= said(document.title.split(" - ")[0]).words
    return frozenset(words)


# -- comparing


def _by_words(told: _Told, documents: Iterable[Document], owner: _Owner, floor: float) -> list[Match]:
    found = []
    for document in documents:
        for procedure in document.procedures:
            score, why = _likeness(told, procedure)
            if score >= floor and score > 0:
                whose = f"; {owner.why}" if owner.why else ""
                found.append(Match(document, procedure, score, f"{why}{whose}"))
    return found


def _likeness(told: _Told, procedure: Procedure) -> tuple[float, str]:
    title = said(title_of(procedure.title))
    if _is_called(told, procedure):
        return 98.0, f"the alert is called like '{procedure.title}'"
    symptom, symptom_cover = _best_symptom(told, procedure)
    everywhere = title
    for text in procedure.symptoms:
        everywhere |= said(text)
    title_cover = _cover(title, told.full)
    answered = _answered(told.name, title, everywhere)
    if not _concerns(told, title, everywhere, symptom_cover):
        return 0.0, ""
    absent = bool(title.subjects - GENERIC) and not (title.subjects - GENERIC) & told.full.subjects
    by_symptom = (0.75 if absent else 0.95) * symptom_cover
    told_of = max(title_cover, by_symptom, 0.6 * title_cover + 0.45 * by_symptom)
    score = 100 * min(1.0, 0.5 * told_of + 0.5 * answered)
    foreign = (told.name.subjects & DECISIVE) - everywhere.subjects
    score *= 0.5 if foreign else 1.0
    score *= 0.75 if told.supposed and _names_something_else(told, everywhere) else 1.0
    score += 4 * fuzz.token_set_ratio(told.text[:400], procedure.title.lower()) / 100
    score += 3.0 if _serves(told, procedure) else 0.0
    return min(score, 97.0), _reason(told, procedure, symptom if symptom_cover >= title_cover else "")


def _names_something_else(told: _Told, everywhere: Said) -> bool:
    """Whether the alert's name consists of words of its own, none of which the procedure knows."""
    return bool(told.name.words) and not any(_in(term, everywhere) for term in told.name.subjects | told.name.words)


def _best_symptom(told: _Told, procedure: Procedure) -> tuple[str, float]:
    covers = [
        (_cover(told_by, told.full) * _weight_of(told_by), text)
        for text in procedure.symptoms
        if (told_by := said(text))
    ]
    covers += [(0.9, text) for text in procedure.symptoms if _quoted(text) and _quoted(text) in told.text]
    best = max(covers, default=(0.0, ""))
    return best[1], best[0]


def _weight_of(symptom: Said) -> float:
    """A symptom that names nothing ("errors in the log") fits almost every alert."""
    return 1.0 if symptom.subjects or symptom.words or len(symptom.conditions) > 1 else 0.5


def _quoted(symptom: str) -> str:
    found = re.search(r"[\"“]([^\"”]{6,})[\"”]", symptom)
    return found[1].lower() if found else ""


def _weight(term: str) -> float:
    if term in CONDITIONS:
        return 0.6
    if term == "service":
        return 0.2
    return 0.5 if term in GENERIC else 1.0


def _cover(part: Said, whole: Said) -> float:
    """How much of one text another says, from 0 to 1."""
    total = sum(map(_weight, part.all))
    if not total:
        return 0.0
    met = sum(_weight(term) * _in(term, whole) for term in part.all)
    return met / total


def _in(term: str, whole: Said) -> float:
    if term in CONDITIONS:
        return max((likeness(term, other) for other in whole.conditions), default=0.0)
    if term in whole.all:
        return 1.0
    return max((kinship(term, other) for other in whole.subjects), default=0.0)


def _answered(name: Said, title: Said, everywhere: Said) -> float:
    """How much of the alert's name the procedure speaks of, its title counting most."""
    total = sum(map(_weight, name.all))
    if not total:
        return 0.0
    met = sum(_weight(term) * max(_in(term, title), 0.9 * _in(term, everywhere)) for term in name.all)
    return met / total


def _concerns(told: _Told, title: Said, everywhere: Said, symptom_cover: float) -> bool:
    """Whether the two speak of the same thing at all, not only of the same kind of trouble."""
    shared = (title.subjects | title.words) & (told.name.subjects | told.name.words | told.service.subjects)
    if shared - {"service"}:
        return True
    wider = (everywhere.subjects | everywhere.words) & (told.full.subjects | told.full.words)
    specific = wider - GENERIC
    if specific and (symptom_cover >= 0.6 or specific & (title.subjects | title.words)):
        return True
    if symptom_cover >= 0.8 and told.full.conditions:
        return True
    bare = not (title.subjects | title.words) - {"service"}
    return bare and _cover(title, told.full) >= 0.9


def _serves(told: _Told, procedure: Procedure) -> bool:
    names = told.service.words | told.service.subjects
    return bool(names) and any(names & said(step.text or "").all for step in procedure.steps)


def _reason(told: _Told, procedure: Procedure, symptom: str) -> str:
    where = next(
        (name for name, text in told.places.items() if symptom and _cover(said(symptom), said(text)) > 0.6), "text"
    )
    if symptom:
        return f"symptom '{symptom.strip(chr(34))}' matches the {where}"
    shared = said(procedure.title).all & told.full.all
    words = ", ".join(sorted(shared)) or "words of the alert"
    return f"'{procedure.title}' matches the alert ({words})"
