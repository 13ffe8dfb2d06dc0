"""What a command still needs before it can run, and what it would give away.

A document names its placeholders in many ways, most of them without brackets (`db-host`, `800X`,
`/path/to/cert.pem`, `v1.2.3`). A real value taken for a placeholder costs a question; a placeholder taken for a real
value runs a command on something that nobody meant. So doubtful words count as placeholders.

Values come from the inventory, from labels, or from a person, and are data: they must match `ALLOWED`, which has
no character that means anything to a shell, and no leading dash that would make an option of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from incidents.errors import Rejected
from runbooks.secrecy import shows_secret

ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]*")
LONGEST_VALUE = 128
_LONGEST_TEXT = 256 * 1024

# Every pattern begins at the start of a word or at a bracket and is bounded, so that a search costs linear time.
_EDGE = r"(?<![\w.-])"

_BRACKETED = re.compile(
    r"(?<!<)<(?P<angle>[A-Za-z][\w .@:/|-]{0,78}[\w]|[A-Za-z])>(?!>)"
    r"|\{\{\s{0,4}(?P<curly>[A-Za-z_][\w -]{0,60}?)\s{0,4}\}\}"
    r"|(?<![$%@{\\'\"\w])\{(?P<brace>[A-Z][A-Z0-9_-]{1,60}|[a-z][a-z0-9]{0,30}(?:[-_][a-z0-9]{1,30}){1,5})\}(?!['\"}])"
    r"|(?:(?<=[\s=/@:])|^)\[(?P<square>[A-Za-z][A-Za-z0-9_ -]{2,60})\](?=[\s:/.;|]|$)"
)
_GO_TEMPLATE_WORDS = frozenset({"end", "else", "range", "break", "continue", "println", "json", "table"})

_SUBJECTS = (
    "db|database|host|pod|container|service|server|user|backup|node|instance|cluster|bucket|image|table|queue|topic"
    "|namespace|deployment|target|source|remote|primary|master|replica|slave|old|new|job|task|process|region|account"
    "|project|resource|volume|snapshot|key|domain|app|application|worker|broker|index|schema|secret|role|release"
)
_PROPERTIES = (
    "name|host|hostname|ip|id|address|endpoint|user|username|password|passwd|port|url|uri|value|arn|token|dsn|tag"
)
_MINE = (
    "pod|app|service|server|host|db|database|cluster|namespace|container|bucket|deployment|instance|domain|project"
    "|registry|image|user|password|key|topic|queue|release|node|secret"
)
_SHOUTED = (
    "POD|NAMESPACE|HOST|HOSTNAME|PORT|SERVICE|CONTAINER|NODE|USER|USERNAME|PASSWORD|DBNAME|PID|IP|URL|DOMAIN|BUCKET"
    "|REGION|TOKEN|NAME|VERSION|TAG|CLUSTER|DEPLOYMENT|INSTANCE|REVISION"
)
_ARCHIVES = r"(?:sql|dump|tar|tgz|rdb|db|bak|gz|zip|archive)"

_WORDS = re.compile(
    "|".join(
        (
            # your_password, your-server, yourdomain.com, YOUR_API_KEY
            r"(?<![A-Za-z0-9])(?:your|YOUR|Your)[-_.]?[A-Za-z][\w-]{0,60}(?:\.[A-Za-z][\w-]{0,30}){0,3}"
            r"(?:@[\w-]{1,40}(?:\.[\w-]{1,30}){1,3})?",
            rf"(?<![\w.-])my[-_](?:{_MINE})(?![\w-])",
            r"(?<![\w.])/?(?:path/to|some/path)(?:/[\w.*+@:-]{1,80}){0,8}",
            # db-host, test-db-host, backup-name, but not the option --backup-name
            rf"(?<![\w./$@%-])(?:[a-z0-9]{{1,20}}-){{0,3}}(?:{_SUBJECTS})-(?:{_PROPERTIES})(?![\w-])",
            r"(?<![\w.-])new[-_](?:[A-Za-z0-9]{1,20}[-_]){0,2}(?:key|password|secret|token|value)(?![\w-])",
            r"(?<![\w-])sk-(?:new|your|old|test-key|x{2}|\.{3})[\w-]{0,40}",
            r"(?<![\w-])(?:change[-_]?(?:this|me)|replace[-_]?(?:this|me|with))[\w-]{0,60}",
            r"(?<![\w-])(?:CHANGE[-_]?(?:THIS|ME)|REPLACE[-_]?(?:THIS|ME|WITH))[\w-]{0,60}",
            r"(?<![\w.-])(?:[\w+-]{1,40}(?:\.[\w+-]{1,40}){0,3}@)?(?:[\w-]{1,40}\.){0,4}example\.(?:com|org|net)(?![\w-])",
            r"(?<![\w.-])(?:[\w+-]{1,40}@)?(?:[\w-]{1,40}\.){0,3}(?:domain|yourcompany|company)\.(?:com|org|tld)(?![\w-])",
            r"(?<![\w.@-])(?:user|username|root|admin|ubuntu|ec2-user)@"
            r"(?:host|hostname|server|remote|ip|address|node)(?![\w.-])",
            # 800X, 10.0.0.x, i-xxxxxxxx, INC-XXXX, YYYY-MM-DD
            r"(?<![\w.])\d{2,8}X{1,6}(?!\w)",
            r"(?<![\w.])(?:\d{1,3}\.){2,3}[xX]{1,3}(?:\.[xX]{1,3})?(?![\w.])|(?<![\w.])[xX](?:\.[xX]){2,3}(?![\w.])",
            r"(?<![\w-])(?:[\w-]{0,40}[-_])?[xX]{3,40}(?![A-Za-z0-9])",
            r"(?<!\w)(?:[\w-]{1,40}[-_.])?Y{4}[-_]?M{2}[-_]?D{2}[\w.-]{0,30}",
            # a version that someone would choose anew each time: v1.2.3, but not in an address
            r"(?:(?<=tags/)|(?<![\w./-]))v\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[A-Za-z0-9.]{1,20})?(?![\w-])",
            r"--to-revision[= ]\d{1,6}(?!\w)",
            # dated names of one day's backup or snapshot
            r"(?<![\w.-])[A-Za-z][\w-]{0,60}?[-_]20\d{2}[-_]?[01]\d[-_]?[0-3]\d(?:[-_T]?\d{4,6})?"
            r"(?:\.[A-Za-z][A-Za-z0-9]{0,8}){0,3}(?![\w-])",
            rf"(?<![\w/.-])(?:backup|dump|snapshot)\.{_ARCHIVES}(?:\.(?:gz|bz2|xz|zst|enc|gpg)){{0,2}}(?![\w-])",
            r"(?<!\S)(?:\.\.\.|…)(?!\S)",
        )
    )
)
_LOUD_WORDS = re.compile(rf"(?<![\w$./'\"{{-])(?:(?:{_SHOUTED})|[A-Z]{{2,20}}_(?:NAME|ID|HOST|IP|ADDRESS))(?![\w.=/-])")
_FLAT_SQL = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE|EXPLAIN|VACUUM|ANALYZE|REINDEX|GRANT|REVOKE|SHOW|SET)\s",
)
_NAMES_THEM = re.compile(r"\b(?:e|f|z)?grep\b|\bprintenv\b|\bexport\b|\bunset\b|\baws\b|\becho\b|\benv\b|\brg\b")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,12}://[^\s'\"|;]{1,400}")
_DATE_FORMAT = re.compile(r"to_char|to_date|strftime|--format|date_format", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One place that has to be filled. `written` is what stands there, `name` what people call it."""

    written: str
    name: str
    start: int
    end: int


