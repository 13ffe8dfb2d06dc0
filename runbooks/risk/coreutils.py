# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Files and the machine, as coreutils and their neighbours show or change them."""

from __future__ import annotations

import re

from runbooks.risk._options import changer, destroyer, parsed, reader, shown
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown


def _date(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "u R I=? d= r= s= f= j v= n utc universal rfc-email rfc-2822 iso-8601=? rfc-3339= date= reference= set= debug",
    )
    if found.strange or found.has("s", "set"):
        return changes("date -s sets the clock")
    if any(not arg.text.startswith("+") for arg in found.operands) and not found.has("j", "d", "date", "v"):
        return changes("date with a time sets the clock")
    return reads("date prints the time")


def _hostname(call: Invocation) -> Verdict:
    found = parsed(call.args, "f s d i I A a y fqdn long short domain ip-address all-ip-addresses all-fqdns alias nis")
    if found.operands or found.strange:
        return changes("hostname with a name changes the machine's name")
    return reads("hostname prints the machine's name")


def _tail(call: Invocation) -> Verdict:
    """`tail -f` never ends; the last 200 lines do."""
    spec = "f F n= c= q v z s= follow=? retry lines= bytes= quiet silent verbose zero-terminated pid= sleep-interval="
    values = {at + 1 for at, text in enumerate(call.texts) if text in ("-n", "-c", "-s", "--lines", "--bytes", "--pid")}
    numbers = [at for at, text in enumerate(call.texts) if at not in values and re.fullmatch(r"[-+]\d+[fF]?", text)]
    args = tuple(arg for at, arg in enumerate(call.args) if at not in numbers)
    found = parsed(args, spec + " r b")
    if found.strange:
        return unknown(f"tail has an option we do not know: {shown(found.strange[0])}")
    limited = bool(numbers) or found.has("n", "c", "lines", "bytes")
    verdict = reads("tail prints the end of a file")
    if not (found.has("f", "F", "follow") or any(call.texts[at][-1] in "fF" for at in numbers)):
        return verdict
    edits = [] if limited else [call.put(0, "-n 200")]
    for at, text in enumerate(call.texts):
        if text.partition("=")[0] in ("--follow", "--retry") or text in ("-f", "-F"):
            edits.append(call.without(at))
        elif re.fullmatch(r"[-+]\d+[fF]", text):
            edits.append(call.instead(at, text[:-1]))
        elif re.fullmatch(r"-[fFqvz]*[fF][fFqvz]*(n\d*|c\d*)?", text):
            edits.append(call.instead(at, "-" + re.sub("[fF]", "", text[1:])))
    return Verdict(verdict.risk, "tail -f follows a file and never ends", endless=True, edits=tuple(edits))


_NEVER_EMPTY = re.compile(r"/dev/(?:zero|full|u?random|tty\w*|pts/\d+|stdin|input/.*|watchdog\d*|kmsg|tcp/.*|udp/.*)")


def _cat(call: Invocation) -> Verdict:
    if any(_NEVER_EMPTY.fullmatch(text) for text in call.texts):
        return asks("cat of a device never ends")
    return reads("cat prints files")


def _sort(call: Invocation) -> Verdict:
    spec = (
        "b d f g h i M n R r V c C m s u z k= t= S= T= ignore-leading-blanks dictionary-order ignore-case reverse unique "
        "general-numeric-sort human-numeric-sort numeric-sort version-sort key= field-separator= stable check=? merge "
        "zero-terminated buffer-size= parallel= random-sort month-sort"
    )
    found = parsed(call.args, spec)
    if found.strange:
        return unknown(f"sort with {shown(found.strange[0])} may write a file")
    return reads("sort sorts lines")


def _uniq(call: Invocation) -> Verdict:
    found = parsed(
        call.args, "c d D u i z f= s= w= count repeated unique ignore-case skip-fields= skip-chars= check-chars="
    )
    if found.strange or len(found.operands) > 1:
        return unknown("uniq with a second file writes it")
    return reads("uniq drops repeated lines")


def _tee(call: Invocation) -> Verdict:
    found = parsed(call.args, "a i p append ignore-interrupts")
    if all(arg.value in ("/dev/null", "/dev/stderr", "/dev/stdout", "/dev/tty") for arg in found.operands):
        return reads("tee copies its input to its output")
    return changes("tee writes files")


