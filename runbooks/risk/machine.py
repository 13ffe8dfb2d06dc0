# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Processes, memory, network, disks, kernel and firewall of one machine."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Verbs, asker, changer, destroyer, parsed, reader, shown, written_by
from runbooks.risk._verdict import Edit, Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown


def _top(call: Invocation) -> Verdict:
    """The screen of `top` is for a person; one batch is for everybody."""
    texts = call.texts
    batch = any(re.match(r"-\w*b", text) for text in texts)
    counted = any(re.match(r"-\w*[nl]\d*$", text) for text in texts)
    if any(text.startswith("-W") for text in texts):
        return changes("top -W writes a file")
    if batch and counted:
        return reads("top shows processes once")
    edits: list[Edit] = []
    if not batch:
        edits.append(call.put(0, "-b"))
    if not counted:
        edits.append(call.put(0, "-n 1"))
    return Verdict(Risk.READ_ONLY, "top keeps refreshing a screen until it is stopped", True, tuple(edits))


def _screen(form: str) -> Judge:
    """A full-screen viewer with a plain tool that shows the same."""

    def judge(call: Invocation) -> Verdict:
        end = call.args[-1].end if call.args else call.end
        return Verdict(
            Risk.READ_ONLY,
            f"{call.name} shows a screen for a person and never ends",
            True,
            (Edit(call.start, end, form),),
        )

    return judge


def _interval(does: str, options: str, valued: str = "", counted: str = "") -> Judge:
    """`vmstat 1` never ends, `vmstat 1 5` does."""

    def judge(call: Invocation) -> Verdict:
        found = parsed(call.args, f"{options} {valued}")
        if found.strange:
            return unknown(f"{call.name} has an option we do not know: {shown(found.strange[0])}")
        numbers = [
            at for at, arg in zip(found.at, found.operands, strict=True) if re.fullmatch(r"\d+(\.\d+)?", arg.text)
        ]
        if counted and found.has(*counted.split()):
            return reads(f"{call.name} {does}")
        if len(numbers) != 1:
            return reads(f"{call.name} {does}")
        return Verdict(
            Risk.READ_ONLY,
            f"{call.name} {does} again and again",
            endless=True,
            edits=(call.put(numbers[0] + 1, "3"),),
        )

    return judge


def _sar(call: Invocation) -> Verdict:
    if written_by(call.args, "o="):
        return changes("sar -o writes a file")
    return _interval(
        "shows recorded load",
        "A b B C d D F h H p q r R S u v w W y z t V human pretty",
        "P= n= I= m= f= s= e= i= j= q=? dev= fs= iface=",
    )(call)


def _ps(call: Invocation) -> Verdict:
    return reads(
        "ps lists processes",
        leaks=any(
            re.fullmatch(r"-?[a-z]*e[a-z]*ww*|e", text) and not text.startswith("-") and "e" in text
            for text in call.texts
        ),
    )


def _kill(call: Invocation) -> Verdict:
    texts = call.texts
    if texts and (
        texts[0] in ("-l", "-L", "--list", "--table") or texts[0] == "-0" or texts[:2] in (["-s", "0"], ["-n", "0"])
    ):
        return reads("it only asks whether a process is there")
    if call.name == "kill":
        return changes("kill sends a signal to a process")
    return changes(f"{call.name} kills every process of that name")


def _lsof(call: Invocation) -> Verdict:
    repeating = [at for at, text in enumerate(call.texts) if re.fullmatch(r"[-+]r[\dcm]*", text)]
    repeating += [at + 1 for at in repeating if at + 1 < len(call.args) and call.texts[at + 1].isdigit()]
    if repeating:
        edits = tuple(call.without(at) for at in repeating)
        return Verdict(Risk.READ_ONLY, "lsof -r repeats until it is stopped", endless=True, edits=edits)
    if any(text.startswith("-D") for text in call.texts):
        return changes("lsof -D writes a cache file")
    return reads("lsof lists open files and ports")


def _fuser(call: Invocation) -> Verdict:
    if any(re.match(r"-[A-Za-z]*[kK]|--kill", text) for text in call.texts):
        return changes("fuser -k kills processes")
    return reads("fuser tells who uses a file or port")


def _ss(call: Invocation) -> Verdict:
    if written_by(call.args, "K kill"):
        return changes("ss -K closes connections")
    if written_by(call.args, "D= diag="):
        return changes("ss -D writes a file")
    if written_by(call.args, "E events"):
        return Verdict(Risk.READ_ONLY, "ss -E keeps watching until it is stopped", True, (call.wrapped("timeout 10"),))
    return reads("ss lists connections")


def _netstat(call: Invocation) -> Verdict:
    edits = []
    for at, text in enumerate(call.texts):
        if text == "--continuous":
            edits.append(call.without(at))
        elif re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", text) and not text.startswith("--"):
            left = text.replace("c", "")
            edits.append(call.instead(at, left) if left != "-" else call.without(at))
    if any(text.isdigit() for text in call.texts):
        return asks("netstat with an interval repeats until it is stopped")
    if edits:
        return Verdict(Risk.READ_ONLY, "netstat -c repeats until it is stopped", endless=True, edits=tuple(edits))
    return reads("netstat lists connections")


