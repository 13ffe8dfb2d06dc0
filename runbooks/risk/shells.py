"""What the shell itself does: builtins, and other shells that are given code."""

from __future__ import annotations

import re
from dataclasses import replace

from runbooks.risk._environment import harmless_name
from runbooks.risk._options import parsed, reader, shown
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, reads, unknown


def _shell(call: Invocation) -> Verdict:
    """`bash -c 'code'`; a script in a file or on standard input is not known."""
    found = parsed(call.args, "c e u x l i n p r s o= O= norc noprofile login posix version help", stop_at_operand=True)
    if found.has("version", "help"):
        return reads(f"{call.name} prints text")
    if found.strange or found.has("i", "O"):
        return unknown(f"{call.name} is started in a way we do not know")
    if found.has("c"):
        if not found.at:
            return unknown(f"{call.name} -c has no code")
        rest = call.args[found.at[0] + 1 :]
        if any(arg.value is None or arg.value.startswith(("-", "+")) or "=" in arg.value for arg in rest[1:]):
            return unknown("code is given values that are not known here")
        return call.shell(found.at[0])
    if found.has("n") and found.operands:
        return reads(f"{call.name} -n only checks the syntax of a script")
    if found.operands:
        return unknown(f"unknown command: the script {shown(found.operands[0].text)} could do anything")
    if call.piped:
        return unknown(f"{call.name} runs whatever it is fed")
    return asks(f"{call.name} opens a shell for a person")


def _source(call: Invocation) -> Verdict:
    return unknown(f"{call.name} runs a file in this shell, which could do anything")


def _command(call: Invocation) -> Verdict:
    if call.args and call.args[0].text in ("-v", "-V"):
        return reads("command -v tells where a command is")
    index = 1 if call.args and call.args[0].text == "-p" else 0
    return call.inner(index)


def _exec(call: Invocation) -> Verdict:
    if not call.args:
        return reads("exec without a command only redirects")
    if call.args[0].text.startswith("-"):
        return unknown("exec has an option we do not know")
    return call.inner(0)


def _set(call: Invocation) -> Verdict:
    for index, text in enumerate(call.texts):
        if text == "--" and call.texts[index + 1 :]:
            return unknown("set changes the arguments of this shell")
        if not text.startswith(("-", "+")) and not (
            index and re.fullmatch(r"[-+][euxCfEhvn]*o", call.texts[index - 1])
        ):
            return unknown("set changes the arguments of this shell")
        if text.startswith(("-", "+")) and not re.fullmatch(r"[-+][euxoCfEThvn]+|--", text):
            return unknown(f"set has an option we do not know: {shown(text)}")
    return reads("set changes how this shell runs the lines after it", leaks=not call.args)


def _export(call: Invocation) -> Verdict:
    found = parsed(call.args, "p x r g i l u f F a A")
    if found.strange or found.has("f"):
        return unknown(f"{call.name} exports a function")
    if any(
        "\x00" in name or not harmless_name(name) for name in (arg.text.partition("=")[0] for arg in found.operands)
    ):
        return changes(f"{call.name} sets a variable that changes what commands do")
    shows = found.has("p") or not call.args
    return reads(f"{call.name} sets a variable for the lines that follow", leaks=shows and call.name == "export")


def _sets_harmful(call: Invocation) -> bool:
    """Whether one of the words could be a variable that changes what later commands do."""
    return any(
        arg.value is None or not harmless_name(arg.text.partition("=")[0].partition("[")[0], exported=False)
        for arg in call.args
    )


def _read(call: Invocation) -> Verdict:
    if _sets_harmful(call):
        return changes(f"{call.name} sets a variable that changes what commands do")
    if call.piped:
        return reads("read takes a line of its input")
    return asks("read waits for a person to type")


def _trap(call: Invocation) -> Verdict:
    if not call.args or call.args[0].text in ("-", "-l", "-p", ""):
        return reads("trap changes what this shell does with a signal")
    return replace(call.shell(0), edits=())


def _mapfile(call: Invocation) -> Verdict:
    found = parsed(call.args, "t d= n= O= s= u=")
    if found.strange or _sets_harmful(call):
        return unknown(f"{call.name} is used in a way we do not judge")
    return reads(f"{call.name} reads lines into a variable")


def _unset(call: Invocation) -> Verdict:
    if _sets_harmful(call):
        return changes(f"{call.name} changes a variable that changes what commands do")
    return reads(f"{call.name} changes a variable of this shell only")


