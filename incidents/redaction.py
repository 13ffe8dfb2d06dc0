"""The choke point: text that may hold secrets in, text fit to be stored and shown out.

Several finders each say where they see secrets; what they see is masked in one go, again until nothing is found, so
that redacting twice changes nothing. Every finder looks for a literal first and bounds what it reads around it, so
that the time grows with the text and nothing else. Identifiers that people need (UUIDs, digests, container ids,
times, ports, stack traces, names without values) are left byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

from incidents import secret_formats
from incidents.secret_names import Level, is_secret, level_of

MASK = "[redacted]"
Span = tuple[int, int]


def redact(text: str, known: Iterable[str] = (), command: str | None = None) -> str:
    """The text with its secrets masked.

    `known` values are masked wherever they stand, also as base64, URL-encoded, JSON-escaped and the like. `command`
    is the command whose output the text is, if it is one: what `openssl rand` prints is a secret of no known shape.
    """
    values = tuple(known)
    if command and _prints_a_secret(command):
        text = "".join(f"{MASK}{line[len(line.rstrip()) :]}" if line.strip() else line for line in _lines(text))
    while spans := _merged(_found(text, values), text):
        text = _masked(text, spans)
    return text


def redact_values(data: Any, known: Iterable[str] = ()) -> Any:
    """The JSON value with the secrets of its texts masked, and those that only their key gives away."""
    values = tuple(known)
    if isinstance(data, str):
        return redact(data, values)
    if isinstance(data, dict):
        return {redact(str(key), values): _redact_field(str(key), value, values) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [redact_values(item, values) for item in data]
    return data


def _redact_field(key: str, value: Any, known: tuple[str, ...]) -> Any:
    if isinstance(value, str) and (level := level_of(key)) and is_secret(key, value, level, quoted=True, assigned=True):
        return MASK
    return redact_values(value, known)


def _found(text: str, known: tuple[str, ...]) -> Iterator[Span]:
    lower = text.lower() if text.isascii() else _ascii_lower(text)
    if known:
        yield from _known(text, known)
    yield from secret_formats.spans(text)
    for finder in (_named, _flags, _urls, _keys, _headers, _tables, _manifests, _by_pattern):
        yield from finder(text, lower)


def _merged(spans: Iterable[Span], text: str) -> list[Span]:
    """The spans in order, joined where they overlap, without those that hold nothing but masks."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return [(start, end) for start, end in merged if text[start:end].replace(MASK, "").strip()]


def _masked(text: str, spans: list[Span]) -> str:
    edges = [(0, 0), *spans, (len(text), len(text))]
    return MASK.join(text[before:after] for (_, before), (after, _) in pairwise(edges))


