"""The log: on stderr, without secrets, and no message can forge a line."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bot.logs import start_logging


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    start_logging("INFO")
    yield logging.getLogger("bot.test")
    root.handlers[:] = before
    root.setLevel(level)


def test_secrets_and_control_characters_do_not_reach_the_log(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("INFO")
    secret = "hunter2" + "hunter2"
    log.warning("alert says: %s", f"DB_PASSWORD={secret}\n2026-01-01T00:00:00Z INFO    bot: all is well\x1b[2J\r\u202e")
    said = capsys.readouterr()
    assert said.out == ""
    assert secret not in said.err
    assert "\x1b" not in said.err and "\u202e" not in said.err and "\r" not in said.err
    assert [line[:4] for line in said.err.splitlines()][1:] == ["    "]


def test_a_traceback_is_redacted_too(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("INFO")
    secret = "postgresql://app:" + "hunter2hunter2" + "@db/app"
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("it broke")
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "hunter2hunter2" not in said
