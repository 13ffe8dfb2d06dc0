# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""systemd and other service managers, and the system's logs."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Verbs, changer, parsed, reader, shown
from runbooks.risk._verdict import Edit, Invocation, Judge, Verdict, asks, changes, destroys, reads, unknown

_SYSTEMCTL = Verbs(
    "systemctl",
    reads="""
status                shows the state of units
show|cat|help         shows the settings of units
is-active|is-enabled|is-failed|is-system-running  tells the state of a unit
list-units|list-unit-files|list-timers|list-sockets|list-dependencies|list-jobs|list-machines|list-automounts|list-paths  lists units
get-default           shows the default target
whoami                shows the unit of a process
""",
    leaks="show-environment      shows the manager's environment",
    changes="""
start|stop|restart|reload|try-restart|reload-or-restart|try-reload-or-restart|condrestart|force-reload  starts, stops or reloads services
enable|disable|reenable|mask|unmask|link|revert|preset|preset-all|add-wants|add-requires  changes what starts with the machine
kill                  sends a signal to a service
daemon-reload|daemon-reexec  makes the manager read its settings again
set-property|set-default|set-environment|unset-environment|import-environment|log-level|service-log-level  changes settings
reset-failed          forgets failures
isolate|rescue|emergency|default  stops services and starts others
reboot|poweroff|halt|suspend|hibernate|kexec|soft-reboot|switch-root|exit  stops or restarts the whole machine
freeze|thaw|clean|bind|mount-image|cancel  changes a service
""",
    asks="edit                  opens an editor for a person",
    options="t= type= state= p= property= P= a all l full n= lines= o= output= H= host= M= machine= q quiet no-pager user system "
    "no-legend plain r recursive reverse failed now no-block f force global runtime value root= job-mode= s= signal= "
    "kill-who= kill-whom= wait no-wall no-reload timestamp= legend= no-ask-password after before",
    bare=reads("systemctl lists units"),
)

_VACUUM = re.compile(r"--(?:vacuum|rotate|flush|sync|relinquish|smart|setup-keys|update-catalog|force|cursor-file)")
_JOURNAL = (
    "u= f n= e x a q r k b=? t= p= g= o= S= U= D= M= m l c= T= N F= unit= user-unit= identifier= priority= grep= case-sensitive=? "
    "since= until= lines=? follow no-tail output= output-fields= no-pager pager-end all quiet reverse dmesg boot=? list-boots catalog utc "
    "no-hostname no-full full merge directory= file= root= machine= system user fields field= disk-usage header after-cursor= "
    "cursor= show-cursor facility= truncate-newline exclude-identifier= transport= namespace= version help verify list-catalog"
)


def _journalctl(call: Invocation) -> Verdict:
    """The journal, in its last 200 lines and without a pager."""
    boots = {at + 1 for at, text in enumerate(call.texts) if text in ("-b", "--boot")}
    args = tuple(arg for at, arg in enumerate(call.args) if not (at in boots and re.fullmatch(r"[-+]?\d+", arg.text)))
    found = parsed(args, _JOURNAL)
    if any(_VACUUM.match(text) for text in call.texts):
        deletes = any(text.startswith("--vacuum") for text in call.texts)
        return (
            destroys("journalctl --vacuum deletes log files")
            if deletes
            else changes("journalctl changes its log files")
        )
    if found.strange:
        return unknown(f"journalctl has an option we do not know: {shown(found.strange[0])}")
    if found.has("disk-usage", "list-boots", "header", "fields", "F", "field", "version", "help", "verify"):
        return reads("journalctl shows facts about the journal")
    edits: list[Edit] = []
    limited = found.has("n", "lines")
    if not limited:
        edits.append(call.put(0, "-n 5000" if call.into else "-n 200"))
    if not found.has("no-pager"):
        edits.append(call.put(0, "--no-pager"))
    follows = found.has("f", "follow")
    if follows:
        edits += _unfollowed(call)
        return Verdict(Risk.READ_ONLY, "journalctl -f follows the log and never ends", endless=True, edits=tuple(edits))
    verdict = reads("journalctl prints the system's log")
    return verdict if limited and found.has("no-pager") else verdict.with_edits(*edits)


def _unfollowed(call: Invocation) -> list[Edit]:
    edits: list[Edit] = []
    for at, text in enumerate(call.texts):
        if text in ("-f", "--follow"):
            edits.append(call.without(at))
        elif re.fullmatch(r"-[a-z]*f[a-z]*", text):
            before, _, after = text[1:].partition("f")
            if not set(before) & set("untpgoSUDcTFM"):
                edits.append(call.instead(at, f"-{before}{after}"))
    return edits


def _service(call: Invocation) -> Verdict:
    if call.texts == ["--status-all"]:
        return reads("service --status-all lists services")
    if len(call.args) != 2 or call.args[1].value is None:
        return unknown("unknown command: service is used in a way we do not judge")
    verb = call.args[1].text
    if verb == "status":
        return reads("service status shows the state of a service")
    if verb in ("start", "stop", "restart", "reload", "force-reload", "try-restart", "condrestart"):
        return changes(f"service {verb} starts, stops or reloads a service")
    return unknown(f"unknown command: service {shown(verb)}")


