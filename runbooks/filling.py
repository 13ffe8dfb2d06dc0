"""Putting values into the arguments of a call, never into its text.

A call was parsed before any value was known, so a value can become a part of one argument and nothing else. On top of
that each place says what may stand there: values that came with an alert or from a person never reach SQL text, the
host of an address, or a shell; nobody's value becomes the name of a program, a piece of code, or an option.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from incidents.errors import Rejected
from incidents.inventory import REFERENCE
from runbooks.variables import checked, name_of, names_for, shown, standing_alone

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?|\d{1,18}")
_WORDLIKE = re.compile(r"[\w./:=@,+%<>{}\[\]$ -]*")
_VARIABLE = r"\$\{(?P<variable>[A-Za-z_]\w*)\}"


class Place(Enum):
    """Where a value would stand."""

    WORD = "one word of a command"
    TEXT = "a text that is data"
    HEADER = "the value of a header or variable, where a secret of the environment may stand"
    HOST = "the host of an address"
    SQL = "SQL text"
    FIXED = "the name of a program or command"


class Unfilled(Exception):
    """Values are missing or may not stand where they are wanted. The text is for a person."""


@dataclass(frozen=True, slots=True)
class Value:
    """`own` values come from the inventory, the others with an alert or from a person."""

    text: str
    own: bool

    @property
    def is_reference(self) -> bool:
        return REFERENCE.fullmatch(self.text) is not None


class Values:
    """The values that one command may use: those of the inventory first, then those that came along."""

    def __init__(self, own: Mapping[str, str], given: Mapping[str, str]) -> None:
        self._own = own
        self._given = given

    def of(self, written: str) -> Value | None:
        """The value for a placeholder or variable, checked. Rejected when there is one that is not allowed."""
        name = name_of(written)
        for candidate in (written, name):
            if candidate in self._own:
                text = self._own[candidate]
                return Value(text if REFERENCE.fullmatch(text) else checked(name, text), own=True)
        for candidate in names_for(written):
            if candidate in self._given:
                return Value(checked(name, self._given[candidate]), own=False)
        return None


class Filler:
    """Fills the placeholders of one command into its arguments.

    `written` are the placeholders as they stand in the document; raises Unfilled at once when one has no value.
    """

    def __init__(self, written: Iterable[str], values: Values) -> None:
        self._values = values
        self._known = {one: value for one in written if (value := self._value(one)) is not None}
        missing = [one for one in written if one not in self._known]
        if missing:
            raise Unfilled(needs(missing))
        choices = [standing_alone(one) for one in sorted(self._known, key=len, reverse=True)]
        self._pattern = re.compile("|".join([_VARIABLE, *choices]))

    def put(self, text: str, place: Place) -> str:
        """`text` with its values in. Raises Unfilled where they may not stand."""
        return self._pattern.sub(lambda found: self._put(found, text, place), text)

    def is_fixed(self, text: str) -> bool:
        """Whether nothing has to be filled in."""
        return self._pattern.search(text) is None

    def is_told(self, text: str) -> bool:
        """Whether a value that came with an alert or from a person would become part of it."""
        found = (match["variable"] or match[0] for match in self._pattern.finditer(text))
        values = (self._known.get(written) or self._value(written) for written in found)
        return any(value is not None and not value.own for value in values)

    def value(self, name: str) -> Value | None:
        return self._value(name)

    def _value(self, written: str) -> Value | None:
        try:
            return self._values.of(written)
        except Rejected as refused:
            raise Unfilled(str(refused)) from None

    def _put(self, found: re.Match[str], text: str, place: Place) -> str:
        written = found["variable"] or found[0]
        value = self._known.get(written) or self._value(written)
        if value is None:
            raise Unfilled(needs([written]))
        _allow(written, value, text, place)
        prefix = found[0].partition("=")[0] + "=" if found[0].startswith("--") else ""
        return prefix + value.text


def needs(written: Iterable[str]) -> str:
    """What a person is told about values that are missing."""
    names = [shown(name_of(one)) for one in dict.fromkeys(written)]
    return f"no value for {', '.join(names)} in the inventory's vars"


def _allow(written: str, value: Value, text: str, place: Place) -> None:
    name = shown(name_of(written))
    if place is Place.FIXED:
        raise Unfilled(f"{name} stands where the name of a program should; a value never becomes that")
    if place in (Place.HOST, Place.SQL) and not value.own:
        raise Unfilled(f"{name} would become {place.value}, and only the inventory's vars may do that")
    if value.is_reference and place is not Place.HEADER:
        raise Unfilled(f"{name} is a secret of the environment, and it may only stand in a header or a variable")
    if place is Place.SQL and not _IDENTIFIER.fullmatch(value.text):
        raise Unfilled(f"the value for {name} would become SQL text and is neither a name nor a number")
    if place is Place.WORD and not _WORDLIKE.fullmatch(text):
        raise Unfilled(f"{name} stands inside code, where a value could be read as code")
