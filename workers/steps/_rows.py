"""Rows of a database as a table of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workers.caps import legible, one_line
from workers.steps._bounds import table

MOST_ROWS = 200
WIDEST = 200


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave: rows (one more than is shown, if there are more), or how many it changed."""

    statement: str
    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()
    changed: int | None = None

    @property
    def more(self) -> bool:
        return len(self.rows) > MOST_ROWS

    def single(self) -> Any:
        """The one value, where a statement gave one row of one column; else None."""
        return self.rows[0][0] if len(self.rows) == 1 and len(self.columns) == 1 else None

    def told(self) -> str:
        """In a few words."""
        if self.changed is not None:
            return f"{self.changed} row{'s' * (self.changed != 1)} changed"
        if self.more:
            return f"more than {MOST_ROWS} rows"
        return f"{len(self.rows)} row{'s' * (len(self.rows) != 1)}"

    def text(self) -> str:
        if self.changed is not None:
            return self.told()
        cells = [tuple(one_line(text_of(value), WIDEST) for value in row) for row in self.rows[:MOST_ROWS]]
        return f"{table(self.columns, cells)}\n({self.told()})" if self.columns else f"({self.told()})"


def text_of(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "NULL"
    return legible(value) if isinstance(value, bytes) else str(value)
