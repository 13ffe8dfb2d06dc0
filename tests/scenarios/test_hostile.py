"""Against a running Midwatch: a hostile sender of alerts, a runbook that tries to escape, secrets in every place.

The rooms' own tests break one promise at a time; here everything is real and stands together.
"""

from __future__ import annotations

import io
import json
import logging
import sqlite3
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.logs import start_logging
from incidents.models import Incident
from incidents.store import Store
from tests.conftest import wait_until
from tests.scenarios.world import World, world
from tests.workers.house import ALERT, House, lamp

# ---- a hostile sender: whatever a label says, it is data

HOSTILE = [
    "x; touch canary",
    "x && touch canary",
    "x | touch canary",
    "$(touch canary)",
    "`touch canary`",
    "${IFS}touch${IFS}canary",
    "x\ntouch canary",
    "x\rtouch canary",
    "x\x00y",
    "--output=canary",
    "-exec",
    "@canary",
    "../../../etc/passwd",
    "x/../../canary",
    "/etc/passwd",
    "~/canary",
    "${MIDWATCH_API_TOKEN}",
    "$MIDWATCH_API_TOKEN",
    "%s%n",
    "'; drop table users; --",
    "x' or '1'='1",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "<pod>",
    "*",
    "x y",
    "ｘ／ｙ",
    "x\u202ey",
    "x\u200by",
    "аpi",
    "x" * 129,
    "",
]
EVERY_KIND = """\
# Lamp

## Incidents

### Lamp is dark

**Symptoms**: lamp is dark, no light

**Diagnosis**:
```bash
# ask
curl -s http://localhost:8080/<pod>
# search
grep <pod> lamp.log
# tail
tail -n 5 <pod>
# size
du -sh <pod>
# find
find . -name <pod>
# lite
sqlite3 lamp.db "select * from <pod>"
# count
wc -l <pod>
# processes
ps aux | grep <pod>
# filtered
cat lamp.log | grep <pod> | head -n 3
# unit
id <pod>
```

**Solution**:
```bash
# Light it
./light.sh <pod>
```
"""


