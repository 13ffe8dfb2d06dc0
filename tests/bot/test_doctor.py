"""The doctor: what is wrong is found, named, and comes with a way to mend it; secrets are not repeated."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from bot import cli
from bot.doctor import Check, examined
from bot.runtime import Runtime
from bot.serving import Server
from bot.standin import Standin
from tests.bot.story import told
from tests.conftest import free_port

Examine = Callable[..., dict[str, list[Check]]]


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """The doctor's checks by name, in an empty folder. Keywords become environment variables."""
    monkeypatch.chdir(tmp_path)

    def run(**environment: str) -> dict[str, list[Check]]:
        with monkeypatch.context() as here:
            for name, value in environment.items():
                here.setenv(name, value)
            checks = examined(environment)
        found: dict[str, list[Check]] = {}
        for check in checks:
            found.setdefault(check.name, []).append(check)
        return found

    return run


@pytest.fixture
def inventory(tmp_path: Path) -> Callable[[str], str]:
    """Writes the inventory of one system `shop`; returns its path."""

    def write(body: str) -> str:
        path = tmp_path / "inventory.yml"
        path.write_text(f"systems:\n  shop:\n{body}")
        return str(path)

    return write


def worst(checks: list[Check]) -> Check:
    return min(checks, key=lambda check: ("fail", "warn", "note", "ok").index(check.level))


def test_a_wrong_setting_is_all_there_is_to_say(examine: Examine) -> None:
    (check,) = examine(MIDWATCH_APPROVAL_MINUTES="soon")["settings"]
    assert check.level == "fail"
    assert "MIDWATCH_APPROVAL_MINUTES" in check.text
    assert check.mend


def test_a_broker_that_does_not_answer_is_found_without_its_password(examine: Examine) -> None:
    secret = "broker" + "pass" + "word"
    check = worst(examine(MIDWATCH_BROKER_URL=f"redis://:{secret}@127.0.0.1:{free_port()}/0")["broker"])
    assert check.level == "fail"
    assert "127.0.0.1" in check.text
    assert secret not in repr(check)
    assert "MIDWATCH_BROKER_URL" in (check.mend or "")


def test_an_amqp_broker_is_only_knocked_at(examine: Examine) -> None:
    assert worst(examine(MIDWATCH_BROKER_URL=f"amqp://u:p@127.0.0.1:{free_port()}//")["broker"]).level == "fail"


def test_a_database_that_does_not_answer_is_found_without_its_password(examine: Examine) -> None:
    secret = "database" + "pass" + "word"
    check = worst(examine(MIDWATCH_DATABASE_URL=f"postgresql://u:{secret}@127.0.0.1:{free_port()}/x")["database"])
    assert check.level == "fail"
    assert secret not in repr(check)


