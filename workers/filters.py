"""The small text filters that follow a command after a pipe, applied to its output by us.

`docker logs api | grep -i error | tail -20` needs no shell and no grep in the worker's image: the step gives the log,
and these give what is asked of it. A filter is its argv as written, `["grep", "-i", "error"]`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

Lines = list[str]
LONGEST_LINE = 2000
"""Characters of a line that a pattern with repetitions looks at; its time grows with a power of them."""
MOST_REPETITIONS = 3
MOST_OPTIONS = 8
"""How often `?` may stand in a pattern; each can double the time of its search."""
LONGEST_SEARCH = 2.0
"""Seconds for one pattern in all lines of a text."""
MAX_LINE = 1 << 30


class Unsupported(ValueError):
    """This filter, or this option of it, is not one of ours. The text names it."""


@dataclass(frozen=True, slots=True)
class _Options:
    """Short options of a filter: flags, values, and what is left."""

    flags: frozenset[str]
    values: dict[str, str]
    rest: tuple[str, ...]
    patterns: tuple[str, ...] = ()


def apply(text: str, filters: Sequence[Sequence[str]]) -> tuple[str, str]:
    """The text after the filters, and a note on what they did ("" when there is nothing to say).

    Raises nothing: a filter that is not ours is left out, and the note says so.
    """
    notes: list[str] = []
    for argv in filters:
        before = text
        try:
            text = _made(list(argv))(text)
        except Unsupported as unknown:
            notes.append(f"not applied: {unknown}")
            continue
        if argv[0] in _SEARCHES and before.strip() and not text.strip():
            notes.append(f"no line matches {' '.join(argv)}")
    return text, "; ".join(notes)


def supported(argv: Sequence[str]) -> bool:
    """Whether `apply` can do this filter, with these options."""
    try:
        _made(list(argv))
    except Unsupported:
        return False
    return True


def _made(argv: list[str]) -> Callable[[str], str]:
    name = argv[0].rsplit("/", 1)[-1] if argv else ""
    maker = _FILTERS.get(name)
    if maker is None:
        raise Unsupported(f"`{name}` is no filter that is known here")
    return maker([name, *argv[1:]])


def _by_lines(change: Callable[[Lines], Lines]) -> Callable[[str], str]:
    def over(text: str) -> str:
        lines = change(text.split("\n")[: -1 if text.endswith("\n") else None] if text else [])
        return "\n".join(lines) + ("\n" if lines else "")

    return over


def _options(argv: Sequence[str], flags: str, valued: str, long: dict[str, str] | None = None) -> _Options:
    """Read options as getopt does: `-in`, `-n 5`, `-n5`, `--lines=5`, `--`. Raises Unsupported for any other."""
    found, values, rest, patterns = set[str](), dict[str, str](), list[str](), list[str]()
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            rest.extend(words)
        elif word.startswith("--"):
            name, _, value = word[2:].partition("=")
            short = (long or {}).get(name)
            if short is None:
                raise Unsupported(f"`{argv[0]} {word}`")
            _take(short, value, argv[0], words, flags, valued, found, values, patterns)
        elif word.startswith("-") and len(word) > 1:
            _cluster(word[1:], argv[0], words, flags, valued, found, values, patterns)
        else:
            rest.append(word)
    return _Options(frozenset(found), values, tuple(rest), tuple(patterns))


def _cluster(
    letters: str,
    name: str,
    words: Iterator[str],
    flags: str,
    valued: str,
    found: set[str],
    values: dict[str, str],
    patterns: list[str],
) -> None:
    if letters.isdigit() and "n" in valued:  # head -5
        values["n"] = letters
        return
    for at, letter in enumerate(letters):
        if letter in valued:
            _take(letter, letters[at + 1 :], name, words, flags, valued, found, values, patterns)
            return
        _take(letter, "", name, words, flags, valued, found, values, patterns)


def _take(
    letter: str,
    value: str,
    name: str,
    words: Iterator[str],
    flags: str,
    valued: str,
    found: set[str],
    values: dict[str, str],
    patterns: list[str],
) -> None:
    if letter in valued:
        text = value or next(words, None)
        if text is None:
            raise Unsupported(f"`{name} -{letter}` without a value")
        if letter == "e":
            patterns.append(text)
        values[letter] = text
    elif letter in flags:
        found.add(letter)
    else:
        raise Unsupported(f"`{name} -{letter}`")


def _number(options: _Options, letter: str, default: int) -> int:
    text = options.values.get(letter)
    if text is None:
        return default
    if not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise Unsupported(f"`{text}` as a number")
    return int(text)


def _no_files(argv: Sequence[str], options: _Options, allowed: int = 0) -> None:
    """A filter reads what comes before it. With a file it is another command."""
    if len(options.rest) > allowed and options.rest[allowed:] != ("-",):
        raise Unsupported(f"`{argv[0]}` of a file")


_GREP_LONG = {
    "ignore-case": "i",
    "invert-match": "v",
    "count": "c",
    "line-number": "n",
    "word-regexp": "w",
    "extended-regexp": "E",
    "fixed-strings": "F",
    "max-count": "m",
    "after-context": "A",
    "before-context": "B",
    "context": "C",
    "only-matching": "o",
    "quiet": "q",
    "color": "_",
    "colour": "_",
    "line-buffered": "_",
    "regexp": "e",
}


def _grep(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "ivcnwxEFGaqosh_I", "emABC", _GREP_LONG)
    patterns = options.patterns or options.rest[:1]
    if not patterns:
        raise Unsupported("`grep` without a pattern")
    _no_files(argv, options, 0 if options.patterns else 1)
    found = matcher_of(argv[0], patterns, options.flags)
    most = _number(options, "m", 0) or None
    around = _number(options, "C", 0)
    after, before = _number(options, "A", around), _number(options, "B", around)

    def search(lines: Lines) -> Lines:
        hits = [at for at, line in enumerate(lines) if found(line) != ("v" in options.flags)][:most]
        if "c" in options.flags:
            return [str(len(hits))]
        if "q" in options.flags:
            return []
        if "o" in options.flags:
            return [piece for at in hits for piece in pieces_of(argv[0], patterns, options.flags, lines[at])]
        return _with_context(lines, hits, before, after, "n" in options.flags)

    return _by_lines(search)


def _with_context(lines: Lines, hits: Sequence[int], before: int, after: int, numbered: bool) -> Lines:
    shown: Lines = []
    last = -1
    for at in hits:
        first = max(at - before, last + 1)
        if (before or after) and last >= 0 and first > last + 1:
            shown.append("--")
        for index in range(first, min(at + after + 1, len(lines))):
            if index > last:
                shown.append(f"{index + 1}:{lines[index]}" if numbered else lines[index])
                last = index
    return shown


def matcher_of(program: str, patterns: Sequence[str], flags: frozenset[str]) -> Callable[[str], bool]:
    """Whether a line matches, as grep, egrep or fgrep with these flags would say.

    Raises Unsupported, and so does the answer where the search would take too long: a pattern holds up the whole
    process while it is looked for.
    """
    compiled = _compiled(program, patterns, flags)
    parts = _parts_of(compiled)
    if parts is not None:
        return lambda line: _holds_in_order(parts, line)
    limit, spent = _looked_at(compiled.pattern), 0.0

    def found(line: str) -> bool:
        nonlocal spent
        began = time.perf_counter()
        hit = compiled.search(line[:limit]) is not None
        spent += time.perf_counter() - began
        if not hit and limit < LONGEST_LINE and len(line) > limit:
            raise Unsupported("a pattern whose search takes too long in lines of this length")
        if spent > LONGEST_SEARCH:
            raise Unsupported("a pattern whose search took too long")
        return hit

    return found


def _looked_at(pattern: str) -> int:
    """How much of a line the search sees: its time grows with a power of the repetitions."""
    return (MAX_LINE, LONGEST_LINE, 500, 200)[min(_repetitions(pattern), 3)]


def _parts_of(compiled: re.Pattern[str]) -> list[re.Pattern[str]] | None:
    """`ERROR.*timeout.*db` as its parts, which can be looked for one after the other; None for any other shape."""
    whole = compiled.pattern.removeprefix("(?:").removesuffix(")")
    parts = whole.split(".*")
    if len(parts) == 1 or any(re.search(r"[\\()|*+?{\[^$]", part) for part in parts):
        return None
    return [re.compile(part, compiled.flags) for part in parts]


def _holds_in_order(parts: Sequence[re.Pattern[str]], line: str) -> bool:
    at = 0
    for part in parts:
        found = part.search(line, at)
        if found is None:
            return False
        at = found.end()
    return True


def pieces_of(program: str, patterns: Sequence[str], flags: frozenset[str], line: str) -> Lines:
    """The parts of a line that match (`grep -o`)."""
    compiled = _compiled(program, patterns, flags)
    found = compiled.finditer(line[: min(LONGEST_LINE, _looked_at(compiled.pattern))])
    return [match.group() for match in found if match.group()]


def _compiled(program: str, patterns: Sequence[str], flags: frozenset[str]) -> re.Pattern[str]:
    fixed = "F" in flags or program == "fgrep"
    extended = "E" in flags or program == "egrep"
    alternatives = [one for pattern in patterns for one in pattern.split("\n")]
    sources = [re.escape(one) if fixed else regex_of(one, extended=extended) for one in alternatives]
    whole = "|".join(f"(?:{source})" for source in sources)
    if "x" in flags:
        whole = rf"\A(?:{whole})\Z"
    elif "w" in flags:
        whole = rf"(?<!\w)(?:{whole})(?!\w)"
    try:
        return re.compile(whole, re.IGNORECASE if "i" in flags else 0)
    except (re.error, RecursionError, OverflowError) as wrong:
        raise Unsupported(f"the pattern `{' '.join(patterns)[:80]}`") from wrong


_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
}


def regex_of(pattern: str, *, extended: bool) -> str:
    """A POSIX pattern in Python's spelling. Raises Unsupported for back references and nested repetitions.

    In the basic form `\\|`, `\\(`, `\\{`, `\\+`, `\\?` are the operators and the bare characters mean themselves.
    """
    made, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            end = _end_of_set(pattern, at)
            made += _set_of(pattern[at:end])
            at = end
        elif char == "\\" and at + 1 < len(pattern):
            made += _escaped(pattern[at + 1], extended)
            at += 2
        else:
            made += _plain(char, extended, at_start=not made or made.endswith(("(", "|")))
            at += 1
    if _may_explode(made) or _repetitions(made) > MOST_REPETITIONS or _bare(made).count("?") > MOST_OPTIONS:
        raise Unsupported("a pattern whose search could take for ever")
    return made


def _escaped(char: str, extended: bool) -> str:
    if char in "|(){}+?" and not extended:
        return char
    if char in "wWsSbBd<>":
        return {"<": r"\b", ">": r"\b"}.get(char, "\\" + char)
    if char.isdigit():
        raise Unsupported("a back reference in a pattern")
    return re.escape(char)


def _plain(char: str, extended: bool, *, at_start: bool) -> str:
    if char in "|(){}+?" and not extended:
        return "\\" + char
    if char in "*+?" and at_start:
        return "\\" + char
    return char


def _end_of_set(pattern: str, start: int) -> int:
    at = start + 1
    if pattern[at : at + 1] == "^":
        at += 1
    if pattern[at : at + 1] == "]":
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        at = pattern.find(":]", at) + 2 if pattern.startswith("[:", at) and pattern.find(":]", at) > 0 else at + 1
    if at >= len(pattern):
        raise Unsupported("an open bracket in a pattern")
    return at + 1


def _set_of(text: str) -> str:
    inner = re.sub(r"\[:(\w+):\]", lambda match: "\0" + match[1] + "\0", text[1:-1])
    negated = inner.startswith("^")
    inner = inner[negated:].replace("\\", "\\\\").replace("[", "\\[")
    if inner.startswith("]"):
        inner = "\\" + inner
    for name, span in _CLASSES.items():
        inner = inner.replace(f"\0{name}\0", span)
    return f"[{'^' * negated}{inner}]"


def _bare(pattern: str) -> str:
    """The pattern with what stands for one character replaced by a letter."""
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern)


def _repetitions(pattern: str) -> int:
    """How many parts of the pattern may stand there in many lengths."""
    return len(re.findall(r"[*+]|\{\d*,\d*\}", _bare(pattern).replace("(?:", "(")))


def _may_explode(pattern: str) -> bool:
    """Whether a group that repeats holds a repetition or a choice: that can take for ever on one line."""
    depth_repeats: list[bool] = []
    skipped = _bare(pattern)
    for at, char in enumerate(skipped):
        if char == "(":
            depth_repeats.append(False)
        elif char == ")" and depth_repeats:
            inner = depth_repeats.pop()
            if inner and skipped[at + 1 : at + 2] in ("*", "+", "{"):
                return True
            if depth_repeats:
                depth_repeats[-1] = depth_repeats[-1] or inner or skipped[at + 1 : at + 2] in ("*", "+", "{")
        elif char in "*+{|?" and depth_repeats:
            depth_repeats[-1] = True
    return False


def _head(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "q", "nc", {"lines": "n", "bytes": "c", "quiet": "q"})
    _no_files(argv, options)
    if "c" in options.values:
        size = _number(options, "c", 0)
        return lambda text: text[:size]
    count = _number(options, "n", 10)
    return _by_lines(lambda lines: lines[:count])


def _tail(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "qfF", "nc", {"lines": "n", "bytes": "c", "follow": "f", "quiet": "q"})
    _no_files(argv, options)
    if "c" in options.values:
        size = abs(_number(options, "c", 0))
        return lambda text: text[-size:] if size else ""
    count, written = _number(options, "n", 10), options.values.get("n", "")
    if written.startswith("+"):
        return _by_lines(lambda lines: lines[max(count - 1, 0) :])
    return _by_lines(lambda lines: lines[-abs(count) :] if count else [])


def _wc(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "lwcmL", "", {"lines": "l", "words": "w", "bytes": "c", "chars": "m"})
    _no_files(argv, options)
    wanted = options.flags or frozenset("lwc")

    def count(text: str) -> str:
        counts = {
            "l": text.count("\n") + bool(text and not text.endswith("\n")),
            "w": len(text.split()),
            "m": len(text),
            "c": len(text.encode()),
            "L": max(map(len, text.split("\n"))),
        }
        return " ".join(str(counts[letter]) for letter in "lwmcL" if letter in wanted) + "\n"

    return count


def _sort(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "nrufhbVs", "kt", {"numeric-sort": "n", "reverse": "r", "unique": "u"})
    _no_files(argv, options)
    column = options.values.get("k", "")
    modes = options.flags | set(re.sub(r"[\d.,]", "", column))
    field = int(re.match(r"\d+", column)[0]) if re.match(r"\d+", column) else 0  # type: ignore[index]
    separator = options.values.get("t")

    def key(line: str) -> Any:
        text = " ".join(_fields(line, separator)[field - 1 :]) if field else line
        if modes & set("nh"):
            return _amount(text), text
        return text.lower() if "f" in modes else text

    def order(lines: Lines) -> Lines:
        made = sorted(lines, key=key, reverse="r" in modes)
        return list(dict.fromkeys(made)) if "u" in modes else made

    return _by_lines(order)


def _amount(text: str) -> float:
    number = re.match(r"\s*(-?\d+(?:\.\d+)?)\s*([kKMGTP]?)", text)
    return float(number[1]) * 1024 ** " KMGTP".index(number[2].upper() or " ") if number else 0.0


def _uniq(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "cdui", "", {"count": "c", "repeated": "d", "unique": "u", "ignore-case": "i"})
    _no_files(argv, options)

    def fold(lines: Lines) -> Lines:
        groups = [list(group) for _, group in groupby(lines, key=str.lower if "i" in options.flags else None)]
        if "d" in options.flags:
            groups = [group for group in groups if len(group) > 1]
        if "u" in options.flags:
            groups = [group for group in groups if len(group) == 1]
        return [f"{len(group):7d} {group[0]}" if "c" in options.flags else group[0] for group in groups]

    return _by_lines(fold)


def _cut(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "s", "dfcb", {"delimiter": "d", "fields": "f", "characters": "c", "only-delimited": "s"})
    _no_files(argv, options)
    chosen = _spans(options.values.get("f") or options.values.get("c") or options.values.get("b") or "")
    separator = options.values.get("d", "\t")

    def pick(line: str) -> str:
        if "f" not in options.values:
            return "".join(char for at, char in enumerate(line, 1) if chosen(at))
        if separator not in line:
            return "" if "s" in options.flags else line
        return separator.join(part for at, part in enumerate(line.split(separator), 1) if chosen(at))

    return _by_lines(lambda lines: [pick(line) for line in lines if "s" not in options.flags or separator in line])


def _spans(text: str) -> Callable[[int], bool]:
    if not re.fullmatch(r"(?:\d*-?\d*)(?:,\d*-?\d*)*", text) or not re.search(r"\d", text):
        raise Unsupported(f"`cut` of `{text}`")
    spans = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        spans.append((int(first or 1), int(last) if last else (10**9 if dash else int(first or 1))))
    return lambda at: any(first <= at <= last for first, last in spans)


_AWK = re.compile(
    r"""\A\s*(?:(?:NR\s*(?P<cmp>==|>|>=)\s*(?P<row>\d+))|/(?P<pattern>[^/]+)/)?\s*
    \{\s*print\s*(?P<what>[^{}|<>;()]*?)\s*;?\s*\}\s*\Z""",
    re.VERBOSE,
)


def _awk(argv: Sequence[str]) -> Callable[[str], str]:
    """Only `[NR==n|NR>n|/pattern/] {print $1, "text", $NF}`: what documents use it for."""
    options = _options(argv, "", "F")
    if len(options.rest) != 1:
        raise Unsupported("`awk` of a file")
    program = _AWK.match(options.rest[0])
    if program is None:
        raise Unsupported(f"the awk program `{options.rest[0][:80]}`")
    pieces = [_awk_piece(piece.strip()) for piece in re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", program["what"])]
    wanted = _awk_condition(program)
    separator = options.values.get("F")

    def pick(lines: Lines) -> Lines:
        rows = [(line, _fields(line, separator)) for at, line in enumerate(lines, 1) if wanted(at, line)]
        return [" ".join(piece(line, fields) for piece in pieces) for line, fields in rows]

    return _by_lines(pick)


def _awk_condition(program: re.Match[str]) -> Callable[[int, str], bool]:
    if program["row"]:
        row, comparison = int(program["row"]), program["cmp"]
        return lambda at, _: at == row if comparison == "==" else at >= row if comparison == ">=" else at > row
    if program["pattern"]:
        found = matcher_of("egrep", [program["pattern"]], frozenset())
        return lambda _, line: found(line)
    return lambda at, line: True


def _awk_piece(text: str) -> Callable[[str, Lines], str]:
    parts = re.findall(r"\"[^\"]*\"|\$NF|\$\d+|\S+", text)
    made = [_awk_atom(part) for part in parts] or [lambda line, fields: line]
    return lambda line, fields: "".join(atom(line, fields) for atom in made)


def _awk_atom(part: str) -> Callable[[str, Lines], str]:
    if part.startswith('"') and part.endswith('"') and len(part) > 1:
        return lambda line, fields: part[1:-1]
    if part == "$NF":
        return lambda line, fields: fields[-1] if fields else ""
    if re.fullmatch(r"\$\d{1,4}", part):
        at = int(part[1:])
        return lambda line, fields: line if at == 0 else fields[at - 1] if at <= len(fields) else ""
    raise Unsupported(f"`{part}` in an awk program")


def _fields(line: str, separator: str | None) -> Lines:
    return line.split(separator) if separator and separator != " " else line.split()


def _tr(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "dsc", "")
    sets = [_characters(text) for text in options.rest]
    if len(sets) != (1 if options.flags & {"d", "s"} else 2) or "c" in options.flags or not all(sets):
        raise Unsupported("this form of `tr`")
    if "d" in options.flags:
        return lambda text: text.translate({ord(char): None for char in sets[0]})
    if "s" in options.flags:
        return lambda text: re.sub(f"([{re.escape(sets[0])}])\\1+", r"\1", text)
    to = sets[1].ljust(len(sets[0]), sets[1][-1])
    table = {ord(a): b for a, b in zip(sets[0], to, strict=False)}
    return lambda text: text.translate(table)


def _characters(text: str) -> str:
    for name, span in (("upper", "A-Z"), ("lower", "a-z"), ("digit", "0-9"), ("space", " \t\n\r")):
        text = text.replace(f"[:{name}:]", span)
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
    return re.sub(r"(\w)-(\w)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), text)


_JQ_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_]\w*)|\.?\[\s*(?:(?P<at>-?\d+)|"(?P<key>[^"]*)"|)\s*\]|\."(?P<quoted>[^"]*)\""""
)


