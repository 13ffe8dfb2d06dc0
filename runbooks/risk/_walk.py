"""The walk: from a shell text to one verdict over everything in it that would run.

A pipeline, list, loop or substitution is as risky as its riskiest part. What the reader did not understand changes
things as far as we know. Variables whose value the text itself sets are put in; others are data by the project's rule
for values (one plain token), so they may be an operand but never a command, a verb, an option or code.
"""

from __future__ import annotations

import re
import shlex
from collections import ChainMap
from collections.abc import Collection, MutableMapping, Sequence
from dataclasses import dataclass, field, replace

from runbooks import shell
from runbooks.document import Risk
from runbooks.risk import tools
from runbooks.risk._arithmetic import runs_values
from runbooks.risk._environment import harmless_name
from runbooks.risk._second import agree
from runbooks.risk._verdict import (
    Arg,
    Edit,
    Invocation,
    Verdict,
    asks,
    changes,
    edited,
    reads,
    unknown,
    worst,
)
from runbooks.shell import HOLE, Assignment, Command, Part, Redirect, Script, Statement, Word

_DEEPEST = 8
_MOST_VALUES = 40
_ODD = "\x01"
"""Stands where one of several values goes, any of which could be an option or an assignment."""
_NOWHERE = {"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"}
_READING = {"<", "<<", "<<-", "<<'", "<<-'", "<<<", "<&"}


@dataclass(slots=True)
class State:
    """What earlier lines of the same shell session left behind.

    `values`: a variable's literal value, several for a loop's, None when it came out of a command.
    """

    values: MutableMapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    functions: MutableMapping[str, Verdict] = field(default_factory=dict)
    broken: str = ""
    """Why nothing after this can be trusted to mean what it says (PATH was set, an alias was made)."""

    def inner(self) -> State:
        """The state inside a function: it sees everything, and what it sets stays inside."""
        return State(ChainMap({}, self.values), self.functions, self.broken)


def verdict_of(text: str, safe: Collection[str] = (), state: State | None = None) -> Verdict:
    """The verdict on a whole shell text. `state` is read and updated."""
    script = shell.read(text)
    walk = _Walk(text, tuple(tuple(verb.split()) for verb in safe), state or State(), 0)
    verdict = walk.script(script)
    return _confirmed(verdict, text, script, walk.state)


def _confirmed(verdict: Verdict, text: str, script: Script, state: State) -> Verdict:
    """The verdict, when nothing speaks against it that is only seen in the whole text."""
    if verdict.risk is not Risk.READ_ONLY:
        return verdict
    if not agree(text, script):
        return unknown("not understood: two readings of this shell text disagree")
    if runs_values(script, state.values):
        return unknown("a value holds a command that counting or comparing would run")
    return verdict


