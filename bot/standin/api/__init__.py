"""Slack's Web API, one module for each family of methods, found by scanning this folder.

A module registers functions with `@method`. They take a `Call` and return the fields of an `ok` answer, or raise
Refused. What is the same for all of them (token, JSON or form, faults, pace) is done here.
"""

from __future__ import annotations

import hmac
import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bot.standin.errors import Refused, invalid_arguments
from bot.standin.faults import RESET, TIMEOUT, Fault
from bot.standin.limits import Wait
from bot.standin.roster import BOT
from bot.standin.store import Json
from bot.standin.workspace import CallRecord, Workspace

SCOLDED = frozenset(
    [
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_auth",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_json",
        "invalid_trigger_id",
        "expired_trigger_id",
        "exchanged_trigger_id",
        "markdown_text_conflict",
        "method_deprecated",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "not_authed",
        "ratelimited",
        "too_long",
        "too_many_attachments",
        "unknown_method",
        "view_too_large",
        "channel_not_found",
        "invalid_name",
        "invalid_name_specials",
        "invalid_name_maxlength",
        "invalid_metadata_format",
        "missing_argument",
    ]
)
"""Refusals that a correct app does not meet. Others (name_taken, message_not_found...) belong to ordinary life."""
RETIRED = (
    "files.upload",
    "dialog.open",
    "rtm.",
    "channels.",
    "groups.",
    "im.",
    "mpim.",
    "search.",
    "stars.",
    "reminders.",
)


@dataclass
class Call:
    """One call with its arguments, which are strings in a form and anything in JSON."""

    workspace: Workspace
    method: str
    args: Mapping[str, Any]
    warnings: list[str] = field(default_factory=list)

    def string(self, name: str) -> str | None:
        """A string argument; None when it is absent or empty."""
        value = self.args.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid_arguments(f"must provide a string [json-pointer:/{name}]")
        return value

    def needed(self, name: str) -> str:
        """A string argument that must be there."""
        value = self.string(name)
        if value is None:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes or no."""
        value = self.args.get(name)
        return default if value is None else value in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self.args.get(name)
        if value in (None, ""):
            return default
        try:
            return max(1, min(most, int(str(value))))
        except ValueError:
            raise Refused(f"invalid_{name}") from None

    def structure(self, name: str, otherwise: str = "invalid_arguments") -> Any:
        """A JSON argument: itself in a JSON body, a string of JSON in a form. Raises `otherwise` when it is broken."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(otherwise) from None

    def channel(self, name: str = "channel") -> Json:
        """The channel that the argument names by id. Raises channel_not_found, for hidden ones too."""
        found = self.workspace.store.channel(self.needed(name))
        if found is None or not self.workspace.may_see(BOT.id, found):
            raise Refused("channel_not_found")
        return found

    def joined(self, name: str = "channel") -> Json:
        """A channel that the bot is in. Raises not_in_channel."""
        channel = self.channel(name)
        if not self.workspace.store.is_member(channel["id"], BOT.id):
            raise Refused("not_in_channel")
        return channel

    def message(self, channel: Json, name: str = "ts") -> Json:
        """The message of that `ts`. Raises message_not_found."""
        found = self.workspace.store.message(channel["id"], self.needed(name))
        if found is None:
            raise Refused("message_not_found")
        return found


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the API. `tier` None is the special pace of posting."""

    name: str
    handler: Handler
    tier: int | None
    reads_json: bool
    paced: bool


METHODS: dict[str, Method] = {}


def method(
    name: str, *, tier: int | None = 3, reads_json: bool = True, paced: bool = True
) -> Callable[[Handler], Handler]:
    """Register the function as a method of the API."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, tier, reads_json, paced)
        return handler

    return register