def _jq(argv: Sequence[str]) -> Callable[[str], str]:
    """Paths (`.a.b[0]`, `.[].name`), `length`, `keys`, and these after one another."""
    options = _options(argv, "rcMCeSs", "", {"raw-output": "r", "compact-output": "c", "exit-status": "e"})
    if len(options.rest) > 1:
        raise Unsupported("`jq` of a file")
    stages = [_jq_stage(stage.strip()) for stage in (options.rest[0] if options.rest else ".").split("|")]

    def query(text: str) -> str:
        try:
            values = _documents(text)
            for stage in stages:
                values = [made for value in values for made in stage(value)]
        except (ValueError, RecursionError, TypeError, KeyError, IndexError) as wrong:
            return f"{text}\n[jq: {type(wrong).__name__}: this is not the JSON that was asked for]\n"
        return "".join(_jq_shown(value, options.flags) + "\n" for value in values)

    return query


def _documents(text: str) -> list[Any]:
    """One JSON value, or several one after the other, as a loop over services prints them."""
    decoder, at, found = json.JSONDecoder(), 0, list[Any]()
    while at < len(text):
        rest = text[at:].lstrip()
        if not rest:
            break
        value, used = decoder.raw_decode(rest)
        found.append(value)
        at = len(text) - len(rest) + used
    return found