def _ascii_lower(text: str) -> str:
    """Like `lower`, but no letter becomes two, so that positions stay."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


# --- values that the caller knows -----------------------------------------------------------------------------------


def _known(text: str, known: tuple[str, ...]) -> Iterator[Span]:
    for value in known:
        for form in _forms(value):
            if form in text:
                pattern = re.escape(form)
                if len(form) < 4:  # a short one would be found inside every other word
                    pattern = rf"(?<!\w){pattern}(?!\w)"
                yield from (match.span() for match in re.finditer(pattern, text))


@lru_cache(maxsize=512)
def _forms(value: str) -> tuple[str, ...]:
    """How a value may be written: as it is, and as encodings that tools print."""
    raw = value.encode("utf-8", "surrogatepass")
    forms = {value, value.strip()}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(json.dumps(value))[3:-3]}
    forms |= {quote(raw, safe=""), quote(raw, safe="/"), quote_plus(raw), quote(raw, safe="").replace("%2F", "%2f")}
    forms |= {html.escape(value), html.escape(value, quote=False), shlex.quote(value), repr(value)[1:-1]}
    forms |= {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(raw, safe=""))}
    if len(raw) >= 6:
        forms |= {coded for shift in range(3) for coded in _base64_inside(raw, shift)} | {raw.hex(), raw.hex().upper()}
    forms |= {line.strip() for line in value.splitlines() if len(line.strip()) >= 12}
    return tuple(sorted((form for form in forms if form.strip()), key=len, reverse=True))


def _base64_inside(raw: bytes, shift: int) -> Iterator[str]:
    """The part of a base64 text that `raw` determines when `shift` bytes stand before it (modulo three)."""
    whole = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
    begin = {0: 0, 1: 2, 2: 3}[shift]
    end = len(whole) if (shift + len(raw)) % 3 == 0 else len(whole) - 1
    for form in (whole[begin:end], whole[begin:end].translate(str.maketrans("+/", "-_"))):
        if len(form) >= 7:
            yield form
    if shift == 0:
        yield base64.b64encode(raw).decode()


# --- values that their name gives away --------------------------------------------------------------------------------

_WORDS = "pass|pwd|secret|token|key|auth|cookie|cred|jwt|bearer|otp|cvv|cvc|sess|pin|sharedaccess"
_NAMED = re.compile(
    rf"(?:{_WORDS})[a-z0-9_.\-]{{0,40}}"
    r"(?P<close>(?:\x1b\[[0-9;]{0,9}m)?(?:\\{0,4}[\"'`]|&quot;)?\]?(?:\x1b\[[0-9;]{0,9}m)?)"
    r"(?P<sep>[ \t]{0,40}(?:=>|:=|=(?!=)|:(?!:)|%3d|%3a|&#61;|&#x3d;)[ \t]{0,40}(?:\x1b\[[0-9;]{0,9}m)?"
    r"|(?:[ \t]{0,40}[|│][ \t]{0,40})"
    r"|>"
    r"|[ \t]{0,3},?[ \t]{0,3}(?:\r?\n[ \t]{0,40})?\\?[\"']?value\\?[\"']?[ \t]{0,3}[:=][ \t]{0,3})"
)
_IDENT = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_STRING = {
    '"': re.compile(r'(?:[^"\\\n]|\\.){0,20000}', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.){0,20000}", re.DOTALL),
    "`": re.compile(r"[^`\n]{0,20000}"),
}
_ESCAPED_STRING = re.compile(r"(?P<open>\\{1,7})(?P<quote>[\"'])")
_BARE = re.compile(r"(?:[^\s;&\"'<>`,)}\]|]|[,)}\]](?![\s;&\"'<>`,)}\]]|$|[\w.-]{1,40}[=:]))+")
_WORD = re.compile(r"\S+")
_LINE = re.compile(r"[^\n]*")
_LINE_START = re.compile(
    r"(?:[\w.-]{1,60}[ \t]+\|[ \t]?)?[ \t]*(?:export[ \t]+|set[ \t]+|env[ \t]+|ENV[ \t]+|[-+>][ \t]*)*"
)
_AUTHORIZATION = re.compile(r"(?i)(?:http_|proxy-|x-)?authorization")
_SCHEME = re.compile(
    r"(?i)(?:bearer|basic|token|digest|apikey|api-key|negotiate|ntlm|aws4-hmac-sha256|oauth|key|splunk|hawk|sso-key)[ \t]+"
)


def _named(text: str, lower: str) -> Iterator[Span]:
    """`password=...` in all its spellings: assignments, JSON, YAML, headers, XML, tables of two columns."""
    for match in _NAMED.finditer(lower):
        end = match.start("close")
        before = text[max(0, match.start() - 48) : match.start()]
        start = match.start() - (len(before) - len(before.rstrip(_IDENT)))
        name = text[start:end].lstrip("-.")
        level = level_of(name)
        if level or _AUTHORIZATION.fullmatch(name):
            yield from _value(text, name, level, start, match)


def _value(text: str, name: str, level: Level, start: int, match: re.Match[str]) -> Iterator[Span]:
    sep, at = match["sep"].strip(), match.end()
    if sep == ">" and not (text[start - 1 : start] in ("<", ":") and start):
        return
    if sep in "|│" and not _first_cell(text, start, at):
        return
    if sep.endswith(("value:", "value=", 'value":', "value'=", 'value"=')) and not _is_name_field(text, start):
        return
    if _AUTHORIZATION.fullmatch(name) or name.lower().endswith("cookie"):
        yield from _header_value(text, name, start, at)
        return
    if text[at : at + 1] in "|>" and (block := _block_scalar(text, start, at)):
        yield block
        return
    span, quoted = _extent(text, start, at, match)
    assigned = ":" not in sep or sep == ":="
    if is_secret(name, text[span[0] : span[1]], level, quoted=quoted, assigned=assigned):
        yield span


def _extent(text: str, start: int, at: int, match: re.Match[str]) -> tuple[Span, bool]:
    """From where to where a value reaches, and whether it stands in quotes."""
    if escaped := _ESCAPED_STRING.match(text, at):
        close = text.find(escaped[0], escaped.end(), escaped.end() + 20000)
        return (escaped.end(), close if close >= 0 else _LINE.match(text, at).end()), True  # type: ignore[union-attr]
    opened = at
    while text[opened : opened + 1] in ("b", "r", "f", "u", "@", "$", "E", "N") and text[opened + 1 : opened + 2] in (
        "'",
        '"',
    ):
        opened += 1
    if text[opened : opened + 1] in ('"', "'", "`") and opened < len(text):
        return _STRING[text[opened]].match(text, opened + 1).span(), True  # type: ignore[union-attr]
    around = text[start - 1 : start]
    if around in ('"', "'", "`") and around and not match["close"]:
        return _STRING[around].match(text, at).span(), True  # type: ignore[union-attr]
    if match["sep"] == ">":
        close = text.find("<", at, at + 20000)
        return (at, close if close >= 0 else at), True
    if match["sep"].strip() in ("|", "│"):
        return re.compile(r"[^|│\n]*[^|│\s]").match(text, at).span(), False  # type: ignore[union-attr]
    return _unquoted(text, start, at, match["sep"]), False


def _unquoted(text: str, start: int, at: int, sep: str) -> Span:
    line = text.rfind("\n", max(0, start - 200), start) + 1
    begins = _LINE_START.fullmatch(text, line, start) is not None
    if begins and "=" in sep and sep.strip() == sep:
        found = _WORD.match(text, at)
    elif begins and ":" in sep and sep != ":":
        found = re.compile(r"[^\n#]*[^\s#,]").match(text, at)
    else:
        found = _BARE.match(text, at)
    return found.span() if found else (at, at)


def _first_cell(text: str, start: int, at: int) -> bool:
    """Whether a name before a `|` is the first cell of a row, and the row is not the head of a table."""
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip(" \t|│*`"):
        return False
    end = text.find("\n", at)
    return end < 0 or not re.compile(r"[-+|:─┼ ]{3,}(?:\r?\n|$)").match(text, end + 1)


def _is_name_field(text: str, start: int) -> bool:
    return (
        re.search(r"(?i)(?:name|key|variable|id)\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?$", text[max(0, start - 30) : start])
        is not None
    )


def _block_scalar(text: str, start: int, at: int) -> Span | None:
    """The lines of a YAML `|` or `>` that are indented deeper than its key."""
    head = re.compile(r"[|>][-+0-9]{0,2}[ \t]*\r?\n").match(text, at)
    if head is None:
        return None
    line = text.rfind("\n", 0, start) + 1
    indent = len(text[line:start]) - len(text[line:start].lstrip(" -"))
    body = re.compile(rf"(?:[ \t]{{{indent + 1},}}[^\n]*(?:\n|$)|[ \t]*\r?\n){{1,2000}}").match(text, head.end())
    return None if body is None else _stripped(text, body.span())


def _stripped(text: str, span: Span) -> Span:
    piece = text[span[0] : span[1]]
    return span[0] + len(piece) - len(piece.lstrip()), span[1] - len(piece) + len(piece.rstrip())


def _header_value(text: str, name: str, start: int, at: int) -> Iterator[Span]:
    """The rest of an Authorization or Cookie header, without the scheme."""
    end = _header_end(text, start, at)
    begin = at
    while text[begin : begin + 1] in ("\\", '"', "'") and begin < end:
        begin += 1
    scheme = _SCHEME.match(text, begin)
    if scheme and scheme.end() < end:
        begin = scheme.end()
    elif name.lower() == "set-cookie":
        begin = min(text.find("=", begin, end) % (len(text) + 1) + 1, end)
        end = min(text.find(";", begin, end) % (len(text) + 1), end)
    value = text[begin:end].strip()
    if scheme or "=" in value or is_secret(name, value, Level.WEAK, quoted=True, assigned=True):
        if is_secret(name, value.split(" ")[0], Level.STRONG, quoted=False, assigned=False):
            yield _stripped(text, (begin, end))


def _header_end(text: str, start: int, at: int) -> int:
    """A header ends at the quote it stands in, or with the line."""
    line_end = text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    opened = text[at : at + 1] if text[at : at + 1] in ('"', "'") else text[start - 1 : start]
    if text[at : at + 1] == "\\":
        opened = "\\"
    close = text.find(opened, at + 1, line_end) if opened in ('"', "'", "\\") and opened else -1
    return close if close >= 0 else line_end


_FLAG = re.compile(
    r"(?<![\w-])--?(?P<name>[A-Za-z][\w.-]{2,40})[ \t]+(?P<q>[\"']?)(?P<v>[^\s\"']+|(?<=[\"'])[^\"'\n]+)"
)


def _flags(text: str, lower: str) -> Iterator[Span]:
    """`--password x`."""
    if "-" not in text:
        return
    for match in _FLAG.finditer(text):
        level, value = level_of(match["name"]), match["v"]
        if level is Level.NONE or value.startswith("-") or value.startswith(("id=", "type=")):
            continue
        if is_secret(match["name"], value, level, quoted=False, assigned=True):
            yield match.span("v")


# --- places ---------------------------------------------------------------------------------------------------------

_URL = re.compile(r"://(?P<rest>[^\s\"'<>`\\]{3,2000})")
_TOKEN_USER = re.compile(r"(?=[^@]*\d)(?=[^@]*[A-Za-z])[\w-]{20,}")
_QUERY = re.compile(
    r"(?i)[?&](?:key|sig|signature|code|x-amz-signature|x-amz-credential|x-goog-signature|se?ssion|hmac|state|ticket|k|t)="
    r"(?P<v>[^&\s\"'<>#]{8,2000})"
)


def _urls(text: str, lower: str) -> Iterator[Span]:
    """Passwords and tokens in addresses."""
    for match in _URL.finditer(text):
        rest, at = match["rest"], match.start("rest")
        if "@" in rest and (inside := _user_info(rest)):
            yield at + inside[0], at + inside[1]
    if "?" in text:
        for match in _QUERY.finditer(text):
            if re.search(r"\d", match["v"]) and re.search("[A-Za-z]", match["v"]) and not match["v"].startswith("${"):
                yield match.span("v")


def _user_info(rest: str) -> Span | None:
    """Where the secret of `user:secret@host/...` stands."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, colon, after = authority.partition(":")
    if "@" not in authority:
        if not colon or re.match(r"\d{1,5}$", after):
            return None
        authority = rest  # a password with an unescaped slash
    info, _, host = authority.rpartition("@")
    if not info or not host or host.startswith("sha256:"):
        return None
    user, colon, password = info.partition(":")
    if not colon:
        return (0, len(user)) if _TOKEN_USER.fullmatch(user) else None
    if (
        re.fullmatch(r"\$\{?[A-Za-z_]\w*\}?|<[^>]*>|\*+|x{3,}|\[redacted\]|\{\w+\}|%s|password|", password)
        and password != "password"
    ):
        return None
    return len(user) + 1, len(info)


