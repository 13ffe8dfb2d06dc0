"""What every alert source keeps to. A newcomer's file is tested before its author writes a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import strict_json
from bot.sources import Source, source_named, sources
from bot.sources._reading import KEY, NAME, TITLE
from incidents.alert import Alert, AlertStatus, DeliveryKind, Priority
from incidents.errors import NotFound, Rejected

NOW = datetime(2026, 11, 9, 3, 15, tzinfo=UTC)
every_source = pytest.mark.parametrize("name", sorted(sources()))


def example(source: Source) -> Any:
    return strict_json.read(source.EXAMPLE)


def alerts(source: Source, body: Any) -> tuple[Alert, ...]:
    return source.parse(body, {}, NOW).alerts


def said_with(body: Any, words: dict[str, str]) -> Any:
    """The body with those of its texts replaced that are one of the words."""
    if isinstance(body, dict):
        return {key: said_with(value, words) for key, value in body.items()}
    if isinstance(body, list):
        return [said_with(item, words) for item in body]
    return words.get(body, body) if isinstance(body, str) else body


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a body."""
    yield path
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[path[0]] = replaced(body[path[0]], path[1:], value)
    return copy


def test_an_unknown_source_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match="alertmanager, generic"):
        source_named("nosuch")


@pytest.mark.parametrize("name", ["_reading", "-reading", "__init__", "../generic", "generic.py", ""])
def test_only_sources_are_found(name: str) -> None:
    with pytest.raises(NotFound):
        source_named(name)


@every_source
def test_a_source_is_called_as_its_module(name: str) -> None:
    assert name == source_named(name).NAME


@every_source
def test_the_example_is_a_real_alert(name: str) -> None:
    source = source_named(name)
    delivery = source.parse(example(source), {}, NOW)
    assert delivery.kind is DeliveryKind.ALERTS
    assert delivery.reason is None
    for alert in delivery.alerts:
        assert alert.source == name
        assert alert.status is AlertStatus.FIRING
        assert alert.dedup_key
        assert alert.title
        assert alert.links


@every_source
def test_the_resolved_twin_is_the_same_alert(name: str) -> None:
    source = source_named(name)
    resolved = said_with(example(source), {"firing": "resolved"})
    (fired,), (ended,) = alerts(source, example(source)), alerts(source, resolved)
    assert ended.status is AlertStatus.RESOLVED
    assert ended.dedup_key == fired.dedup_key


@every_source
def test_parsing_has_no_memory(name: str) -> None:
    source, body = source_named(name), example(source_named(name))
    before = json.dumps(body)
    assert alerts(source, body) == alerts(source, body)
    assert json.dumps(body) == before


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
hostile = st.sampled_from(
    ["", " ", "\n", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-02-30", "javascript:alert(1)",
     "http://[::1", "http://user:pass@x/", "x" * 5000, "🦉" * 500, "<!channel>", 1e308, 10**31, -1, {}, [], [[]], True]
)  # fmt: skip


@every_source
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_body_that_was_tampered_with_is_read_or_rejected(name: str, data: st.DataObject) -> None:
    source = source_named(name)
    body = example(source)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(body))))
        body = replaced(body, path, data.draw(hostile | anything))
    try:
        delivery = source.parse(body, {}, NOW)
    except Rejected as why:
        assert str(why) and "\n" not in str(why)
        return
    for alert in delivery.alerts:
        _fits(alert)


@every_source
@settings(max_examples=200, deadline=None)
@given(body=anything)
def test_any_json_is_read_or_rejected(name: str, body: Any) -> None:
    try:
        delivery = source_named(name).parse(body, {}, NOW)
    except Rejected as why:
        assert str(why) and "\n" not in str(why)
    else:
        for alert in delivery.alerts:
            _fits(alert)


def _fits(alert: Alert) -> None:
    """What the tables and the messages rely on."""
    assert 0 < len(alert.title) <= TITLE and "\n" not in alert.title
    assert 0 < len(alert.dedup_key) <= KEY
    for name in (alert.service, alert.system):
        assert name is None or 0 < len(name) <= NAME
    assert alert.priority is None or alert.priority in set(Priority)
    assert all(isinstance(text, str) for pair in (*alert.labels.items(), *alert.annotations.items()) for text in pair)
    assert all(link.url.startswith(("http://", "https://")) for link in alert.links)
    assert alert.runbook_url is None or alert.runbook_url.startswith(("http://", "https://"))
    for moment in (alert.starts_at, alert.ends_at):
        assert moment is None or moment.tzinfo is UTC


@every_source
@pytest.mark.parametrize("body", [None, True, 0, "text", [1], [None], {"alerts": None}, {"alerts": {}}])
def test_what_is_no_delivery_is_rejected(name: str, body: Any) -> None:
    with pytest.raises(Rejected):
        source_named(name).parse(body, {}, NOW)