def _dmesg(call: Invocation) -> Verdict:
    found = parsed(
        call.args,
        "T H L=? x k u l= f= r t S w W e d p F= ctime human color=? decode kernel userspace level= facility= raw notime syslog follow "
        "follow-new reltime show-delta nopager time-format= since= until= json J P noescape version help",
    )
    if found.strange:
        return changes("dmesg may clear or change the kernel's log")
    pager = found.has("H", "human") and not found.has("P", "nopager")
    if found.has("w", "W", "follow", "follow-new"):
        edits = [
            call.without(at)
            if text in ("-w", "-W", "--follow", "--follow-new")
            else call.instead(at, "-" + re.sub("[wW]", "", text[1:]))
            for at, text in enumerate(call.texts)
            if text in ("--follow", "--follow-new") or re.fullmatch(r"-[A-Za-z]*[wW][A-Za-z]*", text)
        ]
        return Verdict(Risk.READ_ONLY, "dmesg -w follows the kernel's log and never ends", True, tuple(edits))
    verdict = reads("dmesg prints the kernel's log")
    return verdict.with_edits(call.put(0, "--nopager")) if pager else verdict


def _init_script(call: Invocation) -> Verdict:
    verb = call.texts[0] if call.texts else ""
    return reads("it shows the state of a service") if verb == "status" else unknown("unknown command")


_SUPERVISOR = Verbs(
    "supervisorctl",
    reads="status|avail|pid|version|help   shows programs",
    changes="start|stop|restart|reload|update|reread|add|signal|shutdown|clear   starts, stops or changes programs",
    destroys="remove   removes a program",
    asks="fg|open   gives a terminal to a program",
    options="c= s= u= p= r i",
    bare=asks("supervisorctl opens a prompt for a person"),
    special={"tail|maintail": lambda call, index: _supervisor_tail(call, index)},
)


def _supervisor_tail(call: Invocation, index: int) -> Verdict:
    verdict = reads("supervisorctl tail prints a program's log")
    if "-f" not in call.texts:
        return verdict
    edits = tuple(call.without(at) for at, text in enumerate(call.texts) if text == "-f")
    return Verdict(Risk.READ_ONLY, "supervisorctl tail -f never ends", endless=True, edits=edits)


_PM2 = Verbs(
    "pm2",
    reads="list|ls|status|l|ps|info|show|describe|prettylist|ping|report|id|pid   shows programs",
    leaks="env|jlist   shows programs with their environment",
    changes="start|stop|restart|reload|scale|save|resurrect|startup|unstartup|reset|sendSignal|update|install|set|dump|kill|flush|deploy   changes programs",
    destroys="delete|del   removes programs",
    asks="monit|dashboard|attach   shows a screen for a person",
    special={"logs|log": lambda call, index: _pm2_logs(call, index)},
)


def _pm2_logs(call: Invocation, index: int) -> Verdict:
    if "--nostream" in call.texts:
        return reads("pm2 logs prints logs")
    bound = "--nostream" if any(text.startswith("--lines") for text in call.texts) else "--nostream --lines 200"
    return Verdict(
        Risk.READ_ONLY, "pm2 logs follows logs and never ends", endless=True, edits=(call.put(index, bound),)
    )


