# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Commands that run the command in their arguments."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from runbooks.document import Risk
from runbooks.risk._environment import harmless_name
from runbooks.risk._options import Parsed, option_names, parsed, shown
from runbooks.risk._verdict import Arg, Edit, Invocation, Judge, Verdict, asks, changes, reads, unknown, worst
from runbooks.shell import HOLE


def _sudo(call: Invocation) -> Verdict:
    """`sudo -n` fails instead of asking for a password, so that is the unattended form."""
    spec = "n u= g= H E S k K v l b i s A p= h= C= T= D= R= non-interactive user= group= preserve-env=? login shell set-home"
    found = parsed(call.args, spec, stop_at_operand=True)
    if found.strange or found.has("b", "preserve-env", "E", "R", "T", "D", "C", "A"):
        return unknown(f"{call.name} has an option we do not judge: {shown(' '.join(call.texts[:2]))}")
    quiet = () if found.has("n", "non-interactive") or call.name == "doas" else (call.put(0, "-n"),)
    if found.has("v", "k", "K"):
        return changes(f"{call.name} -k, -K and -v change how long the password is remembered")
    if found.has("l"):
        return reads("sudo -l lists what this user may do").with_edits(*quiet)
    if not found.operands:
        return asks("sudo opens a shell for a person")
    start = _skip_assignments(call, found.at[0])
    if start is None:
        return unknown("sudo sets a variable that changes what the command does")
    return call.inner(start).with_edits(*quiet)


_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def _skip_assignments(call: Invocation, index: int) -> int | None:
    """The index after `NAME=value` words; None when one of them could change what the command does."""
    while index < len(call.args) and _ASSIGNMENT.match(call.args[index].text):
        if not harmless_name(call.args[index].text.partition("=")[0]):
            return None
        index += 1
    return index


def _env(call: Invocation) -> Verdict:
    found = parsed(call.args, "i u= 0 C= ignore-environment unset= null chdir=", stop_at_operand=True)
    if found.strange:
        return unknown("env has an option we do not judge")
    if not found.operands:
        return reads("env lists the environment", leaks=True)
    start = _skip_assignments(call, found.at[0])
    if start is None:
        return unknown("env sets a variable that changes what the command does")
    if start >= len(call.args):
        return reads("env lists the environment", leaks=True)
    return call.inner(start)


def _simple(spec: str, skip: int = 0) -> Judge:
    """A wrapper whose command follows its options and `skip` operands."""

    def judge(call: Invocation) -> Verdict:
        found = parsed(call.args, spec, stop_at_operand=True)
        if found.strange:
            return unknown(f"{call.name} has an option we do not judge: {shown(found.strange[0])}")
        if len(found.at) <= skip:
            return reads(f"{call.name} does nothing without a command") if not found.at else unknown("no command")
        return call.inner(found.at[skip])

    return judge


def _timeout(call: Invocation) -> Verdict:
    found = parsed(call.args, "s= k= v signal= kill-after= foreground preserve-status verbose", stop_at_operand=True)
    if found.strange or len(found.at) < 2:
        return unknown("timeout is used in a way we do not know")
    inner = call.inner(found.at[1])
    if inner.risk is Risk.READ_ONLY and inner.endless and re.fullmatch(r"\d+(\.\d+)?[sm]?", found.operands[0].text):
        return replace(inner, endless=False, edits=())
    return inner


def _time(call: Invocation) -> Verdict:
    found = parsed(call.args, "p v f= format= o= output= a append", stop_at_operand=True)
    if found.strange or found.has("o", "output", "a", "append"):
        return unknown("time writes a file")
    return call.inner(found.at[0]) if found.at else reads("time measures nothing")


def _nohup(call: Invocation) -> Verdict:
    return worst([changes("nohup leaves a process running and writes nohup.out"), call.inner(0)])


def _watch(call: Invocation) -> Verdict:
    """`watch X` never ends; once is `X`."""
    spec = "n= d=? t b e g c x p interval= differences=? no-title beep errexit chgexit color exec precise no-wrap w"
    found = parsed(call.args, spec, stop_at_operand=True)
    if found.strange or not found.at:
        return unknown("watch is used in a way we do not know")
    first = found.at[0]
    if len(found.operands) == 1 and _is_code(found.operands[0]):
        return _watched_code(call, first)
    inner = call.inner(first)
    if inner.risk is not Risk.READ_ONLY:
        return inner
    edits = [edit for edit in inner.edits if edit.start >= call.args[first].start]
    return replace(
        inner,
        endless=True,
        reason="watch repeats a command until it is stopped",
        edits=(Edit(call.start, call.args[first].start, ""), *edits),
    )


def _is_code(arg: Arg) -> bool:
    return bool(re.search(r"[\s|;&<>$]", arg.text))


