"""One Redis command.

args: {service|None, host|None, port|None, db, command[], url}. `url` may hold `${NAME}` references. What only looks is
done at once, in a bounded form where the plain one could block the server or flood us: KEYS becomes a SCAN that ends,
whole collections become their first items. Everything else needs an approval; commands that never end are refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis as client_library
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.caps import Capped, legible, one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, bytes_of, could_not_run, failed, refused, words

CONNECT = 5.0
MOST_ITEMS = 200
MOST_VISITED = 100_000
LARGEST_VALUE = 65536

_LOOKS = words(
    """ping echo time info dbsize lastsave role exists type ttl pttl expiretime pexpiretime strlen llen scard zcard
    hlen xlen get getrange mget hget hmget hexists hkeys hvals hgetall hstrlen lindex lrange lpos smembers sismember
    smismember srandmember zrange zrevrange zrangebyscore zrevrangebyscore zscore zrank zrevrank zcount zlexcount
    keys scan sscan hscan zscan randomkey bitcount getbit bitpos pfcount xrange xrevrange geodist geopos geohash
    dump"""
)
"""Commands that read, whatever their arguments."""

_LOOKS_WITH = {
    "client": "list info id getname",
    "config": "get",
    "memory": "usage stats doctor malloc-stats",
    "slowlog": "get len",
    "latency": "latest history doctor graph",
    "object": "encoding freq idletime refcount",
    "cluster": "info nodes slots shards myid keyslot countkeysinslot links",
    "pubsub": "channels numsub numpat shardchannels shardnumsub",
    "acl": "whoami cat list users",
    "xinfo": "stream groups consumers",
    "command": "count docs info list getkeys",
    "module": "list",
    "function": "list stats",
    "script": "exists",
}
_ENDLESS = words("monitor subscribe psubscribe ssubscribe sync psync")
_SECRET_SETTINGS = ("requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass")


class _No(Exception):
    """The server said no; the text is its own."""


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Connect, ask, and read what the server says of itself."""
    command = [str(word) for word in args.get("command") or ()]
    name = str(args.get("service") or args.get("host") or "redis")
    if not command:
        return could_not_run("there is no Redis command to run", name)
    if command[0].lower() in _ENDLESS:
        return could_not_run(f"{command[0].upper()} never ends, so it is not run", name)
    if not only_looks(command) and not context.allow_writes:
        return refused(f"Redis command {' '.join(command[:2])}", name)
    if not args.get("url"):
        return could_not_run("the inventory names no Redis URL for this", name)
    return bounded(context, lambda watch: _work(args, command, name, watch), subject=f"Redis {name}", name=name)


def only_looks(command: Sequence[str]) -> bool:
    """Whether a command is known to change nothing."""
    verb = command[0].lower()
    if verb in _LOOKS_WITH:
        return len(command) > 1 and command[1].lower() in _LOOKS_WITH[verb].split()
    return verb in _LOOKS


def _work(args: Mapping[str, Any], command: Sequence[str], name: str, watch: Watch) -> Outcome:
    try:
        connection = _connection(watch.secret(str(args["url"])), args.get("db"), watch)
    except ValueError as wrong:
        return could_not_run(f"the Redis URL of the inventory cannot be used: {one_line(str(wrong))}", name)
    watch.on_giving_up(connection.disconnect)
    try:
        began = time.monotonic()
        output, note = _answer(connection, command, watch)
        findings = _findings(connection, command, output, name, time.monotonic() - began)
    except client_library.TimeoutError:
        raise OutOfTime from None
    except (client_library.RedisError, OSError) as failure:
        return _not_well(failure, name, command)
    finally:
        connection.disconnect()
    return _outcome(command, name, output, note, findings)


