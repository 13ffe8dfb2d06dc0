# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""PostgreSQL's own tools, and what manages its clusters."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Parsed, Verbs, changer, destroyer, parsed, reader, shown, written_by
from runbooks.risk._sql import sql_verdict
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, reads, unknown, worst

_CONNECTION = "h= p= U= d= w W host= port= username= dbname= no-password password "
_PSQL = (
    _CONNECTION
    + "c= f= l v= x t A q X a b e E n N S s 1 0 z F= R= P= T= H o= L= command= file= list set= variable= expanded tuples-only "
    "no-align quiet no-psqlrc echo-all echo-errors echo-queries echo-hidden single-line single-step single-transaction csv html "
    "pset= field-separator= record-separator= output= log-file= no-readline version help"
)
_META = re.compile(
    r"\\(?:d[A-Za-z]*[S+x]*|l\+?x?|list|conninfo|z|sf\+?|sv\+?|encoding|dn\+?|du\+?|dt\+?|x|timing|pset|a|t|H|echo|"
    r"errverbose|h|\?|copyright|password_)(?:\s[^\\`|]*)?"
)
_CONNECT = re.compile(r"\\(?:c|connect)(?:\s+[\w.-]+)*\s*")


def meta_verdict(line: str) -> Verdict | None:
    """The verdict on one backslash command of psql, None when the line is none."""
    line = line.strip()
    if not line.startswith("\\"):
        return None
    if re.fullmatch(r"\\q(?:uit)?", line):
        return asks("it leaves a prompt")
    if "`" in line or "|" in line:
        return unknown("this psql command may run something")
    if _META.fullmatch(line) or _CONNECT.fullmatch(line):
        return reads("this psql command only shows something")
    return changes("this psql command may run something or write a file")


def script_verdict(text: str, dialect: str = "postgres") -> Verdict:
    """SQL with psql's backslash commands between, as `-c` or a here-document holds it."""
    verdicts: list[Verdict] = []
    statement: list[str] = []
    for line in text.splitlines():
        if line.strip().startswith("\\"):
            verdict = meta_verdict(line)
            if verdict is not None and not re.fullmatch(r"\\q(?:uit)?", line.strip()):
                verdicts.append(verdict)
        else:
            statement.append(line)
    verdicts.append(sql_verdict("\n".join(statement).strip(), dialect))
    return worst(verdicts)


def _psql(call: Invocation) -> Verdict:
    found = parsed(call.args, _PSQL)
    if found.strange:
        return unknown(f"psql has an option we do not know: {shown(found.strange[0])}")
    if found.has("version", "help"):
        return reads("psql prints text")
    if found.has("o", "output", "L", "log-file"):
        return changes("psql -o writes a file")
    if found.has("f", "file"):
        return unknown("psql -f runs a file of SQL, which could do anything")
    if found.has("l", "list"):
        return reads("psql -l lists databases")
    if any(
        _runs_program(option.text) for option in found.options if option.name in ("P", "pset", "v", "set", "variable")
    ):
        return unknown("psql is given a setting that may run something")
    verdicts = _given(call, found)
    if verdicts:
        return worst(verdicts)
    if call.stdin is not None:
        return script_verdict(call.stdin)
    if call.piped:
        return unknown("psql runs whatever SQL it is fed")
    return asks("psql without -c opens a prompt for a person")


def _runs_program(text: str | None) -> bool:
    lowered = (text or "").lower()
    return "pager" in lowered or "editor" in lowered or "`" in lowered or "|" in lowered


def _given(call: Invocation, found: Parsed) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for option in found.options:
        if option.name in ("c", "command"):
            text = option.attached if option.value is None else call.walker.filled(option.value)
            if text is None or "\x00" in text:
                verdicts.append(unknown("the SQL is put together from values that are not known here"))
            else:
                verdicts.append(script_verdict(text))
    return verdicts


def _pg_dump(call: Invocation) -> Verdict:
    """Without -f the dump goes to the output: it reads, and shows all data."""
    if any(re.match(r"-f|--file|-[A-Za-z]*f", text) for text in call.texts):
        return changes(f"{call.name} writes a dump file")
    return reads(f"{call.name} prints the database's content", leaks=True)


def _pg_restore(call: Invocation) -> Verdict:
    if any(text in ("-l", "--list") for text in call.texts):
        return reads("pg_restore -l lists the content of a dump")
    return changes("pg_restore loads a dump into a database")


def _pg_ctl(call: Invocation) -> Verdict:
    if "status" in call.texts and not set(call.texts) & {
        "start",
        "stop",
        "restart",
        "reload",
        "promote",
        "kill",
        "initdb",
    }:
        return reads("pg_ctl status tells whether the server runs")
    return changes("pg_ctl starts, stops or changes the server")


def _pgbench(call: Invocation) -> Verdict:
    return changes("pgbench writes tables and loads the server")


def _members(call: Invocation, index: int) -> Verdict:
    if written_by(call.args[index:], "W w= watch="):
        return Verdict(Risk.READ_ONLY, "patronictl repeats until it is stopped", True, (call.wrapped("timeout 10"),))
    return reads("patronictl shows the members of a cluster")


