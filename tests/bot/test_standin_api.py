"""The practice workspace speaks Slack's Web API, and refuses what Slack refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.standin import RESET, Pace
from tests.bot.standin_world import BOT_TOKEN, World, actions, button, section, world


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as found:
        yield found


def refusal(call: Any, *args: Any, **more: Any) -> dict[str, Any]:
    """The body with which the workspace says no."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **more)
    found: dict[str, Any] = caught.value.response.data
    return found


def code(call: Any, *args: Any, **more: Any) -> str:
    return str(refusal(call, *args, **more)["error"])


# Who may call


def test_a_wrong_token_is_refused(practice: World) -> None:
    stranger = WebClient("xo" + "xb-other", base_url=practice.standin.api_url)
    assert code(stranger.auth_test) == "invalid_auth"


def test_a_token_in_the_address_does_not_count(practice: World) -> None:
    answer = httpx.post(f"{practice.standin.api_url}auth.test?token={BOT_TOKEN}").json()
    assert answer["error"] == "not_authed"
    assert practice.standin.violations.as_json()["kinds"]["token_in_query"] == 1


def test_a_foreign_host_or_origin_is_turned_away(practice: World) -> None:
    api = practice.standin.api_url + "api.test"
    assert httpx.post(api, headers={"Host": "evil.example"}).status_code == 421
    assert httpx.post(api, headers={"Origin": "http://evil.example"}).status_code == 403


def test_unknown_and_retired_methods_are_refused(practice: World) -> None:
    assert code(practice.client.api_call, "chat.shout") == "unknown_method"
    assert code(practice.client.api_call, "files.upload") == "method_deprecated"


def test_auth_test_tells_the_bot_who_it_is(practice: World) -> None:
    answer = practice.client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == ("U0MIDWATCH", "B0MIDWATCH")


# How arguments are read


def test_methods_that_read_forms_only_do_not_see_json(practice: World) -> None:
    assert code(practice.client.api_call, "users.info", json={"user": "U0ALICE"}) == "user_not_found"
    assert practice.client.users_info(user="U0ALICE")["user"]["name"] == "alice"


def test_broken_json_is_refused(practice: World) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json; charset=utf-8"}
    answer = httpx.post(practice.standin.api_url + "chat.postMessage", content=b"{", headers=headers)
    assert answer.json()["error"] == "invalid_json"


def test_deep_json_is_refused_not_a_crash(practice: World) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json; charset=utf-8"}
    deep = b'{"blocks":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = httpx.post(practice.standin.api_url + "chat.postMessage", content=deep, headers=headers)
    assert answer.json()["error"] == "invalid_json"


def test_json_without_charset_is_warned_about(practice: World) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    answer = httpx.post(practice.standin.api_url + "auth.test", content=b"{}", headers=headers).json()
    assert answer["ok"]
    assert answer["warning"] == "missing_charset"


def test_a_form_carries_blocks_as_a_string_of_json(practice: World) -> None:
    blocks = json.dumps([section("*hello*")])
    practice.client.api_call(
        "chat.postMessage", data={"channel": practice.incidents, "text": "hello", "blocks": blocks}
    )
    assert practice.standin.messages("incidents")[-1]["blocks"][0]["type"] == "section"


def test_a_ts_as_number_is_refused(practice: World) -> None:
    ts = practice.post()
    arguments = {"channel": practice.incidents, "ts": float(ts), "text": "x"}
    assert code(practice.client.api_call, "chat.update", json=arguments) == "invalid_arguments"


# Posting


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"text": "x", "blocks": [section("x" * 2900) for _ in range(5)]}, "msg_blocks_too_long"),
        ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
        ({"text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"text": "x", "attachments": [{"text": "y"}] * 101}, "too_many_attachments"),
    ],
)
def test_what_slack_would_not_post_is_not_posted(practice: World, message: dict[str, Any], error: str) -> None:
    arguments = {"channel": practice.incidents, **message}
    assert code(practice.client.api_call, "chat.postMessage", json=arguments) == error
    assert practice.standin.messages("incidents") == []
    if error != "thread_not_found":
        assert practice.standin.violations.total == 1


def test_unknown_channels_and_those_without_the_bot_are_refused(practice: World) -> None:
    assert code(practice.client.chat_postMessage, channel="C0NOWHERE", text="x") == "channel_not_found"
    assert code(practice.client.chat_postMessage, channel="general", text="x") == "not_in_channel"


