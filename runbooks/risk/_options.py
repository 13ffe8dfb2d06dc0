"""Options and verbs as data.

A tool's options are written as one string: `"a l human-readable I= ignore="`; a name of one letter is a short option,
`=` says that it takes a value, `=?` that the value may stand only in the same word. A table of verbs is a text of
lines, `verb words`, two or more spaces, and the end of the sentence that begins with the verb; `a|b` are two spellings
of a word, `a b, c` two verbs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from runbooks.document import Risk
from runbooks.risk._verdict import Arg, Edit, Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown


def names(text: str) -> frozenset[str]:
    """The words of a text, for tables that are easier to extend as text."""
    return frozenset(text.split())


@cache
def option_names(spec: str) -> Mapping[str, str]:
    """Name -> "" (no value), "=" (takes one), "=?" (may have one attached)."""
    found: dict[str, str] = {}
    for item in spec.split():
        name, sign, rest = item.partition("=")
        found[name] = sign + rest
    return found


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    value: Arg | None
    attached: str | None
    index: int
    """Of the argument that names it."""

    @property
    def text(self) -> str | None:
        return self.attached if self.attached is not None else self.value.text if self.value else None


@dataclass(slots=True)
class Parsed:
    options: list[Option] = field(default_factory=list)
    operands: list[Arg] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    """Argument index of each operand."""
    strange: list[str] = field(default_factory=list)
    """Options that are not in the specification."""

    def has(self, *names: str) -> bool:
        return any(option.name in names for option in self.options)

    def get(self, *names: str) -> Option | None:
        return next((option for option in self.options if option.name in names), None)


def parsed(args: tuple[Arg, ...], spec: str, *, single: bool = False, stop_at_operand: bool = False) -> Parsed:
    """Arguments sorted into options and operands, getopt's way; `single` is for tools with `-name` options.

    A quoted or half-variable word that begins with a dash is an option like any other. Braces that could become
    options make the word strange.
    """
    names = option_names(spec)
    found = Parsed()
    index = 0
    while index < len(args):
        arg = args[index]
        text = arg.text
        if arg.braces and (text.startswith(("-", "{")) or "-" in text.partition("{")[0][:1]):
            found.strange.append(text)
        elif text == "--" and not single:
            for later in range(index + 1, len(args)):
                found.operands.append(args[later])
                found.at.append(later)
            break
        elif not text.startswith("-") or text == "-":
            found.operands.append(arg)
            found.at.append(index)
            if stop_at_operand:
                for later in range(index + 1, len(args)):
                    found.operands.append(args[later])
                    found.at.append(later)
                break
        elif text.startswith("--") or single:
            index = _long(args, index, names, found)
        else:
            index = _short(args, index, names, found)
        index += 1
    return found


def _long(args: tuple[Arg, ...], index: int, names: Mapping[str, str], found: Parsed) -> int:
    name, sign, attached = args[index].text.lstrip("-").partition("=")
    kind = names.get(name)
    if kind is None:
        found.strange.append(args[index].text)
    if sign:
        found.options.append(Option(name, None, attached, index))
    elif kind == "=" and index + 1 < len(args):
        found.options.append(Option(name, args[index + 1], None, index))
        return index + 1
    else:
        found.options.append(Option(name, None, None, index))
    return index


def _short(args: tuple[Arg, ...], index: int, names: Mapping[str, str], found: Parsed) -> int:
    text = args[index].text
    for at in range(1, len(text)):
        name = text[at]
        kind = names.get(name)
        if kind is None:
            found.strange.append(f"-{name}")
        rest = text[at + 1 :]
        if kind == "=" and not rest and index + 1 < len(args):
            found.options.append(Option(name, args[index + 1], None, index))
            return index + 1
        if kind in ("=", "=?") and rest:
            found.options.append(Option(name, None, rest, index))
            return index
        found.options.append(Option(name, None, None, index))
    return index


def table(text: str) -> dict[tuple[str, ...], str]:
    """`verb words, other verb  phrase` lines as a mapping. Alternatives for a word are written `ls|list`."""
    found: dict[tuple[str, ...], str] = {}
    for line in text.strip().splitlines():
        if not line.strip():
            continue
        verbs, phrase = re.split(r"\s{2,}", line.strip(), maxsplit=1)
        for verb in verbs.split(", "):
            for words in _spelled(verb.split()):
                found[words] = phrase
    return found


def _spelled(words: list[str]) -> Iterator[tuple[str, ...]]:
    if not words:
        yield ()
        return
    for first in words[0].split("|"):
        for rest in _spelled(words[1:]):
            yield (first, *rest)


Special = Callable[[Invocation, int], Verdict]
"""Judges an invocation whose verb ends before argument `index`."""


@dataclass(frozen=True)
class Verbs:
    """A tool that is driven by verbs: `docker ps`, `kubectl rollout status`.

    `options` are those that may stand before the verb. `writing` are options that make any reading verb write,
    wherever they stand. `strict` gives, per verb, the only options a reading verb may have. `special` judges verbs
    that need a closer look. `bare` is the verdict without any verb.
    """

    tool: str
    reads: str = ""
    changes: str = ""
    destroys: str = ""
    asks: str = ""
    leaks: str = ""
    options: str = ""
    writing: str = ""
    special: Mapping[str, Special] = field(default_factory=dict)
    bare: Verdict | None = None
    single: bool = False
    entries: dict[tuple[str, ...], tuple[Risk, str, bool]] = field(init=False)
    specials: dict[tuple[str, ...], Special] = field(init=False)

    def __post_init__(self) -> None:
        entries: dict[tuple[str, ...], tuple[Risk, str, bool]] = {}
        for risk, text, leaks in (
            (Risk.READ_ONLY, self.reads, False),
            (Risk.READ_ONLY, self.leaks, True),
            (Risk.MUTATING, self.changes, False),
            (Risk.DESTRUCTIVE, self.destroys, False),
            (Risk.INTERACTIVE, self.asks, False),
        ):
            for words, phrase in table(text).items():
                entries[words] = (risk, phrase, leaks)
        specials = {
            words: judge
            for verbs, judge in self.special.items()
            for verb in verbs.split(", ")
            for words in _spelled(verb.split())
        }
        object.__setattr__(self, "entries", entries)
        object.__setattr__(self, "specials", specials)
        prefixes = {words[:length] for words in (*entries, *specials) for length in range(len(words))}
        object.__setattr__(self, "_prefixes", prefixes)

    _prefixes: frozenset[tuple[str, ...]] = field(init=False, default=frozenset())

    def __call__(self, call: Invocation) -> Verdict:
        if _asks_for_help(call) and (call.args[0].text,) not in (*self.entries, *self.specials):
            return reads(f"{self.tool} prints its help or version")
        words, index, strange = self._verb(call)
        if strange:
            return unknown(f"{self.tool} has an option we do not know: {shown(strange)}")
        if not words:
            return self._without_verb(call, index)
        if words in self._prefixes and words not in self.specials and _is_word(call, index):
            return unknown(f"unknown command: {self.tool} {' '.join(words)} {shown(call.args[index].text)}")
        for length in range(len(words), 0, -1):
            known = words[:length]
            if known in self.specials:
                return self.specials[known](call, index - (len(words) - length))
            if known in self.entries:
                return self._verdict(call, known, index)
        return unknown(f"unknown command: {self.tool} {shown(' '.join(words))}")

    def _without_verb(self, call: Invocation, index: int) -> Verdict:
        if index < len(call.args):
            return unknown(f"unknown command: {self.tool} {shown(call.args[index].text)}")
        return self.bare or reads(f"{self.tool} without a verb prints its help")

    def _verb(self, call: Invocation) -> tuple[tuple[str, ...], int, str]:
        """The verb's words, the index after them, and the option that was not understood."""
        names = option_names(self.options)
        words: tuple[str, ...] = ()
        index = 0
        args = call.args
        while index < len(args):
            arg = args[index]
            if arg.text.startswith("-") and len(arg.text) > 1:
                name, sign, _ = arg.text.lstrip("-").partition("=")
                kind = names.get(name)
                if kind is None and not arg.text.startswith("--") and not self.single and len(name) > 1:
                    kind = "" if names.get(name[0]) == "=" else None
                if kind is None:
                    if words in self.entries or words in self.specials:
                        break
                    return words, index, arg.text
                index += 2 if kind == "=" and not sign else 1
                continue
            longer = (*words, arg.text)
            if arg.value is None or arg.globs or arg.braces:
                break
            if longer in self._prefixes or longer in self.entries or longer in self.specials:
                words = longer
                index += 1
                if longer not in self._prefixes:
                    break
                continue
            if not words:
                return (arg.text,), index + 1, ""
            if words not in self.entries and words not in self.specials:
                return longer, index + 1, ""
            break
        return words, index, ""

    def _verdict(self, call: Invocation, words: tuple[str, ...], index: int) -> Verdict:
        risk, phrase, leaks = self.entries[words]
        reason = f"{self.tool} {' '.join(words)} {phrase}"
        if risk is Risk.READ_ONLY:
            writing = written_by(call.args, self.writing)
            if writing:
                return unknown(f"{self.tool} {' '.join(words)} with {writing} writes")
            return _ended(call, index, reads(reason, leaks=leaks))
        return Verdict(risk, reason)


