"""What a command said, for the tests that type at the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.approvals import console_user

ME = console_user()
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Midwatch = Callable[..., Said]
REAL_SLACK = {"SLACK_BOT_TOKEN": "xoxb-" + "not-real", "SLACK_SIGNING_SECRET": "not-real-either"}


def one_line(said: Said) -> str:
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    return said.err
