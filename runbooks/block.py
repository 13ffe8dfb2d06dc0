# ruff: noqa: E501  (patterns that tell one kind of line from another are one line each)
"""What the lines of a fenced block are, before anybody asks what they would do.

A fence marked `bash` holds SQL, JSON, nginx, cron lines, prose, the output of the command above, or a prompt's commands
more often than one would think. So each line is given a kind first. What is left is shell, and is cut into logical
lines: continuations, quotes, loops and here-documents belong together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from runbooks.risk import tools


class Kind(StrEnum):
    SHELL = "shell"
    SQL = "sql"
    PROMPT = "prompt"
    """A command for a database's or broker's own prompt (`\\dt`, `KEYS *`)."""
    WINDOWS = "windows"
    CRON = "cron"
    PROSE = "prose"
    DATA = "data"
    """Output, configuration, a query of another language, a picture."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One logical line. `line` and `last` are indexes into the block's lines; `why` says what data it is."""

    kind: Kind
    text: str
    line: int
    last: int
    why: str = ""
    whole: bool = True
    indented: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A comment line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Gap:
    line: int


SHELLS = {
    "", "bash", "sh", "shell", "zsh", "ksh", "fish", "csh", "tcsh", "console", "terminal", "shellscript", "shell-session",
    "shellsession", "sh-session", "bash-session", "session", "cli", "cmdline", "command", "commands", "command-line", "linux", "ssh",
    "none", "text", "txt", "plaintext", "plain", "output", "log", "logs", "kubectl", "docker",
}  # fmt: skip
_UNSURE = {"", "none", "text", "txt", "plaintext", "plain", "output", "log", "logs"}
_SQL = {
    "sql",
    "postgres",
    "postgresql",
    "pgsql",
    "plpgsql",
    "psql",
    "mysql",
    "mariadb",
    "sqlite",
    "sqlite3",
    "tsql",
    "plsql",
    "clickhouse",
}
_WINDOWS = {"powershell", "pwsh", "ps1", "ps", "bat", "batch", "cmd", "dos", "winbatch"}
_REDIS = {"redis", "redis-cli"}


def language_of(info: str) -> str:
    """The language of a fence's info string: its first word, without decorations."""
    words = re.split(r"[\s,{:;]", info.strip().lower(), maxsplit=1)
    return words[0].strip(".`'\"") if words else ""


