"""Writing to the terminal: answers on stdout, everything else on stderr.

Text of others (titles, labels, output) passes `harmless`, so that it cannot steer the terminal. Colour is for terminals
only, and never says anything that the words do not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Tone = Literal["ok", "bad", "warn", "busy", "idle", "bold"]
CODES = {"ok": "32", "bad": "31", "warn": "33", "busy": "36", "idle": "2", "bold": "1"}
GAP = "  "
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Toned:
    """Text with a colour."""

    text: str
    tone: str


Part = str | Toned


def harmless(text: str) -> str:
    """Text whose control and direction characters are spelled out."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(*parts: Part) -> None:
    """One line of the answer (or several, where the text has line breaks).

    It leaves at once: a command that stays would keep it back where its output goes into a file or a pipe.
    """
    sys.stdout.write("".join(_shown(part) for part in parts) + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(harmless(text) + "\n")


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """The whole answer as JSON. Times become ISO 8601; what could steer a terminal is escaped."""
    text = json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)
    sys.stdout.write(CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def say_table(rows: Iterable[Sequence[Part]], headings: Sequence[str] = (), indent: str = "") -> None:
    """Aligned columns; the last one is cut to the width of a terminal, and whole in a pipe."""
    lines = [[cell if isinstance(cell, Toned) else Toned(cell, "") for cell in row] for row in rows]
    if headings:
        lines.insert(0, [Toned(heading, "idle") for heading in headings])
    if not lines:
        return
    flat = [[Toned(harmless(cell.text).replace("\n", " "), cell.tone) for cell in line] for line in lines]
    widths = [max(len(line[column].text) for line in flat) for column in range(len(flat[0]))]
    room = _terminal_width() - len(indent) - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
    for line in flat:
        padded = [Toned(cell.text.ljust(width), cell.tone) for cell, width in zip(line, widths, strict=True)]
        padded[-1] = Toned(_cut(line[-1].text, room), line[-1].tone)
        sys.stdout.write((indent + GAP.join(map(_shown, padded))).rstrip() + "\n")


def _shown(part: Part) -> str:
    if isinstance(part, str):
        return harmless(part)
    text = harmless(part.text)
    return f"\x1b[{CODES[part.tone]}m{text}\x1b[0m" if part.tone in CODES and _coloured() else text


def _coloured() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _terminal_width() -> int:
    return max(40, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 10_000


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room or room < 8 else text[: room - 1] + "…"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is no JSON value")
