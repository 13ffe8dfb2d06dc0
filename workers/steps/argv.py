"""A program with its arguments, on the worker's own host, without a shell.

args: {argv[], env{}, cwd, host}. `host` must be "local". The program gets PATH, HOME, LANG and `env`, no input, and no
terminal. Nothing in here can tell whether a program changes something: the engine starts only what was proven
read-only or approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workers.process import ProcessResult, meaning_of_exit, run_process
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import Watch, could_not_run, hushed, seconds_of
from workers.steps._logs import errors_of

CHECKS_ARE_NICE = 5


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Run it and tell its exit code and what that means."""
    argv = [str(word) for word in args.get("argv") or ()]
    if not argv:
        return could_not_run("there is no command to run")
    return run_here(argv, argv[0], args, context)


def run_here(argv: Sequence[str], name: str, args: Mapping[str, Any], context: Context) -> Outcome:
    """Run `argv` where `args` says, and call it `name` in what is told of it."""
    elsewhere = not_local(args.get("host"))
    if elsewhere:
        return could_not_run(elsewhere, name)
    watch = Watch(context)
    result = run_process(
        argv,
        cwd=args.get("cwd") or None,
        env={str(key): watch.secret(str(value)) for key, value in (args.get("env") or {}).items()},
        timeout=context.timeout,
        cap=context.output_cap,
        cancelled=context.cancelled,
        nice=0 if context.allow_writes else CHECKS_ARE_NICE,
    )
    return hushed(_outcome(argv, name, result, context), watch.secrets, context.output_cap)


def not_local(host: object) -> str:
    """Why this worker cannot act on `host`; "" when it can."""
    if host == "local":
        return ""
    if not host:
        return "the inventory names no host for this system"
    return f"this worker acts on its own host only, and the inventory says {host}"


def _outcome(argv: Sequence[str], name: str, result: ProcessResult, context: Context) -> Outcome:
    if result.error:
        return could_not_run(result.error, name)
    if result.cancelled:
        return Outcome(Result.FAILED, f"`{name}` was stopped by a person", result.output, None, (), result.truncated)
    if result.timed_out:
        text = f"`{name}` did not end within {seconds_of(context.timeout)} and was killed"
        return Outcome(Result.TIMED_OUT, text, result.output, None, (Finding(Level.BAD, text, name),), result.truncated)
    return _ended(argv, name, result)


_ANSWERS = {
    ("grep", 1): "found nothing",
    ("egrep", 1): "found nothing",
    ("fgrep", 1): "found nothing",
    ("pgrep", 1): "no process matches",
    ("diff", 1): "they differ",
    ("cmp", 1): "they differ",
}
"""Exit codes that are an answer and no failure. "Found nothing" is often the good news."""


def _answered(name: str, code: int, result: ProcessResult) -> Outcome:
    text = f"`{name}`: {_ANSWERS[name.rsplit('/', 1)[-1], code]}"
    return Outcome(Result.SUCCEEDED, text, result.output, code, (Finding(Level.INFO, text, name),), result.truncated)


def _shows_a_log(argv: Sequence[str]) -> bool:
    return argv[0].rsplit("/", 1)[-1] == "journalctl" or "logs" in argv[1:3]


def _ended(argv: Sequence[str], name: str, result: ProcessResult) -> Outcome:
    code = result.exit_code or 0
    if (name.rsplit("/", 1)[-1], code) in _ANSWERS:
        return _answered(name, code, result)
    meaning = meaning_of_exit(code)
    text = f"`{name}` ended with exit code {code}" + (f" ({meaning})" if meaning else "")
    findings = [Finding(Level.BAD if code else Level.OK, text, name)]
    if code or _shows_a_log(argv):
        findings += errors_of(result.output, name)
    if result.background:
        findings.append(Finding(Level.INFO, f"`{name}` left a process running in the background", name))
    ended = Result.FAILED if code else Result.SUCCEEDED
    return Outcome(ended, text, result.output, code, tuple(findings), result.truncated)