def _ping(call: Invocation) -> Verdict:
    if written_by(call.args, "f flood"):
        return changes("ping -f floods a host")
    if any(re.match(r"-[A-Za-z46]*c\d*$|--count", text) for text in call.texts) or any(
        re.match(r"-[A-Za-z46]*w\d*$", text) for text in call.texts
    ):
        return reads("ping asks a host to answer")
    return Verdict(Risk.READ_ONLY, "ping goes on until it is stopped", endless=True, edits=(call.put(0, "-c 4"),))


def _mtr(call: Invocation) -> Verdict:
    once = any(re.match(r"-[A-Za-z46]*[rwxjC]|--report|--csv|--json|--xml", text) for text in call.texts)
    if once:
        return reads("mtr shows the way to a host")
    return Verdict(Risk.READ_ONLY, "mtr refreshes a screen until it is stopped", True, (call.put(0, "--report -c 5"),))


def _ip(call: Invocation) -> Verdict:
    spec = "4 6 B 0 s d h r o a j p c=? br brief color=? family= f= n= netns= json pretty statistics details human oneline resolve stats timestamp t N"
    found = parsed(call.args, spec, single=True, stop_at_operand=True)
    if found.strange:
        return unknown(f"ip has an option we do not know: {shown(found.strange[0])}")
    words = [arg.text for arg in found.operands]
    if found.has("n", "netns", "a") and not words:
        return unknown("ip is used in a way we do not judge")
    if not words:
        return reads("ip prints its help")
    thing, verb = words[0], words[1] if len(words) > 1 else "show"
    things = "address addr a link l route r rule ru neighbour neighbor neigh n tunnel tunl maddress maddr mroute netns ntable tcp_metrics token vrf xfrm macsec nexthop stats"
    if thing not in things.split():
        return unknown(f"unknown command: ip {shown(thing)}")
    if thing in ("xfrm",):
        return unknown("ip xfrm may show keys or change them")
    if thing == "netns" and verb == "exec":
        return call.inner(found.at[3]) if len(found.at) > 3 else unknown("ip netns exec has no command")
    if verb in ("show", "list", "lst", "ls", "sh", "get", "identify", "pids", "list-id"):
        return reads(f"ip {thing} {verb} shows network settings")
    return changes(f"ip {thing} {shown(verb)} changes network settings")


def _ifconfig(call: Invocation) -> Verdict:
    operands = [text for text in call.texts if not text.startswith("-")]
    if len(operands) > 1 or any(text not in ("-a", "-s", "-v") for text in call.texts if text.startswith("-")):
        return changes("ifconfig changes a network interface")
    return reads("ifconfig shows network interfaces")


def _route(call: Invocation) -> Verdict:
    if (
        all(re.fullmatch(r"-[neFCvA46]+|get|-host|\d[\d.]*|default", text) for text in call.texts)
        and "add" not in call.texts
    ):
        return reads("route shows the routing table")
    return changes("route changes the routing table")


def _arp(call: Invocation) -> Verdict:
    found = parsed(call.args, "a n e v i= H= N numeric verbose device=")
    return changes("arp changes the address table") if found.strange else reads("arp shows the address table")


def _iptables(call: Invocation) -> Verdict:
    spec = (
        "L=? list=? S=? list-rules=? n numeric v verbose x exact line-numbers t= table= w=? wait=? V version C= check="
    )
    found = parsed(call.args, spec)
    if any(
        "Z" in (text.partition("=")[0] if text.startswith("-") and not text.startswith("--") else "")
        for text in call.texts
    ):
        return changes(f"{call.name} -Z forgets counters")
    if found.strange or not found.has("L", "list", "S", "list-rules", "V", "version") or found.has("C", "check"):
        return changes(f"{call.name} changes the firewall")
    return reads(f"{call.name} lists firewall rules")


def _iptables_save(call: Invocation) -> Verdict:
    found = parsed(call.args, "c counters t= table= V")
    return changes(f"{call.name} writes a file") if found.strange else reads(f"{call.name} prints firewall rules")


def _sysctl(call: Invocation) -> Verdict:
    found = parsed(call.args, "a A n N e q X b r= d w p=? f all names values ignore pattern= quiet load=? system write")
    if (
        found.has("w", "write", "p", "f", "load", "system")
        or found.strange
        or any("=" in arg.text for arg in found.operands)
    ):
        return changes("sysctl sets kernel settings")
    return reads("sysctl shows kernel settings")


def _mount(call: Invocation) -> Verdict:
    found = parsed(call.args, "l t= v types= verbose V version show-labels")
    if found.strange or found.operands:
        return changes("mount changes what is mounted")
    return reads("mount lists what is mounted")