def test_a_reply_to_a_reply_is_refused(practice: World) -> None:
    reply = practice.post(thread_ts=practice.post())
    assert code(practice.client.chat_postMessage, channel="incidents", text="x", thread_ts=reply) == "invalid_arguments"


def test_bad_blocks_are_named_with_a_pointer(practice: World) -> None:
    answer = refusal(practice.client.chat_postMessage, channel="incidents", text="x", blocks=[section("x" * 3001)])
    assert answer["errors"] == ["must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]


def test_messages_are_kept_over_a_restart_and_ts_goes_on_rising(tmp_path: Path) -> None:
    with world(tmp_path) as before:
        before.clock.forward(3600)
        first = before.post(text="before")
    with world(tmp_path) as after:
        second = after.post(text="after")
        assert [message["text"] for message in after.standin.messages("incidents")] == ["before", "after"]
    assert second > first


def test_metadata_is_kept_and_told_only_when_asked_for(practice: World) -> None:
    practice.post(metadata={"event_type": "card", "event_payload": {"key": "INC-1"}})
    ask = practice.client.conversations_history
    assert "metadata" not in ask(channel=practice.incidents)["messages"][0]
    told = ask(channel=practice.incidents, include_all_metadata=True)["messages"][0]
    assert told["metadata"]["event_payload"] == {"key": "INC-1"}


def test_a_person_can_be_written_to_directly(practice: World) -> None:
    answer = practice.client.chat_postMessage(channel="U0ALICE", text="psst")
    assert answer["channel"].startswith("D")
    assert practice.client.conversations_open(users="U0ALICE")["channel"]["id"] == answer["channel"]


def test_a_long_text_is_cut_with_a_warning(practice: World) -> None:
    answer = practice.client.chat_postMessage(channel=practice.incidents, text="x" * 50_000)
    assert answer["warning"] == "message_truncated"
    assert len(answer["message"]["text"]) == 40_000


# Updating


def test_an_update_changes_the_message_in_place_and_keeps_its_blocks(practice: World) -> None:
    ts = practice.post(text="old", blocks=[section("old", block_id="b")])
    practice.client.chat_update(channel=practice.incidents, ts=ts, text="new")
    (message,) = practice.standin.messages("incidents")
    assert (message["text"], message["blocks"][0]["text"]["text"]) == ("new", "old")
    assert message["edited"]["user"] == "U0MIDWATCH"
    practice.client.chat_update(channel=practice.incidents, ts=ts, text="new", blocks=[])
    assert practice.standin.messages("incidents")[0]["blocks"] == []


def test_only_own_messages_can_be_changed_or_deleted(practice: World) -> None:
    ts = practice.standin.person("alice").say(practice.incidents, "mine")["ts"]
    assert code(practice.client.chat_update, channel=practice.incidents, ts=ts, text="x") == "cant_update_message"
    assert code(practice.client.chat_delete, channel=practice.incidents, ts=ts) == "cant_delete_message"
    assert code(practice.client.chat_update, channel=practice.incidents, ts="1.0", text="x") == "message_not_found"


def test_an_update_takes_less_text_than_a_post(practice: World) -> None:
    ts = practice.post()
    assert code(practice.client.chat_update, channel=practice.incidents, ts=ts, text="x" * 4001) == "msg_too_long"


def test_an_ephemeral_message_is_in_no_history(practice: World) -> None:
    practice.client.chat_postEphemeral(channel=practice.incidents, user="U0ALICE", text="only you")
    assert practice.standin.messages("incidents") == []
    assert practice.standin.ephemerals("incidents", "alice")[0]["text"] == "only you"
    assert practice.standin.ephemerals("incidents", "bob") == []


def test_a_broadcast_rings_everybody_and_is_counted(practice: World) -> None:
    practice.post(text="disk full on &lt;!channel&gt;")
    assert practice.standin.pings == []
    practice.post(text="disk full on <!channel>")
    assert {ping.user for ping in practice.standin.pings} == {"U0ALICE", "U0BOB", "U0CHARLIE", "U0DANA"}
    assert practice.standin.violations.as_json()["kinds"] == {"broadcast": 1}


def test_a_group_mention_rings_its_members(practice: World) -> None:
    practice.post(text="<!subteam^S0ONCALL> please look")
    assert {(ping.user, ping.why) for ping in practice.standin.pings} == {("U0ALICE", "mention"), ("U0BOB", "mention")}


# Conversations


def test_a_channel_of_ones_own_from_creation_to_archive(practice: World) -> None:
    client = practice.client
    channel = client.conversations_create(name="inc-1-api")["channel"]["id"]
    assert code(client.conversations_create, name="inc-1-api") == "name_taken"
    client.conversations_invite(channel=channel, users=["U0ALICE", "U0BOB"])
    assert code(client.conversations_invite, channel=channel, users="U0ALICE") == "already_in_channel"
    client.conversations_setTopic(channel=channel, topic="P1")
    client.conversations_rename(channel=channel, name="inc-1-api-down")
    assert client.conversations_info(channel=channel)["channel"]["topic"]["value"] == "P1"
    assert client.conversations_members(channel=channel)["members"] == ["U0MIDWATCH", "U0ALICE", "U0BOB"]
    client.conversations_archive(channel=channel)
    assert code(client.chat_postMessage, channel=channel, text="x") == "is_archived"
    assert code(client.conversations_archive, channel=channel) == "already_archived"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Inc 1", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("---", "invalid_name_punctuation"),
        ("", "invalid_name_required"),
    ],
)
def test_bad_channel_names_are_refused(practice: World, name: str, error: str) -> None:
    assert code(practice.client.conversations_create, name=name) == error


