"""Chromium without a window, and a page in it as a person sees it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.conftest import missing, wait_until

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--window-size=1280,800",
)


class Page:
    """The browser on the practice page."""

    def __init__(self, driver: webdriver.Chrome, patience: float = 10.0) -> None:
        self.driver, self.patience = driver, patience

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector: str) -> WebElement:
        """The first element that fits, once there is one."""
        self.until(lambda: bool(self.all(selector)), selector)
        return self.all(selector)[0]

    def button(self, text: str) -> WebElement:
        """The button that says so."""
        self.until(lambda: any(each.text == text for each in self.all(".btn")), f"a button {text}")
        return next(each for each in self.all(".btn") if each.text == text)

    def says(self, text: str, selector: str = "#log") -> None:
        """Wait until the place shows the text."""
        self.until(lambda: text in self.find(selector).text, f"{text!r} in {selector}")

    def says_no_more(self, text: str, selector: str = "#log") -> None:
        self.until(lambda: text not in self.find(selector).text, f"no {text!r} in {selector}")

    def until(self, ready: Callable[[], bool], what: str) -> None:
        def safely() -> bool:
            try:
                return ready()
            except StaleElementReferenceException:
                return False  # redrawn while we looked

        wait_until(safely, what, self.patience)

    def type(self, text: str, into: str = "#composer-input") -> None:
        self.find(into).send_keys(text)

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def chromium(*more: str) -> Iterator[webdriver.Chrome]:
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        missing("chromium", "apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    for argument in (*ARGUMENTS, *more):
        options.add_argument(argument)
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield opened
    finally:
        opened.quit()
