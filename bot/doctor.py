"""`midwatch doctor`: look at everything an installation leans on, and say how to mend what is wrong.

Each check is one function that gives one or more results and never raises for what it finds. What is asked of others
has a short time limit, and the targets are asked at the same time.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from incidents.errors import MidwatchError, Misconfigured
from incidents.redaction import redact

if TYPE_CHECKING:
    from incidents.inventory import Inventory, System
    from incidents.settings import Settings
    from incidents.store import Store

Level = Literal["ok", "note", "warn", "fail"]
PATIENCE = 3.0
"""Seconds that each answer of another program may take."""

AT_A_TIME = 8
SKEW_WARN, SKEW_FAIL = 30.0, 240.0
"""Seconds by which this clock may differ from Slack's: beyond 300 Slack's own requests would be refused."""

SCOPES = (
    *("channels:history", "channels:join", "channels:manage", "channels:read", "chat:write", "commands"),
    *("usergroups:read", "users:read"),
)
"""What the calls that Midwatch makes need, and nothing more. The manifest in docs/guides/slack.md asks for the same."""


_APPROVER = re.compile(r"@[\w.-]+|[UWS][A-Z0-9]{2,20}|console:\S+")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `mend` says what to do, where there is something to do."""

    name: str
    level: Level
    text: str
    mend: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"name": self.name, "level": self.level, "text": self.text, "mend": self.mend}


def examined(environ: Mapping[str, str] = os.environ) -> list[Check]:
    """All checks of the installation that the environment names, in the order in which one would mend them."""
    from incidents.settings import load_settings

    try:
        settings = load_settings()
    except Misconfigured as why:
        return [Check("settings", "fail", str(why), "correct that variable in the environment or in .env")]
    found = [Check("settings", "ok", "every variable can be read")]
    found += [*_home(settings), *_database(settings), *_broker(settings), *_tokens(settings), *_slack(settings)]
    found += [*_approvers(settings), *_public_url(settings)]
    inventory = _inventory(settings, found)
    found += _runbooks(settings, inventory)
    found += _targets(inventory, environ)
    return [Check(c.name, c.level, redact(c.text), c.mend) for c in found]


# ---- this machine


def _home(settings: Settings) -> Iterator[Check]:
    home = settings.home
    if not home.exists():
        yield Check("home", "note", f"{home.absolute()} is not there yet; the first start makes it")
    elif not os.access(home, os.W_OK):
        yield Check(
            "home", "fail", f"{home.absolute()} cannot be written", "give this user the folder, or set MIDWATCH_HOME"
        )
    elif stat.S_IMODE(home.stat().st_mode) & 0o077:
        yield Check(
            "home", "warn", f"others on this machine can look into {home.absolute()}", f"chmod 700 {home.absolute()}"
        )
    else:
        yield Check("home", "ok", str(home.absolute()))


