"""Reading files: `cat`, `head`, `tail`, `grep`, `ls`, `du`, `wc`, `stat`, `find`.

The path stays as written; `bind` makes it absolute and sees that it lies in an allowed folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from runbooks.document import Call
from runbooks.translate._filters import is_simple_pattern
from runbooks.translate._options import known, read
from runbooks.translate.host import lines_wanted

VERBS = (
    "cat",
    "head",
    "tail",
    "grep",
    "egrep",
    "fgrep",
    "ls",
    "ll",
    "du",
    "wc",
    "stat",
    "find",
    "less",
    "more",
    "zcat",
)
GLOBS = True
"""`du -sh DIR/*` and `ls DIR/*` look at what lies in DIR, which these step kinds can list for themselves."""

FOLLOWED_LINES = 200
_NOTHING: dict[str, Any] = {
    "pattern": None, "ignore_case": False, "fixed": False, "extended": False, "invert": False, "count": False,
    "lines": None, "depth": None,
}  # fmt: skip
_STAR = "\x01*"

_GREP = known(
    switches="-i -v -c -E -F --ignore-case --invert-match --count --extended-regexp --fixed-strings",
    valued="-e --regexp -m --max-count",
    ignored="-n -H -h -s -a --line-number --no-filename --color --color=never --color=auto",
)
_LS = known(ignored="-l -a -A -h -1 -t -r -S -F -p -n -i -s -d -la -Z --all --human-readable")
_DU = known(switches="-s --summarize", valued="-d --max-depth", ignored="-h --human-readable -c --total -x -k -m -a")
_FIND = known(valued="-name -iname -type -maxdepth", ignored="-print -ls", joined=False)


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """What `argv` reads, or nothing."""
    args = _READERS[argv[0]](argv)
    if args is None or _STAR in str(args["path"]) or args["path"] in ("-", ""):
        return ()
    return (Call("file", {**_NOTHING, **args}),)


def absorbed(call: Call, argv: Sequence[str]) -> Call | None:
    """`cat FILE | grep ...` is a grep of the file, `grep ... | wc -l` a count: a large file is not carried about."""
    if call.kind != "file" or call.filters:
        return None
    op, path = call.args["op"], call.args["path"]
    if op == "cat" and argv[0] in ("grep", "egrep", "fgrep", "head", "tail"):
        args = _READERS[argv[0]]((*argv, path))
        return Call("file", {**_NOTHING, **args}) if args is not None else None
    if tuple(argv) in (("wc", "-l"), ("wc", "--lines")):
        if op == "cat":
            return Call("file", {**_NOTHING, "op": "wc", "path": path, "lines": 1})
        return Call("file", {**call.args, "count": True}) if op == "grep" else None
    return None


def _whole(argv: Sequence[str]) -> dict[str, Any] | None:
    options = read(argv[1:], known(ignored="-A -v -t -R -S -X -F"))
    if options is None or len(options.operands) != 1:
        return None
    return {"op": "cat", "path": options.operands[0]}


def _ends(argv: Sequence[str]) -> dict[str, Any] | None:
    """`head` and `tail` of one file. `tail -f` is its last lines, once."""
    words = list(argv[1:])
    follows = any(word in ("-f", "-F", "--follow", "--retry") for word in words)
    spread: list[str] = []
    for word in words:
        if joined := re.fullmatch(r"-(\d{1,7})[fF]|-[fF]n?(\d{1,7})|-n(\d{1,7})[fF]?|-(\d{1,7})", word):
            follows = follows or "f" in word.lower()
            spread += ["-n", next(group for group in joined.groups() if group)]
        elif word == "-fn":
            follows = True
            spread.append("-n")
        elif word not in ("-f", "-F", "--follow", "--retry", "-q"):
            spread.append(word)
    options = read(spread, known(valued="-n --lines"))
    if options is None or len(options.operands) != 1 or (follows and argv[0] == "head"):
        return None
    chosen = lines_wanted((argv[0], *(["-n", given] if (given := options.last("-n", "--lines")) else [])))
    if chosen is None:
        return None
    lines = FOLLOWED_LINES if follows and given is None else chosen
    return {"op": argv[0], "path": options.operands[0], "lines": lines}


def _grep(argv: Sequence[str]) -> dict[str, Any] | None:
    options = read(argv[1:], _GREP)
    if options is None:
        return None
    patterns = options.all("-e", "--regexp") or options.operands[:1]
    paths = options.operands if options.has("-e", "--regexp") else options.operands[1:]
    if len(patterns) != 1 or len(paths) != 1 or options.has("-m", "--max-count"):
        return None
    fixed = argv[0] == "fgrep" or options.has("-F", "--fixed-strings")
    if not fixed and not is_simple_pattern(patterns[0]):
        return None
    return {
        "op": "grep", "path": paths[0], "pattern": patterns[0], "fixed": fixed,
        "extended": argv[0] == "egrep" or options.has("-E", "--extended-regexp"),
        "ignore_case": options.has("-i", "--ignore-case"), "invert": options.has("-v", "--invert-match"),
        "count": options.has("-c", "--count"),
    }  # fmt: skip


def _list(argv: Sequence[str]) -> dict[str, Any] | None:
    options = read(argv[1:], _LS)
    if options is None or len(options.operands) > 1:
        return None
    path = next(iter(options.operands), ".")
    # `ls DIR/*` also opens the folders in DIR; only a plain listing is the same.
    return None if path.endswith(_STAR) else {"op": "ls", "path": path}


def _usage(argv: Sequence[str]) -> dict[str, Any] | None:
    options = read(argv[1:], _DU)
    if options is None or len(options.operands) > 1:
        return None
    path = next(iter(options.operands), ".")
    depth = options.last("-d", "--max-depth")
    if depth is not None and depth not in ("0", "1"):
        return None
    inside = path.endswith(_STAR)
    if inside:
        if not options.has("-s", "--summarize"):
            return None
        path = path[: -len(_STAR)].rstrip("/") or ("." if path == _STAR else "/")
    elif not options.has("-s", "--summarize") and depth is None:
        return None  # every folder below, at any depth
    return {"op": "du", "path": path, "depth": 1 if inside or depth == "1" else 0}


def _count(argv: Sequence[str]) -> dict[str, Any] | None:
    options = read(argv[1:], known(ignored="-l --lines"))
    if options is None or len(options.operands) != 1 or len(argv) < 3:
        return None
    return {"op": "wc", "path": options.operands[0], "lines": 1}


def _status(argv: Sequence[str]) -> dict[str, Any] | None:
    options = read(argv[1:], known())
    return {"op": "stat", "path": options.operands[0]} if options and len(options.operands) == 1 else None


def _find(argv: Sequence[str]) -> dict[str, Any] | None:
    """Only by name: what deletes, executes, or asks for ages and sizes is `find`'s own business."""
    words = list(argv[1:])
    path = words.pop(0) if words and not words[0].startswith("-") else "."
    options = read(words, _FIND)
    if options is None or options.operands or options.has("-maxdepth", "-iname"):
        return None
    if options.has("-type") or len(options.all("-name")) > 1:
        return None  # ours lists folders as well
    return {"op": "find", "path": path, "pattern": options.last("-name")}


def _none(argv: Sequence[str]) -> None:
    return None


_READERS: dict[str, Callable[[Sequence[str]], dict[str, Any] | None]] = {
    "cat": _whole, "less": _whole, "more": _whole, "head": _ends, "tail": _ends, "grep": _grep, "egrep": _grep,
    "fgrep": _grep, "ls": _list, "ll": _list, "du": _usage, "wc": _count, "stat": _status, "find": _find, "zcat": _none,
}  # fmt: skip
