"""The runbooks that ship with Midwatch: every check runs by itself and natively, and lint has nothing to say."""

from __future__ import annotations

import pytest

from runbooks.document import Document, Phase
from runbooks.lint import lint
from runbooks.shelf import library_documents

LIBRARY = library_documents()


@pytest.mark.parametrize("document", LIBRARY, ids=lambda document: document.path)
def test_every_check_runs_by_itself_without_a_client_program(document: Document) -> None:
    checks = [
        step
        for procedure in document.procedures
        for step in procedure.steps
        if step.text and step.phase in (Phase.DIAGNOSIS, Phase.VERIFICATION)
    ]
    assert checks
    for step in checks:
        assert step.judgement.runs_unasked, step
        assert step.judgement.runs_as not in ("argv", "shell", "manual"), step
        assert not step.judgement.leaks_secret, step


@pytest.mark.parametrize("document", LIBRARY, ids=lambda document: document.path)
def test_it_is_what_we_recommend(document: Document) -> None:
    asked_for = [issue for issue in lint(document, LIBRARY) if issue.rule != "placeholder"]
    assert asked_for == []
    assert document.system == "*"
    assert all(procedure.auto and procedure.symptoms for procedure in document.procedures)
