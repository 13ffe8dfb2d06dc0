"""users.*: who there is."""

from __future__ import annotations

from bot.standin.api import Call, method, page_of
from bot.standin.errors import Refused
from bot.standin.roster import EVERYBODY
from bot.standin.store import Json


@method("users.info", tier=4, reads_json=False)
def info(call: Call) -> Json:
    """One account."""
    person = EVERYBODY.get(call.string("user") or "")
    if person is None:
        raise Refused("user_not_found")
    return {"user": person.as_slack()}


@method("users.list", tier=2, reads_json=False)
def listed(call: Call) -> Json:
    """All accounts."""
    return page_of(call, [person.as_slack() for person in EVERYBODY.values()], "members")


@method("users.lookupByEmail", reads_json=False)
def by_email(call: Call) -> Json:
    """The account with this address."""
    email = call.needed("email").lower()
    found = [each for each in EVERYBODY.values() if each.as_slack()["profile"]["email"] == email]
    if not found:
        raise Refused("users_not_found")
    return {"user": found[0].as_slack()}
