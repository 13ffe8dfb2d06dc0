"""File steps: inside the roots everything is read gently, outside nothing is."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.steps.conftest import Said, context
from workers.steps import Outcome, Result, file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "srv"
    made.mkdir()
    (made / "app.log").write_text("INFO boot\nERROR no route\n" * 3 + "last line\n")
    (tmp_path / "secret.txt").write_text("outside")
    return made


@pytest.fixture
def step(root: Path) -> Callable[..., Outcome]:
    def run(
        op: str, path: str | Path = "app.log", *, timeout: float = 10.0, cap: int = 65536, **args: object
    ) -> Outcome:
        place = {"path": str(root / path), "roots": [str(root)], "host": "local"}
        return file.run({"op": op, **place, **args}, context(timeout, cap=cap))

    return run


EVERY_OP = ["cat", "head", "tail", "grep", "ls", "du", "find", "wc", "stat"]


@pytest.mark.parametrize("op", EVERY_OP)
def test_a_path_outside_the_roots_is_refused(op: str, root: Path, step: Callable[..., Outcome]) -> None:
    for path in (
        root.parent / "secret.txt",
        root / ".." / "secret.txt",
        Path("/etc/passwd"),
        Path("/proc/self/environ"),
    ):
        outcome = step(op, path=path, pattern="o")
        assert outcome.result is Result.COULD_NOT_RUN
        assert "outside" in outcome.summary
        assert outcome.output == ""


@pytest.mark.parametrize("op", EVERY_OP)
def test_a_link_that_leads_out_is_refused(op: str, root: Path, step: Callable[..., Outcome]) -> None:
    (root / "link").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent)
    assert step(op, "link", pattern="o").result is Result.COULD_NOT_RUN
    assert step(op, "folder/secret.txt", pattern="o").result is Result.COULD_NOT_RUN


def test_a_root_whose_name_begins_another_is_another(root: Path, step: Callable[..., Outcome]) -> None:
    other = root.parent / "srv-other"
    other.mkdir()
    (other / "x").write_text("x")
    assert step("cat", other / "x").result is Result.COULD_NOT_RUN


def test_without_roots_no_link_is_followed(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "link").symlink_to(root / "app.log")
    real = root.resolve()
    assert step("cat", real / "app.log", roots=None).result is Result.SUCCEEDED
    assert step("cat", real / "link", roots=None).result is Result.COULD_NOT_RUN


def test_listing_does_not_look_through_links(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "folder").symlink_to(root.parent)
    assert "secret.txt" not in step("find", ".").output
    assert "secret.txt" not in step("ls", ".").output


@pytest.mark.parametrize("op", ["cat", "head", "tail", "grep", "wc"])
def test_a_pipe_without_a_writer_does_not_hold_us_up(op: str, root: Path, step: Callable[..., Outcome]) -> None:
    os.mkfifo(root / "pipe")
    began = time.monotonic()
    assert step(op, "pipe", pattern="x").result is Result.COULD_NOT_RUN
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("host", [None, "", "ssh://ops@lms-1", "db-1"])
def test_another_host_is_not_this_one(host: str | None, step: Callable[..., Outcome]) -> None:
    assert step("cat", host=host).result is Result.COULD_NOT_RUN


@pytest.mark.parametrize("op", ["ls", "stat", "find", "du"])
def test_a_file_that_is_looked_for_and_not_there_is_a_finding(op: str, step: Callable[..., Outcome]) -> None:
    outcome = step(op, "gone.dump")
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 1)
    assert Said(outcome).bad("gone.dump is not there")


@pytest.mark.parametrize("op", ["cat", "head", "tail", "grep", "wc"])
def test_a_log_that_is_not_there_tells_nothing(op: str, step: Callable[..., Outcome]) -> None:
    outcome = step(op, "gone.log", pattern="x")
    assert outcome.result is Result.COULD_NOT_RUN
    assert "gone.log is not there" in outcome.summary


def test_a_folder_is_no_file(step: Callable[..., Outcome]) -> None:
    assert step("cat", ".").result is Result.COULD_NOT_RUN


def test_cat_shows_the_file_and_its_errors(step: Callable[..., Outcome]) -> None:
    outcome = step("cat")
    assert outcome.output.count("INFO boot") == 3
    assert Said(outcome).warn("3 x ERROR no route")


def test_head_and_tail_show_their_lines(step: Callable[..., Outcome]) -> None:
    assert step("head", lines=2).output == "INFO boot\nERROR no route\n"
    assert step("tail", lines=1).output == "last line\n"
    assert len(step("tail", lines=100).output.splitlines()) == 7


def test_the_tail_of_a_file_without_line_ends_is_bounded(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "blob").write_bytes(b"x" * 5_000_000)
    assert len(step("tail", "blob", cap=1000).output) < 1100


def test_grep_counts_what_matches(step: Callable[..., Outcome]) -> None:
    outcome = step("grep", pattern="error", ignore_case=True)
    assert outcome.output == "ERROR no route\n" * 3
    assert outcome.summary.startswith("3 lines of")
    assert step("grep", pattern="ERROR", count=True).output == "3\n"
    assert step("grep", pattern="ERROR", invert=True).output.count("INFO") == 3
    assert step("grep", pattern="(x|route)", extended=True).output.count("\n") == 3
    assert step("grep", pattern="(x|route)").output == ""


def test_nothing_found_is_an_answer(step: Callable[..., Outcome]) -> None:
    outcome = step("grep", pattern="panic")
    assert (outcome.result, outcome.exit_code) == (Result.SUCCEEDED, 1)
    assert Said(outcome).ok("no line of")


def test_a_pattern_that_could_take_for_ever_is_not_searched_for(step: Callable[..., Outcome]) -> None:
    assert step("grep", pattern="(a+)+b", extended=True).result is Result.COULD_NOT_RUN


def test_binary_is_not_poured_out(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "core").write_bytes(bytes(range(256)) * 100)
    outcome = step("cat", "core")
    assert outcome.summary.endswith("is binary, 25.0 kB")
    assert outcome.output.startswith("binary, begins with 00 01 02")


def test_what_is_no_utf8_is_shown_as_escapes(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "latin").write_bytes(b"caf\xe9 \x1b]0;x\x07\n")
    assert step("cat", "latin").output == "caf\\xe9 \\x1b]0;x\\x07\n"


def test_a_file_of_ten_gigabytes_costs_little(root: Path, step: Callable[..., Outcome]) -> None:
    with (root / "huge.log").open("wb") as huge:
        huge.write(b"first line\n" + b"a" * 20_000)
        huge.seek(10 * 1024**3)
        huge.write(b"b" * 20_000 + b"\nlast line\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    outcome = step("cat", "huge.log", cap=4096)
    assert outcome.output.startswith("first line\n")
    assert outcome.output.endswith("last line\n")
    assert outcome.truncated
    assert step("tail", "huge.log", lines=1).output == "last line\n"
    assert step("head", "huge.log", lines=1).output == "first line\n"
    assert time.monotonic() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_search_without_end_is_given_up_in_time(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "many.log").write_bytes(b"a line of a log\n" * 8_000_000)
    began = time.monotonic()
    assert step("grep", "many.log", pattern="nothing", timeout=0.5).result is Result.TIMED_OUT
    assert time.monotonic() - began < 1


def test_ls_tells_the_newest(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "backup.sql").write_text("")
    os.utime(root / "app.log", (0, time.time() - 7300))
    outcome = step("ls", ".")
    assert "app.log" in outcome.output
    assert Said(outcome).info("the newest entry of")


def test_a_backup_that_is_empty_is_a_warning(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "backup.sql").write_text("")
    assert Said(step("stat", "backup.sql")).warn("is empty")
    assert Said(step("ls", "backup.sql")).warn("is empty")


def test_du_adds_up(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "data").mkdir()
    (root / "data" / "big").write_bytes(b"x" * 3_000_000)
    assert "2.9 MB" in step("du", ".", depth=1).output
    assert len(step("du", ".", depth=0).output.splitlines()) == 2


def test_find_looks_for_names(root: Path, step: Callable[..., Outcome]) -> None:
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "x.dump").write_text("")
    assert step("find", ".", pattern="*.dump").output == str(root / "deep" / "er" / "x.dump")


def test_wc_counts_lines(step: Callable[..., Outcome]) -> None:
    assert step("wc").output.split()[0] == "7"
