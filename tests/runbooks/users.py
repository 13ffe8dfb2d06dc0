"""The users' own runbooks. They are not part of the project; a checkout without them skips the tests that need them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from runbooks.document import Document, Procedure
from runbooks.parse import read

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "seeds"
needs_users_runbooks = pytest.mark.skipif(not FOLDER.is_dir(), reason="the users' runbooks are not beside the checkout")


@cache
def document(name: str) -> Document:
    return read(FOLDER / f"{name}.md")


def documents() -> tuple[Document, ...]:
    return tuple(document(path.stem) for path in sorted(FOLDER.glob("*.md")))


def procedure(name: str, *end: str) -> Procedure:
    """The procedure whose heading path ends so."""
    (found,) = [found for found in document(name).procedures if found.heading[-len(end) :] == end]
    return found