def _connection(url: str, db: object, watch: Watch) -> Any:
    # A single connection without the client's retries: with them a silent server is asked again past our deadline.
    pool = client_library.ConnectionPool.from_url(
        url,
        socket_timeout=watch.left(),
        socket_connect_timeout=min(CONNECT, watch.left()),
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    settings = dict(pool.connection_kwargs)
    if db not in (None, ""):
        settings["db"] = int(str(db))
    return pool.connection_class(**settings)


def _ask(connection: Any, *command: str | int) -> Any:
    connection.send_command(*command)
    return connection.read_response()


def _answer(connection: Any, command: Sequence[str], watch: Watch) -> tuple[str, str]:
    """The reply as redis-cli would print it, and a note when it was asked in a smaller way."""
    connection.connect()
    verb = command[0].lower()
    if watch.context.allow_writes and not only_looks(command):
        return rendered(_ask(connection, *command)), ""
    smaller = _SMALLER.get(verb)
    if smaller is not None:
        return smaller(connection, command, watch)
    return rendered(_hidden(command, _ask(connection, *command))), ""


def _keys(connection: Any, command: Sequence[str], watch: Watch) -> tuple[str, str]:
    pattern = command[1] if len(command) > 1 else "*"
    found, note = _scanned(connection, ("scan",), pattern, watch)
    return rendered(found), note or "asked with SCAN instead of KEYS, which blocks the server"


def _scan(connection: Any, command: Sequence[str], watch: Watch) -> tuple[str, str]:
    words = [word.lower() for word in command]
    pattern = command[words.index("match") + 1] if "match" in words[:-1] else "*"
    found, note = _scanned(connection, ("scan",), pattern, watch)
    return rendered(found), note


def _members(connection: Any, command: Sequence[str], watch: Watch) -> tuple[str, str]:
    verb = {"smembers": "sscan", "hgetall": "hscan", "hkeys": "hscan", "hvals": "hscan"}[command[0].lower()]
    found, note = _scanned(connection, (verb, command[1]), "*", watch)
    if command[0].lower() in ("hkeys", "hvals"):
        found = found[0 if command[0].lower() == "hkeys" else 1 :: 2]
    return rendered(found), note


def _scanned(connection: Any, verb: Sequence[str], pattern: str, watch: Watch) -> tuple[list[bytes], str]:
    cursor, found, visited = "0", list[bytes](), 0
    while True:
        watch.left()
        cursor, batch = _ask(connection, *verb, cursor, "MATCH", pattern, "COUNT", 500)
        cursor = cursor.decode() if isinstance(cursor, bytes) else str(cursor)
        found += batch
        visited += 500
        if cursor == "0":
            return found[:MOST_ITEMS], _only_first(len(found))
        if len(found) >= MOST_ITEMS or visited >= MOST_VISITED:
            return found[:MOST_ITEMS], f"the first {min(len(found), MOST_ITEMS)} only; the search was stopped early"


def _only_first(count: int) -> str:
    return f"the first {MOST_ITEMS} of {count} only" if count > MOST_ITEMS else ""


def _value(connection: Any, command: Sequence[str], watch: Watch) -> tuple[str, str]:
    if _ask(connection, "TYPE", command[1]) in (b"string", "string"):
        size = int(_ask(connection, "STRLEN", command[1]))
        if size > LARGEST_VALUE:
            start = _ask(connection, "GETRANGE", command[1], 0, LARGEST_VALUE - 1)
            return rendered(start), f"the first {LARGEST_VALUE:,} of {size:,} bytes"
    return rendered(_ask(connection, *command)), ""


def _range(connection: Any, command: Sequence[str], watch: Watch) -> tuple[str, str]:
    """LRANGE, ZRANGE and ZREVRANGE by position, of at most MOST_ITEMS items."""
    try:
        start, stop = int(command[2]), int(command[3])
    except (IndexError, ValueError):
        return rendered(_ask(connection, *command)), ""
    count = int(_ask(connection, "LLEN" if command[0].lower() == "lrange" else "ZCARD", command[1]))
    first = max(start + count if start < 0 else start, 0)
    last = min(stop + count if stop < 0 else stop, count - 1)
    narrowed = min(last, first + MOST_ITEMS - 1)
    reply = _ask(connection, command[0], command[1], first, narrowed, *command[4:])
    return rendered(reply), f"the first {MOST_ITEMS} of {last - first + 1} only" if narrowed < last else ""


_SMALLER: dict[str, Callable[[Any, Sequence[str], Watch], tuple[str, str]]] = {
    "keys": _keys,
    "scan": _scan,
    "smembers": _members,
    "hgetall": _members,
    "hkeys": _members,
    "hvals": _members,
    "get": _value,
    "lrange": _range,
    "zrange": _range,
    "zrevrange": _range,
}


def rendered(reply: Any) -> str:
    """A reply as text: one item a line, capped."""
    kept = Capped(4 * LARGEST_VALUE)
    for line in _lines(reply, ""):
        kept.write(line + b"\n")
    return kept.text().rstrip("\n")


def _lines(reply: Any, indent: str) -> list[bytes]:
    if isinstance(reply, list):
        if not reply:
            return [b"(empty)"]
        return [line for item in reply for line in _lines(item, indent + "  ")]
    if reply is None:
        return [b"(nil)"]
    return [indent[2:].encode() + (reply if isinstance(reply, bytes) else str(reply).encode())]


def _hidden(command: Sequence[str], reply: Any) -> Any:
    """CONFIG GET without the values of the settings that are passwords."""
    if command[0].lower() != "config" or not isinstance(reply, list):
        return reply
    names = reply[::2]
    return [
        item
        for name, value in zip(names, reply[1::2], strict=False)
        for item in (name, b"[hidden]" if value and legible(name) in _SECRET_SETTINGS else value)
    ]


def _not_well(failure: Exception, name: str, command: Sequence[str]) -> Outcome:
    text = str(failure)
    lower = text.lower()
    if isinstance(failure, client_library.ResponseError) and not _is_about_access(lower):
        why = f"Redis {name} answered: {one_line(text)}"
        return Outcome(Result.FAILED, why, text, 1, (Finding(Level.WARN, why, name),))
    if _is_about_access(lower):
        return failed(f"Redis {name} refuses our credentials: {one_line(text)}", name, exit_code=1)
    if "refused" in lower:
        return failed(f"Redis {name} refuses connections: nothing listens there", name, exit_code=1)
    if "name or service" in lower or "name resolution" in lower or "nodename" in lower:
        return failed(f"the name of Redis {name} cannot be resolved", name, exit_code=1)
    if isinstance(failure, client_library.BusyLoadingError):
        return failed(f"Redis {name} is still loading its data into memory", name, exit_code=1)
    return failed(f"no connection to Redis {name} ({one_line(text) or type(failure).__name__})", name, exit_code=1)


def _is_about_access(text: str) -> bool:
    return any(
        word in text
        for word in ("noauth", "wrongpass", "authentication", "noperm", "invalid password", "username-password")
    )


def _findings(connection: Any, command: Sequence[str], output: str, name: str, seconds: float) -> list[Finding]:
    verb = command[0].lower()
    findings = []
    if verb == "ping" and output == "PONG":
        findings.append(Finding(Level.OK, f"Redis {name} answered PONG in {seconds * 1000:.0f} ms", name))
    if verb in ("ping", "info"):
        findings += findings_of_info(output if verb == "info" else _memory(connection), name)
    if verb == "dbsize":
        findings.append(Finding(Level.INFO, f"Redis {name} holds {output} keys", name))
    return findings


def _memory(connection: Any) -> str:
    """A ping tells little; two more lookups tell whether the next write will succeed."""
    try:
        return "\n".join(legible(_ask(connection, "INFO", part)) for part in ("memory", "persistence", "replication"))
    except client_library.ResponseError:  # this user may ping and no more
        return ""


def findings_of_info(text: str, name: str) -> list[Finding]:
    """What the lines of INFO say that is worth reading."""
    facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))
    findings = [*_of_memory(facts, name)]
    for key, healthy, trouble in (
        ("rdb_last_bgsave_status", "ok", "the last save to disk failed"),
        ("aof_last_write_status", "ok", "the last write of the append-only file failed"),
        ("master_link_status", "up", "the link to its primary is down"),
    ):
        if facts.get(key, healthy).strip() != healthy:
            findings.append(Finding(Level.BAD, f"Redis {name}: {trouble}", name))
    if facts.get("loading", "0").strip() == "1":
        findings.append(Finding(Level.BAD, f"Redis {name} is still loading its data", name))
    if _number(facts, "rejected_connections"):
        count = _number(facts, "rejected_connections")
        findings.append(Finding(Level.WARN, f"Redis {name} turned away {count} connections (maxclients)", name))
    if _number(facts, "evicted_keys"):
        findings.append(Finding(Level.INFO, f"Redis {name} has evicted {_number(facts, 'evicted_keys')} keys", name))
    return findings


