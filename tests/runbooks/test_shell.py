"""Reading shell: what the values say, and that no input makes the reader fail or hang."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks import shell
from runbooks.shell import HOLE, AndOr, Branch, Broken, Command, Function, Group, Loop, Pipeline, read, walk


def only(text: str) -> shell.Statement:
    script = read(text)
    assert len(script.statements) == 1, script
    return script.statements[0]


def command(text: str) -> Command:
    found = only(text)
    assert isinstance(found, Command), found
    return found


def values(text: str) -> list[str | None]:
    return [word.value for word in command(text).words]


@pytest.mark.parametrize(
    "text",
    [
        'echo "never closed',
        "echo $(date",
        "cat <<EOF\nno end",
        "ls >",
        "if true; then ls",
        "for x in a; do ls",
        "exec 3<>/dev/tcp/h/80",
        "a\x00b",
        "x" * 70_000,
    ],
)
def test_what_is_not_understood_is_marked_broken(text: str) -> None:
    assert read(text).broken


def test_a_command_that_follows_a_here_document_on_its_line_is_never_lost() -> None:
    assert read("cat <<'E' > /dev/null; rm z\nx\nE").broken


def test_quotes_and_backslashes_are_taken_off() -> None:
    assert values("""r'm' "a b" c\\ d $'x\\ty' "q\\"q" e""") == ["rm", "a b", "c d", "x\ty", 'q"q', "e"]


def test_spaces_beside_an_expansion_between_quotes_stay() -> None:
    word = command('echo "a  $x  b"').words[1]
    assert word.value is None
    assert word.shape == f"a  {HOLE}  b"
    assert word.variables == ("x",)


def test_an_unquoted_brace_or_star_is_marked_and_a_quoted_one_is_not() -> None:
    brace, star, quoted = command("ls {a,b} *.log '*.log'").words[1:]
    assert brace.braces
    assert star.globs
    assert not quoted.globs


def test_words_after_a_redirection_belong_to_the_command() -> None:
    found = command("psql < dump.sql -U app")
    assert [word.value for word in found.words] == ["psql", "-U", "app"]
    assert [(one.operator, one.target and one.target.value) for one in found.redirects] == [("<", "dump.sql")]


def test_redirections_carry_descriptor_and_target() -> None:
    found = command("run 2>>err.log >out.log 2>&1")
    assert [(one.fd, one.operator, one.target and one.target.value) for one in found.redirects] == [
        ("2", ">>", "err.log"),
        (None, ">", "out.log"),
        ("2", ">&", "1"),
    ]


def test_a_here_document_keeps_its_text_and_says_whether_it_is_expanded() -> None:
    plain = command("cat <<'EOF'\na $b\nEOF").redirects[0]
    assert plain.operator == "<<'"
    assert plain.body == "a $b\n"
    assert plain.target is None
    expanded = command("cat <<EOF\na $(date)\nEOF").redirects[0]
    assert expanded.target is not None
    assert expanded.target.substitutions


def test_what_follows_a_here_document_in_its_pipeline_is_a_stage() -> None:
    found = only("cat <<E | sh\nls\nE")
    assert isinstance(found, Pipeline)
    assert [stage.words[0].value for stage in found.stages if isinstance(stage, Command)] == ["cat", "sh"]


def test_lists_pipelines_groups_loops_and_branches_have_their_shapes() -> None:
    assert isinstance(only("a && b || c"), AndOr)
    assert isinstance(only("a | b |& c"), Pipeline)
    assert isinstance(only("(a; b)"), Group)
    assert isinstance(only("for x in 1 2; do a $x; done"), Loop)
    assert isinstance(only("if a; then b; elif c; then d; else e; fi"), Branch)
    assert isinstance(only("case $x in a) b;; esac"), Branch)
    assert isinstance(only("[ -f x ]"), shell.Test)
    assert isinstance(only("f() { a; }"), Function)


def test_a_long_list_is_flat() -> None:
    found = only(" && ".join("abcdefg"))
    assert isinstance(found, AndOr)
    assert len(found.items) == 7
    assert found.operators == ("&&",) * 6


def test_every_command_is_found_wherever_it_hides() -> None:
    text = 'a "$(b `c`)" <(d) ${x:-$(e)} $((`f`)); if g; then h; fi; i() { j; }; for k in $(l); do m; done'
    names = {one.words[0].value for one in walk(read(text)) if isinstance(one, Command) and one.words}
    assert names >= set("abcdefghjlm")


def test_assignments_in_front_of_a_command_and_alone_are_kept() -> None:
    before = command("A=1 B=$x run")
    assert [(one.name, one.value and one.value.shape) for one in before.assignments] == [("A", "1"), ("B", HOLE)]
    assert command("A=$(date)").words == ()


def test_background_and_comments_are_reported() -> None:
    script = read("a & # why\nb")
    assert script.background == {0}
    assert [(one.text, one.trailing) for one in script.comments] == [("# why", True)]


def test_offsets_count_characters_even_in_mojibake() -> None:
    text = 'echo "â†’ é" && ls -la'
    last = next(one for one in walk(read(text)) if isinstance(one, Command) and one.words[0].value == "ls")
    assert text[last.start : last.end] == "ls -la"


@pytest.mark.parametrize(
    "text",
    [
        "$(" * 10_000 + "a" + ")" * 10_000,
        "(" * 20_000,
        "{ " * 20_000,
        "if a; then " * 4_000,
        "a && " * 8_000 + "b",
        '"$(' * 10_000,
        "<" * 6_000,
        "a=(" * 3_000,
        "`" * 10_001,
        "case x in " * 4_000,
        "[" * 20_000,
        "${" * 10_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_deep_and_crooked_input_ends_quickly(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 5


@given(st.text(alphabet="ab \n\t'\"\\$(){}[]<>|&;`#=*?!~-_0", max_size=200))
@settings(max_examples=400, deadline=None)
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for statement in walk(read(text)):
        assert isinstance(statement.text, str)
        assert statement.line >= 1


@given(st.text(max_size=100))
@settings(max_examples=100, deadline=None)
def test_no_unicode_makes_the_reader_fail(text: str) -> None:
    script = read(text)
    assert all(isinstance(one, Broken | object) for one in script.statements)
