"""One HTTP request, or the same one to several addresses.

args: {method, url | urls[], headers{}, body|None, insecure, fail, max_time|None, show: "body"|"head"|"status",
expect|None, follow, service|None}. Only http and https, five seconds to connect, at most 1 MiB of the answer is
read. Redirects are reported and not followed; with `follow` at most five on the same host. Link-local addresses
(the metadata services of clouds) are refused whatever name leads there: the name is resolved once, checked, and the
checked address is what is connected to. Methods other than GET, HEAD and OPTIONS need an approval. `exit_code` is
what curl would have ended with.
"""

from __future__ import annotations

import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from workers.caps import legible, one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, could_not_run, failed, refused, seconds_of
from workers.steps._health import findings_of_expectation, findings_of_health
from workers.steps._net import ForbiddenAddress, NoAddress, addresses_of, system_trust

READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})
CONNECT = 5.0
MOST_READ = 1024 * 1024
MOST_REDIRECTS = 5
AT_A_TIME = 8
EACH = 10.0
"""Seconds for one of several URLs."""
SLOW = 1.0
"""Seconds from which an answer is called slow."""
_SSL_NOISE = re.compile(r"\[SSL[^\]]*\] ?| ?\(_ssl\.c:\d+\)")
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authorization", "www-authenticate", "cookie"})


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str
    version: str
    headers: httpx.Headers
    body: bytes
    more: bool
    seconds: float


class _Unusable(Exception):
    """The request cannot be made as it stands; the text says why."""


class _Failure(Exception):
    """The target is not well. `code` is curl's exit code for it."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Ask, and read status, redirects, time, and what a health answer says of itself."""
    method = str(args.get("method") or "GET").upper()
    urls = [str(url) for url in args.get("urls") or () if url] or [str(args.get("url") or "")]
    if method not in READ_ONLY and not context.allow_writes:
        return refused(f"{method} {urls[0]}", _subject(args, urls[0]))
    limit = float(args["max_time"]) if args.get("max_time") else None
    if len(urls) == 1:
        subject, name = urls[0], _subject(args, urls[0])
        return bounded(
            context, lambda watch: _request(args, method, urls[0], watch), subject=subject, name=name, limit=limit
        )
    return bounded(
        context, lambda watch: _requests(args, method, urls, watch, limit), subject=f"all of {len(urls)} URLs"
    )


def _subject(args: Mapping[str, Any], url: str) -> str:
    """The service that is meant, else the host and port."""
    return str(args.get("service") or url.partition("://")[2].partition("/")[0] or url)


def _requests(args: Mapping[str, Any], method: str, urls: Sequence[str], watch: Watch, limit: float | None) -> Outcome:
    """One after the other would wait for each that hangs; so some at a time, each with a limit of its own."""
    with ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        each = list(pool.map(lambda url: _one_of_many(args, method, url, watch, limit), urls))
    findings = [finding for outcome in each for finding in outcome.findings]
    findings.sort(key=lambda found: list(Level).index(found.level))
    well = sum(outcome.result is Result.SUCCEEDED for outcome in each)
    worst = next((outcome for outcome in each if outcome.result is not Result.SUCCEEDED), None)
    result = Result.SUCCEEDED if worst is None else Result.FAILED
    if all(outcome.result is Result.COULD_NOT_RUN for outcome in each):
        result = Result.COULD_NOT_RUN
    summary = f"{well} of {len(urls)} answered well" + (f"; {worst.summary}" if worst else "")
    output = "\n".join(outcome.output for outcome in each if outcome.output)
    return Outcome(
        result, summary, output, worst.exit_code if worst else 0, tuple(findings), any(o.truncated for o in each)
    )


def _one_of_many(args: Mapping[str, Any], method: str, url: str, watch: Watch, limit: float | None) -> Outcome:
    share = Watch(watch.context, min(limit or EACH, watch.left() * 0.9))
    try:
        return _request(args, method, url, share)
    except OutOfTime:
        text = f"{url} did not answer within {seconds_of(share.seconds)}"
        return failed(text, _subject(args, url), exit_code=28)
    finally:
        watch.secrets += share.secrets


