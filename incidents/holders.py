"""Who holds a lease: a process, named so that it can be told from every other, and found dead when it is."""

from __future__ import annotations

import os
import socket

import psutil


def this_process() -> str:
    """Host, process id, and the process's start, so that a reused id is not mistaken for us."""
    return f"{socket.gethostname()}/{os.getpid()}/{int(psutil.Process().create_time())}"


def is_dead(holder: str | None) -> bool:
    """Whether it is known to be gone: a process of this host that is no more. Of other hosts nothing is known."""
    if holder is None:
        return True
    host, _, rest = holder.partition("/")
    pid, _, born = rest.partition("/")
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        return int(process.create_time()) != int(born) or process.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError):
        return True