TOOLS: dict[str, Judge] = {
    "systemctl": _SYSTEMCTL,
    "journalctl": _journalctl,
    "service": _service,
    "dmesg": _dmesg,
    "supervisorctl": _SUPERVISOR,
    "pm2": _PM2,
    "loginctl": Verbs(
        "loginctl",
        reads="list-sessions|session-status|show-session|list-users|user-status|show-user|list-seats|seat-status|show-seat   shows sessions",
        changes="activate|lock-session|unlock-session|enable-linger|disable-linger|kill-session|kill-user|terminate-session|terminate-user|attach|flush-devices   changes sessions",
        options="no-pager no-legend p= property= a all l full value n= lines= o= output=",
        bare=reads("loginctl lists sessions"),
    ),
    "timedatectl": Verbs(
        "timedatectl",
        reads="status|show|list-timezones|timesync-status|show-timesync   shows the clock's settings",
        changes="set-time|set-timezone|set-ntp|set-local-rtc|ntp-servers|revert   changes the clock",
        options="no-pager p= property= a all value H= M= monitor",
        bare=reads("timedatectl shows the clock's settings"),
    ),
    "hostnamectl": Verbs(
        "hostnamectl",
        reads="status|show   shows the machine's name",
        changes="hostname|set-hostname|set-icon-name|set-chassis|set-deployment|set-location   changes the machine's name",
        options="static transient pretty json= j",
        bare=reads("hostnamectl shows the machine's name"),
        writing="set-hostname",
    ),
    "localectl": Verbs(
        "localectl",
        reads="status|list-locales|list-keymaps   shows language settings",
        changes="set-locale|set-keymap|set-x11-keymap   changes language settings",
        bare=reads("localectl shows language settings"),
        options="no-pager",
    ),
    "resolvectl": Verbs(
        "resolvectl",
        reads="status|query|service|statistics|show-cache|show-server-state   shows how names are looked up",
        changes="flush-caches|reset-statistics|reset-server-features|revert|llmnr|mdns|dnssec|dnsovertls|default-route|nta|log-level   changes how names are looked up",
        options="i= interface= 4 6 p= t= type= c= class= no-pager legend=",
        bare=reads("resolvectl shows how names are looked up"),
        special={"dns|domain": lambda call, index: changes("resolvectl changes how names are looked up") if len(call.args) > index + 1 else reads("resolvectl shows how names are looked up")},
    ),
    "networkctl": Verbs(
        "networkctl",
        reads="list|status|lldp|label|cat   shows network links",
        changes="up|down|renew|forcerenew|reconfigure|reload|edit|mask|unmask   changes network links",
        destroys="delete   removes network links",
        options="a all no-pager no-legend s stats l full n= lines= json=",
        bare=reads("networkctl lists network links"),
    ),
    "machinectl": Verbs(
        "machinectl",
        reads="list|status|show|list-images|image-status|show-image   shows machines",
        changes="start|stop|poweroff|reboot|kill|enable|disable|bind|copy-to|copy-from|clone|rename|read-only|set-limit|pull-tar|pull-raw|import-tar|import-raw|export-tar|terminate   changes machines",
        destroys="remove|clean   deletes machines",
        asks="shell|login   opens a shell for a person",
        options="no-pager no-legend a all l full",
        bare=reads("machinectl lists machines"),
    ),
    "systemd-analyze": Verbs(
        "systemd-analyze",
        reads="time|blame|critical-chain|verify|calendar|security|unit-paths|condition|timespan|timestamp|unit-files|cat-config|dot|plot|dump|exit-status|syscall-filter|capability   shows facts about the system's start",
        options="no-pager user system order require iterations= H= M=",
        bare=reads("systemd-analyze shows how long the start took"),
    ),
    "coredumpctl": Verbs(
        "coredumpctl",
        reads="list|info   lists crashes",
        changes="dump   writes a core dump",
        asks="debug|gdb   opens a debugger for a person",
        options="no-pager no-legend 1 n= r reverse S= since= U= until= q json= a all",
        bare=reads("coredumpctl lists crashes"),
        writing="o= output=",
    ),
    "systemd-cgls": reader("shows control groups"),
    "systemd-cgtop": lambda call: Verdict(
        Risk.READ_ONLY, "systemd-cgtop keeps refreshing", True, (call.put(0, "-b -n 1"),)
    ) if not any(text.startswith(("-n", "--iterations", "-1")) for text in call.texts) else reads("systemd-cgtop shows control groups"),
    "systemd-resolve": lambda call: reads("systemd-resolve looks names up") if not any(text.startswith(("--flush", "--reset", "--set", "--revert")) for text in call.texts) else changes("systemd-resolve changes how names are looked up"),
    "systemd-detect-virt": reader("tells the kind of machine"),
    "systemd-run": changer("starts a command as a service"),
    "systemd-tmpfiles": changer("makes or deletes files"),
    "rc-service": lambda call: reads("rc-service shows the state of a service") if call.texts[1:] == ["status"] else changes("rc-service changes a service"),
    "rc-status": reader("lists services"),
    "rc-update": lambda call: reads("rc-update lists services") if call.texts in ([], ["show"], ["-v", "show"]) else changes("rc-update changes what starts with the machine"),
    "initctl": Verbs("initctl", reads="list|status|version|show-config   shows jobs", changes="start|stop|restart|reload|emit   changes jobs"),
    "chkconfig": lambda call: reads("chkconfig lists services") if not call.args or call.texts[0] == "--list" else changes("chkconfig changes what starts with the machine"),
    "sv": lambda call: reads("sv status shows services") if call.texts[:1] in (["status"], ["s"], ["check"]) else changes("sv starts or stops services"),
    "monit": Verbs("monit", reads="status|summary|report|validate_   shows what is watched", changes="start|stop|restart|monitor|unmonitor|reload|quit|validate   changes what is watched", options="c= g= v t"),
    "launchctl": Verbs("launchctl", reads="list|print|blame|version|print-disabled   shows services", changes="load|unload|start|stop|kickstart|bootstrap|bootout|enable|disable|kill|setenv|unsetenv|config|reboot   changes services"),
    "brew": Verbs("brew", reads="list, ls, info, search, outdated, deps, doctor, config, leaves, uses, desc, cat, services list, services info, --prefix   shows packages", changes="install, upgrade, update, link, unlink, tap, untap, pin, cleanup, services start, services stop, services restart, services run   changes packages", destroys="uninstall|remove|rm   removes packages"),
}  # fmt: skip