class _Walk:
    """One text being judged. Edits are offsets into it."""

    def __init__(self, text: str, safe: tuple[tuple[str, ...], ...], state: State, depth: int) -> None:
        self.text = text
        self.safe = safe
        self.state = state
        self.depth = depth

    # statements

    def script(self, script: Script) -> Verdict:
        if not script.statements:
            return reads("nothing runs here")
        verdicts: list[Verdict] = []
        for index, statement in enumerate(script.statements):
            verdict = self.statement(statement)
            if index in script.background:
                verdict = worst([asks("it leaves a process running in the background"), verdict])
            verdicts.append(verdict)
        return worst(verdicts)

    def statement(self, one: Statement, stdin: str | None = None, piped: bool = False, into: bool = False) -> Verdict:
        match one:
            case shell.Broken(why=why):
                return unknown(f"not understood: {why}")
            case shell.Command():
                return self._simple(one, stdin, piped, into)
            case shell.Pipeline():
                return self._pipeline(one, stdin, piped, into)
            case shell.AndOr(items=items):
                return worst([self.statement(item, stdin, piped, into) for item in items])
            case shell.Group(body=body, redirects=redirects):
                around = [self._redirect(redirect) for redirect in redirects]
                return worst([*around, self._body(body, piped or _feeds(redirects), into)])
            case shell.Loop():
                return self._loop(one, piped, into)
            case shell.Branch(bodies=bodies, words=words):
                return worst([*self._words(words), *(self._body(body, piped, into) for body in bodies)])
            case shell.Test(words=words):
                return worst([reads("it only compares"), *self._words(words)])
            case shell.Function(name=name, body=body):
                return self._function(name, body)

    def _body(self, body: Script, piped: bool, into: bool) -> Verdict:
        if not body.statements:
            return reads("nothing runs here")
        verdicts = [self.statement(one, None, piped, into) for one in body.statements]
        if body.background:
            verdicts.append(asks("it leaves a process running in the background"))
        return worst(verdicts)

    def _function(self, name: str, body: Script) -> Verdict:
        self.state.functions[name] = reads(f"{name} is a function of this text")
        inner = _Walk(self.text, self.safe, self.state.inner(), self.depth)
        verdict = inner.script(body)
        self.state.functions[name] = verdict
        if verdict.risk is Risk.READ_ONLY:
            return reads(f"it defines the function {name}, which only reads")
        return replace(verdict, edits=(), reason=f"it defines the function {name}: {verdict.reason}")

    def _pipeline(self, pipeline: shell.Pipeline, stdin: str | None, piped: bool, into: bool) -> Verdict:
        verdicts: list[Verdict] = []
        fed, text = piped, stdin
        last = len(pipeline.stages) - 1
        for index, stage in enumerate(pipeline.stages):
            verdicts.append(self.statement(stage, text, fed, into or index < last))
            fed, text = True, self._printed(stage)
        return worst(verdicts)

    def _loop(self, loop: shell.Loop, piped: bool, into: bool) -> Verdict:
        if loop.kind == "select":
            return asks("select asks a person to choose")
        values = loop.values or ()
        verdicts = self._words(values)
        if loop.variable and not harmless_name(loop.variable, exported=False):
            return unknown(f"the loop sets {loop.variable}, which changes what commands do")
        if loop.variable:
            self._bind(loop.variable, self._walked(loop))
        if loop.condition.statements:
            verdicts.append(self._body(loop.condition, piped, into))
        odd = [value for value in self.state.values.get(loop.variable or "") or () if _odd(value)]
        if odd and loop.variable:
            return replace(worst([*verdicts, *self._one_by_one(loop, loop.variable, piped, into)]), edits=())
        verdicts.append(self._body(loop.body, piped, into))
        verdict = worst(verdicts)
        return self._ended(loop, verdict, piped)

    def _one_by_one(self, loop: shell.Loop, variable: str, piped: bool, into: bool) -> list[Verdict]:
        """The verdicts on a loop's body for each of its values: one of them could be an option."""
        values = sorted(set(self.state.values[variable] or ()))
        if len(values) > _MOST_VALUES or self.depth >= _DEEPEST:
            return [unknown("the loop walks over too many options")]
        verdicts = []
        for value in values:
            state = State(ChainMap({variable: (value,)}, self.state.values), self.state.functions, self.state.broken)
            verdicts.append(_Walk(self.text, self.safe, state, self.depth + 1)._body(loop.body, piped, into))
        return verdicts

    def _walked(self, loop: shell.Loop) -> tuple[str, ...] | None:
        if loop.values is None:
            return None
        found: list[str] = []
        for word in loop.values:
            args = self._args(word)
            if any(arg.value is None for arg in args):
                return None
            found += [arg.value or "" for arg in args]
        return tuple(found)

    def _ended(self, loop: shell.Loop, verdict: Verdict, piped: bool) -> Verdict:
        """A loop that waits for something may never end; a `while read` ends with its input."""
        reads_input = any(
            isinstance(one, Command) and one.words and one.words[0].value in ("read", "mapfile")
            for one in shell.walk(loop.condition)
        )
        counted = loop.kind == "for" and (loop.values is not None or ";;" not in loop.text.replace(" ", ""))
        if reads_input or counted or verdict.risk is not Risk.READ_ONLY:
            return verdict
        bounded = edited(self.text, verdict.edits)[loop.start : len(self.text) - (len(self.text) - loop.end)]
        if verdict.edits:
            return replace(verdict, endless=True, edits=())
        wrap = Edit(loop.start, loop.end, f"timeout 60 bash -c {shlex.quote(bounded)}")
        return replace(verdict, endless=True, edits=(wrap,), reason="the loop waits until its condition changes")

    # simple commands

    def _simple(self, command: Command, stdin: str | None, piped: bool, into: bool) -> Verdict:
        verdicts = [self._redirect(redirect, command) for redirect in command.redirects]
        plain = bool(command.words) and command.words[0].value in ("declare", "typeset", "local", "readonly")
        exported = bool(command.words) and not (plain and all(word.value != "-x" for word in command.words))
        verdicts += [self._assigned(one, bool(command.words), exported) for one in command.assignments]
        verdicts += self._words(command.words)
        heredoc = _fed(command.redirects, self)
        fed = piped or _feeds(command.redirects)
        if command.words:
            args = [
                arg
                for word in command.words
                for one in self._args(word)
                for arg in _spread(one, command.words[0].value)
            ]
            if heredoc is not None or _feeds(command.redirects):
                stdin = heredoc
            verdict = self.command(args, stdin, fed, command.start, into=into, words=command.words)
            if command.words[0].value == "export" and command.assignments:
                verdict = replace(verdict, leaks=False)  # without an argument it would list all variables
            verdicts.append(verdict)
        return worst(verdicts) if verdicts else reads("nothing runs here")

    def command(
        self,
        args: Sequence[Arg],
        stdin: str | None,
        piped: bool,
        before: int,
        into: bool = False,
        words: Sequence[Word] = (),
    ) -> Verdict:
        """The verdict on an argument vector: `args[0]` names the tool."""
        if not args:
            return unknown("the command is empty once its variables are put in")
        first = args[0]
        if self.state.broken:
            return unknown(self.state.broken)
        if any(_ODD in arg.text for arg in args) and first.value not in ("echo", ":"):
            return unknown("an argument has several values, and one could be an option")
        if first.value is None or first.globs or first.braces or not first.value:
            return unknown("unknown command: its name is put together by the shell")
        name = self._name(first.value)
        if first.value in self.state.functions:
            if any(_odd(arg.text) or arg.braces for arg in args[1:]):
                return unknown(f"the function {first.value} is given options")
            return replace(self.state.functions[first.value], edits=())
        judge = tools().get(name)
        if judge is None:
            return self._vouched(args) or unknown("unknown command")
        call = Invocation(name, tuple(args[1:]), self, first.start, first.end, stdin, piped, first.value, into)
        if len(args) == 2 and args[1].value in ("--version", "--help") and name not in _DEAF:
            return reads(f"{name} {args[1].value} prints text")
        return judge(call)

    def _name(self, word: str) -> str:
        """The tool that a command word means, "" when it could be any program."""
        if "/" not in word:
            return word
        folder, _, base = word.rpartition("/")
        if (
            (_ANYWHERE.fullmatch(base) and (folder != "." or base.endswith(".sh")))
            or folder in _FOLDERS
            or _BIN.fullmatch(folder)
        ):
            return base
        return ""

    def _vouched(self, args: Sequence[Arg]) -> Verdict | None:
        """The inventory's word for a verb of a tool that is not known. It never covers what is known."""
        for verb in self.safe:
            if tuple(arg.value for arg in args[: len(verb)]) == verb and verb:
                return self._as_vouched(args, len(verb))
        return None

    def _as_vouched(self, args: Sequence[Arg], length: int) -> Verdict:
        verdict = reads("the inventory vouches for this command")
        follow = [at for at in range(length, len(args)) if args[at].text in ("-f", "--follow", "--watch", "-w")]
        if not follow:
            return verdict
        edits = tuple(Edit(args[at - 1].end, args[at].end, "") for at in follow)
        return replace(verdict, endless=True, edits=edits)

    # what goes in and out

    def _redirect(self, redirect: Redirect, command: Command | None = None) -> Verdict:
        verdicts = self._words([redirect.target] if redirect.target else [])
        operator = redirect.operator
        if operator in _READING:
            return worst([reads("it reads its input"), *verdicts])
        if operator in (">&-", "<&-"):
            return reads("it closes a descriptor")
        target = self._single(redirect.target)
        if target in _NOWHERE or (operator == ">&" and target is not None and re.fullmatch(r"\d+-?|-", target)):
            return worst([reads("its output goes nowhere else"), *verdicts])
        if target and target.startswith("/dev/tcp/") and command and _says_nothing(command):
            return worst([reads("it only opens a connection"), *verdicts])
        where = target if target is not None else "a file"
        return worst([changes(f"the redirection writes to {where}"), *verdicts])

    def _single(self, word: Word | None) -> str | None:
        if word is None:
            return None
        args = self._args(word)
        return args[0].value if len(args) == 1 and not args[0].globs and not args[0].braces else None

    def _assigned(self, assignment: Assignment, before_command: bool, exported: bool) -> Verdict:
        words = [word for word in (assignment.value, *(assignment.array or ())) if word is not None]
        verdicts = self._words(words)
        name = assignment.name.partition("[")[0]
        if "$(" in assignment.name or "`" in assignment.name:
            return unknown("a subscript runs a command")
        if _appends_path(assignment):
            return worst([reads("it adds a folder at the end of PATH"), *verdicts])
        if not harmless_name(name, exported):
            if not before_command:
                self.state.broken = f"{name} was set before, which changes what commands do"
            return worst([changes(f"setting {name} changes what the commands after it do"), *verdicts])
        if not before_command:
            self._bind(name, self._assigned_value(assignment))
        return worst([reads(f"it sets the shell variable {name}"), *verdicts])

    def _assigned_value(self, assignment: Assignment) -> tuple[str, ...] | None:
        if assignment.array is not None or assignment.append or "[" in assignment.name:
            return None
        if assignment.value is None:
            return ("",)
        args = self._args(replace_quoted(assignment.value))
        return (args[0].value,) if len(args) == 1 and args[0].value is not None else None

    def _bind(self, name: str, values: tuple[str, ...] | None) -> None:
        known = self.state.values.get(name)
        if name in self.state.values and known != values:
            values = tuple({*(known or (HOLE,)), *(values or (HOLE,))})  # perhaps in a branch: either could hold
        self.state.values[name] = values

    def _words(self, words: Sequence[Word]) -> list[Verdict]:
        """The verdicts on the substitutions inside these words."""
        found: list[Verdict] = []
        for word in words:
            for script in word.substitutions:
                if self.depth >= _DEEPEST:
                    return [unknown("it is nested too deep")]
                inner = _Walk(self.text, self.safe, self.state, self.depth + 1)
                found.append(inner.script(script))
        return found

    # words

    def _args(self, word: Word) -> list[Arg]:
        """The arguments that a word becomes, with the variables put in whose value is known."""
        texts: list[tuple[str, bool]] = [(self._put_in(part), part.quoted) for part in word.parts]
        bare = "".join(text for text, quoted in texts if not quoted)
        changed = any(part.literal is None and text != HOLE for part, (text, _) in zip(word.parts, texts, strict=True))
        if changed and any(
            part.literal is None and not part.quoted and re.search(r"\s", text)
            for part, (text, _) in zip(word.parts, texts, strict=True)
        ):
            pieces = "".join(text for text, _ in texts).split()
            return [self._arg(word, piece, bare) for piece in pieces]
        text = "".join(text for text, _ in texts)
        if not text and not word.quoted and word.parts and changed:
            return []
        return [self._arg(word, text, bare)]

    def _arg(self, word: Word, text: str, bare: str) -> Arg:
        value = None if HOLE in text else text
        globs = word.globs or any(mark in bare for mark in "*?[")
        return Arg(text, value, word.start, word.end, globs, word.braces, word.quoted, word)

    def _put_in(self, part: Part) -> str:
        if part.literal is not None:
            return part.literal
        if part.variable is not None and part.plain:
            values = self.state.values.get(part.variable, ())
            if values and len(set(values)) == 1:
                return values[0]
            if part.variable in ("@", "*") or any(_odd(value) or re.search(r"\s", value) for value in values or ()):
                return _ODD + HOLE
        if part.variable is not None and not part.plain and re.search(r":?[-=+?]", part.variable):
            return HOLE
        if part.substitution is not None and not part.process:
            return _echoed(part.substitution) or HOLE
        return HOLE

    def code(self, arg: Arg, dialect: str = "shell") -> Verdict:
        """The verdict on an argument that is itself shell code, its edits quoted back into place."""
        if self.depth >= _DEEPEST:
            return unknown("it is nested too deep")
        text = self.filled(arg)
        if text is None:
            return unknown("code is put together from values that are not known here")
        walk = _Walk(text, self.safe, State(ChainMap({}, self.state.values), {}, self.state.broken), self.depth + 1)
        script = shell.read(text)
        verdict = _confirmed(walk.script(script), text, script, walk.state)
        if not verdict.edits:
            return verdict
        return replace(verdict, edits=(Edit(arg.start, arg.end, shlex.quote(edited(text, verdict.edits))),))

    def filled(self, arg: Arg) -> str | None:
        """The text of an argument that is code, or None when something not known goes into it.

        A variable that nothing sets here is data by the project's rule (one plain token), so a name stands for it.
        """
        if arg.value is not None:
            return arg.value
        if arg.word is None or arg.hole:
            return None
        pieces: list[str] = []
        for part in arg.word.parts:
            text = self._put_in(part)
            if HOLE not in text:
                pieces.append(text)
            elif part.variable is not None and part.plain and part.variable not in self.state.values:
                pieces.append("value_of_" + re.sub(r"\W", "_", part.variable))
            else:
                return None
        return "".join(pieces)

    def _printed(self, stage: Statement) -> str | None:
        """What a stage of a pipeline writes, when the text says so."""
        if not isinstance(stage, Command) or not stage.words:
            return None
        args = [arg for word in stage.words for arg in self._args(word)]
        values = [arg.value for arg in args]
        if any(value is None for value in values) or any(arg.globs or arg.braces for arg in args):
            return None
        known = [value or "" for value in values]
        if known[0] == "echo":
            rest = known[1:]
            while rest and re.fullmatch(r"-[neE]+", rest[0]):
                rest = rest[1:]
            return " ".join(rest)
        if known[0] == "printf" and len(known) > 1 and "%" not in known[1]:
            return known[1].replace("\\n", "\n").replace("\\r", "\r")
        if known == ["cat"]:
            return _fed(stage.redirects, self)
        return None