def placeholders_of(text: str) -> tuple[str, ...]:
    """Every placeholder of a command as it is written there, each once, in order."""
    return tuple(dict.fromkeys(one.written for one in found_in(text)))


def found_in(text: str) -> tuple[Placeholder, ...]:
    """Every place of a command that has to be filled, none overlapping another."""
    if len(text) > _LONGEST_TEXT:
        return ()
    found = sorted((*_in_brackets(text), *_as_words(text)), key=lambda one: (one.start, -one.end))
    kept: list[Placeholder] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


def name_of(written: str) -> str:
    """What a placeholder is called: `<db-host>`, `{{db-host}}`, `[db-host]` and `db-host` are all `db-host`."""
    for opening, closing in (("{{", "}}"), ("<", ">"), ("{", "}"), ("[", "]")):
        if written.startswith(opening) and written.endswith(closing):
            return written[len(opening) : -len(closing)].strip()
    if written.startswith("--to-revision"):
        return "to-revision"
    return written


def names_for(written: str) -> tuple[str, ...]:
    """Names under which a value may stand, best first: as written, its bare name, and how a label would spell it."""
    name = name_of(written)
    snake = name.replace("-", "_").replace(" ", "_")
    short = re.sub(r"[-_](?:name|id)$", "", snake)
    return tuple(dict.fromkeys((written, name, snake, short, snake.lower())))


def value_for(written: str, values: Mapping[str, str]) -> str | None:
    """The value that `values` holds for a placeholder, unchecked."""
    return next((values[name] for name in names_for(written) if name in values), None)


def checked(name: str, value: str) -> str:
    """`value`, when it may become part of a command. Rejected says which value is not allowed, not what it was."""
    if not value:
        raise Rejected(f"the value for {shown(name)} is empty")
    if len(value) > LONGEST_VALUE:
        raise Rejected(f"the value for {shown(name)} is longer than {LONGEST_VALUE} characters")
    if ALLOWED.fullmatch(value) is None:
        raise Rejected(f"the value for {shown(name)} holds a character that is not allowed in a command")
    if ".." in value:
        raise Rejected(f"the value for {shown(name)} holds `..`")
    return value