def _swap(call: Invocation) -> Verdict:
    if call.texts and all(
        text.startswith(("-s", "--show", "--summary", "--noheadings", "--bytes", "--raw", "-V")) for text in call.texts
    ):
        return reads("swapon -s shows swap space")
    return changes("swapon changes swap space")


_PARTITION_READS = {
    "fdisk": (
        "l list x list-details s getsz",
        "L=? o= output= u=? units=? b= sector-size= t= type= C= H= S= bytes color=?",
    ),
    "sfdisk": (
        "l list d dump J json F list-free s show-size g show-geometry T list-types V verify",
        "o= output= u= q quiet",
    ),
    "gdisk": ("l", ""),
    "sgdisk": ("p print i= info= v verify L list-types V version F f E D", ""),
}


def _partitions(call: Invocation) -> Verdict:
    if call.name == "parted":
        return _parted(call)
    showing, more = _PARTITION_READS.get(call.name, ("", ""))
    found = parsed(call.args, f"{showing} {more}")
    if found.strange or call.stdin is not None or not found.has(*(name.rstrip("=") for name in showing.split())):
        return destroys(f"{call.name} changes partitions")
    return reads(f"{call.name} lists partitions")


_PARTED = re.compile(
    r"/dev/[\w/.-]+|-[lsmjf]+|--(?:list|script|machine|json)|print|free|all|list|devices|unit|[kmgt]?i?b|s|%|\x00", re.I
)


def _parted(call: Invocation) -> Verdict:
    shows = {"print", "-l", "--list", "-sl", "-lm"} & {*call.texts}
    if shows and all(_PARTED.fullmatch(text) for text in call.texts):
        return reads("parted print shows partitions")
    return destroys("parted changes partitions")


_NMCLI = re.compile(
    r"(?:g|gen|general)(?: (?:s|status|permissions|logging))?|(?:n|net|networking)(?: (?:c|connectivity)(?: check)?)?"
    r"|(?:r|radio)(?: (?:all|wifi|wwan))?|(?:c|con|connection)(?: (?:s|sh|show)(?: .*)?)?"
    r"|(?:d|dev|device)(?: (?:s|st|status|(?:sh|show)(?: .*)?|(?:w|wifi)(?: (?:l|list)(?: .*)?)?|lldp(?: list)?))?|"
)


def _nmcli(call: Invocation) -> Verdict:
    words = " ".join(
        text for text in call.texts if not re.fullmatch(r"-[tpwegfm]+|--(?:terse|pretty|show-secrets)", text)
    )
    words = re.sub(r"^(?:[A-Z0-9_,.:-]+ )+(?=[a-z])", "", words)
    if "\x00" not in words.split(" show")[0] and _NMCLI.fullmatch(words):
        return reads("nmcli shows network settings", leaks="--show-secrets" in call.texts)
    return changes("nmcli changes network settings")


_IPMI = re.compile(
    r"(?:sdr(?: (?:list|elist|info|type|get)(?: .*)?)?|sel(?: (?:list|elist|info|get)(?: .*)?)?|sensor(?: (?:list|get)(?: .*)?)?"
    r"|fru(?: (?:print|list)(?: \d+)?)?|(?:chassis )?power status|chassis status|(?:mc|bmc) info|lan print(?: \d+)?)"
)


def _ipmitool(call: Invocation) -> Verdict:
    found = parsed(call.args, "I= H= U= P= f= E L= v c p= t= b= N= R= C= A= y= k= e= S=_", stop_at_operand=True)
    words = " ".join(arg.text for arg in found.operands)
    if not found.strange and _IPMI.fullmatch(words):
        return reads("ipmitool shows what the hardware reports", leaks=found.has("P"))
    return changes("ipmitool controls hardware")


def _smartctl(call: Invocation) -> Verdict:
    spec = "a x i H c A l= d= T= q= n= r= v= P= F= g= j=? h info health capabilities attributes all xall log= device= json=? scan scan-open version tolerance= quietmode= nocheck= get="
    found = parsed(call.args, spec)
    if found.strange:
        return changes("smartctl starts a test or changes a disk's settings")
    return reads("smartctl shows the health of a disk")


def _mdadm(call: Invocation) -> Verdict:
    found = parsed(call.args, "D Q E X detail query examine scan s verbose v brief b test t examine-badblocks export Y")
    if found.strange or not found.has("D", "Q", "E", "X", "detail", "query", "examine", "examine-badblocks"):
        return changes("mdadm changes a disk array")
    return reads("mdadm shows a disk array")


def _tcpdump(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "n N q v e A X x x t l p S O K U D L d f b # H i= c= s= r= y= B= Q= j= T= E= P= direction= interface= number list-interfaces immediate-mode count version help",
    )
    if found.strange:
        return changes("tcpdump may write files or run something")
    if found.has("D", "L", "r", "list-interfaces", "version", "help", "d"):
        return reads("tcpdump shows recorded packets or interfaces")
    edits = (call.wrapped("timeout 20"),) if found.has("c") else (call.put(0, "-c 100"), call.wrapped("timeout 20"))
    return Verdict(Risk.READ_ONLY, "tcpdump shows packets until it is stopped", endless=True, edits=edits)