_KEY_BEGIN = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
_KEY_END = re.compile(
    r"-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|---- END SSH2 ENCRYPTED PRIVATE KEY ----"
)
_PREFIX = r"(?:[\w.-]{1,60}[ \t]+\|[ \t]?)?[ \t>|]{0,40}"
_KEY_LINES = re.compile(
    rf"(?:(?:\\r)?\\n|\s){{0,9}}(?:{_PREFIX}(?:[A-Za-z0-9+/=]{{16,}}|(?:Proc-Type|DEK-Info|Version|Comment): ?[^\n\\]*|=[A-Za-z0-9+/]{{4}})?"
    rf"(?:\\r)?(?:\\n|\r?\n|$|(?=[\"' ]))){{1,400}}(?:{_PREFIX}[A-Za-z0-9+/=]{{1,76}}$)?"
)
_KEY_LINES_BEFORE = re.compile(rf"(?:{_PREFIX}[A-Za-z0-9+/=]{{1,100}}(?:\\n|\r?\n)){{1,400}}{_PREFIX}$")


def _keys(text: str, lower: str) -> Iterator[Span]:
    """Private keys, also those whose beginning or end was cut off."""
    if "PRIVATE KEY" not in text:
        return
    begins = [match.end() for match in _KEY_BEGIN.finditer(text)]
    ends = [match.start() for match in _KEY_END.finditer(text)]
    for begin in begins:
        end = next((place for place in ends if begin <= place <= begin + 40_000), None)
        following = next((place for place in begins if place > begin), len(text))
        if end is not None and end < following:
            yield _stripped(text, (begin, end))
        elif lines := _KEY_LINES.match(text, begin):
            yield _stripped(text, lines.span())
    for end in ends:
        if not any(end - 40_000 <= begin <= end for begin in begins):
            yield from _key_lines_before(text, end)


