"""The command line: exit codes, one JSON document on stdout, refusals in one line, recorded acts."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bot.console import output
from bot.runtime import Runtime
from incidents.settings import load_settings
from incidents.store import Store
from tests.bot.story import HOSTILE, told
from tests.bot.terminal import ME, REAL_SLACK, ROOT, Midwatch, one_line
from tests.conftest import free_port, wait_until


@pytest.fixture
def installed(tmp_path: Path, now: datetime) -> Runtime:
    """An installation in that folder with one open incident, whose fix waits for this user's approval."""
    runtime = Runtime(load_settings(home=tmp_path / ".midwatch", _env_file=None))
    runtime.prepare_database()
    told(runtime, datetime.now(UTC) - timedelta(minutes=4))
    mine = text(f"UPDATE approval SET approvers = '[\"{ME}\"]'")
    runtime.store.write(lambda session: session.execute(mine) and None)
    runtime.close()
    return runtime


# ---- wrong usage and wrong configuration


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"], ["--nosuch"], ["incident", "show"], ["incident", "show", "x"], ["incident", "show", "-1"],
        ["incident", "open", "x", "--priority", "P9"], ["incident", "open", " "], ["up", "--port", "x"],
        ["up", "--port", "99999"], ["run", "approve", "x"], ["postmortem", "show", "1", "--format", "pdf"],
        ["alert", "parse", "nosuch"], ["alert", "parse", "generic", "--now", "soon"],
        ["alert", "parse", "generic", "--header", "nocolon"], ["runbook", "match", "--runbooks", "/nosuch"],
    ],
)  # fmt: skip
def test_wrong_usage_is_said_in_one_line_and_ends_with_2(midwatch: Midwatch, arguments: list[str]) -> None:
    said = midwatch(*arguments)
    assert said.code == 2
    one_line(said)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MIDWATCH_APPROVAL_MINUTES", "soon"),
        ("MIDWATCH_DATABASE_URL", "mysql://x/y"),
        ("MIDWATCH_BROKER_URL", "kafka://x"),
        ("MIDWATCH_RUNBOOKS", "/nosuch/folder"),
        ("MIDWATCH_INVENTORY", "/nosuch/file"),
        ("SLACK_SIGNING_SECRET", "half-of-it"),
    ],
)
@pytest.mark.parametrize("command", [["up", "--port", "0"], ["serve"], ["worker"], ["incident", "list"]])
def test_a_wrong_setting_stops_every_command_with_its_name(
    midwatch: Midwatch, command: list[str], variable: str, value: str
) -> None:
    said = midwatch(*command, **{variable: value})
    assert said.code == 2
    assert variable in one_line(said)
    assert "half-of-it" not in said.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MIDWATCH_DATABASE_URL", "postgresql://midwatch:" + "swordfish" + "@127.0.0.1:1/midwatch"),
        ("MIDWATCH_HOME", "/dev/null/home"),
    ],
)
def test_what_cannot_be_reached_or_made_stops_the_start_with_its_name(
    midwatch: Midwatch, variable: str, value: str
) -> None:
    said = midwatch("up", "--port", "0", "--practice-port", "0", **{variable: value})
    assert said.code == 2
    assert variable in one_line(said)
    assert "swordfish" not in said.err


def test_a_fault_in_the_inventory_stops_the_start_with_file_and_line(midwatch: Midwatch, tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text("systems:\n  shop:\n    dokcer: {}\n")
    said = midwatch("up", "--port", "0", MIDWATCH_INVENTORY=str(tmp_path / "inventory.yml"))
    assert said.code == 2
    assert "inventory.yml:3" in one_line(said)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "midwatch.example"])
def test_the_practice_workspace_is_never_opened_to_others(midwatch: Midwatch, host: str) -> None:
    said = midwatch("up", "--host", host, "--port", "0")
    assert said.code == 2
    assert "SLACK_BOT_TOKEN" in one_line(said)


def test_the_bot_alone_wants_a_real_workspace(midwatch: Midwatch) -> None:
    said = midwatch("serve", "--port", "0")
    assert said.code == 2
    assert "SLACK_BOT_TOKEN" in one_line(said)