def _printf(call: Invocation) -> Verdict:
    if call.name == "printf" and call.texts[:1] and call.texts[0].startswith("-v") and _sets_harmful(call):
        return changes("printf -v sets a variable that changes what commands do")
    return reads(f"{call.name} prints text", leaks=_shows_variable(call))


_SECRET_NAME = re.compile(r"pass|secret|token|key|credential|dsn", re.IGNORECASE)


def _shows_variable(call: Invocation) -> bool:
    words = [arg.word for arg in call.args if arg.word is not None]
    return any(_SECRET_NAME.search(name) for word in words for name in word.variables)


def _sleep(call: Invocation) -> Verdict:
    if any(not re.fullmatch(r"\d{1,3}(?:\.\d+)?s?|[1-5]m|\x00", text) for text in call.texts):
        return asks("sleep waits longer than a check may take")
    return reads("sleep only waits")


def _ulimit(call: Invocation) -> Verdict:
    found = parsed(call.args, "a H S c d e f i l m n p q r s t u v x")
    if found.operands or found.strange:
        return changes("ulimit changes the limits of what runs after it")
    return reads("ulimit shows the limits of this shell")


def _umask(call: Invocation) -> Verdict:
    if call.args and call.texts != ["-S"]:
        return changes("umask changes the rights of files made after it")
    return reads("umask shows the mask for new files")


def _alias(call: Invocation) -> Verdict:
    if any("=" in text for text in call.texts):
        return changes("alias changes what later words mean")
    return reads("alias lists the aliases")


def _hash(call: Invocation) -> Verdict:
    if any(text.startswith("-p") for text in call.texts):
        return changes("hash -p changes what a command name means")
    return reads("hash looks commands up")


def _eval(call: Invocation) -> Verdict:
    return unknown("eval runs text that is put together first")


def _enable(call: Invocation) -> Verdict:
    return unknown(f"{call.name} changes what this shell's words mean")


def _shopt(call: Invocation) -> Verdict:
    if any(re.fullmatch(r"-\w*[su]\w*", text) for text in call.texts):
        return _enable(call)
    return reads("shopt shows settings of this shell")


def _su(call: Invocation) -> Verdict:
    """`su - user -c 'code'`."""
    found = parsed(call.args, "c= command= l login m p preserve-environment s= shell= g= group= P pty f fast")
    given = found.get("c", "command")
    if found.strange or found.has("s", "shell"):
        return unknown("su is started in a way we do not know")
    operands = [arg.text for arg in found.operands if arg.text != "-"]
    if given is None or given.value is None or len(operands) > 1:
        return asks("su opens a shell for a person") if given is None else unknown("su is given code in an odd way")
    return call.shell(given.index + 1)


_RUNS_BEFORE_EXIT = ("exit", "return", "break", "continue", "shift", "wait", "true", "false", ":", "test", "[")

TOOLS: dict[str, Judge] = {
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ash", "ksh"), _shell),
    **{name: reader("changes nothing but this shell") for name in _RUNS_BEFORE_EXIT},
    "cd": reader("changes the directory of the lines that follow"),
    "pushd": reader("changes the directory of the lines that follow"),
    "popd": reader("changes the directory of the lines that follow"),
    "dirs": reader("lists directories of this shell"),
    "pwd": reader("prints the directory"),
    "echo": _printf,
    "printf": _printf,
    "export": _export,
    "declare": _export,
    "typeset": _export,
    "local": _export,
    "readonly": _export,
    "unset": _unset,
    "set": _set,
    "shopt": _shopt,
    "enable": _enable,
    "builtin": lambda call: call.inner(0),
    "source": _source,
    ".": _source,
    "command": _command,
    "exec": _exec,
    "eval": _eval,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "trap": _trap,
    "sleep": _sleep,
    "ulimit": _ulimit,
    "umask": _umask,
    "alias": _alias,
    "unalias": _enable,
    "hash": _hash,
    "type": reader("tells what a command is"),
    "which": reader("tells where a command is"),
    "whereis": reader("tells where a command is"),
    "jobs": lambda call: (
        unknown("jobs -x runs a command")
        if any(text[:1] == "-" and "x" in text for text in call.texts)
        else reads("jobs lists jobs of this shell")
    ),
    "history": lambda call: (
        reads("history lists earlier commands", leaks=True)
        if not call.args or re.fullmatch(r"\d+", call.texts[0])
        else changes("history with options changes the history")
    ),
    "let": _unset,
    "getopts": _unset,
    "su": _su,
}
