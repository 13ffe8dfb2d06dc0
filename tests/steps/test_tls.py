"""Certificates of servers and in files: how long they last, whose they are, whether anybody trusts them."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import free_port
from tests.steps.conftest import Said, context
from workers.steps import Result, tls
from workers.steps._x509 import certificate_of

Made = Callable[..., tuple[Path, Path]]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Make a self-signed certificate: days it lasts (negative: ended long ago) and the names it is for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed (apt-get install openssl)")

    def make(
        days: int = 90, names: str = "DNS:localhost,IP:127.0.0.1", subject: str = "/CN=localhost"
    ) -> tuple[Path, Path]:
        key, request, cert = (tmp_path / f"{days}.{end}" for end in ("key", "csr", "pem"))
        subprocess.run(
            [openssl, "ecparam", "-genkey", "-name", "prime256v1", "-out", key], check=True, capture_output=True
        )
        asked = [openssl, "req", "-new", "-key", key, "-subj", subject, "-out", request]
        subprocess.run(asked, check=True, capture_output=True)
        extensions = tmp_path / "extensions"
        extensions.write_text(f"subjectAltName={names}\n")
        signed = [openssl, "x509", "-req", "-in", request, "-signkey", key, "-extfile", extensions, "-days", str(days)]
        subprocess.run([*signed, "-out", cert], check=True, capture_output=True)
        return cert, key

    return make


@pytest.fixture
def serve() -> Iterator[Callable[[Path, Path], int]]:
    """Show a certificate on a port."""
    stop, threads = threading.Event(), list[threading.Thread]()

    def start(cert: Path, key: Path) -> int:
        settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings.load_cert_chain(cert, key)
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(0.05)
        threads.append(threading.Thread(target=_accept, args=(server, settings, stop)))
        threads[-1].start()
        return int(server.getsockname()[1])

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def _accept(server: socket.socket, settings: ssl.SSLContext, stop: threading.Event) -> None:
    with server:
        while not stop.is_set():
            with suppress(OSError):
                line, _ = server.accept()
                line.settimeout(2)
                with suppress(OSError), closing(settings.wrap_socket(line, server_side=True)) as secured:
                    secured.recv(1)
                line.close()


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [(90, "ok", "has 89 days left"), (20, "warn", "has 19 days left"), (6, "bad", "has 5 days left")],
)
def test_the_days_left_are_told(
    days: int, level: str, said: str, made: Made, serve: Callable[[Path, Path], int]
) -> None:
    port = serve(*made(days))
    outcome = tls.run({"host": "localhost", "port": port}, context())
    assert getattr(Said(outcome), level)(said)
    assert outcome.result is (Result.FAILED if level == "bad" else Result.SUCCEEDED)


def test_an_expired_certificate_is_read_all_the_same(made: Made, serve: Callable[[Path, Path], int]) -> None:
    port = serve(*made(0))
    time.sleep(1.1)  # OpenSSL makes none that ended before now
    outcome = tls.run({"host": "localhost", "port": port}, context())
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("expired")
    assert "notAfter" in outcome.output


def test_how_long_ago_a_certificate_expired_is_told(made: Made) -> None:
    certificate = certificate_of(ssl.PEM_cert_to_DER_cert(made(10)[0].read_text()))
    now = datetime.now(UTC)
    assert "expired 5 days ago" in tls._of_dates(certificate, "x", "x", now + timedelta(days=15, minutes=1)).text
    assert "is not valid before" in tls._of_dates(certificate, "x", "x", now - timedelta(days=15)).text


def test_a_chain_that_nobody_trusts_is_a_warning(made: Made, serve: Callable[[Path, Path], int]) -> None:
    outcome = tls.run({"host": "localhost", "port": serve(*made())}, context())
    assert Said(outcome).warn("is not trusted here: self-signed certificate")


def test_a_certificate_for_another_host_is_told(made: Made, serve: Callable[[Path, Path], int]) -> None:
    port = serve(*made(names="DNS:other.example,DNS:*.more.example", subject="/CN=other"))
    assert Said(tls.run({"host": "localhost", "port": port}, context())).bad(
        "is for other.example, *.more.example, not for"
    )


def test_a_certificate_file_is_read(made: Made, tmp_path: Path) -> None:
    cert, _ = made(12)
    args = {"path": str(cert), "roots": [str(tmp_path)]}
    assert Said(tls.run(args, context())).warn("has 11 days left")
    der = tmp_path / "cert.der"
    der.write_bytes(ssl.PEM_cert_to_DER_cert(cert.read_text()))
    assert Said(tls.run({**args, "path": str(der)}, context())).warn("has 11 days left")


def test_a_certificate_file_outside_the_roots_is_not_read(made: Made, tmp_path: Path) -> None:
    cert, _ = made()
    assert tls.run({"path": str(cert), "roots": [str(tmp_path / "other")]}, context()).result is Result.COULD_NOT_RUN


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x30\x82\xff\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_a_certificate_says_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pem"
    path.write_bytes(content)
    assert Said(tls.run({"path": str(path), "roots": [str(tmp_path)]}, context())).bad("holds no certificate")
    assert Said(tls.run({"path": f"{path}-gone", "roots": [str(tmp_path)]}, context())).bad("is not there")


def test_the_key_beside_it_is_not_shown(made: Made, tmp_path: Path) -> None:
    _, key = made()
    outcome = tls.run({"path": str(key), "roots": [str(tmp_path)]}, context())
    assert "PRIVATE" not in repr(outcome)


def test_a_port_where_nobody_listens_says_so() -> None:
    outcome = tls.run({"host": "localhost", "port": free_port()}, context())
    assert Said(outcome).bad("refuses connections")


def test_a_server_without_tls_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_speak_plainly, args=(server,), daemon=True).start()
        outcome = tls.run({"host": "127.0.0.1", "port": server.getsockname()[1]}, context())
    assert outcome.result is Result.FAILED


def _speak_plainly(server: socket.socket) -> None:
    with suppress(OSError):
        line, _ = server.accept()
        with line:
            line.recv(4096)
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_server_that_accepts_and_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        outcome = tls.run({"host": "127.0.0.1", "port": silent.getsockname()[1]}, context(1))
    assert outcome.result is Result.TIMED_OUT
    assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("args", [{}, {"host": ""}, {"host": "x", "port": "many"}, {"host": "x", "port": 70000}])
def test_a_target_that_is_none_could_not_run(args: dict[str, object]) -> None:
    assert tls.run(args, context()).result is Result.COULD_NOT_RUN


def test_the_metadata_address_is_refused() -> None:
    assert tls.run({"host": "169.254.169.254", "port": 443}, context(2)).result is Result.COULD_NOT_RUN


@given(st.binary(max_size=200))
def test_whatever_is_no_certificate_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        certificate_of(raw)


def test_a_damaged_certificate_never_breaks_the_reader(made: Made) -> None:
    der = ssl.PEM_cert_to_DER_cert(made()[0].read_text())
    for at in range(len(der)):
        broken = bytearray(der)
        broken[at] ^= 0xFF
        with suppress(ValueError):
            certificate_of(bytes(broken)).days_left(datetime.now(UTC))
        with suppress(ValueError):
            certificate_of(der[:at] + os.urandom(2))
