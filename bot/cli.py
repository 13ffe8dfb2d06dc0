"""The command line. Each command imports what it needs when it runs, so that `midwatch --help` costs next to nothing.

Exit codes: 0 done, 1 the answer is "no", 2 wrong usage or configuration, with one line on stderr that names it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import typer

from bot.console import after, alerts, incidents, runbooks, running, runs, setup
from bot.console.output import complain
from incidents.errors import MidwatchError, Misconfigured, NotFound

NO, WRONG, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="midwatch",
    help="Incident response in Slack that runs the Markdown runbooks your team already has.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FIRST: tuple[Callable[..., None], ...] = (running.demo, running.up, running.serve, running.worker, setup.doctor)
LAST: tuple[Callable[..., None], ...] = (setup.pause, setup.resume, alerts.redact, setup.version)
for command in FIRST:
    app.command()(command)
for name, group in {
    "runbook": runbooks.app,
    "incident": incidents.app,
    "run": runs.app,
    "postmortem": after.postmortem,
    "timeline": after.timeline,
    "alert": alerts.app,
    "db": setup.db,
}.items():
    app.add_typer(group, name=name)
for command in LAST:
    app.command()(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; what went wrong is one line on stderr."""
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="midwatch", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as wrong:
        return _usage(wrong)
    except (Misconfigured, NotFound) as wrong:
        complain(f"midwatch: {wrong}")
        return WRONG
    except MidwatchError as no:
        complain(f"midwatch: {no}")
        return NO
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as ended:
        return _ended(ended)
    except Exception:  # noqa: BLE001 - the outermost edge: a traceback may quote a secret, so it goes out redacted
        return _broken()
    return code if isinstance(code, int) else 0


def _ended(ended: BaseException) -> int:
    """The reader of a pipe, `head` for one, has seen enough; typer makes a SystemExit of it when it sees it first."""
    if isinstance(ended, SystemExit) and not isinstance(ended.__context__, BrokenPipeError):
        return ended.code if isinstance(ended.code, int) else NO
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return 0


def _broken() -> int:
    import traceback

    from incidents.redaction import redact

    complain(redact(traceback.format_exc()))
    complain("midwatch: this is a mistake in Midwatch itself; please report it with the lines above")
    return NO


def _usage(wrong: typer.TyperException) -> int:
    said: str = wrong.format_message() if hasattr(wrong, "format_message") else str(wrong)
    if said.startswith("Usage:"):  # a group without a command: its help is the answer
        sys.stderr.write(f"{said}\n")
        return WRONG
    text = " ".join(said.split())
    complain(f"midwatch: {text[:1].lower()}{text[1:]}" if text else "midwatch: see `midwatch --help`")
    return WRONG
