"""`mysql -e` and `mysqladmin ping|status|processlist` as SQL. The password of the command line is not kept."""

from __future__ import annotations

from collections.abc import Sequence

from runbooks.document import Call
from runbooks.translate._options import known, read
from runbooks.translate._sql import sql_call, statements_of

VERBS = ("mysql", "mariadb", "mysqladmin")

_MYSQL = known(
    switches="",
    valued="-h --host -P --port -u --user -D --database -e --execute",
    ignored="-p --password -t --table -N --skip-column-names -B --batch -s --silent -E --vertical -r --raw --ssl",
    ignored_valued="--connect-timeout --connect_timeout --default-character-set --protocol --ssl-mode",
    joined=False,
)
_VERBS = {
    "ping": "SELECT 1",
    "status": "SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime', 'Threads_connected', 'Questions', 'Slow_queries')",
    "processlist": "SHOW PROCESSLIST",
    "extended-status": "SHOW GLOBAL STATUS",
    "variables": "SHOW GLOBAL VARIABLES",
    "version": "SELECT VERSION()",
}


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """The statements that `argv` sends, or nothing."""
    options = read(_spread(argv[1:]), _MYSQL)
    if options is None:
        return ()
    database = options.last("-D", "--database")
    if argv[0] == "mysqladmin":
        asked = [_VERBS.get(verb) for verb in options.operands]
        statements = [one for one in asked if one is not None] if None not in asked else None
    else:
        if len(options.operands) > 1:
            return ()
        database = database or next(iter(options.operands), None)
        texts = [statements_of(text.replace(r"\G", ";")) for text in options.all("-e", "--execute")]
        statements = [one for text in texts for one in text or ()] if None not in texts else None
    return sql_call(
        "mysql", statements, host=options.last("-h", "--host"), port=options.last("-P", "--port"),
        user=options.last("-u", "--user"), database=database,
    )  # fmt: skip


def _spread(words: Sequence[str]) -> list[str]:
    """mysql's glued spellings: `-uroot`, `-psecret`, `-hdb`, `--password=secret`."""
    spread: list[str] = []
    for word in words:
        if word.startswith(("--password=", "-p")) and not word.startswith("--p") and word != "-p":
            spread.append("-p")
        elif word.startswith("--password="):
            spread.append("--password")
        elif word[:2] in ("-u", "-h", "-P", "-D", "-e") and len(word) > 2:
            spread += [word[:2], word[2:]]
        else:
            spread.append(word)
    return spread
