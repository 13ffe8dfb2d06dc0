"""What addresses a name has, as this worker's resolver sees it.

args: {name}.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any

from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import Watch, bounded, could_not_run, failed, seconds_of

SLOW = 1.0


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Resolve it."""
    name = str(args.get("name") or "")
    if not name:
        return could_not_run("there is no name to resolve")
    return bounded(context, lambda watch: _resolve(name, watch), subject=f"the resolver, asked for {name},", name=name)


def _resolve(name: str, watch: Watch) -> Outcome:
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(watch.secret(name), None, type=socket.SOCK_STREAM)
    except UnicodeError:
        return could_not_run(f"{name} is no host name", name)
    except OSError as failure:
        return failed(f"{name} cannot be resolved ({failure.strerror})", name, exit_code=1)
    seconds = time.monotonic() - began
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    text = f"{name} is {', '.join(addresses[:4])}{', ...' if len(addresses) > 4 else ''}"
    findings = [Finding(Level.OK, f"{text} ({seconds_of(seconds)})", name)]
    if seconds >= SLOW:
        findings.append(Finding(Level.WARN, f"the resolver is slow: {seconds_of(seconds)} for {name}", name))
    return Outcome(Result.SUCCEEDED, text, "\n".join(addresses), 0, tuple(findings))
