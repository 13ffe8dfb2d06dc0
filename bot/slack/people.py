"""Who a person is and which user groups they are in, asked of Slack at the click and remembered for a minute at most.

When Slack does not say, nobody may: an older answer is never used in place of a new one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.client import SLACK_FAULTS, reason_of
from incidents.errors import Rejected

log = logging.getLogger(__name__)

REMEMBERED = 60.0
"""Seconds for which an answer of Slack is used again."""

NO_GROUPS = ("plan_upgrade_required", "paid_teams_only")
"""Answers of workspaces that have no user groups at all."""


class People:
    """The members of the workspace that the app is installed in. Thread-safe."""

    def __init__(self, client: WebClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._known: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def admit(self, user_id: str) -> None:
        """Let full members of this workspace pass. Raises Rejected for guests, bots, strangers, and when in doubt."""
        user = self._remembered(f"user {user_id}", lambda: self._client.users_info(user=user_id)["user"])
        if user.get("deleted") or user.get("is_bot"):
            raise Rejected("only people of this workspace may do this")
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            raise Rejected("guests of this workspace may not do this")
        if user.get("is_stranger") or user.get("team_id") not in (None, self._team()):
            raise Rejected("people of other workspaces may not do this")

    def groups_of(self, user_id: str, approvers: Collection[str]) -> frozenset[str]:
        """Ids and handles of the user groups a person is in; nothing is asked where no group is among `approvers`.

        Raises Rejected when Slack does not say.
        """
        if user_id in approvers or all(_is_person(name) for name in approvers):
            return frozenset()
        groups = self._remembered("groups", self._groups)
        mine = [group for group in groups if user_id in (group.get("users") or ())]
        return frozenset(name for group in mine for name in (str(group["id"]), f"@{group.get('handle', '')}"))

    def _team(self) -> str | None:
        team: str | None = self._remembered("team", lambda: self._client.auth_test()["team_id"])
        return team

    def _groups(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._client.usergroups_list(include_users=True)["usergroups"]
        except SlackApiError as refusal:
            if refusal.response.get("error") in NO_GROUPS:
                return []
            raise
        return [group for group in found if not group.get("date_delete")]

    def _remembered(self, key: str, ask: Callable[[], Any]) -> Any:
        with self._lock:
            asked_at, answer = self._known.get(key, (None, None))
        if asked_at is not None and self._clock() - asked_at < REMEMBERED:
            return answer
        begun = self._clock()
        try:
            answer = ask()
        except (*SLACK_FAULTS, KeyError) as fault:
            log.warning("Slack did not say who is who (%s): %s", key, reason_of(fault))
            raise Rejected("Slack did not say who you are, so nothing was done; please try again") from fault
        with self._lock:
            self._known = {k: v for k, v in self._known.items() if begun - v[0] < REMEMBERED}
            self._known[key] = (begun, answer)
        return answer


def _is_person(name: str) -> bool:
    return name[:1] in ("U", "W") and name.isalnum() and name.upper() == name
