"""usergroups.*: who is on call."""

from __future__ import annotations

from bot.standin.api import Call, method
from bot.standin.errors import Refused
from bot.standin.roster import GROUPS
from bot.standin.store import Json


@method("usergroups.list", tier=2, reads_json=False)
def listed(call: Call) -> Json:
    """All groups."""
    return {"usergroups": [group.as_slack(call.flag("include_users")) for group in GROUPS]}


@method("usergroups.users.list", tier=2, reads_json=False)
def members(call: Call) -> Json:
    """Who is in a group."""
    wanted = call.needed("usergroup")
    group = next((group for group in GROUPS if group.id == wanted), None)
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group.members)}
