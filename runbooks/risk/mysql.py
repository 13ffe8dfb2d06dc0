# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""MySQL, MariaDB, SQLite, ClickHouse and other SQL clients."""

from __future__ import annotations

import re

from runbooks.document import Risk
from runbooks.risk._options import Parsed, Verbs, changer, parsed, reader, shown
from runbooks.risk._sql import sql_verdict
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, reads, unknown, worst

_MYSQL = (
    "h= u= p=? P= D= e= N B t E H X s r b n q f v V G A C S= host= user= password=? port= database= execute= skip-column-names "
    "batch table vertical html xml silent raw no-beep quick verbose version auto-vertical-output skip-auto-rehash socket= "
    "protocol= ssl ssl-ca= ssl-cert= ssl-key= ssl-mode= ssl-verify-server-cert skip-ssl connect-timeout= connect_timeout= max-allowed-packet= "
    "default-character-set= defaults-file= defaults-extra-file= defaults-group-suffix= login-path= help column-names "
    "unbuffered no-auto-rehash safe-updates force compress enable-cleartext-plugin get-server-public-key ?"
)


def _mysql(call: Invocation) -> Verdict:
    found = parsed(call.args, _MYSQL)
    if found.strange:
        return unknown(f"{call.name} has an option we do not know: {shown(found.strange[0])}")
    if found.has("version", "V", "help", "?"):
        return reads(f"{call.name} prints text")
    asks_password = any(option.name in ("p", "password") and option.text in (None, "") for option in found.options)
    verdicts = _given(call, found, ("e", "execute"), "mysql")
    if not verdicts and call.stdin is not None:
        verdicts = [client_verdict(call.stdin, "mysql")]
    if not verdicts:
        return (
            unknown(f"{call.name} runs whatever SQL it is fed")
            if call.piped
            else asks(f"{call.name} opens a prompt for a person")
        )
    verdict = worst(verdicts)
    if asks_password and verdict.risk is Risk.READ_ONLY:
        return asks(f"{call.name} -p asks a person for the password")
    return verdict


_CLIENT_WORDS = re.compile(
    r"\s*(?:system|source|tee|pager|edit|delimiter|notee|nopager|\\[!.TPedn])(?:\s|$)", re.IGNORECASE
)


def client_verdict(text: str, dialect: str) -> Verdict:
    """SQL as the mysql client reads it: some words at the start of a line are the client's own and run things."""
    if any(_CLIENT_WORDS.match(line) for part in text.splitlines() for line in part.split(";")):
        return unknown("the client itself would run or write something")
    return sql_verdict(text, dialect)


def _given(call: Invocation, found: Parsed, names: tuple[str, ...], dialect: str) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for option in found.options:
        if option.name in names:
            text = option.attached if option.value is None else call.walker.filled(option.value)
            if text is None or "\x00" in text:
                verdicts.append(unknown("the SQL is put together from values that are not known here"))
            else:
                verdicts.append(client_verdict(text, dialect))
    return verdicts


_ADMIN_READS = {
    "status",
    "ping",
    "version",
    "processlist",
    "extended-status",
    "variables",
    "proc",
    "stat",
    "ext",
    "ver",
    "var",
}


def _mysqladmin(call: Invocation) -> Verdict:
    found = parsed(call.args, _MYSQL + " i= sleep= c= count= r relative w=? wait=?")
    if found.strange:
        return unknown(f"{call.name} has an option we do not know")
    verbs = [arg.text for arg in found.operands]
    if verbs and all(verb in _ADMIN_READS for verb in verbs):
        if found.has("i", "sleep") and not found.has("c", "count"):
            return Verdict(Risk.READ_ONLY, "mysqladmin -i repeats until it is stopped", True, (call.put(0, "-c 3"),))
        return reads("mysqladmin shows the state of the server")
    if verbs[:1] == ["drop"]:
        return Verdict(Risk.DESTRUCTIVE, "mysqladmin drop deletes a database")
    return changes("mysqladmin changes the server")


def _mysqldump(call: Invocation) -> Verdict:
    found = [
        text
        for text in call.texts
        if re.match(r"-r|--result-file|-T|--tab|--flush|-F|--delete|--master-data|--source-data|--lock-all", text)
    ]
    if found:
        return changes(f"{call.name} with {shown(found[0])} writes a file or locks tables")
    return reads(f"{call.name} prints the database's content", leaks=True)


