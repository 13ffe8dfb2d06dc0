"""What is kept of an output is its beginning and its end, in whole lines, legible and small."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.caps import Capped, cap_text, legible, one_line


def test_a_short_output_is_kept_as_it_is() -> None:
    assert cap_text("one\ntwo\n", 100) == ("one\ntwo\n", False)


def test_a_long_output_loses_its_middle_in_whole_lines() -> None:
    text, cut = cap_text("".join(f"line {n}\n" for n in range(1000)), 100)
    assert cut
    first, *_, last = text.splitlines()
    assert (first, last) == ("line 0", "line 999")
    assert all(line.startswith(("line ", "[... ")) for line in text.splitlines())


def test_the_missing_bytes_are_counted() -> None:
    whole = "".join(f"line {n}\n" for n in range(1000))
    text, _ = cap_text(whole, 100)
    kept = text.replace(next(line for line in text.splitlines() if line.startswith("[...")) + "\n", "")
    missing = int(text.split("[... ")[1].split(" bytes")[0].replace(",", ""))
    assert len(kept) + missing in (len(whole), len(whole) + 1)


def test_a_secret_at_the_seam_is_not_cut_in_half() -> None:
    secret = "token=" + "q" * 30
    text, _ = cap_text(f"{'word ' * 8}{secret} {'word ' * 400}", 100)
    assert "token=q" not in text or secret in text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\ttext\n", "plain\ttext\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        (b"progress 1%\rprogress 2%\r\n", "progress 1%\nprogress 2%\n"),
        (b"\xff\xfe\x00", r"\xff\xfe\x00"),
        ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
        ("größe ✓".encode(), "größe ✓"),
        ("a\u0085b".encode(), r"a\x85b"),
    ],
)
def test_what_would_steer_a_terminal_is_shown_as_an_escape(raw: bytes, shown: str) -> None:
    assert legible(raw) == shown


@given(st.lists(st.binary(max_size=50), max_size=40), st.integers(2, 60))
def test_however_it_arrives_the_same_is_kept(chunks: list[bytes], cap: int) -> None:
    piecewise, at_once = Capped(cap), Capped(cap)
    for chunk in chunks:
        piecewise.write(chunk)
    at_once.write(b"".join(chunks))
    assert piecewise.raw() == at_once.raw()
    assert piecewise.truncated == at_once.truncated
    piecewise.text().encode()


def test_memory_does_not_grow_with_the_output() -> None:
    tracemalloc.start()
    kept, chunk = Capped(65536), b"x" * 65536
    for _ in range(2000):
        kept.write(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    assert kept.total == 2000 * 65536


def test_one_line_is_one_short_line() -> None:
    assert one_line("a\n b\t c") == "a b c"
    assert len(one_line("x" * 1000)) == 200
