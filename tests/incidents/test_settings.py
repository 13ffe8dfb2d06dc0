"""Settings are read once, and a wrong one is refused by its name."""

from __future__ import annotations

import logging
import stat
import threading
from pathlib import Path

import pytest
from dotenv import dotenv_values

from incidents.errors import Misconfigured
from incidents.settings import Settings, load_settings, secret_named, unknown_variables, variables

EXAMPLE = Path(__file__).parents[2] / ".env.example"
BOT = "xoxb-" + "1-test"
APP = "xapp-" + "1-test"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("MIDWATCH_APPROVAL_MINUTES", "soon", "valid integer"),
        ("MIDWATCH_APPROVAL_MINUTES", "0", "greater than or equal to 1"),
        ("MIDWATCH_CHECK_TIMEOUT", "-1", "greater than 0"),
        ("MIDWATCH_CHECK_TIMEOUT", "nan", ""),
        ("MIDWATCH_OUTPUT_CAP", "12", "1024"),
        ("MIDWATCH_LOG_LEVEL", "LOUD", "DEBUG"),
        ("MIDWATCH_DATABASE_URL", "midwatch.db", "must be a URL"),
        ("MIDWATCH_DATABASE_URL", "mysql://db/x", "sqlite:/// or postgresql://"),
        ("MIDWATCH_BROKER_URL", "kafka://x", "amqp:// or"),
        ("MIDWATCH_REDIS_URL", "localhost:6379", "redis://"),
        ("MIDWATCH_RUNBOOKS", "/nowhere/at/all", "there is no folder /nowhere/at/all"),
        ("MIDWATCH_INVENTORY", "/nowhere/at/all.yml", "there is no file /nowhere/at/all.yml"),
        ("MIDWATCH_PUBLIC_URL", "midwatch.example", "http:// or https://"),
        ("SLACK_API_URL", "https://slack.example/api", "must end in /api/"),
        ("SLACK_API_URL", "ftp://slack.example/api/", "http:// or https://"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_its_variable(
    variable: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    text = str(refused.value)
    assert text.startswith(f"{variable}: ")
    assert says in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "variable", ["MIDWATCH_DATABASE_URL", "MIDWATCH_BROKER_URL", "MIDWATCH_REDIS_URL", "SLACK_API_URL"]
)
def test_an_error_does_not_repeat_the_value(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "odd://user:hunter2@host/x")
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_without_anything_set_it_is_the_embedded_default_in_practice(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.practice
    assert settings.database_url == f"sqlite:///{tmp_path}/.midwatch/midwatch.db"
    assert settings.broker_url == "memory://"
    assert settings.approvers == ()


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_API_TOKEN", "")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "")
    assert load_settings().api_token is None
    assert load_settings().practice


def test_the_database_follows_home(tmp_path: Path) -> None:
    assert load_settings(home=tmp_path / "other").database_url == f"sqlite:///{tmp_path}/other/midwatch.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_the_driver_that_is_installed(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_DATABASE_URL", f"{scheme}://lms@db/midwatch")
    assert load_settings().database_url == "postgresql+psycopg://lms@db/midwatch"


def test_approvers_are_a_comma_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_APPROVERS", " @sre, U012AB ,, ")
    assert load_settings().approvers == ("@sre", "U012AB")


def test_the_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("MIDWATCH_CHANNEL=#from-file\nMIDWATCH_LOG_LEVEL=debug\nOTHER=1\n")
    monkeypatch.setenv("MIDWATCH_LOG_LEVEL", "ERROR")
    settings = load_settings()
    assert (settings.channel, settings.log_level) == ("from-file", "ERROR")


def test_a_token_is_hidden_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDWATCH_WEBHOOK_TOKEN", "hunter2")
    monkeypatch.setenv("MIDWATCH_DATABASE_URL", "postgresql://lms:hunter2@db/midwatch")
    monkeypatch.setenv("MIDWATCH_BROKER_URL", "redis://:hunter2@redis/0")
    assert "hunter2" not in repr(load_settings())


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        ({"SLACK_APP_TOKEN": APP}, "SLACK_BOT_TOKEN is missing although SLACK_APP_TOKEN is set"),
        ({"SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN is missing although SLACK_SIGNING_SECRET is set"),
        ({"SLACK_BOT_TOKEN": BOT}, "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": APP, "SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN must begin with xoxb-"),
        ({"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": BOT}, "SLACK_APP_TOKEN must begin with xapp-"),
    ],
)
def test_half_of_slack_is_refused(tokens: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in tokens.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    assert says in str(refused.value)


def test_with_slacks_tokens_it_is_no_practice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "s")
    assert not load_settings().practice


def test_a_slack_compatible_server_may_have_tokens_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "practice")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "s")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:4000/api/")
    assert load_settings().slack_api_url == "http://127.0.0.1:4000/api/"


def test_an_unknown_name_is_warned_of_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MIDWATCH_APROVERS", "@sre")
    Path(".env").write_text("MIDWATCH_RUNBOOK=docs\n")
    with caplog.at_level(logging.WARNING):
        load_settings()
    assert "MIDWATCH_APROVERS is no setting; did you mean MIDWATCH_APPROVERS?" in caplog.text
    assert "MIDWATCH_RUNBOOK is no setting; did you mean MIDWATCH_RUNBOOKS?" in caplog.text


def test_the_names_of_all_settings_are_known() -> None:
    assert unknown_variables([*variables(), "PATH", "MIDWATCH_TEST_EVERYTHING"]) == []


def test_the_example_lists_every_setting_once_with_its_description_and_default() -> None:
    example = dotenv_values(EXAMPLE)
    assert sorted(example) == sorted(variables())
    text = EXAMPLE.read_text()
    for variable, description in variables().items():
        assert f"# {description.rstrip('.')}" in text, variable
        assert text.count(f"\n{variable}=") == 1


def test_the_example_as_it_stands_is_the_default(tmp_path: Path) -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_a_generated_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = secret_named(tmp_path / "home", "webhook-token")
    assert len(first) >= 32
    assert secret_named(tmp_path / "home", "webhook-token") == first
    assert secret_named(tmp_path / "home", "api-token") != first
    assert stat.S_IMODE((tmp_path / "home" / "webhook-token").stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_a_generated_secret(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(secret_named(tmp_path, "token"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["token"]