@pytest.fixture
def told(tmp_path: Path, sqlite_store: Store, now: datetime) -> Iterator[House]:
    """A house whose whole runbook takes the label `pod`."""
    house = House(sqlite_store, tmp_path, now, runbook=EVERY_KIND)
    house.script("light.sh", 'printf "%s\\n" "$#" "$@" > argv.txt; env > env.txt')
    yield house
    house.close()


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_hostile_label_leaves_every_kind_of_step_alone(
    told: House, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MIDWATCH_API_TOKEN", "api" + "-secret-of-ours")
    incident = _alert_with(told, pod=value)
    told.play()
    assert {step.state for step in told.rows()} == {"skipped"}
    assert all(step.summary.startswith("could not run") for step in told.rows())
    assert not list(told.folder.rglob("*canary*"))
    assert "secret-of-ours" not in told.told(incident)


def test_an_ordinary_label_reaches_a_command_as_one_argument_in_a_clean_environment(
    told: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MIDWATCH_API_TOKEN", "SLACK_BOT_TOKEN", "AWS_SECRET_ACCESS_KEY", "SHOP_DSN"):
        monkeypatch.setenv(name, "must-not-be-" + "inherited")
    _alert_with(told, pod="web-1")
    told.play()
    told.decide()
    told.play()
    assert (told.work / "argv.txt").read_text() == "1\nweb-1\n"
    given = dict(line.split("=", 1) for line in (told.work / "env.txt").read_text().splitlines())
    assert set(given) <= {"PATH", "HOME", "LANG", "PWD", "SHLVL", "_", "OLDPWD"}


def test_labels_that_change_after_the_plan_change_nothing_of_what_was_approved(told: House) -> None:
    incident = _alert_with(told, pod="web-1")
    told.play()
    assert _alert_with(told, pod="web-2", instance="other") == incident
    told.decide()
    told.play()
    assert (told.work / "argv.txt").read_text() == "1\nweb-1\n"


def test_an_alert_starts_nothing_on_a_system_that_it_only_claims(told: House) -> None:
    _alert_with(told, system="../lamp", pod="web-1")
    told.play()
    assert all(step.state == "skipped" for step in told.rows())


def _alert_with(house: House, system: str = "lamp", **labels: str) -> int:
    key = f"lamp-{len(labels)}-{hash(frozenset(labels.items()))}"
    return house.alert(replace(ALERT, system=system, dedup_key=key, labels={**ALERT.labels, **labels}))


# ---- secrets: in alerts, commands, outputs, errors and the environment; afterwards in no place that is kept

SECRETS = {
    "token in a label": "gh" + "p_" + "a1B2c3D4e5" * 3 + "f6G7h8",
    "key in an annotation": "AKI" + "A" + "QWERTYUIOPASDFGH",
    "password in a link": "pw-link-" + "8c1f22",
    "password in an output": "pw-output-" + "77aa31",
    "token in an output": "xo" + "xb-" + "123456789012-abcdefABCDEF0123456789",
    "key block in an output": "MIIEpAIBAAKCAQEA" + "z" * 40,
    "password in a command": "pw-command-" + "51d0ab",
    "password in a dsn": "pw-dsn-" + "19be40",
    "password in an error": "pw-error-" + "e2c7f5",
    "words of a person": "pw-note-" + "0d93bb",
    "in our environment": "pw-environment-" + "6b6b1c",
}
LEAKY = f"""\
# Shop

## Incidents

### Shop is down

**Symptoms**: shop is down

**Diagnosis**:
```bash
# Is it up?
curl -s http://localhost:8080/health
# What does its log say?
tail -n 20 shop.log
# Does the database answer?
psql -h db -c "select 1"
# Ask with the key
curl -s -u admin:{SECRETS["password in a command"]} http://localhost:8080/health
# Show the settings
cat .env
# What lies here?
grep -rh . ours
```

**Solution**:
```bash
# Restart it
./restart.sh
```
"""
LOG = f"""\
INFO login password={SECRETS["password in an output"]} ok
ERROR bot token {SECRETS["token in an output"]} refused
-----BEGIN RSA PRIVATE KEY-----
{SECRETS["key block in an output"]}
-----END RSA PRIVATE KEY-----
"""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, down to the last detail."""
    root, said = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", said)
        start_logging("DEBUG")
    yield said
    start_logging("WARNING")
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> Iterator[World]:
    """A shop that tells everything it knows, looked after by a Midwatch that is started as `midwatch up` does it."""
    work = tmp_path / "shop"
    work.mkdir()
    (work / "shop.log").write_text(LOG)
    (work / ".env").write_text(f"DB_PASSWORD={SECRETS['password in an output']}\n")
    restart = f"#!/bin/sh\necho 'cannot reach redis://:{SECRETS['password in an error']}@cache:6379/0' >&2\nexit 3\n"
    (work / "restart.sh").write_text(restart)
    (work / "restart.sh").chmod(0o755)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "shop.md").write_text(LEAKY)
    monkeypatch.setenv("SHOP_DSN", f"postgresql://app:{SECRETS['password in a dsn']}@127.0.0.1:9/shop")
    monkeypatch.setenv("SHOP_SECRET", SECRETS["in our environment"])
    door = lamp(work / "lit")
    system = {
        "services": ["shop"],
        "host": "local",
        "workdir": str(work),
        "live": "read_only",
        "http": {"localhost:8080": f"http://127.0.0.1:{door.server_port}"},
        "sql": {"db": {"dsn": "${SHOP_DSN}"}},
    }
    try:
        with world(tmp_path, tmp_path / "runbooks", {"shop": system}) as found:
            yield found
    finally:
        door.shutdown()
        door.server_close()


def test_no_secret_is_kept_anywhere(shop: World, tmp_path: Path, log: io.StringIO) -> None:
    assert _post(shop, _leaky_alert()).status_code == 202
    shop.slack.person("alice").say(
        shop.slack.channels["incidents"],
        f"/incident note INC-1 the password={SECRETS['words of a person']} was changed",
    )
    shop.click("alice", "step_approve")
    wait_until(lambda: shop.steps().get("./restart.sh", {}).get("state") == "failed", "the fix did not run", 40)
    wait_until(lambda: "was changed" in json.dumps(shop.account(), default=str), "the note did not arrive", 20)
    wait_until(lambda: not _behind(shop), "Slack does not show everything", 30)
    places = {
        "database": _dump(tmp_path / "home" / "midwatch.db"),
        "Slack": json.dumps(shop.slack.messages("incidents") + _threads(shop)),
        "pages": _pages(shop),
        "post-mortem": shop.postmortem(),
        "log": log.getvalue(),
        "practice workspace": _dump(tmp_path / "home" / "practice.db"),
    }
    kept = [(what, where) for where, text in places.items() for what, value in SECRETS.items() if value in text]
    assert not kept
    own = [
        shop.runtime.webhook_token,
        shop.runtime.api_token,
        shop.slack.workspace.token,
        shop.slack.workspace.bot_token,
    ]
    assert not [where for where, text in places.items() for token in own if token in text]
    assert all("shop is down" in text.lower() for text in places.values() if text is not places["log"])
    assert places["database"].count("[redacted]") > 5
    assert shop.steps()["./restart.sh"]["output"].startswith("cannot reach redis://:[redacted]@cache")


def test_our_own_tokens_are_masked_in_what_a_step_reads(shop: World, tmp_path: Path) -> None:
    """A Midwatch that is started in the folder of its system keeps its tokens where the steps may read."""
    tokens = [shop.runtime.webhook_token, shop.runtime.api_token]
    (tmp_path / "shop" / "ours").mkdir()
    (tmp_path / "shop" / "ours" / "copy").write_text("it is " + "\nit is ".join(tokens))
    _post(shop, _leaky_alert())
    wait_until(lambda: shop.steps().get("grep -rh . ours", {}).get("state") == "succeeded", "it was not read", 30)
    assert shop.steps()["grep -rh . ours"]["output"].split() == ["it", "is", "[redacted]"] * 2


def test_what_shows_secrets_is_left_to_a_person(shop: World) -> None:
    _post(shop, _leaky_alert())
    wait_until(lambda: len(shop.steps()) >= 5, "no plan", 20)
    assert shop.steps()["cat .env"]["state"] == "skipped"
    assert "would show a secret" in shop.steps()["cat .env"]["summary"]
    with_password = next(step for text, step in shop.steps().items() if "-u admin" in text)
    assert with_password["state"] == "skipped"


def test_what_is_kept_is_for_its_own_user_alone(shop: World, tmp_path: Path) -> None:
    assert shop.runtime.webhook_token
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"midwatch.db", "practice.db", "webhook-token"}
    assert not [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]


def _leaky_alert() -> dict[str, Any]:
    alert = {
        "status": "firing",
        "labels": {"alertname": "ShopIsDown", "system": "shop", "service": "shop", "severity": "critical",
                   "deploy_token": SECRETS["token in a label"]},
        "annotations": {
            "summary": f"<!channel> shop is down <script>alert(1)</script> key {SECRETS['key in an annotation']}",
            "runbook_url": f"https://wiki.test/shop?password={SECRETS['password in a link']}",
        },
        "startsAt": "2026-03-03T03:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": f"http://prometheus.test/graph?token={SECRETS['token in a label']}",
        "fingerprint": "f00d",
    }  # fmt: skip
    return {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "midwatch", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://a.test", "alerts": [alert]}  # fmt: skip


def _post(found: World, body: Mapping[str, Any]) -> httpx.Response:
    headers = {"authorization": f"Bearer {found.runtime.webhook_token}"}
    return httpx.post(found.webhook, json=body, headers=headers, timeout=10)


def _dump(path: Path) -> str:
    with sqlite3.connect(path) as database:
        return "\n".join(database.iterdump())


def _threads(found: World) -> list[Any]:
    cards = [m for m in found.slack.messages("incidents") if m.get("bot_id")]
    return [m for card in cards for m in found.slack.messages("incidents", card["ts"])]


def _pages(found: World) -> str:
    with httpx.Client(headers={"authorization": f"Bearer {found.runtime.api_token}"}, timeout=10) as visitor:
        paths = (
            "/incidents",
            "/incidents/1",
            "/incidents/1/postmortem",
            "/incidents/1/postmortem.md",
            "/api/incidents/1",
        )
        return "\n".join(visitor.get(found.house.url + path).raise_for_status().text for path in (*paths, "/metrics"))


def _behind(found: World) -> bool:
    with found.runtime.store.read() as session:
        behind = select(col(Incident.id)).where(col(Incident.revision) != col(Incident.shown_revision))
        return session.scalars(behind.limit(1)).first() is not None