def _is_word(call: Invocation, index: int) -> bool:
    return index < len(call.args) and not call.args[index].text.startswith("-")


def _ended(call: Invocation, index: int, verdict: Verdict) -> Verdict:
    """`--watch` and `--follow` make a reader of any tool endless; without them it ends."""
    at = [
        place for place in range(index, len(call.args)) if call.texts[place] in ("--watch", "--follow", "--watch=true")
    ]
    if not at:
        return verdict
    edits = tuple(call.without(place) for place in at)
    return Verdict(verdict.risk, f"{verdict.reason} again and again", True, edits, verdict.leaks)


def shown(text: str) -> str:
    """Text for a reason: holes named, cut to a readable length."""
    text = text.replace("\x00", "…").replace("\n", " ")
    return text if len(text) <= 40 else text[:37] + "..."


def written_by(args: Iterable[Arg], spec: str) -> str:
    """The first argument that is one of these options, however spelled; "" when none is."""
    names = option_names(spec)
    if not names:
        return ""
    for arg in args:
        text = arg.text
        if text.startswith("--"):
            name = text[2:].partition("=")[0]
            if name and any(one.startswith(name) and len(one) > 1 for one in names):
                return text.partition("=")[0]
        elif text.startswith("-") and len(text) > 1:
            bare = text[1:].partition("=")[0]
            if bare in names or any(letter in names for letter in text[1:] if letter.isalpha()):
                return text
        if arg.braces and "-" in text:
            return text
    return ""


