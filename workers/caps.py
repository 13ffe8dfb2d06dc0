"""Keeping what a step says legible and small.

A target may write for ever, in any encoding. `Capped` takes bytes as they come and keeps the first and the last part
in constant memory; `legible` turns bytes into text that is safe to store and to show.
"""

from __future__ import annotations

import re

SEAM = 4096
"""How far back from a cut a line or word boundary is looked for, so that no secret is cut in half and left unseen."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def legible(raw: bytes) -> str:
    """Text of raw output. What is no UTF-8, and what would steer a terminal, is shown as an escape."""
    return shown(raw.decode("utf-8", "backslashreplace"))


def shown(text: str) -> str:
    """The text with line ends made uniform, colours dropped and control characters escaped."""
    plain = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(_escaped, plain)


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line of at most `limit` characters."""
    flat = " ".join(shown(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def cap_text(text: str, cap: int) -> tuple[str, bool]:
    """The text, or its head and tail if it has more than `cap` bytes, and whether anything was left out."""
    kept = Capped(cap)
    kept.write(text.encode("utf-8", "backslashreplace"))
    return kept.text(), kept.truncated


class Capped:
    """The first and the last bytes of a stream of any length."""

    def __init__(self, cap: int) -> None:
        self.total = 0
        self._half = max(cap // 2, 1)
        self._head = bytearray()
        self._tail = bytearray()

    def write(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self._half - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if chunk:
            self._tail += chunk[-self._half :]
            if len(self._tail) > 4 * self._half:
                del self._tail[: -self._half]

    def skip(self, count: int) -> None:
        """Count bytes that the caller knows to lie between head and tail and did not read."""
        self.total += max(count, 0)

    @property
    def truncated(self) -> bool:
        return self.total > 2 * self._half

    def raw(self) -> bytes:
        """What was kept, with a line that tells how much is missing where something is."""
        tail = bytes(self._tail[-self._half :])
        if not self.truncated:
            return bytes(self._head) + tail
        head, tail = _cut_end(bytes(self._head)), _cut_start(tail)
        left_out = self.total - len(head) - len(tail)
        return head.rstrip(b"\n") + f"\n[... {left_out:,} bytes left out ...]\n".encode() + tail

    def text(self) -> str:
        return legible(self.raw())


def _cut_end(head: bytes) -> bytes:
    """The head without its last, broken line; without its last word if the line is long."""
    for boundary in (b"\n", b" "):
        at = head.rfind(boundary, max(len(head) - SEAM, 0))
        if at > 0:
            return head[:at]
    return head.decode("utf-8", "ignore").encode() if _is_text(head) else head


def _cut_start(tail: bytes) -> bytes:
    for boundary in (b"\n", b" "):
        at = tail.find(boundary, 0, SEAM)
        if 0 <= at < len(tail) - 1:
            return tail[at + 1 :]
    while tail and 0x80 <= tail[0] < 0xC0:
        tail = tail[1:]
    return tail


def _is_text(raw: bytes) -> bool:
    return len(raw.decode("utf-8", "ignore").encode()) >= len(raw) - 3


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
