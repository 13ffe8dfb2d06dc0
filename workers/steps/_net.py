"""Names and addresses: resolved once, checked, and the checked address is what is connected to."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from functools import cache

import certifi

_NETS = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
FORBIDDEN = tuple(ipaddress.ip_network(net) for net in _NETS)
"""Link-local networks, and the metadata services that clouds put elsewhere."""


class NoAddress(Exception):
    """The name leads nowhere; the text says so."""


class ForbiddenAddress(Exception):
    """The name leads where no step may go; the text says where."""


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses of a host. All must be allowed, so that a name cannot hide one behind another."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as failure:
        why = failure.strerror if isinstance(failure, OSError) else "this is no host name"
        raise NoAddress(f"the name {host} cannot be resolved ({why})") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if is_forbidden(address):
            raise ForbiddenAddress(f"refused: {host} is {address}, a link-local address (cloud metadata lives there)")
    return addresses


def is_forbidden(address: str) -> bool:
    """Whether it is link-local, in whatever spelling of version 6 it may hide."""
    ip = ipaddress.ip_address(address.split("%")[0])
    inner = _inner(ip) if isinstance(ip, ipaddress.IPv6Address) else None
    return any(one in net for one in (ip, inner) if one is not None for net in FORBIDDEN if net.version == one.version)


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The version 4 address inside a mapped, compatible, 6to4 or NAT64 one."""
    if ip.packed[:12] in (bytes(12), b"\x00\x64\xff\x9b" + bytes(8)):
        return ipaddress.IPv4Address(ip.packed[12:])
    return ip.ipv4_mapped or ip.sixtofour


@cache
def system_trust() -> ssl.SSLContext:
    """The host's own certificate store, so that a company's authority counts, and certifi's for images without one."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