def _key_lines_before(text: str, end: int) -> Iterator[Span]:
    at = end
    while at > 0 and end - at < 40_000:
        line = text.rfind("\n", 0, at - 1) + 1
        if not re.fullmatch(rf"{_PREFIX}[A-Za-z0-9+/=]{{1,100}}\s*", text[line:at]):
            break
        at = line
    if at < end:
        yield _stripped(text, (at, end))


_BEARER = re.compile(r"bearer[ \t]+(?P<v>[a-z0-9._~+/=-]{12,4000})")
_BASIC = re.compile(r"basic[ \t]+(?P<v>[a-z0-9+/]{6,400}={0,2})")


def _headers(text: str, lower: str) -> Iterator[Span]:
    """Credentials that follow their scheme without a header's name before it."""
    for match in _BEARER.finditer(lower):
        if re.search(r"\d", match["v"]):
            yield match.span("v")
    for match in _BASIC.finditer(lower):
        if _is_basic(text[match.start("v") : match.end("v")]):
            yield match.span("v")


def _is_basic(value: str) -> bool:
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        return False


# --- shapes of more than one line -------------------------------------------------------------------------------------

_RULE = re.compile(r"^[ \t]*[|+├╞]?[ \t]*[:=─━-]{2,}[-+|: \t=─━┼╪]*[|+┤╡]?[ \t]*$", re.MULTILINE)