def _request(args: Mapping[str, Any], method: str, shown_url: str, watch: Watch) -> Outcome:
    name = _subject(args, shown_url)
    try:
        answer = _ask(args, method, shown_url, watch)
    except _Unusable as wrong:
        return could_not_run(str(wrong), name)
    except _Failure as failure:
        return failed(f"{shown_url}: {failure}", name, exit_code=failure.code)
    return _outcome(args, shown_url, answer)


def _ask(args: Mapping[str, Any], method: str, shown_url: str, watch: Watch) -> _Answer:
    url = _url(watch.secret(shown_url))
    headers = {str(name): watch.secret(str(value)) for name, value in (args.get("headers") or {}).items()}
    body = watch.secret(str(args["body"])).encode() if args.get("body") is not None else None
    began = time.monotonic()
    with httpx.Client(verify=_trust(url, bool(args.get("insecure"))), trust_env=False) as client:
        watch.on_giving_up(client.close)
        for _ in range(MOST_REDIRECTS + 1):
            answer = _exchange(client, method, url, headers, body, began, watch)
            onward = _onward(answer, url) if args.get("follow") and method in READ_ONLY else None
            if onward is None:
                return answer
            url = onward
    raise _Failure(f"more than {MOST_REDIRECTS} redirects, the last one to {url}", 47)


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as wrong:
        raise _Unusable(f"this is no URL: {wrong}") from None
    if url.scheme not in ("http", "https"):
        raise _Unusable(f"only http and https are asked, not {url.scheme or 'an address without a scheme'}")
    if not url.host:
        raise _Unusable("the URL names no host")
    return url


def _onward(answer: _Answer, url: httpx.URL) -> httpx.URL | None:
    """Where a redirect leads, if it stays on the host it came from."""
    if not (300 <= answer.status < 400 and "location" in answer.headers):
        return None
    try:
        onward = url.join(answer.headers["location"])
    except (httpx.InvalidURL, ValueError):
        return None
    upgraded = (url.scheme, _port(url), onward.scheme, _port(onward)) == ("http", 80, "https", 443)
    same = (url.scheme, _port(url)) == (onward.scheme, _port(onward))
    return onward if onward.host == url.host and (same or upgraded) else None


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80, "https": 443}.get(url.scheme, 0)


def _trust(url: httpx.URL, insecure: bool) -> ssl.SSLContext | bool:
    return False if insecure or url.scheme == "http" else system_trust()


def _exchange(
    client: httpx.Client,
    method: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    body: bytes | None,
    began: float,
    watch: Watch,
) -> _Answer:
    refusal: httpx.ConnectError | None = None
    for address in _addresses(url):
        try:
            return _send(client, method, url, address, headers, body, began, watch)
        except httpx.ConnectError as failure:
            refusal = failure
    assert refusal is not None
    raise _connect_failure(url, refusal)


def _addresses(url: httpx.URL) -> list[str]:
    try:
        return addresses_of(url.host, _port(url))
    except NoAddress as unknown:
        raise _Failure(str(unknown), 6) from None
    except ForbiddenAddress as forbidden:
        raise _Unusable(str(forbidden)) from None


def _send(
    client: httpx.Client,
    method: str,
    url: httpx.URL,
    address: str,
    headers: Mapping[str, str],
    body: bytes | None,
    began: float,
    watch: Watch,
) -> _Answer:
    left = watch.left()
    own = {"Host": url.netloc.decode("ascii"), "User-Agent": "midwatch", "Accept": "*/*", "Accept-Encoding": "identity"}
    merged = httpx.Headers(own)
    merged.update(headers)
    try:
        request = client.build_request(
            method,
            url.copy_with(host=address, userinfo=url.userinfo),
            headers=merged,
            content=body,
            timeout=httpx.Timeout(left, connect=min(CONNECT, left)),
            extensions={"sni_hostname": url.host},
        )
        response = client.send(request, stream=True)
        try:
            return _read(response, began, watch)
        finally:
            response.close()
    except httpx.ConnectTimeout:
        raise _Failure(f"no connection within {seconds_of(min(CONNECT, left))}", 28) from None
    except httpx.TimeoutException:
        raise OutOfTime from None
    except httpx.ConnectError:
        raise
    except httpx.LocalProtocolError as wrong:
        raise _Unusable(f"the request cannot be sent: {wrong}") from None
    except (httpx.HTTPError, ssl.SSLError, OSError) as failure:
        raise _Failure(_broken(failure), 52) from None
    except (UnicodeError, ValueError) as wrong:
        raise _Unusable(f"the request cannot be sent: {wrong}") from None


