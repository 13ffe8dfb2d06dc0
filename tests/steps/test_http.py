"""HTTP steps against servers that answer, lie, hang, redirect and never stop."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port
from tests.steps.conftest import Said, context
from workers.steps import Outcome, Result, http

MIB = 1024 * 1024


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        length = int(self.headers.get("Content-Length") or 0)
        self.server.bodies.append(self.rfile.read(length))
        page = getattr(self, "page_" + self.path.strip("/").split("?")[0].replace("/", "_"), None)
        try:
            page() if page else self.answer(404, b"nothing here")
        except OSError:
            self.close_connection = True

    do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def page_health(self) -> None:
        self.answer(200, json.dumps(self.server.health).encode(), Content_Type="application/json", Set_Cookie="sid=abc")

    def page_broken(self) -> None:
        self.answer(503, b'{"error": "no database"}')

    def page_slow(self) -> None:
        time.sleep(1.1)
        self.answer(200, b"at last")

    def page_hang(self) -> None:
        time.sleep(20)

    def page_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b".")
            time.sleep(0.1)

    def page_header_drip(self) -> None:
        for _ in range(200):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: b\r\n"[:1])
            time.sleep(0.1)

    def page_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 65536)

    def page_huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10 * 1024**3))
        self.end_headers()
        while True:
            self.wfile.write(b"y" * 65536)

    def page_bomb(self) -> None:
        body = gzip.compress(b"z" * (300 * MIB), 1)
        self.answer(200, body, Content_Encoding="gzip")

    def page_packed(self) -> None:
        self.answer(200, gzip.compress(b'{"status": "ok"}'), Content_Encoding="gzip")

    def page_loop(self) -> None:
        self.answer(302, Location="/loop")

    def page_onward(self) -> None:
        self.answer(302, Location="/health")

    def page_away(self) -> None:
        self.answer(302, Location="http://169.254.169.254/latest/meta-data/")

    def page_elsewhere(self) -> None:
        self.answer(302, Location=f"http://localhost:{self.server.server_address[1]}/health")

    def page_nonsense(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        self.close_connection = True

    def page_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def page_silent(self) -> None:
        self.close_connection = True

    def page_binary(self) -> None:
        self.answer(200, bytes(range(256)))

    def page_deep(self) -> None:
        self.answer(200, b"[" * 200_000)

    def page_echo(self) -> None:
        self.answer(200, self.headers.get("Authorization", "none").encode())

    def log_message(self, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.health: Any = {"status": "ok"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def get(server: _Server) -> Callable[..., Outcome]:
    """Ask a page of the test's server."""

    def ask(path: str, *, timeout: float = 10.0, writes: bool = False, cap: int = 65536, **args: Any) -> Outcome:
        return http.run({"url": server.url + path, **args}, context(timeout, writes=writes, cap=cap))

    return ask


# ---- refusals


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "BREW"])
def test_a_method_that_may_change_something_needs_an_approval(
    method: str, get: Callable[..., Outcome], server: _Server
) -> None:
    outcome = get("/health", method=method)
    assert outcome.result is Result.COULD_NOT_RUN
    assert "refused" in outcome.summary
    assert server.asked == []


def test_an_approved_post_is_sent_with_its_body(get: Callable[..., Outcome], server: _Server) -> None:
    get("/health", method="POST", body='{"on": true}', headers={"Content-Type": "application/json"}, writes=True)
    assert server.asked[0][0] == "POST"
    assert server.bodies == [b'{"on": true}']


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://user@169.254.169.254/",
    ],
)
def test_the_metadata_service_is_out_of_reach_however_it_is_spelt(url: str) -> None:
    outcome = http.run({"url": url}, context(3))
    assert outcome.result is not Result.SUCCEEDED
    assert outcome.result is Result.COULD_NOT_RUN or "resolved" in outcome.summary


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "gopher://x", "/etc/passwd", "", "http://"])
def test_what_is_no_web_address_is_not_asked(url: str) -> None:
    assert http.run({"url": url}, context(3)).result is Result.COULD_NOT_RUN


def test_headers_cannot_smuggle_a_second_request(get: Callable[..., Outcome], server: _Server) -> None:
    outcome = get("/health", headers={"X-A": "b\r\n\r\nDELETE /all HTTP/1.1"})
    assert outcome.result is Result.COULD_NOT_RUN
    assert all(method != "DELETE" for method, _, _ in server.asked)