def _nc(call: Invocation) -> Verdict:
    found = parsed(call.args, "z v n u w= 4 6 i= t C N q= p_ D d h r T=")
    if found.strange or len(found.operands) not in (1, 2):
        return changes(f"{call.name} listens, runs something, or is used in a way we do not judge")
    if found.has("z"):
        return reads(f"{call.name} -z tries whether a port is open")
    if call.stdin is not None:
        return _asked(call)
    if call.piped:
        return unknown(f"{call.name} sends whatever it is fed")
    return Verdict(
        Risk.READ_ONLY, f"{call.name} keeps a connection open for a person", endless=True, edits=(call.put(0, "-z"),)
    )


_QUESTIONS = re.compile(
    r"(?:ruok|stat|mntr|srvr|cons|conf|envi|isro|wchs|crst_|dump|stats(?: \w+)?|version|info|PING|INFO(?: \w+)?|QUIT|quit"
    r"|show (?:stat|info|servers state|backend|sess|errors|pools|table|threads|activity|env|fd|cli level|map|acl|ssl cert|resolvers|version|peers|profiling)"
    r"(?: [\w./#-]+)*|help|HEAD / HTTP/1\.[01]|GET /[\w/.?=&-]* HTTP/1\.[01])",
    re.IGNORECASE,
)


def _asked(call: Invocation) -> Verdict:
    """Questions of well-known line protocols: ZooKeeper's four letters, memcached, HAProxy, Redis."""
    lines = [
        line.strip()
        for part in (call.stdin or "").replace("\\r", "").replace("\\n", "\n").split("\n")
        for line in part.split(";")
    ]
    lines = [line for line in lines if line and not re.fullmatch(r"(?:Host|Connection|User-Agent): ?[\w.:-]*", line)]
    if all(_QUESTIONS.fullmatch(line) for line in lines):
        return reads(f"{call.name} asks a server a question")
    return unknown(f"{call.name} sends a command that may change something")


def _socat(call: Invocation) -> Verdict:
    operands = [text for text in call.texts if not text.startswith("-") or text == "-"]
    options = [text for text in call.texts if text.startswith("-") and text != "-"]
    if any(not re.fullmatch(r"-[vdux]+|-[tT]\s*\d+", text) for text in options) or len(operands) != 2:
        return changes("socat connects two ends in a way we do not judge")
    ends = [text.lower() for text in operands]
    if any(re.search(r"exec|system|listen|open:|create|pipe|fork|tun|gopen|pty|append", text) for text in ends):
        return changes("socat runs something, listens, or writes a file")
    if not any(text in ("-", "stdio", "stdin", "stdout") for text in ends):
        return changes("socat opens a tunnel")
    if call.stdin is not None:
        return _asked(call)
    return unknown("socat sends whatever it is fed") if call.piped else asks("socat gives a connection to a person")


def _nmap(call: Invocation) -> Verdict:
    if written_by(call.args, "script= oN= oX= oG= oA= oS= iL= iR= resume=") or any(
        text.startswith(("-o", "--script", "-sC", "-A", "-D", "-S")) for text in call.texts
    ):
        return changes("nmap writes files or runs scripts against a host")
    return reads("nmap tries which ports are open")


def _dig(call: Invocation) -> Verdict:
    if any(text.startswith(("-f",)) for text in call.texts):
        return unknown("dig reads its questions from a file")
    return reads(f"{call.name} looks a name up")


def _nslookup(call: Invocation) -> Verdict:
    if not [text for text in call.texts if not text.startswith("-")]:
        return asks("nslookup opens a prompt for a person")
    return reads("nslookup looks a name up")


def _telnet(call: Invocation) -> Verdict:
    edits = (Edit(call.start, call.end, "timeout 5 nc -vz"),)
    if len(call.args) == 2 and not call.piped and not call.args[0].text.startswith("-"):
        return Verdict(Risk.READ_ONLY, "telnet keeps a connection open for a person", endless=True, edits=edits)
    return asks("telnet opens a connection for a person")


def _crontab(call: Invocation) -> Verdict:
    found = parsed(call.args, "l e r i u=")
    if found.strange or found.operands:
        return changes("crontab with a file replaces the scheduled jobs")
    if found.has("r"):
        return Verdict(Risk.DESTRUCTIVE, "crontab -r deletes all scheduled jobs")
    if found.has("e"):
        return asks("crontab -e opens an editor for a person")
    if found.has("l"):
        return reads("crontab -l lists scheduled jobs")
    return changes("crontab replaces the scheduled jobs with what it is fed")


def _ufw(call: Invocation) -> Verdict:
    texts = [text for text in call.texts if not text.startswith("-")]
    if texts[:1] in (["status"], ["version"], ["show"]) or texts[:2] in (["app", "list"], ["app", "info"]):
        return reads("ufw status lists firewall rules")
    verdict = changes(f"ufw {shown(' '.join(texts[:1]))} changes the firewall")
    if texts[:1] in (["enable"], ["reset"], ["delete"]) and "--force" not in call.texts:
        return verdict.with_edits(call.put(0, "--force"))
    return verdict