def _truncating(call: Invocation) -> Verdict:
    return destroys(f"{call.name} overwrites data for good")


def _xxd(call: Invocation) -> Verdict:
    found = parsed(call.args, "a b c= e g= i l= o= p s= u ps")
    if found.strange or len(found.operands) > 1:
        return unknown("xxd may write a file")
    return reads("xxd prints bytes")


def _split(call: Invocation) -> Verdict:
    return changes(f"{call.name} writes files")


def _stty(call: Invocation) -> Verdict:
    if all(text in ("-a", "size", "--all") for text in call.texts):
        return reads("stty shows the terminal's settings")
    return changes("stty changes the terminal")


def _pager(call: Invocation) -> Verdict:
    """A pager waits for keys (and can start programs); `cat` shows the same."""
    from runbooks.document import Risk
    from runbooks.risk._verdict import Edit

    found = parsed(call.args, "R S N F X i I n M r e E")
    if found.strange or any(text.startswith("+") for text in call.texts):
        return asks(f"{call.name} waits for keys and can start other programs")
    if not found.operands:
        return Verdict(
            Risk.READ_ONLY,
            f"{call.name} waits for a person to page through",
            endless=True,
            edits=(Edit(call.start, call.end if not call.args else call.args[-1].end, "cat"),),
        )
    files = [found.at[0], found.at[-1]]
    return Verdict(
        Risk.READ_ONLY,
        f"{call.name} waits for a person to page through",
        endless=True,
        edits=(Edit(call.start, call.args[files[0]].start, "tail -n 200 "),),
    )


def _clock(call: Invocation) -> Verdict:
    if all(text in ("-r", "--show", "--verbose", "-v", "--utc", "-u") for text in call.texts):
        return reads("hwclock shows the hardware clock")
    return changes("hwclock sets a clock")


def _yes(call: Invocation) -> Verdict:
    if call.into:
        return reads("yes answers prompts for the command after it")
    return asks("yes never ends")


def _sha(call: Invocation) -> Verdict:
    return reads(f"{call.name} prints checksums")


def _numfmt(does: str) -> Judge:
    return reader(does)


