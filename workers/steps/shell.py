"""A true shell line, run by bash as it stands. Only ever after an approval.

args: {script, env{}, cwd, host}. `host` must be "local". The values of placeholders come as environment variables and
were checked when the step was made; the script itself is the text that the approver saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.caps import one_line
from workers.steps import Context, Outcome
from workers.steps._bounds import could_not_run
from workers.steps.argv import run_here

BASH = ("bash", "--noprofile", "--norc", "-euo", "pipefail", "-c")


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Run it, stopping at its first failing command."""
    script = str(args.get("script") or "")
    if not script.strip():
        return could_not_run("there is no script to run")
    if not context.allow_writes:
        return could_not_run("refused: a shell line runs only after an approval", "shell")
    return run_here([*BASH, script], one_line(script, 80), args, context)