def _watched_code(call: Invocation, index: int) -> Verdict:
    arg = call.args[index]
    inner = call.shell(index)
    if inner.risk is not Risk.READ_ONLY or arg.value is None:
        return replace(inner, endless=inner.risk is Risk.READ_ONLY, edits=())
    text = arg.value
    if inner.edits:
        text = shlex.split(inner.edits[0].text)[0]
    return replace(
        inner,
        endless=True,
        reason="watch repeats a command until it is stopped",
        edits=(Edit(call.start, arg.end, text),),
    )


def _xargs(call: Invocation) -> Verdict:
    """xargs adds what it reads to the command, as operands or in place of `{}`."""
    spec = (
        "0 r t x p n= P= I= i=? L= l=? s= d= E= a= null no-run-if-empty verbose exit max-args= max-procs= replace=? "
        "delimiter= max-lines=? max-chars= arg-file= interactive"
    )
    found = parsed(call.args, spec, stop_at_operand=True)
    if found.strange:
        return unknown(f"xargs has an option we do not judge: {shown(found.strange[0])}")
    if not found.at:
        return reads("xargs prints what it is fed")
    marker = _marker(found)
    inner = list(call.args[found.at[0] :])
    where = inner[-1]
    fed = call.stdin.split() if call.stdin is not None else None
    added = [_word(where, text) for text in fed] if fed else [_word(where, HOLE)]
    if marker:
        if inner[0].text.find(marker) >= 0:
            return unknown("xargs runs whatever it is fed")
        for line in (call.stdin or "").splitlines():
            if line.strip().startswith(("-", "+")) or "=" in line or re.search(r"(?<!http)(?<!https)://", line):
                return unknown("xargs puts an option into the command")
        inner = [_word(arg, arg.text.replace(marker, HOLE)) if marker in arg.text else arg for arg in inner]
        if any(HOLE in arg.text and arg.text != HOLE and _is_code(arg) for arg in inner):
            return unknown("xargs puts what it is fed into code")
    else:
        inner += added
    if len(inner) > 1 and inner[1].text == HOLE and inner[0].value not in _TAKES_OPERANDS:
        return _verbless(call, inner)
    verdict = call.walker.command(inner, None, False, call.start)
    return replace(verdict, edits=())


_TAKES_OPERANDS = {
    "echo", "ls", "cat", "head", "tail", "grep", "egrep", "fgrep", "zgrep", "stat", "file", "wc", "du", "md5sum",
    "sha256sum", "sha1sum", "basename", "dirname", "ps", "dig", "host", "nslookup", "ping", "readlink", "realpath",
    "zcat", "printf", "strings", "jq", "rm", "kill", "pgrep", "lsof", "curl", "id",
}  # fmt: skip


def _verbless(call: Invocation, inner: list[Arg]) -> Verdict:
    verdict = call.walker.command(inner, None, False, call.start)
    if verdict.risk is Risk.READ_ONLY:
        return unknown("xargs decides what the command does by what it is fed")
    return replace(verdict, edits=())


def _marker(found: Parsed) -> str:
    option = found.get("I", "i", "replace")
    if option is None:
        return ""
    return option.text or "{}"


def _word(like: Arg, text: str) -> Arg:
    return replace(like, text=text, value=None if HOLE in text else text, word=None, globs=False, braces=False)


def _ssh(call: Invocation) -> Verdict:
    """`ssh host command`: the remote shell reads the words joined by spaces."""
    spec = "4 6 A a C g K k N n q s T t v V X x Y y G f M b= c= D= E= e= F= I= i= J= L= l= m= O= o= p= P= Q= R= S= W= w= B="
    found = parsed(call.args, spec, stop_at_operand=True)
    if found.has("V", "Q", "G") and not found.strange:
        return reads("ssh prints its own settings")
    if found.strange or found.has("L", "R", "D", "W", "w", "O", "M", "f", "N", "E", "F", "I"):
        return unknown("ssh opens a tunnel or is used in a way we do not judge")
    if any(_runs_locally(option.text) for option in found.options if option.name == "o"):
        return unknown("ssh is told to run something of its own")
    if not found.operands or found.operands[0].text.startswith("-"):
        return unknown("ssh has no host")
    start = _after_host(call, found.at[0] + 1, spec)
    if start is None:
        return unknown("ssh opens a tunnel or is used in a way we do not judge")
    if start >= len(call.args):
        return unknown("ssh runs whatever it is fed") if call.piped else asks("ssh opens a shell for a person")
    batch = call.put(0, "-o BatchMode=yes -o ConnectTimeout=10")
    return _remote(call, start).with_edits(batch)