def _database(settings: Settings) -> Iterator[Check]:
    from sqlalchemy import make_url

    from incidents.store import Store

    url = make_url(settings.database_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database and not os.path.exists(url.database):  # noqa: PTH110
        yield Check("database", "note", f"{shown} is not there yet; the first start makes it")
        return
    with Store(settings.database_url) as store:
        try:
            yield from _opened(store, shown)
        except Exception as why:  # noqa: BLE001 - whatever a driver raises is the answer here
            mend = "see that it runs and that MIDWATCH_DATABASE_URL is right"
            yield Check("database", "fail", f"{shown}: {_first_line(why)}", mend)


def _opened(store: Store, shown: str) -> Iterator[Check]:
    from sqlalchemy import text

    from bot.runtime import newest_revision
    from incidents import migrate

    at, newest = migrate.current(store), newest_revision()
    if at != newest:
        stands = f"its schema is at {at}, this version needs {newest}" if at else "it has no schema yet"
        yield Check("database", "fail", f"{shown}: {stands}", "midwatch db upgrade")
        return
    if store.sqlite:
        with store.read() as session:
            said = session.execute(text("PRAGMA quick_check(1)")).scalar()
        if said != "ok":
            yield Check("database", "fail", f"{shown}: {said}", "restore it from a backup")
            return
    store.write(lambda session: session.execute(text("SELECT 1")) and None)
    yield Check("database", "ok", f"{shown}, schema {at}, can commit")
    yield from _chains(store)


def _chains(store: Store) -> Iterator[Check]:
    from sqlalchemy import select
    from sqlmodel import col

    from incidents import timeline
    from incidents.models import Incident

    with store.read() as session:
        recent = list(session.scalars(select(Incident).order_by(col(Incident.id).desc()).limit(20)))
        broken = [
            f"INC-{row.id}"
            for row in recent
            if timeline.faults(timeline.events_of(session, row.id or 0), row.events, row.head)
        ]
    if broken:
        yield Check(
            "timeline", "fail", f"the history of {', '.join(broken)} was changed", "midwatch timeline verify ID"
        )
    elif recent:
        yield Check("timeline", "ok", f"the histories of the newest incidents are whole ({len(recent)})")


# ---- tokens and people


def _tokens(settings: Settings) -> Iterator[Check]:
    for name, token in (("webhook", settings.webhook_token), ("api", settings.api_token)):
        variable = f"MIDWATCH_{name.upper()}_TOKEN"
        if token is None:
            yield Check(
                f"{name} token", "note", f"{variable} is not set; a generated one is in {settings.home / name}-token"
            )
        elif len(token.get_secret_value()) < 16:
            yield Check(f"{name} token", "fail", f"{variable} is shorter than 16 characters", "set a long random one")
        else:
            yield Check(f"{name} token", "ok", f"{variable} is set")


def _approvers(settings: Settings) -> Iterator[Check]:
    strange = [name for name in settings.approvers if not _APPROVER.fullmatch(name)]
    if strange:
        mend = "write a group as @sre, a person as their member id (U012ABC), a console user as console:name"
        yield Check("approvers", "warn", f"{', '.join(strange)}: neither a group's handle nor an id", mend)
    elif settings.approvers:
        yield Check("approvers", "ok", ", ".join(settings.approvers))
    elif settings.practice:
        yield Check("approvers", "note", "not set; in the practice workspace @oncall may approve")
    else:
        mend = "set MIDWATCH_APPROVERS to a group handle such as @sre, or approvers in the inventory"
        yield Check("approvers", "warn", "MIDWATCH_APPROVERS is not set: nobody can approve a fix", mend)


def _public_url(settings: Settings) -> Iterator[Check]:
    url = settings.public_url
    if url is None:
        level: Level = "note" if settings.practice else "warn"
        mend = None if settings.practice else "set it to where people reach the bot"
        yield Check(
            "public url", level, "MIDWATCH_PUBLIC_URL is not set: links in Slack work on this machine only", mend
        )
    elif url.startswith("http://"):
        yield Check("public url", "warn", f"{url} is not encrypted, and its links carry keys", "put TLS in front of it")
    else:
        yield Check("public url", "ok", url)


# ---- other programs


def _broker(settings: Settings) -> Iterator[Check]:
    scheme = urlsplit(settings.broker_url).scheme
    if scheme == "memory":
        yield Check("broker", "ok", "in memory: bot and worker are one process")
    elif scheme.startswith("redis"):
        yield _redis("broker", settings.broker_url, "MIDWATCH_BROKER_URL")
    else:
        yield _reached("broker", settings.broker_url, "MIDWATCH_BROKER_URL", {"amqp": 5672, "amqps": 5671}[scheme])
    if settings.redis_url:
        yield _redis("redis", settings.redis_url, "MIDWATCH_REDIS_URL")


def _redis(name: str, url: str, variable: str) -> Check:
    import redis

    where = _place(url)
    try:
        with redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
            client.ping()
            policy = _policy(client)
    except redis.RedisError as why:
        return Check(name, "fail", f"{where}: {_first_line(why)}", f"start it, or correct {variable}")
    if policy.startswith("allkeys"):
        mend = "redis-cli CONFIG SET maxmemory-policy noeviction"
        return Check(
            name, "fail", f"{where} throws queued messages away when it is full (maxmemory-policy {policy})", mend
        )
    return Check(name, "ok", f"{where} answers" + (f", maxmemory-policy {policy}" if policy else ""))


def _policy(client: Any) -> str:
    import redis

    try:
        return str(client.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except redis.ResponseError:  # hosted ones forbid CONFIG
        return ""


def _reached(name: str, url: str, variable: str, port: int) -> Check:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or port), timeout=PATIENCE):
            return Check(name, "ok", f"{_place(url)} takes connections")
    except OSError as why:
        return Check(name, "fail", f"{_place(url)}: {_first_line(why)}", f"start it, or correct {variable}")


