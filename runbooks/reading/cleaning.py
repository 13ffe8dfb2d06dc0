"""From bytes to text that is safe to take apart, with a warning for whatever had to be changed.

Characters that hide or reorder text become U+FFFD rather than nothing: what a person approves must look like what
runs, and a command that held one must not quietly turn into another command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runbooks.document import Remark

SIZE_LIMIT = 10 * 1024 * 1024
LINE_LIMIT = 20_000
WARNINGS_OF_A_KIND = 10
REPAIRS = 50

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MOJIBAKE = re.compile(
    "[ÂÃâð][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
_REPLACEMENT = "\ufffd"
_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})([^\n]*)$")
_INFO = re.compile(r"[A-Za-z][\w+-]*( .*)?")
_HEADING = re.compile(r"^ {0,3}#{2,6} \S")


def decoded(data: bytes) -> tuple[str, tuple[Remark, ...]]:
    """The text of a file. What is not UTF-8 is read as Windows-1252 and said; what is no text at all is left out."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), ()
    if _is_binary(data):
        line = data.count(b"\n", 0, data.find(b"\0")) + 1
        return "", (Remark(line, "not a text file: it holds NUL bytes throughout; nothing was read", spoils=True),)
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("cp1252", "replace"), (Remark(line, "not UTF-8; read as Windows-1252"),)


def _is_binary(data: bytes) -> bool:
    head = data[:65536]
    return head.count(b"\0") * 50 > len(head)


def cleaned(text: str) -> tuple[str, tuple[Remark, ...]]:
    """Text with `\\n` line ends, bounded, without hidden characters, every fence closed; line numbers are kept."""
    text, too_long = _bounded(text.removeprefix("\ufeff"))
    text = _SURROGATES.sub(_REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = text.split("\n")
    warnings = [
        *too_long,
        *_limited(_shorten_lines(lines)),
        *_limited(_show_hidden(lines)),
        *_limited(_mojibake(lines)),
    ]
    warnings += _limited(_close_fences(lines))
    return "\n".join(lines), tuple(warnings)


def _bounded(text: str) -> tuple[str, list[Remark]]:
    if len(text) <= SIZE_LIMIT:
        return text, []
    kept = text[: text.rfind("\n", 0, SIZE_LIMIT) + 1] or text[:SIZE_LIMIT]
    line = kept.count("\n") + 1
    return kept, [
        Remark(line, f"longer than {SIZE_LIMIT // 2**20} MiB; what follows this line was not read", spoils=True)
    ]


def _limited(warnings: Iterator[Remark]) -> list[Remark]:
    found = list(warnings)
    if len(found) <= WARNINGS_OF_A_KIND:
        return found
    last = found[WARNINGS_OF_A_KIND]
    rest = f"{last.text} (and {len(found) - WARNINGS_OF_A_KIND - 1} more lines like it)"
    return [*found[:WARNINGS_OF_A_KIND], Remark(last.line, rest)]


def _shorten_lines(lines: list[str]) -> Iterator[Remark]:
    for index, line in enumerate(lines):
        if len(line) > LINE_LIMIT:
            lines[index] = line[:LINE_LIMIT]
            yield Remark(index + 1, f"line of {len(line)} characters; only the first {LINE_LIMIT} were read")


def _show_hidden(lines: list[str]) -> Iterator[Remark]:
    for index, line in enumerate(lines):
        if found := _HIDDEN.search(line):
            lines[index] = _HIDDEN.sub(_REPLACEMENT, line)
            yield Remark(index + 1, f"hidden character U+{ord(found[0]):04X} replaced by a visible mark")


def _mojibake(lines: list[str]) -> Iterator[Remark]:
    for index, line in enumerate(lines):
        if not line.isascii() and (found := _MOJIBAKE.search(line)):
            yield Remark(index + 1, f"looks like UTF-8 that was read as Windows-1252 ({_meant(line, found.start())})")


def _meant(line: str, start: int) -> str:
    for end in range(start + 2, start + 5):
        try:
            meant = line[start:end].encode("cp1252").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        return f"{line[start:end]!r} for {meant!r}"
    return repr(line[start : start + 3])


@dataclass(slots=True)
class _OpenFence:
    """A fence being read, and where its author may have meant it to end: before a heading, else at a blank line."""

    start: int
    indent: str
    mark: str
    before_heading: int | None = None
    last_blank: int | None = None

    def see(self, lines: list[str], index: int) -> None:
        if not lines[index].strip():
            self.last_blank = index
        elif self.before_heading is None and self.last_blank == index - 1 and _HEADING.match(lines[index]):
            self.before_heading = self.last_blank

    def closed_by(self, mark: str, info: str) -> bool:
        return mark[0] == self.mark[0] and len(mark) >= len(self.mark) and not info.strip()

    def cut_by(self, mark: str, info: str) -> bool:
        """Whether this line opens another fence of the same kind, which it cannot inside a closed one."""
        return mark == self.mark and _INFO.fullmatch(info.strip()) is not None

    def close(self, lines: list[str], end: int) -> Remark:
        lines[end] = self.indent + self.mark
        return Remark(self.start + 1, f"fence is never closed; taken to end at line {end + 1}", spoils=True)


def _close_fences(lines: list[str]) -> Iterator[Remark]:
    """Close what was left open: a blank line becomes the closing mark, so that no line number moves."""
    start = 0
    for _ in range(REPAIRS):
        unclosed = _unclosed_fence(lines, start)
        if unclosed is None:
            return
        end = unclosed.before_heading or unclosed.last_blank
        if end is None:
            yield Remark(
                unclosed.start + 1, "fence is never closed; all that follows was taken to be in it", spoils=True
            )
            return
        yield unclosed.close(lines, end)
        start = end + 1


def _unclosed_fence(lines: list[str], start: int) -> _OpenFence | None:
    """The first fence from `start` on that is cut short by another or by the end of the document."""
    opened: _OpenFence | None = None
    for index in range(start, len(lines)):
        found = _FENCE.match(lines[index])
        if opened is None:
            if found and "`" not in found[3]:
                opened = _OpenFence(index, found[1], found[2])
        elif found and opened.closed_by(found[2], found[3]):
            opened = None
        elif found and opened.cut_by(found[2], found[3]) and opened.last_blank is not None:
            return opened
        else:
            opened.see(lines, index)
    if opened is not None:
        opened.last_blank = None  # nothing says that the last blank line of the document is its end
    return opened
