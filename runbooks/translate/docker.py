"""`docker`, `docker compose` and `docker-compose` through the engine's own interface.

The two spellings of Compose mean the same. Which containers a service has is found by its labels when the step runs;
`-f` files play no part in that, and a project that the document names must be the one of the inventory (`bind` sees
to it). What needs the client itself (up, build, config, run) has no native form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from runbooks.document import Call
from runbooks.translate._options import Known, Options, known, read
from runbooks.translate._options import words as set_of

VERBS = ("docker", "docker-compose", "podman-compose")

Inner = Callable[[Sequence[str]], tuple[Call, ...]]
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CHANGES = frozenset({"restart", "start", "stop", "kill", "pause", "unpause"})
FOLLOWED_LINES = 200
"""What `logs -f` becomes: the last lines, once."""

_COMPOSE = known(
    valued="-f --file -p --project-name", ignored_valued="--profile --ansi --progress --env-file", stop=True
)
_LOGS = known("-f --follow -t --timestamps", "-n --tail --since", ignored="--no-color --no-log-prefix --details")
_EXEC = known(
    "-d --detach", "-u --user -w --workdir", ignored="-i --interactive -t --tty -T --no-TTY --no-tty", stop=True
)
_PS = known("-a --all", "--format", ignored="--no-trunc")
_STATS = known("-a --all", "--format", ignored="--no-stream --no-trunc")
_NAMES = known()
_KILL = known("", "-s --signal")
_STATE_FORMAT = re.compile(r"(?:table )?[^{}]{0,4}(?:\{\{ ?\.[A-Za-z]+ ?\}\}[^{}]{0,8})+")
_FIELD = re.compile(r"\{\{ ?\.([A-Za-z]+) ?\}\}")
_FIELDS = set_of("ID Image Names Name Status State Ports Container CPUPerc MemUsage MemPerc NetIO BlockIO PIDs Service")
_PATH_FORMAT = re.compile(r"\{\{ ?(?:json )?(?:index )?\.([A-Za-z][A-Za-z.]{0,80}) ?\}\}")

_READS_ALONE = {
    ("images",): "images",
    ("image", "ls"): "images",
    ("image", "list"): "images",
    ("network", "ls"): "networks",
    ("network", "list"): "networks",
    ("volume", "ls"): "volumes",
    ("volume", "list"): "volumes",
    ("system", "df"): "df",
    ("system", "info"): "info",
    ("info",): "info",
    ("version",): "version",
}


def calls(argv: Sequence[str], inner: Inner) -> tuple[Call, ...]:
    """What `argv` asks of an engine. `inner` translates what `exec` would run inside."""
    words = list(argv[1:])
    if argv[0] != "docker":
        return _compose(words, inner)
    if words[:1] == ["compose"]:
        return _compose(words[1:], inner)
    return _engine(words, inner)


def _call(op: str, **more: Any) -> Call:
    args: dict[str, Any] = {
        "op": op, "container": None, "service": None, "services": [], "compose": False, "project": None, "argv": [],
        "user": None, "workdir": None, "tail": None, "since": None, "all": False, "image": None,
    }  # fmt: skip
    return Call("docker", {**args, **more})


def _one(call: Call | None) -> tuple[Call, ...]:
    return (call,) if call is not None else ()


# The engine's own containers


def _engine(words: list[str], inner: Inner) -> tuple[Call, ...]:
    if words[:1] == ["container"] and len(words) > 1:
        words = [{"ls": "ps", "list": "ps"}.get(words[1], words[1]), *words[2:]]
    for verbs, op in _READS_ALONE.items():
        if tuple(words[: len(verbs)]) == verbs:
            return _one(_alone(op, words[len(verbs) :]))
    if words[:2] == ["network", "inspect"]:
        return _one(_named("network_inspect", words[2:], _NAMES))
    verb, rest = (words[0], words[1:]) if words else ("", [])
    if verb == "exec":
        return _nearest(_exec(rest, compose=False), inner)
    made = {"ps": _ps, "logs": _logs, "stats": _stats, "inspect": _inspect, "top": _top, "port": _top}.get(verb)
    if made is not None:
        return _one(made(verb, rest))
    return _one(_changed(verb, rest)) if verb in CHANGES else ()


def _alone(op: str, words: list[str]) -> Call | None:
    options = read(words, known(ignored="-a --all -v --verbose --no-trunc --digests"))
    return None if options is None or options.operands else _call(op)


def _ps(_verb: str, words: list[str]) -> Call | None:
    options = read(words, _PS)
    if options is None or options.operands or not _known_format(options.last("--format")):
        return None
    return _call("ps", all=options.has("-a", "--all"))


def _logs(_verb: str, words: list[str]) -> Call | None:
    options = read(words, _LOGS)
    tail = _tail(options) if options else None
    if options is None or tail is None or len(options.operands) != 1:
        return None
    return _call("logs", container=options.operands[0], **tail)


def _stats(_verb: str, words: list[str]) -> Call | None:
    options = read(words, _STATS)
    if options is None or not _known_format(options.last("--format")):
        return None
    return _several("stats", options)


def _inspect(_verb: str, words: list[str]) -> Call | None:
    options = read(words, known("", "-f --format", ignored_valued="--type"))
    if options is None or len(options.operands) != 1:
        return None
    call = _call("inspect", container=options.operands[0])
    template = options.last("-f", "--format")
    if template is None:
        return call
    path = _PATH_FORMAT.fullmatch(template)
    # One field of one container is a path into the JSON that inspect prints without a template.
    return replace(call, filters=(("jq", "-r", f".[0].{path[1]}"),)) if path and "index" not in template else None


def _top(verb: str, words: list[str]) -> Call | None:
    return _named(verb, words, _NAMES)


def _named(op: str, words: list[str], table: Known) -> Call | None:
    options = read(words, table)
    return _call(op, container=options.operands[0]) if options and len(options.operands) == 1 else None


def _changed(verb: str, words: list[str]) -> Call | None:
    options = read(words, _KILL if verb == "kill" else _NAMES)
    if options is None or not options.operands or options.has("-s", "--signal"):
        return None
    return _several(verb, options)


def _several(op: str, options: Options) -> Call:
    names = options.operands
    if len(names) == 1:
        return _call(op, container=names[0], all=options.has("-a", "--all"))
    return _call(op, services=list(names), all=options.has("-a", "--all"))


def _exec(words: list[str], compose: bool, project: str | None = None) -> Call | None:
    options = read(words, _EXEC)
    if options is None or len(options.operands) < 2 or options.has("-d", "--detach"):
        return None
    name, *argv = options.operands
    place = {"service": name} if compose else {"container": name}
    return _call(
        "exec", **place, compose=compose, project=project, argv=argv,
        user=options.last("-u", "--user"), workdir=options.last("-w", "--workdir"),
    )  # fmt: skip


def _tail(options: Options) -> dict[str, Any] | None:
    given = options.last("-n", "--tail")
    if given is not None and given != "all" and not given.isdecimal():
        return None
    lines = int(given) if given is not None and given.isdecimal() and len(given) < 8 else None
    if lines is None and options.has("-f", "--follow"):
        lines = FOLLOWED_LINES
    return {
        "tail": lines, "since": options.last("--since"), "timestamps": options.has("-t", "--timestamps")
    }  # fmt: skip


def _known_format(template: str | None) -> bool:
    """Whether a template only chooses among the columns that our table has anyway."""
    if template is None:
        return True
    template = template.replace("\\t", "\t")
    return bool(_STATE_FORMAT.fullmatch(template)) and set(_FIELD.findall(template)) <= _FIELDS


# Compose


def _compose(words: list[str], inner: Inner) -> tuple[Call, ...]:
    options = read(words, _COMPOSE)
    if options is None or not options.operands:
        return ()
    verb, *rest = options.operands
    project = options.last("-p", "--project-name")
    if verb == "exec":
        return _nearest(_exec(rest, compose=True, project=project), inner)
    return _one(_compose_verb(verb, rest, project))


def _compose_verb(verb: str, words: list[str], project: str | None) -> Call | None:
    tables = {
        "ps": _PS, "logs": _LOGS, "stats": _STATS, "top": _NAMES, "images": _NAMES, "port": _NAMES,
    } | dict.fromkeys(CHANGES, _NAMES)  # fmt: skip
    options = read(words, tables[verb]) if verb in tables else None
    if options is None or not _known_format(options.last("--format")):
        return None
    tail = _tail(options) if verb == "logs" else {}
    if tail is None or (verb == "port" and len(options.operands) != 1):
        return None
    return _call(
        verb, compose=True, project=project, services=list(options.operands),
        service=options.operands[0] if len(options.operands) == 1 else None, all=options.has("-a", "--all"), **tail,
    )  # fmt: skip


def _nearest(call: Call | None, inner: Inner) -> tuple[Call, ...]:
    """A client run inside a container speaks to that container's own service: so do we, from outside, if we may."""
    if call is None:
        return ()
    name = str(call.args["service"] or call.args["container"])
    return (*(_from_outside(one, name) for one in inner(call.args["argv"]) if _is_local(one)), call)


def _is_local(call: Call) -> bool:
    return call.kind in ("sql", "redis", "celery") and call.args.get("host") in (None, *LOOPBACK)


def _from_outside(call: Call, service: str) -> Call:
    nowhere = {key: None for key in ("host", "port") if key in call.args}
    return replace(call, args={**call.args, **nowhere, "service": service})
