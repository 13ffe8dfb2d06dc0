"""`curl` and `wget` as one HTTP request.

A request that carries a body or another method keeps it: whether it may run is the classifier's business. What writes
a file, sends a file, or goes through a proxy has no native form.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from runbooks.document import Call
from runbooks.translate._options import Options, known, read

VERBS = ("curl", "wget")

_CURL = known(
    switches="-f --fail --fail-with-body -i --include -I --head -k --insecure -L --location -G --get -v --verbose",
    valued="-X --request -H --header -d --data --data-raw --data-ascii --data-binary --data-urlencode --json -u --user"
    " -m --max-time --connect-timeout -o --output -w --write-out -A --user-agent -e --referer --url -b --cookie"
    " --oauth2-bearer",
    ignored="-s --silent -S --show-error --compressed -N --no-buffer -# --progress-bar --no-progress-meter -q --disable"
    " --http1.1 --http2 -g --globoff",
    ignored_valued="--max-redirs",
)
_WGET = known(
    switches="-S --server-response --spider --no-check-certificate",
    valued="-O --output-document -T --timeout --header -U --user-agent --post-data --method --body-data",
    ignored="-q --quiet -nv --no-verbose -4",
    ignored_valued="",
)
_HOLES = re.compile(r"\$\{|<[A-Za-z]")
_SECONDS = re.compile(r"\d{1,5}(?:\.\d{1,3})?")
_FORM = "application/x-www-form-urlencoded"


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The request that `argv` makes, or nothing."""
    args = _curl(argv[1:]) if argv[0] == "curl" else _wget(argv[1:])
    return (Call("http", args),) if args is not None else ()


def silenced(call: Call) -> Call:
    """The same request when its output went to /dev/null: only the status is of interest."""
    return Call("http", {**call.args, "show": "status"}, call.filters)


def _curl(words: Sequence[str]) -> dict[str, Any] | None:
    options = read(words, _CURL)
    if options is None:
        return None
    urls = (*options.operands, *options.all("--url"))
    headers = _headers(options)
    body = _body(options)
    if (
        len(urls) != 1
        or headers is None
        or body is None
        or options.last("-o", "--output") not in (None, "/dev/null", "-")
    ):
        return None
    query, sent, content_type = body
    url = _url(urls[0], query)
    limit = _limit(options.last("-m", "--max-time"), options.last("--connect-timeout"))
    if url is None or limit is None:
        return None
    if sent is not None and content_type and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    return _request(
        _method(options, sent), url, headers, sent,
        insecure=options.has("-k", "--insecure"),
        fail=options.has("-f", "--fail", "--fail-with-body"),
        max_time=limit or None,
        show=_shown(options),
        follow=options.has("-L", "--location"),
    )  # fmt: skip


def _request(method: str, url: str, headers: dict[str, str], body: str | None, **rest: Any) -> dict[str, Any]:
    return {"method": method, "url": url, "headers": headers, "body": body, **rest}


def _method(options: Options, body: str | None) -> str:
    given = options.last("-X", "--request")
    if given is not None:
        return given.upper()
    if options.has("-I", "--head"):
        return "HEAD"
    return "GET" if body is None else "POST"


def _shown(options: Options) -> str:
    if options.has("-I", "--head"):
        return "head"
    if options.last("-o", "--output") == "/dev/null":
        return "status"
    return "head" if options.has("-i", "--include", "-v", "--verbose") else "body"


def _limit(whole: str | None, connect: str | None) -> float | None:
    """Seconds, 0.0 without a limit, None when the number is none."""
    given = whole if whole is not None else connect
    if given is None:
        return 0.0
    return float(given) if _SECONDS.fullmatch(given) else None


def _headers(options: Options) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for line in options.all("-H", "--header"):
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name.strip()):
            return None
        headers[name.strip()] = value.strip()
    for option, name in (
        ("-A", "User-Agent"),
        ("--user-agent", "User-Agent"),
        ("-e", "Referer"),
        ("--referer", "Referer"),
    ):
        if (given := options.last(option)) is not None:
            headers[name] = given
    if (cookie := options.last("-b", "--cookie")) is not None:
        if "=" not in cookie:
            return None  # a file of cookies
        headers["Cookie"] = cookie
    if (token := options.last("--oauth2-bearer")) is not None:
        headers["Authorization"] = f"Bearer {token}"
    return _with_login(headers, options.last("-u", "--user"))