def _of_memory(facts: Mapping[str, str], name: str) -> list[Finding]:
    used, most = _number(facts, "used_memory"), _number(facts, "maxmemory")
    if not most:
        return [Finding(Level.INFO, f"Redis {name} uses {bytes_of(used)}, no limit set", name)] if used else []
    share = 100 * used / most
    policy = facts.get("maxmemory_policy", "").strip()
    text = f"Redis {name} uses {bytes_of(used)} of {bytes_of(most)} ({share:.0f} %, {policy})"
    level = Level.OK if share < 80 else Level.WARN if share < 90 else Level.BAD
    return [Finding(level, text, name)]


def _number(facts: Mapping[str, str], key: str) -> int:
    value = facts.get(key, "0").strip()
    return int(value) if value.isdigit() else 0


def _outcome(command: Sequence[str], name: str, output: str, note: str, findings: list[Finding]) -> Outcome:
    told = output.splitlines()[0] if "\n" not in output.strip() and output else f"{len(output.splitlines())} lines"
    summary = f"Redis {name}: {' '.join(command[:2]).upper() if len(command) == 1 else ' '.join(command[:3])}: {told}"
    if note:
        findings = [*findings, Finding(Level.INFO, note, name)]
    bad = any(found.level is Level.BAD for found in findings)
    return Outcome(Result.FAILED if bad else Result.SUCCEEDED, summary, output, 0, tuple(findings), bool(note))
