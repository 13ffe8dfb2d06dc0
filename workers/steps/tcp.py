"""Whether a TCP port accepts a connection.

args: {host, port}. Nothing is sent. `exit_code` is what `nc -z` would have ended with.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any

from workers.caps import one_line
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, could_not_run, failed, seconds_of
from workers.steps._net import ForbiddenAddress, NoAddress, addresses_of

CONNECT = 5.0


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Connect, and hang up."""
    shown = str(args.get("host") or "")
    port = str(args.get("port") or "")
    if not shown or not port.isdigit() or not 0 < int(port) < 65536:
        return could_not_run("a host and a port from 1 to 65535 are needed", shown)
    where = f"{shown}:{port}"
    return bounded(context, lambda watch: _knock(shown, int(port), where, watch), subject=where, name=shown)


def _knock(shown: str, port: int, where: str, watch: Watch) -> Outcome:
    began = time.monotonic()
    try:
        addresses = addresses_of(watch.secret(shown), port)
    except NoAddress as unknown:
        return failed(str(unknown), shown, exit_code=1)
    except ForbiddenAddress as forbidden:
        return could_not_run(str(forbidden), shown)
    trouble: OSError | None = None
    for address in addresses:
        try:
            with socket.create_connection((address, port), timeout=min(CONNECT, watch.left())):
                text = f"{where} accepts connections ({seconds_of(time.monotonic() - began)})"
                return Outcome(Result.SUCCEEDED, text, text, 0, (Finding(Level.OK, text, shown),))
        except OSError as failure:
            trouble = failure
    if isinstance(trouble, TimeoutError):
        raise OutOfTime
    return failed(f"{where} {_why(trouble)}", shown, exit_code=1)


def _why(trouble: OSError | None) -> str:
    if isinstance(trouble, ConnectionRefusedError):
        return "refuses connections: nothing listens there"
    return f"cannot be reached ({one_line(trouble.strerror or str(trouble)) if trouble else 'no address'})"