def _with_login(headers: dict[str, str], login: str | None) -> dict[str, str] | None:
    if login is None:
        return headers
    if ":" not in login or _HOLES.search(login):
        return None  # curl would ask for the password, or it is not known yet
    encoded = base64.b64encode(login.encode("utf-8", "replace")).decode("ascii")
    return {**headers, "Authorization": f"Basic {encoded}"}


def _body(options: Options) -> tuple[str, str | None, str] | None:
    """What joins the query, what is sent, and its content type. None when a file would be sent."""
    pieces: list[str] = []
    for name in ("-d", "--data", "--data-ascii", "--data-binary"):
        pieces += options.all(name)
    if any(piece.startswith("@") for piece in pieces):
        return None
    pieces += options.all("--data-raw")
    for piece in options.all("--data-urlencode"):
        encoded = _encoded(piece)
        if encoded is None:
            return None
        pieces.append(encoded)
    if options.has("--json"):
        parts = options.all("--json")
        return (
            None if pieces or any(part.startswith("@") for part in parts) else ("", "".join(parts), "application/json")
        )
    if options.has("-G", "--get"):
        return "&".join(pieces), None, ""
    if options.has("-I", "--head") and pieces:
        return None
    return "", "&".join(pieces) if pieces else None, _FORM


def _encoded(piece: str) -> str | None:
    """`name=value` as --data-urlencode sends it. None when it names a file or still has holes."""
    if _HOLES.search(piece):
        return None
    name, equals, value = piece.partition("=")
    if not equals:
        return None if "@" in piece else quote_plus(piece)
    return f"{name}={quote_plus(value)}" if name else quote_plus(value)


def _url(written: str, query: str = "") -> str | None:
    """The URL with its scheme, or None where curl would see a pattern, a login, or another protocol."""
    text = written if "://" in written else f"http://{written}"
    if not text.startswith(("http://", "https://")) or any(char in text for char in "\\^`") or text != text.strip():
        return None
    plain = re.sub(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}|\{\{[\w -]+\}\}|\[[A-Za-z_ -]+\](?=[:/]|$)", "x", text)
    if any(char in plain for char in "{}[]"):
        return None
    try:
        parts = urlsplit(re.sub(r"<[^<>]*>", "x", plain))
    except ValueError:
        return None
    if not parts.netloc or "@" in parts.netloc or any(char.isspace() or not char.isprintable() for char in plain):
        return None
    address, hash_, _ = text.partition("#")
    address = address if hash_ else text
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


def _wget(words: Sequence[str]) -> dict[str, Any] | None:
    options = read(_wget_words(words), _WGET)
    if options is None or len(options.operands) != 1:
        return None
    spider = options.has("--spider")
    if not spider and options.last("-O", "--output-document") not in ("-", "/dev/null"):
        return None  # it would write a file
    headers = _headers_of_wget(options)
    url, limit = _url(options.operands[0]), _limit(options.last("-T", "--timeout"), None)
    if url is None or limit is None or headers is None:
        return None
    body = options.last("--post-data", "--body-data")
    method = options.last("--method") or ("HEAD" if spider else "GET" if body is None else "POST")
    if body is not None:
        headers.setdefault("Content-Type", _FORM)
    show = "head" if options.has("-S", "--server-response") else "status" if spider else "body"
    if options.last("-O", "--output-document") == "/dev/null":
        show = "status"
    return _request(
        method.upper(), url, headers, body,
        insecure=options.has("--no-check-certificate"), fail=True, max_time=limit or None, show=show, follow=True,
    )  # fmt: skip


def _wget_words(words: Sequence[str]) -> list[str]:
    """wget's own spellings: `-qO-` and `-nv` in one word."""
    spread: list[str] = []
    for word in words:
        if word == "-nv":
            continue
        spread += ["-O", word[3:]] if word.startswith("-qO") and len(word) > 3 else [word]
    return spread


def _headers_of_wget(options: Options) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for line in options.all("--header"):
        name, colon, value = line.partition(":")
        if not colon:
            return None
        headers[name.strip()] = value.strip()
    if (agent := options.last("-U", "--user-agent")) is not None:
        headers["User-Agent"] = agent
    return headers


def quoted(value: str) -> str:
    """A value as one segment of a path or one value of a query."""
    return quote(value, safe="/:@.-_")
