"""Judging commands: what one line would do, and what the lines of a fenced block are."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache

from runbooks import block, shell
from runbooks.block import Entry, Gap, Kind, Note
from runbooks.document import EmbeddedCommand, Judgement, Risk
from runbooks.risk import tools
from runbooks.risk._sql import sql_verdict
from runbooks.risk._verdict import Verdict, asks, changes, edited, reads, unknown
from runbooks.risk._walk import State, verdict_of
from runbooks.risk.postgres import meta_verdict
from runbooks.risk.redis import redis_line

_LONGEST = 64 * 1024
_PLACEHOLDER = re.compile(r"(?<![<\w])<([A-Za-z](?:[\w .:/|-]{0,78}\w)?)>(?![>\w(])|\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One command of a fenced block, or a line of it that is none.

    `line` is where it begins in the file. `title` comes from the comment above it or behind it, `expect` from a comment
    that says what it should print, `condition` holds the comment's own words on when to take it, and `cwd` where
    earlier lines of the block went.
    """

    line: int
    text: str
    title: str
    judgement: Judgement
    embedded: EmbeddedCommand | None = None
    expect: str | None = None
    condition: str | None = None
    cwd: str | None = None


def judge(text: str, safe: Collection[str] = ()) -> Judgement:
    """The judgement on one command line. `safe` are verbs of unknown tools that the inventory vouches for."""
    return _judged(text, tuple(safe))


@lru_cache(maxsize=8192)
def _judged(text: str, safe: tuple[str, ...]) -> Judgement:
    return judgement_of(text, safe, State())


def judgement_of(text: str, safe: Collection[str], state: State) -> Judgement:
    """As `judge`, within a shell session whose earlier lines left `state`."""
    text = text.strip().replace("\r\n", "\n")
    verdict = _verdict(text, safe, state)
    return _finished(text, verdict)


def masked(text: str) -> str:
    """`text` with every bracketed placeholder replaced by a plain word of the same length, as if it were filled in."""
    return _PLACEHOLDER.sub(lambda found: "_" + re.sub(r"\W", "_", found[0][1:-1]) + "_", text)


def _verdict(text: str, safe: Collection[str], state: State) -> Verdict:
    if not text:
        return Verdict(Risk.NOT_A_COMMAND, "there is nothing here")
    if len(text) > _LONGEST:
        return unknown("the command is too long to be understood")
    if _INVISIBLE.search(text):
        return unknown("it holds invisible characters, so it may not be what it looks like")
    if block.is_sql(text):
        return sql_verdict(masked(text), _dialect(text, ""))
    if block.is_typed(text):
        return prompt_verdict(text)
    return verdict_of(masked(text), safe, state)


def _finished(text: str, verdict: Verdict, manual: bool = False) -> Judgement:
    risk, bounded, bounded_risk = verdict.risk, None, None
    if verdict.endless and not verdict.edits and risk is Risk.READ_ONLY:
        risk = Risk.INTERACTIVE
    elif verdict.edits and risk not in (Risk.INTERACTIVE, Risk.NOT_A_COMMAND):
        bounded, bounded_risk = edited(text, verdict.edits), risk
        if verdict.endless and risk is Risk.READ_ONLY:
            risk = Risk.INTERACTIVE
    return Judgement(
        risk,
        verdict.reason,
        runs_as="manual" if manual else _runs_as(text, risk, bounded),
        bounded=bounded,
        bounded_risk=bounded_risk,
        placeholders=_placeholders(text),
        leaks_secret=verdict.leaks or _shows_secret(text),
    )


def _runs_as(text: str, risk: Risk, bounded: str | None) -> str:
    from runbooks.translate import calls_of  # the translation builds on the shell reader too; late, so neither waits

    if risk is Risk.NOT_A_COMMAND or (risk is Risk.INTERACTIVE and bounded is None):
        return "manual"
    calls = calls_of(bounded or text)
    return calls[0].kind if calls else "manual"


