"""Which text filters after a pipe we apply to the output ourselves, and after what.

`workers.filters` does the applying; what is let through here is a part of what it can do, and a test holds the two
together. After output that is our own table and not the tool's text, only filters that choose whole lines make sense.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from runbooks.document import Call
from runbooks.translate._options import Known, Options, known, read

_GREP = known(
    switches="-c",
    valued="-e --regexp",
    ignored="-i -v -n -w -x -E -F -G -a -o -h --ignore-case --invert-match --count --line-number --word-regexp"
    " --extended-regexp --fixed-strings --only-matching --line-buffered --color",
    ignored_valued="-m -A -B -C --max-count --after-context --before-context --context --color",
)
_LINES = known(switches="-f -q", valued="-n --lines -c --bytes")
_SORT = known(ignored="-n -r -u -h -f --numeric-sort --reverse --unique", valued="-k -t")
_UNIQ = known(ignored="-c -d -u -i --count --repeated --unique --ignore-case")
_CUT = known(valued="-d -f -c --delimiter --fields", ignored="-s")
_WC = known(ignored="-l -w -c -m --lines --words --bytes --chars")
_AWK = re.compile(
    r"\s*(?:NR\s*(?:==|>=?)\s*\d{1,6}|/[\w .:=-]{1,80}/)?\s*\{\s*print"
    r"(?:\s+(?:\$(?:\d{1,3}|NF)|\"[^\"\\]{0,40}\")(?:\s*,?\s*(?:\$(?:\d{1,3}|NF)|\"[^\"\\]{0,40}\")){0,8})?\s*;?\s*\}\s*"
)
_JQ_PATH = r"(?:\.|length|keys|(?:\.?\[(?:-?\d{1,5})?\]|\.[A-Za-z_]\w{0,60}|\.\[\"[^\"]{1,60}\"\])+)"
_JQ = re.compile(rf"\s*{_JQ_PATH}(?:\s*\|\s*{_JQ_PATH})*\s*")

CHOOSES_LINES = frozenset({"grep", "egrep", "fgrep", "head", "cat", "less", "more"})
"""Filters that keep whole lines as they are, and so make sense on a table of ours as well."""


def applies(argv: Sequence[str]) -> bool:
    """Whether this filter is one that we apply ourselves."""
    check = _CHECKS.get(argv[0])
    return check is not None and not any("${" in word or "\x01" in word for word in argv) and check(argv)


def fits(call: Call, argv: Sequence[str]) -> bool:
    """Whether this filter tells the same on our output of `call` as on the tool's own."""
    if call.kind in ("argv", "redis") or (call.kind == "http" and call.args["show"] != "status"):
        return True
    if call.kind == "file":
        op = call.args["op"]
        return op in ("cat", "head", "tail", "grep", "wc") or (
            op in ("ls", "stat", "find") and argv[0] in CHOOSES_LINES
        )
    if call.kind == "docker":
        return call.args["op"] in ("logs", "exec", "inspect", "network_inspect") or argv[0] in CHOOSES_LINES
    if call.kind == "host":
        return call.args["op"] == "disk" and re.fullmatch(r"/(?!dev\b).*", argv[-1]) is not None and argv[0] == "grep"
    return argv[0] in CHOOSES_LINES


def _grep(argv: Sequence[str]) -> bool:
    options = read(argv[1:], _GREP)
    if options is None:
        return False
    patterns = options.all("-e", "--regexp") or options.operands[:1]
    files = options.operands if options.has("-e", "--regexp") else options.operands[1:]
    return bool(patterns) and not files and all(map(is_simple_pattern, patterns))


def is_simple_pattern(pattern: str) -> bool:
    """A pattern that means the same to every grep and cannot take for ever."""
    if not pattern or len(pattern) > 200 or re.search(r"\\\d|\)\\?[*+{]|\[[^\]]*$|\n", pattern):
        return False
    return len(re.findall(r"[*+{]", pattern)) <= 3 and pattern.count("(") == pattern.count(")")


def _lines(argv: Sequence[str]) -> bool:
    if len(argv) == 2 and re.fullmatch(r"-\d{1,7}", argv[1]):
        return True
    options = read(argv[1:], _LINES)
    if options is None or options.operands or (options.has("-f") and argv[0] == "head"):
        return False
    numbers = options.all("-n", "--lines", "-c", "--bytes")
    return all(re.fullmatch(r"\+?\d{1,7}" if argv[0] == "tail" else r"\d{1,7}", one) for one in numbers)


def _without_operands(table: Known) -> Callable[[Sequence[str]], bool]:
    def check(argv: Sequence[str]) -> bool:
        options = read(argv[1:], table)
        return options is not None and not options.operands

    return check


def _sort(argv: Sequence[str]) -> bool:
    options = read(argv[1:], _SORT)
    if options is None or options.operands:
        return False
    return all(re.fullmatch(r"\d{1,3}(?:,\d{1,3})?[nrh]{0,3}", key) for key in options.all("-k")) and _one_each(options)


def _cut(argv: Sequence[str]) -> bool:
    options = read(argv[1:], _CUT)
    if options is None or options.operands or not options.has("-f", "-c", "--fields"):
        return False
    spans = options.all("-f", "-c", "--fields")
    return len(spans) == 1 and re.fullmatch(r"(?:\d{1,4}|\d{1,4}-\d{0,4}|-\d{1,4})(?:,\d{1,4})*", spans[0]) is not None


def _one_each(options: Options) -> bool:
    return len(options.all("-k")) <= 1 and all(len(one) == 1 for one in options.all("-t"))


def _awk(argv: Sequence[str]) -> bool:
    words = list(argv[1:])
    if words[:1] == ["-F"]:
        words = words[2:]
    elif words and re.fullmatch(r"-F.", words[0]):
        words = words[1:]
    return len(words) == 1 and _AWK.fullmatch(words[0]) is not None


def _jq(argv: Sequence[str]) -> bool:
    words = [
        word for word in argv[1:] if word not in ("-r", "-c", "-M", "-e", "-C", "--raw-output", "--compact-output")
    ]
    return len(words) <= 1 and all(_JQ.fullmatch(word) for word in words)


def _tr(argv: Sequence[str]) -> bool:
    words = argv[1:]
    plain = r"(?:[\w ,;:.\"'=-]|\\[ntr]|\[:(?:upper|lower|digit|space):\]){1,20}"
    return (
        len(words) == 2
        and (words[0] == "-d" or re.fullmatch(plain, words[0]) is not None)
        and bool(re.fullmatch(plain, words[1]))
    )


def _json_tool(argv: Sequence[str]) -> bool:
    return list(argv[1:]) == ["-m", "json.tool"]


_CHECKS: dict[str, Callable[[Sequence[str]], bool]] = {
    "grep": _grep, "egrep": _grep, "fgrep": _grep, "head": _lines, "tail": _lines, "wc": _without_operands(_WC),
    "sort": _sort, "uniq": _without_operands(_UNIQ), "cut": _cut, "awk": _awk, "jq": _jq, "tr": _tr,
    "cat": _without_operands(known()), "less": _without_operands(known(ignored="-R -S")),
    "more": _without_operands(known()), "python": _json_tool, "python3": _json_tool,
}  # fmt: skip
