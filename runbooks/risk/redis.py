# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Redis and its relatives: verbs of the server, as data."""

from __future__ import annotations

import re
import shlex

from runbooks.document import Risk
from runbooks.risk._options import changer, option_names, parsed, shown
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown, worst

READING = option_names(
    "ping echo info dbsize time lastsave role exists type ttl pttl expiretime pexpiretime keys scan randomkey dump_ get mget strlen "
    "getrange substr getbit bitcount bitpos hget hmget hgetall hkeys hvals hlen hexists hstrlen hscan hrandfield lrange llen lindex lpos "
    "scard smembers sismember smismember srandmember sscan sinter sunion sdiff sintercard zrange zrangebyscore zrangebylex zrevrange "
    "zrevrangebyscore zrevrangebylex zcard zcount zlexcount zscore zmscore zrank zrevrank zscan zrandmember zinter zunion zdiff "
    "zintercard xlen xrange xrevrange xinfo xpending geopos geodist geohash geosearch pfcount object touch_ lcs command wait_ "
    "readonly readwrite asking hello_ select auth quit ts.get ts.range ts.info json.get json.type ft.info ft.search ft._list bf.info "
)
_SUBCOMMANDS = {
    "client": option_names("list info id getname gettrackinginfo getredir trackinginfo help no-evict_"),
    "cluster": option_names("info nodes slots shards myid keyslot countkeysinslot getkeysinslot replicas slaves links help "
                            "count-failure-reports bumpepoch_ myshardid"),
    "config": option_names("get help"),
    "memory": option_names("usage stats doctor malloc-stats help"),
    "slowlog": option_names("get len help"),
    "latency": option_names("latest history doctor graph histogram help"),
    "debug": option_names("object_"),
    "acl": option_names("list whoami users getuser cat log help dryrun"),
    "module": option_names("list help"),
    "pubsub": option_names("channels numsub numpat shardchannels shardnumsub help"),
    "script": option_names("exists help"),
    "function": option_names("list stats help"),
    "command": option_names("count info docs list getkeys help"),
    "object": option_names("encoding freq idletime refcount help"),
    "xinfo": option_names("stream groups consumers help"),
    "sentinel": option_names("masters master replicas slaves sentinels get-master-addr-by-name ckquorum info-cache myid is-master-down-by-addr help"),
    "bgsave_": {},
}  # fmt: skip
_LEAKING = {("config", "get"), ("acl", "list"), ("acl", "getuser")}
_DESTROYING = option_names(
    "flushall flushdb del unlink getdel shutdown spop lpop rpop ltrim xtrim xdel hdel srem zrem zpopmin zpopmax zremrangebyscore zremrangebyrank zremrangebylex"
)
_ENDLESS = option_names("monitor subscribe psubscribe ssubscribe sync psync")


def redis_verdict(words: list[str]) -> Verdict:
    """The verdict on one command of the Redis protocol."""
    if not words:
        return reads("it is empty")
    verb = words[0].lower()
    sub = words[1].lower() if len(words) > 1 else ""
    if verb in _SUBCOMMANDS:
        if sub in _SUBCOMMANDS[verb] or (verb == "command" and not sub):
            return reads(
                f"redis {verb.upper()} {sub.upper()} only reads".replace("  ", " "), leaks=(verb, sub) in _LEAKING
            )
        if verb == "acl" and sub == "log" and words[2:3] and words[2].lower() == "reset":
            return changes("redis ACL LOG RESET forgets the log")
        return changes(f"redis {verb.upper()} {shown(sub.upper())} changes the server")
    if verb in READING:
        return reads(f"redis {verb.upper()} only reads")
    if verb in _DESTROYING:
        return destroys(f"redis {verb.upper()} deletes data or stops the server")
    if verb in _ENDLESS:
        return Verdict(Risk.INTERACTIVE, f"redis {verb.upper()} never ends and slows the server down")
    return changes(f"redis {shown(verb.upper())} changes data or the server")