def _after_host(call: Invocation, index: int, spec: str) -> int | None:
    """Where the remote command begins: OpenSSH takes options after the host as well."""
    names = option_names(spec)
    while index < len(call.args) and call.texts[index].startswith("-"):
        text = call.texts[index]
        if text == "--":
            return index + 1
        letter = text[1:2]
        if letter not in names or letter in "LRDWwOMfNEFI" or (letter == "o" and _runs_locally(text[2:] or None)):
            return None
        index += 2 if names[letter] == "=" and len(text) == 2 else 1
    return index


def _runs_locally(text: str | None) -> bool:
    lowered = (text or HOLE).lower().replace(" ", "=")
    return HOLE in lowered or lowered.partition("=")[0] not in {
        "batchmode", "connecttimeout", "stricthostkeychecking", "userknownhostsfile", "loglevel", "port", "user",
        "serveraliveinterval", "identityfile", "connectionattempts", "identitiesonly", "passwordauthentication",
        "hostname", "addressfamily", "compression", "forwardagent", "serveralivecountmax", "proxyjump",
        "pubkeyauthentication", "preferredauthentications", "hostkeyalgorithms", "requesttty",
    }  # fmt: skip


def _remote(call: Invocation, index: int) -> Verdict:
    """The words after the host are joined and read once more by a shell on the other side."""
    if index == len(call.args) - 1:
        return call.shell(index)
    args = call.args[index:]
    if any((arg.quoted and _is_code(arg)) or arg.globs or arg.braces for arg in args):
        joined = _joined(call, args)
        if joined is None:
            return unknown("ssh puts code together from values that are not known here")
        return replace(call.walker.code(joined), edits=())
    return call.inner(index)


def _joined(call: Invocation, args: tuple[Arg, ...]) -> Arg | None:
    texts = [call.walker.filled(arg) for arg in args]
    if any(text is None for text in texts):
        return None
    text = " ".join(text or "" for text in texts)
    return replace(args[0], text=text, value=text, end=args[-1].end, word=None)


def _flock(call: Invocation) -> Verdict:
    return unknown("flock makes a lock file and runs a command under it")


def _parallel(call: Invocation) -> Verdict:
    return unknown(f"{call.name} puts commands together from what it is fed")


def _nsenter(call: Invocation) -> Verdict:
    spec = "t= target= m=? mount=? u=? uts=? i=? ipc=? n=? net=? p=? pid=? U=? user=? C=? cgroup=? a all r=? w=? root=? wd=?"
    found = parsed(call.args, spec, stop_at_operand=True)
    if found.strange:
        return unknown("nsenter has an option we do not judge")
    return call.inner(found.at[0]) if found.at else asks("nsenter opens a shell for a person")


def _runuser(call: Invocation) -> Verdict:
    found = parsed(call.args, "u= user= l login c= command= g= s= shell= P pty", stop_at_operand=True)
    if found.strange or found.has("s", "shell"):
        return unknown("runuser is used in a way we do not judge")
    code = found.get("c", "command")
    if code is not None and code.value is not None:
        return call.shell(code.index + 1)
    if found.has("u", "user") and found.at:
        return call.inner(found.at[0])
    late = next((at for at, arg in enumerate(call.args) if arg.text in ("-c", "--command")), None)
    if late is not None and late + 1 < len(call.args) and found.at and late - found.at[0] <= 2:
        return call.shell(late + 1)
    return asks("runuser opens a shell for a person")


def _gosu(call: Invocation) -> Verdict:
    """`gosu user command`, `envdir folder command`."""
    return call.inner(1)


TOOLS: dict[str, Judge] = {
    "sudo": _sudo,
    "doas": _sudo,
    "env": _env,
    "time": _time,
    "timeout": _timeout,
    "gtimeout": _timeout,
    "nice": _simple("n= adjustment="),
    "ionice": _simple("c= n= t class= classdata= ignore"),
    "stdbuf": _simple("i= o= e= input= output= error="),
    "unbuffer": _simple(""),
    "setsid": _simple("w wait f c"),
    "chrt": _simple("b f i o r p d a", skip=1),
    "taskset": _simple("c a", skip=1),
    "chroot": _simple("userspec= groups=", skip=1),
    "catchsegv": _simple(""),
    "nohup": _nohup,
    "watch": _watch,
    "xargs": _xargs,
    "ssh": _ssh,
    "flock": _flock,
    "parallel": _parallel,
    "pssh": _parallel,
    "pdsh": _parallel,
    "clush": _parallel,
    "nsenter": _nsenter,
    "runuser": _runuser,
    "gosu": _gosu,
    "envdir": _gosu,
    "chpst": _simple("u= U= e= / n= l= L= m= d= o= p= f= c= r= t= v P 0 1 2"),
    "su-exec": _gosu,
}