def test_invited_people_come_as_a_string_not_a_list(practice: World) -> None:
    arguments = {"channel": practice.incidents, "users": ["U0ALICE"]}
    assert code(practice.client.api_call, "conversations.invite", json=arguments) == "invalid_array_arg"


def test_a_topic_has_250_characters(practice: World) -> None:
    assert code(practice.client.conversations_setTopic, channel=practice.incidents, topic="x" * 251) == "too_long"


def test_the_bot_joins_public_channels_and_sees_no_private_ones(practice: World) -> None:
    general = practice.standin.channels["general"]
    practice.client.conversations_join(channel=general)
    practice.client.chat_postMessage(channel=general, text="hello")
    hidden = practice.standin.workspace.create_channel("secret", "U0ALICE", ["U0ALICE"], private=True)
    assert code(practice.client.conversations_info, channel=hidden["id"]) == "channel_not_found"


def test_history_comes_newest_first_in_pages_and_without_replies(practice: World) -> None:
    parents = [practice.post(text=f"{number}") for number in range(5)]
    practice.post(text="reply", thread_ts=parents[0])
    pages = practice.client.conversations_history(channel=practice.incidents, limit=2)
    told = [message for page in pages for message in page["messages"]]
    assert [message["text"] for message in told] == ["4", "3", "2", "1", "0"]
    assert told[-1]["reply_count"] == 1
    later = practice.client.conversations_history(channel=practice.incidents, oldest=parents[3])["messages"]
    assert [message["text"] for message in later] == ["4"]


def test_replies_give_a_thread_with_its_parent(practice: World) -> None:
    parent = practice.post(text="parent")
    practice.post(text="reply", thread_ts=parent)
    told = practice.client.conversations_replies(channel=practice.incidents, ts=parent)["messages"]
    assert [message["text"] for message in told] == ["parent", "reply"]
    assert code(practice.client.conversations_replies, channel=practice.incidents, ts="1.0") == "thread_not_found"


def test_lists_come_in_pages(practice: World) -> None:
    names = [channel["name"] for page in practice.client.conversations_list(limit=1) for channel in page["channels"]]
    assert names == ["general", "incidents"]
    people = [person["id"] for page in practice.client.users_list(limit=2) for person in page["members"]]
    assert "U0DANA" in people


# People, files, marks


def test_the_on_call_group_has_alice_and_bob(practice: World) -> None:
    (group,) = practice.client.usergroups_list(include_users=True)["usergroups"]
    assert (group["handle"], group["users"]) == ("oncall", ["U0ALICE", "U0BOB"])
    assert practice.client.usergroups_users_list(usergroup=group["id"])["users"] == ["U0ALICE", "U0BOB"]
    assert code(practice.client.usergroups_users_list, usergroup="S0NONE") == "no_such_subteam"


def test_a_guest_is_a_restricted_user(practice: World) -> None:
    assert practice.client.users_info(user="U0DANA")["user"]["is_restricted"]


def test_a_file_goes_up_in_three_steps_and_into_a_thread(practice: World) -> None:
    parent = practice.post()
    practice.client.files_upload_v2(
        channel=practice.incidents, thread_ts=parent, content="line 1\nline 2\n", filename="out.txt", title="Output"
    )
    (_, message) = practice.standin.messages("incidents", parent)
    assert message["files"][0]["title"] == "Output"
    assert message["files"][0]["preview"] == "line 1\nline 2"


