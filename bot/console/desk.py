"""What the commands share: the opened installation, who sits at the console, and what they may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from incidents.errors import Misconfigured, Rejected

if TYPE_CHECKING:
    from bot.runtime import Runtime

NUMBER = re.compile(r"(?:INC-|#)?([0-9]{1,9})", re.IGNORECASE)


def incident_number(text: str) -> int:
    """`7`, `INC-7` or `#7`. A usage error for anything else."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter("an incident is named by its number, such as 7 or INC-7")
    return int(found[1])


@contextmanager
def installation(*, existing: bool = True, prepare: bool = True) -> Iterator[Runtime]:
    """The installation that the environment names, opened. Misconfigured when there is none yet and there should be."""
    from sqlalchemy import make_url

    from bot.logs import start_logging
    from bot.runtime import Runtime
    from incidents.settings import load_settings

    settings = load_settings()
    start_logging(settings.log_level)
    url = make_url(settings.database_url)
    if existing and url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise Misconfigured(
            f"MIDWATCH_HOME: there is no database at {url.database}; run this where Midwatch runs, or start it first"
        )
    with Runtime(settings) as runtime:
        if prepare:
            runtime.prepare_database()
        yield runtime


def require_approver(runtime: Runtime, system: str | None) -> str:
    """The console user, if the approvers of the system name them. Rejected with who may otherwise."""
    from incidents.approvals import console_user, may_approve

    user, approvers = console_user(), runtime.approvers(system)
    if not may_approve(user, (), approvers):
        who = ", ".join(approvers) or "nobody, because no approver is configured"
        raise Rejected(f"{user} may not do this; may: {who}. MIDWATCH_APPROVERS or the inventory would have to name it")
    return user
