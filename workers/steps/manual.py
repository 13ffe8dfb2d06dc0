"""A thing that a person does: it is asked for on the card and ticked off there.

args: {}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.steps import Context, Outcome, Result


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Never runs."""
    return Outcome(Result.COULD_NOT_RUN, "a person does this")