def _jq_shown(value: Any, flags: frozenset[str]) -> str:
    if isinstance(value, str) and "r" in flags:
        return value
    separators = (",", ":") if "c" in flags else None
    return json.dumps(value, indent=None if "c" in flags else 2, separators=separators, ensure_ascii=False)


def _jq_stage(text: str) -> Callable[[Any], list[Any]]:
    if text == ".":
        return lambda value: [value]
    if text == "length":
        return lambda value: [0 if value is None else len(value)]
    if text == "keys":
        return lambda value: [sorted(value) if isinstance(value, dict) else list(range(len(value)))]
    steps, at = list[re.Match[str]](), 0
    while at < len(text):
        step = _JQ_STEP.match(text, at)
        if step is None:
            raise Unsupported(f"the jq program `{text[:80]}`")
        steps.append(step)
        at = step.end() + (text[step.end() : step.end() + 1] == "?")
    return lambda value: _jq_walk(value, steps)


def _jq_walk(value: Any, steps: Sequence[re.Match[str]]) -> list[Any]:
    values = [value]
    for step in steps:
        name = next((step[group] for group in ("name", "key", "quoted") if step[group] is not None), None)
        if name is not None:
            values = [None if one is None else one.get(name) for one in map(_mapping, values)]
        elif step["at"] is not None:
            at = int(step["at"])
            values = [one[at] if -len(one) <= at < len(one) else None for one in values]
        else:
            values = [inner for one in values for inner in (one.values() if isinstance(one, dict) else one)]
    return values


