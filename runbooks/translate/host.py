"""Facts of a host: disks, memory, load, processes, open ports, without starting a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from runbooks.document import Call
from runbooks.translate._options import known, read
from runbooks.translate._options import words as set_of

VERBS = ("df", "free", "uptime", "ps", "top", "htop", "lsof", "netstat", "ss", "fuser", "who", "w")

_DF = known(ignored="-h --human-readable -H --si -k -m -T --print-type -P --portability -l --local -a --all --total",
            ignored_valued="-x --exclude-type -B")  # fmt: skip
_FREE = known(ignored="-h --human -b -k -m -g --mega --giga --mebi --gibi -t --total -w --wide")
_TOP = known(switches="", valued="-o", ignored="-b -c -i -E", ignored_valued="-n -d -w")
_COLUMNS = set_of("pid user uid cmd comm args command %mem %cpu pmem pcpu rss stat s state ucmd")
_PORTS = known(
    switches="-l --listening -a --all",
    ignored="-t --tcp -u --udp -n --numeric -p --programs --processes -4 -6 -e -o -W",
)
_LSOF = known(switches="", valued="-i -s", ignored="-n -P", joined=True)
_PORT_WORD = re.compile(r"(?:(?:tcp|udp|TCP|UDP)?[46]?:?)(\d{1,5})")


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """What `argv` asks of the host, or nothing."""
    args = _READERS[argv[0]](list(argv[1:]))
    return () if args is None else (Call("host", {**_NOTHING, **args}),)


_NOTHING: dict[str, Any] = dict.fromkeys(("path", "port", "pattern", "sort", "limit"))


def absorbed(call: Call, argv: Sequence[str]) -> Call | None:
    """A filter behind `ps` or `netstat` that our check can ask for itself: it sees all, its table only the first."""
    if call.kind != "host" or call.filters:
        return None
    op = call.args["op"]
    if op == "processes":
        return _absorbed_by_processes(call, argv)
    return _absorbed_by_ports(call, argv) if op == "ports" else None


def _with(call: Call, **more: Any) -> Call:
    return replace(call, args={**call.args, **more})


def _absorbed_by_processes(call: Call, argv: Sequence[str]) -> Call | None:
    if argv[0] in ("grep", "egrep"):
        options = read(argv[1:], known(switches="-v", ignored="-i -E --color=never --color=auto -w"))
        if options is None or len(options.operands) != 1:
            return None
        pattern = options.operands[0]
        if options.has("-v"):
            return call if pattern == "grep" else None  # the usual way not to find oneself
        # `[n]ginx` is another way not to find oneself.
        pattern = re.sub(r"^\[(\w)\]", r"\1", pattern)
        return _with(call, pattern=pattern) if call.args["pattern"] is None and call.args["limit"] is None else None
    if argv[0] == "head":
        lines = lines_wanted(argv)
        return _with(call, limit=lines - 1) if lines and lines > 1 else None
    return None


def _absorbed_by_ports(call: Call, argv: Sequence[str]) -> Call | None:
    if argv[0] not in ("grep", "egrep"):
        return None
    options = read(argv[1:], known(ignored="-E -i -w"))
    if options is None or len(options.operands) != 1:
        return None
    pattern = options.operands[0].rstrip("\\b$ ")
    if pattern.upper() in ("LISTEN", "LISTENING"):
        return call
    found = re.fullmatch(r":?(\d{1,5})", pattern)
    return _with(call, port=int(found[1])) if found and call.args["port"] is None else None


def lines_wanted(argv: Sequence[str]) -> int | None:
    """The number of lines that `head` or `tail` keeps; None when it is told otherwise than by a number."""
    words = list(argv[1:])
    if len(words) == 1 and re.fullmatch(r"-\d{1,7}", words[0]):
        return int(words[0][1:])
    options = read(words, known("", "-n --lines"))
    if options is None or options.operands:
        return None
    given = options.last("-n", "--lines")
    if given is None:
        return 10
    return int(given) if re.fullmatch(r"\d{1,7}", given) else None


def _disk(words: list[str]) -> dict[str, Any] | None:
    options = read(words, _DF)
    if options is None or len(options.operands) > 1:
        return None
    return {"op": "disk", "path": next(iter(options.operands), None)}


def _inodes_too(words: list[str]) -> dict[str, Any] | None:
    """`df -i` as well: our table has a column for the inodes."""
    return _disk(["-" + word[1:].replace("i", "") if re.fullmatch(r"-[a-zA-Z]{1,6}", word) and word != "-i" else word
                  for word in words if word not in ("-i", "--inodes")])  # fmt: skip


def _memory(words: list[str]) -> dict[str, Any] | None:
    options = read(words, _FREE)
    return {"op": "memory"} if options is not None and not options.operands else None


def _uptime(words: list[str]) -> dict[str, Any] | None:
    return {"op": "uptime"} if words in ([], ["-p"], ["--pretty"]) else None


def _who(words: list[str]) -> dict[str, Any] | None:
    return {"op": "who"} if not words else None


def _processes(words: list[str]) -> dict[str, Any] | None:
    table = known(switches="-e -f -A -a -u -x -w -l -H --forest --no-headers", valued="--sort -o --format -eo")
    plain, rest = (words[0], words[1:]) if words and re.fullmatch(r"[auxwfl]{2,6}", words[0]) else ("", words)
    options = read(rest, table)
    if options is None or options.operands:
        return None
    if not (plain and {"a", "x"} <= set(plain)) and not options.has("-e", "-A"):
        return None  # only some processes, by a rule that is not ours
    if options.has("-u", "--no-headers"):
        return None
    columns = ",".join(options.all("-o", "--format"))
    if columns and not {column.split("=")[0].strip() for column in columns.split(",")} <= _COLUMNS | {"ppid"}:
        return None
    order = _order(options.last("--sort"))
    return {"op": "processes", "sort": order} if order != "?" else None


def _order(key: str | None) -> str | None:
    if key is None:
        return None
    return {
        "-%mem": "memory",
        "-pmem": "memory",
        "-rss": "memory",
        "-rsz": "memory",
        "-%cpu": "cpu",
        "-pcpu": "cpu",
    }.get(key, "?")


def _top(words: list[str]) -> dict[str, Any] | None:
    options = read(words, _TOP)
    if options is None or options.operands:
        return None
    order = options.last("-o")
    sort = {None: None, "%MEM": "memory", "+%MEM": "memory", "RES": "memory", "%CPU": "cpu", "+%CPU": "cpu"}.get(
        order, "?"
    )
    return {"op": "top", "sort": sort} if sort != "?" else None


def _lsof(words: list[str]) -> dict[str, Any] | None:
    options = read(words, _LSOF)
    if options is None or options.operands or len(options.all("-i")) != 1:
        return None
    if options.last("-s") not in (None, "TCP:LISTEN"):
        return None
    found = _PORT_WORD.fullmatch(options.all("-i")[0])
    if found is None:
        return (
            {"op": "ports", "port": options.all("-i")[0][1:]}
            if re.fullmatch(r":\W?\w+\W?", options.all("-i")[0])
            else None
        )
    return {"op": "ports", "port": int(found[1])}


def _ports(words: list[str]) -> dict[str, Any] | None:
    """Only what lists the listening ones; `ss -s` and `netstat -s` tell something else."""
    spread: list[str] = []
    port: int | None = None
    rest = " ".join(words)
    if found := re.search(r"\s\(?\s?s?port\s?=\s?:(\d{1,5})\s?\)?$", rest):
        port, rest = int(found[1]), rest[: found.start()]
    for word in rest.split():
        if re.fullmatch(r"[tulnp]{2,6}", word) and not spread:
            word = f"-{word}"  # netstat tulpn
        spread.append(word)
    options = read(spread, _PORTS)
    if options is None or options.operands or not options.has("-l", "--listening"):
        return None
    return {"op": "ports", "port": port}


def _fuser(words: list[str]) -> dict[str, Any] | None:
    plain = [word for word in words if word not in ("-v", "-n", "tcp")]
    found = re.fullmatch(r"(\d{1,5})(?:/tcp|/udp)?", plain[0]) if len(plain) == 1 else None
    return {"op": "ports", "port": int(found[1])} if found else None


_READERS: dict[str, Callable[[list[str]], dict[str, Any] | None]] = {
    "df": _inodes_too, "free": _memory, "uptime": _uptime, "ps": _processes, "top": _top, "htop": _top, "lsof": _lsof,
    "netstat": _ports, "ss": _ports, "fuser": _fuser, "who": _who, "w": _who,
}  # fmt: skip