def _placeholders(text: str) -> tuple[str, ...]:
    from runbooks.variables import placeholders_of

    return placeholders_of(text)


def _shows_secret(text: str) -> bool:
    from runbooks.variables import shows_secret

    return shows_secret(text)


def commands_of_block(body: str, language: str, first_line: int, safe: Collection[str] = ()) -> list[BlockLine]:
    """Every line of a fenced block that is not blank or a comment. `first_line` is the file's line of the body's first.

    Never raises, whatever the body holds.
    """
    reader = _BlockReader(first_line, tuple(safe), has_comments=block.language_of(language) in block.SHELLS)
    for item in block.entries(body, language):
        reader.take(item)
    return reader.found


_EXPECTS = re.compile(
    r"(?:expected|should (?:return|show|print|output|be|see|say)|returns?|output|result|response|you should see)"
    r"(?:\s+(?:output|response|result|status|value)s?)?\s*[:=]\s*(?P<what>\S.*)"
    r"|(?:should (?:return|show|print|output|be|say)|=>|->|→)\s+(?P<how>\S.*)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"v?\d+(?:\.\d+)+\+?")
_CONDITION = re.compile(
    r"^(?:\d+[.)]\s*)?(?P<first>(?:if|when|unless|only if|in case|otherwise|should the)\b[^,:]*"
    r"|(?:or|alternatively|option [a-z0-9]\b|as a last resort)\b[^,:]*)"
    r"|(?P<bracket>\((?:if|when|only|optional)\b[^)]*\))|(?P<last>\b(?:if|unless)\s+[^.()]*)$",
    re.IGNORECASE,
)


def condition_in(comment: str) -> str | None:
    """The words of a comment that say when to take the step below it ("If restart fails")."""
    found = _CONDITION.search(comment)
    if found is None:
        return None
    return (found["first"] or found["bracket"] or found["last"]).strip("() ").strip() or None


@dataclass
class _BlockReader:
    """Walks the entries of one block and keeps what a shell session would: titles, directory, variables, prompt."""

    first_line: int
    safe: tuple[str, ...]
    has_comments: bool = True
    found: list[BlockLine] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    used: bool = False
    """Whether a command has stood under the comments already."""
    gap: bool = False
    cwd: str | None = None
    state: State = field(default_factory=State)
    client: str = ""
    """The command that opened a prompt for the lines after it."""

    def take(self, item: Entry | Note | Gap) -> None:
        match item:
            case Gap():
                self.gap = True
                if self.used:
                    self.comments, self.used = [], False
                self.client = ""
            case Note(text=text):
                self._comment(text)
            case Entry():
                self.found.append(self._line(item))
                self.used, self.gap = True, False

    def _comment(self, text: str) -> None:
        expected = _EXPECTS.match(text)
        if expected and self.found and not (self.comments and not self.used):
            self.found[-1] = replace(self.found[-1], expect=expected["what"] or expected["how"])
            return
        if self.used or self.gap:
            self.comments, self.used, self.gap = [], False, False
        self.comments.append(text)

    def _line(self, entry: Entry) -> BlockLine:
        text, trailing = _split_comment(entry.text) if entry.kind is Kind.SHELL else (entry.text, "")
        above = next((one for one in self.comments if one), "")
        title = " ".join(
            one for one in (above and trailing and f"{above}:", above if not trailing else "", trailing) if one
        )
        expect = trailing if _VERSION.fullmatch(trailing) else None
        if expect:
            title = above
        condition = condition_in(trailing) if trailing else None
        condition = condition or next(filter(None, (condition_in(one) for one in self.comments)), None)
        judgement, embedded = self._judged(entry, text)
        cwd = self.cwd
        if entry.kind is Kind.SHELL:
            self._remember(text, judgement)
        return BlockLine(self.first_line + entry.line, text, title, judgement, embedded, expect, condition, cwd)

    def _judged(self, entry: Entry, text: str) -> tuple[Judgement, EmbeddedCommand | None]:
        match entry.kind:
            case Kind.SHELL:
                return self._shell(entry, text), None
            case Kind.SQL:
                return self._sql(text), None
            case Kind.PROMPT:
                return self._prompt(text), None
            case Kind.WINDOWS:
                return _finished(text, _windows(text)), None
            case Kind.PROSE:
                return _not_a_command(entry.why), _embedded(text, self.safe)
        return _not_a_command(entry.why), None

    def _shell(self, entry: Entry, text: str) -> Judgement:
        if not text:
            return _not_a_command("it is empty")
        if not self.state.values and not self.state.functions:
            judgement = _judged(text, self.safe)
            if "=" in text or "()" in text or "function" in text or "read" in text or " in " in text:
                judgement = judgement_of(text, self.safe, self.state)
        else:
            judgement = judgement_of(text, self.safe, self.state)
        self.state.broken = ""  # each line is a step of its own; what one sets up does not reach the next
        return judgement

    def _sql(self, text: str) -> Judgement:
        verdict = sql_verdict(masked(text), _dialect(text, self.client))
        composed = self._composed(text)
        return _with_bounded(_finished(text, verdict), composed)

    def _prompt(self, text: str) -> Judgement:
        verdict = prompt_verdict(text, self.client)
        return _with_bounded(_finished(text, verdict, manual=True), self._composed(text))

    def _composed(self, text: str) -> Judgement | None:
        """The line as an argument of the client whose prompt it was meant for."""
        if not self.client or text.startswith("\\q"):
            return None
        try:
            words = shlex.split(text)
        except ValueError:
            return None
        redis = "redis-cli" in self.client or "valkey-cli" in self.client
        if redis:
            composed = f"{self.client} {shlex.join(words)}"
        elif re.search(r"\bpsql\b", self.client):
            composed = f"{self.client} -c {shlex.quote(text)}"
        elif re.search(r"\b(?:mysql|mariadb)\b", self.client):
            composed = f"{self.client} -e {shlex.quote(text)}"
        elif "sqlite3" in self.client:
            composed = f"{self.client} {shlex.quote(text)}"
        else:
            return None
        judgement = _judged(composed, self.safe)
        return judgement if judgement.bounded else replace(judgement, bounded=composed, bounded_risk=judgement.risk)

    def _remember(self, text: str, judgement: Judgement) -> None:
        script = shell.read(masked(text))
        for statement in script.statements:
            first = statement.items[0] if isinstance(statement, shell.AndOr) else statement
            if isinstance(first, shell.Command) and first.words and first.words[0].value in ("cd", "pushd"):
                self.cwd = _moved(self.cwd, first)
        self.client = text if judgement.risk is Risk.INTERACTIVE and "prompt" in judgement.reason else ""


def _moved(cwd: str | None, command: shell.Command) -> str | None:
    words = [word for word in command.words[1:] if not word.text.startswith("-") or word.text == "-"]
    if len(words) != 1 or words[0].value is None or words[0].value == "-":
        return words[0].text if words and words[0].value is None else None
    return posixpath.normpath(posixpath.join(cwd or "", words[0].value))


def _split_comment(text: str) -> tuple[str, str]:
    """A shell line without the comment at its end, and that comment."""
    if "#" not in text:
        return text, ""
    comments = [one for one in shell.read(masked(text)).comments if one.trailing]
    if not comments or "\n" in text[comments[-1].start :]:
        return text, ""
    start = comments[-1].start
    return text[:start].rstrip(), text[start:].lstrip("# ").strip()


def _not_a_command(why: str) -> Judgement:
    return Judgement(Risk.NOT_A_COMMAND, why, runs_as="manual")


def _with_bounded(judgement: Judgement, composed: Judgement | None) -> Judgement:
    if composed is None or composed.bounded_risk is None:
        return judgement
    if composed.bounded_risk is Risk.READ_ONLY and judgement.risk is not Risk.READ_ONLY:
        return judgement
    return replace(
        judgement,
        bounded=composed.bounded,
        bounded_risk=composed.bounded_risk,
        runs_as=composed.runs_as,
        leaks_secret=judgement.leaks_secret or composed.leaks_secret,
    )


def _dialect(text: str, client: str) -> str:
    if re.search(r"\b(?:mysql|mariadb)\b", client) or re.search(r"`\w+`|\\G\s*;?\s*$", text):
        return "mysql"
    if re.match(
        r"\s*show\s+(?:(?:full|global|session|master|slave|replica|binary|engine|open)\b|processlist|status|variables|databases|tables|create|index)",
        text,
        re.I,
    ):
        return "mysql"
    if "sqlite" in client:
        return "sqlite"
    return "postgres"


def prompt_verdict(text: str, client: str = "") -> Verdict:
    """The verdict on a line that is typed at the prompt of a client."""
    meta = meta_verdict(text)
    if meta is not None:
        return meta
    if re.match(r"(?:quit|exit|\\q)\b", text, re.I):
        return asks("it leaves a prompt")
    if not client and re.match(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s+/", text):
        return Verdict(Risk.NOT_A_COMMAND, "it is an HTTP request, not a command")
    if "redis" in client or "valkey" in client or re.match(r"[A-Z]+\b", text):
        return redis_line(text)
    return unknown("it is typed at a prompt, and what it does there is not known")


_WINDOWS_READS = re.compile(
    r"(?:dir|type|findstr|find|where|tasklist|ipconfig(?!.*[/-](?:flushdns|release|renew|registerdns|setclassid))|systeminfo|netstat|ping|tracert|nslookup|hostname|whoami|ver|more|sort|echo"
    r"|sc\s+query|net\s+(?:view|statistics)|schtasks\s+/query|Get-\w+|Test-(?:Net)?Connection|Select-\w+|Where-Object|Format-\w+|Measure-\w+"
    r"|Sort-Object|Resolve-DnsName|Test-Path)\b[^|&<>;`$()]*",
    re.IGNORECASE,
)


def _windows(text: str) -> Verdict:
    """A line for Windows: it could not run here, but what it would do is still worth saying."""
    if all(_WINDOWS_READS.fullmatch(part.strip()) for part in text.split("|")):
        return reads("a Windows command that only reads; it could not run here")
    if re.match(r"(?:del|rmdir|rd|format|Remove-\w+)\b", text, re.I):
        return Verdict(Risk.DESTRUCTIVE, "a Windows command that deletes something")
    return changes("unknown command: it is one for Windows")


_EMBEDDED = re.compile(r"`([^`]+)`|:\s+(\S.*)$")


def _embedded(text: str, safe: tuple[str, ...]) -> EmbeddedCommand | None:
    """The command that a line of prose carries after its colon or between backquotes."""
    for found in _EMBEDDED.finditer(text):
        candidate = (found[1] or found[2]).strip()
        candidate = re.sub(r"^\$\s+", "", candidate).rstrip(".") if not found[1] else candidate
        word = re.match(r"(?:sudo\s+)?([\w./~-]+)", candidate)
        if word and (word[1] in tools() or word[1].startswith(("./", "/"))) and (" " in candidate or found[1]):
            return EmbeddedCommand(candidate, _judged(candidate, safe))
    rest = re.match(r"(?:\d{1,3}[.)]|[-*•])\s+(.+)$", text)
    if rest and re.match(r"(?:sudo\s+)?([\w./~-]+)\s", rest[1]) and rest[1].split()[0].removeprefix("sudo ") in tools():
        judgement = _judged(rest[1].strip(), safe)
        if rest[1][0].islower() or rest[1].startswith(("./", "/")):
            return EmbeddedCommand(rest[1].strip(), judgement)
    return None