def test_an_installation_that_is_not_there_is_not_made_by_looking(midwatch: Midwatch, tmp_path: Path) -> None:
    said = midwatch("incident", "list")
    assert said.code == 2
    assert "MIDWATCH_HOME" in one_line(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["incident", "show", "99"], ["incident", "ack", "99"], ["postmortem", "show", "99"], ["timeline", "show", "99"],
     ["timeline", "verify", "99"], ["run", "approve", "99", "--yes"]],
)  # fmt: skip
def test_an_id_that_names_nothing_ends_with_2(midwatch: Midwatch, installed: Runtime, arguments: list[str]) -> None:
    said = midwatch(*arguments)
    assert said.code == 2
    assert "99" in one_line(said)


# ---- acts need the approver list, and are recorded


@pytest.mark.parametrize(
    "arguments",
    [["incident", "ack", "1"], ["incident", "resolve", "1"], ["incident", "open", "It burns"], ["pause"], ["resume"]],
)
@pytest.mark.parametrize("approvers", [{}, {"MIDWATCH_APPROVERS": "@sre,U0ALICE,console:somebody-else"}])
def test_who_is_not_an_approver_does_nothing(
    midwatch: Midwatch, installed: Runtime, arguments: list[str], approvers: dict[str, str]
) -> None:
    before = midwatch("timeline", "show", "1", "--json").out
    said = midwatch(*arguments, **REAL_SLACK, **approvers)
    assert said.code == 1
    assert ME in one_line(said)
    assert midwatch("timeline", "show", "1", "--json").out == before
    assert midwatch("incident", "list", "--json").json["incidents"][0]["id"] == 1


def test_the_environment_cannot_make_somebody_else_of_me(midwatch: Midwatch, installed: Runtime) -> None:
    said = midwatch(
        "incident", "ack", "1", **REAL_SLACK, MIDWATCH_APPROVERS="console:boss", USER="boss", LOGNAME="boss"
    )
    assert said.code == 1


def test_an_approval_by_somebody_who_is_not_asked_is_refused(midwatch: Midwatch, tmp_path: Path) -> None:
    runtime = Runtime(load_settings(home=tmp_path / ".midwatch", _env_file=None))
    runtime.prepare_database()
    told(runtime, datetime.now(UTC))  # only @oncall and U0ALICE may decide
    runtime.close()
    said = midwatch("run", "approve", "1", "--yes")
    assert said.code == 1
    assert "@oncall" in one_line(said)
    assert midwatch("incident", "show", "1", "--json").json["approvals"][0]["decision"] == "pending"


def test_an_approval_without_a_terminal_wants_to_be_sure(midwatch: Midwatch, installed: Runtime) -> None:
    said = midwatch("run", "approve", "1")
    assert said.code == 1
    assert "--yes" in one_line(said)
    assert midwatch("incident", "show", "1", "--json").json["approvals"][0]["decision"] == "pending"


def test_a_denial_is_recorded_with_who_and_why(midwatch: Midwatch, installed: Runtime) -> None:
    said = midwatch("run", "deny", "1", "--reason", "not tonight", "--json")
    assert said.code == 0
    assert said.json["outcome"] == "denied"
    account = midwatch("incident", "show", "1", "--json").json
    assert (account["approvals"][0]["decided_by"], account["approvals"][0]["reason"]) == (ME, "not tonight")
    again = midwatch("run", "deny", "1")
    assert again.code == 1
    assert "already denied" in one_line(again)


def test_an_incident_is_opened_acknowledged_and_resolved_from_here(midwatch: Midwatch, installed: Runtime) -> None:
    assert midwatch("incident", "open", "Checkout is slow", "--priority", "p2").out == "INC-2 is open with P2.\n"
    assert midwatch("incident", "ack", "INC-2").code == 0
    assert midwatch("incident", "resolve", "2", "--reason", "it was the cache").code == 0
    account = midwatch("incident", "show", "2", "--json").json
    assert (account["status"], account["lead"], account["opened_by"]) == ("resolved", ME, ME)
    assert {event["actor"] for event in account["timeline"]} == {ME}


def test_an_incident_of_a_system_that_is_not_there_is_refused(midwatch: Midwatch, installed: Runtime) -> None:
    said = midwatch("incident", "open", "Checkout is slow", "--system", "nosuch")
    assert said.code == 2
    assert "the inventory has no system 'nosuch'" in one_line(said)


def test_a_pause_is_an_act_like_any_other(midwatch: Midwatch, installed: Runtime) -> None:
    assert midwatch("pause", "database move").code == 0
    assert f"paused by {ME}: database move" in midwatch("incident", "show", "1").out
    assert midwatch("resume", "--json").json == {"paused": False, "by": ME, "reason": ""}


# ---- answers