def shown(name: str) -> str:
    """A placeholder's name, short and printable: it comes from a document and goes into a message."""
    plain = "".join(char if char.isprintable() else "?" for char in name[:60])
    return f"`{plain.replace('`', '')}`"


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every placeholder filled that `values` has a value for. Rejected when a value is not allowed."""
    known = {
        one.written: checked(one.name, value)
        for one in found_in(text)
        if (value := value_for(one.written, values)) is not None
    }
    return replaced(text, known)


def replaced(text: str, known: Mapping[str, str]) -> str:
    """`text` with these placeholders, given as written, put in for good: a value is never looked into again."""
    if not known:
        return text
    longest_first = sorted(known, key=len, reverse=True)
    pattern = "|".join(standing_alone(written) for written in longest_first)
    return re.sub(pattern, lambda found: _prefix(found[0]) + known[found[0]], text)


def standing_alone(written: str) -> str:
    before = r"(?<![\w-])" if written[0].isalnum() else ""
    after = r"(?![\w-])" if written[-1].isalnum() else ""
    return f"{before}{re.escape(written)}{after}"


def _prefix(written: str) -> str:
    return written[: len("--to-revision=")] if written.startswith("--to-revision") else ""


def _in_brackets(text: str) -> Iterator[Placeholder]:
    for found in _BRACKETED.finditer(text):
        name = next(group for group in found.groups() if group)
        in_curly = found["curly"] is not None
        if in_curly and name.split()[0] in _GO_TEMPLATE_WORDS:
            continue
        if (found["square"] or found["brace"]) and _is_quoted(text, found.start()):
            continue
        yield Placeholder(found[0], name, found.start(), found.end())


def _as_words(text: str) -> Iterator[Placeholder]:
    dates_are_formats = _DATE_FORMAT.search(text) is not None
    addresses = [match.span() for match in _URL.finditer(text)]
    for found in _WORDS.finditer(text):
        word = found[0]
        if dates_are_formats and "YY" in word:
            continue
        if _is_real(word, found.start(), text, addresses):
            continue
        yield Placeholder(word, name_of(word), found.start(), found.end())
    if not _FLAT_SQL.search(text) and not _NAMES_THEM.search(text):
        for found in _LOUD_WORDS.finditer(text):
            yield Placeholder(found[0], found[0], found.start(), found.end())


def _is_real(word: str, start: int, text: str, addresses: list[tuple[int, int]]) -> bool:
    """Whether a word that looks like an example is the real thing where it stands."""
    if re.match(r"v\d", word):
        return any(begin <= start < end for begin, end in addresses)
    if re.match(r"(?:backup|dump|snapshot)\.", word):
        return re.search(r"(?:>|-o|-f|-Fc|--file)\s{0,4}$", text[max(0, start - 12) : start]) is not None
    return False


def _is_quoted(text: str, place: int) -> bool:
    """Whether a place stands between quotes, by a plain count; good enough for a doubtful bracket."""
    before = text[max(0, place - 4096) : place]
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1


# Variables of the shell


_VARIABLE = re.compile(r"(?<!\\)\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_ASSIGNED = re.compile(
    r"(?:(?<=[\s;&|(])|^)(?:export\s+|local\s+|declare\s+|readonly\s+)?([A-Za-z_][A-Za-z0-9_]*)\+?="
    r"|\bfor\s+([A-Za-z_][A-Za-z0-9_]*)\s+in\b|\bread\s+(?:-r\s+)?([A-Za-z_][A-Za-z0-9_]*)"
)
ALWAYS_SET = frozenset({"PATH", "HOME", "LANG", "PWD", "IFS", "OLDPWD", "RANDOM", "SECONDS", "LINENO"})


def variables_of(text: str, assigned: Collection[str] = ()) -> tuple[str, ...]:
    """Shell variables that a command reads and that neither it nor its block assigned: needs from outside."""
    plain = _without_single_quotes(text)
    own = {name for found in _ASSIGNED.findall(plain) for name in found if name}
    read = (braced or bare for braced, bare in _VARIABLE.findall(plain))
    return tuple(dict.fromkeys(name for name in read if name not in own | ALWAYS_SET and name not in assigned))


def _without_single_quotes(text: str) -> str:
    """`text` without what single quotes hold literally. A single quote inside double quotes opens nothing."""
    if "'" not in text:
        return text
    kept: list[str] = []
    quote = ""
    for before, char in pairwise("\0" + text):
        if quote == "'":
            quote = "" if char == "'" else "'"
            continue
        if char in "'\"" and before != "\\":
            quote = "" if quote == char else quote or char
            if quote == "'":
                continue
        kept.append(char)
    return "".join(kept)


__all__ = [
    "ALLOWED",
    "Placeholder",
    "checked",
    "fill",
    "found_in",
    "name_of",
    "placeholders_of",
    "shows_secret",
    "variables_of",
]