def _firewall(call: Invocation) -> Verdict:
    if call.texts and all(
        re.fullmatch(
            r"--(list-[\w-]+|state|get-[\w-]+|query-[\w-]+(=.*)?|info-[\w-]+(=.*)?|zone=.*|permanent|version)", text
        )
        for text in call.texts
    ):
        return reads("firewall-cmd lists firewall rules")
    return changes("firewall-cmd changes the firewall")


def _nvidia(call: Invocation) -> Verdict:
    looping = [
        at for at, text in enumerate(call.texts) if re.fullmatch(r"-l\d*|--loop(=\d+)?|-lms\d*|--loop-ms(=\d+)?", text)
    ]
    known = re.compile(
        r"-L|-q|-h|--help|-i|--id(=.*)?|-d|--display(=.*)?|-x|-f_|--query-[\w-]+(=.*)?|--format(=.*)?|-l\d*|--loop.*|-lms\d*|topo|nvlink|dmon|pmon"
        r"|mig|-lgip|-m|-s|-p|-c|\d+|[A-Z_,]+|[\w,.=-]*csv[\w,]*|--version|-u|--unit"
    )
    if any(not known.fullmatch(text) for text in call.texts):
        return changes("nvidia-smi changes settings of a GPU")
    if ("-c" in call.texts and not set(call.texts) & {"dmon", "pmon"}) or (
        "-m" in call.texts and "topo" not in call.texts and "dmon" not in call.texts
    ):
        return changes("nvidia-smi changes settings of a GPU")
    if set(call.texts) & {"-p", "-s", "-u"} and not set(call.texts) & {"dmon", "pmon", "nvlink"}:
        return changes("nvidia-smi changes settings of a GPU")
    if looping:
        edits = [call.without(at) for at in looping]
        edits += [call.without(at + 1) for at in looping if at + 1 < len(call.args) and call.texts[at + 1].isdigit()]
        return Verdict(Risk.READ_ONLY, "nvidia-smi -l repeats until it is stopped", endless=True, edits=tuple(edits))
    if set(call.texts) & {"dmon", "pmon"} and "-c" not in call.texts:
        return Verdict(
            Risk.READ_ONLY, "nvidia-smi repeats until it is stopped", True, (call.put(len(call.args), "-c 1"),)
        )
    return reads("nvidia-smi shows what GPUs do")


_ZPOOL = Verbs(
    "zpool",
    reads="get|history|version   shows pools",
    changes="scrub|online|offline|clear|import|export|attach|detach|replace|add|set|upgrade|trim|resilver|reopen|reguid|split|sync|wait|checkpoint|initialize|create   changes pools",
    destroys="destroy|remove|labelclear   deletes pools or disks' labels",
    special={
        "iostat|status|list": lambda call, index: _zpool_iostat(call, index),
        "events": lambda call, index: (
            changes("zpool events -c forgets events")
            if written_by(call.args[index:], "c f")
            else reads("zpool events shows what happened to pools")
        ),
    },
)


def _zpool_iostat(call: Invocation, index: int) -> Verdict:
    if written_by(call.args[index:], "c=?"):
        return unknown("zpool -c runs scripts")
    numbers = [at for at in range(index, len(call.args)) if call.texts[at].isdigit()]
    if len(numbers) == 1:
        return Verdict(Risk.READ_ONLY, "zpool repeats until it is stopped", True, (call.put(numbers[0] + 1, "3"),))
    return reads("zpool shows pools and their load")


_ZFS = Verbs(
    "zfs",
    reads="list|get|diff|holds|userspace|groupspace|projectspace|version   shows file systems",
    changes="create|set|mount|unmount|share|unshare|snapshot|snap|clone|promote|rename|send|receive|recv|hold|release|inherit|upgrade|allow|unallow|bookmark|load-key|unload-key|change-key   changes file systems",
    destroys="destroy|rollback   deletes file systems or newer data",
)
_LVM_READS = {
    name: reader("shows volumes")
    for name in ("pvs", "vgs", "lvs", "lvdisplay", "vgdisplay", "pvdisplay", "lvmdiskscan")
}
_LVM_CHANGES = {
    name: changer("changes volumes")
    for name in (
        "pvcreate",
        "vgcreate",
        "lvcreate",
        "vgextend",
        "lvextend",
        "lvresize",
        "pvresize",
        "vgchange",
        "lvchange",
        "vgrename",
        "lvrename",
        "pvmove",
        "vgscan",
        "pvscan",
        "lvscan",
        "vgcfgbackup",
    )
}
_LVM_DESTROYS = {
    name: destroyer("deletes or shrinks volumes")
    for name in ("lvremove", "vgremove", "pvremove", "lvreduce", "vgreduce", "vgcfgrestore", "lvconvert")
}

