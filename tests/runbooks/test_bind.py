"""A step reaches only what the inventory lists, and a value never becomes more than one argument."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.inventory import System
from runbooks.bind import Bound, Unbound, bind
from runbooks.document import Judgement, Phase, ProcedureStep, Risk
from workers import filters
from workers.steps import Context, Result, kind_named

SHOP: dict[str, Any] = {
    "name": "shop",
    "docker": {"host": "unix:///var/run/docker.sock", "project": "shop"},
    "http": {"localhost:8000": "http://shop-api.internal:9000/base", "api.shop.test": "https://edge.shop.test"},
    "sql": {"db": {"dsn": "${SHOP_DSN}", "write_dsn": "${SHOP_WRITE_DSN}"}},
    "redis": {"redis": {"url": "${SHOP_REDIS}"}},
    "celery": {"shop": {"broker": "${SHOP_BROKER}"}},
    "host": "local",
    "workdir": "/srv/shop",
    "vars": {"db-host": "db", "server": "shop-api.internal", "table": "orders", "API_KEY": "${SHOP_API_KEY}"},
}
NOTHING = System(name="bare")


def shop(**changes: Any) -> System:
    return System(**{**SHOP, **changes})


def step(text: str | None, risk: Risk = Risk.READ_ONLY, **more: Any) -> ProcedureStep:
    judgement = Judgement(risk, "as told", **{key: more.pop(key) for key in ("bounded", "bounded_risk") if key in more})
    return ProcedureStep(1, Phase.DIAGNOSIS, "", text, judgement, **more)


def bound(text: str, system: System | None = None, values: dict[str, str] | None = None, **more: Any) -> Bound:
    found = bind(step(text, **more), system or shop(), values or {})
    assert isinstance(found, Bound), found
    return found


def refused(text: str | None, system: System | None = None, values: dict[str, str] | None = None, **more: Any) -> str:
    found = bind(step(text, **more), system or shop(), values or {})
    assert isinstance(found, Unbound), found
    assert found.reason
    assert "\n" not in found.reason
    return found.reason


# What the inventory does not list could not run


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("docker compose ps", "no `docker` target for bare in the inventory"),
        ("docker compose exec db psql -c 'SELECT 1'", "no `sql` target db for bare in the inventory"),
        ("curl http://localhost:8000/health", "no `http` address for localhost:8000 of bare in the inventory"),
        ("redis-cli ping", "the inventory names none"),
        ("psql -c 'SELECT 1'", "the inventory names none"),
        ("celery -A shop inspect ping", "the inventory names none"),
        ("df -h", "no `host` for bare in the inventory"),
        ("cat /var/log/app.log", "no `host` for bare in the inventory"),
        ("sqlite3 app.db 'SELECT 1'", "no `host` for bare in the inventory"),
        ("systemctl status nginx", "no `host` for bare in the inventory"),
        ("docker compose up -d", "no `host` for bare in the inventory"),
        ("nc -zv localhost 5432", "the inventory does not name localhost:5432"),
        ("dig api.shop.test", "the inventory does not name api.shop.test"),
        ("openssl s_client -connect api.shop.test:443 </dev/null", "the inventory does not name api.shop.test:443"),
        ("a | b && c", "no `host` for bare in the inventory"),
    ],
)
def test_what_the_inventory_does_not_list_could_not_run(text: str, said: str) -> None:
    assert said in refused(text, NOTHING)


def test_a_document_without_a_system_runs_nothing() -> None:
    assert isinstance(bind(step("docker compose ps"), None, {}), Unbound)


def test_prose_and_prompts_are_for_people() -> None:
    assert refused(None) == "it is for a person to do"
    assert refused("Notify the team", risk=Risk.NOT_A_COMMAND) == "it is for a person to do"
    assert "terminal" in refused("htop", risk=Risk.INTERACTIVE)


def test_the_bounded_form_is_what_runs() -> None:
    found = bound("tail -f app.log", risk=Risk.INTERACTIVE, bounded="tail -n 50 app.log", bounded_risk=Risk.READ_ONLY)
    assert found.args["lines"] == 50


def test_a_host_elsewhere_is_not_supported_yet() -> None:
    for text in ("df -h", "cat /var/log/app.log", "systemctl status nginx", "a && b"):
        assert refused(text, shop(host="ssh://ops@shop-1")) == "not supported yet: ssh"


@pytest.mark.parametrize(
    "text",
    [
        "curl http://localhost:8001/health",
        "curl http://127.0.0.1:22/",
        "curl http://169.254.169.254/latest/meta-data",
        "curl http://shop-api.internal:9000/",
        "curl https://evil.test/",
        "curl http://api.shop.test:8080/",
        "curl http://localhost:8000@evil.test/",
        "curl http://localhost:8000.evil.test/",
        "curl 'http://localhost:8000\\@evil.test/'",
        "curl http://[::1]:22/",
        "openssl s_client -connect evil.test:443 </dev/null",
        "nc -zv evil.test 22",
        "nc -zv localhost 22",
        "dig evil.test",
        "psql -h evil.test -c 'SELECT 1'",
        "psql postgresql://evil.test/app -c 'SELECT 1'",
        "redis-cli -h evil.test ping",
        "docker compose exec other psql -c 'SELECT 1' -h evil.test",
        "ping -c 1 evil.test",
        "wget --limit-rate 1 http://evil.test/",
        "curl --http3 https://evil.test/",
    ],
)
def test_a_host_that_a_document_names_opens_nothing(text: str) -> None:
    found = bind(step(text), shop(docker=None), {})
    assert isinstance(found, Unbound), found


def test_a_compose_project_other_than_the_inventorys_is_refused() -> None:
    assert "project other" in refused("docker compose -p other ps")
    assert bound("docker compose -p shop ps").args["project"] == "shop"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/srv/shop/../../etc/shadow",
        "../secret",
        "/srv/shopper/x",
        "/var/logs/x",
        "data/../../x",
        "/",
        "//etc/shadow",
    ],
)
def test_files_outside_the_allowed_folders_are_not_read(path: str) -> None:
    for text in (
        f"cat {path}",
        f"ls {path}",
        f"grep x {path}",
        f"sqlite3 {path} 'SELECT 1'",
        f"openssl x509 -in {path}",
    ):
        assert refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "cat /etc/shadow /etc/passwd",
        "grep -r x /etc",
        "grep -A 5 x ../secret",
        "tail -n +5 /root/x",
        "ls -R /",
        "find /root -mtime +1",
    ],
)
def test_a_program_is_held_to_the_same_folders_when_nobody_is_asked(text: str) -> None:
    assert refused(text)
    assert bound(text, risk=Risk.MUTATING).kind == "argv"


def test_inside_the_folders_a_program_may_read() -> None:
    assert bound("grep -r /api logs/ /var/log/app").kind == "argv"


def test_a_folder_that_the_document_goes_to_must_be_the_systems() -> None:
    assert refused("cat app.log", cwd="/etc")
    assert refused("cat app.log", cwd="../other")
    assert refused("./run.sh", cwd="$HOME")
    assert bound("cat app.log", cwd="backend").args["path"] == "/srv/shop/backend/app.log"


def test_a_change_needs_a_dsn_that_may_write() -> None:
    assert "write_dsn" in refused("psql -c 'VACUUM'", shop(sql={"db": {"dsn": "${D}"}}), risk=Risk.MUTATING)
    found = bound("psql -c 'VACUUM'", risk=Risk.MUTATING)
    assert (found.args["write"], found.args["dsn"]) == (True, "${SHOP_WRITE_DSN}")


def test_which_database_must_be_clear() -> None:
    two = shop(sql={"db": {"dsn": "${A}"}, "stats": {"dsn": "${B}"}})
    assert "names several (db, stats)" in refused("psql -c 'SELECT 1'", two)
    assert bound("psql -h stats -c 'SELECT 1'", two).args["dsn"] == "${B}"


# Placeholders and values


def test_a_placeholder_without_a_value_is_named() -> None:
    assert refused("docker logs <service>") == "no value for `service` in the inventory's vars"
    assert "`one`, `two`" in refused("./run.sh <one> <two>")
    assert "`v1.2.3`" in refused("docker pull shop:v1.2.3", risk=Risk.MUTATING)
    assert "`API_TOKEN`" in refused('curl -H "X-Token: $API_TOKEN" http://localhost:8000/')


INJECTIONS = [
    "; rm -rf /",
    "$(id)",
    "`id`",
    "a\nb",
    "a b",
    "'",
    '"',
    "--privileged",
    "-v",
    "../../etc/shadow",
    "a' OR '1'='1",
    "x;DROP TABLE users",
    "",
    "a" * 129,
    "ａｐｉ",
    "a\x00b",
    "${HOME}",
    "@evil.test/",
    "?x=1",
    "#",
    "%0a",
]


@pytest.mark.parametrize("value", INJECTIONS)
@pytest.mark.parametrize(
    "text",
    [
        "docker logs <x>",
        "docker compose restart <x>",
        "docker compose exec api cat <x>",
        "curl http://localhost:8000/<x>",
        "curl http://<x>/health",
        "curl -H 'X: <x>' http://localhost:8000/",
        "psql -c 'SELECT * FROM <x>'",
        "psql -h <x> -c 'SELECT 1'",
        "redis-cli GET <x>",
        "sqlite3 <x> 'SELECT 1'",
        "cat logs/<x>",
        "grep <x> app.log",
        "ps aux | grep '<x>'",
        "nc -zv <x> 80",
        "dig <x>",
        "openssl x509 -in <x> -noout",
        "openssl s_client -connect <x>:443 </dev/null",
        "lsof -i :<x>",
        "celery -A <x> inspect ping",
        "systemctl restart <x>",
        "<x> status",
        "./run.sh --name=<x>",
        "./run.sh <x> && ./next.sh",
        "rm -rf data/<x>/",
    ],
)
def test_a_hostile_value_gets_through_nowhere(text: str, value: str) -> None:
    found = bind(step(text), shop(), {"x": value})
    assert isinstance(found, Unbound)


@pytest.mark.parametrize(
    "text",
    [
        "curl http://<x>/health",
        "curl http://localhost:<x>/health",
        "psql -c 'SELECT * FROM <x>'",
        "sqlite3 app.db 'SELECT * FROM <x>'",
        "./run.sh <x> && ./next.sh",
        "./run.sh <x> > out.txt",
        "<x> status",
        "sudo <x>",
        "docker exec api <x>",
        "redis-cli <x>",
        "sh -c <x>",
        "bash -c 'echo <x>'",
        "docker exec api sh -c 'echo <x>'",
        "python -c 'print(<x>)'",
        "awk <x> app.log",
        "ssh web 'echo <x>'",
        "ssh web <x>",
        "kubectl exec web -- <x>",
        "kubectl exec web -- sh -c <x>",
        "python -m <x>",
        "awk -F: <x> app.log",
        "eval <x>",
        "nc -zv <x> 80",
        "dig <x>",
    ],
)
def test_what_came_with_an_alert_never_becomes_host_code_sql_or_shell(text: str) -> None:
    found = bind(step(text, risk=Risk.MUTATING), shop(), {"x": "reboot"})
    assert isinstance(found, Unbound), found


@pytest.mark.parametrize(
    "text",
    ["<server> status", "bash -c 'echo <server>'", "echo '<server>' && true", "true && (( <server> > 3 ))",
     "a && eval <server>", "a > <server> && b", "a && [[ <server> -gt 3 ]]", "a && ssh web <server>",
     "a <<EOF && b\n<server>\nEOF"],
)  # fmt: skip
def test_not_even_the_inventorys_own_values_become_code(text: str) -> None:
    assert refused(text, risk=Risk.MUTATING)


def test_sql_takes_only_names_and_numbers_and_only_the_inventorys() -> None:
    assert bound("psql -c 'SELECT count(*) FROM <table>'").args["statements"] == ["SELECT count(*) FROM orders"]
    for value in ("a--b", "a/b", "a:b", "1-1", "a@b"):
        assert refused("psql -c 'SELECT count(*) FROM <table>'", shop(vars={"table": value}))


def test_a_secret_of_the_environment_stands_in_headers_only() -> None:
    found = bound('curl -H "Authorization: Bearer $API_KEY" http://localhost:8000/')
    assert found.args["headers"] == {"Authorization": "Bearer ${SHOP_API_KEY}"}
    assert "secret of the environment" in refused("curl http://localhost:8000/?key=$API_KEY")
    assert "secret of the environment" in refused("./run.sh $API_KEY")
    assert "secret of the environment" in refused("docker exec api ./run $API_KEY")
    assert refused("curl --http3 http://localhost:8000/ && echo $API_KEY")


def test_text_that_only_looks_like_a_reference_never_reaches_the_worker() -> None:
    for text in (
        "curl -H 'X: ${MIDWATCH_API_TOKEN}' http://localhost:8000/",
        "curl 'http://localhost:8000/${MIDWATCH_API_TOKEN}'",
        "X='${MIDWATCH_API_TOKEN}' ./run.sh",
        "psql -c 'SELECT ${MIDWATCH_API_TOKEN}'",
    ):
        found = bind(step(text, risk=Risk.MUTATING), shop(), {})
        assert isinstance(found, Unbound) or "${MIDWATCH" not in json.dumps({**found.args, "script": ""})


# What runs


def test_an_address_of_the_document_is_the_one_that_the_inventory_gives() -> None:
    found = bound("curl -s http://localhost:8000/health?x=1")
    assert found.args["url"] == "http://shop-api.internal:9000/base/health?x=1"
    assert found.target == "http:shop-api.internal:9000"
    assert bound("curl http://127.0.0.1:8000/").args["url"] == "http://shop-api.internal:9000/base/"
    assert bound("curl -I https://api.shop.test").args["url"] == "https://edge.shop.test"
    assert found.display == "GET http://shop-api.internal:9000/base/health?x=1"


def test_several_urls_stay_one_step() -> None:
    found = bound("for p in 8000 8000; do curl -s http://localhost:$p/health | jq; done")
    assert found.args["urls"] == ["http://shop-api.internal:9000/base/health"] * 2
    assert refused("for p in 8000 8001; do curl -s http://localhost:$p/health | jq; done")


def test_a_services_container_is_found_when_the_step_runs() -> None:
    found = bound("docker-compose restart api", risk=Risk.MUTATING)
    assert (found.kind, found.target, found.display) == ("docker", "docker:shop/api", "docker compose restart api")
    assert (found.args["host"], found.args["project"]) == ("unix:///var/run/docker.sock", "shop")


def test_a_client_in_a_container_goes_there_when_the_database_is_not_listed() -> None:
    text = "docker compose exec db psql -U app -c 'SELECT 1'"
    assert bound(text).kind == "sql"
    assert bound(text).target == "sql:shop/db"
    found = bound(text, shop(sql={}))
    assert (found.kind, found.args["argv"]) == ("docker", ["psql", "-U", "app", "-c", "SELECT 1"])


def test_reading_uses_the_reading_dsn() -> None:
    found = bound("psql -h <db-host> -c 'SELECT 1'")
    assert (found.args["dsn"], found.args["write"], found.args["service"]) == ("${SHOP_DSN}", False, "db")


def test_a_database_listed_under_a_placeholders_name_answers_for_it() -> None:
    found = bound("psql -h primary-host -c 'SELECT 1'", shop(sql={"primary-host": {"dsn": "${P}"}}))
    assert found.args["dsn"] == "${P}"


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("redis-cli ping", "redis", "redis:shop/redis"),
        ("docker compose exec redis redis-cli ping", "redis", "redis:shop/redis"),
        ("celery -A shop inspect ping", "celery", "celery:shop/shop"),
        ("docker compose exec worker celery -A other inspect ping", "celery", "celery:shop/shop"),
        ("df -h", "host", "host:shop"),
        ("ps aux | grep gunicorn", "host", "host:shop"),
        ("tail -n 5 /var/log/app.log", "file", "host:shop"),
        ("sqlite3 data/app.db 'SELECT 1'", "sqlite", "sqlite:shop/srv/shop/data/app.db"),
        ("openssl x509 -in certs/site.pem -noout -dates", "tls", "host:shop"),
        ("openssl s_client -connect api.shop.test:443 </dev/null", "tls", "tls:edge.shop.test:443"),
        ("nc -zv localhost 8000", "tcp", "tcp:shop-api.internal:9000"),
        ("dig <server>", "dns", "dns:shop-api.internal"),
        ("ping -c 1 <server>", "argv", "host:shop"),
        ("systemctl status nginx", "argv", "host:shop"),
        ("./a.sh && ./b.sh", "shell", "host:shop"),
    ],
)
def test_every_kind_has_its_target(text: str, kind: str, target: str) -> None:
    found = bound(text)
    assert (found.kind, found.target) == (kind, target)
    assert found.display


def test_a_program_runs_in_the_working_folder_and_talks_to_the_inventorys_engine() -> None:
    found = bound("docker compose up -d", risk=Risk.MUTATING)
    assert found.args == {
        "argv": ["docker", "compose", "up", "-d"],
        "env": {"DOCKER_HOST": "unix:///var/run/docker.sock", "COMPOSE_PROJECT_NAME": "shop"},
        "cwd": "/srv/shop",
        "host": "local",
    }
    assert "no `docker` target" in refused("docker compose up -d", shop(docker=None))
    assert "no `docker` target" in refused("docker compose down && docker compose up -d", shop(docker=None))


def test_a_label_fills_one_argument() -> None:
    found = bound("docker logs <service-name> | grep -i error", values={"service": "api-1"})
    assert found.args["container"] == "api-1"
    assert found.filters == (("grep", "-i", "error"),)
    assert found.display == "docker logs --tail 5000 api-1 | grep -i error"


def test_the_inventorys_value_counts_more_than_an_alerts() -> None:
    assert bound("psql -h <db-host> -c 'SELECT 1'", values={"db-host": "evil"}).args["host"] == "db"


def test_in_an_approved_shell_line_values_become_checked_variables() -> None:
    found = bound('./deploy.sh <server> "--to=<server>" && ./check.sh', risk=Risk.MUTATING)
    assert found.args["script"] == './deploy.sh "${RB_SERVER}" "--to=${RB_SERVER}" && ./check.sh'
    assert found.args["env"] == {"RB_SERVER": "shop-api.internal"}


def test_variables_that_a_line_sets_itself_need_no_value() -> None:
    found = bound("A=1; ./run.sh $A $server", shop(vars={"server": "x"}), risk=Risk.MUTATING)
    assert found.args["env"] == {"server": "x"}


def test_a_placeholder_behind_a_pipe_is_filled_as_well() -> None:
    found = bound("docker logs api | grep <request>", values={"request": "abc-123"})
    assert found.filters == (("grep", "abc-123"),)
    assert refused("docker logs api | awk '/<request>/ {print}'", values={"request": "abc"})
    assert refused("docker logs api | grep <request>", values={"request": "-f/etc/shadow"})


def test_a_client_of_docker_goes_to_the_inventorys_engine_whatever_stands_before_it() -> None:
    for text in ("sudo docker compose up -d", "timeout 60 docker compose up -d", "nice -n 5 docker compose up -d"):
        assert bound(text, risk=Risk.MUTATING).args["env"]["DOCKER_HOST"] == "unix:///var/run/docker.sock"
        assert "no `docker` target" in refused(text, shop(docker=None), risk=Risk.MUTATING)


def test_what_a_comment_expects_goes_with_the_request() -> None:
    assert bound("curl http://localhost:8000/", expect='{"ok": true}').args["expect"] == '{"ok": true}'


def test_the_documents_own_time_limit_is_handed_on() -> None:
    assert bound("curl -m 5 http://localhost:8000/").timeout_hint == 5.0
    assert bound("docker compose ps", timeout=30.0).timeout_hint == 30.0


def test_what_is_bound_is_what_the_workers_can_run(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("fine\nERROR one\nERROR two\n")
    sqlite3.connect(tmp_path / "app.db").execute("CREATE TABLE t (x)").connection.close()
    here = shop(workdir=str(tmp_path), files=[str(tmp_path)])
    for text, wanted in (
        ("grep ERROR app.log | wc -l", "2"),
        ("cat app.log | grep two", "ERROR two"),
        ("tail -n 1 app.log", "ERROR two"),
        ("ls -la", "app.log"),
        ("wc -l app.log", "3"),
        ("du -sh *", "SIZE"),
        ("find . -name '*.log'", "app.log"),
        ("sqlite3 app.db .tables", "t"),
        ("df -h", "Mounted on"),
        ("free -m", "Mem"),
        ("ps aux | head -5", "PID"),
        ("cat app.log app.log | sort | uniq -c | head -n 1", "ERROR one"),
    ):
        found = bound(text, here)
        context = Context(timeout=20, output_cap=65536, allow_writes=False, cancelled=Event())
        outcome = kind_named(found.kind).run(found.args, context)
        assert outcome.result in (Result.SUCCEEDED, Result.FAILED), (text, outcome)  # a full disk is an answer too
        assert wanted in filters.apply(outcome.output, found.filters)[0], (text, outcome)


def test_invisible_characters_are_written_out_for_the_approver() -> None:
    assert "\\u202e" in bound("./run.sh 'a\u202eb'", risk=Risk.MUTATING).display


TEXTS = st.sampled_from(
    [
        "docker logs <x>", "curl http://localhost:8000/<x>?q=<x>", "./run.sh <x> a<x>b", "redis-cli GET k:<x>",
        "cat logs/<x>", "docker exec api ./job --name=<x>", "grep <x> app.log", "systemctl status <x>.service",
    ]
)  # fmt: skip


@given(TEXTS, st.text(max_size=140))
@settings(max_examples=300, deadline=None)
def test_whatever_the_value_the_shape_of_the_call_stays(text: str, value: str) -> None:
    found = bind(step(text), shop(), {"x": value})
    if isinstance(found, Bound):
        plain = bind(step(text), shop(), {"x": "PLAIN"})
        assert isinstance(plain, Bound)
        assert json.dumps(dict(plain.args)).replace("PLAIN", value) == json.dumps(dict(found.args))


@given(st.text(max_size=120), st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=4))
@settings(max_examples=200, deadline=None)
def test_no_text_and_no_values_make_it_fail(text: str, values: dict[str, str]) -> None:
    found = bind(step(text, risk=Risk.MUTATING), shop(), values)
    if isinstance(found, Bound):
        json.dumps([dict(found.args), found.display, found.target])


# Programs that run unasked are held to what the native steps are held to, however they are wrapped


@pytest.mark.parametrize(
    "wrapped",
    [
        "timeout -s KILL 5 {}",
        "stdbuf -o L {}",
        "env -u HOME {}",
        "time -f %e {}",
        "sudo -nu nobody {}",
        "sudo -u git {}",
        "nice -n 5 ionice -c 2 {}",
        "find . -exec {} \\;",
        "find . -name x -execdir sudo -u root {} \\;",
        "xargs -I {{}} {}",
    ],
)
@pytest.mark.parametrize(
    ("inner", "why"),
    [
        ("curl http://elsewhere.test/", "elsewhere.test"),
        ("tail -n 5 /etc/shadow", "outside the folders"),
    ],
)
def test_no_wrapper_lets_an_unasked_program_out(wrapped: str, inner: str, why: str) -> None:
    assert why in refused(wrapped.format(inner))


@pytest.mark.parametrize(
    "text",
    [
        "docker -H tcp://elsewhere.test:2375 ps",
        "docker -Htcp://elsewhere.test:2375 info",
        "docker --host=tcp://elsewhere.test:2375 ps",
        "docker --context elsewhere ps",
        "kubectl --server=https://elsewhere.test get pods",
        "kubectl get pods --kubeconfig /tmp/mine",
        "KUBECONFIG=/tmp/mine kubectl get pods",
        "aws --endpoint-url=http://elsewhere.test s3 ls",
        "systemctl -H root@elsewhere.test status api",
        "journalctl --root=/mnt -n 5",
        "helm list --kube-apiserver=http://elsewhere.test",
        "consul members -http-addr=http://elsewhere.test",
        "git ls-remote https://elsewhere.test/x.git",
        "showmount -e elsewhere.test",
    ],
)
def test_a_client_that_runs_unasked_stays_where_the_inventory_put_it(text: str) -> None:
    assert "inventory does not name" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "date -f /etc/shadow",
        "last -f /etc/shadow",
        "git diff --no-index /etc/hosts /etc/shadow",
        "git -C /etc log -1",
        "tar tf /root/backup.tar",
        "grep -f/etc/shadow app.log",
        "journalctl --file=/root/x.journal",
        "sqlite3 'file:/root/x.db?mode=ro' 'select 1'",
    ],
)
def test_a_program_that_runs_unasked_reads_no_file_outside_the_folders(text: str) -> None:
    assert re.search("outside the folders|no plain path", refused(text))


@pytest.mark.parametrize("text", ["bash -c 'cat /etc/shadow'", "sh -ec 'true'", "timeout 5 bash -c 'true'"])
def test_the_shell_line_of_an_argument_runs_only_after_an_approval(text: str) -> None:
    assert "only after an approval" in refused(text)
    assert isinstance(bind(step(text, Risk.MUTATING), shop(), {}), Bound)


@pytest.mark.parametrize("text", ["sudo -n systemctl status ssh", "sudo systemctl status curl", "pgrep ping"])
def test_a_name_that_is_an_argument_is_no_program(text: str) -> None:
    assert bound(text).kind in ("argv", "host")


@pytest.mark.parametrize(
    "text", ["sudo -u postgres <verb>", "timeout -s KILL 5 <verb>", "env -u HOME <verb> x", "find . -exec <verb> \\;"]
)
def test_no_value_becomes_a_program_behind_a_wrapper(text: str) -> None:
    assert "never becomes that" in refused(text, values={"verb": "reboot"}, risk=Risk.MUTATING)


@pytest.mark.parametrize("text", ["docker <verb> api", "docker compose $verb api", "docker ${verb} api"])
def test_a_value_that_makes_a_command_worse_than_it_was_judged_is_refused(text: str) -> None:
    assert "worse than the document says" in refused(text, values={"verb": "rm"}, risk=Risk.MUTATING)
    assert isinstance(bind(step(text, Risk.MUTATING), shop(), {"verb": "restart"}), Bound)


def test_no_label_says_which_virtual_host_answers() -> None:
    text = "curl http://localhost:8000/ -H 'Host: <site>'"
    assert "host of an address" in refused(text, values={"site": "admin.shop.test"})


def test_a_container_that_an_alert_names_is_marked_so_and_has_no_other_form() -> None:
    told = bound("docker logs <container>", values={"container": "vault"})
    assert told.args["told"] is True
    assert "told" not in bound("docker logs api").args
    assert "told" not in bound("docker logs <container>", shop(vars={"container": "api"})).args
    other = "docker diff <container>"
    assert bound(other.replace("<container>", "api")).kind == "argv"
    assert "an alert names its container" in refused(other, values={"container": "vault"})