_PATRONICTL = Verbs(
    "patronictl",
    reads="history|version|dsn   shows the cluster",
    leaks="show-config   shows the configuration",
    changes="restart|reload|failover|switchover|pause|resume|edit-config|scaffold|flush|demote-cluster|promote-cluster   changes the cluster",
    destroys="remove|reinit   deletes a cluster's state or a replica's data",
    options="c= config-file= d= dcs-url= dcs= k insecure",
    special={
        "query": lambda call, index: unknown("patronictl query runs SQL on a member"),
        "list|topology": lambda call, index: _members(call, index),
    },
)
_REPMGR = Verbs(
    "repmgr",
    reads="cluster show|matrix|crosscheck|event   shows the cluster\nnode status|check   shows a node\nservice status   shows the daemon\ndaemon status   shows the daemon",
    changes="primary register|unregister   changes the cluster\nstandby clone|register|unregister|promote|follow|switchover   changes the cluster\nnode rejoin|service   changes a node\nwitness register|unregister   changes the cluster\nservice pause|unpause   changes the daemon\ncluster cleanup   deletes history",
    options="f= config-file= h= d= p= U= verbose v compact csv L= log-level=",
)
_PGBACKREST = Verbs(
    "pgbackrest",
    reads="info|version|help   shows backups\nverify|repo-ls   checks backups",
    changes="backup|check|start|stop|archive-push|archive-get|stanza-create|stanza-upgrade|annotate   changes backups",
    destroys="restore|expire|stanza-delete|repo-rm   deletes or overwrites data",
    options="stanza= config= log-level-console= repo= pg1-path= output= set= process-max= log-level-file= config-path=",
)


def _pg_ctlcluster(call: Invocation) -> Verdict:
    if len(call.args) >= 3 and call.texts[2] == "status":
        return reads("pg_ctlcluster status tells whether the server runs")
    return changes("pg_ctlcluster starts, stops or changes a server")


def _walg(call: Invocation) -> Verdict:
    if call.texts[:1] in (["backup-list"], ["wal-show"], ["wal-verify"]):
        return reads(f"{call.name} lists backups")
    return changes(f"{call.name} changes backups")


TOOLS: dict[str, Judge] = {
    "psql": _psql,
    "pgcli": lambda call: asks("pgcli opens a prompt for a person"),
    "cockroach": Verbs(
        "cockroach",
        reads="node status|ls   shows nodes\nversion   shows versions",
        changes="start|init|quit|node|workload|import|userfile|debug   changes the cluster",
        options="host= certs-dir= insecure url= format=",
    ),
    "pg_isready": reader("tells whether the server accepts connections"),
    "pg_dump": _pg_dump,
    "pg_dumpall": _pg_dump,
    "pg_restore": _pg_restore,
    "pg_basebackup": changer("copies a whole server"),
    "pg_receivewal": changer("writes files"),
    "pg_rewind": destroyer("overwrites a server's data"),
    "pg_resetwal": destroyer("throws away a server's log"),
    "pg_upgrade": changer("changes a server's data"),
    "pg_controldata": reader("shows the state of a server's data"),
    "pg_config": reader("shows how PostgreSQL was built"),
    "pg_lsclusters": reader("lists servers of this machine"),
    "pg_waldump": reader("shows log records", writing="save-fullpage="),
    "pg_archivecleanup": destroyer("deletes archived log"),
    "pg_top": lambda call: asks("pg_top shows a screen for a person and never ends"),
    "pg_activity": lambda call: asks("pg_activity shows a screen for a person and never ends"),
    "pg_ctl": _pg_ctl,
    "pg_ctlcluster": _pg_ctlcluster,
    "pg_createcluster": changer("makes a server"),
    "pg_dropcluster": destroyer("deletes a server's data"),
    "pg_repack": changer("rewrites tables"),
    "pg_verifybackup": reader("checks a backup"),
    "pgbench": _pgbench,
    "createdb": changer("makes a database"),
    "dropdb": destroyer("deletes a database"),
    "createuser": changer("makes a database user"),
    "dropuser": destroyer("removes a database user"),
    "vacuumdb": changer("rewrites tables"),
    "reindexdb": changer("rebuilds indexes"),
    "clusterdb": changer("rewrites tables"),
    "initdb": changer("makes a server's data directory"),
    "patronictl": _PATRONICTL,
    "repmgr": _REPMGR,
    "pgbackrest": _PGBACKREST,
    "barman": Verbs(
        "barman",
        reads="list-servers|list-server|list-backup|list-backups|show-server|show-servers|show-backup|status|check|check-backup|list-files|diagnose|replication-status|verify-backup   shows backups",
        changes="backup|cron|switch-wal|switch-xlog|receive-wal|recover|keep|sync-backup   changes backups",
        destroys="delete   deletes backups",
        options="c= q d f=",
    ),
    "wal-g": _walg,
    "wal-e": _walg,
}
