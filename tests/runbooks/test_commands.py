# ruff: noqa: E501  (blocks to be read are one line each)
"""What the lines of a fence are, and what a shell session would remember between them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.commands import BlockLine, commands_of_block, condition_in, judge
from runbooks.document import Risk
from runbooks.parse import parse

from . import users


def block(body: str, language: str = "bash") -> list[BlockLine]:
    return commands_of_block(body, language, 1)


def risks(body: str, language: str = "bash") -> list[Risk]:
    return [line.judgement.risk for line in block(body, language)]


def texts(body: str, language: str = "bash") -> list[str]:
    return [line.text for line in block(body, language)]


NOT = Risk.NOT_A_COMMAND


@pytest.mark.parametrize(
    "body",
    [
        '{\n  "status": "healthy",\n  "ok": true\n}',
        "server {\n    listen 443 ssl;\n    location / {\n        proxy_pass http://app;\n    }\n}",
        "┌──────┐\n│ api  │\n└──────┘",
        "DB_HOST=db\nDB_PORT=5432\nDB_PASSWORD=change-me",
        "services:\n  web:\n    image: nginx",
        "[Unit]\nDescription = App",
        "fields @timestamp, @message\n| filter @message like /ERROR/\n| limit 20",
        '{app="web"} |= "error"',
        "sum by (job) (\n  rate(http_requests_total[5m])\n)",
        "0 2 * * * /opt/backup.sh >> /var/log/backup.log 2>&1",
        "@daily /opt/clean.sh",
        "*/5 * * * * curl -fsS http://localhost/health || reboot",
        "1. Isolate the host\n2. Tell the security team",
        "NAME      READY   STATUS\nweb-0     1/1     Running",
        "2024-05-01 12:00:00 ERROR something broke",
        "HTTP/1.1 200 OK\nContent-Type: text/html",
        "total 24K\n-rw-r--r-- 1 root root 12 May  1 10:00 a",
    ],
)
def test_what_is_no_shell_is_no_command(body: str) -> None:
    assert set(risks(body)) == {NOT}


@pytest.mark.parametrize(
    "language", ["yaml", "json", "nginx", "ini", "python", "javascript", "logql", "promql", "dockerfile", "hcl"]
)
def test_a_fence_of_another_language_holds_no_commands(language: str) -> None:
    assert risks("rm -rf /\nls", language) == [NOT, NOT]


def test_prose_in_a_fence_carries_its_command() -> None:
    lines = block("1. Check status: docker compose ps\n2. Restart: docker compose restart\n3. Call the team")
    assert [line.judgement.risk for line in lines] == [NOT] * 3
    assert [line.embedded and (line.embedded.text, line.embedded.judgement.risk) for line in lines] == [
        ("docker compose ps", Risk.READ_ONLY),
        ("docker compose restart", Risk.MUTATING),
        None,
    ]


def test_bare_sql_in_a_shell_fence_is_judged_as_sql_one_statement_at_a_time() -> None:
    body = "SELECT pid\nFROM pg_stat_activity\nWHERE state = 'active';\n\nALTER SYSTEM SET work_mem = '64MB';  # more\nSELECT pg_reload_conf();"
    lines = block(body)
    assert [(line.line, line.judgement.risk) for line in lines] == [
        (1, Risk.READ_ONLY),
        (5, Risk.MUTATING),
        (6, Risk.MUTATING),
    ]
    assert lines[1].text == "ALTER SYSTEM SET work_mem = '64MB';"


def test_lines_for_a_prompt_get_the_client_that_would_run_them() -> None:
    lines = block("docker compose exec cache redis-cli\nINFO   # server\nKEYS *\nFLUSHALL")
    assert [line.judgement.risk for line in lines] == [
        Risk.INTERACTIVE,
        Risk.READ_ONLY,
        Risk.READ_ONLY,
        Risk.DESTRUCTIVE,
    ]
    assert lines[1].judgement.bounded == "docker compose exec -T cache redis-cli INFO"
    assert lines[3].judgement.bounded_risk is Risk.DESTRUCTIVE


def test_meta_commands_follow_their_psql() -> None:
    shown, left = block("psql -U app shop\n\\dt\n\\q")[1:]
    assert shown.judgement.bounded == "psql -U app shop -c '\\dt'"
    assert left.judgement.risk is Risk.INTERACTIVE


def test_windows_lines_are_judged_but_could_not_run_here() -> None:
    run, look = block('.\\restore.bat backups\\db.dump\ndir backups\\*.dump | findstr "db_"')
    assert run.judgement.risk is Risk.MUTATING
    assert look.judgement.risk is Risk.READ_ONLY


def test_a_prompt_is_taken_off_and_what_follows_it_is_output() -> None:
    lines = block("$ kubectl get nodes\nNAME   STATUS\nn1     Ready\n$ uptime\n 10:00 up 3 days", "console")
    assert [(line.text, line.judgement.risk) for line in lines if line.judgement.risk is not NOT] == [
        ("kubectl get nodes", Risk.READ_ONLY),
        ("uptime", Risk.READ_ONLY),
    ]


@pytest.mark.parametrize("prompt", ["$ ", "root@db-1:~# ", "ops@web:/srv$ ", "[root@db ~]# ", "/ $ ", "bash-5.1$ "])
def test_many_prompts_are_known(prompt: str) -> None:
    assert texts(f"{prompt}uptime", "console") == ["uptime"]


def test_a_database_prompt_is_known() -> None:
    (line,) = block("shop=# select count(*)\nshop-# from orders;\n")
    assert line.judgement.risk is Risk.READ_ONLY
    assert line.text == "select count(*)\nfrom orders;"


def test_continuations_are_joined_and_count_once() -> None:
    lines = block("aws rds wait db-instance-available \\\n  --db-instance-identifier main\nuptime")
    assert [(line.line, line.text) for line in lines] == [
        (1, "aws rds wait db-instance-available --db-instance-identifier main"),
        (3, "uptime"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        'psql -c "\n  SELECT 1\n"',
        "for p in 1 2; do\n  curl http://localhost:$p\ndone",
        "if true; then\n  ls\nelse\n  df\nfi",
        "case $x in\n  a) ls ;;\nesac",
        "f() {\n  ls\n}",
        "cat <<EOF\nit's \"open\nEOF",
        "kubectl get pods |\n  grep web",
        "ls &&\n  df",
        "X=$(\n  date\n)",
        "A=(\n  1\n  2\n)",
        'for s in "${A[@]}"; do\n  n="${s%:*}"\n  m="${s#*:}"\ndone',
    ],
)
def test_what_belongs_together_is_one_command(body: str) -> None:
    assert texts(f"{body}\nuptime") == [body, "uptime"]


def test_an_open_quote_does_not_swallow_the_rest() -> None:
    assert texts("echo don't\nuptime\ndf -h")[1:] == ["uptime", "df -h"]


def test_the_comment_above_is_the_title_until_a_gap() -> None:
    lines = block("# Restore databases\ncp a b\ncp c d\n\nuptime\n# 2. Look\n\n# 3. Deploy\ngit pull")
    assert [line.title for line in lines] == ["Restore databases", "Restore databases", "", "3. Deploy"]


def test_a_comment_behind_a_command_is_its_title_and_a_version_is_expected() -> None:
    agent, docker, nano = block("curl http://a:1/health  # Agent\ndocker --version  # 24.0+\nnano .env  # Set the key")
    assert (agent.text, agent.title) == ("curl http://a:1/health", "Agent")
    assert (docker.text, docker.expect) == ("docker --version", "24.0+")
    assert nano.title == "Set the key"


def test_a_hash_inside_a_word_or_quotes_is_no_comment() -> None:
    assert texts("echo 'a # b' c#d") == ["echo 'a # b' c#d"]


def test_an_expectation_goes_to_the_command_before_it() -> None:
    (line,) = block('curl http://a/health\n# Expected: {"ok": true}')
    assert line.expect == '{"ok": true}'


@pytest.mark.parametrize(
    ("comment", "condition"),
    [
        ("3. If restart fails, roll back", "If restart fails"),
        ("Option B: Kubernetes", "Option B"),
        ("Or use Kubernetes rollback", "Or use Kubernetes rollback"),
        ("Scale up if persistent", "if persistent"),
        ("Roll back the database (if migrations ran)", "if migrations ran"),
        ("Restart the service", None),
    ],
)
def test_the_comment_says_when_to_take_a_step(comment: str, condition: str | None) -> None:
    assert condition_in(comment) == condition


def test_the_directory_is_remembered() -> None:
    lines = block("cd backend\nalembic upgrade head\ncd ../web\nls")
    assert [line.cwd for line in lines] == [None, "backend", "backend", "web"]


def test_a_variable_that_a_line_sets_is_known_to_the_lines_after_it() -> None:
    body = 'FLAGS="-X DELETE"\ncurl $FLAGS http://api/items\nCMD=ls\n$CMD -la'
    assert risks(body) == [Risk.READ_ONLY, Risk.DESTRUCTIVE, Risk.READ_ONLY, Risk.READ_ONLY]


def test_what_a_command_printed_is_not_trusted_as_code() -> None:
    assert risks('X=$(curl -s http://a)\nbash -c "$X"\npsql -c "SELECT $X"')[1:] == [Risk.MUTATING, Risk.MUTATING]


def test_a_function_of_the_block_is_as_bad_as_its_body() -> None:
    assert risks("check() {\n  curl -s http://a/$1\n}\ncheck b\nwipe() { rm -rf /x; }\nwipe") == [
        Risk.READ_ONLY,
        Risk.READ_ONLY,
        Risk.DESTRUCTIVE,
        Risk.DESTRUCTIVE,
    ]


def test_a_whole_script_is_listed_command_by_command() -> None:
    lines = block(
        '#!/bin/bash\nset -e\nD=$(date +%F)\n\n# Dump\npg_dump shop | gzip > "$D.gz"\nfind . -mtime +30 -delete\necho done'
    )
    assert [line.judgement.risk for line in lines] == [
        Risk.READ_ONLY,
        Risk.READ_ONLY,
        Risk.MUTATING,
        Risk.DESTRUCTIVE,
        Risk.READ_ONLY,
    ]


def test_a_fence_without_a_language_holds_commands_only_where_they_look_like_it() -> None:
    assert risks("vault kv put secret/x a=b\nsome words of output\n./run.sh", "") == [Risk.MUTATING, NOT, Risk.MUTATING]


def test_line_numbers_are_those_of_the_file() -> None:
    assert [line.line for line in commands_of_block("\n# c\nls\n\ndf", "bash", 40)] == [42, 44]


def test_line_ends_of_windows_do_no_harm() -> None:
    assert texts("ls -la\r\ndf -h\r\n") == ["ls -la", "df -h"]


@pytest.mark.parametrize(
    "body",
    ["ls -la\n" * 50_000, "it's (open\n" * 50_000, "a " * 500_000, "cat <<EOF\n" * 30_000, "foo {\n" * 50_000, "$(" * 200_000, "for x in a; do\n" * 20_000, "# x\n" * 100_000],
    ids=lambda body: repr(body[:10]),
)  # fmt: skip
def test_a_huge_block_ends(body: str) -> None:
    started = time.process_time()
    block(body)
    assert time.process_time() - started < 20


@given(
    st.text(alphabet="ab \n\t'\"\\$(){}[]<>|&;`#=*?!~-_0:.1)", max_size=300),
    st.sampled_from(["bash", "", "sql", "console", "redis", "yaml"]),
)
@settings(max_examples=300, deadline=None)
def test_no_block_makes_it_fail_and_lines_stay_in_order(body: str, language: str) -> None:
    lines = block(body, language)
    assert [line.line for line in lines] == sorted({line.line for line in lines})


@users.needs_users_runbooks
def test_the_users_runbooks_are_read_in_a_second() -> None:
    documents = [
        (str(path), path.read_text(encoding="utf-8", errors="replace")) for path in sorted(users.FOLDER.glob("*.md"))
    ]
    judge("ls")
    started = time.process_time()
    for path, text in documents:
        parse(path, text)
    assert time.process_time() - started < 2  # 0.4 s here; the rest is for a busy machine


@users.needs_users_runbooks
def test_no_command_of_the_users_runbooks_that_names_a_change_is_read_only() -> None:
    words = (
        " restart",
        " stop",
        " rm ",
        " down",
        "prune",
        "-delete",
        " up ",
        "install",
        "DELETE",
        "ALTER",
        "terminate",
        "kill",
        " -X POST",
        "FLUSH",
        "drop",
    )
    found = [
        (path.name, command.text)
        for path in sorted(users.FOLDER.glob("*.md"))
        for command in parse(str(path), path.read_text(encoding="utf-8", errors="replace")).commands
        if command.judgement.runs_unasked and any(word in command.text for word in words)
    ]
    assert found == []