def _mysqlshow(call: Invocation) -> Verdict:
    return reads("mysqlshow lists databases and tables")


# SQLite

_DOT_READS = re.compile(
    r"\.(?:tables?|schema|fullschema|indexes|indices|databases|dbinfo|show|headers?|mode|width|nullvalue|timer|stats|help|separator"
    r"|echo|bail|explain|eqp|lint|sha3sum|dbconfig|limit|vfsinfo|vfslist|vfsname|print|quit|exit|timeout|changes|dbtotxt|scanstats"
    r"|dump)\b[^|`]*",
)


def _sqlite(call: Invocation) -> Verdict:
    spec = (
        "readonly header noheader csv column html json line list markdown table box tabs quote ascii batch bail separator= "
        "newline= nullvalue= cmd= version help safe stats echo memtrace mmap= lookaside= pagecache= init_= interactive_ deserialize nofollow"
    )
    found = parsed(call.args, spec, single=True)
    if found.strange:
        return unknown(f"{call.name} has an option we do not know: {shown(found.strange[0])}")
    if found.has("version", "help"):
        return reads(f"{call.name} prints text")
    operands = found.operands[1:]
    texts = [call.walker.filled(arg) for arg in operands] + [
        call.walker.filled(option.value) for option in found.options if option.name == "cmd" and option.value
    ]
    if any(text is None for text in texts):
        return unknown("the SQL is put together from values that are not known here")
    if texts:
        return worst([sqlite_verdict(text or "") for text in texts])
    if call.stdin is not None:
        return sqlite_verdict(call.stdin)
    if call.piped:
        return unknown(f"{call.name} runs whatever it is fed")
    return asks(f"{call.name} without SQL opens a prompt for a person")


def sqlite_verdict(text: str) -> Verdict:
    """SQL with the shell's dot-commands between."""
    verdicts: list[Verdict] = []
    statement: list[str] = []
    for line in text.splitlines():
        if line.strip().startswith("."):
            known = _DOT_READS.fullmatch(line.strip())
            verdicts.append(
                reads("this sqlite3 command only shows something", leaks=".dump" in line)
                if known
                else changes("this sqlite3 command may run something or write a file")
            )
        else:
            statement.append(line)
    verdicts.append(sql_verdict("\n".join(statement).strip(), "sqlite"))
    return worst(verdicts)


def _clickhouse(call: Invocation) -> Verdict:
    args = call.args
    if call.name == "clickhouse" and call.texts[:1] in (["client"], ["local"]):
        args = args[1:]
    spec = (
        "h= u= d= q= f= m n t host= port= user= password=? database= query= format= vertical time secure multiquery multiline s E "
        "ask-password receive_timeout= max_memory_usage= max_execution_time= version V help stacktrace progress=? readonly="
    )
    found = parsed(args, spec)
    if found.strange or (call.name == "clickhouse" and len(args) == len(call.args)):
        return unknown("clickhouse is used in a way we do not judge")
    if found.has("version", "V", "help"):
        return reads("clickhouse prints text")
    verdicts = _given(call, found, ("q", "query"), "clickhouse")
    if verdicts:
        return worst(verdicts)
    if call.stdin is not None:
        return sql_verdict(call.stdin, "clickhouse")
    return (
        unknown("clickhouse runs whatever it is fed") if call.piped else asks("clickhouse opens a prompt for a person")
    )


def _cqlsh(call: Invocation) -> Verdict:
    spec = "e= u= p= k= C ssl no-color connect-timeout= request-timeout= execute= username= password= keyspace= cqlversion= version help encoding="
    found = parsed(call.args, spec)
    if found.strange:
        return unknown("cqlsh is used in a way we do not judge")
    if found.has("version", "help"):
        return reads("cqlsh prints text")
    verdicts = [
        _cql(call.walker.filled(option.value))
        for option in found.options
        if option.name in ("e", "execute") and option.value
    ]
    if verdicts:
        return worst(verdicts)
    return unknown("cqlsh runs whatever it is fed") if call.piped else asks("cqlsh opens a prompt for a person")


