# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Text filters, and the ways in which they can write files or start programs."""

from __future__ import annotations

import re

from runbooks.risk._options import changer, parsed, reader, shown, written_by
from runbooks.risk._verdict import Arg, Invocation, Judge, Verdict, changes, reads, unknown

_GREP = (
    "A= B= C= E F G P a b c d= D= e= f= H h I i L l m= n o q r R s T u U v V w x y z color=? colour=? include= exclude= "
    "exclude-dir= exclude-from= max-count= context= after-context= before-context= regexp= file= ignore-case "
    "no-ignore-case invert-match word-regexp line-regexp count files-with-matches files-without-match only-matching quiet silent "
    "no-messages byte-offset with-filename no-filename label= line-number initial-tab null null-data text binary-files= "
    "directories= devices= recursive dereference-recursive line-buffered extended-regexp fixed-strings basic-regexp "
    "perl-regexp binary 0 1 2 3 4 5 6 7 8 9"
)


def _grep(call: Invocation) -> Verdict:
    found = parsed(call.args, _GREP)
    if found.strange:
        return unknown(f"{call.name} has an option we do not know: {shown(found.strange[0])}")
    if len(found.operands) == 1 and not call.piped and not found.has("r", "R", "recursive", "e", "f", "regexp", "file"):
        return reads(f"{call.name} searches its input")
    return reads(f"{call.name} searches text")


def _rg(call: Invocation) -> Verdict:
    if written_by(call.args, "pre= hostname-bin= search-zip"):
        return unknown("rg --pre runs a program")
    return reads("rg searches text")


_AWK_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_AWK_REGEX = re.compile(r"(?:(?<=[(,{;!&|~\n])|^|(?<=~ ))\s*/(?:[^/\\\n]|\\.)+/")


def awk_danger(program: str) -> str:
    """What in an awk program could write a file or run something; "" when nothing could.

    Strings are emptied and regular expressions dropped first, so that a `>` in them counts for nothing; a `>` that is
    left behind a print is a redirection unless it stands in parentheses.
    """
    code = _AWK_STRING.sub('""', program)
    code = re.sub(r"#[^\n]*", "", code)
    code = _AWK_REGEX.sub(" ", code)
    if re.search(r"\bsystem\b|\bgetline\b|@load|@include|\|&|/inet/", code):
        return "an awk program can run or read other things here"
    if "|" in code.replace("||", ""):
        return "the awk program pipes into a command"
    if re.search(r"@\s*[A-Za-z_]", code):
        return "the awk program calls a function that it names by a value"
    for statement in re.split(r"[;{}\n]", code):
        if re.search(r"\bprintf?\b", statement) and ">" in _outside_parentheses(
            statement[re.search(r"\bprintf?\b", statement).end() :]  # type: ignore[union-attr]
        ):
            return "the awk program writes a file"
    return ""


def _outside_parentheses(text: str) -> str:
    depth, kept = 0, []
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth <= 0 and character not in "()":
            kept.append(character)
    return "".join(kept)


def _awk(call: Invocation) -> Verdict:
    found = parsed(
        call.args, "F= v= f= n e= source= field-separator= assign= c P O r b S sandbox posix", stop_at_operand=True
    )
    if found.strange or found.has("f", "e", "source"):
        return unknown("awk runs a program that is not in its first argument")
    if not found.operands:
        return unknown("awk has no program")
    program = call.walker.filled(found.operands[0])
    if program is None:
        return unknown("the awk program is put together from values that are not known here")
    danger = awk_danger(program)
    return unknown(danger) if danger else reads(f"{call.name} picks parts of lines")


def sed_danger(script: str) -> str:
    """What in a sed script could write a file or run something; "" when nothing could.

    Only scripts made of simple commands are understood; anything else is refused.
    """
    rest = script
    while rest := rest.lstrip(" \t\n;{}!"):
        address = re.match(r"(?:\d+(?:~\d+)?|\$|/(?:[^/\\\n]|\\.)*/I?|,\s*[+~]?|\s)+", rest)
        if address:
            rest = rest[address.end() :].lstrip(" !{")
        if not rest:
            break
        letter = rest[0]
        if letter in "pdDqQ=gGhHnNPxlz":
            exit_code = re.match(r"[pdDqQ=gGhHnNPxlz]\s*\d*\s*(?=$|[;}\n])", rest)
            if exit_code is None:
                return "the sed script is not understood"
            rest = rest[exit_code.end() :]
        elif letter in "sy":
            after = _substituted(rest)
            if after is None:
                return "the sed script may write a file or run a command"
            rest = after
        elif letter in "aic" and re.match(r"[aic]\\?\s*[^\n]*", rest):
            rest = rest[re.match(r"[aic]\\?\s*[^\n]*", rest).end() :]  # type: ignore[union-attr]
        elif letter in "bt:" or letter == "#":
            found = re.match(r"[bt:#][^\n;}]*", rest)
            rest = rest[found.end() :] if found else ""
        else:
            return "the sed script may write a file or run a command"
    return ""


