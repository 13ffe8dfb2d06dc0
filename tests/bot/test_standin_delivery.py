"""What people do reaches the bot signed, in Slack's form, and its answers do what Slack makes of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.standin import Standin
from bot.standin.errors import Refused
from incidents.errors import Misconfigured
from tests.bot.standin_world import OK, Answer, World, actions, button, modal, section, text_input, world
from tests.conftest import wait_until


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, commands=["/incident"]) as found:
        yield found


def answering(**body: Any) -> Answer:
    return 200, "application/json", json.dumps(body)


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


# Where it listens


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_it_listens_on_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(Misconfigured, match="loopback"):
        Standin(tmp_path, "http://127.0.0.1:1", host=host, token="t", signing_secret="s", bot_token="b")


def test_a_taken_port_is_named(tmp_path: Path, practice: World) -> None:
    with pytest.raises(Misconfigured, match=str(practice.standin.port)):
        Standin(
            tmp_path / "x",
            "http://127.0.0.1:1",
            port=practice.standin.port,
            token="t",
            signing_secret="s",
            bot_token="b",
        )


# Slash commands


def test_a_command_arrives_signed_with_all_its_fields(practice: World) -> None:
    practice.standin.person("alice").say(practice.incidents, "/incident ack 12 ")
    (command,) = practice.bot.received
    assert practice.bot.forged == 0
    assert (command["command"], command["text"], command["user_id"]) == ("/incident", "ack 12", "U0ALICE")
    assert command["channel_id"] == practice.incidents
    assert command["response_url"].startswith(practice.standin.url)
    assert command["trigger_id"]
    assert practice.bot.headers[0]["content-type"] == "application/x-www-form-urlencoded"


def test_the_answer_to_a_command_is_for_one_person(practice: World) -> None:
    practice.bot.reply = lambda _: (200, "text/plain", "done")
    practice.standin.person("alice").command(practice.incidents, "/incident ack")
    assert [message["text"] for message in practice.standin.ephemerals("incidents", "alice")] == ["done"]
    assert practice.standin.messages("incidents") == []


def test_an_in_channel_answer_is_for_all_and_shows_the_command(practice: World) -> None:
    practice.bot.reply = lambda _: answering(response_type="in_channel", text="taken")
    practice.standin.person("alice").command(practice.incidents, "/incident ack")
    assert [message["text"] for message in practice.standin.messages("incidents")] == ["/incident ack", "taken"]


def test_a_command_that_is_not_answered_in_time_fails_as_in_slack(tmp_path: Path) -> None:
    with world(tmp_path, patience=0.2) as practice:
        asked = threading.Event()

        def slowly(_: Any) -> Answer:
            asked.wait(10)
            return OK

        practice.bot.reply = slowly
        outcome = practice.standin.person("alice").command(practice.incidents, "/incident ack")
        asked.set()
        assert outcome["error"] == "operation_timeout"
        (told,) = practice.standin.ephemerals("incidents", "alice")
        assert told["text"] == "/incident failed with the error “operation_timeout”"
        assert practice.standin.violations.as_json()["kinds"] == {"slow_ack": 1}


def test_unknown_commands_and_commands_in_threads_never_reach_the_bot(practice: World) -> None:
    alice, parent = practice.standin.person("alice"), practice.post()
    alice.say(practice.incidents, "/incidnet new")
    alice.say(practice.incidents, "/incident new", thread_ts=parent)
    told = [message["text"] for message in practice.standin.ephemerals("incidents", "alice")]
    assert "not a valid command" in told[0]
    assert "not supported in threads" in told[1]
    assert practice.bot.received == []


def test_a_bad_block_in_an_answer_is_not_shown(practice: World) -> None:
    practice.bot.reply = lambda _: answering(text="x", blocks=[section("x" * 3001)])
    outcome = practice.standin.person("alice").command(practice.incidents, "/incident help")
    assert outcome["error"] == "invalid_blocks"


def test_with_escaping_names_arrive_as_ids(tmp_path: Path) -> None:
    command = {"command": "/incident", "should_escape": True}
    with world(tmp_path, commands=[command]) as practice:
        practice.standin.person("alice").command(practice.incidents, "/incident lead @bob in #general")
        assert practice.bot.received[0]["text"] == "lead <@U0BOB> in <#C0GENERAL|general>"


# Clicks


def posted_choice(practice: World) -> str:
    choice = actions(button("Approve", "approve", value="7"), button("Deny", "deny"), block_id="choice")
    return practice.post(text="restart api?", blocks=[section("restart api?"), choice])


def test_a_click_says_who_clicked_what_and_where(practice: World) -> None:
    ts = posted_choice(practice)
    assert practice.standin.person("charlie").click(practice.incidents, ts, "approve") == {}
    (click,) = practice.bot.of_type("block_actions")
    assert click["user"]["id"] == "U0CHARLIE"
    assert click["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": practice.incidents,
        "is_ephemeral": False,
    }
    (action,) = click["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "choice", "7")
    assert click["message"]["ts"] == ts


def test_a_click_on_what_is_no_longer_there_is_not_sent(practice: World) -> None:
    ts = posted_choice(practice)
    practice.client.chat_update(channel=practice.incidents, ts=ts, text="done", blocks=[])
    with pytest.raises(Refused, match="no_such_action"):
        practice.standin.person("alice").click(practice.incidents, ts, "approve")
    assert practice.bot.received == []


def test_nobody_clicks_in_somebody_elses_ephemeral_message(practice: World) -> None:
    practice.client.chat_postEphemeral(
        channel=practice.incidents, user="U0ALICE", text="x", blocks=[actions(button("Go", "go"))]
    )
    ts = practice.standin.ephemerals("incidents", "alice")[0]["ts"]
    with pytest.raises(Refused, match="message_not_found"):
        practice.standin.person("bob").click(practice.incidents, ts, "go")
    practice.standin.person("alice").click(practice.incidents, ts, "go")
    assert practice.bot.received[0]["container"]["is_ephemeral"]
    assert "message" not in practice.bot.received[0]


def test_a_select_sends_the_chosen_option_and_the_state(practice: World) -> None:
    options = [{"text": {"type": "plain_text", "text": p}, "value": p} for p in ("P1", "P2")]
    ts = practice.post(blocks=[actions({"type": "static_select", "action_id": "prio", "options": options})])
    block = practice.standin.messages("incidents")[0]["blocks"][0]["block_id"]
    practice.standin.person("alice").click(practice.incidents, ts, "prio", value="P2", state={block: {"prio": "P2"}})
    (click,) = practice.bot.received
    assert click["actions"][0]["selected_option"]["value"] == "P2"
    assert click["state"]["values"][block]["prio"]["selected_option"]["value"] == "P2"


def test_a_bot_that_fails_or_is_away_is_shown_as_in_slack(practice: World) -> None:
    ts = posted_choice(practice)
    practice.bot.reply = lambda _: (500, "text/plain", "oops")
    assert practice.standin.person("alice").click(practice.incidents, ts, "approve") == {"error": "http_service_error"}
    practice.standin.workspace.postman.deliver_to = "http://127.0.0.1:9/"
    assert practice.standin.person("alice").click(practice.incidents, ts, "approve") == {"error": "http_client_error"}


# response_url


def clicked(practice: World) -> tuple[str, WebhookClient]:
    ts = posted_choice(practice)
    practice.standin.person("alice").click(practice.incidents, ts, "approve")
    return ts, WebhookClient(practice.bot.received[-1]["response_url"])


def test_a_response_url_answers_privately_five_times(practice: World) -> None:
    _, url = clicked(practice)
    for number in range(5):
        assert url.send(text=f"{number}").status_code == 200
    assert url.send(text="6").status_code == 404
    assert len(practice.standin.ephemerals("incidents", "alice")) == 5
    assert practice.standin.violations.as_json()["kinds"] == {"used_url": 1}


def test_a_response_url_lives_half_an_hour(practice: World) -> None:
    _, url = clicked(practice)
    practice.clock.forward(1801)
    assert url.send(text="late").status_code == 404


def test_a_response_url_replaces_or_deletes_the_original(practice: World) -> None:
    ts, url = clicked(practice)
    url.send(text="approved", replace_original=True)
    (message,) = practice.standin.messages("incidents")
    assert (message["ts"], message["text"], message.get("blocks")) == (ts, "approved", None)
    url.send(delete_original=True)
    assert practice.standin.messages("incidents") == []


def test_an_ephemeral_message_is_replaced_through_its_response_url(practice: World) -> None:
    practice.client.chat_postEphemeral(
        channel=practice.incidents, user="U0ALICE", text="x", blocks=[actions(button("Go", "go"))]
    )
    ts = practice.standin.ephemerals("incidents", "alice")[0]["ts"]
    practice.standin.person("alice").click(practice.incidents, ts, "go")
    WebhookClient(practice.bot.received[0]["response_url"]).send(text="gone", replace_original=True)
    assert [each["text"] for each in practice.standin.ephemerals("incidents", "alice")] == ["gone"]


# Modals


def opened(practice: World, view: dict[str, Any] | None = None) -> dict[str, Any]:
    practice.standin.person("alice").command(practice.incidents, "/incident new")
    trigger = practice.bot.received[-1]["trigger_id"]
    answer = practice.client.views_open(trigger_id=trigger, view=view or modal(text_input("what", "What is wrong?")))
    found: dict[str, Any] = answer["view"]
    return found


def test_a_trigger_works_once_and_for_three_seconds(practice: World) -> None:
    view = modal(section("x"))
    assert code(practice.client.views_open, trigger_id="1.2.3", view=view) == "invalid_trigger_id"
    opened(practice)
    spent = practice.bot.received[-1]["trigger_id"]
    assert code(practice.client.views_open, trigger_id=spent, view=view) == "exchanged_trigger_id"
    practice.standin.person("alice").command(practice.incidents, "/incident new")
    practice.clock.forward(3.1)
    late = practice.bot.received[-1]["trigger_id"]
    assert code(practice.client.views_open, trigger_id=late, view=view) == "expired_trigger_id"


def test_a_bad_view_does_not_open_and_leaves_the_trigger_unused(practice: World) -> None:
    practice.standin.person("alice").command(practice.incidents, "/incident new")
    trigger = practice.bot.received[-1]["trigger_id"]
    bad = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [text_input("b", "x")]}
    assert code(practice.client.views_open, trigger_id=trigger, view=bad) == "invalid_arguments"
    practice.client.views_open(trigger_id=trigger, view=modal(section("x")))
    assert len(practice.standin.views("alice")) == 1
    assert practice.standin.views("bob") == []


def test_a_submitted_modal_brings_its_values_and_closes(practice: World) -> None:
    view = opened(practice, modal(text_input("what", "What?"), callback_id="new", private_metadata="INC-1"))
    practice.standin.person("alice").submit(view["id"], {"what": {"typed": "api is down"}})
    (submission,) = practice.bot.of_type("view_submission")
    assert submission["view"]["state"]["values"]["what"]["typed"]["value"] == "api is down"
    assert (submission["view"]["callback_id"], submission["view"]["private_metadata"]) == ("new", "INC-1")
    assert practice.standin.views("alice") == []


def test_a_required_field_is_asked_for_before_anything_is_sent(practice: World) -> None:
    view = opened(practice)
    outcome = practice.standin.person("alice").submit(view["id"], {})
    assert outcome["errors"] == {"what": "Please complete this required field."}
    assert practice.bot.of_type("view_submission") == []


def test_the_apps_errors_keep_the_modal_open(practice: World) -> None:
    view = opened(practice)
    practice.bot.reply = lambda _: answering(response_action="errors", errors={"what": "Say more."})
    outcome = practice.standin.person("alice").submit(view["id"], {"what": {"typed": "x"}})
    assert outcome["errors"] == {"what": "Say more."}
    assert len(practice.standin.views("alice")) == 1


def test_modals_stack_three_deep_and_are_updated_by_hash(practice: World) -> None:
    first, alice = opened(practice), practice.standin.person("alice")
    practice.bot.reply = lambda _: answering(response_action="push", view=modal(text_input("more", "More?")))
    alice.submit(first["id"], {"what": {"typed": "x"}})
    alice.submit(practice.standin.views("alice")[-1]["id"], {"more": {"typed": "x"}})
    top = practice.standin.views("alice")[-1]
    assert len(practice.standin.views("alice")) == 3
    assert alice.submit(top["id"], {"more": {"typed": "x"}}) == {"error": "push_limit_reached"}
    update = practice.client.views_update
    assert code(update, view_id=top["id"], hash="old", view=modal(section("x"))) == "hash_conflict"
    update(view_id=top["id"], hash=top["hash"], view=modal(section("new")))
    assert practice.standin.views("alice")[-1]["blocks"][0]["text"]["text"] == "new"
    practice.bot.reply = lambda _: answering(response_action="clear")
    alice.submit(top["id"], {})
    assert practice.standin.views("alice") == []
    assert code(update, view_id=top["id"], view=modal(section("x"))) == "not_found"


def test_closing_is_told_only_when_asked_for(practice: World) -> None:
    alice = practice.standin.person("alice")
    alice.close_view(opened(practice)["id"])
    assert practice.bot.of_type("view_closed") == []
    alice.close_view(opened(practice, modal(section("x"), notify_on_close=True))["id"])
    assert len(practice.bot.of_type("view_closed")) == 1


# Shortcuts and events


def test_shortcuts_arrive_in_both_kinds(practice: World) -> None:
    alice, ts = practice.standin.person("alice"), practice.post()
    alice.shortcut("open_incident")
    alice.shortcut("to_timeline", practice.incidents, ts)
    first, second = practice.bot.received
    assert (first["type"], first.get("channel")) == ("shortcut", None)
    assert (second["type"], second["message"]["ts"]) == ("message_action", ts)


def test_only_subscribed_events_are_sent(tmp_path: Path) -> None:
    with world(tmp_path, events=["app_mention", "reaction_added"]) as practice:
        alice = practice.standin.person("alice")
        ts = alice.say(practice.incidents, "@midwatch what is <open>?")["ts"]
        alice.react(practice.incidents, ts, "eyes")
        wait_until(lambda: len(practice.bot.received) >= 2, "both events")
        (mention,), (reaction,) = practice.bot.of_type("app_mention"), practice.bot.of_type("reaction_added")
        assert mention["text"] == "<@U0MIDWATCH> what is &lt;open&gt;?"
        assert reaction["item"]["ts"] == ts
        assert practice.bot.of_type("message") == []


def test_messages_come_with_their_edits_and_deletions(tmp_path: Path) -> None:
    with world(tmp_path, events=["message.channels"]) as practice:
        alice = practice.standin.person("alice")
        ts = alice.say(practice.incidents, "first")["ts"]
        alice.edit(practice.incidents, ts, "second")
        alice.delete(practice.incidents, ts)
        wait_until(lambda: len(practice.bot.received) >= 3, "three events")
        kinds = {event.get("subtype") for event in practice.bot.received}
        assert kinds == {None, "message_changed", "message_deleted"}


def test_an_event_that_fails_is_sent_again_at_once(tmp_path: Path) -> None:
    with world(tmp_path, events=["app_mention"]) as practice:
        answers = iter([(500, "text/plain", ""), (200, "text/plain", "")])
        practice.bot.reply = lambda _: next(answers)
        practice.standin.person("alice").say(practice.incidents, "@midwatch hello")
        wait_until(lambda: len(practice.bot.received) == 2, "the event again")
        assert practice.bot.headers[1]["x-slack-retry-num"] == "1"
        assert practice.bot.headers[1]["x-slack-retry-reason"] == "http_error"


# The page's door


def test_strangers_see_nothing(practice: World) -> None:
    url = practice.standin.url
    assert httpx.get(url).status_code == 403
    assert httpx.get(f"{url}?token=wrong").status_code == 403
    for path in ("page/state", "page/messages?channel=C0INCIDENTS", "page/live", "_practice/violations"):
        assert httpx.get(url + path).status_code == 403


def test_the_token_is_traded_for_a_cookie_that_scripts_cannot_read(practice: World) -> None:
    answer = httpx.get(practice.standin.page_url)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert practice.standin.workspace.token not in cookie


def test_an_act_needs_the_cookie_and_this_pages_origin(practice: World) -> None:
    origin = practice.standin.url.rstrip("/")
    act = {"act": "say", "channel_id": practice.incidents, "text": "hello"}
    with httpx.Client(base_url=origin) as known:
        known.get(practice.standin.page_url)
        assert known.post("/page/act", json=act).status_code == 403
        assert known.post("/page/act", json=act, headers={"Origin": "http://evil.example"}).status_code == 403
        assert known.post("/page/act", json={"act": "_place"}, headers={"Origin": origin}).status_code == 400
        assert known.post("/page/act", json=act, headers={"Origin": origin}).json()["ok"]
    assert httpx.post(f"{origin}/page/act", json=act, headers={"Origin": origin}).status_code == 403
    assert [message["text"] for message in practice.standin.messages("incidents")] == ["hello"]


def test_the_page_allows_no_scripts_but_its_own(practice: World) -> None:
    policy = httpx.get(practice.standin.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_violations_can_be_asked_for_with_the_token(practice: World) -> None:
    practice.post(text="<!here>")
    bearer = {"Authorization": f"Bearer {practice.standin.workspace.token}"}
    url = practice.standin.url + "_practice/violations"
    assert httpx.get(url, headers=bearer).json()["kinds"] == {"broadcast": 1}
    assert httpx.delete(url, headers=bearer).json()["total"] == 0


def test_an_uploaded_page_is_never_served_as_one(practice: World) -> None:
    practice.client.files_upload_v2(channel=practice.incidents, content="<script>1</script>", filename="x.html")
    file = practice.standin.messages("incidents")[0]["files"][0]
    with httpx.Client(base_url=practice.standin.url) as known:
        known.get(practice.standin.page_url)
        answer = known.get(f"/files/{file['id']}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
