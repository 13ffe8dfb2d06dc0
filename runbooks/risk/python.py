# ruff: noqa: E501  (a table of verbs or options is easier to read and extend one tool a line)
"""Interpreters. A one-liner is read as Python; everything else that they would run is unknown."""

from __future__ import annotations

import ast
import re

from runbooks.risk._options import Verbs, changer, names, reader, shown
from runbooks.risk._verdict import Invocation, Judge, Verdict, asks, changes, reads, unknown

_MODULES = names("""sys os platform time datetime json math socket ssl gc resource secrets string re collections itertools textwrap uuid base64 hashlib
    locale struct statistics random psutil requests urllib urllib.request http.client redis psycopg2 psycopg asyncpg pymysql torch
    tensorflow numpy pandas django flask fastapi celery sqlalchemy kafka pymongo boto3 site sysconfig importlib.metadata pkg_resources
    multiprocessing threading decimal calendar ipaddress zoneinfo tracemalloc""")
_BUILTINS = names("""print len str int float bool list dict set tuple sorted min max sum abs round range enumerate zip any all repr
    isinstance hex bin oct ord chr bytes reversed divmod format hash id""")
_METHODS = names("""time now utcnow today isoformat strftime format join split strip lower upper replace startswith endswith encode decode keys values items
    get count hexdigest digest total_seconds timestamp as_dict name_ pid_ splitlines index find sha256 sha1 md5 dumps loads ping
    virtual_memory swap_memory cpu_percent cpu_count disk_usage net_connections net_io_counters disk_io_counters boot_time pids process_iter
    users getloadavg sensors_temperatures memory_info uname version
    gethostname gethostbyname getaddrinfo getfqdn create_connection getpid getcwd listdir stat getenv uptime cpu_times disk_partitions
    token_hex token_urlsafe token_bytes choice randbelow uuid4 uuid1 b64encode b64decode urlsafe_b64encode ascii_letters_ collect get_count
    get_stats get_objects set_debug is_available device_count get_device_name memory_allocated memory_reserved mem_get_info llen info
    dbsize sleep perf_counter monotonic getrusage getrlimit exists isfile isdir getsize basename dirname most_common distribution
    metadata get_distribution list_gpus is_alive active_count head read status getcode json raise_for_status_ default_timer close""")


def code_verdict(code: str) -> Verdict:
    """The verdict on a Python one-liner: only imports and calls that are known to read."""
    if len(code) > 4096 or code.count("(") > 80 or code.count("[") > 80:
        return unknown("the Python code is too long to judge")
    try:
        tree = ast.parse(_dedented(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return unknown("the Python code is not understood")
    for node in ast.walk(tree):
        why = _danger(node)
        if why:
            return unknown(f"Python {why}")
    return reads(
        "the Python code only computes and prints",
        leaks=bool(re.search(r"environ|getenv|token_|secret|password", code)),
    )


def _dedented(code: str) -> str:
    return code.strip("\n").strip()


_ATTRIBUTES = re.compile(
    r"[A-Z][A-Z0-9_]*|version(?:_info)?|platform|executable|maxsize|modules|argv|path|prefix|flags|cuda|environ|request|metadata|parse|error|Redis|StrictRedis|"
    r"__version__|client|datetime|date|timezone|utc|Process|distributions|util|implementation|byteorder|hexversion|api_version|stdout|backends|mps|tzname"
)
_OF_OS = {"getcwd", "listdir", "getpid", "getenv", "stat", "uname", "cpu_count", "getloadavg", "environ", "path"}


def _of_module(node: ast.Attribute) -> str:
    """An attribute of a module, whether called or handed on: only what is known to read."""
    if not isinstance(node.value, ast.Name) or node.value.id not in _MODULES:
        return ""
    if node.value.id == "os":
        return "" if node.attr in _OF_OS else f"uses os.{shown(node.attr)}"
    if node.value.id == "platform":
        return ""
    if node.attr in _METHODS or _ATTRIBUTES.fullmatch(node.attr):
        return ""
    return (
        ""
        if node.attr == "connect" and node.value.id in ("asyncpg", "psycopg2", "psycopg", "pymysql")
        else f"uses {shown(node.attr)}"
    )


def _danger(node: ast.AST) -> str:
    match node:
        case ast.Attribute() if why := _of_module(node):
            return why
        case ast.alias(asname=str()):
            return "gives an import another name"
        case ast.Name(id=name, ctx=ast.Store()) if name in _BUILTINS | _METHODS | _MODULES:
            return "gives a known name another meaning"
        case ast.keyword(arg="key" | "file"):
            return "hands something on to be called or written to"
        case ast.Import(names=names):
            odd = next((one.name for one in names if one.name not in _MODULES), "")
            return f"imports {shown(odd)}, which could do anything" if odd else ""
        case ast.ImportFrom(module=module, names=names, level=level):
            if level or module not in _MODULES or any(one.name not in _METHODS | _MODULES for one in names):
                return f"imports from {shown(module or '.')}, which could do anything"
        case ast.Call(func=ast.Name(id=name)):
            return "" if name in _BUILTINS | _METHODS else f"calls {shown(name)}"
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="platform" | "asyncpg" | "psycopg2" | "psycopg" | "pymysql"))
        ):
            return ""  # what of them may be used is decided where the attribute stands
        case ast.Call(func=ast.Attribute(attr=name)):
            known = name in _METHODS | {"Redis", "StrictRedis", "Process"} and not _sends(node)
            return "" if known else f"calls {shown(name)}"
        case ast.Call():
            return "calls something that is not named"
        case ast.Attribute(attr=name) if name.startswith("__") and name not in (
            "__version__",
            "__name__",
            "__file__",
            "__doc__",
            "__tablename__",
        ):
            return "reaches into what it should not"
        case (
            ast.FunctionDef()
            | ast.ClassDef()
            | ast.AsyncFunctionDef()
            | ast.With()
            | ast.AsyncWith()
            | ast.Delete()
            | ast.Global()
            | ast.Nonlocal()
            | ast.While()
            | ast.Await()
        ):
            return "does more than compute and print"
        case ast.Assign(targets=targets) if any(not isinstance(one, ast.Name | ast.Tuple) for one in targets):
            return "assigns to a part of something"
        case ast.AugAssign() | ast.AnnAssign() | ast.NamedExpr() | ast.Lambda():
            return "does more than compute and print"
    return ""


