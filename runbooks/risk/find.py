# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""`find` and its relatives: readers until an action says otherwise."""

from __future__ import annotations

from dataclasses import replace

from runbooks.document import Risk
from runbooks.risk._options import changer, reader, shown
from runbooks.risk._verdict import Arg, Invocation, Judge, Verdict, changes, destroys, reads, unknown, worst
from runbooks.shell import HOLE

_PLAIN = {"-print", "-print0", "-ls", "-prune", "-quit", "-depth", "-d", "-mount", "-xdev", "-follow", "-daystart", "-noleaf", "-ignore_readdir_race", "-empty", "-executable", "-readable", "-writable", "-nouser", "-nogroup", "-true", "-false", "-not", "-a", "-and", "-o", "-or", "!", "(", ")", ",", "-H", "-L", "-P", "-warn", "-nowarn", "-X", "-s", "-x", "-E", "-O0", "-O1", "-O2", "-O3"}  # fmt: skip
_VALUED = {
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-iwholename",
    "-regex",
    "-iregex",
    "-lname",
    "-ilname",
    "-type",
    "-xtype",
    "-size",
    "-mtime",
    "-atime",
    "-ctime",
    "-mmin",
    "-amin",
    "-cmin",
    "-newer",
    "-anewer",
    "-cnewer",
    "-user",
    "-group",
    "-uid",
    "-gid",
    "-perm",
    "-links",
    "-inum",
    "-samefile",
    "-fstype",
    "-maxdepth",
    "-mindepth",
    "-used",
    "-regextype",
    "-printf",
    "-newermt",
    "-newerat",
    "-newerct",
    "-context",
    "-D",
    "-flags",
    "-mnewer",
    "-newermm",
    "-newerBt",
}
_EXECUTES = {"-exec", "-execdir", "-ok", "-okdir"}


def _find(call: Invocation) -> Verdict:
    verdicts = [reads("find looks for files")]
    index, expression = 0, False
    args = call.args
    while index < len(args):
        arg = args[index]
        text = arg.text
        if text == "-delete":
            return destroys("find -delete deletes files")
        if text in _EXECUTES:
            end = next((at for at in range(index + 1, len(args)) if args[at].text in (";", "+")), len(args))
            verdicts.append(_executed(call, index, args[index + 1 : end]))
            index = end + 1
            continue
        if text in _VALUED:
            expression = True
            index += 2
            continue
        if text.startswith("-") or text in ("(", ")", "!", ","):
            if text not in _PLAIN:
                return changes(f"find {shown(text)} writes a file or is not known")
            expression = True
        elif expression or arg.braces or (arg.hole and index > 0) or text.startswith("*"):
            return unknown("find has an argument whose meaning is not known here")
        index += 1
    return worst(verdicts)


def _executed(call: Invocation, index: int, inner: tuple[Arg, ...]) -> Verdict:
    if not inner or args_holes(inner[0]) or "{}" in inner[0].text:
        return unknown("find runs the files it finds")
    filled = tuple(
        replace(arg, text=arg.text.replace("{}", HOLE), value=None, word=None) if "{}" in arg.text else arg
        for arg in inner
    )
    if any(HOLE in arg.text and len(arg.text) > 60 for arg in filled):
        return unknown("find puts file names into code")
    verdict = replace(call.walker.command(filled, None, False, call.args[index].end), edits=())
    if verdict.risk is Risk.READ_ONLY and verdict.endless:
        return unknown("find runs a command that does not end")
    return verdict


def args_holes(arg: Arg) -> bool:
    return arg.value is None


def _fd(call: Invocation) -> Verdict:
    for text in call.texts:
        if text.startswith(("-x", "-X", "--exec")) or (
            text.startswith("-") and not text.startswith("--") and set(text[1:]) & {"x", "X"}
        ):
            return unknown("fd runs a command on what it finds")
    return reads("fd looks for files")


TOOLS: dict[str, Judge] = {
    "find": _find,
    "gfind": _find,
    "fd": _fd,
    "fdfind": _fd,
    "locate": reader("looks a file name up", options="b c i l= n= r= e q w d= limit= count ignore-case regex"),
    "plocate": reader("looks a file name up", options="b c i l= n= r= e q w limit= count ignore-case regex"),
    "updatedb": changer("rebuilds the index of file names"),
}