def _odd(value: str) -> bool:
    """Whether a value would be more than an operand: an option, an assignment, an address of some scheme."""
    return value.startswith(("-", "+", "@")) or "=" in value or "://" in value


def _spread(arg: Arg, name: str | None) -> list[Arg]:
    """The arguments that a brace expansion makes of one; one that could be anything when it is not understood."""
    if not arg.braces or arg.word is None:
        return [arg]
    spread = [] if arg.quoted else braced(arg.text)
    if not spread or len(spread) > _MOST_VALUES:
        return [replace(arg, text=_ODD + HOLE, value=None)] if _odd(arg.text.lstrip("{")) else [arg]
    if arg.text.startswith("{") and name not in _TAKE_FILES:  # it may stand where a verb does
        return [replace(arg, text=_ODD + HOLE, value=None)]
    return [replace(arg, text=text, value=None if HOLE in text else text, braces=False) for text in spread]


_TAKE_FILES = {
    "echo",
    "printf",
    "ls",
    "cat",
    "head",
    "tail",
    "grep",
    "egrep",
    "zgrep",
    "stat",
    "du",
    "wc",
    "file",
    "df",
}
_BRACED = re.compile(r"\{([^{}]*)\}")


def braced(text: str) -> list[str]:
    """`a{b,c}` as `ab` and `ac`; nothing when it is not understood. Ranges give their two ends."""
    done: list[str] = []
    todo = [text]
    while todo and len(done) + len(todo) < 1000:
        one = todo.pop(0)
        found = next((found for found in _BRACED.finditer(one) if _choices(found[1])), None)
        if found is None:
            done.append(one)
        else:
            todo[:0] = [one[: found.start()] + choice + one[found.end() :] for choice in _choices(found[1])]
    return done if not todo and not any("{" in one and "," in one for one in done) else []