def _sends(call: ast.Call) -> bool:
    """Data or a method given to a request makes it more than a GET."""
    return any(keyword.arg in ("data", "method", "json", "files", None) for keyword in call.keywords) or (
        isinstance(call.func, ast.Attribute) and call.func.attr == "urlopen" and len(call.args) > 1
    )


_SERVERS = {
    "uvicorn",
    "gunicorn",
    "http.server",
    "flask",
    "celery",
    "hypercorn",
    "daphne",
    "streamlit",
    "SimpleHTTPServer",
    "waitress",
}


def module_verdict(call: Invocation, index: int) -> Verdict:
    """`python -m MODULE arguments`."""
    if index >= len(call.args):
        return unknown("python -m has no module")
    module = call.texts[index]
    if module == "json.tool":
        operands = [text for text in call.texts[index + 1 :] if not text.startswith("-")]
        return reads("json.tool lays JSON out") if len(operands) < 2 else changes("json.tool writes a file")
    if module in ("pip", "celery") or (module in ("pytest",) and "--collect-only" in call.texts):
        return call.inner(index)
    if module in ("platform", "site", "sysconfig", "calendar"):
        return reads(f"python -m {module} prints facts")
    if module in _SERVERS:
        return asks(f"python -m {module} starts a server that runs until it is stopped")
    return unknown(f"the Python module {shown(module)} could do anything")


def _python(call: Invocation) -> Verdict:
    index = 0
    while index < len(call.args) and call.texts[index].startswith("-"):
        text = call.texts[index]
        if text in ("--version", "-V", "-VV", "--help", "-h"):
            return reads(f"{call.name} prints text")
        if re.fullmatch(r"-[BEIOqsSuvb]*c", text):
            return _one_liner(call, index + 1)
        if re.fullmatch(r"-[BEIOqsSuvb]*m", text):
            return module_verdict(call, index + 1)
        if re.fullmatch(r"-[BEIOqsSuvb]+", text):
            index += 1
            continue
        return unknown(f"{call.name} has an option we do not judge")
    if index < len(call.args) and call.texts[index] != "-":
        return unknown(f"unknown command: the program {shown(call.texts[index])} could do anything")
    if call.stdin is not None:
        return code_verdict(call.stdin)
    return (
        unknown(f"{call.name} runs whatever it is fed")
        if call.piped
        else asks(f"{call.name} opens a prompt for a person")
    )


def _one_liner(call: Invocation, index: int) -> Verdict:
    if index >= len(call.args):
        return unknown("python -c has no code")
    code = call.walker.filled(call.args[index])
    return (
        code_verdict(code)
        if code is not None
        else unknown("the Python code is put together from values that are not known here")
    )


def _interpreter(call: Invocation) -> Verdict:
    texts = call.texts
    if texts and all(text in ("--version", "-v", "-V", "-version", "--help", "-h") for text in texts):
        return reads(f"{call.name} prints text")
    if not texts and not call.piped:
        return asks(f"{call.name} opens a prompt for a person")
    return unknown(f"{call.name} runs a program that could do anything")


def _server(call: Invocation) -> Verdict:
    if call.texts and call.texts[0] in ("--version", "--help", "-v"):
        return reads(f"{call.name} prints text")
    if "--check-config" in call.texts:
        return reads(f"{call.name} --check-config checks settings")
    return asks(f"{call.name} starts a server that runs until it is stopped")


def _java(call: Invocation) -> Verdict:
    if call.texts in (["-version"], ["--version"]):
        return reads("java prints its version")
    return unknown("java runs a program that could do anything")