def load() -> None:
    """Import every module of this folder, so that all methods are registered."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


@dataclass(frozen=True, slots=True)
class Request:
    """What came in over HTTP."""

    method: str
    verb: str
    content_type: str
    authorization: str
    query: str
    body: bytes
    fields: Mapping[str, str] | None = None
    """The fields of a multipart body, which the server has taken apart already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out: HTTP 200 with `ok` false for errors, as Slack does it. `trouble` is RESET or TIMEOUT."""

    body: Json
    status: int = 200
    retry_after: int | None = None
    trouble: str | None = None


def answer(workspace: Workspace, request: Request) -> Answer:
    """Carry out one call."""
    given = _carry_out(workspace, request)
    error = None if given.body.get("ok") else str(given.trouble or given.body.get("error"))
    channel = _channel_named(workspace, request)
    workspace.calls.append(CallRecord(workspace.clock(), request.method, channel, error))
    return given


def _carry_out(workspace: Workspace, request: Request) -> Answer:
    fault = workspace.faults.next(request.method)
    if fault and not fault.done:
        return _broken(workspace, request.method, fault)
    try:
        given = _admitted(workspace, request)
    except Refused as refusal:
        if refusal.code in SCOLDED:
            workspace.violations.add(refusal.code, request.method, json.dumps(refusal.more))
        return Answer(refusal.as_json())
    return _broken(workspace, request.method, fault) if fault else given


def _admitted(workspace: Workspace, request: Request) -> Answer:
    found = METHODS.get(request.method)
    if found is None:
        retired = request.method.startswith(RETIRED)
        raise Refused("method_deprecated" if retired else "unknown_method", req_method=request.method)
    call = Call(workspace, request.method, {})
    call.args = _arguments(call, request, found)
    _check_token(workspace, request, call)
    wait = _paced(workspace, found, call)
    if wait:
        workspace.violations.add("ignored_retry_after" if wait.warned else "ratelimited", found.name)
        return Answer({"ok": False, "error": "ratelimited"}, 429, wait.seconds)
    return Answer(_with_warnings({"ok": True, **found.handler(call)}, call))


def _paced(workspace: Workspace, found: Method, call: Call) -> Wait | None:
    if not found.paced:
        return None
    channel = str(call.args.get("channel", "")).lstrip("#")
    named = workspace.store.channel_named(channel)
    return workspace.limits.take(found.name, found.tier, named["id"] if named else channel)


def _broken(workspace: Workspace, name: str, fault: Fault) -> Answer:
    if fault.what in (RESET, TIMEOUT):
        return Answer({}, trouble=str(fault.what))
    if isinstance(fault.what, str):
        return Answer({"ok": False, "error": fault.what})
    if fault.what == 429:
        workspace.limits.close(name, fault.retry_after)
        return Answer({"ok": False, "error": "ratelimited"}, 429, fault.retry_after)
    return Answer({"ok": False, "error": "internal_error"}, fault.what)


def _arguments(call: Call, request: Request, found: Method) -> Mapping[str, Any]:
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if "token" in query:
        call.workspace.violations.add("token_in_query", request.method)
        del query["token"]
    if request.fields is not None:
        return {**query, **request.fields}
    kind = request.content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return {**query, **_json_arguments(call, request, found)}
    if kind not in ("", "application/x-www-form-urlencoded", "text/plain"):
        raise Refused("invalid_post_type")
    return {**query, **dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))}


def _json_arguments(call: Call, request: Request, found: Method) -> Mapping[str, Any]:
    if not found.reads_json:
        if request.body.strip() not in (b"", b"{}"):
            call.workspace.violations.add("json_not_read", found.name, "this method reads forms only")
        return {}
    if "charset" not in request.content_type.lower():
        call.warnings.append("missing_charset")
        call.workspace.violations.add("missing_charset", found.name)
    try:
        given = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Refused("invalid_json") from None
    if not isinstance(given, dict):
        raise Refused("json_not_object")
    return {name: value for name, value in given.items() if name != "token"}


def _check_token(workspace: Workspace, request: Request, call: Call) -> None:
    if request.method == "api.test":
        return
    scheme, _, sent = request.authorization.partition(" ")
    token = sent.strip() if scheme.lower() == "bearer" else str(call.args.get("token", ""))
    if not token:
        raise Refused("not_authed")
    if not hmac.compare_digest(token.encode(), workspace.bot_token.encode()):
        raise Refused("invalid_auth")


def _with_warnings(given: Json, call: Call) -> Json:
    if call.warnings:
        given["warning"] = ",".join(call.warnings)
        given.setdefault("response_metadata", {})["warnings"] = call.warnings
    return given


def _channel_named(workspace: Workspace, request: Request) -> str | None:
    """The channel a call was about, for the record, however its arguments were sent."""
    if "json" in request.content_type:
        try:
            args = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            return None
    else:
        args = dict(parse_qsl(request.query)) | dict(parse_qsl(request.body.decode("utf-8", "replace")))
    channel = args.get("channel") if isinstance(args, dict) else None
    return channel if isinstance(channel, str) else None


def page_of(call: Call, found: list[Any], key: str, default: int = 100, most: int = 1000) -> Json:
    """One page of a list, with the cursor to the next."""
    limit = call.number("limit", default, most)
    cursor = call.string("cursor") or "0"
    if not cursor.isdecimal():
        raise Refused("invalid_cursor")
    start = int(cursor)
    following = str(start + limit) if start + limit < len(found) else ""
    return {key: found[start : start + limit], "response_metadata": {"next_cursor": following}}