def _tables(text: str, lower: str) -> Iterator[Span]:
    """The cells below a heading that says secret, as psql, mysql and Markdown draw them."""
    if "|" not in text or "--" not in text:
        return
    for rule in _RULE.finditer(text):
        head = text[text.rfind("\n", 0, max(rule.start() - 1, 0)) + 1 : max(rule.start() - 1, 0)]
        wanted = [number for number, cell in enumerate(head.split("|")) if level_of(cell.strip(" *`")) is Level.STRONG]
        if "|" in head and wanted:
            yield from _cells(text, rule.end() + 1, wanted)


def _cells(text: str, at: int, wanted: list[int]) -> Iterator[Span]:
    for _ in range(10_000):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        cells = text[at:end].split("|")
        if len(cells) <= wanted[-1] or at >= len(text):
            return
        for number in wanted:
            begin = at + sum(len(cell) + 1 for cell in cells[:number])
            if cells[number].strip() and cells[number].strip().lower() not in ("null", "none", "\\n"):
                yield _stripped(text, (begin, begin + len(cells[number])))
        at = end + 1


_MANIFEST = re.compile(r"kind\\?[\"']?:[ \t]*\\?[\"']?secret\b")
_DATA = re.compile(
    r"^(?P<indent>[ \t]*)(?:data|stringData):[ \t]*\r?\n(?P<body>(?:(?P=indent)[ \t]+[^\n]*(?:\n|$)){1,500})",
    re.MULTILINE,
)
_DATA_JSON = re.compile(r"\"(?:data|stringData)\":\s*\{(?P<body>[^{}]{1,100000})\}")


