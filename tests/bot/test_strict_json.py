"""JSON from strangers."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import strict_json
from incidents.errors import Rejected


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'"\x00"', "not JSON"),
        (b"[1] x", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"NaN", "NaN"),
        (b"-Infinity", "Infinity"),
        (b"1e400", "too large"),
        (b"1" * 33, "32 digits"),
        (b"-" + b"1" * 33, "32 digits"),
        (b'{"a": {"b": 1, "b": 2}}', "same key twice"),
        (b'{"a\\u0000": 1, "a\\ufffd": 2}', "same key twice"),
        (b"[" * 65 + b"]" * 65, "deeper"),
        (b"[" * 100_000, "deeper"),
        (b'{"a":[' * 33, "deeper"),
        (b'["\\"[[[[", ' + b"[" * 64 + b"]" * 65, "deeper"),
    ],
)
def test_what_cannot_be_taken_is_said_in_one_line(raw: bytes, says: str) -> None:
    with pytest.raises(Rejected) as why:
        strict_json.read(raw)
    assert says in str(why.value)
    assert "\n" not in str(why.value)


def test_nesting_up_to_the_limit_is_fine() -> None:
    assert strict_json.read(b"[" * 64 + b"]" * 64)


def test_brackets_in_texts_do_not_count() -> None:
    text = "[{" * 5000 + '\\"' + "[" * 5000
    assert strict_json.read(json.dumps([text]).encode()) == [text]


def test_text_that_no_database_can_hold_is_replaced() -> None:
    raw = rb'{"a\u0000": ["\ud800x", "\ud83e\udd89"]}'
    assert strict_json.read(raw) == {"a\ufffd": ["\ufffdx", "🦉"]}


def test_a_byte_order_mark_is_forgiven() -> None:
    assert strict_json.read(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    "raw", [b'"' + b'\\"' * 2_000_000, b"[" + b"[]," * 1_000_000 + b"[]]", b'"\\' * 2_000_000, b'{"a":"' * 1_000_000]
)
def test_no_body_takes_more_than_a_moment(raw: bytes) -> None:
    begun = time.process_time()
    with suppress(Rejected):
        strict_json.read(raw)
    assert time.process_time() - begun < 10  # quadratic reading would take minutes


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
numbers = st.integers(-(10**31), 10**31) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)


@given(value=values)
def test_everything_ordinary_is_read_as_it_is(value: Any) -> None:
    assert strict_json.read(json.dumps(value).encode()) == value
    assert strict_json.read(json.dumps(value, ensure_ascii=False).encode()) == value
