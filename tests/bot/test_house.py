"""Everything in one process, and the two halves apart: started, used, stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.house import House
from bot.runtime import Runtime
from bot.standin import Standin
from incidents.errors import Misconfigured
from incidents.settings import Settings, load_settings
from tests.conftest import free_port, wait_until


def post(house: House, title: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {house.runtime.webhook_token}"}
    return httpx.post(f"{house.url}/webhooks/generic", json={"title": title, "severity": "high"}, headers=headers)


@pytest.fixture
def practice(tmp_path: Path) -> Settings:
    """An installation without Slack tokens."""
    return load_settings(home=tmp_path / "home", _env_file=None)


def test_a_port_that_is_taken_leaves_nothing_running(practice: Settings) -> None:
    before = threading.active_count()
    with Runtime(practice) as first, House(first) as one:
        second = Runtime(practice)
        with pytest.raises(Misconfigured, match=str(one.server.port)):
            House(second, port=one.server.port)
        second.close()
    wait_until(lambda: threading.active_count() <= before + 1, "threads were left behind")


def test_an_alert_becomes_a_card_in_the_practice_workspace(practice: Settings) -> None:
    with House(Runtime(practice), port=0) as house:
        assert house.practice is not None
        workspace = house.practice
        assert post(house, "Backup failed").status_code == 202
        wait_until(lambda: any("Backup failed" in str(m) for m in workspace.messages("incidents")), "no card came")
        assert [command.name for command in workspace.workspace.installation.commands] == ["/incident", "/runbook"]


def test_a_slash_command_reaches_the_bot_through_its_door(practice: Settings) -> None:
    with House(Runtime(practice), port=0) as house:
        assert house.practice is not None
        channel = house.practice.channels["incidents"]
        house.practice.person("alice").command(channel, "/incident new P2 Checkout is slow")
        wait_until(lambda: _incidents(house) == ["Checkout is slow"], "the incident was not opened")


def test_what_was_said_before_a_restart_is_still_there_after_it(practice: Settings) -> None:
    with House(Runtime(practice), port=0) as house:
        token = house.runtime.webhook_token
        assert post(house, "Backup failed").status_code == 202
    with House(Runtime(practice), port=0) as again:
        assert again.practice is not None
        assert again.runtime.webhook_token == token
        assert len([m for m in again.practice.messages("incidents") if "Backup failed" in str(m)]) == 1


def test_a_document_that_is_edited_is_taken_up_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.house.SHELF_EVERY", 0.05)
    (tmp_path / "runbooks").mkdir()
    settings = load_settings(home=tmp_path / "home", runbooks=tmp_path / "runbooks", _env_file=None)
    with House(Runtime(settings), port=0) as house:
        before = len(house.runtime.shelf.documents)
        (tmp_path / "runbooks" / "shop.md").write_text(
            "# Shop\n\n## Troubleshooting\n\n### Slow\n\n```bash\nuptime\n```\n"
        )
        wait_until(lambda: len(house.runtime.shelf.documents) == before + 1, "the new document was not read")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[tuple[Standin, Settings]]:
    """A Slack-compatible server elsewhere, and the settings of a bot that speaks with it."""
    port = free_port()
    (tmp_path / "slack").mkdir()
    signing, token = "s" * 32, "xoxb-" + "t" * 20
    with Standin(tmp_path / "slack", f"http://127.0.0.1:{port}/slack/events", token="p", signing_secret=signing,
                 bot_token=token) as running:  # fmt: skip
        yield running, load_settings(
            home=tmp_path / "home", slack_bot_token=token, slack_signing_secret=signing,
            slack_api_url=running.api_url, public_url=f"http://127.0.0.1:{port}", _env_file=None,
        )  # fmt: skip


def test_the_halves_meet_in_the_database_alone(workspace: tuple[Standin, Settings]) -> None:
    slack, settings = workspace
    port = int((settings.public_url or "").rsplit(":", 1)[1])
    bot, worker = Runtime(settings), Runtime(settings)
    with House(bot, port=port, work=False) as house:
        assert house.practice is None
        assert house.worker is None
        assert post(house, "Backup failed").status_code == 202
        wait_until(lambda: any("Backup failed" in str(m) for m in slack.messages("incidents")), "no card came")
        with worker:
            worker.engine.sweep()  # what `midwatch worker` does every few seconds
            worker.engine.triage(1)
        wait_until(lambda: _triaged(house), "nobody chose a runbook")


def _incidents(house: House) -> list[str]:
    headers = {"authorization": f"Bearer {house.runtime.api_token}"}
    return [row["title"] for row in httpx.get(f"{house.url}/api/incidents", headers=headers).json()["incidents"]]


def _triaged(house: House) -> bool:
    headers = {"authorization": f"Bearer {house.runtime.api_token}"}
    account = httpx.get(f"{house.url}/api/incidents/1", headers=headers).json()
    return any(event["kind"] == "planned" for event in account["timeline"])
