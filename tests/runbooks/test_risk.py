"""The judge of command lines, refusals first: what changes something is never taken for a reader."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.commands import judge
from runbooks.document import Judgement, Risk
from runbooks.risk import families, tools
from runbooks.risk._sql import sql_verdict
from runbooks.risk.filters import awk_danger, sed_danger
from runbooks.risk.python import code_verdict
from runbooks.risk.servers import mongo_verdict

LABELS = Path(__file__).parent / "labels"


def lines_of(name: str) -> list[str]:
    return [line for line in (LABELS / name).read_text(encoding="utf-8").splitlines() if line]


CHANGES = lines_of("changes.txt")
READS = lines_of("reads.txt")
BOUNDED = [tuple(line.split("  =>  ")) for line in lines_of("bounded.txt")]


def could_run_unasked(judgement: Judgement) -> bool:
    return Risk.READ_ONLY in (judgement.risk, judgement.bounded_risk)


def quoted_name(text: str) -> str:
    name, _, rest = text.partition(" ")
    return (
        f'"{name}" {rest}'
        if name.isalnum() and name not in ("if", "for", "while", "case", "function", "coproc")
        else text
    )


WRAPPERS: dict[str, Callable[[str], str]] = {
    "spaces": lambda text: f"   {text}  ",
    "tab": lambda text: text.replace(" ", "\t", 1),
    "continuation": lambda text: text.replace(" ", " \\\n ", 1),
    "windows line end": lambda text: text + "\r\n",
    "quoted name": quoted_name,
    "comment": lambda text: f"{text} # only a check",
    "sudo": lambda text: f"sudo {text}",
    "time": lambda text: f"time {text}",
    "timeout": lambda text: f"timeout 5 {text}",
    "negated": lambda text: f"! {text}",
    "after a reader": lambda text: f"ls && {text}",
    "before a reader": lambda text: f"{text}; ls",
    "into a reader": lambda text: f"{text} | cat",
    "out of a reader": lambda text: f"echo y | {text}",
    "silenced": lambda text: f"{text} > /dev/null 2>&1",
    "subshell": lambda text: f"({text})",
    "group": lambda text: f"{{ {text}; }}",
    "branch": lambda text: f"if true; then {text}; fi",
    "loop": lambda text: f"for i in 1 2; do {text}; done",
    "substitution": lambda text: f'echo "$({text})"',
    "shell": lambda text: f"bash -c {shlex.quote(text)}",
    "shell as root": lambda text: f"sudo sh -lc {shlex.quote(text)}",
    "watched": lambda text: f"watch {shlex.quote(text)}",
    "another host": lambda text: f"ssh web1 {shlex.quote(text)}",
    "container": lambda text: f"docker exec api sh -c {shlex.quote(text)}",
    "pod": lambda text: f"kubectl exec web-0 -- sh -c {shlex.quote(text)}",
    "fleet": lambda text: f"ansible all -m shell -a {shlex.quote(text)}",
    "another user": lambda text: f"su - app -c {shlex.quote(text)}",
}


@pytest.mark.parametrize("text", CHANGES)
def test_a_changing_command_is_never_read_only(text: str) -> None:
    assert not could_run_unasked(judge(text))


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_no_wrapping_turns_a_changing_command_into_a_reader(wrapper: str) -> None:
    wrapped = [WRAPPERS[wrapper](text) for text in CHANGES]
    assert [text for text in wrapped if could_run_unasked(judge(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "cat <<EOF\n$(rm x)\nEOF",
        "cat <<'EOF' | sh\nrm x\nEOF",
        "bash <<EOF\nrm x\nEOF",
        "psql <<EOF\nDROP TABLE x;\nEOF",
        "cat <<EOF > /etc/x\nhi\nEOF",
        "cat <<EOF\nEOF \nEOF\nrm x",
        "ls # x \\\nrm x",
        "ls\nrm x",
        "ls \\\n; rm x",
        "f() {\n  rm x\n}\nf",
        "if true\nthen\n  rm x\nfi",
        "psql -c '\nSELECT 1;\nDELETE FROM x;\n'",
        'psql -c "\nSELECT 1 -- \n; DROP TABLE x\n"',
        "export $(cat .env | xargs)",
    ],
)
def test_more_lines_hide_nothing(text: str) -> None:
    assert not could_run_unasked(judge(text))


@pytest.mark.parametrize(
    "text", ["frobnicate --status", "./deploy.sh status", "../x", "/opt/app/bin/../x", "litellm health", "\u202els"]
)
def test_what_is_not_known_is_asked_about(text: str) -> None:
    judgement = judge(text)
    assert judgement.risk is Risk.MUTATING
    assert judgement.bounded is None or judgement.bounded_risk is Risk.MUTATING


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("SELECT count(*) FROM orders;", Risk.READ_ONLY),
        ("select pid from pg_stat_activity", Risk.READ_ONLY),
        ("SELECT 1; rm -rf /", Risk.MUTATING),
        ('SELECT "$(rm x)"', Risk.MUTATING),
        ("DROP TABLE orders;", Risk.DESTRUCTIVE),
        ("UPDATE orders SET a = 1;", Risk.MUTATING),
        ("INFO replication", Risk.READ_ONLY),
        ("FLUSHALL", Risk.DESTRUCTIVE),
        ("\\dt", Risk.READ_ONLY),
        ("\\! rm x", Risk.MUTATING),
    ],
)
def test_a_line_for_a_prompt_is_judged_as_what_the_prompt_would_do(text: str, risk: Risk) -> None:
    assert judge(text).risk is risk


def test_an_unknown_command_says_so() -> None:
    assert judge("frobnicate now").reason == "unknown command"


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("rm -rf /srv/cache", Risk.DESTRUCTIVE),
        ("docker compose down", Risk.MUTATING),
        ("docker compose down -v", Risk.DESTRUCTIVE),
        ("docker system df", Risk.READ_ONLY),
        ("docker system prune", Risk.DESTRUCTIVE),
        ("kubectl delete pod web-0", Risk.DESTRUCTIVE),
        ("kubectl rollout restart deploy/web", Risk.MUTATING),
        ("git push -f origin main", Risk.DESTRUCTIVE),
        ("git reset --hard HEAD~1", Risk.DESTRUCTIVE),
        ("git push origin main", Risk.MUTATING),
        ("redis-cli FLUSHALL", Risk.DESTRUCTIVE),
        ("psql -c 'TRUNCATE t'", Risk.DESTRUCTIVE),
        ("psql -c 'DELETE FROM t'", Risk.DESTRUCTIVE),
        ("psql -c 'UPDATE t SET a = 1'", Risk.MUTATING),
        ("terraform destroy", Risk.DESTRUCTIVE),
        ("mkfs.ext4 /dev/sdb1", Risk.DESTRUCTIVE),
        ("systemctl restart nginx", Risk.MUTATING),
        ("aws ec2 terminate-instances --instance-ids i-1", Risk.DESTRUCTIVE),
        ("curl -X DELETE http://es:9200/logs", Risk.DESTRUCTIVE),
        ("find /tmp -mtime +7 -delete", Risk.DESTRUCTIVE),
        ("nano .env", Risk.INTERACTIVE),
        ("docker exec -it db bash", Risk.INTERACTIVE),
        ("psql -U app shop", Risk.INTERACTIVE),
        ("redis-cli", Risk.INTERACTIVE),
        ("mysql -u root -p -e 'select 1'", Risk.INTERACTIVE),
        ("kubectl port-forward svc/web 8080:80", Risk.INTERACTIVE),
        ("crontab -e", Risk.INTERACTIVE),
        ("sudo -i", Risk.INTERACTIVE),
        ("ssh web1", Risk.INTERACTIVE),
    ],
)
def test_the_class_says_how_bad_it_could_be(text: str, risk: Risk) -> None:
    assert judge(text).risk is risk


@pytest.mark.parametrize("text", READS)
def test_a_reader_is_known_as_one(text: str) -> None:
    assert judge(text).risk is Risk.READ_ONLY


@pytest.mark.parametrize(("text", "bounded"), BOUNDED)
def test_what_would_not_end_gets_a_finite_form_that_only_reads(text: str, bounded: str) -> None:
    judgement = judge(text)
    assert (judgement.bounded, judgement.bounded_risk) == (bounded, Risk.READ_ONLY)


@pytest.mark.parametrize(("_", "bounded"), BOUNDED)
def test_a_finite_form_is_a_reader_by_itself(_: str, bounded: str) -> None:
    judgement = judge(bounded)
    assert judgement.risk in (Risk.READ_ONLY, Risk.INTERACTIVE)
    assert judgement.bounded in (None, bounded) or judgement.bounded_risk is Risk.READ_ONLY


@pytest.mark.parametrize(
    "text", ["docker logs -f api", "top", "watch df", "kubectl get pods -w", "tail -f x", "docker stats"]
)
def test_the_endless_text_itself_needs_its_finite_form(text: str) -> None:
    assert judge(text).risk is Risk.INTERACTIVE


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        ("docker compose up", "docker compose up -d"),
        ("sudo systemctl restart x", "sudo -n systemctl restart x"),
        ("apt install nginx", "apt install -y nginx"),
        ("docker system prune -a", "docker system prune -f -a"),
        ("sudo ufw enable", "sudo -n ufw --force enable"),
        ("docker compose exec api alembic upgrade head", "docker compose exec -T api alembic upgrade head"),
    ],
)
def test_a_change_gets_its_unattended_form_and_stays_a_change(text: str, bounded: str) -> None:
    judgement = judge(text)
    assert judgement.bounded == bounded
    assert judgement.bounded_risk is judgement.risk
    assert judgement.risk in (Risk.MUTATING, Risk.DESTRUCTIVE)


@pytest.mark.parametrize(
    "text", ["uvicorn app:app --reload", "kubectl port-forward x 1:2", "celery -A x worker", "sleep infinity", "yes"]
)
def test_what_has_no_finite_form_is_left_to_a_person(text: str) -> None:
    judgement = judge(text)
    assert (judgement.risk, judgement.bounded) == (Risk.INTERACTIVE, None)


def test_a_loop_over_waiting_is_given_a_minute() -> None:
    judgement = judge("until curl -sf http://x/health; do sleep 2; done")
    assert judgement.risk is Risk.INTERACTIVE
    assert judgement.bounded is not None
    assert judgement.bounded.startswith("timeout 60 bash -c ")


@pytest.mark.parametrize(
    "text",
    [
        "cat .env",
        "kubectl get secret db -o yaml",
        "aws secretsmanager get-secret-value --secret-id x",
        "docker inspect api",
        "printenv",
        "vault kv get secret/x",
        "kubectl config view --raw",
        "terraform output",
        "redis-cli config get requirepass",
    ],
)
def test_what_shows_a_secret_is_marked(text: str) -> None:
    assert judge(text).leaks_secret


@pytest.mark.parametrize(
    "text", ["systemctl <action> nginx", "docker {{verb}} api", "kubectl <command>", "<tool> status"]
)
def test_a_placeholder_can_not_be_the_verb(text: str) -> None:
    assert not could_run_unasked(judge(text))


@pytest.mark.parametrize(
    "text",
    [
        "psql -h <db-host> -U <db-user> -c 'SELECT 1'",
        "docker logs --tail 10 <container-name>",
        "kubectl get pod <pod> -n <namespace>",
    ],
)
def test_a_placeholder_is_an_operand_like_the_value_that_will_stand_there(text: str) -> None:
    judgement = judge(text)
    assert could_run_unasked(judgement)
    assert judgement.placeholders


def test_the_inventory_may_vouch_for_an_unknown_verb_and_for_nothing_else() -> None:
    safe = ("./app-control.sh status", "rm -rf", "./app-control.sh logs")
    assert judge("./app-control.sh status", safe).risk is Risk.READ_ONLY
    assert judge("./app-control.sh restart", safe).risk is Risk.MUTATING
    assert judge("./app-control.sh status; reboot", safe).risk is Risk.MUTATING
    assert judge("rm -rf /x", safe).risk is Risk.DESTRUCTIVE
    followed = judge("./app-control.sh logs api --follow", safe)
    assert (followed.risk, followed.bounded) == (Risk.INTERACTIVE, "./app-control.sh logs api")


def test_a_reason_is_one_plain_sentence() -> None:
    assert judge("docker compose restart api").reason == "docker compose restart stops and starts containers"
    for text in [*CHANGES, *READS]:
        reason = judge(text).reason
        assert reason
        assert "\n" not in reason
        assert len(reason) < 200


def test_every_family_is_found_by_scanning_and_offers_tools() -> None:
    assert {"docker", "kubernetes", "postgres", "coreutils", "git", "clouds"} <= set(families())
    assert len(tools()) > 1000
    assert all(callable(one) for one in tools().values())


@pytest.mark.parametrize(
    "program",
    [
        'BEGIN{system("x")}',
        '{print > "f"}',
        '{print | "sh"}',
        '{"date" | getline}',
        '{printf "%s", $1 >> f}',
        '@load "x"',
        '{f="system"; @f("rm")}',
    ],
)
def test_an_awk_program_that_writes_or_runs_is_seen(program: str) -> None:
    assert awk_danger(program)


@pytest.mark.parametrize(
    "program",
    [
        "{print $1}",
        "$3 > 5 {print}",
        "NR==1 || /x|y/ {print $2}",
        "{ if ($1 > 2) print $0 }",
        "{s+=$1} END {print s/NR}",
        "/a > b/",
    ],
)
def test_an_awk_program_that_only_prints_is_known(program: str) -> None:
    assert not awk_danger(program)


@pytest.mark.parametrize(
    "script",
    ["s/a/b/w f", "w f", "s/a/b/e", "e", "1e x", "s/a/b/;w f", "/x/w f", "r f", "s/[/]/x/w y", "$!N;W f", "s,a,b,we"],
)
def test_a_sed_script_that_writes_or_runs_is_seen(script: str) -> None:
    assert sed_danger(script)


@pytest.mark.parametrize(
    "script",
    [
        "s/a/b/g",
        "1,20p",
        "/x/d",
        "$d",
        "s#/#-#; s/ *$//",
        "/a/,/b/p",
        "y/abc/xyz/",
        "5q",
        r"s/\/x/\n/gI",
        ":a;N;$!ba;s/x/y/",
    ],
)
def test_a_sed_script_that_only_edits_the_stream_is_known(script: str) -> None:
    assert not sed_danger(script)


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN ANALYZE DELETE FROM t",
        "SELECT 1; DROP TABLE t",
        "SELECT * FROM t FOR UPDATE",
        "SELECT a INTO b FROM c",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "SELECT nextval('s')",
        "SELECT app.purge()",
        "SELECT purge_old_rows()",
        "SELECT 1 /*! ; DROP TABLE t */",
        "/* /* */ DROP TABLE t; /* */ SELECT 1",
        "SELECT E'\\'; DROP TABLE t; --'",
        "COPY (SELECT 1) TO PROGRAM 'x'",
        "not sql at all",
        "SELECT " + "(" * 200 + "1" + ")" * 200,
        "SELECT " + "NOT " * 3000 + "1",
        "SELECT 'open",
    ],
)
def test_sql_that_writes_or_is_not_understood_is_no_reader(sql: str) -> None:
    assert sql_verdict(sql).risk is not Risk.READ_ONLY


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.remove('x')",
        "open('x','w')",
        "__import__('os')",
        "exec('1')",
        "import x",
        "(lambda: 1)()",
        "print(().__class__.__bases__)",
    ],
)
def test_python_that_could_do_anything_is_no_reader(code: str) -> None:
    assert code_verdict(code).risk is not Risk.READ_ONLY


@pytest.mark.parametrize(
    "code",
    [
        "db.x.drop()",
        "db['dropDatabase']()",
        "let f=db.x.drop; f()",
        "db.x.aggregate([{$out:'y'}])",
        "db.adminCommand({shutdown:1})",
        "db.runCommand(x)",
    ],
)
def test_mongo_code_that_could_write_is_no_reader(code: str) -> None:
    assert mongo_verdict(code).risk is not Risk.READ_ONLY


_PIECES = st.sampled_from(
    [
        *[
            "ls",
            "cat f",
            "rm x",
            "docker ps",
            "kubectl get pods",
            "-f",
            "--help",
            "&&",
            ";",
            ">",
            ">>",
            "<",
            "2>&1",
            "$(",
            ")",
            "`",
            "'",
            "\\",
            "#",
            "{",
            "}",
            "(",
            "if",
            "then",
            "fi",
            "for",
            "do",
            "done",
            "sudo",
            "xargs",
        ],
        *[
            "bash -c",
            "$X",
            "${X}",
            "X=1",
            "<<EOF",
            "EOF",
            "psql -c",
            "SELECT 1",
            "*",
            "~",
            "&",
            "!",
            "[[",
            "]]",
            "case",
            "esac",
            "ssh h",
            "watch",
            "find . -exec",
            "{}",
            "curl",
            "-X POST",
        ],
        *("|", '"', "\n", "\\;", "<host>", "awk", "sed"),
    ]
)


@given(st.lists(_PIECES, max_size=12))
@settings(max_examples=500, deadline=None)
def test_no_mixture_of_pieces_makes_the_judge_fail(pieces: list[str]) -> None:
    judgement = judge(" ".join(pieces))
    assert judgement.reason
    assert (judgement.bounded is None) == (judgement.bounded_risk is None)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_the_judge_fail(text: str) -> None:
    assert isinstance(judge(text).risk, Risk)