def _choices(inside: str) -> list[str]:
    if "," in inside:
        return inside.split(",")
    first, dots, last = inside.partition("..")
    return [first, last.partition("..")[0]] if dots and first and last else []


def replace_quoted(word: Word) -> Word:
    """An assigned value is not split into words, as if it were quoted."""
    return replace(word, parts=tuple(replace(part, quoted=True) for part in word.parts), quoted=True)


def _appends_path(assignment: Assignment) -> bool:
    """`PATH=$PATH:/opt/x/bin` hides nothing that was found before."""
    word = assignment.value
    if assignment.name != "PATH" or word is None or not word.parts or word.parts[0].variable != "PATH":
        return False
    rest = word.parts[1:]
    return word.parts[0].plain and all(part.literal is not None for part in rest) and word.shape.startswith(f"{HOLE}:")


def _feeds(redirects: Sequence[Redirect]) -> bool:
    return any(redirect.operator in _READING for redirect in redirects)


def _fed(redirects: Sequence[Redirect], walk: _Walk) -> str | None:
    """The text of a here-document or here-string, when nothing is put into it."""
    for redirect in redirects:
        if redirect.operator.startswith("<<<"):
            return walk._single(redirect.target)
        if redirect.operator.startswith("<<") and redirect.target is None:
            return redirect.body
    return None


