"""How the workspace says no, in Slack's codes."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A call that Slack would answer with `ok: false`. `more` goes into the answer beside the code."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more

    def as_json(self) -> dict[str, Any]:
        """The answer's body."""
        return {"ok": False, "error": self.code, **self.more}


def invalid_arguments(*messages: str) -> Refused:
    """The refusal of arguments, with its reasons where Slack puts them."""
    lines = [f"[ERROR] {message}" for message in messages]
    return Refused("invalid_arguments", response_metadata={"messages": lines})


def invalid_blocks(faults: list[str]) -> Refused:
    """The refusal of blocks, with JSON pointers."""
    lines = [f"[ERROR] {fault}" for fault in faults]
    return Refused("invalid_blocks", errors=faults, response_metadata={"messages": lines})
