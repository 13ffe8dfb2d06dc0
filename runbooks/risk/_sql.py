# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""SQL: what a statement does, judged twice.

sqlglot says what kind of statement it is and what stands inside it; its tokens are looked at once more for words that
write, since a grammar of thirty dialects is generous. A function that we do not know may do anything, so behind a
SELECT only known ones are allowed. What does not parse is a write.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

from runbooks.document import Risk
from runbooks.risk._options import names
from runbooks.risk._verdict import Verdict, changes, destroys, reads, unknown, worst

_LONGEST = 32 * 1024
_DEEPEST = 80

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns about what it cannot parse; we say so ourselves

_FUNCTIONS = re.compile(
    r"""
    pg_(size_pretty|size_bytes|(database|relation|total_relation|table|indexes|tablespace|column)_size|is_in_recovery
      |last_(wal_receive_lsn|wal_replay_lsn|xact_replay_timestamp|committed_xact)|current_(wal|xlog)_(lsn|location|insert_lsn|flush_lsn)
      |current_wal_(insert|flush)_lsn|current_xlog_insert_location|last_xlog_(receive|replay)_location
      |(wal|xlog)_(lsn|location)_diff|walfile_name|xlogfile_name|postmaster_start_time|conf_load_time|backend_pid|blocking_pids
      |safe_snapshot_blocking_pids|get_(\w*def|userbyid|expr|keywords|serial_sequence|replication_slots|partkeydef)
      |encoding_to_char|stat_get_\w+|stat_file|is_wal_replay_paused|is_xlog_replay_paused|(table|type|function)_is_visible
      |relation_filepath|relation_filenode|describe_object|identify_object|typeof|get_wal_replay_pause_state|lock_status
      |available_extensions|extension_update_paths|timezone_names|control_(checkpoint|system|recovery|init)|ls_waldir|ls_dir
      |show_all_settings|prepared_xact|cursor|tablespace_location|tablespace_databases|mcv_list_items|options_to_table
      |index_column_has_property|index_has_property|is_other_temp_schema|my_temp_schema|partition_tree|partition_ancestors
      |partition_root|jit_available|notification_queue_usage|trigger_depth|wal_summary_contents|current_logfile)
    |pgstattuple|pgstatindex|pgstattuple_approx|pg_buffercache_summary|to_regclass|to_regtype|to_regproc|current_setting
    |has_\w+_privilege|inet_(server|client)_(addr|port)|txid_current_if_assigned|txid_current_snapshot|txid_snapshot_x\w+
    |age|mxid_age|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|now|obj_description|col_description
    |shobj_description|format|format_type|quote_ident|quote_literal|quote_nullable|array_\w+|cardinality|unnest|string_agg
    |json\w*_(agg|object_agg|build_object|build_array|array_length|array_elements(_text)?|each(_text)?|object_keys|typeof|pretty
      |extract_path(_text)?|to_record(set)?|strip_nulls|object|populate_record)|row_to_json|to_json|to_jsonb|json_\w+|jsonb_\w+
    |regexp_\w+|split_part|btrim|ltrim|rtrim|trim|left|right|lpad|rpad|repeat|reverse|translate|position|strpos|substr|substring
    |to_char|to_date|to_timestamp|to_number|date_part|date_trunc|date_bin|extract|justify_\w+|make_(date|time|timestamp|interval)
    |width_bucket|percentile_(cont|disc)|mode|ntile|lag|lead|first_value|last_value|nth_value|rank|dense_rank|row_number
    |cume_dist|percent_rank|bool_(and|or)|every|bit_(and|or)|generate_(series|subscripts)|version|current_(database|schema|schemas
      |user|catalog|role|query)|session_user|user|database|schema|system_user|host|hostname|connection_id|last_insert_id
    |row_count|found_rows|bigint|numeric|text|int4|int8|float8|coalesce|nullif|greatest|least|ifnull|nvl|isnull|if|iif
    |concat|concat_ws|group_concat|upper|lower|initcap|length|char_length|octet_length|md5|sha1|sha2|sha256|crc32|hex|unhex
    |round|floor|ceil|ceiling|trunc|truncate|abs|mod|power|pow|sqrt|exp|ln|log|log10|log2|sign|random|rand|pi|div
    |from_unixtime|unix_timestamp|timestampdiff|timediff|datediff|date_add|date_sub|adddate|subdate|sec_to_time|time_to_sec
    |date_format|str_to_date|utc_timestamp|utc_date|curdate|curtime|sysdate|current_timestamp|date|time|datetime|julianday
    |strftime|unixepoch|year|month|day|hour|minute|second|dayofweek|week|quarter|lastday|last_day|makedate|period_diff
    |format_bytes|format_time|format_pico_time|sys_get_config|inet_ntoa|inet_aton|inet6_ntoa|bin_to_uuid|uuid_to_bin
    |substring_index|instr|locate|field|find_in_set|elt|ascii|ord|char|conv|bin|oct|space|strcmp|soundex|any_value|total
    |typeof|sqlite_version|last_changes|printf|glob|likelihood|changes|total_changes|zeroblob|quote|unicode
    |distribution|host_to_ip|formatreadable\w+|tostring|todate|todatetime|touint\w+|toint\w+|tofloat\w+|tostartof\w+|toyyyymm\w*
    |uniq\w*|quantile\w*|countif|sumif|avgif|argmax|argmin|grouparray\w*|arrayjoin|hostname|uptime|dictget\w*
    |vsize|regr_\w+|corr|covar_\w+|stddev\w*|variance|var_\w+|count|sum|avg|min|max
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SCHEMAS = {"pg_catalog", "information_schema", "sys"}

_WRITING_TOKENS = {
    getattr(TokenType, name)
    for name in names(
        "INSERT UPDATE DELETE MERGE DROP ALTER CREATE TRUNCATE INTO COPY EXECUTE COMMAND LOAD KILL GRANT REVOKE REFRESH ATTACH DETACH"
    )
    if hasattr(TokenType, name)
}
_WRITING_NODES = tuple(
    getattr(exp, name)
    for name in names(
        "Insert Update Delete Merge Create Drop Alter TruncateTable Command Into Lock Copy LoadData Kill Set Use Pragma Attach Detach Export "
        "Refresh Grant Revoke NextValueFor Commit Rollback Transaction Cache Uncache Execute Analyze"
    )
    if hasattr(exp, name)
)

_DESTROYING = re.compile(r"(?:drop|truncate|delete|purge|wipe)\b", re.IGNORECASE)
_ALTER_DROP = re.compile(r"alter\s+table\b.*\bdrop\b", re.IGNORECASE | re.DOTALL)
_SETTABLE = re.compile(
    r"""set\s+(?:session\s+|local\s+|@@session\.)?
    (?:(?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout|work_mem|extra_float_digits|enable_\w+|timezone
        |datestyle|intervalstyle|max_execution_time|max_statement_time|sql_mode|names|group_concat_max_len|transaction_read_only
        |default_transaction_read_only|client_min_messages|random_page_cost|time_zone)\b
      |time\s+zone\b|transaction\s+(?:read\s+only|isolation)\b)[^;]*""",
    re.IGNORECASE | re.VERBOSE,
)
_SECRET_SQL = re.compile(
    r"pg_shadow|pg_authid|mysql\.user|password|passwd|secret|api_key|token|credential", re.IGNORECASE
)
_FRAMES = re.compile(r"(?:begin|start\s+transaction|commit|rollback|end|abort)\b[\w\s,]*", re.IGNORECASE)
_SHOW = re.compile(r"(?:show|describe|desc|help)\s+[\w\s.,%'`\"*=@<>()-]+", re.IGNORECASE)
_USE = re.compile(r"use\s+[`\"\w$-]+", re.IGNORECASE)
_COPY_OUT = re.compile(r"copy\s*\((?P<query>.*)\)\s*to\s+stdout\b(?P<rest>[^;]*)", re.IGNORECASE | re.DOTALL)
_EXPLAIN = re.compile(
    r"explain\s+(?P<options>\((?P<list>[^()]*)\)\s*|(?:(?:analyze|analyse|verbose|extended|formatted|format\s*=\s*\w+|query\s+plan|plan|syntax|ast|"
    r"pipeline|estimate|partitions)\s+)*)(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_PRAGMA_READS = re.compile(
    r"""pragma\s+(?:\w+\.)?(?:
      (?:integrity_check|quick_check|foreign_key_check)(?:\s*\([\w"'.]*\))?
     |(?:table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list)(?:\s*\([^)]*\))?
     |(?:page_count|page_size|freelist_count|database_list|compile_options|user_version|schema_version|journal_mode|encoding
        |cache_size|foreign_keys|synchronous|auto_vacuum|busy_timeout|wal_autocheckpoint|collation_list|function_list
        |module_list|pragma_list|data_version|application_id|locking_mode|mmap_size|max_page_count|temp_store)
    )\s*""",
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=4096)
def sql_verdict(text: str, dialect: str = "postgres") -> Verdict:
    """The verdict on SQL text of one or more statements. `dialect` is sqlglot's name of it, "" when not known."""
    if not text.strip().strip(";").strip():
        return reads("it is empty")
    if why := _ambiguous(text, dialect):
        return unknown(f"SQL not understood: {why}")
    statements = _statements(text, dialect)
    if statements is None:
        return unknown("SQL not understood")
    verdicts = [_statement(one, dialect) for one in statements]
    return worst(verdicts) if verdicts else reads("it is empty")


def _ambiguous(text: str, dialect: str) -> str:
    """Why two readers could disagree on what this text is."""
    if len(text) > _LONGEST:
        return "it is too long"
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        return "it is nested too deep"
    if re.search(r"/\*M?!", text):
        return "it holds a comment that some servers run"
    if re.search(r"/\*(?:(?!\*/).)*/\*", text, re.DOTALL):
        return "it holds a comment inside a comment"
    if dialect == "mysql" and re.search(r"--(?!\s|$)", text):
        return "two dashes are no comment everywhere"
    bare = (
        _MYSQL_STRING.sub("''", re.sub(r"\\[Gg](?=\s|;|$)", ";", text))
        if dialect == "mysql"
        else re.sub(r"'(?:[^']|'')*'", "''", text)
    )
    if "\\" in bare or (dialect != "mysql" and re.search(r"[eE]'[^']*\\", text)):
        return "it holds a backslash"
    if dialect == "" and re.search(r"\\['\"]", text):
        return "it quotes with a backslash"
    if "\x00" in text or "$(" in text:
        return "the shell puts something into it"
    return ""


_PIECE = re.compile(
    r"(?P<string>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`)|(?P<dollar>\$(?:[A-Za-z_]\w*)?\$)|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)"
    r"|(?P<open>['\"`]|/\*)|(?P<hash>\#)|(?P<other>[^'\"`$/;\#-]+|.)",
    re.DOTALL,
)
_MYSQL_STRING = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"", re.DOTALL)


def _statements(text: str, dialect: str) -> list[str] | None:
    """The single statements of a text, their comments gone; None when a quote or comment is left open."""
    if dialect == "mysql":
        text = re.sub(r"\\[Gg](?=\s|;|$)", ";", text)
    found: list[str] = []
    current: list[str] = []
    at = 0
    while at < len(text):
        piece = (_MYSQL_STRING.match(text, at) if dialect == "mysql" else None) or _PIECE.match(text, at)
        if piece is None or piece.lastgroup == "open":
            return None
        at = piece.end()
        kind = piece.lastgroup
        if kind == "dollar" and dialect in ("postgres", ""):
            at = text.find(piece[0], at) + len(piece[0])
            if at < piece.end():
                return None
            current.append("'dollar quoted'")
        elif kind == "comment":
            current.append(" ")
        elif kind == "hash" and dialect == "mysql":
            at = text.find("\n", at) + 1 or len(text)
        elif kind == "end":
            found.append("".join(current))
            current = []
        else:
            current.append(piece[0])
    found.append("".join(current))
    return [one.strip() for one in found if one.strip()]


def _statement(text: str, dialect: str) -> Verdict:
    first = re.match(r"[\s(]*([A-Za-z]*)", text)
    word = first[1].lower() if first else ""
    if word in ("select", "with", "values", "table", "from", ""):
        return _query(text, dialect)
    if word == "explain":
        return _explained(text, dialect)
    if word in ("show", "describe", "desc", "help") and _SHOW.fullmatch(text):
        return reads(
            f"SQL {word.upper()} only shows something", leaks=bool(re.search(r"grants|create user", text, re.I))
        )
    if word == "set":
        return _set(text)
    if _FRAMES.fullmatch(text) and not _LIMITS.search(text):
        return reads("it only frames the statements of a transaction")
    if _USE.fullmatch(text):
        return reads("SQL USE chooses a database for this session")
    if word == "pragma":
        return (
            reads("SQL PRAGMA shows a setting")
            if _PRAGMA_READS.fullmatch(text)
            else changes("this PRAGMA may change the database")
        )
    if word == "copy":
        out = _COPY_OUT.fullmatch(text)
        if out and not re.search(r"\bprogram\b", out["rest"], re.I):
            return _query(out["query"].strip(), dialect)
        return changes("SQL COPY moves data into or out of a table or file")
    if word == "checksum" and re.fullmatch(r"checksum\s+table\s+[\w`., ]+", text, re.I):
        return reads("SQL CHECKSUM TABLE reads a table")
    return _write(text, word)


def _write(text: str, word: str) -> Verdict:
    shown = word.upper() if word.isalpha() else "statement"
    if _DESTROYING.match(text) or _ALTER_DROP.match(text):
        return destroys(f"SQL {shown} deletes data or structure")
    if word == "kill":
        return changes("SQL KILL ends another connection")
    return changes(f"SQL {shown} changes the database")


_LIMITS = re.compile(r"read_only|timeout|max_execution_time|read\s+write|\brole\b|authorization|row_security", re.I)


def _set(text: str) -> Verdict:
    if _LIMITS.search(text):
        return changes("SQL SET lifts what keeps a session bounded and reading")
    if _SETTABLE.fullmatch(text) and not re.search(r"\bglobal\b|\bpersist|,|@@global", text, re.I):
        return reads("SQL SET changes this session only")
    return changes("SQL SET changes a setting")


def _explained(text: str, dialect: str) -> Verdict:
    found = _EXPLAIN.fullmatch(text)
    if found is None or not found["query"].strip():
        return unknown("SQL not understood")
    options = (found["options"] or "").lower()
    inner = _statement(found["query"].strip(), dialect)
    runs = re.search(r"analy[sz]e(?!\s*(?:false|off|0|=\s*false))", options) is not None
    if not runs and re.match(r"\s*(?:analy[sz]e)\b", found["query"], re.I):
        runs = True
    if runs and inner.risk is not Risk.READ_ONLY:
        return Verdict(inner.risk, f"EXPLAIN ANALYZE runs the statement: {inner.reason}")
    if runs:
        return reads("EXPLAIN ANALYZE runs a query and shows its plan", leaks=inner.leaks)
    if re.match(r"(?:select|with|values|table|insert|update|delete|merge|replace)\b|\(", found["query"], re.I):
        return reads("EXPLAIN shows a plan without running the statement")
    return reads("it describes a table") if re.fullmatch(r"[\w.`\"]+", found["query"].strip()) else inner


def _query(text: str, dialect: str) -> Verdict:
    try:
        trees = sqlglot.parse(text, read=dialect or None)
        tokens = sqlglot.tokenize(text, read=dialect or None)
    except (SqlglotError, RecursionError, ValueError):
        return unknown("SQL not understood")
    if len(trees) != 1 or trees[0] is None:
        return unknown("SQL not understood")
    tree = trees[0]
    if why := _writes(tree, dialect):
        return why
    if any(token.token_type in _WRITING_TOKENS and not _is_function(tokens, at) for at, token in enumerate(tokens)):
        return changes("the SQL query holds a word that writes")
    if not isinstance(tree, exp.Query | exp.Values | exp.Table | exp.Subquery):
        return unknown("SQL not understood")
    return reads("the SQL query only reads", leaks=bool(_SECRET_SQL.search(text)))


def _is_function(tokens: list[Token], at: int) -> bool:
    """`insert(...)`, `truncate(...)` are functions in some dialects, `system.parts` is a table."""
    return 0 < at < len(tokens) - 1 and tokens[at + 1].token_type in (TokenType.L_PAREN, TokenType.DOT)


def _writes(tree: exp.Expr, dialect: str) -> Verdict | None:
    for node in tree.walk():
        if isinstance(node, exp.Delete | exp.Drop | exp.TruncateTable):
            return destroys("a part of the SQL query deletes data")
        if isinstance(node, _WRITING_NODES):
            return changes("a part of the SQL query writes or locks")
        if isinstance(node, exp.Anonymous):
            verdict = _function(str(node.this), dialect)
            if verdict is not None:
                return verdict
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
            schema = node.this.name.lower() if hasattr(node.this, "name") else ""
            if schema not in _SCHEMAS:
                return unknown(f"the SQL function {node.expression.name or 'there'} is not known")
    return None


_HARMFUL = {
    "pg_terminate_backend": "ends other connections",
    "pg_cancel_backend": "cancels other queries",
    "pg_reload_conf": "reloads the server's configuration",
    "pg_rotate_logfile": "rotates the log",
    "pg_sleep": "waits",
    "sleep": "waits",
    "benchmark": "keeps the server busy",
    "setval": "changes a sequence",
    "nextval": "changes a sequence",
    "set_config": "changes a setting",
    "dblink_exec": "runs SQL elsewhere",
    "pg_promote": "makes a replica the primary",
    "pg_switch_wal": "switches the log",
    "pg_create_restore_point": "writes to the log",
    "pg_drop_replication_slot": "drops a replication slot",
    "pg_stat_reset": "forgets statistics",
    "pg_stat_statements_reset": "forgets statistics",
}


def _function(name: str, dialect: str) -> Verdict | None:
    lowered = name.lower()
    if lowered in _HARMFUL:
        return changes(f"the SQL function {lowered} {_HARMFUL[lowered]}")
    if _FUNCTIONS.fullmatch(lowered) or (
        dialect == "clickhouse" and re.fullmatch(r"[a-z]\w*", lowered) and "file" not in lowered
    ):
        return None
    return unknown(f"the SQL function {name[:40]} is not known")
