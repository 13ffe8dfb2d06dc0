"""The program's reading of the users' five runbooks, measured against a key made by hand; -s shows the figures.

Where key and program differed, the difference was decided by the definitions: a class says what the text as written
would do; a reader that does not end is interactive and has a finite form; a program of a team's own is unknown, thus
mutating.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from runbooks.document import Risk
from tests.runbooks.keys import (
    BY_HAND,
    NAMES,
    Answer,
    KeyProcedure,
    answers,
    key_commands,
    key_procedures,
    missing_steps,
    plain_heading,
    procedure_at,
    users_document,
)


@pytest.fixture(scope="module")
def all_answers() -> list[tuple[str, Answer]]:
    return [(name, answer) for name in NAMES for answer in answers(name)]


@pytest.fixture(scope="module")
def all_procedures() -> list[tuple[str, KeyProcedure]]:
    return [(name, key) for name in NAMES for key in key_procedures(name)]


def say(*lines: str) -> None:
    sys.stdout.write("\n" + "\n  ".join(lines) + "\n")


def told(heading: str, rows: Iterable[tuple[str, Answer]]) -> list[str]:
    lines = [
        f"{name}.md:{one.key.line} key {'|'.join(one.key.classes)} {' '.join(sorted(one.key.flags))}; program "
        + (f"{one.judgement.risk} -> {one.judgement.bounded!r}: {one.judgement.reason}" if one.judgement else "nothing")
        + f" {one.text!r}"
        for name, one in rows
    ]
    say(f"{heading}: {len(lines)}", *lines)
    return lines


def share(what: str, part: int, whole: int) -> float:
    say(f"{what}: {part} of {whole} = {part / whole:.1%}")
    return part / whole


def test_every_procedure_is_found_at_its_heading_with_its_type(all_procedures: list[tuple[str, KeyProcedure]]) -> None:
    assert len(all_procedures) == 46
    wrong = []
    for name, key in all_procedures:
        found = procedure_at(name, key)
        if found is None or found.type != key.type or plain_heading(found.heading) != plain_heading(key.heading):
            wrong.append((name, key.line, found and (found.type, found.heading)))
    assert wrong == []


def test_nothing_else_is_taken_for_a_procedure() -> None:
    for name in NAMES:
        keyed = {key.line for key in key_procedures(name)}
        assert [one.heading for one in users_document(name).procedures if one.line not in keyed] == []


def test_procedures_have_their_steps(all_procedures: list[tuple[str, KeyProcedure]]) -> None:
    whole = steps = missed = elsewhere = 0
    for name, key in all_procedures:
        found = procedure_at(name, key)
        assert found is not None
        lacking, misplaced = missing_steps(name, key, found)
        extra = [step for step in found.steps if not key.covers(step.line)]
        wanted = sum(step.needed for step in key.steps)
        if lacking or misplaced or extra:
            say(
                f"{name}.md:{key.line} lacks {[step.lines for step in lacking]}, in another phase "
                f"{[(step.lines, *step.phases) for step in misplaced]}, beyond the key "
                f"{[(step.line, step.phase.value, step.title) for step in extra]}"
            )
        whole += 10 * len(lacking) <= wanted
        steps, missed, elsewhere = steps + wanted, missed + len(lacking), elsewhere + len(misplaced)
    assert share("procedures with 90 % of their steps", whole, len(all_procedures)) >= 0.95
    assert share("steps found", steps - missed, steps) >= 0.95
    assert share("steps found in their phase", steps - missed - elsewhere, steps) >= 0.9


def test_nothing_that_changes_anything_would_run_unasked(all_answers: list[tuple[str, Answer]]) -> None:
    wrong = [(name, one) for name, one in all_answers if not one.key.reads and one.runs_unasked]
    wrong = [(name, one) for name, one in wrong if not {"read_only", "not_a_command"} & {*one.key.classes}]
    assert told("changes, and would run unasked", wrong) == []


def test_what_only_reads_is_recognised(all_answers: list[tuple[str, Answer]]) -> None:
    reading = [(name, one) for name, one in all_answers if one.key.reads]
    told("reads, and would ask", [(name, one) for name, one in reading if not one.runs_unasked])
    assert share("read-only recognised", sum(one.runs_unasked for _, one in reading), len(reading)) >= 0.95


def test_classes_are_exact(all_answers: list[tuple[str, Answer]]) -> None:
    right = [one for _, one in all_answers if one.judgement and one.judgement.risk.value in one.key.classes]
    told("another class", [(name, one) for name, one in all_answers if one not in right])
    first = [one for one in right if one.judgement and one.judgement.risk.value == one.key.classes[0]]
    assert share("exact class", len(right), len(all_answers)) >= 0.95
    assert share("exact class, the key's first choice", len(first), len(all_answers)) >= 0.9


def test_what_is_no_command_is_never_taken_for_one() -> None:
    for name in NAMES:
        for key in key_commands(name):
            if key.none:
                inside = [one for one in users_document(name).commands if key.line <= one.line <= key.end]
                taken = [one for one in inside if one.judgement.risk is not Risk.NOT_A_COMMAND]
                assert [(name, one.line, one.text) for one in taken] == []


def test_nothing_is_taken_for_a_command_that_the_key_does_not_know() -> None:
    for name in NAMES:
        keyed = {line for key in key_commands(name) for line in range(key.line, key.end + 1)}
        unknown = [one for one in users_document(name).commands if one.line not in keyed]
        assert [(name, one.line, one.text, one.judgement.risk.value) for one in unknown] == []


def test_what_only_reads_runs_natively(all_answers: list[tuple[str, Answer]]) -> None:
    reading = [(name, one) for name, one in all_answers if one.key.reads]
    incident = {
        (name, line)
        for name in NAMES
        for key in key_procedures(name)
        if key.type == "incident"
        for step in key.steps
        for line in step.lines
    }
    in_incidents = [(name, one) for name, one in reading if (name, one.key.line) in incident]
    told("reads in an incident, and has no native form", [(n, one) for n, one in in_incidents if not native(one)])
    told("reads elsewhere, and has no native form", [(n, one) for n, one in reading if not native(one)])
    assert share("native, all", sum(native(one) for _, one in reading), len(reading)) >= 0.65
    assert share("native, incidents", sum(native(one) for _, one in in_incidents), len(in_incidents)) >= 0.85


def native(answer: Answer) -> bool:
    return answer.runs_unasked and answer.judgement is not None and answer.judgement.runs_as not in BY_HAND


def test_what_never_ends_is_bounded_or_refused(all_answers: list[tuple[str, Answer]]) -> None:
    endless = [(name, one) for name, one in all_answers if "endless" in one.key.flags]
    unbounded = [
        (name, one)
        for name, one in endless
        if one.judgement is None or (one.judgement.risk is Risk.READ_ONLY and one.judgement.bounded is None)
    ]
    assert told("never ends, and would be started", unbounded) == []
    without = [
        (n, one) for n, one in endless if "reads" in one.key.flags and not (one.judgement and one.judgement.bounded)
    ]
    assert told("never ends, reads, and has no finite form", without) == []
    say(f"never-ending: {len(endless)}")


def test_every_secret_is_marked(all_answers: list[tuple[str, Answer]]) -> None:
    secret = [(name, one) for name, one in all_answers if "secret" in one.key.flags]
    unmarked = [(name, one) for name, one in secret if one.judgement is None or not one.judgement.leaks_secret]
    assert told("shows a secret unmarked", unmarked) == []
    told(
        "marked, and the key knows of no secret",
        [
            (n, one)
            for n, one in all_answers
            if "secret" not in one.key.flags and one.judgement and one.judgement.leaks_secret
        ],
    )
    say(f"secret: {len(secret)}")


def test_placeholders_are_found(all_answers: list[tuple[str, Answer]]) -> None:
    keyed = [(name, one) for name, one in all_answers if "placeholder" in one.key.flags]
    overlooked = [(name, one) for name, one in keyed if one.judgement is None or not one.judgement.placeholders]
    told("placeholder overlooked", overlooked)
    beyond = [
        (n, one)
        for n, one in all_answers
        if "placeholder" not in one.key.flags and one.judgement and one.judgement.placeholders
    ]
    for name, one in beyond:
        say(f"beyond the key: {name}.md:{one.key.line} {one.judgement and one.judgement.placeholders}")
    assert share("placeholders", len(keyed) - len(overlooked), len(keyed)) >= 0.95
