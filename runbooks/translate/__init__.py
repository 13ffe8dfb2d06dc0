"""From a command line to what runs: the most native form first, argv without a shell after that, a shell last.

One tool, one module here, found by scanning. A module offers `VERBS`, the commands it knows, and

    def calls(argv: Sequence[str]) -> tuple[Call, ...]

which answers the native forms of one command, or nothing: a translation is exact or it is none, and an option that
is not known means none. It may also offer `absorbed(call, argv)`, for a filter behind its call that the call itself
can do, `bare(text)`, for text that is no shell at all, and `GLOBS`, when it understands a trailing `/*`.

In the arguments of a call, `${NAME}` always is a variable of the shell that `bind` fills from the inventory; a text
that holds these characters literally gets no form but a shell. A command that has a native form gets no other one: if
its target is not in the inventory, running the client program on some host would go round that.

`sudo` is dropped before a native form. The step reads with the rights of the worker, and where those do not
suffice it says so; before a program, `sudo` becomes `sudo -n`, which fails instead of asking.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import Any

from runbooks import shell
from runbooks.document import Call
from runbooks.translate._filters import applies, fits
from runbooks.translate._options import words as set_of
from runbooks.translate._wrappers import Stage, unwrapped
from runbooks.variables import found_in

_LONGEST = 64 * 1024
_DEEPEST = 4
_MOST_PLACEHOLDERS = 50
MOST_URLS = 32
MOST_LOG_LINES = 5000
"""How much of a log is read when a filter looks for something in it."""

_MASK = "mwhole{}q"
_MASKED = re.compile(r"mwhole\d{1,3}q")
_HARMLESS_ENV = set_of(
    "PGPASSWORD PGOPTIONS PGCONNECT_TIMEOUT PGSSLMODE PAGER MYSQL_PWD REDISCLI_AUTH LC_ALL LANG LC_MESSAGES TERM"
    " COMPOSE_INTERACTIVE_NO_CLI DOCKER_CLI_HINTS NO_COLOR"
)
"""Variables before a command that say nothing to a native form: it has its own logins and prints no colours."""

_NOTE = re.compile(r"[ \t]+#[ \t][^\n]*$")
_BUILTINS = set_of(
    "cd pushd popd export unset source . alias unalias set shopt ulimit umask wait read eval exec trap return exit"
    " local declare readonly type hash jobs fg bg disown history builtin let"
)
"""Words that are no programs: only a shell can do these."""

MANUAL = (Call("manual", {}),)


def calls_of(text: str) -> tuple[Call, ...]:
    """The forms in which a command line can run, most native first. Never empty, never raises."""
    if len(text) > _LONGEST or "\x00" in text or "\x01" in text or not text.strip():
        return MANUAL
    bare = _bare(text.strip())
    if bare:
        return bare
    masked, masks = _masked(text)
    script = shell.read(masked)
    found = _Translation(masks).of(script)
    return found or _by_shell(text, script)


@cache
def tools() -> dict[str, ModuleType]:
    """Every known command and the module that translates it."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in sorted(names)]
    return {verb: module for module in modules for verb in module.VERBS}


@cache
def _hooks(name: str) -> tuple[Callable[..., Any], ...]:
    modules = dict.fromkeys(tools().values())
    return tuple(getattr(module, name) for module in modules if hasattr(module, name))


def _bare(text: str) -> tuple[Call, ...]:
    """The form of a text that is no shell: SQL, or a command of a prompt. A comment of the document may follow it."""
    text = _NOTE.sub("", text)
    for reading in _hooks("bare"):
        found: tuple[Call, ...] = reading(text)
        if found:
            return found
    return ()


def _masked(text: str) -> tuple[str, dict[str, str]]:
    """`text` with each bracketed placeholder as one plain word: to a shell `<db-host>` is a redirection."""
    spots = [one for one in found_in(text) if one.written[0] in "<[{"]
    names = {written: _MASK.format(number) for number, written in enumerate(dict.fromkeys(s.written for s in spots))}
    if not names or len(names) > _MOST_PLACEHOLDERS or _MASK.split("{")[0] in text:
        return text, {}
    pieces: list[str] = []
    place = 0
    for spot in spots:
        pieces += (text[place : spot.start], names[spot.written])
        place = spot.end
    return "".join([*pieces, text[place:]]), {mask: written for written, mask in names.items()}


def _by_shell(text: str, script: shell.Script) -> tuple[Call, ...]:
    if script.broken or not script.statements:
        return MANUAL
    return (Call("shell", {"script": text.strip(), "env": {}}),)


