"""Reading a certificate: whose it is and how long it lasts.

Python's own reader gives nothing for a certificate that it does not trust, and an expired one is the very thing that
is looked for. So the few fields that matter are read from the DER form here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_SEQUENCE, _SET, _OID, _BITS, _OCTETS, _VERSION, _EXTENSIONS = 0x30, 0x31, 0x06, 0x03, 0x04, 0xA0, 0xA3
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_COMMON_NAME, _ORGANISATION, _ALT_NAMES = "2.5.4.3", "2.5.4.10", "2.5.29.17"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What stands in a certificate. `names` are the hosts it is for."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    @property
    def self_signed(self) -> bool:
        return self.subject == self.issuer

    def days_left(self, now: datetime) -> int:
        """Whole days; negative when it has expired."""
        return (self.not_after - now).days

    def is_for(self, host: str) -> bool:
        """Whether one of its names is this host. A `*` stands for one label at the beginning."""
        wanted = host.lower().rstrip(".")
        return any(_is_same(name.lower(), wanted) for name in self.names)


def certificate_of(der: bytes) -> Certificate:
    """Read a DER certificate. ValueError when it is none."""
    try:
        body = _children(_one(_children(_one(_parts(der), _SEQUENCE)), _SEQUENCE))
        fields = [(tag, value) for tag, value in body if tag != _VERSION]
        issuer, validity, subject = (value for tag, value in fields[2:5] if tag == _SEQUENCE)
        begins, ends = (_time(tag, value) for tag, value in _parts(validity))
        extensions = next((value for tag, value in fields[5:] if tag == _EXTENSIONS), b"")
        names = tuple(_alt_names(extensions))
        common = _name_of(subject)
        return Certificate(common, _name_of(issuer), names or ((common,) if common else ()), begins, ends)
    except (IndexError, StopIteration, UnicodeDecodeError, OverflowError) as wrong:
        raise ValueError("this is no certificate") from wrong


def _parts(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value, one after the other."""
    at = 0
    while at < len(raw):
        tag, length = raw[at], raw[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            if not 0 < size <= 4:
                raise ValueError("this is no certificate")
            length = int.from_bytes(raw[at : at + size], "big")
            at += size
        if at + length > len(raw):
            raise ValueError("this certificate is cut off")
        yield tag, raw[at : at + length]
        at += length


def _children(raw: bytes) -> list[tuple[int, bytes]]:
    return list(_parts(raw))


def _one(parts: Iterator[tuple[int, bytes]] | list[tuple[int, bytes]], wanted: int) -> bytes:
    tag, value = next(iter(parts))
    if tag != wanted:
        raise ValueError("this is no certificate")
    return value


def _time(tag: int, value: bytes) -> datetime:
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("this certificate has no dates")
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _oid(raw: bytes) -> str:
    numbers, value = [raw[0] // 40, raw[0] % 40], 0
    for byte in raw[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, numbers))


def _name_of(raw: bytes) -> str:
    """The common name, else the organisation."""
    found: dict[str, str] = {}
    for _, group in _parts(raw):
        for _, pair in _parts(group):
            (_, oid), (_, value) = _children(pair)[:2]
            found[_oid(oid)] = value.decode("utf-8", "replace")
    return found.get(_COMMON_NAME) or found.get(_ORGANISATION) or ""


def _alt_names(raw: bytes) -> Iterator[str]:
    for _, extensions in _parts(raw):
        for _, extension in _parts(extensions):
            inner = _children(extension)
            if _oid(inner[0][1]) == _ALT_NAMES:
                for _, names in _parts(inner[-1][1]):
                    yield from _host_names(names)


def _host_names(raw: bytes) -> Iterator[str]:
    for tag, value in _parts(raw):
        if tag == 0x82:
            yield value.decode("ascii", "replace")
        elif tag == 0x87 and len(value) in (4, 16):
            yield str(ipaddress.ip_address(value))


def _is_same(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:] and bool(host.partition(".")[0])
    return name == host
