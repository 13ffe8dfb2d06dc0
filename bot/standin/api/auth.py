"""auth.test, api.test, bots.info."""

from __future__ import annotations

from bot.standin.api import Call, method
from bot.standin.errors import Refused
from bot.standin.roster import APP_ID, BOT, BOT_ID, TEAM_ID, TEAM_NAME
from bot.standin.store import Json


@method("auth.test", paced=False)
def test_auth(call: Call) -> Json:
    """Who the token belongs to."""
    return {
        "url": call.workspace.base_url + "/",
        "team": TEAM_NAME,
        "user": BOT.name,
        "team_id": TEAM_ID,
        "user_id": BOT.id,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("api.test", tier=4)
def test_api(call: Call) -> Json:
    """Hand back what came, or the error that was asked for."""
    error = call.string("error")
    if error:
        raise Refused(error, args=dict(call.args))
    return {"args": dict(call.args)}


@method("bots.info", reads_json=False)
def info(call: Call) -> Json:
    """The bot, by its `B...` id."""
    if call.string("bot") not in (None, BOT_ID):
        raise Refused("bot_not_found")
    icons = {"image_36": "", "image_48": "", "image_72": ""}
    profile = {"id": BOT_ID, "deleted": False, "name": BOT.real_name, "updated": 0, "app_id": APP_ID}
    return {"bot": {**profile, "user_id": BOT.id, "icons": icons}}