def _manifests(text: str, lower: str) -> Iterator[Span]:
    """The values of a Kubernetes Secret, whatever their names."""
    if "secret" not in lower or not _MANIFEST.search(lower):
        return
    for pattern, item in ((_DATA, r":[ \t]+[\"']?([^\s\"'|>][^\n\"']*)"), (_DATA_JSON, r":\s*\"([^\"]+)\"")):
        for match in pattern.finditer(text):
            for value in re.finditer(item, match["body"]):
                yield match.start("body") + value.start(1), match.start("body") + value.end(1)


# --- commands and their configuration ---------------------------------------------------------------------------------

_Q = r"(?P<q>[\"']?)"
_V = r"(?P<v>(?<=[\"'])[^\"'\n]+|[^\s\"']+)"
_NEAR = r"(?:[^\n|;&]|\\\n){0,300}?[ \t]"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("curl", rf"curl\b{_NEAR}(?:-u|--user|-U|--proxy-user)[ =]?{_Q}[^\s:\"'$]{{0,100}}:{_V}"),
        ("http -a", rf"http -a[ =]{_Q}[^\s:\"']{{1,100}}:{_V}"),
        ("mysql", rf"mysql\w*\b{_NEAR}-p(?!\d+:\d){_Q}{_V}"),
        ("mariadb", rf"mariadb[\w-]*{_NEAR}-p{_Q}{_V}"),
        ("sshpass", rf"\bsshpass[ \t]+-p[ \t]*{_Q}{_V}"),
        ("redis-cli", rf"redis-cli\b{_NEAR}-a[ \t]+{_Q}{_V}"),
        ("docker", rf"docker[ \t]+login\b{_NEAR}-p[ \t]+{_Q}{_V}"),
        ("mongo", rf"mongo\w*\b{_NEAR}-p[ \t]+{_Q}(?!-){_V}"),
        ("ldap", rf"\bldap\w+\b{_NEAR}-w[ \t]+{_Q}{_V}"),
        ("smbclient", rf"\bsmbclient\b{_NEAR}-U[ \t]+{_Q}[^\s%\"']+%{_V}"),
        ("htpasswd", rf"\bhtpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+{_Q}{_V}"),
        ("chpasswd", rf"echo[ \t]+(?:-n[ \t]+)?{_Q}[\w.-]+:{_V}[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd"),
        ("rabbitmqctl", rf"\brabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S+[ \t]+{_Q}{_V}"),
        ("vault", rf"\bvault[ \t]+login[ \t]+{_Q}(?!-){_V}"),
        ("zip", rf"\bzip\b{_NEAR}-P[ \t]+{_Q}{_V}"),
        ("7z", rf"\b7z\w*\b{_NEAR}-p{_Q}{_V}"),
        ("mc alias", rf"\bmc[ \t]+alias[ \t]+set[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+{_Q}{_V}"),
        ("net user", rf"\bnet[ \t]+user[ \t]+\S+[ \t]+(?![/*]){_Q}{_V}"),
        ("pass:", rf"-pass(?:in|out)?[ \t]+{_Q}pass:{_V}"),
        ("--from-literal", rf"--from-literal[= ]{_Q}[\w.-]+={_V}"),
        ("requirepass", rf"\brequirepass\"?[ \t]*(?:\r?\n(?:\d+\)[ \t]*)?|[ \t]){_Q}(?!\s)(?!\d+\)){_V}"),
        ("masterauth", rf"\bmasterauth\"?[ \t]*(?:\r?\n(?:\d+\)[ \t]*)?|[ \t]){_Q}(?!\s)(?!\d+\)){_V}"),
        ("machine", rf"\bmachine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+{_Q}{_V}"),
        ("@tcp(", r"(?P<v>[^\s:@/\"']{1,200})@tcp\("),
        ("@unix(", r"(?P<v>[^\s:@/\"']{1,200})@unix\("),
        ("ENV ", rf"(?m:^)[ \t]*ENV[ \t]+\w*(?:PASS|PASSWORD|SECRET|TOKEN|API_KEY)[ \t]+{_Q}{_V}"),
        ("SetEnv", rf"\bSetEnv[ \t]+\w*(?:PASS|PASSWORD|SECRET|TOKEN|API_KEY)[ \t]+{_Q}{_V}"),
    )
)
_LOWER_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (literal, re.compile(pattern))
    for literal, pattern in (
        ("identified", r"identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?'(?P<v>[^'\n]+)'"),
        (
            "pass",
            r"pass(?:word|phrase|wd)\s{1,3}(?:(?:is|was|to|set to|changed to)\s)?(?P<q>['\"`])(?P<v>[^'\"`\n]{3,200})(?P=q)",
        ),
        (
            "pass",
            r"pass(?:word|phrase|wd|code)\s(?:is|was|set to|changed to|reset to)[ :]+(?P<v>[^\s'\"`]*\d[^\s'\"`]*)",
        ),
        ("token", r"token\s(?:is|was|set to)[ :]+(?P<v>(?=[^\s]*\d)[^\s'\"`]{8,})"),
        (" key", r" key(?<=(?:api|ret|ess) key)[ :]+(?:is[ :]+|provided: )?(?P<v>(?=[^\s]*\d)[^\s'\"`]{12,})"),
        ("pgpass", r"\b[^:\s]+:(?:\d{4,5}|\*):[^:\s]+:[^:\s]+:(?P<v>\S+)"),
        (":*:", r"(?m:^)[^:\s]+:(?:\d{4,5}|\*):[^:\s]+:[^:\s]+:(?P<v>[^:\s]+)$"),
        (":5432:", r"(?m:^)[^:\s]+:5432:[^:\s]+:[^:\s]+:(?P<v>[^:\s]+)$"),
    )
)
_EMPTY = re.compile(r"\$\{?[A-Za-z_]\w*\}?|\$\(.*|<[^>]*>?|\[redacted\]?|\*+|-.*|\{\{.*")


