"""Which files a step may look at: those below the system's roots, wherever links may point."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from incidents.errors import MidwatchError


class NotAllowed(MidwatchError):
    """The path leads outside the roots, or to something that is no file; the text says so."""


def allowed_path(path: str, roots: Sequence[str] | None) -> Path:
    """The real path behind `path`, if it lies below a root. Without roots no link may stand in it.

    Raises NotAllowed, or FileNotFoundError when there is nothing.
    """
    if not path.startswith("/") or "\0" in path:
        raise NotAllowed(f"{path!r} is no absolute path")
    real = Path(path).resolve(strict=True)
    if roots is None:
        allowed = str(real) == os.path.normpath(path)
    else:
        allowed = any(real.is_relative_to(Path(root).resolve()) for root in roots)
    if not allowed:
        raise NotAllowed(f"{path} lies outside the folders that may be read")
    return real


def opened(path: str, roots: Sequence[str] | None) -> int:
    """A descriptor for reading a regular file below a root. Raises NotAllowed, or what `os.open` raises.

    O_NONBLOCK: opening a pipe must not wait for a writer. What was opened is compared with what was checked, because
    a folder may become a link in between.
    """
    real = allowed_path(path, roots)
    fd = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotAllowed(f"{path} is no regular file")
        if (link := Path(f"/proc/self/fd/{fd}")).is_symlink() and link.readlink() != real:
            raise NotAllowed(f"{path} changed while it was opened")
    except BaseException:
        os.close(fd)
        raise
    return fd