@dataclass(frozen=True, slots=True)
class _Translation:
    """One reading of one script. `masks` are the words that stand for bracketed placeholders."""

    masks: dict[str, str] = field(default_factory=dict)

    def of(self, script: shell.Script) -> tuple[Call, ...]:
        if len(script.statements) != 1 or script.background:
            return ()
        return self._statement(script.statements[0])

    def _statement(self, statement: shell.Statement) -> tuple[Call, ...]:
        match statement:
            case shell.Command():
                return self._pipeline((statement,))
            case shell.Pipeline(negated=False):
                return self._pipeline(statement.stages)
            case shell.AndOr():
                return self._or_a_word(statement)
            case shell.Loop():
                return self._loop(statement)
        return ()

    def _pipeline(self, statements: Sequence[shell.Statement]) -> tuple[Call, ...]:
        stages = [self._stage(one) for one in statements]
        known_stages = [one for one in stages if one is not None]
        if len(known_stages) != len(stages) or not stages:
            return ()
        if len(known_stages) > 1 and known_stages[0].argv in _NOTHING_FED:
            known_stages = [replace(known_stages[1], fed=True), *known_stages[2:]]
        return forms_of(known_stages)

    def _or_a_word(self, chain: shell.AndOr) -> tuple[Call, ...]:
        """`check || echo "not available"`: the check alone, which says so itself when it fails."""
        if len(chain.items) != 2 or chain.operators != ("||",):
            return ()
        spare = self._stage(chain.items[1])
        if spare is None or spare.env or spare.silenced or spare.argv[0] not in ("echo", "true", ":", "printf"):
            return ()
        return tuple(call for call in self._statement(chain.items[0]) if call.kind != "argv")

    def _loop(self, loop: shell.Loop) -> tuple[Call, ...]:
        """A loop over literal values whose body only asks one URL is one step that asks them all."""
        values = self._values(loop)
        asked = [one for one in loop.body.statements if not self._only_talks(one)]
        if loop.kind != "for" or not loop.variable or not values or len(asked) != 1 or loop.body.background:
            return ()
        every = [_Translation(self.masks).with_value(asked[0], loop.variable, value) for value in values]
        first = every[0][0] if every[0] else None
        if first is None or any(len(forms) != 1 or not _same_but_url(first, forms[0]) for forms in every):
            return ()
        rest = {key: value for key, value in first.args.items() if key != "url"}
        return (Call("http", {**rest, "urls": [forms[0].args["url"] for forms in every]}, first.filters),)

    def with_value(self, statement: shell.Statement, variable: str, value: str) -> tuple[Call, ...]:
        """The forms of one round of a loop."""
        return tuple(_filled(call, "${" + variable + "}", value) for call in self._statement(statement))

    def _only_talks(self, statement: shell.Statement) -> bool:
        stage = self._stage(statement) if isinstance(statement, shell.Command) else None
        return stage is not None and stage.argv[0] == "echo" and not stage.silenced and not stage.env

    def _values(self, loop: shell.Loop) -> list[str]:
        values: list[str] = []
        for word in loop.values or ():
            text = self._text(word) if not word.braces else None
            span = re.fullmatch(r"\{(\d{1,5})\.\.(\d{1,5})\}", word.text)
            if span and 0 <= int(span[2]) - int(span[1]) < MOST_URLS:
                values += map(str, range(int(span[1]), int(span[2]) + 1))
            elif text is not None and re.fullmatch(r"[\w.-]{1,80}", text):
                values.append(text)
            else:
                return []
        return values if len(values) <= MOST_URLS else []

    # words

    def _stage(self, statement: shell.Statement) -> Stage | None:
        """A simple command as plain words; None when it holds more shell than that."""
        if not isinstance(statement, shell.Command) or not statement.words:
            return None
        words = [self._text(word) for word in statement.words]
        env = [(one.name, self._text(one.value) if one.value else "") for one in statement.assignments]
        plumbing = [_plumbing(one) for one in statement.redirects]
        if None in words or None in plumbing or any(value is None for _, value in env) or _is_odd(statement):
            return None
        argv = tuple(word for word in words if word is not None)
        stage = Stage(
            argv,
            tuple((name, value) for name, value in env if value is not None),
            silenced="silenced" in plumbing,
            fed="fed" in plumbing,
        )
        return stage if argv[0] and "${" not in argv[0] else None

    def _text(self, word: shell.Word) -> str | None:
        """A word's text with variables as `${NAME}`, or None where the shell would do more than that."""
        if word.braces:
            return None
        pieces = [_piece(part) for part in word.parts]
        if None in pieces or any(part.literal is not None and _REFERENCE.search(part.literal) for part in word.parts):
            return None
        text = "".join(piece for piece in pieces if piece is not None)
        if word.globs and not _ADDRESS.match(text):
            if not (text == "*" or text.endswith("/*")) or re.search(r"[*?\[~]", text[:-1]):
                return None
            text = text[:-1] + "\x01*"
        return _MASKED.sub(lambda found: self.masks.get(found[0], found[0]), text)


_ADDRESS = re.compile(r"https?://|[\w.-]{1,253}:\d{1,5}/")
"""A `?` or `[` in an address is no pattern to a shell: no file is called like one."""
_REFERENCE = re.compile(r"\$\{[A-Za-z_]\w*\}")
_NOTHING_FED = (("echo",), ("echo", "Q"), ("true",), ("printf", ""), ("echo", ""), ("echo", "-n"))


def _piece(part: shell.Part) -> str | None:
    if part.literal is not None:
        return part.literal
    if part.variable is None or not part.plain or not re.fullmatch(r"[A-Za-z_]\w*", part.variable):
        return None
    return "${" + part.variable + "}"


