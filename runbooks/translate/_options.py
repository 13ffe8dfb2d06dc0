"""Reading the options of a command line by a table of those that are known.

What is not in the table makes the whole reading fail: a flag nobody here knows could change what the command means,
and then it has no native form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Known:
    """The options a tool may have here: `switches` stand alone, `valued` take a value, `ignored` and `ignored_valued`
    change nothing that matters (colours, silence, paging) and are dropped.

    Names are written with their dashes. Short switches may be joined (`-la`) unless `joined` is false, short options
    may have their value glued on (`-n50`). With `stop`, options end at the first operand.
    """

    switches: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    ignored_valued: frozenset[str] = frozenset()
    joined: bool = True
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """What stood on a command line. Values are in the order given; `values["-x"]` of a switch is empty text."""

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    operands: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        return any(name in self.values for name in names)

    def all(self, *names: str) -> tuple[str, ...]:
        return tuple(value for name in names for value in self.values.get(name, ()))

    def last(self, *names: str) -> str | None:
        found = self.all(*names)
        return found[-1] if found else None


def known(
    switches: str = "",
    valued: str = "",
    ignored: str = "",
    ignored_valued: str = "",
    joined: bool = True,
    stop: bool = False,
) -> Known:
    """A table from words: `known("-a --all", "-n --tail")`."""
    return Known(
        frozenset(switches.split()),
        frozenset(valued.split()),
        frozenset(ignored.split()),
        frozenset(ignored_valued.split()),
        joined,
        stop,
    )


def words(text: str) -> frozenset[str]:
    """The words of `text`, for tables that are easier to read without quotes."""
    return frozenset(text.split())


def read(argv: Sequence[str], table: Known) -> Options | None:
    """The options and operands of `argv` (without the command's name), or None when one is not known."""
    return _Reading(table).of(list(argv))


class _Reading:
    def __init__(self, table: Known) -> None:
        self.table = table
        self.alone = table.switches | table.ignored
        self.with_value = table.valued | table.ignored_valued
        self.values: dict[str, list[str]] = {}
        self.operands: list[str] = []

    def of(self, words: list[str]) -> Options | None:
        place = 0
        while place < len(words):
            word = words[place]
            if word == "--":
                self.operands += words[place + 1 :]
                break
            if not word.startswith("-") or word == "-":
                if self.table.stop:
                    self.operands += words[place:]
                    break
                self.operands.append(word)
                place += 1
                continue
            taken = self._option(word, words[place + 1 : place + 2])
            if taken is None:
                return None
            place += 1 + taken
        return Options({name: tuple(values) for name, values in self.values.items()}, tuple(self.operands))

    def _option(self, word: str, following: list[str]) -> int | None:
        """How many further words an option took; None when it is not known."""
        if word in self.alone:
            return self._keep(word, "", 0)
        if word in self.with_value:
            return self._keep(word, following[0], 1) if following else None
        name, equals, value = word.partition("=")
        if equals and name in self.with_value and name.startswith("--"):
            return self._keep(name, value, 0)
        if word.startswith("--") or not self.table.joined:
            return None
        return self._joined(word[1:], following)

    def _joined(self, letters: str, following: list[str]) -> int | None:
        for place, letter in enumerate(letters):
            name = f"-{letter}"
            if name in self.alone:
                self._keep(name, "", 0)
                continue
            if name not in self.with_value:
                return None
            glued = letters[place + 1 :]
            if glued:
                return self._keep(name, glued, 0)
            return self._keep(name, following[0], 1) if following else None
        return 0

    def _keep(self, name: str, value: str, taken: int) -> int:
        if name in self.table.switches or name in self.table.valued:
            self.values.setdefault(name, []).append(value)
        return taken
