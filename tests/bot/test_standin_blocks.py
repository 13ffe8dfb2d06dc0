"""Every limit of Block Kit that the practice workspace keeps, with Slack's words for it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.standin.blocks import faults_of_message, faults_of_view, too_long
from tests.bot.standin_world import actions, button, modal, section, text_input

PLAIN = {"type": "plain_text", "text": "x"}
OPTION = {"text": PLAIN, "value": "v"}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": [OPTION], **more}


def confirm(**more: Any) -> dict[str, Any]:
    return {"title": PLAIN, "text": PLAIN, "confirm": PLAIN, "deny": PLAIN, **more}


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({}, "missing required field: type [json-pointer:/blocks/0]"),
        ({"type": "banner"}, "unsupported type: banner [json-pointer:/blocks/0/type]"),
        ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (section("x", colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
        (section("x", block_id="b" * 256), "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
        (
            {"type": "section", "fields": [PLAIN] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]},
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}},
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (
            {"type": "context", "elements": [PLAIN] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            actions(*[button("x", f"a{number}") for number in range(26)]),
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            actions(button("x" * 76, "a")),
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            actions(button("x", "a", value="v" * 2001)),
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        (
            actions(button("x", "a", style="green")),
            "must be one of the following values: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            actions(button("x", "a", confirm={"title": PLAIN})),
            "missing required field: text [json-pointer:/blocks/0/elements/0/confirm]",
        ),
        (
            actions(button("x", "a", confirm=confirm(deny={"type": "plain_text", "text": "x" * 31}))),
            "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]",
        ),
        (
            actions(button("x", "same"), button("y", "same")),
            "`action_id` must be unique in its block: same [json-pointer:/blocks/0/elements/1/action_id]",
        ),
        (
            actions(select(options=[OPTION] * 101)),
            "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
        ),
        (
            actions(select(option_groups=[{"label": PLAIN, "options": [OPTION]}])),
            "must define exactly one of `options` and `option_groups` [json-pointer:/blocks/0/elements/0]",
        ),
        (
            actions(select(options=[{"text": PLAIN, "value": "v" * 151}])),
            "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
        ),
        (
            actions({"type": "overflow", "options": [OPTION] * 6}),
            "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
        ),
        (
            {"type": "image", "alt_text": "x"},
            "must define exactly one of `image_url` and `slack_file` [json-pointer:/blocks/0]",
        ),
        (
            {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]},
            "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
        ),
        ({"type": "alert", "text": PLAIN}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
        ("text", "must provide an object [json-pointer:/blocks/0]"),
    ],
)
def test_a_bad_block_is_refused_in_slacks_words(block: Any, fault: str) -> None:
    assert fault in faults_of_message([block])


def test_a_message_has_fifty_blocks() -> None:
    assert faults_of_message([{"type": "divider"}] * 50) == []
    assert faults_of_message([{"type": "divider"}] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_block_id_stands_once_in_a_message() -> None:
    (fault,) = faults_of_message([section("a", block_id="b"), section("b", block_id="b")])
    assert fault.startswith("`block_id` must be unique: b")


def test_a_message_has_one_table() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert faults_of_message([table]) == []
    assert faults_of_message([table, table]) == ["no more than 1 table allowed [json-pointer:/blocks]"]


def test_ten_thousand_characters_pass_and_more_than_twelve_do_not() -> None:
    assert not too_long([section("x" * 200) for _ in range(50)])
    assert too_long([section("x" * 3000) for _ in range(4)])
    assert too_long([{"type": "markdown", "text": "x" * 12_000}])


@pytest.mark.parametrize(
    "block",
    [
        section("*x*", accessory=button("Go", "go", confirm=confirm(style="danger"))),
        {"type": "section", "text": {"type": "mrkdwn", "text": "x", "verbatim": True}, "expand": True},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://x", "alt_text": "x"}, PLAIN]},
        actions(select(), {"type": "overflow", "options": [OPTION]}, {"type": "users_select"}, {"type": "datepicker"}),
        actions({"type": "checkboxes", "options": [OPTION]}, {"type": "radio_buttons", "options": [OPTION]}),
        text_input("b", "Label"),
        {"type": "markdown", "text": "# x"},
        {"type": "container", "title": PLAIN, "child_blocks": [section("x")]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "x", "style": {"bold": True}},
                        {"type": "user", "user_id": "U1"},
                    ],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}], "border": 0},
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
                },
            ],
        },
    ],
)
def test_a_good_block_passes(block: dict[str, Any]) -> None:
    assert faults_of_message([block]) == []


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
        (
            modal(title={"type": "plain_text", "text": "x" * 25}),
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (
            {"type": "modal", "title": PLAIN, "blocks": [text_input("b", "x")]},
            "must define `submit` to use `input` block [json-pointer:/view/blocks/0/input]",
        ),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown [json-pointer:/view/blocks/0/type]"),
        (modal(text_input("b", "x", max_length=3001)), "must be less than or equal to 3000"),
    ],
)
def test_a_bad_view_is_refused_in_slacks_words(view: dict[str, Any], fault: str) -> None:
    assert any(fault in each for each in faults_of_view(view))


def test_a_good_view_passes() -> None:
    assert faults_of_view(modal(text_input("b", "x"), {"type": "alert", "text": PLAIN, "level": "warning"})) == []
    assert faults_of_view({"type": "home", "blocks": [section("x")]}) == []