def entries(body: str, language: str) -> Iterator[Entry | Note | Gap]:
    """The block's logical lines, comments and gaps, in order."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    name = language_of(language)
    if name in _SQL:
        yield from _sql_block(lines)
    elif name in _REDIS:
        yield from _each(lines, Kind.PROMPT, "")
    elif name in _WINDOWS:
        yield from _each(lines, Kind.WINDOWS, "")
    elif name in SHELLS:
        yield from _Shellish(lines, name in _UNSURE).entries()
    else:
        yield from _each(lines, Kind.DATA, f"it is {name}, not a command")


def _each(lines: list[str], kind: Kind, why: str) -> Iterator[Entry | Note | Gap]:
    for index, line in enumerate(lines):
        text = line.strip()
        if not text:
            yield Gap(index)
        elif text.startswith(("#", "//", "--", ";")) and not text.startswith(("#!", "---")):
            yield Note(text.lstrip("#/-; "), index)
        else:
            yield Entry(kind, text, index, index, why)


def _sql_block(lines: list[str]) -> Iterator[Entry | Note | Gap]:
    index = 0
    while index < len(lines):
        text = lines[index].strip()
        if not text:
            yield Gap(index)
        elif text.startswith(("--", "#", "//")):
            yield Note(text.lstrip("-#/ "), index)
        elif text.startswith("\\"):
            yield Entry(Kind.PROMPT, text, index, index)
        elif (
            _LISTING.match(text)
            or _BOX.search(text)
            or (re.match(r"[A-Z]+(?: \d+)*$", text) and not _SQL_START.match(text))
        ):
            yield Entry(Kind.DATA, text, index, index, "it is the output of the statement above")
        elif (typed := _CLIENT_PROMPT.match(text)) and typed["rest"]:
            last = _typed_end(lines, index, typed["rest"])
            rest = [re.sub(r"^[\w@.-]+-[#>(]\s?|^\s*->\s?", "", line) for line in lines[index + 1 : last + 1]]
            kind = Kind.PROMPT if typed["rest"].startswith("\\") else Kind.SQL
            yield Entry(kind, _joined_sql([typed["rest"], *rest]), index, last)
            index = last
        else:
            last = _sql_end(lines, index)
            yield Entry(Kind.SQL, _joined_sql(lines[index : last + 1]), index, last)
            index = last
        index += 1


def _sql_end(lines: list[str], start: int) -> int:
    """Index of the line on which the statement that begins at `start` ends."""
    for index in range(start, len(lines)):
        text = re.sub(r"\s*(?:--|#).*$", "", lines[index]).rstrip()
        if text.endswith((";", "\\G", "\\g")):
            return index
        follows = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if not follows or (_SQL_START.match(follows) and not _SQL_GOES_ON.search(text)):
            return index
    return len(lines) - 1


def _typed_end(lines: list[str], index: int, first: str) -> int:
    """Index of the last line of a statement typed at a prompt, whose further lines carry a prompt of their own."""
    if first.rstrip().endswith(";"):
        return index
    last = index
    while last + 1 < len(lines) and re.match(r"[\w@.-]+-[#>(]|\s*->", lines[last + 1]):
        last += 1
        if lines[last].rstrip().endswith(";"):
            break
    return last


def _joined_sql(lines: list[str]) -> str:
    """A statement as written, its trailing shell-style comment gone."""
    kept = [re.sub(r"\s+#\s.*$", "", line).rstrip() if ";" in line else line.rstrip() for line in lines]
    return "\n".join(kept).strip()


_SQL_WORDS = (
    r"SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|ALTER|CREATE|DROP|TRUNCATE|WITH|EXPLAIN|ANALYZE|VACUUM|REINDEX|GRANT|REVOKE|SHOW|SET|"
    r"BEGIN|COMMIT|ROLLBACK|START\s+TRANSACTION|CALL|KILL|MERGE|COPY|LOCK|UNLOCK|FLUSH|OPTIMIZE|REPAIR|CHECK\s+TABLE|DESCRIBE|DESC|USE|PRAGMA|"
    r"CHECKPOINT|CLUSTER|REFRESH|DO|VALUES|TABLE|PURGE|CHANGE\s+(?:MASTER|REPLICATION)|STOP\s+(?:SLAVE|REPLICA)|START\s+(?:SLAVE|REPLICA)|RESET|SYSTEM"
)
_SQL_START = re.compile(rf"(?:{_SQL_WORDS})\b")
_SQL_LOWER = re.compile(
    r"(?:select\b.*(?:\bfrom\b|\(.*\)|;)|(?:insert\s+into|delete\s+from|alter\s+(?:table|system|user|role|database|session)|create\s+(?:table|index|user|role|"
    r"database|extension|unique)|drop\s+(?:table|index|user|role|database)|truncate\s+table|explain\s+(?:analyze|select)|show\s+\w+.*;|vacuum\b.*;|"
    r"with\s+\w+\s+as\s*\(|update\s+\w+\s+set))",
    re.IGNORECASE,
)
_SQL_GOES_ON = re.compile(r"(?:,|\(|\bAND|\bOR|\bAS|\bFROM|\bWHERE|\bON|\bBY|\bANALYZE|=)$", re.IGNORECASE)
_SQL_AFTER = re.compile(r"[\s(*]+[\w*@'\"(`:.<]")

_CRON = re.compile(
    r"(?:@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)|(?:\*|[\d*,/-]+|[A-Za-z]{3}(?:-[A-Za-z]{3})?)(?:/\d+)?"
    r"(?:\s+(?:\*(?:/\d+)?|[\d,/-]+|[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)){4})\s+\S"
)
_BOX = re.compile(
    r"[\u2500-\u259f\u25b2\u25bc\u25c4\u25ba\u2190-\u2195]|^[|+][-=+|]{3,}|^\s*[|v^]\s*$|[-=]{3,}>|<[-=]{3,}"
)
_DRAWN = re.compile(r"[\u2190-\u2195\u2500-\u257f\u25ba\u25c4]")
_LOGFMT = re.compile(r"(?:time|ts|level|lvl|msg|caller|severity|logger)=(?:\"[^\"]*\"|\S+)(?:\s+\w+=|$)")
_JSON = re.compile(r'[{\[]\s*$|[}\]]+[,;]?\s*$|"[^"]*"\s*:|\{\s*"|\[\s*(?:\{|")|"[^"]*",?$|\d+,$')
_YAML = re.compile(r"(?:- )?[A-Za-z_\"'][\w .\"'/{}-]*:(?:\s+\S.*)?$|---\s*$|\.\.\.\s*$|- [\w\"'{<./@:=-]+\s*$")
_INI = re.compile(r"\[[\w .:@/-]+\]\s*$|[\w.-]+\s+=\s+\S|[\w.-]+\s*:=\s*\S|<\?xml|</?\w[^>]*>\s*$|<!")
_BRACED = re.compile(
    r"(?!function\b|if\b|while\b|for\b|until\b|do\b|case\b)[A-Za-z_@][\w@.-]*(?:\s+[\w\"'./~*^$=:@\\()|-]+)*\s*\{\s*(?:#.*)?$"
)
_FUNCTION = re.compile(r"(?:function\s+)?[\w.:-]+\s*\(\)|function\s+\w")
_QUERY = re.compile(
    r"\{[\w.]+\s*(?:=~?|!=|!~)\s*\"|(?:sum|rate|irate|avg|count|max|min|topk|bottomk|histogram_quantile|increase|absent|count_over_time|sum_over_time|"
    r"avg_over_time|delta|predict_linear|quantile)\s*(?:by\s*|without\s*)?\(|[a-z_:]\w*\{[^}]*=.*\}|fields\s+@|filter\s+@|stats\s+(?:count|avg|sum)|source=|index="
    r"|db\.\w+\.\w+\(|rs\.\w+\(|sh\.\w+\(|\w+\(.*\)\.\w+\(|import\s+\w+|from\s+\w[\w.]*\s+import\b|print\(|console\.|const\s|var\s|let\s+\w+\s*=|def\s+\w|class\s+\w|[A-Z]\w*(?:::\w+)*\.\w+[(!.]"
)
_WINDOWS_LINE = re.compile(
    r"\.\\|[A-Za-z]:\\|(?:dir|type|copy|del|move|xcopy|robocopy|findstr|where|tasklist|taskkill|schtasks|sc|net|ipconfig|systeminfo|wmic|reg|"
    r"powershell|pwsh)(?:\.exe)?\s.*(?:\\|/[A-Za-z]\b|findstr)|(?:Get|Set|Start|Stop|Restart|New|Remove|Test|Invoke|Import|Export|Write|Select|Where|"
    r"Add|Clear|Enable|Disable|Install|Out|ConvertTo|ConvertFrom|Resolve|Measure)-[A-Z]\w+|\$[A-Za-z_]\w*\s+=\s|\$env:|iisreset|PS [A-Z]:\\"
)
_HTTP = re.compile(
    r"HTTP/\d|(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) /\S*(?:\s+HTTP/\d.*)?$|[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)+:\s"
)
_LOG = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\w{1,3}\s+\d|(?:INFO|WARN(?:ING)?|ERROR|DEBUG|FATAL|E\d{4}|W\d{4}|I\d{4})[\s:\[]"
)
_HEADER = re.compile(r"[A-Z][A-Z0-9_%()/.-]*(?:\s[A-Z][A-Z0-9_%()/.-]*)?(?:\s{2,}[A-Z%][A-Z0-9 _%()/.-]*)+\s*$")
_NUMBERED = re.compile(r"(?:\d{1,3}[.)]|[-*\u2022\u2013]|\(?[a-z]\)|Step\s+\d+\s*[:.-]?|\[[ xX]\])\s+(?P<rest>\S.*)$")
_PROSE = re.compile(r"(?:[A-Z][a-z']+|I|A)(?:,?\s+(?:[\w'(),./\"&+-]+|[-\u2013\u2014])){1,}[.:!?\u2026]?\s*$")
_PROMPT = re.compile(
    r"(?:\$>|[$%\u276f\u279c]|/[^\s$#]*\s[$#]|[\w.-]+:[~/][^\s$#]*\s?[$#]|[\w.-]+@[\w.-]+[: ][^\s$#%>]*\s*[$#%>]|\[[\w.-]+@[\w.-]+ [^\]]*\][$#]|(?:bash|sh)-[\d.]+[$#]|\(\w[\w.-]*\)\s*\$|root@\S+#)\s+(?=\S)"
)
_CLIENT_PROMPT = re.compile(
    r"(?P<client>[\w@.-]+=[#>]|[\w@.-]+-[#>]|mysql>|MariaDB \[[^\]]*\]>|sqlite>|(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|redis)(?::\d+)?(?:\[\d+\])?>|"
    r"mongos?>|test>|rs\d*:\w+>|cqlsh(?::\w+)?>|irb\([^)]*\)[^>]*>|>>>|In \[\d+\]:|iex\([^)]*\)>|\[zk: [^\]]*\]|ksql>|redis>|PS [^>]*>|\w+\(.*\)>)\s*(?P<rest>.*)$"
)
_REDIS_LINE = re.compile(
    r"(?:INFO|PING|KEYS|SCAN|GET|SET|DEL|UNLINK|TTL|TYPE|DBSIZE|FLUSHALL|FLUSHDB|CONFIG|CLIENT|MONITOR|SLOWLOG|MEMORY|LLEN|LRANGE|HGETALL|SMEMBERS|"
    r"ZRANGE|XINFO|XLEN|CLUSTER|ROLE|SELECT \d+|BGSAVE|SAVE|LASTSAVE|SHUTDOWN|DEBUG|EXISTS|EXPIRE|PERSIST|LATENCY|ACL|REPLICAOF|SLAVEOF|"
    r"BGREWRITEAOF|SUBSCRIBE|PSUBSCRIBE|PUBSUB|SENTINEL|MGET|HGET|HLEN|SCARD|ZCARD|OBJECT|AUTH|QUIT|EXIT)(?:\s+\S.*)?$"
)
_LISTING = re.compile(
    r"total \d+(?:\.\d+)?[KMG]?$|[-dlcbps][rwxsStT-]{9}[.+@]?\s|-{3,}(?:\+-+)*\s*$|\(\d+ rows?\b|\s*[\w \"'.:/-]*\s+\|\s[^|]*\|\s|https?://\S+$|\w+=\S+ .*\bmsg="
    r"|\S*\s?\w+\.go:\d+\]|[<*]\s"
)
_QUERY_START = re.compile(
    r"[(\s]*(?:sum|avg|min|max|count|rate|irate|increase|topk|bottomk|quantile|histogram_quantile|label_replace|absent|avg_over_time|min_over_time|"
    r"max_over_time|sum_over_time|count_over_time|stddev|group|delta|deriv|vector|scalar)\s*(?:(?:by|without|on)\s*)?\("
)
_META = re.compile(r"\\(?:[a-zA-Z?!+]{1,12}\+?)(?:\s.*)?$")


def is_sql(text: str) -> bool:
    """Whether a line reads as the beginning of a SQL statement rather than as a command."""
    found = _SQL_START.match(text)
    if found:
        rest = text[found.end() :]
        return not rest or rest.startswith(";") or (bool(_SQL_AFTER.match(rest)) and not rest.startswith("="))
    return bool(_SQL_LOWER.match(text)) and not re.match(r"select\s+\w+\s+in\b", text)


def is_typed(text: str) -> bool:
    """Whether a line is one for a database's own prompt (`\\dt`, `KEYS *`)."""
    return "\n" not in text and bool(_META.match(text) or _REDIS_LINE.match(text))