def test_a_proxy_of_our_own_environment_is_not_used(
    get: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert get("/health").result is Result.SUCCEEDED


def test_our_own_tokens_are_not_handed_to_a_request(
    get: Callable[..., Outcome], server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb" + "-1-abc")
    outcome = get("/echo", headers={"Authorization": "${SLACK_BOT_TOKEN}"})
    assert outcome.result is Result.COULD_NOT_RUN
    assert server.asked == []


def test_a_variable_that_is_not_set_is_named(get: Callable[..., Outcome]) -> None:
    assert "NOT_SET_ANYWHERE" in get("/echo", headers={"Authorization": "${NOT_SET_ANYWHERE}"}).summary


def test_a_secret_that_the_server_repeats_is_not_shown(
    get: Callable[..., Outcome], server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "s3cr3t-" + "of-the-team"
    monkeypatch.setenv("TEAM_TOKEN", secret)
    outcome = get("/echo", headers={"Authorization": "Bearer ${TEAM_TOKEN}"}, expect="Bearer nothing")
    assert server.asked[0][2]["Authorization"] == f"Bearer {secret}"
    assert secret not in repr(outcome)


def test_a_secret_in_the_address_is_not_shown_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIDDEN_BASE", f"http://ops:pa55-word@127.0.0.1:{free_port()}")
    outcome = http.run({"url": "${HIDDEN_BASE}/health"}, context(3))
    assert outcome.result is Result.FAILED
    assert "pa55-word" not in repr(outcome)
    assert "${HIDDEN_BASE}/health" in outcome.summary


# ---- what is found


def test_a_healthy_answer_is_told_with_its_time(get: Callable[..., Outcome], server: _Server) -> None:
    outcome = get("/health")
    assert (outcome.result, outcome.exit_code) == (Result.SUCCEEDED, 0)
    assert outcome.output == '{"status": "ok"}'
    assert Said(outcome).ok("/health answered 200 OK in")
    assert Said(outcome).ok('it says status: "ok"')


def test_a_status_of_500_is_a_failure_even_if_curl_would_end_with_0(get: Callable[..., Outcome]) -> None:
    outcome = get("/broken")
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 0)
    assert Said(outcome).bad("answered 503 Service Unavailable")
    assert Said(outcome).warn("no database")
    assert get("/broken", fail=True).exit_code == 22


def test_a_page_that_is_not_there_is_a_failure(get: Callable[..., Outcome]) -> None:
    assert Said(get("/nowhere")).bad("answered 404 Not Found")


@pytest.mark.parametrize(
    ("health", "said"),
    [
        ({"status": "unhealthy"}, 'it says status: "unhealthy"'),
        ({"ok": False}, "it says ok: false"),
        ({"status": "ok", "checks": {"db": {"status": "down"}}}, 'it says status: "down"'),
        ({"status": "ok", "database": "disconnected"}, 'database is "disconnected"'),
        ({"services": [{"name": "redis", "healthy": False}]}, "it says healthy: false"),
        ({"checks": {"redis": False}}, "redis is false"),
    ],
)
def test_a_200_that_says_it_is_ill_is_a_failure(
    health: object, said: str, get: Callable[..., Outcome], server: _Server
) -> None:
    server.health = health
    outcome = get("/health")
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad(said)


def test_a_finding_of_a_part_speaks_of_that_part(get: Callable[..., Outcome], server: _Server) -> None:
    server.health = {"status": "ok", "checks": {"db": {"status": "down"}}}
    assert "db" in {found.subject for found in get("/health").findings}


@pytest.mark.parametrize("health", [{"state": "degraded"}, {"error": "queue is long"}])
def test_what_is_only_half_well_is_a_warning(health: object, get: Callable[..., Outcome], server: _Server) -> None:
    server.health = health
    outcome = get("/health")
    assert outcome.result is Result.SUCCEEDED
    assert Said(outcome).warn("it says")


@pytest.mark.parametrize(
    ("expect", "met"),
    [
        ('{"status": "ok"}', True),
        ('{"status": "ok", "service": "gateway"}', False),
        ('{"status": "fine"}', False),
        ("200 OK", True),
        ("HTTP/1.1 200", True),
        ("201", False),
        ('"status": "OK"', True),
        ("something else", False),
    ],
)
def test_what_the_document_expects_is_compared(expect: str, met: bool, get: Callable[..., Outcome]) -> None:
    outcome = get("/health", expect=expect)
    assert outcome.result is (Result.SUCCEEDED if met else Result.FAILED)
    assert Said(outcome).ok("as expected") if met else Said(outcome).bad("not as expected")


def test_a_slow_answer_is_a_warning(get: Callable[..., Outcome]) -> None:
    outcome = get("/slow")
    assert outcome.result is Result.SUCCEEDED
    assert Said(outcome).warn("is slow: 1.1 s")


def test_head_shows_the_headers_but_no_cookie(get: Callable[..., Outcome]) -> None:
    output = get("/health", method="HEAD", show="head").output
    assert output.startswith("HTTP/1.0 200 OK\n")
    assert "set-cookie: [hidden]" in output.lower()


def test_only_the_status_when_that_is_asked(get: Callable[..., Outcome]) -> None:
    assert get("/broken", show="status").output == "503"


def test_a_port_where_nobody_listens_says_so() -> None:
    port = free_port()
    outcome = http.run({"url": f"http://127.0.0.1:{port}/"}, context())
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 7)
    assert Said(outcome).bad(f"connection refused on port {port}: nothing listens there")


def test_a_name_that_leads_nowhere_says_so() -> None:
    outcome = http.run({"url": "http://no-such-host.invalid/"}, context())
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 6)
    assert Said(outcome).bad("the name no-such-host.invalid cannot be resolved")