def _slack(settings: Settings) -> Iterator[Check]:
    if settings.slack_bot_token is None:
        yield Check("slack", "note", "no tokens: `midwatch up` starts the practice workspace")
        return
    from slack_sdk.errors import SlackApiError

    from bot.slack.client import slack_client

    client = slack_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    try:
        said = client.auth_test()
    except SlackApiError as why:
        error = str(why.response.get("error"))
        yield Check(
            "slack", "fail", f"Slack refuses the token: {error}", "take SLACK_BOT_TOKEN from the app's page again"
        )
        return
    except Exception as why:  # noqa: BLE001 - urllib and ssl raise whatever they like when nobody is there
        yield Check(
            "slack", "fail", f"Slack cannot be reached: {_first_line(why)}", "see to the network or SLACK_API_URL"
        )
        return
    yield Check("slack", "ok", f"{said.get('team')} as {said.get('user')}")
    headers = {str(name).lower(): str(value) for name, value in said.headers.items()}
    yield from _scopes(headers.get("x-oauth-scopes"))
    yield from _clock(headers.get("date"))
    if settings.slack_app_token is None and settings.public_url is None:
        mend = "set MIDWATCH_PUBLIC_URL and enter <url>/slack/events in the app, or set SLACK_APP_TOKEN"
        yield Check("slack", "warn", "Slack must reach /slack/events from outside", mend)


def _scopes(granted: str | None) -> Iterator[Check]:
    if granted is None:
        return
    have = {scope.strip() for scope in granted.split(",")}
    lacking = [scope for scope in SCOPES if scope not in have]
    if lacking:
        mend = "add them in the app's OAuth page and install the app again"
        yield Check("scopes", "fail", f"the token lacks {', '.join(lacking)}", mend)
    else:
        yield Check("scopes", "ok", "the token has what is needed")


def _clock(date: str | None) -> Iterator[Check]:
    if date is None:
        return
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    level: Level = "fail" if skew > SKEW_FAIL else "warn" if skew > SKEW_WARN else "ok"
    mend = None if level == "ok" else "let this machine keep its time (chrony, systemd-timesyncd)"
    yield Check("clock", level, f"{skew:.0f} s apart from Slack's", mend)


# ---- runbooks and targets


def _inventory(settings: Settings, found: list[Check]) -> Inventory | None:
    from incidents.inventory import load_inventory

    if settings.inventory is None:
        mend = "write one and set MIDWATCH_INVENTORY"
        found.append(Check("inventory", "warn", "there is none, so no check can reach anything", mend))
        return None
    try:
        inventory = load_inventory(settings.inventory)
    except Misconfigured as why:
        found.append(Check("inventory", "fail", str(why), "correct that line"))
        return None
    found.append(Check("inventory", "ok", f"its systems: {', '.join(inventory.systems) or 'none'}"))
    return inventory


