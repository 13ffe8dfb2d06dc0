"""A certificate: the one that a server shows, or one in a file.

args: {host, port, path|None, roots[]}. With `path` the certificate file is read (PEM or DER, the first one counts),
else `host`:`port` is connected to. Told are names, issuer, days left, and whether this worker trusts the chain; an
expired or untrusted certificate is read all the same.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from workers.caps import one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, could_not_run, failed, seconds_of
from workers.steps._net import ForbiddenAddress, NoAddress, addresses_of, system_trust
from workers.steps._paths import NotAllowed, opened
from workers.steps._x509 import Certificate, certificate_of

SOON, NOW = 30, 7
"""Days left from which on a certificate is a warning, and a trouble."""
CONNECT = 5.0
LARGEST_FILE = 1024 * 1024
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class _NotWell(Exception):
    """No certificate was got; the text says why."""


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Get the certificate and compare it with today."""
    if args.get("path"):
        path = str(args["path"])
        return bounded(context, lambda watch: _of_file(args, path), subject=path)
    host = str(args.get("host") or "")
    port = str(args.get("port") or 443)
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        return could_not_run("a host and a port from 1 to 65535 are needed", host)
    subject = f"{host}:{port}"
    return bounded(context, lambda watch: _of_server(host, int(port), watch), subject=subject, name=host)


def _of_file(args: Mapping[str, Any], path: str) -> Outcome:
    try:
        with os.fdopen(opened(path, args.get("roots")), "rb") as file:
            raw = file.read(LARGEST_FILE)
    except FileNotFoundError:
        return failed(f"{path} is not there", path, exit_code=1)
    except NotAllowed as outside:
        return could_not_run(str(outside), path)
    except OSError as failure:
        return could_not_run(f"{path} cannot be read: {failure.strerror}", path)
    try:
        pem = _PEM.search(raw.decode("latin-1"))
        certificate = certificate_of(ssl.PEM_cert_to_DER_cert(pem[0]) if pem else raw)
    except ValueError:
        return failed(f"{path} holds no certificate", path, exit_code=1)
    return _outcome(certificate, path, None, None)


def _of_server(host: str, port: int, watch: Watch) -> Outcome:
    where = f"{host}:{port}"
    try:
        address = addresses_of(host, port)[0]
        der = _shown_by(host, address, port, watch)
        distrust = _distrust(host, address, port, watch)
        certificate = certificate_of(der)
    except NoAddress as unknown:
        return failed(str(unknown), host, exit_code=1)
    except ForbiddenAddress as forbidden:
        return could_not_run(str(forbidden), host)
    except _NotWell as trouble:
        return failed(f"{where} {trouble}", host, exit_code=1)
    except ValueError:
        return failed(f"{where} shows something that is no certificate", host, exit_code=1)
    return _outcome(certificate, where, host, distrust)


def _shown_by(host: str, address: str, port: int, watch: Watch) -> bytes:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    try:
        with closing(_connected(trusting, host, address, port, watch)) as line:
            der = line.getpeercert(binary_form=True)
    except ssl.SSLError as failure:
        raise _NotWell(f"makes no TLS connection ({one_line(failure.reason or str(failure))})") from None
    if der is None:
        raise _NotWell("shows no certificate")
    return der


def _distrust(host: str, address: str, port: int, watch: Watch) -> str | None:
    """Why this worker would not trust the server; None when it does."""
    try:
        _connected(system_trust(), host, address, port, watch).close()
    except ssl.SSLCertVerificationError as failure:
        return failure.verify_message
    except (ssl.SSLError, _NotWell):
        return "the connection broke when it was asked again"
    return None


def _connected(context: ssl.SSLContext, host: str, address: str, port: int, watch: Watch) -> ssl.SSLSocket:
    try:
        plain = socket.create_connection((address, port), timeout=min(CONNECT, watch.left()))
    except TimeoutError:
        raise OutOfTime from None
    except ConnectionRefusedError:
        raise _NotWell("refuses connections: nothing listens there") from None
    except OSError as failure:
        raise _NotWell(f"cannot be reached ({failure.strerror})") from None
    watch.on_giving_up(lambda: plain.shutdown(socket.SHUT_RDWR))
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except TimeoutError:
        plain.close()
        raise OutOfTime from None
    except ssl.SSLError:
        plain.close()
        raise
    except OSError as failure:
        plain.close()
        raise _NotWell(f"broke the connection off ({failure.strerror or 'no answer'})") from None


def _outcome(certificate: Certificate, where: str, host: str | None, distrust: str | None) -> Outcome:
    now = datetime.now(UTC)
    subject = host or where
    findings = [_of_dates(certificate, where, subject, now), *_of_trust(certificate, where, host, distrust)]
    bad = any(found.level is Level.BAD for found in findings)
    result = Result.FAILED if bad else Result.SUCCEEDED
    return Outcome(result, findings[0].text, "\n".join(_lines(certificate, distrust, now)), 0, tuple(findings))


def _of_dates(certificate: Certificate, where: str, subject: str, now: datetime) -> Finding:
    days = certificate.days_left(now)
    if certificate.not_after < now:
        text = f"the certificate of {where} expired {seconds_of((now - certificate.not_after).total_seconds())} ago"
        return Finding(Level.BAD, f"{text} ({certificate.not_after:%Y-%m-%d})", subject)
    if certificate.not_before > now:
        text = f"the certificate of {where} is not valid before {certificate.not_before:%Y-%m-%d}"
        return Finding(Level.BAD, text, subject)
    level = Level.BAD if days <= NOW else Level.WARN if days <= SOON else Level.OK
    left = f"{days} day{'s' * (days != 1)} left"
    return Finding(level, f"the certificate of {where} has {left} ({certificate.not_after:%Y-%m-%d})", subject)


def _of_trust(certificate: Certificate, where: str, host: str | None, distrust: str | None) -> Iterator[Finding]:
    if host and not certificate.is_for(host):
        names = ", ".join(certificate.names[:5]) or "nobody"
        yield Finding(Level.BAD, f"the certificate of {where} is for {one_line(names, 120)}, not for {host}", host)
    if (
        distrust
        and "expired" not in distrust
        and "Hostname mismatch" not in distrust
        and "IP address mis" not in distrust
    ):
        yield Finding(Level.WARN, f"the chain of {where} is not trusted here: {one_line(distrust, 120)}", host or where)


def _lines(certificate: Certificate, distrust: str | None, now: datetime) -> Iterator[str]:
    yield f"subject: {one_line(certificate.subject)}"
    yield f"issuer: {one_line(certificate.issuer)}{' (self-signed)' if certificate.self_signed else ''}"
    yield f"names: {one_line(', '.join(certificate.names), 500)}"
    yield f"notBefore: {certificate.not_before:%Y-%m-%d %H:%M:%S} UTC"
    yield f"notAfter: {certificate.not_after:%Y-%m-%d %H:%M:%S} UTC ({certificate.days_left(now)} days left)"
    yield f"trusted: {'no, ' + one_line(distrust, 200) if distrust else 'yes'}" if distrust is not None else ""
