"""views.*: modals and the Home tab."""

from __future__ import annotations

from bot.standin.api import Call, method
from bot.standin.errors import Refused, invalid_arguments
from bot.standin.roster import EVERYBODY
from bot.standin.store import Json
from bot.standin.views import checked, complete


@method("views.open", tier=4)
def open_view(call: Call) -> Json:
    """Show a modal to whoever the trigger came from. It may be used once, within three seconds."""
    view = _view(call, "modal")
    user = call.workspace.keys.pull(call.needed("trigger_id"))
    opened = call.workspace.views.open(user, view)
    call.workspace.show_views(user)
    return {"view": opened}


@method("views.push", tier=4)
def push(call: Call) -> Json:
    """Lay a modal on top of the open one."""
    view = _view(call, "modal")
    user = call.workspace.keys.pull(call.needed("trigger_id"))
    opened = call.workspace.views.push(user, view)
    call.workspace.show_views(user)
    return {"view": opened}


@method("views.update", tier=4)
def update(call: Call) -> Json:
    """Change an open modal."""
    view_id, external_id = call.string("view_id"), call.string("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id")
    opened = call.workspace.views.update(
        _view(call, "modal"), view_id=view_id, external_id=external_id, hash_=call.string("hash")
    )
    call.workspace.show_views(opened.user)
    return {"view": opened.view}


@method("views.publish", tier=4)
def publish(call: Call) -> Json:
    """The Home tab of one person."""
    user = call.needed("user_id")
    if user not in EVERYBODY:
        raise invalid_arguments("invalid `user_id` [json-pointer:/user_id]")
    if not call.workspace.installation.home_tab:
        raise Refused("not_enabled")
    old = call.workspace.store.home(user)
    view_id = old["id"] if old else f"V0HOME{user.removeprefix('U0')}"
    if call.string("hash") and old and call.string("hash") != old["hash"]:
        raise Refused("hash_conflict")
    view = complete(_view(call, "home"), view_id, view_id, None)
    call.workspace.store.save_home(user, view)
    call.workspace.hub.publish({"type": "home", "view": view}, [user])
    return {"view": view}


def _view(call: Call, kind: str) -> Json:
    view = call.structure("view")
    if view is None:
        raise invalid_arguments("missing required field: view")
    found = checked(view)
    if found["type"] != kind:
        raise invalid_arguments(f"must be a {kind} [json-pointer:/view/type]")
    return found