def test_a_database_without_schema_is_to_be_upgraded(examine: Examine, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    check = worst(examine(MIDWATCH_DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")["database"])
    assert (check.level, check.mend) == ("fail", "midwatch db upgrade")


def test_a_database_that_is_none_is_found(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("this is no database, whatever its name says " * 100)
    assert worst(examine(MIDWATCH_DATABASE_URL=f"sqlite:///{tmp_path}/broken.db")["database"]).level == "fail"


def test_a_changed_history_is_found(examine: Examine, tmp_path: Path, runtime: Runtime, now: datetime) -> None:
    told(runtime, now)
    url = runtime.settings.database_url
    assert worst(examine(MIDWATCH_DATABASE_URL=url)["timeline"]).level == "ok"
    forge = text("DELETE FROM timeline_event WHERE seq = 2")
    runtime.store.write(lambda session: session.execute(forge) and None)
    check = worst(examine(MIDWATCH_DATABASE_URL=url)["timeline"])
    assert check.level == "fail"
    assert "INC-1" in check.text


def test_a_short_token_is_refused(examine: Examine) -> None:
    assert worst(examine(MIDWATCH_WEBHOOK_TOKEN="short")["webhook token"]).level == "fail"


def test_a_home_that_others_can_look_into_is_noticed(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    check = worst(examine(MIDWATCH_HOME=str(tmp_path / "open"))["home"])
    assert check.level == "warn"
    assert "chmod 700" in (check.mend or "")


def test_without_approvers_nobody_can_approve_in_a_real_workspace(examine: Examine) -> None:
    slack = {"SLACK_BOT_TOKEN": "xoxb-" + "x", "SLACK_SIGNING_SECRET": "y" * 20,
             "SLACK_API_URL": f"http://127.0.0.1:{free_port()}/api/"}  # fmt: skip
    found = examine(**slack)
    assert worst(found["approvers"]).level == "warn"
    assert worst(found["slack"]).level == "fail"


def test_an_approver_that_can_be_nobody_is_noticed(examine: Examine) -> None:
    wrong = worst(examine(MIDWATCH_APPROVERS="oncall, @sre")["approvers"])
    assert (wrong.level, "oncall" in wrong.text, "@sre" in wrong.text) == ("warn", True, False)
    right = worst(examine(MIDWATCH_APPROVERS="@sre, U0ALICE, S0ONCALL, console:ops")["approvers"])
    assert right.level == "ok"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Standin]:
    """The practice workspace, in the place of Slack."""
    (tmp_path / "practice").mkdir()
    with Standin(tmp_path / "practice", "http://127.0.0.1:9/slack/events", token="page", signing_secret="s" * 32,
                 bot_token="xoxb-" + "right") as running:  # fmt: skip
        yield running


def test_a_token_that_slack_refuses_is_found(examine: Examine, workspace: Standin) -> None:
    slack = {"SLACK_SIGNING_SECRET": "s" * 32, "SLACK_API_URL": workspace.api_url}
    assert worst(examine(**slack, SLACK_BOT_TOKEN="xoxb-" + "wrong")["slack"]).level == "fail"
    right = examine(**slack, SLACK_BOT_TOKEN="xoxb-" + "right", MIDWATCH_PUBLIC_URL="https://x.example")
    assert worst(right["slack"]).level == "ok"
    assert worst(right["clock"]).level == "ok"


def test_a_fault_in_the_inventory_is_named_with_its_line(examine: Examine, inventory: Callable[[str], str]) -> None:
    check = worst(examine(MIDWATCH_INVENTORY=inventory("    dokcer: {}\n"))["inventory"])
    assert check.level == "fail"
    assert "inventory.yml:3" in check.text


def test_targets_are_asked_from_here(examine: Examine, inventory: Callable[[str], str], server: Server) -> None:
    nobody = free_port()
    path = inventory(
        f"    http: {{localhost:8000: {server.url}, localhost:9000: 'http://127.0.0.1:{nobody}'}}\n"
        f"    redis: {{cache: {{url: 'redis://127.0.0.1:{nobody}'}}}}\n"
        '    sql: {db: {dsn: "${SHOP_DSN}"}}\n'
        f"    docker: {{host: 'tcp://127.0.0.1:{nobody}'}}\n"
    )
    checks = examine(MIDWATCH_INVENTORY=path)["target shop"]
    assert sorted(check.level for check in checks) == ["fail", "fail", "fail", "fail", "ok"]
    assert any("SHOP_DSN" in check.text for check in checks)


def test_a_document_that_the_inventory_names_and_nobody_wrote_is_noticed(
    examine: Examine, inventory: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "other.md").write_text("# Other\n")
    found = examine(MIDWATCH_INVENTORY=inventory("    services: [api]\n"), MIDWATCH_RUNBOOKS=str(tmp_path / "runbooks"))
    assert any("shop.md" in check.text and check.level == "warn" for check in found["runbooks"])


def test_on_a_fresh_machine_nothing_fails_and_nothing_is_made(examine: Examine, tmp_path: Path) -> None:
    found = examine()
    assert all(check.level != "fail" for checks in found.values() for check in checks)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.redis
def test_a_redis_that_throws_messages_away_is_refused(examine: Examine, redis_url: str) -> None:
    assert worst(examine(MIDWATCH_BROKER_URL=redis_url)["broker"]).level == "ok"
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        check = worst(examine(MIDWATCH_BROKER_URL=redis_url)["broker"])
        client.config_set("maxmemory-policy", "noeviction")
    assert check.level == "fail"
    assert "noeviction" in (check.mend or "")


@pytest.mark.postgres
def test_a_postgresql_in_order_is_said_to_be_so(examine: Examine, postgres_url: str) -> None:
    assert worst(examine(MIDWATCH_DATABASE_URL=postgres_url)["database"]).level == "ok"


def test_the_exit_code_tells_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["doctor"]) == 0
    assert "slack" in capsys.readouterr().out
    monkeypatch.setenv("MIDWATCH_BROKER_URL", f"redis://127.0.0.1:{free_port()}")
    assert cli.run(["doctor", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert {"name", "level", "text", "mend"} == set(answer["checks"][0])