def test_binary_is_shown_as_escapes(get: Callable[..., Outcome]) -> None:
    assert r"\x00\x01" in get("/binary").output
    assert r"\xfe\xff" in get("/binary").output


def test_a_packed_answer_is_unpacked(get: Callable[..., Outcome]) -> None:
    assert get("/packed").output == '{"status": "ok"}'


def test_several_addresses_are_asked_side_by_side(get: Callable[..., Outcome], server: _Server) -> None:
    urls = [server.url + path for path in ("/health", "/hang", "/broken", "/slow", "/hang")]
    began = time.monotonic()
    outcome = http.run({"urls": urls, "max_time": 2}, context(20))
    assert time.monotonic() - began < 4
    assert outcome.result is Result.FAILED
    assert outcome.summary.startswith("2 of 5 answered well")
    assert Said(outcome).bad("/hang did not answer within 2 s")
    assert '{"status": "ok"}' in outcome.output


# ---- redirects


def test_a_redirect_is_reported_and_not_followed(get: Callable[..., Outcome], server: _Server) -> None:
    outcome = get("/onward")
    assert Said(outcome).warn("a redirect to /health, not followed")
    assert len(server.asked) == 1


def test_a_redirect_on_the_same_host_is_followed_when_asked(get: Callable[..., Outcome]) -> None:
    assert get("/onward", follow=True).output == '{"status": "ok"}'


@pytest.mark.parametrize("path", ["/away", "/elsewhere"])
def test_a_redirect_to_another_host_is_never_followed(path: str, get: Callable[..., Outcome], server: _Server) -> None:
    assert Said(get(path, follow=True)).warn("not followed")
    assert len(server.asked) == 1


def test_a_redirect_loop_ends(get: Callable[..., Outcome], server: _Server) -> None:
    outcome = get("/loop", follow=True)
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 47)
    assert Said(outcome).bad("more than 5 redirects")
    assert len(server.asked) == 6


# ---- servers that do not want to end


@pytest.mark.parametrize("path", ["/hang", "/drip", "/header_drip"])
def test_an_answer_that_does_not_come_is_given_up_in_time(path: str, get: Callable[..., Outcome]) -> None:
    began = time.monotonic()
    outcome = get(path, timeout=1)
    assert outcome.result is Result.TIMED_OUT
    assert Said(outcome).bad("did not answer within 1 s")
    assert time.monotonic() - began < 1.2


def test_the_limit_of_the_document_counts_when_it_is_shorter(get: Callable[..., Outcome]) -> None:
    began = time.monotonic()
    assert get("/hang", max_time=0.5).result is Result.TIMED_OUT
    assert time.monotonic() - began < 0.8


def test_a_host_that_accepts_and_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = http.run({"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"}, context(1))
    assert outcome.result is Result.TIMED_OUT


@pytest.mark.parametrize("path", ["/endless", "/huge", "/bomb"])
def test_of_an_answer_without_end_one_mebibyte_is_read(path: str, get: Callable[..., Outcome]) -> None:
    outcome = get(path, cap=2000)
    assert outcome.result is Result.SUCCEEDED
    assert outcome.truncated
    assert len(outcome.output) < 2200


@pytest.mark.parametrize("path", ["/nonsense", "/cut", "/silent"])
def test_an_answer_that_is_no_proper_http_is_a_failure(path: str, get: Callable[..., Outcome]) -> None:
    outcome = get(path)
    assert outcome.result is Result.FAILED
    assert outcome.findings


def test_json_nested_without_end_is_no_health_answer(get: Callable[..., Outcome]) -> None:
    assert get("/deep").result is Result.SUCCEEDED


# ---- TLS


@pytest.fixture
def tls_server(tmp_path: Path, server: _Server) -> str:
    """The same pages over TLS, with a certificate that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed (apt-get install openssl)")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"]
    subprocess.run([openssl, *made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    wrapped = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wrapped.load_cert_chain(cert, key)
    server.socket = wrapped.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


def test_a_certificate_that_is_not_trusted_is_told(tls_server: str) -> None:
    outcome = http.run({"url": f"{tls_server}/health"}, context())
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 60)
    assert Said(outcome).bad("TLS: the certificate is not valid (self-signed certificate")


def test_a_certificate_is_not_looked_at_when_the_document_says_so(tls_server: str) -> None:
    assert http.run({"url": f"{tls_server}/health", "insecure": True}, context()).result is Result.SUCCEEDED


def test_plain_http_where_tls_is_expected_is_told(server: _Server) -> None:
    outcome = http.run({"url": server.url.replace("http:", "https:") + "/health"}, context())
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 35)
    assert Said(outcome).bad("TLS: no secure connection")