def _jcmd(call: Invocation) -> Verdict:
    reading = {
        "VM.version",
        "VM.flags",
        "VM.uptime",
        "VM.command_line",
        "VM.system_properties",
        "Thread.print",
        "GC.heap_info",
        "GC.class_histogram_",
        "VM.native_memory",
        "help",
        "PerfCounter.print",
        "VM.info",
        "Compiler.queue",
    }
    if not call.args or call.texts == ["-l"] or (len(call.args) == 2 and call.texts[1] in reading):
        return reads("jcmd shows the state of a Java process")
    return changes("jcmd changes a Java process or stops it for a while")


def _jstat(call: Invocation) -> Verdict:
    numbers = [at for at, text in enumerate(call.texts) if at > 1 and re.fullmatch(r"\d+(?:ms|s)?", text)]
    if len(numbers) == 1:
        from runbooks.document import Risk

        return Verdict(Risk.READ_ONLY, "jstat repeats until it is stopped", True, (call.put(numbers[0] + 1, "3"),))
    return reads("jstat shows memory of a Java process")


_RAILS = Verbs(
    "rails",
    reads="routes|about|stats|notes|version|db:migrate:status|db:version|-T|zeitwerk:check|middleware|initializers   shows facts about the application",
    changes="db:migrate|db:create|db:seed|db:setup|db:rollback|generate|destroy|assets:precompile|db:schema:load|tmp:clear|log:clear   changes the application",
    destroys="db:drop|db:reset|db:purge   deletes the database",
    asks="console|c|dbconsole|db|server|s   opens a prompt or server for a person",
)
_DJANGO = {
    "check",
    "showmigrations",
    "diffsettings",
    "version",
    "sqlmigrate",
    "help",
    "inspectdb",
    "check_permissions_",
}


_ALEMBIC = Verbs(
    "alembic",
    reads="current|history|heads|branches|show|check|list_templates   shows migrations",
    changes="upgrade|revision|stamp|merge|edit|init|ensure_version   changes the database",
    destroys="downgrade   takes the database back, and data may go",
    options="c= n= x= config= name= raiseerr",
)
_FLASK = Verbs(
    "flask",
    reads="routes, db current, db history, db heads, db branches, db show   shows facts about the application",
    changes="db upgrade, db migrate, db stamp, db revision, db merge, db init, init-db   changes the database",
    destroys="db downgrade   takes the database back",
    asks="run|shell   starts a server or prompt",
    options="app= A= debug e=",
)

TOOLS: dict[str, Judge] = {
    **dict.fromkeys(("python", "python3", "python2", "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "pypy3"), _python),
    "ipython": lambda call: asks("ipython opens a prompt for a person") if not call.args else unknown("ipython runs a program"),
    **dict.fromkeys(("node", "ruby", "php", "lua", "deno", "Rscript", "R", "julia", "scala", "groovy", "tclsh", "erl", "elixir", "iex", "irb", "ghci", "swift", "tsx", "ts-node", "nodejs", "osascript", "guile"), _interpreter),
    **dict.fromkeys(("uvicorn", "gunicorn", "hypercorn", "daphne", "uwsgi", "waitress-serve", "puma", "unicorn", "streamlit", "nodemon", "http-server", "serve", "flower"), _server),
    "java": _java,
    "jps": reader("lists Java processes"),
    "jinfo": lambda call: changes("jinfo -flag changes a Java process") if any((text.startswith("-flag") and re.search(r"[=+]", text)) or (re.match(r"[+-]\w+$", text) and text not in ("-flags", "-sysprops")) for text in call.texts) or "-flag" in call.texts else reads("jinfo shows settings of a Java process"),
    "jstack": lambda call: changes("jstack -F stops a process") if "-F" in call.texts else reads("jstack shows what a Java process does"),
    "jmap": lambda call: reads("jmap -heap shows memory of a Java process") if call.texts[:1] in (["-heap"], ["-clstats"], ["-finalizerinfo"]) else changes("jmap stops a process and may write its memory to a file"),
    "jstat": _jstat,
    "jcmd": _jcmd,
    "keytool": lambda call: reads("keytool -list shows certificates") if call.texts[:1] in (["-list"], ["-printcert"], ["-printcertreq"], ["-printcrl"]) and not any(re.match(r"-(?:provider|addprovider|J)", text) for text in call.texts) else changes("keytool changes a key store"),
    "py-spy": lambda call: changes("py-spy stops a process for moments to look into it"),
    "alembic": _ALEMBIC,
    "flask": _FLASK,
    "rails": _RAILS,
    "django-admin": lambda call: reads("django-admin shows facts about the application") if call.texts[:1] and call.texts[0] in _DJANGO else unknown("django-admin runs a command that may change something"),
    "pytest": lambda call: unknown("pytest runs the project's tests, which could do anything"),
    "tox": lambda call: unknown("tox runs the project's tests"),
    "flyway": Verbs("flyway", reads="info|validate|version   shows migrations", changes="migrate|baseline|repair|undo   changes the database", destroys="clean   deletes the database"),
    "liquibase": Verbs("liquibase", reads="status|history|validate|diff   shows migrations", writing="output-file= outputFile=", changes="update|rollback|tag|changelog-sync|clear-checksums|release-locks   changes the database", destroys="drop-all   deletes the database", single=False),
    "nvcc": changer("writes files"),
}  # fmt: skip
