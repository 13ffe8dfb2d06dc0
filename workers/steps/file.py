"""Looking at files and folders of the worker's own host, without starting a program.

args: {op: cat|head|tail|grep|ls|du|find|wc|stat, path, pattern|None, ignore_case, fixed, extended, invert, count,
lines|None, depth|None, roots[], host}. `host` must be "local", `path` absolute and, with all links followed, below
one of `roots`. A file of any size costs little: `cat` reads its beginning and end, `tail` its end, `grep` its last
256 MiB. `exit_code` is what the program of that name would have ended with.
"""

from __future__ import annotations

import fnmatch
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from workers.caps import Capped, one_line
from workers.filters import Unsupported, matcher_of
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import Watch, bounded, bytes_of, could_not_run, failed, seconds_of, table
from workers.steps._logs import errors_of
from workers.steps._paths import NotAllowed, allowed_path, opened
from workers.steps.argv import not_local

MOST_SEARCHED = 256 * 1024 * 1024
MOST_ENTRIES = 1000
LONGEST_LINE = 65536
BLOCK = 262144
LINES = 10


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Look, within the roots."""
    path = str(args.get("path") or "")
    look = _OPS.get(str(args.get("op")))
    elsewhere = not_local(args.get("host"))
    if elsewhere:
        return could_not_run(elsewhere, path)
    if look is None or not path:
        return could_not_run(f"there is no file check {args.get('op')} of `{path}`", path)
    return bounded(context, lambda watch: _guarded(look, args, path, watch), subject=path)


def _guarded(
    look: Callable[[Mapping[str, Any], str, Watch], Outcome], args: Mapping[str, Any], path: str, watch: Watch
) -> Outcome:
    try:
        return look(args, path, watch)
    except FileNotFoundError:
        # To `ls` it is the answer; a log that is not there tells nothing of what it would have told.
        gone = f"{path} is not there"
        return failed(gone, path, exit_code=1) if args.get("op") in _LOOK_FOR else could_not_run(gone, path)
    except PermissionError:
        return could_not_run(f"{path} may not be read by this worker", path)
    except IsADirectoryError:
        return could_not_run(f"{path} is a folder", path)
    except NotAllowed as outside:
        return could_not_run(str(outside), path)
    except Unsupported as unknown:
        return could_not_run(f"not searched: {unknown}", path)
    except OSError as failure:
        return failed(f"{path}: {failure.strerror}", path, exit_code=1)


def _open(args: Mapping[str, Any], path: str) -> BinaryIO:
    return os.fdopen(opened(path, args.get("roots")), "rb")


def _shown(summary: str, output: str, findings: tuple[Finding, ...] = (), *, truncated: bool = False) -> Outcome:
    return Outcome(Result.SUCCEEDED, summary, output, 0, findings, truncated)


def _cat(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    with _open(args, path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8192)
        if b"\0" in start:
            return _shown(f"{path} is binary, {bytes_of(size)}", f"binary, begins with {start[:64].hex(' ')}")
        kept = Capped(watch.context.output_cap)
        kept.write(start)
        if size > 4 * watch.context.output_cap:
            kept.write(file.read(watch.context.output_cap))
            kept.skip(size - file.tell() - watch.context.output_cap)
            file.seek(size - watch.context.output_cap)
        for block in _blocks(file, watch, MOST_SEARCHED):
            kept.write(block)
    text = kept.text()
    return _shown(f"{path}: {bytes_of(size)}", text, _trouble(text, path), truncated=kept.truncated)


def _head(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    count = _count(args)
    with _open(args, path) as file:
        kept = Capped(watch.context.output_cap)
        for _ in range(count):
            line = file.readline(LONGEST_LINE)
            watch.left()
            if not line:
                break
            kept.write(line)
    return _shown(f"{path}: the first {count} lines", kept.text(), truncated=kept.truncated)


def _tail(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    count = _count(args)
    with _open(args, path) as file:
        raw = _last_lines(file, count, max(4 * watch.context.output_cap, 1024 * 1024), watch)
    kept = Capped(watch.context.output_cap)
    kept.write(raw)
    text = kept.text()
    return _shown(f"{path}: the last {count} lines", text, _trouble(text, path), truncated=kept.truncated)


def _last_lines(file: BinaryIO, count: int, most: int, watch: Watch) -> bytes:
    at = file.seek(0, os.SEEK_END)
    found = b""
    while at > 0 and found.count(b"\n") <= count and len(found) < most:
        watch.left()
        step = min(BLOCK, at)
        at -= step
        file.seek(at)
        found = file.read(step) + found
    return b"".join(found.splitlines(keepends=True)[-count:]) if count else b""


def _grep(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    pattern = str(args.get("pattern") or "")
    flags = frozenset(letter for letter, key in (("i", "ignore_case"), ("F", "fixed")) if args.get(key))
    found, invert = matcher_of("egrep" if args.get("extended") else "grep", [pattern], flags), bool(args.get("invert"))
    kept, hits = Capped(max(watch.context.output_cap, 1024 * 1024)), 0
    with _open(args, path) as file:
        skipped = max(os.fstat(file.fileno()).st_size - MOST_SEARCHED, 0)
        file.seek(skipped)
        for line in _lines(file, watch):
            if found(line.decode("utf-8", "backslashreplace").rstrip("\n")) != invert:
                hits += 1
                kept.write(line if line.endswith(b"\n") else line + b"\n")
    text = kept.text()
    summary = (
        f"{hits} line{'s' * (hits != 1)} of {path} match `{one_line(pattern, 60)}`"
        if hits
        else f"no line of {path} matches `{one_line(pattern, 60)}`"
    )
    findings = [Finding(Level.INFO if hits else Level.OK, summary, path), *(_trouble(text, path) if not invert else ())]
    if skipped:
        findings.append(Finding(Level.INFO, f"only the last {bytes_of(MOST_SEARCHED)} of {path} were searched", path))
    output = f"{hits}\n" if args.get("count") else text
    return Outcome(Result.SUCCEEDED, summary, output, 0 if hits else 1, tuple(findings), kept.truncated)


def _lines(file: BinaryIO, watch: Watch) -> Iterator[bytes]:
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b"")):
        if number % 1000 == 0:
            watch.left()
        yield line


def _blocks(file: BinaryIO, watch: Watch, most: int) -> Iterator[bytes]:
    while most > 0 and (block := file.read(min(BLOCK, most))):
        watch.left()
        most -= len(block)
        yield block


def _wc(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    lines = words = size = 0
    in_word = False
    with _open(args, path) as file:
        for block in _blocks(file, watch, 16 * MOST_SEARCHED):
            lines += block.count(b"\n")
            words += len(block.split()) - (in_word and not block[:1].isspace())
            size += len(block)
            in_word = not block[-1:].isspace()
    text = f"{path} has {lines} lines, {words} words, {bytes_of(size)}"
    return _shown(text, f"{lines} {path}\n", (Finding(Level.INFO, text, path),))


def _ls(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    real = allowed_path(path, args.get("roots"))
    if not real.is_dir():
        return _stat(args, path, watch)
    rows, newest, count = list[tuple[str, str, str, str]](), (0.0, ""), 0
    with os.scandir(real) as entries:
        for entry in entries:
            watch.left()
            count += 1
            with suppress(OSError):
                facts = entry.stat(follow_symlinks=False)
                newest = max(newest, (facts.st_mtime, entry.name))
                if len(rows) < MOST_ENTRIES:
                    rows.append(
                        (entry.name, stat.filemode(facts.st_mode), bytes_of(facts.st_size), _when(facts.st_mtime))
                    )
    findings: tuple[Finding, ...] = ()
    if newest[1]:
        text = f"the newest entry of {path} is {one_line(newest[1], 80)}, {_ago(newest[0])} old"
        findings = (Finding(Level.INFO, text, path),)
    lines = [(mode, size, when, one_line(name)) for name, mode, size, when in sorted(rows)]
    output = table(("MODE", "SIZE", "CHANGED", "NAME"), lines)
    return _shown(f"{path} holds {count} entries", output, findings, truncated=count > len(rows))


def _stat(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    real = allowed_path(path, args.get("roots"))
    facts = real.lstat()
    owner = str(facts.st_uid)
    with suppress(KeyError):
        owner = pwd.getpwuid(facts.st_uid).pw_name
    lines = [
        f"path: {path}",
        f"size: {facts.st_size} bytes",
        f"mode: {stat.filemode(facts.st_mode)}",
        f"owner: {owner}",
        f"changed: {_when(facts.st_mtime)}",
    ]
    text = f"{path}: {bytes_of(facts.st_size)}, changed {_ago(facts.st_mtime)} ago"
    empty = stat.S_ISREG(facts.st_mode) and facts.st_size == 0
    finding = Finding(Level.WARN, f"{path} is empty", path) if empty else Finding(Level.INFO, text, path)
    return _shown(text, "\n".join(lines), (finding,))


def _du(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    real = allowed_path(path, args.get("roots"))
    sizes: dict[str, int] = {}
    for folder, size in _walk(real, watch):
        top = next(iter(folder.relative_to(real).parts), ".")
        sizes[top] = sizes.get(top, 0) + size
    total = sum(sizes.values())
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:MOST_ENTRIES]
    if not args.get("depth"):
        largest = []
    rows = [(bytes_of(size), one_line(path if top == "." else f"{path.rstrip('/')}/{top}")) for top, size in largest]
    text = f"{path} takes {bytes_of(total)}"
    return _shown(text, table(("SIZE", "PATH"), [*rows, (bytes_of(total), path)]), (Finding(Level.INFO, text, path),))


def _walk(root: Path, watch: Watch) -> Iterator[tuple[Path, int]]:
    """Folders below a root, links not followed, with what their own files take on disk."""
    if not root.is_dir():
        yield root, root.lstat().st_blocks * 512
        return
    for folder, _, names in os.walk(root, followlinks=False):
        watch.left()
        own = 0
        for name in names:
            with suppress(OSError):
                own += Path(folder, name).lstat().st_blocks * 512
        yield Path(folder), own


def _find(args: Mapping[str, Any], path: str, watch: Watch) -> Outcome:
    real = allowed_path(path, args.get("roots"))
    pattern = str(args.get("pattern") or "*")
    found: list[str] = []
    for folder, folders, names in os.walk(real, followlinks=False):
        watch.left()
        matching = (name for name in sorted([*folders, *names]) if fnmatch.fnmatchcase(name, pattern))
        found += [str(Path(path) / Path(folder, name).relative_to(real)) for name in matching]
        if len(found) > MOST_ENTRIES:
            break
    output = "\n".join(one_line(name, 500) for name in found[:MOST_ENTRIES])
    text = f"{len(found) if len(found) <= MOST_ENTRIES else f'more than {MOST_ENTRIES}'} entries below {path}"
    return _shown(text, output, (Finding(Level.INFO, text, path),), truncated=len(found) > MOST_ENTRIES)


def _count(args: Mapping[str, Any]) -> int:
    """How many lines are wanted. `-n +5` is not offered; the sign of `-5` is how some write it."""
    text = str(args.get("lines") or LINES).lstrip("-+")
    return min(int(text), 100_000) if text.isdigit() else LINES


def _trouble(text: str, path: str) -> tuple[Finding, ...]:
    return tuple(errors_of(text, path))


def _when(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _ago(stamp: float) -> str:
    return seconds_of(max(round(time.time() - stamp), 1))


_LOOK_FOR = frozenset({"ls", "stat", "find", "du"})
_OPS: Mapping[str, Callable[[Mapping[str, Any], str, Watch], Outcome]] = {
    "cat": _cat,
    "head": _head,
    "tail": _tail,
    "grep": _grep,
    "ls": _ls,
    "du": _du,
    "find": _find,
    "wc": _wc,
    "stat": _stat,
}
