"""`midwatch demo` as a newcomer runs it: in an empty folder, with nothing configured."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.demo import STAGES
from tests.browser import Page, chromium
from tests.conftest import wait_until
from tests.scenarios.program import MIDWATCH, PATH, Program

STORY = ("StorefrontDown", "P1", "Does it answer?", "./storefront start", "approved by U0ALICE", "Mended by")
"""Words without which the post-mortem does not tell what happened."""


def once(folder: Path, *more: str) -> subprocess.Popen[str]:
    """`midwatch demo --once` in an environment without a single variable."""
    command = [str(MIDWATCH), "demo", "--once", *more]
    return subprocess.Popen(command, cwd=folder, env={}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """Where the demo puts its storefront. What still runs of it after the test is ended by its process id."""
    folder = tmp_path / ".midwatch" / "demo" / "storefront"
    yield folder
    process = storefront(folder)
    if process is not None:
        process.kill()


def storefront(folder: Path) -> psutil.Process | None:
    """The storefront's process, found without asking Midwatch."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if words[-1:] == ["serve"] and any(Path(word).parent == folder for word in words):
            return process
    return None


def test_once_finds_the_fault_mends_it_and_tells_it_in_one_json_document(tmp_path: Path, shop: Path) -> None:
    demo = once(tmp_path, "--json")
    out, err = demo.communicate(timeout=100)

    assert demo.returncode == 0, err
    story = json.loads(out)
    assert [stage["stage"] for stage in story["stages"]] == list(STAGES)
    seconds = [stage["seconds"] for stage in story["stages"]]
    assert seconds == sorted(seconds)
    assert story["incident"]["status"] == "resolved"
    assert story["incident"]["chain"]["faults"] == []
    assert outcomes(story, 1) == {
        "curl -s http://localhost:8080/health": "failed",
        "lsof -i :<port>": "failed",
        'ps aux | grep "storefront serve"': "succeeded",
        "df -h": "succeeded",
        "./storefront start": "succeeded",
    }
    assert set(outcomes(story, 2).values()) == {"succeeded"}
    assert story["child"]["pid"] != story["child"]["killed_pid"]
    assert story["child"]["answers"]
    assert "./storefront start" in Path(story["postmortem"]).read_text()
    wait_until(lambda: storefront(shop) is None, "the storefront outlived the demo")


def outcomes(story: dict[str, Any], round_: int) -> dict[str, str]:
    """What became of each command in one round of the run."""
    return {step["text"]: step["state"] for step in story["steps"] if step["text"] and step["round"] == round_}


def test_a_fix_that_does_not_mend_it_is_one_line_and_exit_code_1(tmp_path: Path, shop: Path) -> None:
    demo = once(tmp_path, "--json")
    wait_until((shop / "storefront.pid").exists, "the storefront did not open", 60)
    (shop / "storefront").write_text("#!/bin/sh\necho 'the new release is broken' >&2\nexit 3\n")
    out, err = demo.communicate(timeout=100)

    assert (demo.returncode, out) == (1, "")
    (reason,) = [line for line in err.splitlines() if "failed:" in line]
    assert reason.startswith("the demo failed: the fix did not mend it: ")
    assert err.splitlines()[-1] == reason


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / ".midwatch" / "demo" / "precious.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("mine")
    demo = once(tmp_path)
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, out, len(err.splitlines())) == (2, "", 1)
    assert "MIDWATCH_HOME" in err
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_half_way_takes_its_storefront_with_it(
    tmp_path: Path, shop: Path, number: signal.Signals
) -> None:
    demo = once(tmp_path)
    wait_until((shop / "storefront.pid").exists, "the storefront did not open", 60)
    demo.send_signal(number)
    out, err = demo.communicate(timeout=60)
    assert "Traceback" not in out + err
    wait_until(lambda: storefront(shop) is None, "the storefront outlived the demo")


@pytest.mark.chromium
def test_a_newcomer_sees_the_fault_presses_approve_and_reads_the_postmortem(tmp_path: Path, shop: Path) -> None:
    demo = Program(tmp_path, "demo", PATH=PATH, BROWSER="true", PYTHONUNBUFFERED="1")
    demo.start()
    try:
        demo.until_it_says("The practice workspace is open at")
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", demo.said())
        assert address is not None
        with chromium("--window-size=1280,1000") as driver:
            driver.get(address[0])
            page = Page(driver, patience=60)
            see_the_story(page, tmp_path)
        demo.until_it_says("Over.")
        assert demo.stop(signal.SIGINT) == 0, demo.said()
    finally:
        demo.end()
    assert "Traceback" not in demo.said()
    assert storefront(shop) is None


def see_the_story(page: Page, pictures: Path) -> None:
    """Look at every state of the card as it comes, and click as Alice would."""
    page.says("P1 critical: StorefrontDown")
    page.driver.save_screenshot(str(pictures / "1-card.png"))
    page.says("connection refused")
    page.says("Start the storefront again")
    page.driver.save_screenshot(str(pictures / "2-asked.png"))
    page.button("Approve").click()
    page.says("approved by @Alice Moreau")
    page.says("Mended by 'Start the storefront again': 4 passed; before it 2 failed, 2 passed")
    page.driver.save_screenshot(str(pictures / "3-mended.png"))
    page.says("Resolved: StorefrontDown")
    page.says_no_more("Approve")
    page.driver.save_screenshot(str(pictures / "4-resolved.png"))
    assert [card.text.count("StorefrontDown") for card in page.all("#log article")] == [1]

    page.driver.get(str(link_named(page, "Post-mortem").get_attribute("href")))
    text = page.find("main").text
    page.driver.save_screenshot(str(pictures / "5-postmortem.png"))
    for words in STORY:
        assert words in text, text
    assert page.errors() == []


def link_named(page: Page, text: str) -> Any:
    page.until(lambda: any(text in link.text for link in page.all("#log a, #thread a")), f"a link {text}")
    return next(link for link in page.all("#log a, #thread a") if text in link.text)