def _read(response: httpx.Response, began: float, watch: Watch) -> _Answer:
    seconds = time.monotonic() - began
    body, more = bytearray(), False
    for piece in _pieces(response):
        watch.left()
        body += piece[: MOST_READ - len(body)]
        if len(body) >= MOST_READ:
            more = True
            break
    reason = response.reason_phrase or _reason(response.status_code)
    return _Answer(response.status_code, reason, response.http_version, response.headers, bytes(body), more, seconds)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """The body, unpacked no further than is wanted: a small packed answer can hold gigabytes."""
    packed = response.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    if not packed:
        yield from response.iter_raw()
        return
    unpacker = zlib.decompressobj(wbits=47)
    for piece in response.iter_raw():
        try:
            yield unpacker.decompress(piece, MOST_READ)
        except zlib.error:
            yield piece
            return


def _connect_failure(url: httpx.URL, failure: httpx.ConnectError) -> _Failure:
    text = str(failure)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        why = re.search(r"certificate verify failed: (.+?)(?: \(_ssl|\.?$)", text)
        return _Failure(f"TLS: the certificate is not valid ({why[1] if why else 'not trusted'})", 60)
    if "SSL" in text or "TLS" in text:
        return _Failure(f"TLS: no secure connection ({one_line(_SSL_NOISE.sub('', text))})", 35)
    if "refused" in text:
        return _Failure(f"connection refused on port {_port(url)}: nothing listens there", 7)
    if "unreachable" in text or "No route" in text:
        return _Failure("no route to the host", 7)
    return _Failure(f"no connection ({one_line(text)})", 7)


def _broken(failure: Exception) -> str:
    text = str(failure)
    if isinstance(failure, httpx.RemoteProtocolError) and "without sending" in text:
        return "the server closed the connection without an answer"
    if isinstance(failure, httpx.RemoteProtocolError):
        return f"the answer is not proper HTTP ({one_line(text)})"
    return f"the connection broke ({one_line(text) or type(failure).__name__})"


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _outcome(args: Mapping[str, Any], shown_url: str, answer: _Answer) -> Outcome:
    told = f"{answer.status} {answer.reason}".rstrip()
    name = _subject(args, shown_url)
    findings = [
        _finding_of_status(shown_url, name, told, answer),
        *_finding_of_time(shown_url, name, answer),
        *findings_of_health(answer.body, name),
        *findings_of_expectation(args.get("expect"), answer.body, answer.status, name),
    ]
    bad = any(found.level is Level.BAD for found in findings)
    code = 22 if args.get("fail") and answer.status >= 400 else 0
    summary = f"{shown_url} answered {told} in {seconds_of(answer.seconds)}"
    result = Result.FAILED if bad else Result.SUCCEEDED
    return Outcome(result, summary, _output(args.get("show"), told, answer), code, tuple(findings), answer.more)


def _finding_of_status(url: str, name: str, told: str, answer: _Answer) -> Finding:
    if answer.status >= 400:
        return Finding(Level.BAD, f"{url} answered {told}", name)
    if 300 <= answer.status < 400:
        onward = one_line(answer.headers.get("location", "nowhere"))
        return Finding(Level.WARN, f"{url} answered {told}: a redirect to {onward}, not followed", name)
    return Finding(Level.OK, f"{url} answered {told} in {seconds_of(answer.seconds)}", name)


def _finding_of_time(url: str, name: str, answer: _Answer) -> list[Finding]:
    if answer.seconds < SLOW:
        return []
    return [Finding(Level.WARN, f"{url} is slow: {seconds_of(answer.seconds)} until the answer began", name)]


def _output(show: object, told: str, answer: _Answer) -> str:
    if show == "status":
        return str(answer.status)
    if show == "head":
        lines = [f"{name}: {_header_value(name, value)}" for name, value in answer.headers.multi_items()]
        return "\n".join([f"{answer.version} {told}", *lines])
    text = legible(answer.body)
    return text + "\n[... the rest of the answer was not read ...]" if answer.more else text


def _header_value(name: str, value: str) -> str:
    return "[hidden]" if name.lower() in _SECRET_HEADERS else one_line(value, 500)