def _is_odd(command: shell.Command) -> bool:
    return any(one.array is not None or one.append for one in command.assignments)


def _plumbing(redirect: shell.Redirect) -> str | None:
    """What a redirection does that we can do as well: nothing of interest, silence, or no input. None for others."""
    target = redirect.target.value if redirect.target is not None else None
    match redirect.operator, redirect.fd, target:
        case (">" | ">>", "2", "/dev/null") | (">&", "2", "1"):
            return "ignored"
        case (">" | ">>", None | "1", "/dev/null") | ("&>" | ">&", None, "/dev/null"):
            return "silenced"
        case ("<", None | "0", "/dev/null"):
            return "fed"
    return None


# from stages to forms


def forms_of(stages: Sequence[Stage]) -> tuple[Call, ...]:
    """The forms of a pipeline whose stages are plain commands."""
    first = unwrapped(stages[0], native_of)
    if first is None or not first.argv:
        return ()
    native = () if first.opaque else native_of(first.argv, {name for name, _ in first.env})
    filters = [stage.argv for stage in stages[1:] if not (stage.env or stage.fed)]
    if len(filters) != len(stages) - 1:
        return ()
    piped = [call for one in native if (call := _piped(_quiet(one, first), filters)) is not None]
    if piped:
        return tuple(piped)
    if any("\x01" in word for word in first.argv) or (first.silenced and len(stages) > 1) or first.argv[0] in _BUILTINS:
        return ()
    plain = _piped(_argv(first), filters) if all(map(applies, filters)) else None
    return (plain,) if plain is not None else ()


def native_of(argv: Sequence[str], env: Collection[str] = (), depth: int = 0) -> tuple[Call, ...]:
    """The native forms of one command, or nothing."""
    if not argv:
        return ()
    name = argv[0].rsplit("/", 1)[-1] if argv[0].startswith(("/usr/", "/bin/", "/sbin/")) else argv[0]
    module = tools().get(name)
    if module is None or depth > _DEEPEST or not _HARMLESS_ENV.issuperset(env):
        return ()
    if any("\x01" in word for word in argv) and not getattr(module, "GLOBS", False):
        return ()
    words = (name, *argv[1:])
    if "inner" in _parameters(module):
        found = module.calls(words, lambda inside: native_of(inside, (), depth + 1))
    else:
        found = module.calls(words)
    return tuple(found)


@cache
def _parameters(module: ModuleType) -> frozenset[str]:
    return frozenset(inspect.signature(module.calls).parameters)


def _quiet(call: Call, stage: Stage) -> Call:
    if stage.silenced and call.kind == "http":
        return Call("http", {**call.args, "show": "status"}, call.filters)
    return call


def _piped(call: Call, filters: Sequence[tuple[str, ...]]) -> Call | None:
    """`call` with the filters behind it, or None when one of them cannot be applied to our output of it."""
    for argv in filters:
        absorbed = next((one for hook in _hooks("absorbed") if (one := hook(call, argv)) is not None), None)
        if absorbed is not None:
            call = absorbed
        elif applies(argv) and fits(call, argv) and not _is_partial(call):
            call = replace(call, filters=(*call.filters, argv))
        else:
            return None
    return _searched(call)


def _is_partial(call: Call) -> bool:
    """Whether our output shows less than the tool's, so that a further filter would miss things."""
    return call.kind == "host" and call.args["op"] in ("processes", "top", "ports")


def _searched(call: Call) -> Call:
    """A search in a log looks at as much of it as we ever read, not at its last screen."""
    if call.kind == "docker" and call.args["op"] == "logs" and call.filters and call.args["tail"] is None:
        return replace(call, args={**call.args, "tail": MOST_LOG_LINES})
    return call


def _argv(stage: Stage) -> Call:
    # Docker's client needs no rights of its own: it talks to the engine that the inventory names.
    sudo = () if stage.argv[0] in ("docker", "docker-compose") else stage.sudo
    return Call("argv", {"argv": [*sudo, *stage.argv], "env": dict(stage.env)})


# loops


def _filled(call: Call, reference: str, value: str) -> Call:
    """`call` with a loop's variable put in. The values are plain words of the document itself."""
    return replace(call, args={key: _put(item, reference, value) for key, item in call.args.items()})


def _put(item: Any, reference: str, value: str) -> Any:
    if isinstance(item, str):
        return item.replace(reference, value)
    if isinstance(item, dict):
        return {key: _put(one, reference, value) for key, one in item.items()}
    return [_put(one, reference, value) for one in item] if isinstance(item, list) else item


def _same_but_url(first: Call, other: Call) -> bool:
    def rest(call: Call) -> dict[str, Any]:
        return {key: value for key, value in call.args.items() if key != "url"}

    same = first.kind == other.kind == "http" and first.filters == other.filters and rest(first) == rest(other)
    return same and first.args.get("method") in ("GET", "HEAD")


__all__ = ["MANUAL", "calls_of", "native_of", "tools"]
