"""Who is in the practice workspace. The ids look like Slack's and never change, so configuration can name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TEAM_ID = "T0PRACTICE"
TEAM_DOMAIN = "practice"
TEAM_NAME = "Practice workspace"
APP_ID = "A0MIDWATCH"
BOT_ID = "B0MIDWATCH"

INCIDENTS = "C0INCIDENTS"
GENERAL = "C0GENERAL"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, the bot and Slackbot among them."""

    id: str
    name: str
    real_name: str
    title: str
    is_bot: bool = False
    is_guest: bool = False

    def as_slack(self) -> dict[str, Any]:
        """The user object of `users.info`."""
        profile: dict[str, Any] = {
            "real_name": self.real_name,
            "display_name": self.name,
            "title": self.title,
            "email": f"{self.name}@practice.invalid",
        }
        if self.is_bot:
            profile["bot_id"] = BOT_ID
            profile["api_app_id"] = APP_ID
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": False,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": self.is_guest,
            "is_ultra_restricted": self.is_guest,
            "is_bot": self.is_bot,
            "is_app_user": False,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A user group; people write it `@handle`."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]

    def as_slack(self, with_users: bool) -> dict[str, Any]:
        """The object of `usergroups.list`."""
        answer: dict[str, Any] = {
            "id": self.id,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "description": "",
            "is_external": False,
            "date_delete": 0,
            "user_count": len(self.members),
        }
        return answer | {"users": list(self.members)} if with_users else answer


ALICE = Person("U0ALICE", "alice", "Alice Moreau", "On call")
BOB = Person("U0BOB", "bob", "Bob Okafor", "On call, second line")
CHARLIE = Person("U0CHARLIE", "charlie", "Charlie Lindqvist", "Developer")
DANA = Person("U0DANA", "dana", "Dana Reyes", "Guest", is_guest=True)
BOT = Person("U0MIDWATCH", "midwatch", "Midwatch", "App", is_bot=True)
SLACKBOT = Person("USLACKBOT", "slackbot", "Slackbot", "")

PEOPLE = (ALICE, BOB, CHARLIE, DANA)
EVERYBODY = {person.id: person for person in (*PEOPLE, BOT, SLACKBOT)}
ONCALL = Group("S0ONCALL", "oncall", "On call", (ALICE.id, BOB.id))
GROUPS = (ONCALL,)


def named(handle: str) -> Person | None:
    """Whom `@handle` means, if anybody."""
    return next((person for person in EVERYBODY.values() if person.name == handle.lower()), None)
