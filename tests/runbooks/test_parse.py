"""Reading documents: what is a procedure, what are its steps, and that nothing a file holds can stop the reader."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import Misconfigured
from runbooks.document import Document, Phase, Procedure, ProcedureType, Risk
from runbooks.parse import parse, read
from tests.runbooks.users import document, documents, needs_users_runbooks, procedure


def reading(text: str, path: str = "shop.md") -> Document:
    return parse(path, dedent(text).lstrip("\n"))


def only_procedure(text: str) -> Procedure:
    (found,) = reading(text).procedures
    return found


def told(found: Procedure) -> list[tuple[str, str, str | None]]:
    return [(step.phase.value, step.title, step.text) for step in found.steps]


# -- the users' five documents

USERS_PROCEDURES = """
aada-lms 144 recovery
aada-lms 216 general
aada-lms 266 incident
aada-lms 296 incident
aada-lms 328 incident
aada-lms 359 incident
aada-lms 388 incident
aada-lms 420 incident
aada-lms 501 recovery
course-creator 984 incident
course-creator 1028 incident
course-creator 1068 incident
course-creator 1106 incident
course-creator 1143 incident
course-creator 1181 incident
course-creator 1256 incident
course-creator 1291 incident
course-creator 1480 recovery
course-creator 1492 recovery
litcoach 191 incident
litcoach 203 incident
litcoach 216 incident
litcoach 228 incident
litcoach 242 incident
litcoach 254 incident
litcoach 268 recovery
litcoach 280 recovery
litcoach 289 recovery
litcoach 331 recovery
litcoach 347 recovery
litcoach 427 emergency
litcoach 437 emergency
litcoach 447 emergency
lms-backend 78 incident
lms-backend 95 incident
lms-backend 106 incident
lms-backend 116 incident
lms-backend 246 recovery
lms-backend 261 recovery
neurocore 384 recovery
neurocore 504 incident
neurocore 517 incident
neurocore 530 incident
neurocore 542 incident
neurocore 604 emergency
neurocore 622 emergency
""".split()


@needs_users_runbooks
def test_the_users_documents_hold_exactly_their_46_procedures() -> None:
    found = [word for one in documents() for entry in one.procedures for word in (one.system, str(entry.line), entry.type)]
    assert found == USERS_PROCEDURES


@needs_users_runbooks
def test_numbered_prose_with_inline_code_becomes_checks_a_fix_and_steps_for_a_person() -> None:
    outage = procedure("lms-backend", "API Unavailability")
    assert outage.heading == (
        "Operational Runbooks",
        "3. Incident Response Runbooks",
        "3.1 Critical Incidents (P1)",
        "API Unavailability",
    )
    assert (outage.type, outage.auto, outage.severity) == (ProcedureType.INCIDENT, True, "P1")
    assert len(outage.symptoms) == 3
    assert [(step.phase.value, step.text) for step in outage.steps] == [
        ("manual", None),
        ("diagnosis", "docker logs api"),
        ("diagnosis", 'docker compose exec db psql -U lms -d lms -c "SELECT 1;"'),
        ("diagnosis", "docker compose exec redis redis-cli ping"),
        ("solution", "docker compose restart api"),
        ("manual", None),
        ("manual", None),
    ]
    assert outage.steps[5].condition == "If issue persists"


@needs_users_runbooks
def test_titled_alternatives_carry_their_title_at_the_end_of_the_heading() -> None:
    restoration = procedure("course-creator", "Recovery Procedures", "Database Restoration")
    assert (restoration.line, restoration.auto) == (1480, False)
    assert procedure("litcoach", "Recovery Procedures", "Database-Only Recovery").line == 347


@needs_users_runbooks
def test_every_step_of_the_users_documents_points_at_its_own_line() -> None:
    for one in documents():
        with open(one.path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for step in (step for entry in one.procedures for step in entry.steps if step.text):
            assert step.text is not None
            assert step.text.split("\n")[0].split(" \\")[0][:20] in lines[step.line - 1], (one.system, step)
