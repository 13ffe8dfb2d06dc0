"""Which blocks Slack takes: the Block Kit reference as data, with every limit of it.

`faults_of_message` and `faults_of_view` answer in Slack's words. Unknown fields are faults too, since Slack refuses
them, and a bot that was only ever tried against something milder finds that out at night.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.standin.shapes import Report, Shape, anything, array, boolean, both, integer, record, string, typed

Json = dict[str, Any]

MOST_BLOCKS = 50
MOST_BLOCKS_IN_VIEW = 100
MOST_CHARACTERS = 12_000
PER_BLOCK = 40
"""What a block costs of MOST_CHARACTERS beside its text: Slack takes less text the more blocks carry it."""
BIGGEST_VIEW = 250_000


def plain(most: int, least: int = 1) -> Shape:
    """A plain_text object."""
    return typed({"plain_text": record({"type": anything, "text": string(least, most)}, {"emoji": boolean})})


def text(most: int) -> Shape:
    """A plain_text or mrkdwn object."""
    return typed(
        {
            "plain_text": record({"type": anything, "text": string(1, most)}, {"emoji": boolean}),
            "mrkdwn": record({"type": anything, "text": string(1, most)}, {"verbatim": boolean}),
        }
    )


ID = string(1, 255)
URL = string(1, 3000)
STYLE = string(one_of=("primary", "danger"))

confirm = record({"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)}, {"style": STYLE})
option = record({"text": text(75), "value": string(1, 150)}, {"description": text(75), "url": URL})
plain_option = record({"text": plain(75), "value": string(1, 150)}, {"description": plain(75), "url": URL})
group = record({"label": plain(75), "options": array(plain_option, 1, 100)})
dispatch = record({}, {"trigger_actions_on": array(string(one_of=("on_enter_pressed", "on_character_entered")), 1, 2)})
slack_file = record({}, {"id": string(1), "url": URL})

ELEMENT = {"type": anything}
ACTING = {"action_id": ID, "confirm": confirm, "focus_on_load": boolean}
ASKING = {"action_id": ID, "placeholder": plain(150), "focus_on_load": boolean}
CHOOSING = {**ACTING, "placeholder": plain(150)}
SEVERAL = {**CHOOSING, "max_selected_items": integer(1)}
OPTIONS = {"options": array(plain_option, 1, 100), "option_groups": array(group, 1, 100)}
CONVERSATIONS = {"default_to_current_conversation": boolean, "response_url_enabled": boolean, "filter": anything}


def _one_list(value: Any, pointer: str, report: Report) -> None:
    if isinstance(value, dict) and ("options" in value) == ("option_groups" in value):
        report.add("must define exactly one of `options` and `option_groups`", pointer)


def _element(required: Mapping[str, Shape], optional: Mapping[str, Shape]) -> Shape:
    return record({**ELEMENT, **required}, optional)


_selects: dict[str, Shape] = {
    "static_select": both(_element({}, {**CHOOSING, **OPTIONS, "initial_option": plain_option}), _one_list),
    "external_select": _element({}, {**CHOOSING, "min_query_length": integer(0), "initial_option": plain_option}),
    "users_select": _element({}, {**CHOOSING, "initial_user": string(1)}),
    "channels_select": _element({}, {**CHOOSING, "initial_channel": string(1), "response_url_enabled": boolean}),
    "conversations_select": _element({}, {**CHOOSING, **CONVERSATIONS, "initial_conversation": string(1)}),
    "multi_static_select": both(
        _element({}, {**SEVERAL, **OPTIONS, "initial_options": array(plain_option, 1, 100)}), _one_list
    ),
    "multi_external_select": _element(
        {}, {**SEVERAL, "min_query_length": integer(0), "initial_options": array(plain_option, 1, 100)}
    ),
    "multi_users_select": _element({}, {**SEVERAL, "initial_users": array(string(1))}),
    "multi_channels_select": _element({}, {**SEVERAL, "initial_channels": array(string(1))}),
    "multi_conversations_select": _element({}, {**SEVERAL, **CONVERSATIONS, "initial_conversations": array(string(1))}),
}
_choices: dict[str, Shape] = {
    "checkboxes": _element({"options": array(option, 1, 10)}, {**ACTING, "initial_options": array(option, 1, 10)}),
    "radio_buttons": _element({"options": array(option, 1, 10)}, {**ACTING, "initial_option": option}),
    "datepicker": _element({}, {**CHOOSING, "initial_date": string(10, 10)}),
    "timepicker": _element({}, {**CHOOSING, "initial_time": string(5, 5), "timezone": string(1)}),
    "datetimepicker": _element({}, {**ACTING, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
}
_buttons: dict[str, Shape] = {
    "button": _element(
        {"text": plain(75)},
        {
            "action_id": ID,
            "url": URL,
            "value": string(1, 2000),
            "style": STYLE,
            "confirm": confirm,
            "accessibility_label": string(1, 75),
        },
    ),
    "overflow": _element({"options": array(plain_option, 1, 5)}, {"action_id": ID, "confirm": confirm}),
}
_inputs: dict[str, Shape] = {
    "plain_text_input": _element(
        {},
        {
            **ASKING,
            "initial_value": string(0, 3000),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
            "dispatch_action_config": dispatch,
        },
    ),
    "email_text_input": _element({}, {**ASKING, "initial_value": string(), "dispatch_action_config": dispatch}),
    "url_text_input": _element({}, {**ASKING, "initial_value": string(), "dispatch_action_config": dispatch}),
    "number_input": _element(
        {"is_decimal_allowed": boolean},
        {
            **ASKING,
            "initial_value": string(),
            "min_value": string(),
            "max_value": string(),
            "dispatch_action_config": dispatch,
        },
    ),
}
_image_element: dict[str, Shape] = {
    "image": _element({"alt_text": string(1, 2000)}, {"image_url": URL, "slack_file": slack_file})
}

# Rich text

STYLES = record({}, {"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean})
_leaves: dict[str, Shape] = {
    "text": record({"type": anything, "text": string(1)}, {"style": STYLES}),
    "link": record({"type": anything, "url": URL}, {"text": string(), "unsafe": boolean, "style": STYLES}),
    "emoji": record(
        {"type": anything, "name": string(1)}, {"unicode": string(), "skin_tone": integer(), "style": STYLES}
    ),
    "user": record({"type": anything, "user_id": string(1)}, {"style": STYLES}),
    "usergroup": record({"type": anything, "usergroup_id": string(1)}, {"style": STYLES}),
    "channel": record({"type": anything, "channel_id": string(1)}, {"style": STYLES}),
    "broadcast": record({"type": anything, "range": string(one_of=("here", "channel", "everyone"))}, {"style": STYLES}),
    "date": record(
        {"type": anything, "timestamp": integer(0), "format": string(1)},
        {"url": URL, "fallback": string(), "style": STYLES},
    ),
    "color": record({"type": anything, "value": string(1)}, {"style": STYLES}),
}
_rich_section = record({"type": anything, "elements": array(typed(_leaves))})
_rich_parts: dict[str, Shape] = {
    "rich_text_section": _rich_section,
    "rich_text_list": record(
        {
            "type": anything,
            "style": string(one_of=("bullet", "ordered")),
            "elements": array(typed({"rich_text_section": _rich_section}), 1),
        },
        {"indent": integer(0, 8), "offset": integer(0), "border": integer(0, 1)},
    ),
    "rich_text_preformatted": record(
        {"type": anything, "elements": array(typed({"text": _leaves["text"], "link": _leaves["link"]}))},
        {"border": integer(0, 1), "language": string(1)},
    ),
    "rich_text_quote": record({"type": anything, "elements": array(typed(_leaves))}, {"border": integer(0, 1)}),
}
_rich_text = record({"type": anything, "elements": array(typed(_rich_parts), 1)}, {"block_id": ID})
_inputs["rich_text_input"] = _element(
    {}, {**ASKING, "initial_value": typed({"rich_text": _rich_text}), "dispatch_action_config": dispatch}
)

# Blocks


def _block(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    return record({"type": anything, **required}, {"block_id": ID, **(optional or {})})


def _says_something(value: Any, pointer: str, report: Report) -> None:
    if isinstance(value, dict) and "text" not in value and "fields" not in value:
        report.add("must define either `text` or `fields`", pointer)


def _one_picture(value: Any, pointer: str, report: Report) -> None:
    if isinstance(value, dict) and ("image_url" in value) == ("slack_file" in value):
        report.add("must define exactly one of `image_url` and `slack_file`", pointer)


def _twenty_cells(value: Any, pointer: str, report: Report) -> None:
    rows = value.get("rows") if isinstance(value, dict) else None
    widths = {len(row) for row in rows if isinstance(row, list)} if isinstance(rows, list) else set()
    if len(widths) > 1:
        report.add("all rows must have the same number of cells", f"{pointer}/rows")


_cell = typed(
    {
        "raw_text": record({"type": anything, "text": string(1)}),
        "raw_number": record({"type": anything, "value": anything}, {"text": string()}),
        "rich_text": _rich_text,
    }
)
_image_block = both(
    _block({"alt_text": string(1, 2000)}, {"image_url": URL, "slack_file": slack_file, "title": plain(2000)}),
    _one_picture,
)
_common: dict[str, Shape] = {
    "section": both(
        _block(
            {},
            {
                "text": text(3000),
                "fields": array(text(2000), 1, 10),
                "accessory": typed(_selects | _choices | _buttons | _image_element),
                "expand": boolean,
            },
        ),
        _says_something,
    ),
    "header": _block({"text": plain(150)}, {"level": integer(1, 4)}),
    "divider": _block({}),
    "context": _block(
        {
            "elements": array(
                typed(
                    {
                        **_image_element,
                        "mrkdwn": record({"type": anything, "text": string(1, 3000)}, {"verbatim": boolean}),
                        "plain_text": record({"type": anything, "text": string(1, 3000)}, {"emoji": boolean}),
                    }
                ),
                1,
                10,
            )
        }
    ),
    "actions": _block(
        {"elements": array(typed(_selects | _choices | _buttons), 1, 25)},
    ),
    "image": _image_block,
    "rich_text": _rich_text,
    "input": _block(
        {"label": plain(2000), "element": typed(_selects | _choices | _inputs)},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
}
_messages_only: dict[str, Shape] = {
    "markdown": _block({"text": string(1, 12_000)}),
    "table": both(
        _block({"rows": array(array(_cell, 1, 20), 1, 100)}, {"column_settings": array(anything, 0, 20)}),
        _twenty_cells,
    ),
    "container": _block(
        {"child_blocks": array(typed(_common), 1, 10)},
        {
            "title": plain(150),
            "subtitle": plain(150),
            "width": string(one_of=("narrow", "standard", "wide", "full")),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
    ),
}
_modals_only: dict[str, Shape] = {
    "alert": _block({"text": text(3000)}, {"level": string(one_of=("default", "info", "warning", "error", "success"))}),
}
_message_blocks = array(typed(_common | _messages_only), 0, MOST_BLOCKS)


def faults_of_message(blocks: Any) -> list[str]:
    """What Slack has against these blocks of a message; nothing when it takes them."""
    report = Report()
    _message_blocks(blocks, "/blocks", report)
    if not report.errors:
        _report_duplicates(blocks, "/blocks", report)
        _report_once_a_message(blocks, report)
    return report.errors


def too_long(blocks: Sequence[Json]) -> bool:
    """Whether Slack answers `msg_blocks_too_long`: about 12,000 characters of text, fewer with many blocks."""
    return sum(map(len, _texts(list(blocks)))) + PER_BLOCK * len(blocks) > MOST_CHARACTERS


def faults_of_view(view: Any) -> list[str]:
    """What Slack has against this modal or Home tab."""
    report = Report()
    kind = view.get("type") if isinstance(view, dict) else None
    typed({"modal": _modal, "home": _home})(view, "/view", report)
    if not report.errors:
        _report_duplicates(view["blocks"], "/view/blocks", report)
        _report_missing_submit(view, report)
    return (
        ["failed to match all allowed schemas [json-pointer:/view]", *report.errors]
        if kind and report.errors
        else report.errors
    )


_view_blocks = array(typed(_common | _modals_only), 0, MOST_BLOCKS_IN_VIEW)
_kept = {"private_metadata": string(0, 3000), "callback_id": string(0, 255), "external_id": string(0, 255)}
_modal = record(
    {"type": anything, "title": plain(24), "blocks": _view_blocks},
    {
        **_kept,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_home = record({"type": anything, "blocks": array(typed(_common), 0, MOST_BLOCKS_IN_VIEW)}, _kept)


def _report_missing_submit(view: Json, report: Report) -> None:
    if view["type"] == "modal" and "submit" not in view:
        for index, block in enumerate(view["blocks"]):
            if block["type"] == "input":
                report.add("must define `submit` to use `input` block", f"/view/blocks/{index}/input")


def _report_duplicates(blocks: Sequence[Json], pointer: str, report: Report) -> None:
    seen: set[str] = set()
    for where, block in every_block(blocks, pointer):
        if block.get("block_id") in seen:
            report.add(f"`block_id` must be unique: {block['block_id']}", f"{where}/block_id")
        if "block_id" in block:
            seen.add(block["block_id"])
        actions: set[str] = set()
        for place, element in elements_of(block):
            name = element.get("action_id")
            if name in actions:
                report.add(f"`action_id` must be unique in its block: {name}", f"{where}/{place}/action_id")
            if name is not None:
                actions.add(name)


def _report_once_a_message(blocks: Sequence[Json], report: Report) -> None:
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MOST_CHARACTERS:
        report.add("must be less than 12001 characters over all markdown blocks", "/blocks")
    if sum(block["type"] == "table" for block in blocks) > 1:
        report.add("no more than 1 table allowed", "/blocks")


def elements_of(block: Json) -> Iterator[tuple[str, Json]]:
    """The interactive elements of a block, with their place in it."""
    for index, element in enumerate(block.get("elements", ()) if block["type"] == "actions" else ()):
        yield f"elements/{index}", element
    for place in ("accessory", "element"):
        if isinstance(block.get(place), dict) and block[place].get("type") != "image":
            yield place, block[place]


def every_block(blocks: Sequence[Json], pointer: str = "") -> Iterator[tuple[str, Json]]:
    """The blocks and those inside containers, each with its JSON pointer."""
    for index, block in enumerate(blocks):
        yield f"{pointer}/{index}", block
        yield from every_block(block.get("child_blocks", ()), f"{pointer}/{index}/child_blocks")


def with_ids(blocks: Sequence[Json]) -> list[Json]:
    """The blocks with a `block_id` and `action_id` wherever the app gave none, as Slack hands them back."""
    named = []
    for block in blocks:
        copy = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
        if "elements" in copy and copy["type"] == "actions":
            copy["elements"] = [_with_action_id(element) for element in copy["elements"]]
        for place in ("accessory", "element"):
            if place in copy and copy[place].get("type") != "image":
                copy[place] = _with_action_id(copy[place])
        if "child_blocks" in copy:
            copy["child_blocks"] = with_ids(copy["child_blocks"])
        named.append(copy)
    return named


def _with_action_id(element: Json) -> Json:
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                if name in ("text", "value"):
                    yield each
            else:
                yield from _texts(each)


def mentionable(value: Any) -> Iterator[str]:
    """Every text in the blocks in which Slack looks for `<...>`: mrkdwn objects and markdown blocks."""
    if isinstance(value, list):
        for each in value:
            yield from mentionable(each)
    elif isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "markdown") and isinstance(value.get("text"), str):
            yield value["text"]
        else:
            for each in value.values():
                yield from mentionable(each)