_CLI = (
    "h= p= t= s= a= u= n= r= i= d= D= e x X= c I raw no-raw csv json show-pushes= tls sni= cacert= cacertdir= cert= key= insecure "
    "tls-ciphers= tls-ciphersuites= user= pass= askpass no-auth-warning quoted-input 2 3 bigkeys memkeys memkeys-samples= hotkeys scan "
    "pattern= quoted-pattern= stat latency latency-history latency-dist intrinsic-latency= verbose count= cursor= version help 4 6 "
    "functions-rdb_= keystats"
)


def _redis_cli(call: Invocation) -> Verdict:
    found = parsed(call.args, _CLI, stop_at_operand=True)
    if found.strange:
        return unknown(f"{call.name} has an option that may change something: {shown(found.strange[0])}")
    if found.has("version", "help"):
        return reads(f"{call.name} prints text")
    if found.has("x", "X", "askpass"):
        return unknown(f"{call.name} -x sends whatever it is fed")
    endless = _endless(call, found.has("stat", "latency", "latency-history", "latency-dist", "scan"), found.has("scan"))
    if endless is not None:
        return endless
    if found.has("bigkeys", "memkeys", "hotkeys", "keystats"):
        return reads(f"{call.name} looks at every key, in small portions")
    repeats = found.get("r")
    if repeats is not None and not re.fullmatch(r"\d{1,2}", repeats.text or ""):
        return Verdict(Risk.INTERACTIVE, f"{call.name} -r repeats until it is stopped, or for long")
    return _commands(call, [arg.text for arg in found.operands])


def _endless(call: Invocation, special: bool, scan: bool) -> Verdict | None:
    if not special:
        return None
    if scan:
        return reads(f"{call.name} --scan lists keys in small portions")
    return Verdict(
        Risk.READ_ONLY, f"{call.name} repeats until it is stopped", endless=True, edits=(call.wrapped("timeout 10"),)
    )


def _commands(call: Invocation, words: list[str]) -> Verdict:
    if words:
        if any("\x00" in word for word in words[:2]):
            return unknown("the redis command is not known here")
        if words[0].lower() == "monitor":
            return Verdict(
                Risk.READ_ONLY, "redis MONITOR never ends", endless=True, edits=(call.wrapped("timeout 10"),)
            )
        if " " in words[0] and len(words) == 1:
            words = words[0].split()
        return redis_verdict(words)
    if call.stdin is not None:
        return worst([redis_line(line) for line in call.stdin.splitlines() if line.strip()] or [reads("it is empty")])
    if call.piped:
        return unknown(f"{call.name} runs whatever it is fed")
    return asks(f"{call.name} without a command opens a prompt for a person")


def redis_line(line: str) -> Verdict:
    """The verdict on a line typed at the prompt."""
    try:
        words = shlex.split(line)
    except ValueError:
        return unknown("the redis command is not complete")
    if words and words[0].lower() in ("exit", "quit"):
        return asks("it leaves a prompt")
    return redis_verdict(words)


def _redis_benchmark(call: Invocation) -> Verdict:
    return changes(f"{call.name} loads the server and writes keys")


TOOLS: dict[str, Judge] = {
    "redis-cli": _redis_cli,
    "valkey-cli": _redis_cli,
    "keydb-cli": _redis_cli,
    "redis-benchmark": _redis_benchmark,
    "redis-check-rdb": lambda call: reads("redis-check-rdb checks a file"),
    "redis-check-aof": lambda call: changes("redis-check-aof --fix repairs a file") if "--fix" in call.texts else reads("redis-check-aof checks a file"),
    "redis-server": lambda call: reads("redis-server prints its version") if call.texts in (["-v"], ["--version"], ["--help"]) else asks("redis-server starts a server that runs until it is stopped"),
    "redis-sentinel": changer("starts a server"),
}  # fmt: skip
