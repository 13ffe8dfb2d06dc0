"""Is a port open, and does a name resolve: `nc -z`, `dig`, `nslookup`, `host`, `getent hosts`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runbooks.document import Call
from runbooks.translate._options import known, read

VERBS = ("nc", "ncat", "netcat", "dig", "nslookup", "host", "getent")

_NC = known(switches="-z", ignored="-v -n -4", ignored_valued="-w -W")
_DIG = known(ignored="+short +noall +answer +nocomments +noquestion", joined=False)
_NAME = re.compile(r"[A-Za-z0-9_<\[{$][\w.<>{}\[\]$-]{0,252}")


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The question that `argv` asks of the network, or nothing."""
    if argv[0] in ("nc", "ncat", "netcat"):
        return _knock(argv[1:])
    words = [word for word in argv[1:] if word not in _DIG.ignored]
    if argv[0] == "getent":
        words = words[1:] if words[:1] in (["hosts"], ["ahosts"]) else []
    if words[1:] and words[-1].upper() in ("A", "AAAA"):
        words = words[:-1]
    if len(words) != 1 or not _NAME.fullmatch(words[0]) or re.fullmatch(r"[\d.]+", words[0]):
        return ()  # another server, another type of record, or an address to be turned into a name
    return (Call("dns", {"name": words[0]}),)


def _knock(words: Sequence[str]) -> tuple[Call, ...]:
    options = read(words, _NC)
    if options is None or not options.has("-z") or len(options.operands) != 2:
        return ()
    host, port = options.operands
    if port.isdecimal() and 0 < int(port[:6]) < 65536:
        return (Call("tcp", {"host": host, "port": int(port)}),)
    return (Call("tcp", {"host": host, "port": port}),) if re.fullmatch(r"[<\[{$].{1,60}|\d+X+", port) else ()
