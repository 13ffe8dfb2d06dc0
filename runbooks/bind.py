"""From a step of a document to a call on a target of the inventory, or one line on why there is none.

Closed by default: what the inventory does not list could not run. `localhost` in a document means what the
inventory says that address means there, never the bot's own host, and a host that a document names opens nothing.
Pure: nothing is resolved, opened or asked here.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from incidents.errors import Rejected
from incidents.inventory import System
from runbooks.commands import judge
from runbooks.document import Call, ProcedureStep, Risk
from runbooks.filling import Filler, Place, Unfilled, Values
from runbooks.positions import ELSEWHERE, FILE_READERS, NETWORK_CLIENTS, PATTERN_FIRST, SHELLS, places_in, programs_of
from runbooks.shelltext import ShellText, programs_in
from runbooks.translate import calls_of
from runbooks.variables import name_of, placeholders_of, replaced, variables_of

_ELSEWHERE_BY_VARIABLE = frozenset(
    {
        "KUBECONFIG",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "AWS_ENDPOINT_URL",
        "VAULT_ADDR",
        "CONSUL_HTTP_ADDR",
        "NOMAD_ADDR",
    }
)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1", "0.0.0.0")  # noqa: S104 - an address to compare with, nothing binds to it


@dataclass(frozen=True, slots=True)
class Bound:
    """What would run, on what. `args` is JSON-ready, secrets in it are `${NAME}` references.

    `target` is a short stable name, used for locks and shown to people; `display` is the exact call as a person
    reads it; `timeout_hint` is the document's own time limit in seconds.
    """

    kind: str
    args: Mapping[str, Any]
    filters: tuple[tuple[str, ...], ...] = ()
    target: str = ""
    timeout_hint: float | None = None
    display: str = ""


@dataclass(frozen=True, slots=True)
class Unbound:
    """Why a step could not run: one plain line."""

    reason: str


def bind(step: ProcedureStep, system: System | None, values: Mapping[str, str]) -> Bound | Unbound:
    """The call for `step` on `system`. `values` came with the alert or from a person, and are only data."""
    text = step.judgement.bounded or step.text
    refusal = _refusal(step, system)
    if text is None or system is None or refusal:
        return Unbound(refusal or "it is for a person to do")
    reasons: list[str] = []
    for call in calls_of(text):
        try:
            found = _Binding(step, text, system, values).of(call)
        except Unfilled as why:
            reasons.append(str(why))
            continue
        worse = _worse_when_filled(text, system, values)
        return Unbound(worse) if worse else found
    return Unbound(reasons[0])


def _refusal(step: ProcedureStep, system: System | None) -> str | None:
    judged = step.judgement
    if step.text is None or judged.risk is Risk.NOT_A_COMMAND:
        return "it is for a person to do"
    if judged.risk is Risk.INTERACTIVE and judged.bounded is None:
        return f"it needs a terminal ({judged.reason})" if judged.reason else "it needs a terminal"
    return "the inventory knows no system for this document" if system is None else None


_HARM = (Risk.NOT_A_COMMAND, Risk.READ_ONLY, Risk.INTERACTIVE, Risk.MUTATING, Risk.DESTRUCTIVE)


def _worse_when_filled(text: str, system: System, values: Mapping[str, str]) -> str | None:
    """Why a command must not run with its values in: it was judged without them, and a value could be a verb."""
    filled = _with_values(text, Values(system.vars, values))
    if filled == text:
        return None
    before, after = judge(text, system.safe), judge(filled, system.safe)
    if _HARM.index(after.bounded_risk or after.risk) <= _HARM.index(before.bounded_risk or before.risk):
        return None
    return f"with its values in it would be worse than the document says: {after.reason}"


def _with_values(text: str, values: Values) -> str:
    """The text as it would stand with its values typed in: to be judged, never to be run."""
    names = {written: written for written in placeholders_of(text)}
    names |= {form: name for name in variables_of(text) for form in (f"${{{name}}}", f"${name}")}
    known: dict[str, str] = {}
    for form, name in names.items():
        with suppress(Rejected):  # one that is not allowed was not put in either
            if (found := values.of(name)) and not found.is_reference:
                known[form] = found.text
    return replaced(text, known)


@dataclass(frozen=True)
class _Binding:
    """One attempt to bind one form of one command."""

    step: ProcedureStep
    text: str
    system: System
    values: Mapping[str, str]
    fillers: list[Filler] = field(default_factory=list)

    def of(self, call: Call) -> Bound:
        if call.kind == "shell":
            return self._shell(call)
        binder: Callable[[Call], Bound] | None = getattr(self, f"_{call.kind}", None)
        if binder is None:
            raise Unfilled("it is for a person to do")
        return binder(call)

    @property
    def name(self) -> str:
        return self.system.name or "this system"

    @property
    def fill(self) -> Filler:
        """Made when first asked for: a name in the inventory may answer for a placeholder."""
        if not self.fillers:
            self.fillers.append(Filler(placeholders_of(self.text), self._values()))
        return self.fillers[0]

    def _values(self) -> Values:
        return Values({**self._named_targets(), **self.system.vars}, self.values)

    def _named_targets(self) -> dict[str, str]:
        """Databases and servers that the inventory lists under the very name of a placeholder."""
        names = (*self.system.sql, *self.system.redis)
        return {name: name for name in names if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@/-]*", name)}

    def _put(self, text: str | None, place: Place) -> str | None:
        return None if text is None else self.fill.put(text, place)

    def _words(self, words: Sequence[str]) -> list[str]:
        return [self.fill.put(word, place) for word, place in zip(words, places_in(words), strict=True)]

    def _bound(
        self, kind: str, args: dict[str, Any], call: Call, target: str, display: str, timeout: float | None = None
    ) -> Bound:
        filters = tuple(self._filter(argv) for argv in call.filters)
        tail = "".join(f" | {shlex.join(argv)}" for argv in filters)
        limit = self.step.timeout or timeout
        return Bound(kind, args, filters, target, limit, legible(display + tail))

    def _filter(self, argv: Sequence[str]) -> tuple[str, ...]:
        """A filter with its values in. The programs of awk and jq are code."""
        place = Place.FIXED if argv[0] in ("awk", "jq") else Place.WORD
        return (argv[0], *(self.fill.put(word, place) for word in argv[1:]))

    # the network

    def _http(self, call: Call) -> Bound:
        args = dict(call.args)
        written = args.pop("urls", None) or [args["url"]]
        urls = [self._mapped(self._filled_url(url)) for url in written]
        args["headers"] = {name: self.fill.put(value, _place_of(name)) for name, value in args["headers"].items()}
        args["body"] = self._put(args["body"], Place.TEXT)
        args |= {"urls": urls} if len(urls) > 1 else {"url": urls[0]}
        args["expect"] = self.step.expect
        target = f"http:{_address_of(urls[0])}"
        display = f"{args['method']} {' '.join(urls)}" + (f" {args['body']}" if args["body"] else "")
        return self._bound("http", args, call, target, display, args.get("max_time"))

    def _filled_url(self, written: str) -> str:
        scheme, _, rest = written.partition("://")
        end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
        return f"{scheme}://{self.fill.put(rest[:end], Place.HOST)}{self.fill.put(rest[end:], Place.TEXT)}"

    def _mapped(self, url: str) -> str:
        """The URL at the address that the inventory gives for the document's."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Unfilled("its URL is not one that can be asked") from None
        base = self._base_of(parts.hostname or "", port or {"https": 443}.get(parts.scheme, 80), parts.netloc)
        if "${" in base:
            return f"{base.rstrip('/')}{urlunsplit(('', '', parts.path, parts.query, ''))}"
        to = urlsplit(base)
        return urlunsplit((to.scheme, to.netloc, to.path.rstrip("/") + parts.path, parts.query, ""))

    def _base_of(self, host: str, port: int, written: str) -> str:
        names = _spellings(host, port)
        for key, base in self.system.http.items():
            if key.lower() in names:
                return base
        raise Unfilled(f"no `http` address for {written} of {self.name} in the inventory")

    def _peer(self, host: str, port: Any) -> tuple[str, int]:
        """Where a host and port of the document are, if the inventory knows that host."""
        filled = self.fill.put(host, Place.HOST)
        number = self._port(port)
        try:
            parts = urlsplit(self._base_of(filled, number, f"{filled}:{number}"))
            return parts.hostname or filled, parts.port or {"https": 443}.get(parts.scheme, 80)
        except (Unfilled, ValueError):
            if filled in LOOPBACK or filled.lower() not in self._known_hosts():
                raise Unfilled(f"the inventory does not name {filled}:{number} for {self.name}") from None
        return filled, number

    def _known_hosts(self) -> frozenset[str]:
        keys = {key.lower().rsplit(":", 1)[0] for key in self.system.http}
        bases = {(urlsplit(base).hostname or "").lower() for base in self.system.http.values() if "${" not in base}
        return frozenset({*keys, *bases, *(value.lower() for value in self.system.vars.values())} - {""})

    def _port(self, port: Any) -> int:
        text = self.fill.put(str(port), Place.WORD)
        if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) < 65536:
            raise Unfilled(f"{legible(text[:20])} is no port")
        return int(text)

    def _tls(self, call: Call) -> Bound:
        if call.args["path"] is not None:
            path = self._path(call.args["path"])
            args: dict[str, Any] = {"host": None, "port": None, "path": path, "roots": list(self.system.files)}
            return self._bound("tls", args, call, f"host:{self.name}", f"the certificate {path}")
        host, port = self._peer(call.args["host"], call.args["port"])
        args = {"host": host, "port": port, "path": None, "roots": []}
        return self._bound("tls", args, call, f"tls:{host}:{port}", f"the certificate that {host}:{port} shows")

    def _tcp(self, call: Call) -> Bound:
        host, port = self._peer(call.args["host"], call.args["port"])
        return self._bound("tcp", {"host": host, "port": port}, call, f"tcp:{host}:{port}", f"connect to {host}:{port}")

    def _dns(self, call: Call) -> Bound:
        name = self.fill.put(call.args["name"], Place.HOST)
        if name.lower() not in self._known_hosts():
            raise Unfilled(f"the inventory does not name {name} for {self.name}")
        return self._bound("dns", {"name": name}, call, f"dns:{name}", f"resolve {name}")

    # containers

    def _docker(self, call: Call) -> Bound:
        engine = self.system.docker
        if engine is None:
            raise Unfilled(f"no `docker` target for {self.name} in the inventory")
        args = dict(call.args)
        if args["project"] not in (None, engine.project):
            raise Unfilled(f"the Compose project {legible(str(args['project']))} is not the one of the inventory")
        written = (args["container"], args["service"], *args["services"])
        for key in ("container", "service", "image", "user", "workdir", "since"):
            args[key] = self._put(args[key], Place.WORD)
        args["services"] = [self.fill.put(name, Place.WORD) for name in args["services"]]
        args["argv"] = self._words(args["argv"])
        args |= {"host": engine.host, "project": engine.project}
        if any(name is not None and self.fill.is_told(name) for name in written):
            args["told"] = True  # an alert chose it: then it has to be the project's own
        names = [args["container"] or args["service"] or ""] if not args["services"] else sorted(args["services"])
        where = engine.project or self.name
        target = f"docker:{where}/{'+'.join(names)}" if names != [""] else f"docker:{where}"
        return self._bound("docker", args, call, target, _docker_line(args))

    # databases

    def _sql(self, call: Call) -> Bound:
        args = dict(call.args)
        statements = [self.fill.put(text, Place.SQL) for text in args["statements"]]
        name = self._target_name("sql", self.system.sql, args)
        entry, write = self.system.sql[name], not self.step.judgement.runs_unasked
        if write and entry.write_dsn is None:
            raise Unfilled(
                f"the inventory has no `write_dsn` for {name} of {self.name}, and this would change something"
            )
        args |= {key: self._put(args[key], Place.TEXT) for key in ("host", "port", "user", "database")}
        args |= {"service": args["service"] or name, "statements": statements, "write": write}
        args["dsn"] = entry.write_dsn if write else entry.dsn
        return self._bound("sql", args, call, f"sql:{self.name}/{name}", f"sql {name}: {'; '.join(statements)}")

    def _target_name(self, kind: str, targets: Mapping[str, Any], args: Mapping[str, Any]) -> str:
        """Which of the inventory's targets a command means: the one it names, or the only one if it names none."""
        service, host = self._put(args["service"], Place.TEXT), self._put(args.get("host"), Place.TEXT)
        port = self._put(args.get("port"), Place.TEXT)
        named = [name for name in (service, args["service"], f"{host}:{port}", host, args.get("host")) if name]
        for name in (*named, *(name_of(one) for one in named)):
            if name in targets:
                return name
        if service is None and host in (None, *LOOPBACK) and len(targets) == 1:
            return next(iter(targets))
        meant = service or host
        if meant is None or meant in LOOPBACK:
            which = "names none" if not targets else f"names several ({', '.join(sorted(targets))}), the document none"
            raise Unfilled(f"which `{kind}` target of {self.name} is meant is not clear: the inventory {which}")
        raise Unfilled(f"no `{kind}` target {legible(meant)} for {self.name} in the inventory")

    def _redis(self, call: Call) -> Bound:
        args = dict(call.args)
        args["command"] = [self.fill.put(call.args["command"][0], Place.FIXED), *self._plain(call.args["command"][1:])]
        name = self._target_name("redis", self.system.redis, args)
        args |= {key: self._put(args[key], Place.TEXT) for key in ("host", "port")}
        args |= {"service": args["service"] or name, "url": self.system.redis[name].url}
        return self._bound(
            "redis", args, call, f"redis:{self.name}/{name}", f"redis {name}: {shlex.join(args['command'])}"
        )

    def _plain(self, words: Sequence[str]) -> list[str]:
        return [self.fill.put(word, Place.WORD) for word in words]

    def _celery(self, call: Call) -> Bound:
        args = {**call.args, "host": None, "app": self._put(call.args["app"], Place.WORD)}
        if args["service"] not in self.system.celery and args["app"] in self.system.celery:
            args["service"] = args["app"]
        if args["service"] not in self.system.celery and len(self.system.celery) == 1:
            args["service"] = None  # the broker of the only application: any of its workers' services leads there
        name = self._target_name("celery", self.system.celery, args)
        made = {**call.args, "app": args["app"], "broker": self.system.celery[name].broker}
        return self._bound(
            "celery", made, call, f"celery:{self.name}/{name}", f"celery {name}: inspect {made['command']}"
        )

    # the host

    def _local(self) -> str:
        host = self.system.host
        if host is None:
            raise Unfilled(f"no `host` for {self.name} in the inventory")
        if host != "local":
            raise Unfilled("not supported yet: ssh")
        return host

    @property
    def _host_target(self) -> str:
        return f"host:{self.name}"

    def _host(self, call: Call) -> Bound:
        args = {**call.args, "host": self._local()}
        args["pattern"] = self._put(args["pattern"], Place.TEXT)
        if args["port"] is not None:
            args["port"] = self._port(args["port"])
        if args["path"] is not None:
            args["path"] = self._absolute(self.fill.put(args["path"], Place.TEXT))
        about = " ".join(str(args[key]) for key in ("path", "port", "pattern") if args[key] is not None)
        return self._bound("host", args, call, self._host_target, f"{args['op']} {about}".strip() + f" of {self.name}")

    def _file(self, call: Call) -> Bound:
        args = {**call.args, "host": self._local()}
        args["path"] = self._path(args["path"])
        args["pattern"] = self._put(args["pattern"], Place.TEXT)
        args["roots"] = list(self.system.files)
        about = [args["op"], *([args["pattern"]] if args["pattern"] is not None else []), args["path"]]
        return self._bound("file", args, call, self._host_target, shlex.join(about))

    def _sqlite(self, call: Call) -> Bound:
        self._local()
        path = self._path(call.args["path"])
        statements = [self.fill.put(text, Place.SQL) for text in call.args["statements"]]
        write = not self.step.judgement.runs_unasked
        args = {"path": path, "statements": statements, "write": write, "roots": list(self.system.files)}
        return self._bound("sqlite", args, call, f"sqlite:{self.name}{path}", f"sqlite {path}: {'; '.join(statements)}")

    def _path(self, written: str) -> str:
        """An absolute path below an allowed folder. That no link leads out is seen to when it is opened."""
        path = self._absolute(self.fill.put(written, Place.TEXT))
        if not self.system.files:
            raise Unfilled(f"the inventory allows no files of {self.name} to be read (`files` or `workdir`)")
        if not any(_is_below(path, root) for root in self.system.files):
            raise Unfilled(f"{legible(path)} lies outside the folders of {self.name} that may be read")
        return path

    def _absolute(self, path: str) -> str:
        if ".." in path.split("/") or "\x00" in path or path.startswith("~"):
            raise Unfilled(f"the path {legible(path)} leads upwards or is no plain path")
        if path.startswith("/"):
            return posixpath.normpath("/" + path.lstrip("/"))
        return posixpath.normpath(posixpath.join(self._folder(), path))

    def _folder(self) -> str:
        """Where the command runs: the working folder, or the one below it that the document went to."""
        folder, went = self.system.workdir, self.step.cwd
        if folder is None:
            if went is not None and went.startswith("/") and any(_is_below(went, root) for root in self.system.files):
                return posixpath.normpath(went)
            raise Unfilled(f"no `workdir` for {self.name} in the inventory, and the command is about a relative path")
        if not went:
            return folder
        if ".." in went.split("/") or placeholders_of(went) or "$" in went or went.startswith("~"):
            raise Unfilled(f"the folder {legible(went)} that the document goes to is not a plain one")
        inside = posixpath.normpath(posixpath.join(folder, went))
        if not any(_is_below(inside, root) for root in (folder, *self.system.files)):
            raise Unfilled(f"the folder {legible(inside)} is not one of {self.name}'s")
        return inside

    # programs

    def _argv(self, call: Call) -> Bound:
        host = self._local()
        argv = self._words(call.args["argv"])
        env = {name: self.fill.put(value, Place.HEADER) for name, value in call.args["env"].items()}
        self._refuse_strange(argv, env)
        self._refuse_told_containers(argv, call.args["argv"])
        env |= self._engine_env(argv)
        args = {"argv": argv, "env": env, "cwd": self._cwd(argv), "host": host}
        display = " ".join([*(f"{name}={shlex.quote(value)}" for name, value in env.items()), shlex.join(argv)])
        return self._bound("argv", args, call, self._host_target, display)

    def _cwd(self, argv: Sequence[str]) -> str:
        if self.system.workdir is None and not self.step.cwd and not _is_relative(argv[0]):
            return "/"
        return self._folder()

    def _engine_env(self, argv: Sequence[str]) -> dict[str, str]:
        """Docker's own client talks to the engine of the inventory, and to no other."""
        if not any(program in ("docker", "docker-compose") for program, _ in programs_of(argv)):
            return {}
        engine = self.system.docker
        if engine is None:
            raise Unfilled(f"no `docker` target for {self.name} in the inventory")
        if engine.project and any(word.endswith("compose") for word in argv):
            return {"DOCKER_HOST": engine.host, "COMPOSE_PROJECT_NAME": engine.project}
        return {"DOCKER_HOST": engine.host}

    def _refuse_strange(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """What runs unasked as a program of its own is held to the hosts and folders that we ourselves are held to."""
        if not self.step.judgement.runs_unasked:
            return
        for program, rest in programs_of(argv):
            self._refuse_shells(program, rest)
            self._refuse_strange_hosts(program, rest)
            self._refuse_strange_files(program, rest)
        if gone := sorted(env.keys() & _ELSEWHERE_BY_VARIABLE):
            raise Unfilled(f"{gone[0]} would lead to a place that the inventory does not name")

    def _refuse_told_containers(self, argv: Sequence[str], written: Sequence[str]) -> None:
        """Docker's own client cannot be held to a project, as the native step is when an alert names the container."""
        is_docker = any(program in ("docker", "docker-compose") for program, _ in programs_of(argv))
        if is_docker and self.step.judgement.runs_unasked and any(map(self.fill.is_told, written)):
            raise Unfilled("an alert names its container, and this form of the command cannot be held to the project")

    def _refuse_shells(self, program: str, rest: Sequence[str]) -> None:
        if program in SHELLS and any(re.fullmatch(r"-[a-z]*c", word) for word in rest):
            raise Unfilled("it is a true shell line, and those run only after an approval")

    def _refuse_strange_hosts(self, program: str, rest: Sequence[str]) -> None:
        """A client program that would run unasked may only speak to hosts that the inventory names."""
        if rest and all(word in ("--version", "-V", "--help") for word in rest):
            return
        if program in NETWORK_CLIENTS:
            pings = program in ("ping", "ping6", "traceroute")
            if not pings or not rest or rest[-1].lower() not in self._known_hosts():
                raise Unfilled(f"this `{program}` has no native form, and the inventory does not name the host it asks")
        for word in rest:
            option = word.partition("=")[0]
            if option in ELSEWHERE.get(program, ()) or _is_glued(word, ELSEWHERE.get(program, frozenset())):
                raise Unfilled(f"`{program} {option}` would lead to a place that the inventory does not name")
            self._refuse_strange_url(word.rpartition("=")[2] if word.startswith("-") else word)

    def _refuse_strange_url(self, word: str) -> None:
        if not re.match(
            r"(?:https?|wss?|ftp|tcp|ssh|git|ldaps?|amqps?|rediss?|postgres\w*|mysql)://", word, re.IGNORECASE
        ):
            return
        try:
            host = urlsplit(word).hostname or ""
        except ValueError:
            host = ""
        if host not in self._known_hosts() or host in LOOPBACK:
            raise Unfilled(f"the inventory does not name {legible(host) or 'the host of its URL'} for {self.name}")

    def _refuse_strange_files(self, program: str, rest: Sequence[str]) -> None:
        """A program that would read files unasked is held to the folders that we ourselves are held to."""
        if program not in FILE_READERS:
            return
        operands = [word for word in rest if not word.startswith("-")]
        code = operands[:1] if program in PATTERN_FIRST else []
        for word in rest:
            if word not in code and (path := _path_in(word)) is not None:
                self._path(path)

    def _shell(self, call: Call) -> Bound:
        host = self._local()
        filled = ShellText(str(call.args["script"]), Values(self.system.vars, {}))
        script, env = filled.script(), filled.env()
        for program in programs_in(script):
            env |= self._engine_env([program, "compose"])
            if self.step.judgement.runs_unasked:
                self._refuse_strange_hosts(program, ())
        args = {"script": script, "env": env, "cwd": self._shell_cwd(), "host": host}
        return self._bound("shell", args, call, self._host_target, script)

    def _shell_cwd(self) -> str:
        return self._folder() if self.system.workdir or self.step.cwd else "/"


_TYPED = {
    "networks": ["network", "ls"],
    "network_inspect": ["network", "inspect"],
    "volumes": ["volume", "ls"],
    "df": ["system", "df"],
}


def _docker_line(args: Mapping[str, Any]) -> str:
    """A docker call as a person would type it."""
    names = args["services"] or [name for name in (args["container"] or args["service"],) if name]
    op = _TYPED.get(str(args["op"]), [str(args["op"])])
    words = ["docker", *(["compose"] if args["compose"] else []), *op]
    if args["tail"] is not None:
        words += ["--tail", str(args["tail"])]
    if args["since"] is not None:
        words += ["--since", args["since"]]
    if args["all"]:
        words.append("--all")
    return shlex.join([*words, *names, *args["argv"]])


def _place_of(header: str) -> Place:
    """What a header's value is. Behind a proxy, `Host` decides who answers, as the URL does."""
    return Place.HOST if header.lower() in ("host", "x-forwarded-host", "forwarded") else Place.HEADER


def _spellings(host: str, port: int) -> frozenset[str]:
    """How the inventory may write an address: with its port, or without where that is the usual one."""
    plain = host.lower()
    hosts = {plain, *(LOOPBACK if plain in LOOPBACK else ())}
    bare = hosts if port in (80, 443) else set()
    return frozenset({*bare, *(f"{one}:{port}" for one in hosts)})


def _address_of(url: str) -> str:
    netloc = urlsplit(url).netloc if "://" in url else url.split("/")[0]
    return netloc.rsplit("@", 1)[-1]


def _is_below(path: str, root: str) -> bool:
    return path == root.rstrip("/") or path.startswith(root.rstrip("/") + "/") or root == "/"


def _is_glued(word: str, options: frozenset[str]) -> bool:
    """Whether a word is one of these short options with its value behind it: `-Htcp://host`."""
    return len(word) > 2 and word[1] != "-" and word[:2] in options


def _path_in(word: str) -> str | None:
    """A path that leads somewhere of its own, as a word of a command may hold it: `-f/x`, `--file=/x`, `file:/x`."""
    path = word.rpartition("=")[2] if word.startswith("-") else word
    path = re.sub(r"\A(?:-\w(?=/|\.\./)|file:)", "", path)
    if ".." in path.split("/") or path.startswith(("/", "~")):
        return path
    return None


def _is_relative(word: str) -> bool:
    return "/" in word and not word.startswith("/")


def legible(text: str) -> str:
    """`text` with everything invisible written out, so that what a person approves is what they see."""
    return "".join(char if char.isprintable() or char == "\n" else f"\\u{ord(char):04x}" for char in text)


__all__ = ["Bound", "Unbound", "bind", "legible"]
