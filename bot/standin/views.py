"""Modals that are open right now, a stack of up to three for each person."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any

from bot.standin.blocks import BIGGEST_VIEW, faults_of_view, with_ids
from bot.standin.errors import Refused, invalid_arguments
from bot.standin.roster import APP_ID, BOT_ID, TEAM_ID

Json = dict[str, Any]
DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """A modal and who has it on their screen."""

    user: str
    view: Json


def checked(view: Any) -> Json:
    """The view as the app gave it. Raises Refused in Slack's words."""
    if not isinstance(view, dict):
        raise invalid_arguments("must provide an object [json-pointer:/view]")
    if len(str(view)) > BIGGEST_VIEW:
        raise Refused("view_too_large")
    faults = faults_of_view(view)
    if faults:
        raise invalid_arguments(*faults)
    return view


def complete(view: Json, view_id: str, root: str, previous: str | None) -> Json:
    """The view as Slack hands it back."""
    return {
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": None,
        **view,
        "blocks": with_ids(view["blocks"]),
        "id": view_id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "hash": f"{secrets.randbelow(10**10)}.{secrets.token_urlsafe(6)}",
        "state": {"values": {}},
        "root_view_id": root,
        "previous_view_id": previous,
    }


class Views:
    """All open modals."""

    def __init__(self) -> None:
        self._stacks: dict[str, list[Json]] = {}
        self._lock = threading.RLock()

    def stack_of(self, user: str) -> list[Json]:
        """What `user` has open, the topmost last."""
        with self._lock:
            return list(self._stacks.get(user, ()))

    def open(self, user: str, view: Json) -> Json:
        """Open a modal in place of whatever `user` had open."""
        with self._lock:
            self._refuse_twin(view)
            view_id = _new_id()
            opened = complete(view, view_id, view_id, None)
            self._stacks[user] = [opened]
            return opened

    def push(self, user: str, view: Json) -> Json:
        """Lay a modal on top. Raises Refused when none is open or three are."""
        with self._lock:
            stack = self._stacks.get(user)
            if not stack:
                raise Refused("not_found")
            if len(stack) >= DEEPEST:
                raise Refused("push_limit_reached")
            self._refuse_twin(view)
            opened = complete(view, _new_id(), stack[0]["id"], stack[-1]["id"])
            stack.append(opened)
            return opened

    def update(
        self, view: Json, *, view_id: str | None = None, external_id: str | None = None, hash_: str | None = None
    ) -> Opened:
        """Change an open modal. Raises Refused when it is gone, or has changed since `hash_`."""
        with self._lock:
            for user, stack in self._stacks.items():
                for index, old in enumerate(stack):
                    if old["id"] == view_id or (external_id and old["external_id"] == external_id):
                        if hash_ and hash_ != old["hash"]:
                            raise Refused("hash_conflict")
                        stack[index] = complete(view, old["id"], old["root_view_id"], old["previous_view_id"])
                        return Opened(user, stack[index])
        raise Refused("not_found")

    def find(self, user: str, view_id: str) -> Json | None:
        """The open modal of that id."""
        with self._lock:
            return next((view for view in self._stacks.get(user, ()) if view["id"] == view_id), None)

    def close(self, user: str, view_id: str | None = None) -> list[Json]:
        """Close one modal and those above it, or all. Answers what was closed, the topmost first."""
        with self._lock:
            stack = self._stacks.get(user, [])
            ids = [view["id"] for view in stack]
            keep = ids.index(view_id) if view_id in ids else (0 if view_id is None else len(stack))
            closed = stack[keep:]
            self._stacks[user] = stack[:keep]
            return closed[::-1]

    def _refuse_twin(self, view: Json) -> None:
        external = view.get("external_id")
        if external and any(old["external_id"] == external for stack in self._stacks.values() for old in stack):
            raise Refused("duplicate_external_id")


def _new_id() -> str:
    return f"V0{secrets.token_hex(5).upper()}"
