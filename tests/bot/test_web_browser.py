"""The pages in a real browser: an open incident's page follows, and nothing of others' text runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

from bot.runtime import Runtime
from bot.serving import Server
from incidents import acts
from tests.bot.story import HOSTILE, told
from tests.conftest import missing, wait_until

pytestmark = pytest.mark.chromium

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-dev-shm-usage", "--window-size=1100,900")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        missing("Chromium", "apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ARGUMENTS:
        options.add_argument(argument)
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield started
    started.quit()


def said(browser: webdriver.Chrome) -> str:
    try:
        return browser.find_element(By.TAG_NAME, "main").text
    except StaleElementReferenceException:
        return ""  # swapped while we looked


def test_the_page_of_an_open_incident_follows_and_keeps_what_was_opened(
    browser: webdriver.Chrome, server: Server, runtime: Runtime, now: datetime
) -> None:
    incident = told(runtime, now)
    browser.get(runtime.link_to(incident))
    assert "key=" not in browser.current_url
    browser.find_element(By.CSS_SELECTOR, "details summary").click()
    runtime.store.write(
        lambda session: acts.note(session, incident, "U0BOB", "looking at the memory limit", now) and None
    )
    wait_until(lambda: "looking at the memory limit" in said(browser), "the page did not follow")
    assert browser.find_element(By.TAG_NAME, "details").get_attribute("open")


def test_hostile_text_runs_nothing_and_breaks_no_rule_of_the_page(
    browser: webdriver.Chrome, server: Server, runtime: Runtime, now: datetime
) -> None:
    incident = told(runtime, now, title=HOSTILE, resolved=True)
    for page in (runtime.link_to(incident), runtime.link_to(incident, "postmortem"), runtime.link_to(None)):
        browser.get_log("browser")
        browser.get(page)
        assert browser.find_element(By.TAG_NAME, "h1").is_displayed()
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