_DMSETUP = Verbs(
    "dmsetup",
    reads="ls|info|status|table|deps|version|targets   shows devices",
    changes="create|suspend|resume|rename|load|message|mknodes|udevcreatecookie   changes devices",
    destroys="remove|remove_all|clear|wipe_table   deletes devices",
)


TOOLS: dict[str, Judge] = {
    "ps": _ps,
    "top": _top,
    "htop": _screen("top -b -n 1"),
    "btop": _screen("top -b -n 1"),
    "atop": _screen("top -b -n 1"),
    "glances": _screen("top -b -n 1"),
    "gtop": _screen("top -b -n 1"),
    "nmon": _screen("top -b -n 1"),
    "bmon": asker("shows a screen for a person"),
    "nethogs": lambda call: Verdict(Risk.READ_ONLY, "nethogs refreshes a screen", True, (call.put(0, "-t -c 3"),)),
    "iftop": lambda call: Verdict(Risk.READ_ONLY, "iftop refreshes a screen", True, (call.put(0, "-t -s 5"),)) if not written_by(call.args, "c=") else unknown("iftop reads a file of settings"),
    "ncdu": asker("shows a screen for a person who may delete files"),
    "iotop": lambda call: reads("iotop shows who uses disks") if any(re.match(r"-\w*b", t) for t in call.texts) and any(re.match(r"-\w*n", t) for t in call.texts) else Verdict(Risk.READ_ONLY, "iotop refreshes a screen until it is stopped", True, (call.put(0, "-b -n 1"),)),
    "pgrep": reader("lists processes by name"),
    "pidof": reader("lists processes by name"),
    "pstree": reader("shows processes as a tree"),
    "pmap": reader("shows the memory of a process"),
    "pwdx": reader("shows the directory of a process"),
    "pstack": changer("stops a process for a moment to look into it"),
    "kill": _kill,
    "killall": _kill,
    "pkill": _kill,
    "skill": _kill,
    "killall5": _kill,
    "renice": changer("changes how much time a process gets"),
    "strace": changer("slows a process down to look into it"),
    "ltrace": changer("slows a process down to look into it"),
    "gdb": asker("stops a process for a person to look into"),
    "gcore": changer("stops a process and writes its memory to a file"),
    "perf": changer("samples processes and may write files"),
    "bpftrace": changer("runs a program inside the kernel"),
    "prlimit": changer("may change the limits of a process"),
    "lsof": _lsof,
    "fuser": _fuser,
    "vmstat": _interval("shows memory and load", "a f m n s d D t w", "p= S="),
    "iostat": _interval("shows load of disks", "c d h k m N s t x y z V p=? human pretty dec=", "g= o= j="),
    "mpstat": _interval("shows load of processors", "A u V n", "P= I= N= o= dec="),
    "pidstat": _interval("shows load of processes", "d h H I l r R s t u v w V human", "p= C= G= T= U=? e= dec="),
    "sar": _sar,
    "dstat": lambda call: reads("dstat shows load") if len([t for t in call.texts if t.isdigit()]) > 1 and not written_by(call.args, "output=") else (changes("dstat writes a file") if written_by(call.args, "output=") else Verdict(Risk.READ_ONLY, "dstat repeats until it is stopped", True, (call.put(len(call.args), "1 3"),))),
    "numastat": reader("shows memory of nodes"),
    "slabtop": lambda call: reads("slabtop shows kernel memory") if any(t in ("-o", "--once") for t in call.texts) else Verdict(Risk.READ_ONLY, "slabtop refreshes a screen", True, (call.put(0, "-o"),)),
    "smem": reader("shows memory of processes"),
    "tload": asker("shows a screen for a person"),
    "ss": _ss,
    "netstat": _netstat,
    "ip": _ip,
    "ifconfig": _ifconfig,
    "route": _route,
    "arp": _arp,
    "nstat": lambda call: reads("nstat shows network counters") if any(re.fullmatch(r"-[azjp]*s[azjp]*|--noupdate", t) for t in call.texts) and not written_by(call.args, "r n reset") else changes("nstat remembers counters in a file"),
    "ping": _ping,
    "ping6": _ping,
    "fping": reader("asks hosts to answer", options="c= C= q a u n e t= i= p= r= 4 6 s g A"),
    "arping": lambda call: reads("arping asks a host to answer") if any(t.startswith(("-c", "-w")) for t in call.texts) else Verdict(Risk.READ_ONLY, "arping goes on until it is stopped", True, (call.put(0, "-c 4"),)),
    "mtr": _mtr,
    "traceroute": reader("shows the way to a host"),
    "traceroute6": reader("shows the way to a host"),
    "tracepath": reader("shows the way to a host"),
    "dig": _dig,
    "kdig": _dig,
    "delv": _dig,
    "host": _dig,
    "drill": _dig,
    "nslookup": _nslookup,
    "whois": reader("looks a domain up"),
    "nc": _nc,
    "ncat": _nc,
    "netcat": _nc,
    "socat": _socat,
    "telnet": _telnet,
    "nmap": _nmap,
    "tcpdump": _tcpdump,
    "tshark": changer("records packets and may write files"),
    "ngrep": changer("records packets"),
    "iperf": changer("puts the network under load"),
    "iperf3": changer("puts the network under load"),
    "speedtest": changer("loads the network to measure it"),
    "speedtest-cli": changer("loads the network to measure it"),
    "ethtool": lambda call: reads("ethtool shows a network card") if all(re.fullmatch(r"[\w.]+|-[Sikgcanxlmd]|--statistics|--driver|--show-\w+", t) for t in call.texts) else changes("ethtool changes a network card"),
    "conntrack": lambda call: reads("conntrack shows connections") if call.texts[:1] in (["-L"], ["-S"], ["-C"], ["--dump"], ["--stats"], ["--count"]) and not written_by(call.args, "D delete F flush U update I create A add E event K= k= z zero") else changes("conntrack changes connections"),
    "tc": lambda call: reads("tc shows traffic rules") if any(t in ("show", "list", "ls") for t in call.texts) and not set(call.texts) & {"add", "del", "delete", "change", "replace", "-b", "-batch"} else changes("tc changes traffic rules"),
    "brctl": lambda call: reads("brctl shows bridges") if call.texts[:1] in (["show"], ["showmacs"], ["showstp"]) else changes("brctl changes bridges"),
    "wg": lambda call: reads("wg shows tunnels", leaks=len(call.args) > 1) if call.texts[:1] in ([], ["show"]) else changes("wg changes tunnels or shows keys"),
    "nmcli": _nmcli,
    **dict.fromkeys(("iptables", "ip6tables", "iptables-legacy", "iptables-nft"), _iptables),
    **dict.fromkeys(("iptables-save", "ip6tables-save"), _iptables_save),
    "nft": lambda call: reads("nft list shows firewall rules") if [t for t in call.texts if not t.startswith("-")][:1] == ["list"] and not any(t.startswith(("-f", "--file", "-i")) or ";" in t for t in call.texts) else changes("nft changes the firewall"),
    "ipset": lambda call: reads("ipset list shows address sets") if call.texts[:1] in (["list"], ["-L"], ["-l"], ["test"], ["save"]) and not written_by(call.args, "f= file=") else changes("ipset changes address sets"),
    "ufw": _ufw,
    "firewall-cmd": _firewall,
    "fail2ban-client": Verbs("fail2ban-client", reads="status|ping|version|get|banned   shows bans", changes="start|stop|reload|restart|set|add|unban|flushlogs   changes bans", options="c= s= x v q"),
    "sysctl": _sysctl,
    "lsmod": reader("lists kernel modules"),
    "modinfo": reader("shows a kernel module"),
    **{name: changer("changes kernel modules") for name in ("modprobe", "insmod", "rmmod", "depmod")},
    "lscpu": reader("shows processors"),
    "lsmem": reader("shows memory"),
    "lspci": reader("shows devices"),
    "lsusb": reader("shows devices"),
    "lshw": reader("shows hardware", writing="X dump="),
    "lsscsi": reader("shows disks"),
    "lsblk": reader("shows disks"),
    "lslocks": reader("shows file locks"),
    "lsns": reader("shows namespaces"),
    "lsb_release": reader("shows the system's version"),
    "ipcs": reader("shows shared memory"),
    "ipcrm": destroyer("deletes shared memory"),
    "dmidecode": reader("shows hardware", writing="dump-bin="),
    "inxi": reader("shows hardware", writing="U update debug="),
    "hwinfo": reader("shows hardware", writing="log= save-config= dump-db="),
    "sensors": reader("shows temperatures", writing="s set"),
    "ipmitool": _ipmitool,
    "blkid": reader("shows disks", options="o= s= p i k l g_ L= U= t= c= list-one output= match-tag="),
    "findmnt": reader("shows what is mounted", writing="p poll=?"),
    "mountpoint": reader("tells whether something is mounted"),
    "mount": _mount,
    "umount": changer("unmounts a file system"),
    "swapon": _swap,
    "swapoff": changer("switches swap space off"),
    **dict.fromkeys(("fdisk", "sfdisk", "parted", "gdisk", "sgdisk", "cfdisk"), _partitions),
    **{name: destroyer("makes an empty file system, and what was there is gone") for name in ("mkfs", "mkfs.ext4", "mkfs.ext3", "mkfs.xfs", "mkfs.btrfs", "mkfs.vfat", "mke2fs", "mkswap", "wipefs", "blkdiscard", "badblocks")},
    **{name: changer("changes a file system") for name in ("resize2fs", "xfs_growfs", "growpart", "tune2fs", "e2fsck", "xfs_repair", "e2label", "fstrim", "losetup", "cryptsetup", "partprobe", "partx", "btrfs", "quotacheck", "setquota", "fsfreeze")},
    "fsck": lambda call: reads("fsck -n only looks") if "-n" in call.texts and "-y" not in call.texts and "-a" not in call.texts else changes("fsck repairs a file system"),
    "dumpe2fs": reader("shows a file system"),
    "xfs_info": reader("shows a file system"),
    "repquota": reader("shows quotas"),
    "quota": reader("shows quotas"),
    "smartctl": _smartctl,
    "nvme": Verbs("nvme", reads="list|list-subsys|smart-log|error-log|id-ctrl|id-ns|get-log|fw-log|show-regs|version   shows disks", changes="connect|disconnect|reset|set-feature|fw-download|fw-commit|attach-ns|detach-ns|create-ns   changes disks", destroys="format|sanitize|delete-ns|write-zeroes|dsm   deletes data"),
    "hdparm": lambda call: reads("hdparm shows a disk") if all(re.fullmatch(r"-[IitTgCv]+|/dev/\S+", t) for t in call.texts) else changes("hdparm changes a disk"),
    "mdadm": _mdadm,
    "zpool": _ZPOOL,
    "zfs": _ZFS,
    **_LVM_READS,
    **_LVM_CHANGES,
    **_LVM_DESTROYS,
    "dmsetup": _DMSETUP,
    "multipath": lambda call: reads("multipath -ll shows disk paths") if call.texts[:1] in (["-l"], ["-ll"]) else changes("multipath changes disk paths"),
    "multipathd": lambda call: reads("multipathd show shows disk paths") if "show" in call.texts[:2] else changes("multipathd changes disk paths"),
    "iscsiadm": changer("changes disk connections"),
    "exportfs": lambda call: reads("exportfs lists shared folders") if all(t in ("-v", "-s") for t in call.texts) else changes("exportfs changes shared folders"),
    "showmount": reader("lists shared folders"),
    "nfsstat": reader("shows NFS counters", options="s c n m r v o= 2 3 4 l a S server client nfs mounts rpc facility= list all"),
    "rpcinfo": reader("lists RPC services", writing="d b"),
    "crontab": _crontab,
    "atq": reader("lists jobs"),
    "at": changer("schedules a job"),
    "batch": changer("schedules a job"),
    "atrm": destroyer("deletes scheduled jobs"),
    "nvidia-smi": _nvidia,
    "rocm-smi": lambda call: reads("rocm-smi shows what GPUs do") if all(t.startswith("--show") or t in ("-a", "-i", "-u", "-t", "-P", "--json") for t in call.texts) else changes("rocm-smi changes a GPU"),
    "auditctl": lambda call: reads("auditctl -l lists rules") if call.texts in (["-l"], ["-s"]) else changes("auditctl changes rules"),
    "ausearch": reader("searches the audit log", writing="checkpoint="),
    "aureport": reader("shows a report of the audit log"),
    "getenforce": reader("shows the SELinux mode"),
    "setenforce": changer("changes the SELinux mode"),
    "sestatus": reader("shows the SELinux mode"),
    "aa-status": reader("shows AppArmor profiles"),
    "apparmor_status": reader("shows AppArmor profiles"),
    "chronyc": Verbs("chronyc", reads="tracking|sources|sourcestats|activity|ntpdata|clients|serverstats   shows how the clock is set", changes="makestep|burst|online|offline|reload|shutdown|settime|trimrtc|dump|add|delete|refresh|rekey   changes the clock", options="n a h= c", writing="r"),
    "ntpq": reader("shows how the clock is set", options="p n 4 6 w peers numeric"),
    "ntpstat": reader("shows how the clock is set"),
    "ntpdate": lambda call: reads("ntpdate -q only asks") if any(re.match(r"-\w*q", t) for t in call.texts) else changes("ntpdate sets the clock"),
    "vnstat": reader("shows traffic", options="d h m y w t l_ i= 5 hours days months short oneline=? json=? iface= top=? live_"),
    "logrotate": lambda call: reads("logrotate -d only shows what it would do") if any(t in ("-d", "--debug") for t in call.texts) else changes("logrotate moves log files"),
    "needrestart": lambda call: reads("needrestart lists services with old code") if "-b" in call.texts or "-r l" in " ".join(call.texts) else asks("needrestart asks which services to restart"),
    "quotaoff": changer("switches quotas off"),
    "screen": lambda call: reads("screen -ls lists sessions") if call.texts in (["-ls"], ["-list"]) else asks("screen opens a terminal for a person"),
    "tmux": lambda call: reads("tmux ls lists sessions") if call.texts[:1] in (["ls"], ["list-sessions"]) and len(call.texts) == 1 else asks("tmux opens a terminal for a person"),
    **{name: asker("opens an editor for a person") for name in ("nano", "vi", "vim", "nvim", "emacs", "ed", "ex", "pico", "joe", "mcedit", "code", "subl", "gedit", "visudo", "sudoedit", "view")},
    "man": lambda call: reads("man shows a manual page") if not any(t.startswith(("-P", "--pager", "-H", "-C", "--html", "-r")) for t in call.texts) else unknown("man is told which program to start"),
    "info": reader("shows a manual", writing="o= output="),
    "apropos": reader("searches manuals"),
    "tldr": reader("shows examples"),
}  # fmt: skip