def _substituted(rest: str) -> str | None:
    """What follows `s/a/b/flags`, or None when a flag writes (`w`) or runs (`e`)."""
    if len(rest) < 2:
        return None
    mark = rest[1]
    if mark in "\\\n" or mark.isalnum():
        return None
    at, seen = 2, 0
    while at < len(rest) and seen < 2:
        if rest[at] == "\\":
            at += 2
            continue
        if rest[at] == "[" and seen == 0 and mark != "[":
            closing = rest.find("]", at + 2)
            if closing > 0 and mark in rest[at:closing]:
                return None  # tools disagree on a delimiter inside brackets
        seen += rest[at] == mark
        at += 1
    if seen < 2:
        return None
    flags = re.match(r"[gpiImM0-9]*\s*(?=$|[;}\n])", rest[at:])
    return rest[at + flags.end() :] if flags else None


def _sed(call: Invocation) -> Verdict:
    spec = "n E r s u z e= expression= quiet silent regexp-extended separate unbuffered null-data posix line-length= l= sandbox debug"
    found = parsed(call.args, spec)
    if found.strange:
        writes = any(text.startswith(("-i", "--in-place")) for text in found.strange)
        return changes("sed -i changes files") if writes else unknown("sed has an option we do not judge")
    scripts: list[Arg | str] = [
        option.value if option.value else option.attached or ""
        for option in found.options
        if option.name in ("e", "expression")
    ]
    if not scripts and found.operands:
        scripts = [found.operands[0]]
    for script in scripts:
        text = script if isinstance(script, str) else call.walker.filled(script)
        danger = "the sed script is not known here" if text is None else sed_danger(text)
        if danger:
            return unknown(danger)
    return reads("sed edits text on its way through")


def _jq(call: Invocation) -> Verdict:
    spec = (
        "r c s n e S C M a j R f= L= arg= argjson= slurpfile= rawfile= args jsonargs raw-output compact-output slurp null-input "
        "exit-status sort-keys color-output monochrome-output ascii-output join-output raw-input from-file= tab indent= "
        "stream seq unbuffered exit-status raw-output0"
    )
    found = parsed(call.args, spec)
    if found.strange:
        return unknown(f"jq has an option we do not know: {shown(found.strange[0])}")
    return reads("jq picks parts of JSON", leaks=any(re.search(r"\$?ENV\b|\benv\b", text) for text in call.texts))


def _yq(call: Invocation) -> Verdict:
    if written_by(call.args, "i inplace in-place s split-exp front-matter=") or not _calm(call):
        return changes("yq -i changes files")
    return reads("yq picks parts of YAML")


def _calm(call: Invocation) -> bool:
    return not any(re.search(r"\bload|\bsystem\b|@sh\b", text) for text in call.texts)


def _perl(call: Invocation) -> Verdict:
    return unknown(f"{call.name} runs a program that could do anything")


def _openbsd(call: Invocation) -> Verdict:
    return reads(f"{call.name} changes characters on their way through")


def _bc(call: Invocation) -> Verdict:
    if call.piped or not call.args:
        return reads("bc computes numbers") if call.piped else unknown("bc waits for a person to type")
    return unknown("bc reads a program from a file")


TOOLS: dict[str, Judge] = {
    **dict.fromkeys(("grep", "egrep", "fgrep", "zgrep", "zegrep", "zfgrep", "bzgrep", "xzgrep", "zstdgrep"), _grep),
    "rg": _rg,
    "ag": reader("searches text", writing="pager="),
    "ack": reader("searches text", writing="pager= output="),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
    **dict.fromkeys(("sed", "gsed"), _sed),
    "jq": _jq,
    "gojq": _jq,
    "yq": _yq,
    "cut": reader("picks columns of lines"),
    "tr": _openbsd,
    "zcat": reader("prints compressed files"),
    "gzcat": reader("prints compressed files"),
    "bzcat": reader("prints compressed files"),
    "xzcat": reader("prints compressed files"),
    "zstdcat": reader("prints compressed files"),
    "lz4cat": reader("prints compressed files"),
    "zdiff": reader("compares compressed files"),
    "bc": _bc,
    "perl": _perl,
    "pr": reader("lays text out in pages"),
    "ts": reader("puts times before lines"),
    "logger": changer("writes a line to the system log"),
    "wall": changer("writes to everyone's terminal"),
    "csvcut": reader("picks columns of CSV"),
    "csvlook": reader("shows CSV as a table"),
    "xmllint": reader("checks and prints XML", options="noout format xpath= nocdata valid noblanks html schema="),
    "json_pp": reader("lays JSON out", options="v f= t="),
    "jsonlint": reader("checks JSON", options="q c"),
    "envsubst": reader("puts variables into text", leaks=True),
}