def _by_pattern(text: str, lower: str) -> Iterator[Span]:
    """Command lines that carry a password without naming it, and statements that name it without a sign between."""
    for patterns, haystack in ((_PATTERNS, text), (_LOWER_PATTERNS, lower)):
        for literal, pattern in patterns:
            if literal in haystack:
                spans = (match.span("v") for match in pattern.finditer(haystack))
                yield from (span for span in spans if not _EMPTY.fullmatch(text, *span))


_SECRET_PRINTERS = re.compile(
    r"""(?x) \b(?: openssl\s+rand | pwgen\b | apg\b | makepasswd\b | mkpasswd\b | wg\s+genkey | wg\s+genpsk | uuidgen\s+-s
    | gh\s+auth\s+token | aws\s+ecr\s+get-login-password | gcloud\s+auth\s+(?:application-default\s+)?print-\w+-token
    | az\s+account\s+get-access-token\b.*-o\s*tsv | kubectl\s+create\s+token | vault\s+(?:read|kv\s+get)\b.*-field | vault\s+print\s+token
    | aws\s+secretsmanager\s+get-secret-value\b.*--query | aws\s+ssm\s+get-parameters?\b.*--with-decryption.*--query
    | kubectl\s+(?:-n\s+\S+\s+)?get\s+secrets?\b.*(?:jsonpath|go-template) | docker\s+swarm\s+join-token
    | pass\s+show | op\s+read | security\s+find-\w+-password.*-w | secret-tool\s+lookup | gpg\s+.*--export-secret
    | (?:cat|head|tail|less|more|base64)\s+(?:-\S+\s+)*\S*(?:/run/secrets/|/secrets/|\.pgpass|id_rsa\b(?!\.pub)|id_ed25519\b(?!\.pub)|password\.txt|\btoken\b)
    | (?:printenv|echo)\s+["']?\$?\{?\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|PRIVATE_KEY)\w*\}?["']?\s*$ )"""
)


def _prints_a_secret(command: str) -> bool:
    """Whether all that a command prints is a secret, without any name or shape to know it by."""
    return _SECRET_PRINTERS.search(command) is not None


Finder = Callable[[str, str], Iterator[Span]]
