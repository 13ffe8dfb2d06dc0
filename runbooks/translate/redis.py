"""`redis-cli VERB ...` as one command on the server that the inventory names. Its password comes from there too.

A bare command of the redis prompt, as it stands in a fence after `redis-cli`, goes to the system's only server.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from runbooks.document import Call
from runbooks.translate._options import known, read

VERBS = ("redis-cli", "valkey-cli")

_CLI = known(
    switches="",
    valued="-h -p -n -u",
    ignored="--raw --no-raw --no-auth-warning --tls --insecure --csv -2 -3 -e",
    ignored_valued="-a --pass --user --cacert --cert --key -t",
    joined=False,
    stop=True,
)
_PROMPT = re.compile(
    r"(?:PING|INFO|DBSIZE|KEYS|SCAN|GET|MGET|TTL|PTTL|TYPE|LLEN|LRANGE|SCARD|SMEMBERS|HGETALL|HLEN|ZCARD|ZRANGE|STRLEN"
    r"|EXISTS|CLIENT|CONFIG|SLOWLOG|MEMORY|LATENCY|LASTSAVE|ROLE|TIME|ACL|CLUSTER|FLUSHALL|FLUSHDB|DEL|UNLINK|SAVE|BGSAVE"
    r"|BGREWRITEAOF|MONITOR|XLEN|XINFO)(?:\s[^\n]*)?"
)


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The command that `argv` sends, or nothing: without one it is a prompt."""
    options = read(argv[1:], _CLI)
    if options is None or not options.operands:
        return ()
    host, port, db = options.last("-h"), options.last("-p"), options.last("-n")
    if (address := options.last("-u")) is not None:
        try:
            parts = urlsplit(address)
            host, port, db = parts.hostname, str(parts.port) if parts.port else None, parts.path.strip("/") or db
        except ValueError:
            return ()
    return _call(list(options.operands), host, port, db)


def bare(text: str) -> tuple[Call, ...]:
    """The call for a command of the redis prompt, or nothing. Only capitals: `type` and `time` are shell words too."""
    line = text.strip()
    if "\n" in line or not _PROMPT.fullmatch(line) or any(char in line for char in "|;&$`<>()#"):
        return ()
    try:
        return _call(shlex.split(line), None, None, None)
    except ValueError:
        return ()


def _call(command: list[str], host: str | None, port: str | None, db: str | None) -> tuple[Call, ...]:
    if db is not None and not db.isdecimal():
        return ()
    place = {"service": None, "host": host, "port": port, "db": int(db) if db is not None and len(db) < 6 else None}
    return (Call("redis", {**place, "command": command}),)
