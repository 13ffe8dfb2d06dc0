"""What somebody filled in, in Slack's form. The page sends plain values; the block says what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.standin.blocks import elements_of, every_block
from bot.standin.errors import Refused

Json = dict[str, Any]
Given = Mapping[str, Mapping[str, Any]]
"""block_id -> action_id -> what the page sent: a text, a number, an option's value, or a list of them."""

_PLAIN = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
}
_ONE = ("static_select", "external_select", "radio_buttons", "overflow")
_SEVERAL = ("multi_static_select", "multi_external_select", "checkboxes")


def element_in(blocks: Sequence[Json], block_id: str, action_id: str) -> Json:
    """The element that was used. Raises Refused when the message no longer has it."""
    for _, block in every_block(blocks):
        if block["block_id"] == block_id:
            for _, element in elements_of(block):
                if element["action_id"] == action_id:
                    return element
    raise Refused("no_such_action")


def block_of(blocks: Sequence[Json], action_id: str) -> str:
    """The first block with an element of that `action_id`. Raises Refused when there is none."""
    for _, block in every_block(blocks):
        if any(element["action_id"] == action_id for _, element in elements_of(block)):
            return str(block["block_id"])
    raise Refused("no_such_action")


def action_of(element: Json, block_id: str, given: Any, now: float) -> Json:
    """An entry of `actions` in a block_actions payload."""
    action = {
        "action_id": element["action_id"],
        "block_id": block_id,
        "type": element["type"],
        "action_ts": f"{now:.6f}",
    }
    if element["type"] == "button":
        return action | {name: element[name] for name in ("text", "value", "style", "url") if name in element}
    return action | {name: value for name, value in value_of(element, given).items() if name != "type"}


def value_of(element: Json, given: Any) -> Json:
    """The element's value as Slack puts it into `state.values`. Without anything given, the initial one."""
    kind = element["type"]
    if kind in _ONE:
        return {"type": kind, "selected_option": _chosen(element, given, element.get("initial_option"))}
    if kind in _SEVERAL:
        return {"type": kind, "selected_options": _all_chosen(element, given)}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": _rich(given) if given else element.get("initial_value")}
    name, initial = _PLAIN[kind]
    value = element.get(initial) if given is None else given
    if name.endswith("s"):
        return {"type": kind, name: list(value or [])}
    if name == "selected_date_time":
        return {"type": kind, name: int(value) if value else None}
    return {"type": kind, name: str(value) if value not in (None, "") else None}


def state_of(blocks: Sequence[Json], given: Given) -> Json:
    """`state` of a message or view."""
    values: dict[str, Json] = {}
    for _, block in every_block(blocks):
        for _, element in elements_of(block):
            if element["type"] not in ("button", "overflow"):
                sent = given.get(block["block_id"], {}).get(element["action_id"])
                values.setdefault(block["block_id"], {})[element["action_id"]] = value_of(element, sent)
    return {"values": values}


def unfit(blocks: Sequence[Json], state: Json) -> dict[str, str]:
    """What Slack itself complains about before it submits: block_id -> sentence."""
    complaints = {}
    for block in blocks:
        if block["type"] == "input":
            value = state["values"][block["block_id"]][block["element"]["action_id"]]
            complaint = _complaint(block, value)
            if complaint:
                complaints[block["block_id"]] = complaint
    return complaints


def _complaint(block: Json, value: Json) -> str | None:
    element = block["element"]
    content = next((content for name, content in value.items() if name != "type"), None)
    if not content:
        return None if block.get("optional") else "Please complete this required field."
    if element["type"] == "plain_text_input":
        if len(content) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(content) > element.get("max_length", 3000):
            return f"Please enter at most {element.get('max_length', 3000)} characters."
    if element["type"] == "number_input":
        return _number_complaint(element, content)
    if element["type"] == "url_text_input" and not content.startswith(("http://", "https://")):
        return "Please enter a valid URL."
    if element["type"] == "email_text_input" and "@" not in content:
        return "Please enter a valid email address."
    return None


def _number_complaint(element: Json, content: str) -> str | None:
    try:
        number = float(content) if element["is_decimal_allowed"] else int(content)
    except ValueError:
        return "Please enter a number." if element["is_decimal_allowed"] else "Please enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter {element['min_value']} or more."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter {element['max_value']} or less."
    return None


def _options(element: Json) -> Iterator[Json]:
    yield from element.get("options", ())
    for group in element.get("option_groups", ()):
        yield from group["options"]
    # Options of an external select came from the app a moment ago; the page hands the whole option back.


def _chosen(element: Json, given: Any, otherwise: Any) -> Json | None:
    if given is None:
        return otherwise if isinstance(otherwise, dict) else None
    if isinstance(given, dict):
        return given
    return next((option for option in _options(element) if option["value"] == given), None)


def _all_chosen(element: Json, given: Any) -> list[Json]:
    if given is None:
        return list(element.get("initial_options", []))
    found = [_chosen(element, each, None) for each in given]
    return [option for option in found if option]


def _rich(text: str) -> Json:
    leaf = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [leaf]}]}
