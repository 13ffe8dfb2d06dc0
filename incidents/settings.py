"""The settings: read once from the environment and `.env`, refused early and by name.

Every field is a variable `MIDWATCH_<FIELD>`, but for those of Slack, which keep the names that Slack's own documents
use. A value is never repeated in an error, since it may be a secret.
"""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from rapidfuzz import process

from incidents.errors import Misconfigured

log = logging.getLogger(__name__)
PREFIX = "MIDWATCH_"


def _slack(name: str, doc: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(f"slack_{name}"), description=doc)


class Settings(BaseSettings):
    """What an installation is told by its environment. Make it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(default=Path(".midwatch"), description="Folder for the database, tokens and spool")
    database_url: str = Field(
        default="", repr=False, description="SQLAlchemy URL; a SQLite file under MIDWATCH_HOME when unset"
    )
    broker_url: str = Field(
        default="memory://", repr=False, description="Celery broker: memory://, redis:// or amqp://"
    )
    redis_url: str | None = Field(default=None, repr=False, description="Redis for live updates and shared limits")
    runbooks: Path | None = Field(default=None, description="Folder of the team's Markdown runbooks")
    inventory: Path | None = Field(default=None, description="YAML file that says what belongs to a system")
    webhook_token: SecretStr | None = Field(default=None, description="Bearer token of alert senders; made when unset")
    api_token: SecretStr | None = Field(default=None, description="Bearer token of /api and the pages; made when unset")
    public_url: str | None = Field(default=None, description="Where people reach the pages, for links in Slack")
    channel: str = Field(default="incidents", min_length=1, description="Slack channel that incidents go to")
    approvers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma list of Slack group handles or user ids that may approve"
    )
    slack_bot_token: SecretStr | None = _slack("bot_token", "Bot token, xoxb-...; without one the practice workspace")
    slack_app_token: SecretStr | None = _slack("app_token", "App token, xapp-...; Socket Mode when set")
    slack_signing_secret: SecretStr | None = _slack("signing_secret", "Signing secret of the app, for requests by HTTP")
    slack_api_url: str | None = _slack("api_url", "Base URL of a Slack-compatible server; ends in /api/")
    approval_minutes: int = Field(default=15, ge=1, le=1440, description="Minutes for which an approval may be given")
    check_timeout: float = Field(default=60.0, gt=0, le=3600, description="Seconds a read-only step may take")
    fix_timeout: float = Field(default=300.0, gt=0, le=3600, description="Seconds a changing step may take")
    output_cap: int = Field(default=65536, ge=1024, le=10_485_760, description="Bytes of output kept of one step")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least severe log line")

    @property
    def practice(self) -> bool:
        """Whether the stand-in workspace takes Slack's place."""
        return self.slack_bot_token is None

    @field_validator("approvers", mode="before")
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("channel")
    @classmethod
    def _without_hash(cls, value: str) -> str:
        return value.removeprefix("#")

    @field_validator("home", "runbooks", "inventory")
    @classmethod
    def _home_expanded(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @field_validator("runbooks")
    @classmethod
    def _a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"there is no folder {value}")
        return value

    @field_validator("inventory")
    @classmethod
    def _a_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @field_validator("database_url")
    @classmethod
    def _with_our_driver(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if value and not separator:
            raise ValueError("must be a URL such as postgresql://user@host/name or sqlite:///file")
        if scheme in {"postgres", "postgresql"}:
            return f"postgresql+psycopg://{rest}"
        if value and scheme not in {"sqlite", "postgresql+psycopg"}:
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("broker_url")
    @classmethod
    def _a_broker(cls, value: str) -> str:
        return _with_scheme(value, {"memory", "redis", "rediss", "amqp", "amqps"})

    @field_validator("redis_url")
    @classmethod
    def _a_redis(cls, value: str | None) -> str | None:
        return value and _with_scheme(value, {"redis", "rediss", "unix"})

    @field_validator("public_url")
    @classmethod
    def _a_site(cls, value: str | None) -> str | None:
        return value and _web_address(value).rstrip("/")

    @field_validator("slack_api_url")
    @classmethod
    def _an_api_base(cls, value: str | None) -> str | None:
        if value is not None and not _web_address(value).endswith("/api/"):
            raise ValueError("must end in /api/")
        return value

    @model_validator(mode="after")
    def _database_under_home(self) -> Self:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.home.absolute() / 'midwatch.db'}")
        return self

    @model_validator(mode="after")
    def _slack_whole_or_absent(self) -> Self:
        bot, app, signing = self.slack_bot_token, self.slack_app_token, self.slack_signing_secret
        if bot is None and (app or signing):
            other = "SLACK_APP_TOKEN" if app else "SLACK_SIGNING_SECRET"
            raise ValueError(f"SLACK_BOT_TOKEN is missing although {other} is set")
        if bot is not None and not (app or signing):
            raise ValueError("SLACK_BOT_TOKEN needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET beside it")
        if self.slack_api_url is None:
            _begins(bot, "SLACK_BOT_TOKEN", ("xoxb-", "xoxe.xoxb-"))
            _begins(app, "SLACK_APP_TOKEN", ("xapp-",))
        return self


