"""The practice page in a real browser: what somebody sees and clicks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from tests.bot.standin_world import OK, Answer, World, actions, button, modal, section, text_input, world
from tests.browser import Page, chromium

pytestmark = pytest.mark.chromium

MANIFEST: dict[str, Any] = {
    "features": {
        "slash_commands": [
            {"command": "/incident", "description": "Open and follow incidents", "usage_hint": "list | new"}
        ],
        "app_home": {"home_tab_enabled": True},
    }
}


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    with chromium() as found:
        yield found


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, manifest=MANIFEST) as found:
        yield found


@pytest.fixture
def page(driver: webdriver.Chrome, practice: World) -> Iterator[Page]:
    """The page as Alice sees it; at the end nothing may have gone wrong in it."""
    driver.get(practice.standin.page_url)
    found = Page(driver)
    found.find("#composer-input")
    yield found
    driver.execute_script("sessionStorage.clear()")
    assert found.errors() == []


def test_hostile_text_stays_text(page: Page, practice: World) -> None:
    practice.post(
        text="<script>alert(1)</script> &lt;!channel&gt; <javascript:alert(1)|click me>",
        attachments=[{"text": "<img src=x onerror=alert(1)>", "title": "<b>bold</b>"}],
    )
    practice.post(
        text="`<b>x</b>` *<i>y</i>*",
        blocks=[section("<svg/onload=alert(1)>"), {"type": "markdown", "text": "[a](javascript:alert(1)) <b>x</b>"}],
    )
    page.says("<script>alert(1)</script> <!channel>")
    page.says("<img src=x onerror=alert(1)>")
    page.says("<svg/onload=alert(1)>")
    page.says("<b>x</b>")
    assert page.all("#log script, #log img[src=x], #log .words svg, #log b") == []
    assert page.all("#log a[href^='javascript']") == []


def test_what_is_posted_appears_by_itself_with_its_blocks(page: Page, practice: World) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": ":rotating_light: API down"}}
    practice.post(
        text="API down", blocks=[header, section("*Verdict:* `api` is _unhealthy_, see <https://example.com|log>")]
    )
    page.says("🚨 API down")
    assert page.find("#log .words strong").text == "Verdict:"
    assert page.find("#log .words code").text == "api"
    link = page.find("#log .words a")
    assert (link.text, link.get_attribute("rel")) == ("log", "noopener noreferrer")
    assert page.find("#log .badge").text == "App"


def test_a_click_reaches_the_bot_and_its_update_changes_the_message_in_place(page: Page, practice: World) -> None:
    ts = practice.post(
        text="restart?",
        blocks=[section("Restart `api`?"), actions(button("Approve", "approve", value="7", style="primary"))],
    )

    def update(_: Any) -> Answer:
        def later() -> None:
            blocks = [section("Restarted by <@U0ALICE>")]
            practice.client.chat_update(channel=practice.incidents, ts=ts, text="done", blocks=blocks)

        threading.Timer(0.1, later).start()
        return OK

    practice.bot.reply = update
    page.button("Approve").click()
    page.says("Restarted by @Alice Moreau")
    page.says("(edited)")
    page.says_no_more("Approve")
    (click,) = practice.bot.of_type("block_actions")
    assert (click["user"]["id"], click["actions"][0]["value"]) == ("U0ALICE", "7")
    assert practice.bot.forged == 0
    assert len(page.all(f"#log article[data-ts='{ts}']")) == 1


def test_a_button_with_a_confirmation_asks_first(page: Page, practice: World) -> None:
    plain = {name: {"type": "plain_text", "text": name.title()} for name in ("title", "text", "confirm", "deny")}
    practice.post(blocks=[actions(button("Drop", "drop", style="danger", confirm=plain))])
    page.button("Drop").click()
    page.button("Deny").click()
    assert practice.bot.received == []
    page.button("Drop").click()
    page.button("Confirm").click()
    page.until(lambda: len(practice.bot.received) == 1, "the click")


def test_a_click_that_is_not_answered_says_so_beside_the_message(page: Page, practice: World) -> None:
    practice.post(blocks=[actions(button("Go", "go"))])
    practice.bot.reply = lambda _: (500, "text/plain", "")
    page.button("Go").click()
    page.says("The app answered with an error (http_service_error).")


def test_a_command_is_completed_and_its_answer_is_only_for_me(page: Page, practice: World) -> None:
    practice.bot.reply = lambda _: (200, "application/json", json.dumps({"text": "*2* incidents are open"}))
    page.type("/inc")
    page.says("Open and follow incidents", ".completions")
    page.type(Keys.TAB)
    page.type(f"list{Keys.ENTER}")
    page.says("2 incidents are open")
    page.says("Only visible to you")
    assert practice.bot.received[0]["text"] == "list"
    page.find(".ephemeral .link").click()
    page.says_no_more("2 incidents are open")


def test_a_verb_is_offered_but_enter_sends_what_was_typed(page: Page, practice: World) -> None:
    page.type("/incident ")
    page.says("list", ".completions")
    page.type(Keys.ENTER)
    page.until(lambda: len(practice.bot.received) == 1, "the command")
    page.type(f"/incident n{Keys.TAB}{Keys.ENTER}")
    page.until(lambda: len(practice.bot.received) == 2, "the command with its verb")
    assert [command["text"] for command in practice.bot.received] == ["", "new"]


def test_a_modal_is_filled_in_corrected_and_submitted(page: Page, practice: World) -> None:
    options = [{"text": {"type": "plain_text", "text": p}, "value": p} for p in ("P1", "P2")]
    select = {
        "type": "input",
        "block_id": "prio",
        "label": {"type": "plain_text", "text": "Priority"},
        "element": {"type": "static_select", "action_id": "chosen", "options": options},
    }

    def answer(given: dict[str, Any]) -> Answer:
        if given["type"] == "command":
            practice.client.views_open(
                trigger_id=given["trigger_id"], view=modal(text_input("what", "What is wrong?"), select)
            )
        elif given["view"]["state"]["values"]["what"]["typed"]["value"] == "x":
            return 200, "application/json", json.dumps({"response_action": "errors", "errors": {"what": "Say more."}})
        return OK

    practice.bot.reply = answer
    page.type(f"/incident new{Keys.ENTER}")
    page.find("dialog [data-submit]").click()
    page.says("Please complete this required field.", "dialog")
    page.type("x", "dialog [data-control='what/typed']")
    page.type("P2", "dialog [data-control='prio/chosen']")
    page.find("dialog [data-submit]").click()
    page.says("Say more.", "dialog")
    page.type("yz", "dialog [data-control='what/typed']")
    page.find("dialog [data-submit]").click()
    page.until(lambda: page.all("dialog") == [], "the modal to close")
    values = practice.bot.of_type("view_submission")[-1]["view"]["state"]["values"]
    assert values["what"]["typed"]["value"] == "xyz"
    assert values["prio"]["chosen"]["selected_option"]["value"] == "P2"


def test_escape_closes_a_modal(page: Page, practice: World) -> None:
    practice.standin.person("alice").command(practice.incidents, "/incident new")
    practice.client.views_open(trigger_id=practice.bot.received[0]["trigger_id"], view=modal(section("Hello")))
    page.says("Hello", "dialog")
    webdriver.ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    page.until(lambda: page.all("dialog") == [], "the modal to close")
    assert practice.standin.views("alice") == []


def test_a_thread_opens_beside_and_takes_replies(page: Page, practice: World) -> None:
    parent = practice.post(text="parent")
    practice.post(text="first reply", thread_ts=parent)
    page.find(".replies").click()
    page.says("first reply", "#thread")
    page.type(f"my reply{Keys.ENTER}", "#reply-input")
    page.says("my reply", "#thread")
    page.says("2 replies")
    assert [message["text"] for message in practice.standin.messages("incidents", parent)][-1] == "my reply"


def test_another_person_sees_their_own_ephemeral_messages_and_unread_marks(page: Page, practice: World) -> None:
    practice.client.chat_postEphemeral(channel=practice.incidents, user="U0ALICE", text="for Alice")
    page.says("for Alice")
    general = practice.standin.channels["general"]
    practice.standin.person("charlie").say(general, "news for all")
    page.says("1", "[data-channel='general'] .count")
    page.find("#me").click()
    next(each for each in page.all(".menu button") if "Bob" in each.text).click()
    page.says("Bob Okafor", "#me")
    page.says_no_more("for Alice")
    page.find("[data-channel='general']").click()
    page.says("news for all")
    page.until(lambda: page.all("[data-channel='general'] .count") == [], "the mark to go")


def test_the_keyboard_alone_is_enough(page: Page, practice: World) -> None:
    practice.post(text="question", blocks=[section("Go on?"), actions(button("Approve", "approve"))])
    page.says("Go on?")
    page.driver.execute_script("document.querySelector('#log article:last-of-type').focus()")
    keys = webdriver.ActionChains(page.driver)
    keys.send_keys(Keys.TAB, Keys.ENTER).perform()
    page.until(lambda: len(practice.bot.received) == 1, "the click")


def test_the_page_catches_up_after_the_workspace_was_away(driver: webdriver.Chrome, tmp_path: Path) -> None:
    with world(tmp_path, manifest=MANIFEST) as before:
        driver.get(before.standin.page_url)
        page = Page(driver)
        page.find("#composer-input")
        port = before.standin.port
        page.driver.get_log("browser")  # type: ignore[no-untyped-call]
    with world(tmp_path, manifest=MANIFEST, port=port) as after:
        after.post(text="posted while the page was alone")
        page.says("posted while the page was alone")
    driver.get("about:blank")
    page.errors()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_narrow_screen_nothing_is_wider_than_the_screen(page: Page, practice: World, scheme: str) -> None:
    practice.post(
        text="x" * 300,
        blocks=[section("`" + "y" * 300 + "`"), actions(*[button("A long button", f"a{n}") for n in range(4)])],
    )
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        page.says("A long button")
        assert page.driver.execute_script("return document.querySelector('#log').scrollWidth") <= 390
        page.find(".menu-button").click()
        page.until(page.find(".me").is_displayed, "the drawer")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