def test_json_is_one_document_and_nothing_else(midwatch: Midwatch, installed: Runtime) -> None:
    for arguments in (["incident", "list"], ["incident", "show", "1"], ["timeline", "show", "1"], ["version"],
                      ["timeline", "verify", "1"], ["db", "upgrade"]):  # fmt: skip
        said = midwatch(*arguments, "--json", MIDWATCH_LOG_LEVEL="DEBUG")
        assert said.code == 0, said.err
        assert said.json


def test_a_changed_history_is_found_and_ends_with_1(midwatch: Midwatch, installed: Runtime) -> None:
    assert midwatch("timeline", "verify", "1").code == 0
    with Runtime(installed.settings) as tampered:
        forge = text("UPDATE timeline_event SET text = 'nothing' WHERE seq = 3")
        tampered.store.write(lambda session: session.execute(forge) and None)
    said = midwatch("timeline", "verify", "1")
    assert said.code == 1
    assert "event 3 was changed" in said.out
    assert midwatch("timeline", "verify", "1", "--json").json["whole"] is False


def test_the_list_and_the_incident_are_readable(midwatch: Midwatch, installed: Runtime) -> None:
    assert re.search(
        r"INC-1 +P1 +acknowledged +4 min \d\d s ago +lms-backend +LMSApiDown", midwatch("incident", "list").out
    )
    shown = midwatch("incident", "show", "1").out
    for words in ("api is down: the container ran out of memory", "could not run", "midwatch run approve 1",
                  "docker compose restart api   on lms/api"):  # fmt: skip
        assert words in shown
    assert "\x1b" not in shown


def test_text_of_others_cannot_steer_the_terminal(midwatch: Midwatch, tmp_path: Path) -> None:
    runtime = Runtime(load_settings(home=tmp_path / ".midwatch", _env_file=None))
    runtime.prepare_database()
    told(runtime, datetime.now(UTC), title=f"{HOSTILE}\x1b[2J\x1b]0;owned\x07\u202e\x9b31m")
    runtime.close()
    for arguments in (["incident", "list"], ["incident", "show", "1"], ["timeline", "show", "1"],
                      ["incident", "show", "1", "--json"]):  # fmt: skip
        said = midwatch(*arguments)
        assert said.code == 0
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.out)


def test_the_postmortem_is_printed(midwatch: Midwatch, installed: Runtime) -> None:
    assert midwatch("postmortem", "show", "1").out.startswith("# Post-mortem")
    assert midwatch("postmortem", "show", "INC-1", "--format", "json").json