def load_settings(**overrides: Any) -> Settings:
    """The settings of this environment, with `overrides` by field name on top.

    Raises Misconfigured, in one line that names the variable. Names that look like ours and are not are logged as
    warnings. `_env_file=None` leaves `.env` unread.
    """
    env_file = overrides.get("_env_file", Settings.model_config.get("env_file"))
    for line in unknown_variables({**_dotenv(env_file), **os.environ}):
        log.warning("%s", line)
    try:
        return Settings(**overrides)
    except ValidationError as invalid:
        raise Misconfigured(_first_line(invalid)) from None


def variables() -> dict[str, str]:
    """Every environment variable that is read, with its description."""
    return {variable_of(name): field.description or "" for name, field in Settings.model_fields.items()}


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return field.upper() if field.startswith("slack_") else PREFIX + field.upper()


def unknown_variables(names: Iterable[str]) -> list[str]:
    """One line for each name that begins like ours and is none, with the nearest that is."""
    known = list(variables())
    strange = sorted(name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [f"{name} is no setting; did you mean {_nearest(name, known)}?" for name in strange if name not in INTERNAL]


INTERNAL = frozenset({"MIDWATCH_TEST_EVERYTHING"})
"""Variables of the test suite, which are no settings."""


GENERATED = ("webhook-token", "api-token", "page-secret", "practice-bot-token", "practice-signing-secret",
             "practice-page-token")  # fmt: skip


def own_secrets(settings: Settings) -> tuple[str, ...]:
    """Midwatch's own tokens, configured and generated: whatever a step says, they are not in it."""
    fields = (getattr(settings, name) for name in type(settings).model_fields)
    found = [value.get_secret_value() for value in fields if isinstance(value, SecretStr)]
    for name in GENERATED:
        with suppress(OSError, UnicodeError):
            found.append((settings.home / name).read_text(encoding="ascii").strip())
    return tuple(value for value in found if len(value) >= 8)


def secret_named(home: Path, name: str) -> str:
    """The generated secret of this name, made on first use in a file under `home` that only its owner can read."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / name
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    """Several processes may start at once: the first link wins, and nobody ever reads half a secret."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()


def _dotenv(env_file: Any) -> Mapping[str, str | None]:
    return dotenv_values(env_file) if env_file and Path(env_file).is_file() else {}


def _first_line(invalid: ValidationError) -> str:
    error = invalid.errors()[0]
    text = str(error.get("ctx", {}).get("error", "")) or error["msg"]
    if not error["loc"]:
        return text
    return f"{variable_of(str(error['loc'][0]).lower())}: {text}"


def _nearest(name: str, known: list[str]) -> str:
    best = process.extractOne(name.upper(), known)
    return str(best[0])


def _with_scheme(value: str, schemes: set[str]) -> str:
    if value.partition("://")[0] not in schemes or "://" not in value:
        raise ValueError("must begin with " + " or ".join(f"{scheme}://" for scheme in sorted(schemes)))
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    return value


def _begins(token: SecretStr | None, variable: str, prefixes: tuple[str, ...]) -> None:
    if token is not None and not token.get_secret_value().startswith(prefixes):
        raise ValueError(f"{variable} must begin with {prefixes[0]}")
