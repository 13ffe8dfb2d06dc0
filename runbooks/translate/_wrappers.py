"""Commands that run another command: `sudo`, `time`, `watch`, `timeout`, `python -m`.

They are taken off where what is left tells the same. What is not understood stays, and then has no native form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from runbooks.document import Call

_DEEPEST = 4
_PLAIN = re.compile(r"[\w ./:=@%,-]+")
_WATCH_ALONE = re.compile(r"-n[\d.]+|-[dt]+|--differences|--no-title|--interval=[\d.]+")

Native = Callable[[Sequence[str]], tuple[Call, ...]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One simple command: its words, what is set for it alone, where its output goes, and who runs it."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    silenced: bool = False
    fed: bool = False
    sudo: tuple[str, ...] = ()
    """How `sudo` is called before it, if it is: always so that it fails instead of asking for a password."""
    opaque: bool = False
    """Whether a wrapper is left that hides what runs."""


def unwrapped(stage: Stage, native: Native) -> Stage | None:
    """`stage` without its wrappers. None when there is no command left."""
    for _ in range(_DEEPEST):
        if not stage.argv:
            return None
        inner = _inside(stage, native)
        if inner is None or inner.opaque:
            return inner or stage
        stage = inner
    return replace(stage, opaque=True)


def _inside(stage: Stage, native: Native) -> Stage | None:
    """One wrapper less, None when there is none."""
    name, *words = stage.argv
    if name in ("time", "command"):
        return _without(stage, words[1:] if words[:1] == ["-p"] else words)
    if name == "sudo":
        return _without_sudo(stage, words, native)
    if name == "watch":
        return _without_watch(stage, words)
    if name == "timeout":
        return _without_timeout(stage, words, native)
    if name in ("uv", "poetry", "pipenv") and words[:2] == ["run", "celery"]:
        return _without(stage, words[1:])
    if name in ("python", "python3") and words[:2] == ["-m", "celery"]:
        return _without(stage, words[1:])
    return None


def _without(stage: Stage, words: list[str]) -> Stage:
    if words and words[0].startswith("-"):
        return replace(stage, opaque=True)
    return replace(stage, argv=tuple(words))


def _without_sudo(stage: Stage, words: list[str], native: Native) -> Stage:
    """Without `sudo`. As which other user makes no difference to a native form, but does to a program."""
    place = 0
    options: list[str] = []
    while place < len(words) and words[place].startswith("-"):
        if words[place] in ("-u", "--user") and place + 1 < len(words):
            options += words[place : place + 2]
            place += 1
        elif words[place] not in ("-n", "--non-interactive"):
            return replace(stage, argv=("sudo", "-n", *words), opaque=True)
        place += 1
    inner = words[place:]
    # A file may be readable to that user alone, and then our answer would be another.
    reads_as_other = bool(options) and [call.kind for call in native(inner)[:1]] in ([], ["file"], ["sqlite"])
    if not inner or "=" in inner[0]:
        return replace(stage, argv=("sudo", "-n", *options, *inner), opaque=True)
    return replace(stage, argv=tuple(inner), sudo=("sudo", "-n", *options), opaque=reads_as_other)


def _without_watch(stage: Stage, words: list[str]) -> Stage:
    place = 0
    while place < len(words) and words[place].startswith("-"):
        if words[place] not in ("-n", "--interval") and not _WATCH_ALONE.fullmatch(words[place]):
            return replace(stage, opaque=True)
        place += 2 if words[place] in ("-n", "--interval") else 1
    inner = words[place:]
    if len(inner) == 1 and " " in inner[0]:
        return (
            replace(stage, argv=tuple(inner[0].split())) if _PLAIN.fullmatch(inner[0]) else replace(stage, opaque=True)
        )
    return _without(stage, inner)


def _without_timeout(stage: Stage, words: list[str], native: Native) -> Stage:
    """A native form has a time limit anyway; a program keeps the one that it was given."""
    if len(words) < 2 or not re.fullmatch(r"\d{1,4}s?", words[0]) or not native(words[1:]):
        return replace(stage, opaque=True)
    return replace(stage, argv=tuple(words[1:]))