def _mapping(value: Any) -> dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return value
    raise TypeError("no object")


def _cat(argv: Sequence[str]) -> Callable[[str], str]:
    options = _options(argv, "nAvb", "")
    _no_files(argv, options)
    if options.flags & {"n", "b"}:
        return _by_lines(lambda lines: [f"{at:6d}\t{line}" for at, line in enumerate(lines, 1)])
    return lambda text: text


def _passed(argv: Sequence[str]) -> Callable[[str], str]:
    """Pagers and pretty-printers: what they get is what is shown."""
    return lambda text: text


def _json_tool(argv: Sequence[str]) -> Callable[[str], str]:
    if list(argv[1:]) != ["-m", "json.tool"]:
        raise Unsupported(f"`{' '.join(argv)[:80]}`")
    return _jq(["jq", "."])


_SEARCHES = frozenset({"grep", "egrep", "fgrep"})
_FILTERS: dict[str, Callable[[Sequence[str]], Callable[[str], str]]] = {
    "grep": _grep,
    "egrep": _grep,
    "fgrep": _grep,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "sort": _sort,
    "uniq": _uniq,
    "cut": _cut,
    "awk": _awk,
    "tr": _tr,
    "jq": _jq,
    "cat": _cat,
    "less": _passed,
    "more": _passed,
    "python": _json_tool,
    "python3": _json_tool,
}
