"""Text filters do what the programs of their names do, or say that they did nothing."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

from workers.filters import apply, supported

LOG = """\
INFO  boot 1
ERROR db refused (10.0.0.1)
info  request 200
Error: timeout after 30s

WARN  disk 91%
ERROR db refused (10.0.0.2)
INFO  boot 10
"""
TABLE = """\
NAME   CPU  MEM
api    12.5 300
db     3.0  1200
cache  99.9 45
"""


@pytest.mark.parametrize(
    "argv",
    [
        ["grep", "-i", "error"],
        ["grep", "-v", "INFO"],
        ["grep", "-c", "ERROR"],
        ["grep", "-n", "boot"],
        ["grep", "-E", "ERROR|WARN"],
        ["grep", "ERROR\\|WARN"],
        ["egrep", "^(INFO|info)"],
        ["fgrep", "(10.0.0.1)"],
        ["grep", "-F", "30s"],
        ["grep", "-w", "boot"],
        ["grep", "-x", "INFO  boot 1"],
        ["grep", "-m1", "ERROR"],
        ["grep", "-A1", "timeout"],
        ["grep", "-B", "2", "WARN"],
        ["grep", "-C1", "timeout"],
        ["grep", "-e", "boot", "-e", "disk"],
        ["grep", "-o", "[0-9]*%"],
        ["grep", "[[:digit:]]\\{2\\}%"],
        ["grep", "refused (10"],
        ["grep", "-E", "refused \\(10\\.0"],
        ["grep", "a*b"],
        ["grep", "1$"],
        ["grep", "--ignore-case", "WARN"],
        ["grep", "-iE", "warn|timeout"],
        ["grep", "nothing at all"],
        ["head", "-n", "2"],
        ["head", "-3"],
        ["head"],
        ["head", "-c", "7"],
        ["tail", "-n", "2"],
        ["tail", "-2"],
        ["tail", "-n", "+3"],
        ["tail", "--lines=1"],
        ["sort"],
        ["sort", "-r"],
        ["sort", "-u"],
        ["uniq"],
        ["cut", "-c1-5"],
        ["cut", "-d", " ", "-f", "1"],
        ["cut", "-d:", "-f2-"],
        ["cut", "-f2", "-d("],
        ["tr", "a-z", "A-Z"],
        ["tr", "-d", "0-9"],
        ["tr", "[:lower:]", "[:upper:]"],
        ["cat"],
        ["awk", "{print $1}"],
        ["awk", "{print $2, $NF}"],
        ["awk", "{ print $0 }"],
        ["awk", "NR==2 {print $1}"],
        ["awk", "NR>1{print $1}"],
        ["awk", "/ERROR/ {print $2}"],
        ["awk", "-F:", "{print $1}"],
        ["awk", '{print $1 "-" $2}'],
    ],
)
def test_a_filter_tells_what_the_program_of_its_name_tells(argv: list[str]) -> None:
    program = shutil.which(argv[0])
    if program is None:
        pytest.skip(f"there is no {argv[0]} here to compare with")
    real = subprocess.run(argv, input=LOG, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert apply(LOG, [argv])[0] == real.stdout


@pytest.mark.parametrize(
    "argv",
    [
        ["sort", "-n"],
        ["sort", "-k2", "-n"],
        ["sort", "-k3,3nr"],
        ["sort", "-rn", "-k2"],
        ["sort", "-k", "3", "-n", "-r"],
    ],
)
def test_columns_are_sorted_as_sort_does(argv: list[str]) -> None:
    body = TABLE.split("\n", 1)[1]
    real = subprocess.run(
        argv, input=body, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    )
    assert apply(body, [argv])[0] == real.stdout


def test_counting_needs_no_columns() -> None:
    assert apply(LOG, [["wc", "-l"]])[0] == "8\n"
    assert apply("", [["wc", "-l"]])[0] == "0\n"
    assert apply(LOG, [["grep", "-c", "boot"]])[0] == "2\n"
    assert [line.split() for line in apply("a\na\nb\n", [["uniq", "-c"]])[0].splitlines()] == [["2", "a"], ["1", "b"]]


def test_filters_follow_one_another() -> None:
    filters = [["grep", "ERROR"], ["awk", "{print $2}"], ["sort"], ["uniq", "-c"], ["sort", "-rn"], ["head", "-1"]]
    assert apply(LOG, filters)[0].split() == ["2", "db"]


def test_nothing_found_is_said() -> None:
    assert apply(LOG, [["grep", "panic"]]) == ("", "no line matches grep panic")
    assert apply("", [["grep", "panic"]]) == ("", "")


@pytest.mark.parametrize(
    "argv",
    [
        ["sed", "s/a/b/"],
        ["grep", "-r", "x", "."],
        ["grep", "-P", "x"],
        ["grep", "x", "/etc/passwd"],
        ["grep"],
        ["head", "-n", "2", "/etc/passwd"],
        ["tail", "-n", "many"],
        ["awk", "{system($1)}"],
        ["awk", "BEGIN {print 1}"],
        ["awk", "{print $1 > 2}"],
        ["awk", "{print $1}", "/etc/passwd"],
        ["jq", "env"],
        ["jq", ".a | input"],
        ["jq", ".", "/etc/passwd"],
        ["sort", "-o", "/tmp/x"],
        ["tee", "/tmp/x"],
        ["tr", "a"],
        ["cut", "-f", "x"],
        ["python3", "-c", "print(1)"],
        ["xargs", "rm"],
        [],
    ],
)
def test_what_is_not_known_is_not_done_and_said(argv: list[str]) -> None:
    assert not supported(argv)
    text, note = apply(LOG, [argv])
    assert text == LOG
    assert note.startswith("not applied: ")


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a|ab)*c", "((a*)*)*", "(.*)*x", ".*.*.*.*x", "(a)\\1", "[z"]
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    began = time.monotonic()
    _, note = apply("a" * 5000 + "\n", [["grep", "-E", pattern]])
    assert note.startswith("not applied")
    assert time.monotonic() - began < 0.5


def test_a_slow_pattern_is_given_short_lines() -> None:
    began = time.monotonic()
    apply(("a" * 100_000 + "\n") * 3, [["grep", "-E", "a.*b.*c"]])
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        (".status", '"ok"\n'),
        (".checks.db", '"down"\n'),
        (".list[1]", "2\n"),
        (".list[]", "1\n2\n"),
        (".list | length", "2\n"),
        ('.["status"]', '"ok"\n'),
        (".missing", "null\n"),
        (".missing.deeper", "null\n"),
        ("keys", '[\n  "checks",\n  "list",\n  "status"\n]\n'),
    ],
)
def test_jq_follows_paths(program: str, answer: str) -> None:
    body = '{"status": "ok", "checks": {"db": "down"}, "list": [1, 2]}'
    assert apply(body, [["jq", program]])[0] == answer


def test_jq_prints_raw_and_compact() -> None:
    assert apply('{"a": "x y"}', [["jq", "-r", ".a"]])[0] == "x y\n"
    assert apply('{"a": [1, 2]}', [["jq", "-c", "."]])[0] == '{"a":[1,2]}\n'
    assert apply('{"a":1}\n{"a":2}\n', [["jq", ".a"]])[0] == "1\n2\n"


@pytest.mark.parametrize("body", ["<html>", "", "{", "[" * 100_000, '{"a": 1} trailing'])
def test_jq_of_something_else_says_so_and_keeps_it(body: str) -> None:
    assert body in apply(body, [["jq", ".a.b"]])[0]


def test_json_tool_prints_json() -> None:
    assert apply('{"a":1}', [["python3", "-m", "json.tool"]])[0] == '{\n  "a": 1\n}\n'


@pytest.mark.parametrize("pattern", ["(a?){18}b", "a?" * 18 + "b", "a*a*a*b", "(aa?){12}b", "a{1,30}a{1,30}a{1,30}b"])
def test_no_pattern_holds_up_the_process(pattern: str) -> None:
    began = time.process_time()
    text, remark = apply("a" * 2000 + "!\n", [["grep", "-E", pattern]])
    assert time.process_time() - began < 5
    assert "not applied" in remark
    assert text.startswith("aaa")


def test_words_in_order_are_found_in_a_line_of_any_length() -> None:
    line = "x" * 100_000 + "ERROR" + "y" * 100_000 + "timeout" + "z" * 100_000 + "db\n"
    assert apply(line + "timeout ERROR db\n", [["grep", "-i", "error.*Timeout.*db"]]) == (line, "")


def test_many_patterns_are_searched_together() -> None:
    patterns = [word for one in ("a*1", "b*2", "c*3", "d*4", "e*5") for word in ("-e", one)]
    assert apply("aa1\nzz\nee5\n", [["grep", *patterns]])[0] == "aa1\nee5\n"