def _asks_for_help(call: Invocation) -> bool:
    texts = call.texts
    return len(texts) == 1 and texts[0] in ("--help", "--version", "-version", "help", "version", "-h", "-V", "-v")


def reader(
    does: str, *, options: str | None = None, writing: str = "", leaks: bool = False, single: bool = False
) -> Judge:
    """A tool that only reads. With `options`, any other option is refused; `writing` are refused by name."""

    def judge(call: Invocation) -> Verdict:
        if written := written_by(call.args, writing):
            return unknown(f"{call.name} with {shown(written)} writes")
        if options is not None:
            found = parsed(call.args, options + " help version", single=single)
            if found.strange:
                return unknown(f"{call.name} has an option we do not know: {shown(found.strange[0])}")
        return reads(f"{call.name} {does}", leaks=leaks)

    return judge


def changer(does: str) -> Judge:
    return lambda call: reads_help(call) or changes(f"{call.name} {does}")


def destroyer(does: str) -> Judge:
    return lambda call: reads_help(call) or destroys(f"{call.name} {does}")


def asker(does: str) -> Judge:
    return lambda call: reads_help(call) or asks(f"{call.name} {does}")


def reads_help(call: Invocation) -> Verdict | None:
    if len(call.args) == 1 and call.args[0].text in ("--help", "--version"):
        return reads(f"{call.name} {call.args[0].text} prints text")
    return None


def unfollowed(
    call: Invocation,
    index: int,
    follow: str = "f follow",
    bound: str = "--tail 200",
    limits: str = "tail n",
    valued: str = "",
) -> tuple[bool, tuple[Edit, ...]]:
    """Whether a log is followed, and the edits that make it end and keep it short.

    `follow` are the options that make it endless, `limits` those that already bound it, `valued` other short options
    whose value may stand in the same word.
    """
    names, bounded = option_names(follow), option_names(limits)
    holding = {**bounded, **option_names(valued)}
    edits: list[Edit] = []
    follows, limited = False, False
    for at in range(index, len(call.args)):
        text = call.args[at].text
        name, _, value = text.lstrip("-").partition("=")
        if text.startswith("--"):
            if name in names and value != "false":
                follows = True
                edits.append(call.without(at))
            limited = limited or (name in bounded and value not in ("-1", "all"))
        elif text.startswith("-") and len(text) > 1:
            limited = limited or text[1] in bounded or name in bounded
            kept = _without_letters(text[1:], names, holding)
            if kept != text[1:]:
                follows = True
                edits.append(call.instead(at, f"-{kept}") if kept else call.without(at))
    if not limited and bound:
        edits.append(call.put(index, bound))
    return follows, tuple(edits)


def _without_letters(letters: str, names: Mapping[str, str], valued: Mapping[str, str]) -> str:
    """A cluster of short options without those in `names`; what follows a valued one is its value and stays."""
    kept = ""
    for at, letter in enumerate(letters):
        if letter in valued or not letter.isalpha():
            return kept + letters[at:]
        if letter not in names:
            kept += letter
    return kept