def _cql(text: str | None) -> Verdict:
    if text is None:
        return unknown("the CQL is put together from values that are not known here")
    statements = [one.strip() for one in re.sub(r"'[^']*'", "''", text).split(";") if one.strip()]
    if all(re.fullmatch(r"(?:select|describe|desc|show|consistency|use)\b[^\\]*", one, re.I) for one in statements):
        return reads("the CQL only reads")
    destroying = any(re.match(r"(?:drop|truncate|delete)\b", one, re.I) for one in statements)
    return Verdict(Risk.DESTRUCTIVE if destroying else Risk.MUTATING, "the CQL changes the database")


def _sql_server(call: Invocation) -> Verdict:
    found = parsed(call.args, "S= U= P= d= Q= q= E C N b I h= s= W w= y= Y= l= t= K= a= G V= m= r= k= u ?")
    if found.strange:
        return unknown("sqlcmd is used in a way we do not judge")
    verdicts = _given(call, found, ("Q",), "tsql")
    return worst(verdicts) if verdicts else asks("sqlcmd opens a prompt for a person")


_XTRABACKUP = changer("copies or changes a server's data")

_BQ = Verbs(
    "bq",
    reads="ls|show|head|version|info|get-iam-policy   shows datasets and tables",
    changes="mk|load|cp|extract|insert|update|add-iam-policy-binding|set-iam-policy|cancel|query|mkdef|partition|undelete   changes data",
    destroys="rm|truncate   deletes data",
    options="project_id= location= dataset_id= format= q headless quiet nosync",
    special={"query": lambda call, index: _bq(call, index)},
)


def _bq(call: Invocation, index: int) -> Verdict:
    spec = "use_legacy_sql=? nouse_legacy_sql format= n= max_rows= dry_run q location= project_id= maximum_bytes_billed= use_cache nouse_cache"
    found = parsed(call.args[index:], spec)
    if found.strange or len(found.operands) != 1:
        return unknown("bq query is used in a way we do not judge")
    text = call.walker.filled(found.operands[0])
    return sql_verdict(text, "bigquery") if text is not None else unknown("the SQL is not known here")


TOOLS: dict[str, Judge] = {
    "mysql": _mysql,
    "mariadb": _mysql,
    "mycli": lambda call: asks("mycli opens a prompt for a person"),
    "mysqladmin": _mysqladmin,
    "mariadb-admin": _mysqladmin,
    "mysqldump": _mysqldump,
    "mariadb-dump": _mysqldump,
    "mysqlshow": _mysqlshow,
    "mysqlcheck": changer("may repair tables"),
    "mysqlimport": changer("loads data"),
    "mysqlbinlog": lambda call: changes("mysqlbinlog writes files") if any(re.match(r"-r|--result-file|--raw", text) for text in call.texts) else reads("mysqlbinlog prints the log of changes", leaks=True),
    "mysql_upgrade": changer("changes system tables"),
    "mysqlsh": lambda call: asks("mysqlsh opens a prompt for a person") if not call.args else unknown("mysqlsh runs code"),
    "mysqlslap": changer("loads the server"),
    "xtrabackup": _XTRABACKUP,
    "mariabackup": _XTRABACKUP,
    "innobackupex": _XTRABACKUP,
    "pt-query-digest": reader("sums slow queries up", options="limit= since= until= type= order-by= group-by= filter_= report-format= no-report version help"),
    "pt-table-checksum": changer("writes checksums into the database"),
    "pt-online-schema-change": changer("changes a table"),
    "pt-kill": changer("ends connections"),
    "gh-ost": changer("changes a table"),
    "sqlite3": _sqlite,
    "sqlite": _sqlite,
    "litecli": lambda call: asks("litecli opens a prompt for a person"),
    "clickhouse-client": _clickhouse,
    "clickhouse": _clickhouse,
    "cqlsh": _cqlsh,
    "sqlcmd": _sql_server,
    "sqlplus": lambda call: asks("sqlplus opens a prompt for a person") if not call.piped else unknown("sqlplus runs whatever it is fed"),
    "bq": _BQ,
    "dolt": Verbs("dolt", reads="status|log|diff|ls|branch_|version   shows data", changes="commit|push|pull|merge|sql|checkout|reset|add   changes data"),
}  # fmt: skip