@dataclass
class _Shellish:
    """A block that may hold shell. Linear: after a few failed joins it stops looking ahead."""

    lines: list[str]
    unsure: bool
    failures: int = 0
    prompted: bool = field(init=False)
    environment: bool = field(init=False)
    output: bool = False
    scan: Scan = field(init=False)

    def __post_init__(self) -> None:
        stripped = [line.strip() for line in self.lines]
        self.prompted = any(_PROMPT.match(line) for line in stripped[:400])
        meaningful = [line for line in stripped if line and not line.startswith("#")]
        assigned = [
            line for line in meaningful if re.match(r"[A-Za-z_][A-Za-z0-9_.]*=[^(`]*$", line) and "$(" not in line
        ]
        self.environment = len(meaningful) >= 3 and len(assigned) == len(meaningful)

    def entries(self) -> Iterator[Entry | Note | Gap]:
        index = 0
        while index < len(self.lines):
            raw = self.lines[index]
            text = raw.strip().strip("\u200b\ufeff")
            if not text:
                self.output = False
                yield Gap(index)
            elif (text.startswith("#") and not text.startswith("#!")) or text.startswith("// "):
                self.output = False
                yield Note(text.lstrip("#/ ").strip(), index)
            elif text.startswith("#!") and index == 0:
                pass  # the first line of a script
            else:
                entry = self._entry(index, text)
                index = entry.last
                yield entry
            index += 1

    def _entry(self, index: int, text: str) -> Entry:
        prompt = _PROMPT.match(text)
        if prompt:
            self.output = False
            return self._shell(index, len(self.lines[index]) - len(self.lines[index].lstrip()) + prompt.end())
        if text.startswith("> ") and not _HTTP.match(text[2:]):
            self.output = False
            return Entry(Kind.PROMPT, re.sub(r"\s+#.*$", "", text[2:].strip()), index, index)
        client = _CLIENT_PROMPT.match(text)
        if client and client["rest"]:
            return self._typed(index, client["client"], client["rest"])
        known = self._known(text)
        if self.prompted and not known:
            return self._data(index, text, "it is the output of the command above")
        if self.output:
            return self._data(index, text, "it is the output of the command above")
        return self._guessed(index, text, known)

    def _typed(self, index: int, client: str, rest: str) -> Entry:
        if client.startswith("PS "):
            return Entry(Kind.WINDOWS, rest, index, index)
        if _SQL_START.match(rest.upper()):
            last = _typed_end(self.lines, index, rest)
            joined = [
                rest,
                *(re.sub(r"^[\w@.-]+-[#>(]\s?|^\s*->\s?", "", line) for line in self.lines[index + 1 : last + 1]),
            ]
            return Entry(Kind.SQL, _joined_sql(joined), index, last)
        return Entry(Kind.PROMPT, rest, index, index)

    def _guessed(self, index: int, text: str, known: bool) -> Entry:
        if self.environment:
            return self._data(index, text, "it is a line of a settings file")
        if _CRON.match(text):
            return Entry(Kind.CRON, text, index, index, "it is a line for crontab, not a command to run now")
        numbered = _NUMBERED.match(text)
        if numbered and not (text[0] == "-" and known):
            return Entry(Kind.PROSE, text, index, index, "it is prose")
        if is_sql(text):
            last = _sql_end(self.lines, index)
            return Entry(Kind.SQL, _joined_sql(self.lines[index : last + 1]), index, last)
        if _META.match(text) or (_REDIS_LINE.match(re.sub(r"\s+#.*$", "", text))):
            return Entry(Kind.PROMPT, re.sub(r"\s+#.*$", "", text), index, index)
        if _WINDOWS_LINE.match(text):
            return Entry(Kind.WINDOWS, text, index, index)
        if why := self._other(index, text, known):
            return self._data(index, text, why)
        if not known and _PROSE.match(text) and not re.search(r"\s-{1,2}\w|[|&;<>$`=\\]", text):
            return Entry(Kind.PROSE, text, index, index, "it is prose")
        if self.unsure and not known and not re.match(r"(?:sudo\s+)?(?:\.{0,2}/[\w.-]+|[\w.-]+\s+--?\w)", text):
            return self._data(index, text, "it does not look like a command")
        return self._shell(index, 0)

    def _other(self, index: int, text: str, known: bool) -> str:
        """What else a line could be that is no command; "" when nothing speaks for it."""
        bare = re.sub(r"\"[^\"]*\"|'[^']*'|\s#.*$", "", text)
        if _BOX.search(text) and (not known or _DRAWN.search(bare)):
            return "it is part of a picture"
        if _LOGFMT.match(text):
            return "it is the output of the command above"
        if _QUERY_START.match(text):
            self.output = True
            return "it is a query of another language"
        if not known and (_LISTING.match(text) or text.startswith("> ")):
            return "it is the output of the command above"
        if _HEADER.match(text):
            self.output = True
            return "it is the output of the command above"
        if _BRACED.match(text) and not _FUNCTION.match(text):
            return "it is part of a configuration file"
        if _JSON.match(text) or text[0] in "}]":
            return "it is JSON, not a command"
        if text.startswith("|"):
            return "it is part of a query"
        if _HTTP.match(text) or _LOG.match(text):
            return "it is the output of the command above"
        if not known and (_QUERY.match(text)):
            return "it is a query or code of another language"
        if not known and (_YAML.match(text) or _INI.match(text)):
            return "it is part of a configuration file"
        if not known and re.match(r"[a-z_]+(?:\s+[^|&<>$`]+)?;\s*(?:#.*)?$", text) and self._inside_braces(index):
            return "it is part of a configuration file"
        return ""

    def _inside_braces(self, index: int) -> bool:
        for before in range(index - 1, max(-1, index - 40), -1):
            text = self.lines[before].strip()
            if text.endswith("{"):
                return True
            if text.startswith("}"):
                return False
        return False

    def _data(self, index: int, text: str, why: str) -> Entry:
        return Entry(Kind.DATA, text, index, index, why)

    def _known(self, text: str) -> bool:
        """Whether the line begins with something that we know to be a command."""
        word = re.match(
            r"(?:(?:[A-Za-z_]\w*=\S*|sudo|time|exec|nohup|if|while|for|until|!|\(|\{)\s+)*([\w./~+-]+)", text
        )
        if word is None:
            return text.startswith(("$(", "[[ ", "[ ", "((", '"$', "$"))
        first = word[1]
        if text.startswith(("if ", "for ", "while ", "until ", "case ", "function ")):
            return True
        if re.match(r"[A-Za-z_]\w*=", text) and not re.search(r"\s=\s", text):
            return True
        return (
            first in tools()
            or first.rpartition("/")[2] in tools()
            or first.startswith(("./", "../", "/", "~/"))
            or first.endswith((".sh", ".py"))
        )

    def _shell(self, index: int, skip: int) -> Entry:
        first = self.lines[index][skip:] if skip else self.lines[index]
        last = self._joined_to(index, first)
        whole = last >= 0
        last = max(last, index)
        rest = [_unprompted(line) if skip else line for line in self.lines[index + 1 : last + 1]]
        return Entry(Kind.SHELL, _in_one([first, *rest], self.scan.continued), index, last, whole=whole)

    def _joined_to(self, index: int, first: str) -> int:
        """The index of the last line that belongs to the logical line, -1 when it never closes."""
        scan = self.scan = Scan()
        limit = min(len(self.lines), index + (400 if self.failures < 8 else 1))
        for at in range(index, limit):
            line = first if at == index else self.lines[at]
            if scan.feed(line):
                return at
        if scan.only_continues:
            return limit - 1 if limit - 1 > index and self.failures < 8 else index
        self.failures += 1
        return -1