def _says_nothing(command: Command) -> bool:
    words = [word.value for word in command.words]
    return words in ([], ["echo"], [":"], ["true"], ["cat"], ["exec"])


def _echoed(script: Script) -> str:
    """What `$(echo ...)` prints, so that it can not hide an option; "" when that is not known."""
    if len(script.statements) != 1:
        return ""
    only = script.statements[0]
    if not isinstance(only, Command) or not only.words or only.words[0].value not in ("echo", "printf"):
        return ""
    values = [word.value for word in only.words[1:]]
    return "-" + HOLE if any(value is None for value in values) else " ".join(value or "" for value in values)


_FOLDERS = {"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"}
_BIN = re.compile(r"(?:/[\w.+-]+)+/s?bin|(?:\./)?\.?v?env[\w.-]*/bin|(?:\./)?node_modules/\.bin|(?:\./)?bin")
_DEAF = {"reboot", "shutdown", "halt", "poweroff", "init", "telinit", "kill", "eval", "source", ".", "exec", "nohup"}
"""Commands that may not listen to `--version`."""
_ANYWHERE = re.compile(
    r"kafka-[\w-]+\.sh|zookeeper-shell\.sh|zkCli\.sh|zkServer\.sh|connect-[\w-]+\.sh|pulsar-admin|rabbitmq[\w-]+|nodetool|cqlsh|gitlab-(?:ctl|rake|rails|psql)"
    r"|redis-cli|psql|pg_\w+|mysql|mongosh?|clickhouse-client|jstack|jcmd|jstat|jmap|jps|hdfs|elasticsearch-plugin|alembic|celery|uvicorn|gunicorn|flask|rails|rake"
)
