"""A command line becomes the most native call that means exactly the same, or none."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.document import Call
from runbooks.translate import calls_of, tools
from workers import filters


def first(text: str) -> Call:
    return calls_of(text)[0]


def kinds(text: str) -> list[str]:
    return [call.kind for call in calls_of(text)]


def said(call: Call) -> dict[str, Any]:
    """What a call says, without what it leaves open."""
    return {key: value for key, value in call.args.items() if value not in (None, False, [], {}, "")}


# What has no native form


@pytest.mark.parametrize(
    "text",
    [
        "curl --resolve api:443:10.0.0.1 https://api/health",
        "curl -o out.html http://localhost:8000/",
        "curl -O http://localhost:8000/file",
        "curl -T file http://localhost:8000/",
        "curl -F file=@x http://localhost:8000/",
        "curl -d @body.json http://localhost:8000/",
        "curl -x http://proxy:3128 http://localhost:8000/",
        "curl -K settings http://localhost:8000/",
        "curl --unix-socket /var/run/docker.sock http://localhost/info",
        "curl file:///etc/shadow",
        "curl ftp://host/file",
        "curl http://a/ http://b/",
        "curl http://user:pw@host/",
        "curl 'http://host/[1-9]'",
        "curl 'http://host/{a,b}'",
        "wget http://localhost/file",
        "docker run --rm alpine ls",
        "docker compose up -d",
        "docker compose down",
        "docker system prune -f",
        "docker -H tcp://other:2375 ps",
        "docker --context prod ps",
        "docker ps -q",
        "docker ps --filter status=exited",
        "docker ps --format '{{.Command}}'",
        "docker restart -t 1 api",
        "docker kill -s HUP api",
        "docker exec -d api ./job",
        "docker exec -e A=b api env",
        "docker compose exec --index 2 api ls",
        "docker compose --project-directory /other ps",
        "psql -f dump.sql",
        "psql -c '\\! rm -rf /'",
        "psql -c '\\copy users to users.csv'",
        "psql -h db app",
        "psql -v x=1 -c 'SELECT :x'",
        "mysql app",
        "mysql -e 'source dump.sql' --unknown",
        "sqlite3 app.db",
        "sqlite3 app.db '.backup copy.db'",
        "redis-cli",
        "redis-cli --bigkeys",
        "redis-cli --eval script.lua",
        "celery -A app purge",
        "celery -A app control shutdown",
        "celery -A app inspect -d one ping",
        "openssl req -x509 -newkey rsa:4096",
        "openssl s_client -starttls smtp -connect mail:25",
        "openssl s_client -connect a:443 -servername b",
        "fuser -k 8000/tcp",
        "ps -u postgres",
        "ss -s",
        "lsof -i :8000 -t",
        "free -s 5",
        "find . -name '*.log' -delete",
        "find . -name '*.log' -exec rm {} +",
        "find /var/log -mtime +7",
        "grep -r ERROR logs/",
        "grep -l ERROR app.log",
        "cat a.log b.log",
        "tail -n +5 app.log",
        "dig @8.8.8.8 api.shop.test",
        "dig api.shop.test MX",
        "nc -l 8000",
        "systemctl status nginx",
        "sudo -u app cat data.txt",
        "kubectl get pods",
    ],
)
def test_an_option_that_is_not_known_means_no_native_form(text: str) -> None:
    assert kinds(text) == ["argv"]


@pytest.mark.parametrize(
    "text",
    [
        "curl http://localhost:8000/ > page.html",
        "curl -s http://localhost:8000/install | sh",
        "docker ps -aq | xargs docker rm -f",
        "docker logs $(docker ps -lq)",
        "docker compose ps && docker compose restart",
        "docker compose ps; docker compose restart",
        "docker compose logs &",
        "cat < app.log",
        "cat app.log | tee copy.log",
        "df -h | mail ops@shop.test",
        "curl -f http://localhost:8000/health || systemctl restart shop",
        "curl -f http://localhost:8000/ || echo down | mail root",
        "ls *.log",
        "cat ~/app.log",
        "grep x {a,b}.log",
        'cat "${NAME:-app.log}"',
        "if true; then docker ps; fi",
        "for c in a b; do docker restart $c; done",
        "for p in 1 2; do curl -X POST http://localhost:$p/; done",
        "for p in 1 2; do curl http://localhost:$p/ > $p; done",
        "while true; do curl http://localhost:1/; done",
        "cd /srv",
        "export A=b",
        "source .env",
        "docker logs api | sed -i s/a/b/ file",
        "docker logs api | awk '{system(\"id\")}'",
        "docker logs api | grep x file",
        "docker logs api | sort -o out",
        "docker logs api | jq 'input'",
        "docker stats --no-stream | awk '{print $2}'",
        "echo '${HOME}'",
    ],
)
def test_what_needs_a_shell_stays_shell(text: str) -> None:
    assert all(kind in ("shell", "argv") for kind in kinds(text)), calls_of(text)
    assert kinds(text) == ["shell"] or first(text).filters


@pytest.mark.parametrize("text", ["", "   ", "\x00", "curl 'http://x", "a" * 100_000, "))((", "# only a comment"])
def test_what_cannot_be_read_is_for_a_person(text: str) -> None:
    assert kinds(text) == ["manual"]


def test_a_command_with_a_native_form_never_falls_back_to_its_client() -> None:
    for text in ("curl http://localhost:8000/", "psql -c 'SELECT 1'", "redis-cli ping", "docker ps", "df -h"):
        assert "argv" not in kinds(text)
        assert "shell" not in kinds(text)


def test_characters_that_look_like_a_variable_but_are_text_get_no_form_but_a_shell() -> None:
    assert kinds("curl -H 'X-Token: ${SECRET}' http://localhost:8000/") == ["shell"]
    assert kinds("FOO='${SECRET}' ./run.sh") == ["shell"]


# HTTP


def test_a_request_keeps_its_method_headers_and_body() -> None:
    call = first(
        "curl -sS -X POST https://api.shop.test/orders -H 'Content-Type: application/json' -d '{\"a\":1}' -k -m 5 -L"
    )
    assert call.kind == "http"
    assert said(call) == {
        "method": "POST",
        "url": "https://api.shop.test/orders",
        "headers": {"Content-Type": "application/json"},
        "body": '{"a":1}',
        "insecure": True,
        "max_time": 5.0,
        "show": "body",
        "follow": True,
    }


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("curl localhost:8000/health", "url", "http://localhost:8000/health"),
        ("curl -I http://h/", "method", "HEAD"),
        ("curl -I http://h/", "show", "head"),
        ("curl -i http://h/", "show", "head"),
        ("curl -s -o /dev/null -w '%{http_code}' http://h/", "show", "status"),
        ("curl -s http://h/ > /dev/null", "show", "status"),
        ("curl -fsS http://h/", "fail", True),
        ("curl --fail http://h/", "fail", True),
        ("curl -d a=1 -d b=2 http://h/", "body", "a=1&b=2"),
        ("curl -d a=1 http://h/", "method", "POST"),
        ("curl -d a=1 http://h/", "headers", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("curl --json '{}' http://h/", "headers", {"Content-Type": "application/json"}),
        ("curl -G -d q=1 http://h/x", "url", "http://h/x?q=1"),
        ("curl -G --data-urlencode 'query=up{a=\"b\"}' http://h/q", "url", "http://h/q?query=up%7Ba%3D%22b%22%7D"),
        ("curl -G --data-urlencode 'query=up' http://h/q", "method", "GET"),
        ("curl -XDELETE http://h/", "method", "DELETE"),
        ("curl -u a:b http://h/", "headers", {"Authorization": "Basic YTpi"}),
        ("curl -A probe http://h/", "headers", {"User-Agent": "probe"}),
        ("curl --connect-timeout 3 http://h/", "max_time", 3.0),
        ("wget -qO- http://h/x", "url", "http://h/x"),
        ("wget -q -O - --timeout=5 http://h/x", "max_time", 5.0),
        ("wget --spider http://h/x", "method", "HEAD"),
        ("time curl -X POST http://h/", "method", "POST"),
        ('curl http://h/ -H "Authorization: Bearer $TOKEN"', "headers", {"Authorization": "Bearer ${TOKEN}"}),
        ("curl http://h/ || echo 'not there'", "url", "http://h/"),
    ],
)
def test_the_usual_options_of_curl_and_wget(text: str, key: str, value: object) -> None:
    call = first(text)
    assert call.kind == "http"
    assert call.args[key] == value


def test_a_loop_over_ports_is_one_call_that_asks_them_all() -> None:
    call = first(
        'for port in 8000 8001; do\n  echo "port $port"\n  curl -s http://localhost:$port/health | jq .status\ndone'
    )
    assert call.kind == "http"
    assert call.args["urls"] == ["http://localhost:8000/health", "http://localhost:8001/health"]
    assert "url" not in call.args
    assert call.filters == (("jq", ".status"),)


def test_a_loop_over_a_range_of_ports_too() -> None:
    call = first("for p in {8000..8002}; do curl -s localhost:$p/health; done")
    assert call.args["urls"] == [f"http://localhost:{port}/health" for port in (8000, 8001, 8002)]


# Docker


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker ps -a", {"op": "ps", "all": True}),
        ("docker container ls", {"op": "ps"}),
        ("docker ps --format 'table {{.Names}}\\t{{.Status}}'", {"op": "ps"}),
        ("docker logs api", {"op": "logs", "container": "api"}),
        ("docker logs --tail 50 --since 1h api 2>&1", {"op": "logs", "container": "api", "tail": 50, "since": "1h"}),
        ("docker logs -f api", {"op": "logs", "container": "api", "tail": 200}),
        ("docker stats --no-stream db", {"op": "stats", "container": "db"}),
        ("docker stats", {"op": "stats"}),
        ("docker inspect api", {"op": "inspect", "container": "api"}),
        ("docker top api", {"op": "top", "container": "api"}),
        ("docker port api", {"op": "port", "container": "api"}),
        ("docker images", {"op": "images"}),
        ("docker network ls", {"op": "networks"}),
        ("docker network inspect shop_default", {"op": "network_inspect", "container": "shop_default"}),
        ("docker volume ls", {"op": "volumes"}),
        ("docker system df", {"op": "df"}),
        ("docker info", {"op": "info"}),
        ("docker version", {"op": "version"}),
        ("sudo docker restart api", {"op": "restart", "container": "api"}),
        ("docker stop a b", {"op": "stop", "services": ["a", "b"]}),
        ("docker exec -it api ls /srv", {"op": "exec", "container": "api", "argv": ["ls", "/srv"]}),
        (
            "docker exec -u root -w /srv api ls",
            {"op": "exec", "container": "api", "argv": ["ls"], "user": "root", "workdir": "/srv"},
        ),
    ],
)
def test_docker_commands(text: str, expected: dict[str, Any]) -> None:
    call = first(text)
    assert call.kind == "docker"
    assert {key: value for key, value in said(call).items() if key != "timestamps"} == expected


@pytest.mark.parametrize(
    "spelling", ["docker compose", "docker-compose", "docker compose -f prod.yml", "sudo docker-compose"]
)
def test_both_spellings_of_compose_mean_the_same(spelling: str) -> None:
    assert calls_of(f"{spelling} ps") == calls_of("docker compose ps")
    assert calls_of(f"{spelling} restart api") == calls_of("docker compose restart api")
    logs = first(f"{spelling} logs -f --tail=20 api worker")
    assert (logs.args["op"], logs.args["services"], logs.args["tail"]) == ("logs", ["api", "worker"], 20)


def test_a_project_that_the_document_names_is_kept() -> None:
    assert first("docker compose -p other ps").args["project"] == "other"


def test_one_field_of_inspect_is_a_path_into_its_json() -> None:
    call = first("docker inspect --format='{{.State.Health.Status}}' api")
    assert call.args["op"] == "inspect"
    assert call.filters == (("jq", "-r", ".[0].State.Health.Status"),)


def test_a_client_in_a_container_is_asked_from_outside_first() -> None:
    sql, inside = calls_of("docker compose exec db psql -U app -d shop -c 'SELECT 1;'")
    assert (sql.kind, sql.args["service"], sql.args["statements"]) == ("sql", "db", ["SELECT 1"])
    assert inside.kind == "docker"
    assert inside.args["argv"] == ["psql", "-U", "app", "-d", "shop", "-c", "SELECT 1;"]
    assert kinds("docker-compose exec -T redis redis-cli ping") == ["redis", "docker"]
    assert kinds("docker exec worker celery -A shop inspect ping") == ["celery", "docker"]
    assert kinds("docker compose exec db pg_isready -U app") == ["sql", "docker"]


def test_a_client_in_a_container_that_asks_another_host_is_not() -> None:
    assert kinds("docker compose exec api psql -h replica -c 'SELECT 1'") == ["docker"]
    assert kinds("docker compose exec api curl http://localhost:8000/") == ["docker"]


def test_a_search_in_a_log_looks_at_more_than_its_last_screen() -> None:
    call = first("docker logs api | grep -i error")
    assert call.args["tail"] == 5000
    assert call.filters == (("grep", "-i", "error"),)


# Databases


@pytest.mark.parametrize(
    "text",
    [
        "psql -h db-host -U postgres -d app -c \"SELECT count(*) FROM t WHERE s = 'active';\"",
        "psql --host=db-host --username postgres --dbname=app --command \"SELECT count(*) FROM t WHERE s = 'active'\"",
        "sudo -u postgres psql -h db-host -U postgres -c \"SELECT count(*) FROM t WHERE s = 'active'\" app",
        "PGPASSWORD=$PW psql -At -h db-host -Upostgres -dapp -c \"SELECT count(*) FROM t WHERE s = 'active'\"",
        "psql postgresql://postgres:x@db-host/app -c \"SELECT count(*) FROM t WHERE s = 'active'\"",
    ],
)
def test_psql_in_its_many_spellings(text: str) -> None:
    call = first(text)
    assert call.kind == "sql"
    assert call.args["statements"] == ["SELECT count(*) FROM t WHERE s = 'active'"]
    assert (call.args["host"], call.args["user"], call.args["database"]) == ("db-host", "postgres", "app")
    assert call.args["write"] is False


def test_several_statements_are_told_apart() -> None:
    call = first("psql -c 'SELECT \";\"; -- a; comment\nSELECT $$;$$; SELECT 3'")
    assert call.args["statements"] == ['SELECT ";"', "SELECT $$;$$", "SELECT 3"]


def test_sql_that_is_left_open_is_not_sent() -> None:
    assert kinds('psql -c "SELECT \'x"') == ["argv"]


def test_no_password_of_the_command_line_is_kept() -> None:
    secret = "hunter" + "2" * 4
    for text in (
        f"psql postgresql://app:{secret}@db/app -c 'SELECT 1'",
        f"mysql -u root -p{secret} -e 'SELECT 1'",
        f"mysql -u root --password={secret} -e 'SELECT 1'",
        f"redis-cli -a {secret} ping",
        f"PGPASSWORD={secret} psql -c 'SELECT 1'",
    ):
        assert secret not in json.dumps(first(text).args)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("pg_isready -h db-host -p 5432", "sql", {"host": "db-host", "port": "5432", "statements": ["SELECT 1"]}),
        ("mysql -uroot -e 'SHOW PROCESSLIST'", "sql", {"dialect": "mysql", "user": "root"}),
        ("mysqladmin ping", "sql", {"statements": ["SELECT 1"]}),
        ("sqlite3 data/app.db 'PRAGMA integrity_check;'", "sqlite", {"path": "data/app.db"}),
        ("sqlite3 -header -column app.db .tables", "sqlite", {"path": "app.db"}),
        ("SELECT count(*) FROM pg_stat_activity;", "sql", {"statements": ["SELECT count(*) FROM pg_stat_activity"]}),
        ("ALTER SYSTEM SET max_connections = 200;  # for now", "sql", {"write": True}),
        ("\\dt", "sql", {"statements": ["\\dt"]}),
        (
            "redis-cli -h cache -p 6380 -n 2 info memory",
            "redis",
            {"host": "cache", "db": 2, "command": ["info", "memory"]},
        ),
        ("redis-cli -u redis://cache:6379/1 dbsize", "redis", {"host": "cache", "port": "6379", "db": 1}),
        ("KEYS *          # List all keys", "redis", {"command": ["KEYS", "*"]}),
        ("celery -A shop.app inspect stats", "celery", {"app": "shop.app", "command": "stats"}),
        ("celery --app=shop status", "celery", {"command": "ping"}),
        ("python -m celery -A shop inspect active", "celery", {"command": "active"}),
    ],
)
def test_databases_caches_and_queues(text: str, kind: str, expected: dict[str, Any]) -> None:
    call = first(text)
    assert call.kind == kind
    assert expected.items() <= dict(call.args).items()


# Hosts, files, network


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("df -h", "host", {"op": "disk"}),
        ("df -h /var/lib/docker", "host", {"op": "disk", "path": "/var/lib/docker"}),
        ("free -m", "host", {"op": "memory"}),
        ("watch -n 5 free -m", "host", {"op": "memory"}),
        ("uptime", "host", {"op": "uptime"}),
        ("top -bn1", "host", {"op": "top"}),
        ("top -b -n 1 -o %MEM", "host", {"op": "top", "sort": "memory"}),
        ("ps aux", "host", {"op": "processes"}),
        ("ps -ef | grep '[n]ginx'", "host", {"op": "processes", "pattern": "nginx"}),
        ("ps aux | grep gunicorn | grep -v grep", "host", {"op": "processes", "pattern": "gunicorn"}),
        ("ps aux --sort=-%mem | head -10", "host", {"op": "processes", "sort": "memory", "limit": 9}),
        ("sudo lsof -i :8000", "host", {"op": "ports", "port": 8000}),
        ("lsof -nP -iTCP:5432 -sTCP:LISTEN", "host", {"op": "ports", "port": 5432}),
        ("sudo netstat -tulpn | grep :8000", "host", {"op": "ports", "port": 8000}),
        ("ss -ltnp", "host", {"op": "ports"}),
        ("ss -ltn 'sport = :6379'", "host", {"op": "ports", "port": 6379}),
        ("cat /var/log/app.log", "file", {"op": "cat", "path": "/var/log/app.log"}),
        ("tail -f app.log", "file", {"op": "tail", "path": "app.log", "lines": 200}),
        ("tail -100 app.log", "file", {"op": "tail", "lines": 100}),
        ("tail -n 50 app.log", "file", {"op": "tail", "lines": 50}),
        ("head app.log", "file", {"op": "head", "lines": 10}),
        ("grep -i error app.log", "file", {"op": "grep", "pattern": "error", "ignore_case": True}),
        ("grep ERROR app.log | wc -l", "file", {"op": "grep", "pattern": "ERROR", "count": True}),
        ("cat app.log | grep -E 'a|b'", "file", {"op": "grep", "pattern": "a|b", "extended": True}),
        ("ls -la data/", "file", {"op": "ls", "path": "data/"}),
        ("du -sh data/vector_store/", "file", {"op": "du", "path": "data/vector_store/", "depth": 0}),
        ("du -sh /srv/labs/*", "file", {"op": "du", "path": "/srv/labs", "depth": 1}),
        ("wc -l app.log", "file", {"op": "wc", "path": "app.log"}),
        ("stat app.log", "file", {"op": "stat"}),
        ("find logs -name '*.log'", "file", {"op": "find", "path": "logs", "pattern": "*.log"}),
        ("nc -zv db 5432", "tcp", {"host": "db", "port": 5432}),
        ("dig +short api.shop.test", "dns", {"name": "api.shop.test"}),
        ("nslookup api.shop.test", "dns", {"name": "api.shop.test"}),
        ("openssl x509 -in cert.pem -noout -dates", "tls", {"host": None, "path": "cert.pem"}),
        (
            "echo | openssl s_client -connect api.shop.test:443 2>/dev/null | openssl x509 -noout -dates",
            "tls",
            {"host": "api.shop.test", "port": 443},
        ),
        (
            "openssl s_client -connect a:8443 -servername a </dev/null | openssl x509 -noout -enddate",
            "tls",
            {"port": 8443},
        ),
    ],
)
def test_hosts_files_and_the_network(text: str, kind: str, expected: dict[str, Any]) -> None:
    call = first(text)
    assert call.kind == kind
    assert expected.items() <= dict(call.args).items()
    assert call.filters == ()


def test_sudo_before_a_program_fails_instead_of_asking() -> None:
    assert first("sudo systemctl restart nginx").args["argv"] == ["sudo", "-n", "systemctl", "restart", "nginx"]
    assert first("sudo -n systemctl restart nginx").args["argv"] == ["sudo", "-n", "systemctl", "restart", "nginx"]


def test_another_user_is_kept_for_a_program_and_makes_no_difference_to_a_database() -> None:
    assert first("sudo -u app tail -n 5 x.log").args["argv"] == ["sudo", "-n", "-u", "app", "tail", "-n", "5", "x.log"]
    assert first("sudo -u postgres psql -c 'SELECT 1'").kind == "sql"
    assert first("sudo -i").args["argv"] == ["sudo", "-n", "-i"]
    assert first("timeout 5 ./check.sh").args["argv"] == ["timeout", "5", "./check.sh"]


def test_filters_behind_a_cut_table_are_not_taken_into_it() -> None:
    call = first("ps aux | head -5 | grep nginx")
    assert (call.kind, call.filters) == ("argv", (("head", "-5"), ("grep", "nginx")))


def test_a_program_keeps_its_arguments_and_its_own_environment() -> None:
    call = first("LC_ALL=C RUST_LOG=debug ./check.sh --all 'two words' | tail -n 5")
    assert call.kind == "argv"
    assert call.args == {"argv": ["./check.sh", "--all", "two words"], "env": {"LC_ALL": "C", "RUST_LOG": "debug"}}
    assert call.filters == (("tail", "-n", "5"),)


def test_placeholders_in_brackets_are_words_and_no_redirections() -> None:
    call = first("psql -h <db-host> -U <db user> -c 'SELECT * FROM <table>'")
    assert (call.args["host"], call.args["user"]) == ("<db-host>", "<db user>")
    assert call.args["statements"] == ["SELECT * FROM <table>"]
    assert first("kubectl logs shop-<pod>-0").args["argv"] == ["kubectl", "logs", "shop-<pod>-0"]
    assert first("cat /srv/<app>/<app>.log").args["path"] == "/srv/<app>/<app>.log"


# All of them


def test_every_filter_that_is_let_through_is_one_that_the_worker_applies() -> None:
    pipes = [
        "grep -i error", "grep -E '(a|b)'", "grep -v -n x", "grep -A 5 Env", "grep -c x", "egrep 'a|b'", "fgrep a.b",
        "head", "head -20", "head -n 5", "tail -n 5", "tail -n +2", "tail -3", "wc -l", "sort", "sort -rn",
        "sort -k2,2n", "sort -t , -k 3", "uniq -c", "cut -d : -f 1", "cut -d' ' -f2-3", "awk '{print $1}'",
        "awk '{print $NF}'", "awk -F: '{print $1, $2}'", "awk 'NR==2 {print $4}'", "awk '/x/ {print}'", "jq",
        "jq .status", "jq -r '.models[].name'", "jq '.a[0] | .b'", "tr -d '\"'", "tr a-z A-Z", "cat", "less",
        "python3 -m json.tool",
    ]  # fmt: skip
    for pipe in pipes:
        call = first(f"curl -s http://localhost:8000/x | {pipe}")
        assert call.kind == "http", pipe
        assert all(filters.supported(argv) for argv in call.filters), pipe


def test_every_tool_names_its_commands_once() -> None:
    assert {"curl", "docker", "psql", "redis-cli", "df", "grep"} <= set(tools())
    for verb, module in tools().items():
        assert verb in module.VERBS


@pytest.mark.parametrize(
    "text",
    [
        "docker compose logs --tail 20 api",
        "docker compose exec db psql -U app -c 'SELECT 1'",
        "curl -s -X GET http://localhost:8000/health",
        "redis-cli -h cache info memory",
        "grep -i error /var/log/app.log",
        "ps aux | grep gunicorn",
        "docker restart api",
        "sqlite3 app.db 'SELECT 1'",
    ],
)
def test_spacing_quoting_and_continuations_change_nothing(text: str) -> None:
    expected = calls_of(text)
    words = re.findall(r"'[^']*'|\S+", text)
    assert calls_of("   ".join(words)) == expected
    assert calls_of(" \\\n  ".join(words)) == expected
    assert calls_of(f"{text}   # a note") == expected
    assert calls_of(f"time {text}") == expected
    assert calls_of(f"{text} 2>/dev/null") == expected
    assert calls_of(f"{words[0][0]}''{text[1:]}") == expected
    assert calls_of(f"'{words[0]}'{text[len(words[0]) :]}") == expected


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_fail(text: str) -> None:
    found = calls_of(text)
    assert found
    json.dumps([dict(call.args) for call in found])


PIECES = r"""
docker compose curl psql -c -h exec logs | || && ; $( ) ` ' " > < 2>&1 api http://localhost:8000/x -f --tail 20
<db-host> $PORT ${A} {{x}} [y] sudo time watch timeout 5 grep -i error jq . for in do done redis-cli ping \ * ~
openssl s_client x509 -noout 'SELECT 1;' df -h ps aux find -name -delete xargs rm -rf / mwhole0q -- EOF << # = {a,b}
"""


@given(st.lists(st.sampled_from([*PIECES.split(), "\n", "\x01", "\x00"]), max_size=25))
@settings(max_examples=500, deadline=None)
def test_no_mixture_of_pieces_makes_it_fail(pieces: list[str]) -> None:
    found = calls_of(" ".join(pieces))
    assert found
    json.dumps([dict(call.args) for call in found])


@pytest.mark.parametrize(
    "piece", ["$(", "a | ", "a && ", "for x in y; do ", "<a> ", "'", "-x ", "{{a}} ", "SELECT (", "'' "]
)
def test_a_long_line_takes_no_long_time(piece: str) -> None:
    text = "docker logs " + piece * (30_000 // len(piece))
    began = time.process_time()
    calls_of(text)
    calls_of(f'psql -c "{text.replace(chr(34), "")}"')
    assert time.process_time() - began < 8