def _runbooks(settings: Settings, inventory: Inventory | None) -> Iterator[Check]:
    from incidents.inventory import Inventory
    from runbooks.shelf import Shelf

    known = inventory or Inventory()
    try:
        shelf = Shelf.load(settings.runbooks, known)
    except MidwatchError as why:
        yield Check("runbooks", "fail", str(why), "correct MIDWATCH_RUNBOOKS")
        return
    if settings.runbooks is None:
        mend = "set MIDWATCH_RUNBOOKS to the folder of your Markdown runbooks"
        yield Check(
            "runbooks", "warn", "MIDWATCH_RUNBOOKS is not set: only those that ship with Midwatch are used", mend
        )
    yield Check("runbooks", "ok", f"{len(shelf.documents)} documents with {len(shelf.procedures)} procedures")
    for problem in shelf.problems:
        yield Check("runbooks", "fail", problem, "correct the file; the others are used meanwhile")
    names = {document.path for document in shelf.documents}
    for system in known.systems.values():
        for missing in sorted(set(system.documents) - names):
            text = f"{system.name}: there is no document {missing}"
            yield Check("runbooks", "warn", text, "put it into MIDWATCH_RUNBOOKS, or correct `documents`")


def _targets(inventory: Inventory | None, environ: Mapping[str, str]) -> list[Check]:
    """Ask every target of every system, from this machine, a few at a time."""
    if inventory is None:
        return []
    probes = [probe for system in inventory.systems.values() for probe in _probes(system, environ)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(_asked, probes))


Probe = tuple[str, str, Callable[[], str]]
"""Name of the system, what is asked, and the asking: it returns what to say, and raises when there is no answer."""


def _asked(probe: Probe) -> Check:
    system, what, ask = probe
    name = f"target {system}"
    try:
        return Check(name, "ok", f"{what}: {ask()}")
    except Misconfigured as why:
        return Check(name, "fail", f"{what}: {why}", "set it where the workers run")
    except Exception as why:  # noqa: BLE001 - every client library has its own errors; each of them is an answer here
        return Check(name, "fail", f"{what}: {_first_line(why)}", "see that it runs and can be reached from here")


def _probes(system: System, environ: Mapping[str, str]) -> Iterable[Probe]:
    from incidents.inventory import expand

    def filled(text: str) -> str:
        return expand(text, environ)

    if system.docker is not None:
        host = system.docker.host
        yield system.name, f"docker at {host}", lambda: _ask_docker(filled(host))
    for netloc, base in system.http.items():
        yield system.name, f"{netloc} is {base}", lambda base=base: _ask_http(filled(base))  # type: ignore[misc]
    for name, sql in system.sql.items():
        yield system.name, f"database {name}", lambda dsn=sql.dsn: _ask_sql(filled(dsn))  # type: ignore[misc]
    for name, redis in system.redis.items():
        yield system.name, f"redis {name}", lambda url=redis.url: _ask_redis(filled(url))  # type: ignore[misc]


def _ask_docker(host: str) -> str:
    import docker

    client = docker.DockerClient(base_url=host, timeout=int(PATIENCE))
    try:
        return f"engine {client.version()['Version']}"
    finally:
        client.close()


def _ask_http(base: str) -> str:
    import httpx

    started = time.monotonic()
    status = httpx.get(base, timeout=PATIENCE, follow_redirects=False).status_code
    return f"answers with {status} in {(time.monotonic() - started) * 1000:.0f} ms"


def _ask_sql(dsn: str) -> str:
    if urlsplit(dsn).scheme.startswith("postgres"):
        import psycopg

        with psycopg.connect(
            dsn.replace("postgresql+psycopg://", "postgresql://"), connect_timeout=int(PATIENCE)
        ) as asked:
            return f"PostgreSQL {asked.info.server_version // 10000}"
    parts = urlsplit(dsn)
    if not parts.hostname:
        return "not asked: it is a file"
    with socket.create_connection((parts.hostname, parts.port or 3306), timeout=PATIENCE):
        return "takes connections"


def _ask_redis(url: str) -> str:
    import redis

    with redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
        client.ping()
    return "answers"


def _place(url: str) -> str:
    """Host and port of an address, without its credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")


def _first_line(why: Exception) -> str:
    lines = str(why).strip().splitlines()
    return redact(lines[0]) if lines else type(why).__name__