def _in_one(lines: list[str], continued: set[int]) -> str:
    """The lines as one text, those that end in a continuation joined by one space."""
    text = lines[0]
    for at, line in enumerate(lines[1:]):
        text = f"{text.rstrip()[:-1].rstrip()} {line.strip()}" if at in continued else f"{text}\n{line}"
    return text.strip()


def _unprompted(line: str) -> str:
    return re.sub(r"^\s*>\s", "", line)


_TOKEN = re.compile(
    r"\\.|\$\(\(|\$\(|\$\{|\$'|<<<|<<-?|&&|\|\||;;|[\"'`(){};|&\n]|#|[A-Za-z_][\w-]*|[^\sA-Za-z_\\$<&|;\"'`(){}#]+|\s+|.",
    re.DOTALL,
)
_OPENS = {"if": "fi", "case": "esac", "do": "done"}
_BEFORE_COMMAND = {"then", "do", "else", "elif", "if", "while", "until", "!", "time", "{"}


class Scan:
    """Tells, line by line, whether a shell text is complete: the smallest lexer that can."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.heredocs: list[tuple[str, bool]] = []
        self.start = True
        self.only_continues = False
        self.length = 0
        self.count = -1
        self.continued: set[int] = set()
        """Numbers of the lines that end in a backslash outside quotes."""

    def feed(self, line: str) -> bool:
        """Takes one physical line; True when the logical line ends with it."""
        self.only_continues = False
        self.count += 1
        self.length += len(line)
        if self.heredocs and self.open[-1:] != ['"']:
            return self._in_heredoc(line)
        if self.length > 128 * 1024 or len(self.open) > 60:
            return True
        continued = self._tokens(line)
        if self.heredocs:
            return False
        if continued and not self.open:
            self.only_continues = True
        return not self.open and not continued

    def _in_heredoc(self, line: str) -> bool:
        word, dashed = self.heredocs[0]
        if (line.lstrip("\t") if dashed else line) == word:
            self.heredocs.pop(0)
            return not self.heredocs and not self.open
        return False

    def _tokens(self, line: str) -> bool:
        """Reads one line; True when a backslash, a pipe, `&&` or `||` at its end asks for another."""
        wants_more = False
        at = 0
        if not self.open or self.open[-1] not in ('"', "'", "$'"):
            self.start = True
        while at < len(line):
            found = _TOKEN.match(line, at)
            assert found is not None
            piece, at = found[0], found.end()
            top = self.open[-1] if self.open else ""
            if top in ("'", "$'"):
                at = self._in_single(line, found.start(), top)
                wants_more = False
                continue
            if piece == "\\":
                if not self.open or self.open[-1] not in ('"', "`"):
                    self.continued.add(self.count)
                return True  # a backslash at the end of the line
            if piece.isspace():
                continue
            if top == '"':
                self._in_double(piece)
                wants_more = False
                continue
            if piece == "#":
                if top != "${" and (found.start() == 0 or line[found.start() - 1] in " \t;|&("):
                    break
                continue
            at = self._plain(line, piece, at)
            wants_more = piece in ("|", "&&", "||")
        return wants_more

    def _in_single(self, line: str, at: int, top: str) -> int:
        closing = re.compile(r"(?:[^'\\]|\\.)*'" if top == "$'" else r"[^']*'", re.DOTALL).match(line, at)
        if closing is None:
            return len(line)
        self.open.pop()
        return closing.end()

    def _in_double(self, piece: str) -> None:
        if piece in ('"', "`") or piece.startswith("$(") or piece == "${":
            self._toggle(piece)

    def _toggle(self, piece: str) -> None:
        if self.open and self.open[-1] == piece and piece in ('"', "`"):
            self.open.pop()
        elif piece == "`" and "`" in self.open:
            while self.open.pop() != "`":
                pass
        else:
            self.open.append(piece)

    def _plain(self, line: str, piece: str, at: int) -> int:
        start, self.start = self.start, False
        if piece in ('"', "`", "$(", "$((", "${", "'", "$'"):
            self._toggle(piece)
            self.start = piece in ("`", "$(")
        elif piece == "(":
            self.open.append("(")
            self.start = True
        elif piece == ")":
            self._close(line, at)
        elif piece == "}":
            if self.open and self.open[-1] in ("${", "{"):
                self.open.pop()
        elif (piece == "{" and start) or (piece == "{" and self._function_before(line, at)):
            self.open.append("{")
            self.start = True
        elif piece in ("<<", "<<-"):
            return self._heredoc(line, at, piece == "<<-")
        elif piece in (";", "|", "&", "&&", "||", ";;"):
            self.start = True
        elif start:
            self._keyword(piece)
        return at

    def _function_before(self, line: str, at: int) -> bool:
        return bool(re.search(r"(?:\)|function\s+[\w-]+)\s*\{$", line[:at]))

    def _close(self, line: str, at: int) -> None:
        top = self.open[-1] if self.open else ""
        if top in ("(", "$("):
            self.open.pop()
        elif top == "$((":
            self.open[-1] = "("
        elif top == "esac":
            self.start = True

    def _keyword(self, piece: str) -> None:
        if piece in _OPENS:
            self.open.append(_OPENS[piece])
        elif self.open and piece == self.open[-1] and piece in ("fi", "esac", "done"):
            self.open.pop()
        elif piece in ("for", "while", "until", "select"):
            self.open.append("loop")
        if piece == "do" and len(self.open) > 1 and self.open[-2] == "loop":
            self.open.pop(-2)
        self.start = piece in _BEFORE_COMMAND

    def _heredoc(self, line: str, at: int, dashed: bool) -> int:
        found = re.compile(r"\s*(?:\"([^\"]+)\"|'([^']+)'|\\?([\w.-]+))").match(line, at)
        if found is None or (self.open and self.open[-1] == "$(("):
            return at
        self.heredocs.append((next(part for part in found.groups() if part), dashed))
        return found.end()