def test_columns_are_aligned_and_only_terminals_get_colour(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_table([["a", output.Toned("bb", "ok"), "c"], ["aaa", "b", "c\nd"]], ("X", "Y", "Z"))
    assert capsys.readouterr().out == "X    Y   Z\na    bb  c\naaa  b   c d\n"


# ---- alert parse and redact


def test_what_a_body_means_is_printed_whole(midwatch: Midwatch) -> None:
    body = json.dumps({"title": "Disk full", "severity": "high", "service": "db", "url": "https://x.example/1"})
    said = midwatch("alert", "parse", "generic", "--now", "2026-11-09T03:00:00Z", "--json", stdin=body)
    assert said.code == 0
    assert said.json == {
        "kind": "alerts",
        "alerts": [
            {
                "source": "generic", "status": "firing", "dedup_key": said.json["alerts"][0]["dedup_key"],
                "title": "Disk full", "service": "db", "system": None, "priority": "P2", "labels": {},
                "annotations": {}, "links": [{"title": "Source", "url": "https://x.example/1"}], "runbook_url": None,
                "starts_at": None, "ends_at": None,
            }
        ],
    }  # fmt: skip


def test_a_priority_is_always_said(midwatch: Midwatch) -> None:
    body = '{"alerts": [{"status": "firing", "labels": {"alertname": "A", "severity": "critical"}}]}'
    assert midwatch("alert", "parse", "alertmanager", "--json", stdin=body).json["alerts"][0]["priority"] == "P1"


@pytest.mark.parametrize("body", ["", "{", "[" * 10_000, "{}", '{"title": ""}', '{"title": "x", "status": "purple"}'])
def test_a_rejected_body_prints_its_json_and_ends_with_1(midwatch: Midwatch, body: str) -> None:
    said = midwatch("alert", "parse", "generic", "--json", stdin=body)
    assert said.code == 1
    assert said.json["kind"] == "rejected"
    assert said.json["alerts"] == []
    assert said.json["reason"]


def test_reading_an_alert_touches_nothing(midwatch: Midwatch, tmp_path: Path) -> None:
    midwatch("alert", "parse", "generic", stdin='{"title": "x"}', MIDWATCH_DATABASE_URL="nonsense")
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_masked_by_hand(midwatch: Midwatch) -> None:
    secret = "hunter2" + "hunter2"
    assert secret not in midwatch("redact", stdin=f"DB_PASSWORD={secret}\nport 8000\n").out
    lines = (
        json.dumps({"text": f"token {secret} here", "known": [secret]}) + "\n\n" + json.dumps({"text": "plain"}) + "\n"
    )
    said = midwatch("redact", "--jsonl", stdin=lines)
    first, second = (json.loads(line)["text"] for line in said.out.splitlines())
    assert secret not in first
    assert second == "plain"


@pytest.mark.parametrize("line", ["nonsense", "7", "{}", '{"text": 7}', '{"text": "x", "known": "x"}'])
def test_a_line_that_cannot_be_redacted_is_named(midwatch: Midwatch, line: str) -> None:
    said = midwatch("redact", "--jsonl", stdin=line + "\n")
    assert said.code == 2
    assert "line 1" in one_line(said)


# ---- real processes


def _process(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    program = "import sys; from bot.cli import main; main(sys.argv[1:])"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MIDWATCH_", "SLACK_"))}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=home, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=clean | {"PYTHONPATH": str(ROOT)} | environment,
    )  # fmt: skip


def test_help_costs_next_to_nothing(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = _process(tmp_path, "--help")
    out, _ = process.communicate(timeout=30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "incident" in out
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0  # the benchmark says 0.3


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; from bot.cli import run; run(['--help']);"
        "heavy = ('sqlalchemy', 'celery', 'fastapi', 'slack_sdk', 'rich', 'jinja2');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    process = _process(tmp_path, "redact")
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write("all is well\n" * 50_000)
    process.stdin.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


def test_a_worker_stops_when_told(tmp_path: Path) -> None:
    process = _process(tmp_path, "worker", "--queues", "lms, shop")
    assert process.stderr is not None
    try:
        assert "working on midwatch, lms, shop" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=40)
        assert process.returncode == 0, err
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_up_takes_alerts_says_where_and_stops_when_told(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    process = _process(tmp_path, "up", "--port", str(port), "--practice-port", "0")
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or _answers(url), "midwatch up did not answer", 40)
        token = (tmp_path / ".midwatch" / "webhook-token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        posted = httpx.post(f"{url}/webhooks/generic", content=b'{"title": "Disk full"}', headers=headers)
        assert posted.status_code == 202
        process.send_signal(how)
        begun = time.monotonic()
        out, err = process.communicate(timeout=40)
        assert process.returncode == 0, err
        assert time.monotonic() - begun < 30
        assert token in out
        assert "?token=" in out
        assert "Traceback" not in err
    finally:
        process.kill()
        process.wait()


def test_up_says_its_addresses_at_once_even_into_a_pipe(tmp_path: Path) -> None:
    process = _process(tmp_path, "up", "--port", "0", "--practice-port", "0")
    assert process.stdout is not None
    said: list[str] = []
    reader = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        wait_until(lambda: any("?token=" in line for line in said), "the address of the practice workspace", 40)
        wait_until(lambda: any("/webhooks/alertmanager" in line for line in said), "the address for alerts", 5)
    finally:
        process.kill()
        reader.join(10)
        process.communicate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.postgres
def test_a_database_whose_schema_is_old_is_not_used(midwatch: Midwatch, postgres_url: str) -> None:
    with Store(postgres_url) as store:
        store.write(lambda session: session.execute(text("DELETE FROM alembic_version")) and None)
    for command in (["incident", "list"], ["worker"]):
        said = midwatch(*command, MIDWATCH_DATABASE_URL=postgres_url)
        assert said.code == 2
        assert "midwatch db upgrade" in one_line(said)


@pytest.mark.postgres
def test_the_acts_work_on_postgresql(midwatch: Midwatch, postgres_url: str) -> None:
    here = {"MIDWATCH_DATABASE_URL": postgres_url}
    assert midwatch("db", "upgrade", **here).code == 0
    assert midwatch("incident", "open", "Checkout is slow", **here).code == 0
    assert midwatch("incident", "ack", "1", **here).code == 0
    assert midwatch("timeline", "verify", "1", **here).code == 0