def test_a_file_of_another_length_than_announced_is_refused(practice: World) -> None:
    announced = practice.client.files_getUploadURLExternal(filename="out.txt", length=5)
    assert httpx.post(announced["upload_url"], content=b"six by").status_code == 400
    files = [{"id": announced["file_id"]}]
    assert code(practice.client.files_completeUploadExternal, files=files) == "file_not_found"


def test_reactions_pins_and_bookmarks_hang_on_and_come_off(practice: World) -> None:
    ts, client, place = practice.post(), practice.client, practice.incidents
    client.reactions_add(channel=place, timestamp=ts, name="eyes")
    assert code(client.reactions_add, channel=place, timestamp=ts, name="eyes") == "already_reacted"
    assert code(client.reactions_add, channel=place, timestamp=ts, name=":eyes:") == "invalid_name"
    assert client.reactions_get(channel=place, timestamp=ts)["message"]["reactions"][0]["count"] == 1
    client.pins_add(channel=place, timestamp=ts)
    assert code(client.pins_add, channel=place, timestamp=ts) == "already_pinned"
    assert client.pins_list(channel=place)["items"][0]["message"]["ts"] == ts
    client.pins_remove(channel=place, timestamp=ts)
    client.bookmarks_add(channel_id=place, title="Runbook", type="link", link="https://example.com/r")
    assert client.bookmarks_list(channel_id=place)["bookmarks"][0]["title"] == "Runbook"
    bad = {"channel_id": place, "title": "Runbook", "type": "link", "link": "javascript:alert(1)"}
    assert code(client.bookmarks_add, **bad) == "invalid_link"


# Pace and faults


def test_more_than_a_message_a_second_is_told_to_wait(tmp_path: Path) -> None:
    with world(tmp_path, pace=Pace(burst=3)) as practice:
        for _ in range(3):
            practice.post()
        with pytest.raises(SlackApiError) as caught:
            practice.post()
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "1"
        assert code(practice.client.chat_postMessage, channel=practice.incidents, text="x") == "ratelimited"
        practice.clock.forward(2)
        practice.post()
        assert practice.standin.violations.as_json()["kinds"] == {"ratelimited": 1, "ignored_retry_after": 1}


def test_a_method_has_its_tier(tmp_path: Path) -> None:
    with world(tmp_path, pace=Pace()) as practice:
        for _ in range(20):
            practice.client.conversations_list()
        assert code(practice.client.conversations_list) == "ratelimited"


def test_faults_come_as_ordered_and_go_away(practice: World) -> None:
    practice.standin.fail_next("chat.postMessage", "internal_error")
    assert code(practice.client.chat_postMessage, channel=practice.incidents, text="x") == "internal_error"
    practice.standin.fail_next("chat.postMessage", 429, retry_after=7)
    answer = httpx.post(
        practice.standin.api_url + "chat.postMessage",
        data={"channel": practice.incidents, "text": "x"},
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    practice.clock.forward(8)
    practice.post()


def test_a_lost_answer_leaves_the_message_behind(practice: World) -> None:
    practice.standin.fail_next("chat.postMessage", RESET, done=True)
    with pytest.raises(OSError):
        practice.post(text="twice?")
    assert [message["text"] for message in practice.standin.messages("incidents")] == ["twice?"]


def test_every_call_is_on_record(practice: World) -> None:
    practice.post()
    code(practice.client.chat_postMessage, channel="C0NOWHERE", text="x")
    calls = [(call.method, call.channel, call.error) for call in practice.standin.calls]
    assert calls == [
        ("chat.postMessage", practice.incidents, None),
        ("chat.postMessage", "C0NOWHERE", "channel_not_found"),
    ]


def test_buttons_without_action_id_get_one(practice: World) -> None:
    nameless = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    practice.post(blocks=[{"type": "actions", "elements": [nameless]}])
    (block,) = practice.standin.messages("incidents")[0]["blocks"]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]


def test_blocks_with_the_same_action_twice_are_refused(practice: World) -> None:
    blocks = [actions(button("A", "same"), button("B", "same"))]
    assert (
        code(practice.client.chat_postMessage, channel=practice.incidents, text="x", blocks=blocks) == "invalid_blocks"
    )