TOOLS: dict[str, Judge] = {
    "ls": reader("lists files"),
    "ll": reader("lists files"),
    "dir": reader("lists files"),
    "cat": _cat,
    "tac": reader("prints files backwards"),
    "nl": reader("prints files with line numbers"),
    "head": reader("prints the beginning of a file"),
    "tail": _tail,
    "wc": reader("counts lines and words"),
    "stat": reader("shows facts about files"),
    "file": reader("tells the type of files", options="b i L k z r s h 0 m= f= F= mime mime-type brief dereference"),
    "du": reader("shows the size of files"),
    "df": reader("shows free disk space"),
    "readlink": reader("shows where a link points"),
    "realpath": reader("shows the real path of a file"),
    "basename": reader("prints part of a path"),
    "dirname": reader("prints part of a path"),
    "date": _date,
    "cal": reader("prints a calendar"),
    "uptime": reader("shows load and time since boot"),
    "uname": reader("shows the kernel's name and version"),
    "arch": reader("shows the processor type"),
    "nproc": reader("shows the number of processors"),
    "getconf": reader("shows system limits"),
    "whoami": reader("shows the user"),
    "id": reader("shows a user's groups"),
    "groups": reader("shows a user's groups"),
    "who": reader("shows who is logged in"),
    "w": reader("shows who is logged in"),
    "users": reader("shows who is logged in"),
    "last": reader("shows earlier logins"),
    "lastb": reader("shows failed logins"),
    "lastlog": reader("shows earlier logins", options="b= t= u= before= time= user="),
    "getent": reader("looks up an entry of the system's databases"),
    "tty": reader("shows the terminal's name"),
    "printenv": reader("lists the environment", leaks=True),
    "hostname": _hostname,
    "hostid": reader("shows the machine's id"),
    "dnsdomainname": reader("shows the domain"),
    "free": lambda call: _repeating(call, "shows memory use", "s c seconds count"),
    "tee": _tee,
    "sort": _sort,
    "uniq": _uniq,
    "comm": reader("compares sorted files"),
    "cmp": reader("compares files"),
    "diff": reader("compares files", writing="output="),
    "diff3": reader("compares files"),
    "sdiff": reader("compares files", options="s w= l i b B W suppress-common-lines width= left-column"),
    "colordiff": reader("compares files"),
    "join": reader("joins files"),
    "paste": reader("joins files"),
    "fold": reader("wraps lines"),
    "fmt": reader("wraps lines"),
    "expand": reader("turns tabs into spaces"),
    "unexpand": reader("turns spaces into tabs"),
    "column": reader("lays text out in columns"),
    "rev": reader("reverses lines"),
    "seq": lambda call: asks("seq inf never ends") if any("inf" in text.lower() for text in call.texts) else reads("seq prints numbers"),
    "shuf": reader("shuffles lines", options="e i= n= r z echo input-range= head-count= repeat zero-terminated"),
    "numfmt": reader("formats numbers"),
    "od": reader("prints bytes"),
    "hexdump": reader("prints bytes"),
    "hd": reader("prints bytes"),
    "xxd": _xxd,
    "strings": reader("prints text found in a file"),
    "base64": reader("encodes or decodes text", options="d D i w= decode ignore-garbage wrap= b="),
    "base32": reader("encodes or decodes text", options="d i w= decode ignore-garbage wrap="),
    **{
        name: reader("prints checksums")
        for name in ("md5sum", "sha1sum", "sha256sum", "sha512sum", "sha224sum", "sha384sum", "cksum", "sum", "b2sum")
    },
    "shasum": reader("prints checksums"),
    "md5": reader("prints checksums"),
    "factor": reader("computes a number"),
    "expr": reader("computes a value"),
    "tree": reader("lists files", options="a d f i p s h u g D F r t L= P= I= C n x l N q noreport du si dirsfirst sort= J X prune filelimit= charset= gitignore"),
    "pathchk": reader("checks names"),
    "namei": reader("shows the rights along a path"),
    "lsattr": reader("shows attributes of files"),
    "getfacl": reader("shows rights of files"),
    "getfattr": reader("shows attributes of files"),
    "getcap": reader("shows capabilities of files"),
    "clear": reader("clears the screen"),
    "yes": _yes,
    "stty": _stty,
    "less": _pager,
    "more": _pager,
    "most": _pager,
    "hwclock": _clock,
    **{name: changer("makes or moves files") for name in ("cp", "install", "ln", "link", "mkdir", "mkfifo", "mknod", "touch", "mktemp", "rename")},
    "mv": changer("moves files, over whatever is there"),
    **{name: changer("changes who may use files") for name in ("chmod", "chown", "chgrp", "setfacl", "chattr", "setfattr", "setcap", "chcon", "restorecon", "semanage", "setsebool")},
    **{name: changer("writes files") for name in ("split", "csplit", "patch", "sponge", "dos2unix", "unix2dos")},
    "iconv": reader("converts text", options="f= t= c s l from-code= to-code= list silent"),
    "rm": destroyer("deletes files"),
    "rmdir": changer("removes empty directories"),
    "unlink": destroyer("deletes a file"),
    "shred": destroyer("overwrites files for good"),
    "truncate": destroyer("cuts files, and what is cut is gone"),
    "wipe": destroyer("overwrites data for good"),
    "srm": destroyer("overwrites files for good"),
    "dd": destroyer("writes raw data over whatever is there"),
    "sync": changer("makes the disks write what is buffered"),
    **{name: changer("changes a user or group") for name in ("useradd", "adduser", "usermod", "groupadd", "addgroup", "groupmod", "gpasswd", "chage", "passwd", "chpasswd", "chsh", "chfn", "newgrp", "vipw")},
    **{name: destroyer("removes a user or group") for name in ("userdel", "deluser", "groupdel", "delgroup")},
    **{name: changer("stops or restarts the whole machine") for name in ("reboot", "shutdown", "halt", "poweroff", "init", "telinit")},
}  # fmt: skip


def _repeating(call: Invocation, does: str, repeats: str) -> Verdict:
    """A tool that prints once, and with an interval again and again."""
    from runbooks.document import Risk

    found = parsed(
        call.args, "h b k m g t w l s= c= v human bytes kibi mebi gibi tebi wide lohi total seconds= count= si"
    )
    if found.has("s", "seconds") and not found.has("c", "count"):
        option = found.get("s", "seconds")
        assert option is not None
        return Verdict(
            Risk.READ_ONLY, f"{call.name} {does} again and again", endless=True, edits=(call.put(0, "-c 1"),)
        )
    return reads(f"{call.name} {does}")
