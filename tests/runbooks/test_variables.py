"""Placeholders are found, values are data, and commands that would show a secret are known before they run."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import Rejected
from runbooks.variables import fill, name_of, placeholders_of, shows_secret, variables_of

PASSWORD = "hunter" + "2" * 6


@pytest.mark.parametrize(
    "value",
    [
        "",
        "; rm -rf /",
        "a;b",
        "$(id)",
        "`id`",
        "${IFS}",
        "a b",
        "a\nb",
        "a\tb",
        "a\x00b",
        "'quoted'",
        '"quoted"',
        "--option",
        "-x",
        "../../etc/shadow",
        "a..b",
        "a|b",
        "a&b",
        "a>b",
        "a=b",
        "*",
        "~root",
        "{a,b}",
        "%2e%2e",
        "ünïcode",
        "db\u202ehost",
        "a" * 129,
    ],
)
def test_a_value_that_could_be_more_than_a_word_is_refused(value: str) -> None:
    with pytest.raises(Rejected):
        fill("docker logs <service>", {"service": value})


def test_the_refusal_names_the_placeholder_and_not_the_value() -> None:
    with pytest.raises(Rejected) as refused:
        fill("docker logs <service>", {"service": f"x {PASSWORD}"})
    assert "`service`" in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("value", ["api", "lms-db.internal", "10.0.0.1:5432", "user@host", "a/b", "v2", "A" * 128])
def test_a_plain_value_is_put_in(value: str) -> None:
    assert fill("docker logs <service>", {"service": value}) == f"docker logs {value}"


def test_a_value_is_never_filled_a_second_time() -> None:
    filled = fill("psql -h db-host -U <user>", {"db-host": "user", "user": "db-host"})
    assert filled == "psql -h user -U db-host"


def test_a_bare_placeholder_is_filled_only_where_it_stands_alone() -> None:
    filled = fill("ping db-host test-db-host", {"db-host": "one", "test-db-host": "two"})
    assert filled == "ping one two"


def test_what_has_no_value_stays() -> None:
    assert fill("psql -h <db-host>", {}) == "psql -h <db-host>"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("psql -h <db-host> -U <db-user>", ["<db-host>", "<db-user>"]),
        ("./ctl.sh logs <service name>", ["<service name>"]),
        ("kubectl logs {{ pod }}", ["{{ pod }}"]),
        ("docker restart [container]", ["[container]"]),
        ("kubectl delete pod {pod-name}", ["{pod-name}"]),
        ("psql -h db-host -p 5432", ["db-host"]),
        ("psql -h test-db-host", ["test-db-host"]),
        ("dropdb -h test-db-host app", ["test-db-host"]),
        ("curl http://localhost:800X/health", ["800X"]),
        ("ssh ops@10.0.0.x", ["10.0.0.x"]),
        ("openssl x509 -in /path/to/cert.pem -noout", ["/path/to/cert.pem"]),
        ("gunzip < backup.sql.gz | psql app", ["backup.sql.gz"]),
        ('curl -d \'{"password":"your_password"}\' http://h/', ["your_password"]),
        ("app-cli rotate --new-key sk-new-key", ["sk-new-key"]),
        ("docker pull shop:v1.2.3", ["v1.2.3"]),
        ("kubectl rollout undo deployment/shop --to-revision=5", ["--to-revision=5"]),
        ("tar -xzf backup_20240101_020000.tar.gz", ["backup_20240101_020000.tar.gz"]),
        ("git clone https://github.com/your-org/shop.git", ["your-org"]),
        ("aws ec2 describe-instances --instance-ids i-xxxxxxxx", ["i-xxxxxxxx"]),
        ("mail admin@example.com", ["admin@example.com"]),
        ("kubectl logs POD_NAME -n NAMESPACE", ["POD_NAME", "NAMESPACE"]),
        ("vault kv put secret/app value=new-secret-value", ["new-secret-value"]),
        ("./restore.sh backup-name", ["backup-name"]),
        ("ssh web<N>.shop.test", ["<N>"]),
        ("git checkout tags/v1.1.0", ["v1.1.0"]),
    ],
)
def test_every_way_to_write_a_placeholder_is_found(text: str, names: list[str]) -> None:
    assert list(placeholders_of(text)) == names


@pytest.mark.parametrize(
    "text",
    [
        "docker ps --format 'table {{.Names}}\\t{{.Status}}'",
        "docker inspect -f '{{json .State}}' api",
        "awk '{print $NF}' access.log",
        "curl -s http://localhost:8006/labs | jq '.labs[] | {lab_id, user_id}'",
        "grep -E '[0-9]{3}' app.log",
        "sort < names > sorted",
        "diff <(sort a) <(sort b)",
        "if [ -f app.log ]; then cat app.log; fi",
        "pg_dump app > backup.sql",
        "kubectl apply -f https://example.dev/releases/v1.13.0/install.yaml",
        "docker run --container-name api img",
        "python3.11 -m app",
        "echo ${SERVICES[@]}",
        "mysql -e 'SELECT TABLE_NAME FROM information_schema.tables'",
        "docker logs course-creator-local-llm-service-1",
        "systemctl status my-service-api",
        "xargs -I{} echo {}",
        "curl -w '%{http_code}' http://localhost:3000",
        "cat <<EOF",
        "ls -la data/",
    ],
)
def test_a_real_value_is_no_placeholder(text: str) -> None:
    assert placeholders_of(text) == ()


def test_brackets_do_not_belong_to_the_name() -> None:
    assert [name_of(one) for one in ("<db-host>", "{{ db-host }}", "[db-host]", "db-host")] == ["db-host"] * 4


def test_a_variable_that_nobody_set_is_a_need() -> None:
    assert variables_of("curl -H \"Authorization: Bearer $API_KEY\" http://h/ && echo '$NOT_ONE' $HOME") == ("API_KEY",)


def test_a_variable_that_the_line_or_its_block_sets_is_none() -> None:
    assert variables_of("for port in 1 2; do curl http://h:$port; done") == ()
    assert variables_of("cp a $DIR", assigned={"DIR"}) == ()


@pytest.mark.parametrize(
    "text",
    [
        "cat .env | grep DB_",
        "grep API_KEY .env",
        "sudo cat /etc/environment | grep DATABASE_URL",
        "printenv",
        "env | grep KEY",
        "docker compose exec api env",
        "docker exec api printenv DB_PASSWORD",
        "docker inspect api | grep -A 5 Env",
        "docker inspect -f '{{.Config.Env}}' api",
        "docker-compose config | grep DB_",
        "docker compose -f prod.yml config",
        "kubectl get secret db -o yaml",
        "echo $OPENAI_API_KEY",
        'echo "${DB_PASSWORD}"',
        "NEW=$(openssl rand -base64 32)",
        "aws secretsmanager get-secret-value --secret-id x",
        "vault kv get secret/app",
        "redis-cli CONFIG GET requirepass",
        "python -c 'import secrets; print(secrets.token_hex(32))'",
        f"curl -u admin:{PASSWORD} http://h/",
        "curl -H 'Authorization: Bearer $TOKEN' http://h/",
        f"psql postgresql://app:{PASSWORD}@db/app -c 'SELECT 1'",
        f"mysql -u root -p{PASSWORD} -e 'SELECT 1'",
        f"redis-cli -a {PASSWORD} ping",
        f"PGPASSWORD={PASSWORD} psql -c 'SELECT 1'",
        "psql -c \"ALTER USER app WITH PASSWORD '$NEW'\"",
        "cat /proc/1/environ",
        "cat ~/.pgpass",
        "ps auxe",
        "sudo ps axe -o pid,cmd",
        "ps -E",
        "docker exec api ps eww",
        "systemctl show api",
        "getent shadow",
    ],
)
def test_a_command_that_shows_a_secret_is_marked(text: str) -> None:
    assert shows_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "docker compose ps",
        "docker inspect -f '{{.State.Status}}' api",
        "docker network inspect shop_default",
        "docker compose config --services",
        "grep ERROR /var/log/app.log",
        "psql -h db -U app -c 'SELECT count(*) FROM pg_stat_activity'",
        "curl -I https://api.shop.test/health",
        "openssl x509 -in cert.pem -noout -dates",
        "redis-cli info memory",
        "vault status",
        "kubectl get pods -n shop",
        "env FOO=1 make check",
        "echo $PORT",
        "ps aux --sort=-%mem | head",
        "systemctl status nginx",
        "systemctl show nginx -p MainPID",
        "ps -ef",
        "ps -eo pid,cmd",
        "ps -C server",
        "docker compose ps server",
        "DEBUG=true ./run.sh",
    ],
)
def test_an_ordinary_command_is_not(text: str) -> None:
    assert not shows_secret(text)


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_the_search_fail(text: str) -> None:
    found = placeholders_of(text)
    assert all(one in text for one in found)
    shows_secret(text)
    variables_of(text)


@pytest.mark.parametrize(
    "piece", ["<a ", "your-", "20240101_", "x.", "docker inspect ", "{{ ", "a-b-", "://a:", "env "]
)
def test_a_long_text_takes_no_long_time(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    began = time.process_time()
    placeholders_of(text)
    shows_secret(text)
    variables_of(text)
    assert time.process_time() - began < 8
