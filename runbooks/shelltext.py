"""A true shell line with its placeholders as variables, where that is safe.

Values reach the shell by its environment, as `"${RB_NAME}"`, which the shell does not read as code. In arithmetic, in
tests, in single quotes, in here-documents, in the code of an interpreter and in redirections it might, or would mean
something else; there, and where a program's name stands, nothing is put in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from runbooks import shell
from runbooks.filling import Filler, Place, Unfilled, Values, needs
from runbooks.positions import NETWORK_CLIENTS, places_in
from runbooks.variables import found_in, name_of, variables_of


class ShellText:
    """A shell line whose placeholders become checked variables. Only the inventory's own values may do that."""

    def __init__(self, text: str, values: Values) -> None:
        self.text = text
        self.values = values
        self.spots = found_in(text)

    def env(self) -> dict[str, str]:
        """Variables for the placeholders and for what the line reads and does not set itself."""
        wanted = {_variable(spot.written): spot.written for spot in self.spots}
        wanted |= {name: name for name in variables_of(self.text)}
        missing = [written for written in wanted.values() if self._of(written) is None]
        if missing:
            raise Unfilled(needs(missing))
        return {name: found for name, written in wanted.items() if (found := self._of(written)) is not None}

    def _of(self, written: str) -> str | None:
        filler = Filler((), self.values)
        value = filler.value(written)
        return value.text if value is not None else None

    def script(self) -> str:
        """The line with its placeholders as variables. Raises Unfilled where that would not be safe."""
        if not self.spots:
            return self.text
        self.env()
        marks = [f"mwspot{number}q" for number in range(len(self.spots))]
        quotes = self._quoting(marks)
        pieces: list[str] = []
        place = 0
        for spot, quote in zip(self.spots, quotes, strict=True):
            variable = "${" + _variable(spot.written) + "}"
            pieces += [self.text[place : spot.start], variable if quote else f'"{variable}"']
            place = spot.end
        return "".join([*pieces, self.text[place:]])

    def _quoting(self, marks: Sequence[str]) -> list[bool]:
        """For each placeholder whether it stands in double quotes. Raises Unfilled for all places but plain words."""
        marked = self.text
        for spot, mark in reversed(list(zip(self.spots, marks, strict=True))):
            marked = marked[: spot.start] + mark + marked[spot.end :]
        found: dict[str, bool] = {}
        for statement in shell.walk(shell.read(marked)):
            if isinstance(statement, shell.Command) and statement.words:
                found |= _marks_in(statement, marks)
        missing = [spot for spot, mark in zip(self.spots, marks, strict=True) if mark not in found]
        if missing or shell.read(marked).broken:
            names = ", ".join(f"`{name_of(spot.written)}`" for spot in missing or self.spots)
            raise Unfilled(f"{names} stands in a place of a shell line where a value could be read as code")
        return [found[mark] for mark in marks]


def _marks_in(command: shell.Command, marks: Sequence[str]) -> dict[str, bool]:
    texts = [word.text for word in command.words]
    found: dict[str, bool] = {}
    for word, place in zip(command.words, places_in(texts), strict=True):
        quoted = word.text.startswith('"') and word.text.endswith('"') and word.text.count('"') == 2
        inner = word.text[1:-1] if quoted else word.text
        if place is Place.WORD and re.fullmatch(r"[\w./:=@,+%-]*", inner):
            found |= dict.fromkeys((mark for mark in marks if mark in word.text), quoted)
    return found


def _variable(written: str) -> str:
    return "RB_" + re.sub(r"[^A-Za-z0-9]+", "_", name_of(written)).strip("_").upper()


def programs_in(script: str) -> set[str]:
    programs: set[str] = set()
    for statement in shell.walk(shell.read(script)):
        if isinstance(statement, shell.Command):
            words = [word.value for word in statement.words if word.value is not None]
            programs |= {word for word in words if word in NETWORK_CLIENTS or word in ("docker", "docker-compose")}
    return programs
