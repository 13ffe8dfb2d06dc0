"""Reading shell: text in, plain values out.

tree-sitter-bash does the parsing because it keeps comments and survives errors. It is generous: it finds a tree for
almost anything, so whatever it marks as an error, and whatever shape of tree we do not know, becomes a `Broken`, and
whoever judges the text must take a `Broken` for something that could do harm.

All offsets are character offsets into the text that was read; `line` is 1-based in that text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

HOLE = "\x00"
"""Stands in `Word.shape` where the shell would put the value of an expansion or a substitution."""

_DEEPEST = 40
_LONGEST = 64 * 1024
_REMEMBERED = 2048
_LANGUAGE = Language(tree_sitter_bash.language())

_WIDE = re.compile(rb"[\xc2-\xdf].|[\xe0-\xef]..|[\xf0-\xf7]...", re.DOTALL)


def _narrowed(wide: re.Match[bytes]) -> bytes:
    """A character beyond ASCII as plain ones of the same length in bytes.

    The grammar's scanner hands code points to C functions that take a byte, and a high one after a brace ends the
    process. Only the shape of the tree is taken from the parser; the words are cut from the text as it was written.
    """
    return b"\xc3\xa9x" if len(wide[0]) == 3 else b"\xc3\xa9" * (len(wide[0]) // 2)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word. Exactly one of `literal`, `variable`, `substitution` is set; all unset: not understood.

    `variable` is the name in `$name` or `${name...}`; `plain` says that nothing is done to its value (`${x:-y}` is
    not plain). `substitution` is what stands inside `$(...)`, backquotes, `<(...)` or `>(...)`; `process` tells
    the last two by their first character.
    """

    literal: str | None = None
    variable: str | None = None
    substitution: Script | None = None
    quoted: bool = False
    plain: bool = True
    process: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One shell word. `value` is its text after quote removal, or None where the shell would put something in.

    `shape` is the same with a HOLE for every expansion. `globs` holds for unquoted `*?[` and a leading `~`;
    `braces` for an unquoted brace expansion, which makes several words of one.
    """

    text: str
    parts: tuple[Part, ...]
    value: str | None
    shape: str
    quoted: bool
    globs: bool
    braces: bool
    start: int
    end: int
    line: int

    @property
    def understood(self) -> bool:
        return all((part.literal, part.variable, part.substitution) != (None, None, None) for part in self.parts)

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(part.variable for part in self.parts if part.variable is not None)

    @property
    def substitutions(self) -> tuple[Script, ...]:
        return tuple(part.substitution for part in self.parts if part.substitution is not None)


@dataclass(frozen=True, slots=True)
class Redirect:
    """`2>>file`: descriptor, operator, target. A here-document has its text in `body` and no target."""

    operator: str
    fd: str | None
    target: Word | None
    body: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    value: Word | None
    array: tuple[Word, ...] | None = None
    append: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command. Without words it only assigns (or only redirects). Words that follow a redirection are in
    `words` as well; assignments in front of the command, or after `export`, are in `assignments`.
    """

    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`a | b`. `operators` are `|` or `|&`, one fewer than the stages."""

    stages: tuple[Statement, ...]
    operators: tuple[str, ...]
    negated: bool
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class AndOr:
    """`a && b || c`: items and the operators between them."""

    items: tuple[Statement, ...]
    operators: tuple[str, ...]
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Group:
    """`( ... )`, `{ ...; }`, or another compound statement with redirections around it (`kind` is "redirected")."""

    kind: str
    body: Script
    redirects: tuple[Redirect, ...]
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Loop:
    """`for`, `while`, `until`, `select`. `values` are the words a `for` walks over, None for `"$@"` or C style."""

    kind: str
    variable: str | None
    values: tuple[Word, ...] | None
    condition: Script
    body: Script
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Branch:
    """`if` or `case`: everything that could run, conditions first. `words` are what a `case` compares."""

    kind: str
    bodies: tuple[Script, ...]
    words: tuple[Word, ...]
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Test:
    """`[ ... ]`, `[[ ... ]]` or `(( ... ))` with the words that stand in it."""

    kind: str
    words: tuple[Word, ...]
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    body: Script
    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Broken:
    """Something this reader did not understand."""

    why: str
    text: str
    start: int
    end: int
    line: int


Statement = Command | Pipeline | AndOr | Group | Loop | Branch | Test | Function | Broken


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    start: int
    line: int
    trailing: bool
    """Whether code stands before it on its line."""


@dataclass(frozen=True, slots=True)
class Script:
    """A list of statements. `background` holds the indexes of those that end in `&`."""

    statements: tuple[Statement, ...] = ()
    background: frozenset[int] = frozenset()
    comments: tuple[Comment, ...] = ()
    text: str = ""

    @property
    def broken(self) -> bool:
        return any(isinstance(part, Broken) for part in walk(self))


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line of a block: continuations, loops, quotes and here-documents joined. `line` is 1-based.

    `whole` is false where something opened here and never closed.
    """

    text: str
    line: int
    last: int
    whole: bool = True


def read(text: str) -> Script:
    """The script that `text` holds. Never raises; what could not be understood is a `Broken` in it."""
    return _remembered(text) if len(text) < _REMEMBERED else _read(text)


@lru_cache(maxsize=1024)
def _remembered(text: str) -> Script:
    return _read(text)


def _read(text: str) -> Script:
    if "\x00" in text or len(text) > _LONGEST:
        why = "it holds a NUL" if "\x00" in text else "it is too long"
        return Script((Broken(why, text, 0, len(text), 1),), text=text)
    return _Reader(text).script()


def walk(script: Script) -> Iterator[Statement]:
    """Every statement in `script`, those inside substitutions, loops and groups included."""
    todo: list[Statement] = list(script.statements)
    while todo:
        found = todo.pop()
        yield found
        for inner in scripts_in(found):
            todo.extend(inner.statements)
        if isinstance(found, Pipeline):
            todo.extend(found.stages)
        elif isinstance(found, AndOr):
            todo.extend(found.items)


def scripts_in(statement: Statement) -> tuple[Script, ...]:
    """The scripts directly inside one statement: bodies, conditions, substitutions."""
    words = words_in(statement)
    inner = tuple(script for word in words for script in word.substitutions)
    match statement:
        case Group(body=body) | Function(body=body):
            return (body, *inner)
        case Loop(condition=condition, body=body):
            return (condition, body, *inner)
        case Branch(bodies=bodies):
            return (*bodies, *inner)
    return inner


def words_in(statement: Statement) -> tuple[Word, ...]:
    """Every word of one statement itself: arguments, assigned values, redirection targets."""
    match statement:
        case Command():
            assigned = tuple(word for one in statement.assignments for word in (one.value, *(one.array or ())) if word)
            return (*statement.words, *assigned, *_targets(statement.redirects))
        case Group(redirects=redirects):
            return _targets(redirects)
        case Loop(values=values):
            return values or ()
        case Branch(words=words) | Test(words=words):
            return words
    return ()


def _targets(redirects: tuple[Redirect, ...]) -> tuple[Word, ...]:
    return tuple(one.target for one in redirects if one.target is not None)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_ANSI = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.)|(.))", re.DOTALL
)
_PARENTHESES = re.compile(r"[()]")
_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")


def _ansi(text: str) -> str:
    """What `$'text'` means."""

    def one(found: re.Match[str]) -> str:
        octal, *hexes, control, other = found.groups()
        if octal:
            return chr(int(octal, 8) & 0xFF)
        code = next((value for value in hexes if value), None)
        if code:
            return chr(min(int(code, 16), 0x10FFFF))
        if control:
            return chr(ord(control) & 0x1F)
        return _ESCAPES.get(other, other if other in "\\'\"?" else "\\" + other)

    return _ANSI.sub(one, text)


@dataclass(slots=True)
class _Build:
    """The parts of a word while it is being read."""

    parts: list[Part] = field(default_factory=list)
    globs: bool = False
    quoted: bool = False
    bare: list[str] = field(default_factory=list)

    def literal(self, text: str, quoted: bool) -> None:
        self.quoted = self.quoted or quoted
        self.bare.append("\x01" if quoted else text)
        self.parts.append(Part(literal=text, quoted=quoted))


class _Reader:
    """Turns one tree into values. Node offsets are bytes; `_chars` maps them when the text is not ASCII."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self.chars = None if len(self.data) == len(text) else _char_offsets(text)
        self.budget = 400 + len(self.data)

    def script(self) -> Script:
        if _nesting(self.text) > _DEEPEST:
            return Script((Broken("it is nested too deep", self.text, 0, len(self.text), 1),), text=self.text)
        tree = self._tree()
        if tree is None:
            return Script((Broken("it takes too long to read", self.text, 0, len(self.text), 1),), text=self.text)
        return self._script(tree, 0)

    def _tree(self) -> Node | None:
        calls = 0

        def over_budget(_offset: int, _error: bool) -> bool:
            nonlocal calls
            calls += 1
            return calls > self.budget // 8

        data = _WIDE.sub(_narrowed, self.data)
        parser = Parser(_LANGUAGE)
        try:
            return parser.parse(
                lambda offset, _point: data[offset : offset + 16384], progress_callback=over_budget
            ).root_node
        except ValueError:
            return None

    # places

    def _at(self, offset: int) -> int:
        return offset if self.chars is None else self.chars[min(offset, len(self.chars) - 1)]

    def _slice(self, start: int, end: int) -> str:
        return self.text[self._at(start) : self._at(end)]

    def _source(self, node: Node) -> str:
        return self._slice(node.start_byte, node.end_byte)

    def _span(self, node: Node) -> tuple[str, int, int, int]:
        start, end = self._at(node.start_byte), self._at(node.end_byte)
        return self.text[start:end], start, end, node.start_point[0] + 1

    def _broken(self, node: Node, why: str) -> Broken:
        return Broken(why, *self._span(node))

    # statements

    def _script(self, node: Node, depth: int, children: list[Node] | None = None) -> Script:
        statements: list[Statement] = []
        background: set[int] = set()
        comments: list[Comment] = []
        for child in node.children if children is None else children:
            if child.type == "comment":
                comments.append(self._comment(child))
            elif child.type == "&":
                background.add(len(statements) - 1)
            elif child.is_named or child.is_missing:
                statements.append(self._statement(child, depth + 1))
        return Script(tuple(statements), frozenset(background), tuple(comments), self._source(node))

    def _comment(self, node: Node) -> Comment:
        text, start, _, line = self._span(node)
        before = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return Comment(text, start, line, trailing=bool(before.strip()))

    def _statement(self, node: Node, depth: int) -> Statement:
        if depth > _DEEPEST:
            return self._broken(node, "it is nested too deep")
        if node.is_missing or node.type == "ERROR":
            return self._broken(node, "the shell syntax is not complete")
        reader: Callable[[Node, int], Statement] | None = getattr(self, f"_read_{node.type}", None)
        if reader is None:
            return self._broken(node, f"a {node.type.replace('_', ' ')} stands where a command should")
        found = reader(node, depth)
        if isinstance(found, Broken) or all(word.understood for word in words_in(found)):
            return found
        return self._broken(node, "a word in it could not be read")

    def _read_command(self, node: Node, depth: int) -> Statement:
        words: list[Word] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        children = node.children
        for index, child in enumerate(children):
            if child.type == "variable_assignment":
                assignments.append(self._assignment(child, depth))
            elif child.type in ("file_redirect", "herestring_redirect"):
                redirects.append(self._redirect(child, depth, words))
            elif child.type == "command_name":
                words.append(self._word(child, depth))
            elif child.type == "$" and index + 1 < len(children) and children[index + 1].type == "string":
                continue  # $"..." is a translated string: the string itself
            elif child.type == "subshell" or child.is_missing or child.type == "ERROR":
                return self._broken(node, "the shell syntax is not complete")
            else:
                words.append(self._word(child, depth))
        return Command(tuple(words), tuple(assignments), tuple(redirects), *self._span(node))

    def _read_declaration_command(self, node: Node, depth: int) -> Statement:
        words: list[Word] = []
        assignments: list[Assignment] = []
        for child in node.children:
            if child.type == "variable_assignment":
                assignments.append(self._assignment(child, depth))
            elif child.type == "ERROR" or child.is_missing:
                return self._broken(node, "the shell syntax is not complete")
            else:
                words.append(self._word(child, depth))
        return Command(tuple(words), tuple(assignments), (), *self._span(node))

    _read_unset_command = _read_declaration_command

    def _read_variable_assignment(self, node: Node, depth: int) -> Statement:
        return Command((), (self._assignment(node, depth),), (), *self._span(node))

    def _read_variable_assignments(self, node: Node, depth: int) -> Statement:
        return Command(
            (), tuple(self._assignment(child, depth) for child in node.named_children), (), *self._span(node)
        )

    def _read_pipeline(self, node: Node, depth: int) -> Statement:
        stages: list[Statement] = []
        operators: list[str] = []
        for child in node.children:
            if child.type in ("|", "|&"):
                operators.append(child.type)
            elif child.type == "comment":
                continue
            else:
                stages.append(self._statement(child, depth + 1))
        if len(operators) != len(stages) - 1:
            return self._broken(node, "the pipeline is not complete")
        negated = isinstance(stages[0], Pipeline) and stages[0].negated and len(stages[0].stages) == 1
        if negated:
            assert isinstance(stages[0], Pipeline)
            stages[0] = stages[0].stages[0]
        return self._flat(stages, operators, negated, self._span(node))

    def _flat(
        self, stages: list[Statement], operators: list[str], negated: bool, span: tuple[str, int, int, int]
    ) -> Pipeline:
        flat: list[Statement] = []
        joined: list[str] = []
        for index, stage in enumerate(stages):
            if index:
                joined.append(operators[index - 1])
            if isinstance(stage, Pipeline) and not stage.negated:
                flat.extend(stage.stages)
                joined.extend(stage.operators)
            else:
                flat.append(stage)
        return Pipeline(tuple(flat), tuple(joined), negated, *span)

    def _read_negated_command(self, node: Node, depth: int) -> Statement:
        inner = [self._statement(child, depth + 1) for child in node.named_children if child.type != "comment"]
        if len(inner) != 1:
            return self._broken(node, "the negation is not complete")
        return Pipeline((inner[0],), (), True, *self._span(node))

    def _read_list(self, node: Node, depth: int) -> Statement:
        """Lists lean left: `a && b && c` is ((a && b) && c), so they are unrolled without recursion."""
        items: list[Statement] = []
        operators: list[str] = []
        current: Node | None = node
        while current is not None:
            left: Node | None = None
            parts: list[Statement] = []
            found: list[str] = []
            for index, child in enumerate(current.children):
                if child.type in ("&&", "||"):
                    found.append(child.type)
                elif child.type == "comment":
                    continue
                elif index == 0 and child.type == "list":
                    left = child
                else:
                    parts.append(self._statement(child, depth + 1))
            if len(found) != len(parts) - (0 if left else 1):
                return self._broken(node, "the list is not complete")
            items[:0], operators[:0] = parts, found
            current = left
        return AndOr(tuple(items), tuple(operators), *self._span(node))

    def _read_subshell(self, node: Node, depth: int) -> Statement:
        return Group("(", self._script(node, depth), (), *self._span(node))

    def _read_compound_statement(self, node: Node, depth: int) -> Statement:
        if node.children and node.children[0].type == "((":
            return Test("((", self._words_below(node, depth), *self._span(node))
        return Group("{", self._script(node, depth), (), *self._span(node))

    def _read_test_command(self, node: Node, depth: int) -> Statement:
        if any(child.type in ("ERROR", "file_redirect") or child.is_missing for child in node.children):
            return self._broken(node, "the test is not complete")
        first = node.children[0].type if node.children else "["
        return Test(first, self._words_below(node, depth), *self._span(node))

    def _words_below(self, node: Node, depth: int) -> tuple[Word, ...]:
        """The words of a test or an arithmetic command, which tree-sitter hides under expressions."""
        words: list[Word] = []
        todo = list(reversed(node.named_children))
        while todo:
            child = todo.pop()
            if child.type.endswith("_expression"):
                todo.extend(reversed(child.named_children))
            elif child.type == "redirected_statement" or child.type == "command":
                words.append(self._odd_word(child))
            else:
                words.append(self._word(child, depth))
        return tuple(words)

    def _odd_word(self, node: Node) -> Word:
        text, start, end, line = self._span(node)
        return Word(text, (Part(),), None, HOLE, False, False, False, start, end, line)

    def _read_for_statement(self, node: Node, depth: int) -> Statement:
        variable: str | None = None
        values: list[Word] | None = None
        body = Script()
        kind = node.children[0].type
        for child in node.children[1:]:
            if child.type == "ERROR" or child.is_missing:
                return self._broken(node, "the loop is not complete")
            if child.type == "variable_name" and variable is None:
                variable = self._source(child)
            elif child.type == "in":
                values = []
            elif child.type == "do_group":
                body = self._body(child, depth)
            elif child.is_named and child.type != "comment" and values is not None:
                values.append(self._word(child, depth))
        walked = None if values is None else tuple(values)
        return Loop(kind, variable, walked, Script(), body, *self._span(node))

    def _read_c_style_for_statement(self, node: Node, depth: int) -> Statement:
        words: list[Word] = []
        body = Script()
        for child in node.named_children:
            if child.type == "ERROR" or child.is_missing:
                return self._broken(node, "the loop is not complete")
            if child.type in ("do_group", "compound_statement"):
                body = self._body(child, depth)
            elif child.type.endswith("_expression"):
                words.extend(self._words_below(child, depth))
            elif child.type != "comment":
                words.append(self._word(child, depth))
        head = Script((Test("((", tuple(words), *self._span(node)),))
        return Loop("for", None, None, head, body, *self._span(node))

    def _read_while_statement(self, node: Node, depth: int) -> Statement:
        condition = [child for child in node.children[1:] if child.type != "do_group"]
        body = next((child for child in node.children if child.type == "do_group"), None)
        if body is None or any(child.type == "ERROR" or child.is_missing for child in condition):
            return self._broken(node, "the loop is not complete")
        head = self._script(node, depth, condition)
        return Loop(node.children[0].type, None, None, head, self._body(body, depth), *self._span(node))

    def _body(self, node: Node, depth: int) -> Script:
        return self._script(node, depth, [child for child in node.children if child.type not in ("do", "done")])

    def _read_if_statement(self, node: Node, depth: int) -> Statement:
        if any(child.type == "ERROR" or child.is_missing for child in node.children):
            return self._broken(node, "the condition is not complete")
        plain = [child for child in node.children if child.type not in ("elif_clause", "else_clause")]
        bodies = [self._script(node, depth, plain)]
        bodies += [self._script(child, depth) for child in node.children if child.type.endswith("_clause")]
        return Branch("if", tuple(bodies), (), *self._span(node))

    def _read_case_statement(self, node: Node, depth: int) -> Statement:
        bodies: list[Script] = []
        words: list[Word] = []
        for child in node.named_children:
            if child.type == "ERROR" or child.is_missing:
                return self._broken(node, "the case is not complete")
            if child.type == "case_item":
                closing = next((i for i, part in enumerate(child.children) if part.type == ")"), -1)
                bodies.append(self._script(child, depth, child.children[closing + 1 :]))
            elif child.type != "comment":
                words.append(self._word(child, depth))
        return Branch("case", tuple(bodies), tuple(words), *self._span(node))

    def _read_function_definition(self, node: Node, depth: int) -> Statement:
        named = [child for child in node.named_children if child.type != "comment"]
        if len(named) < 2:
            return self._broken(node, "the function is not complete")
        return Function(self._source(named[0]), self._script(node, depth, named[1:]), *self._span(node))

    # redirections

    def _read_redirected_statement(self, node: Node, depth: int) -> Statement:
        extra: list[Word] = []
        redirects: list[Redirect] = []
        inner: Statement | None = None
        tail: list[tuple[str, Statement]] = []
        for child in node.children:
            if child.type == "heredoc_redirect":
                redirects.append(self._heredoc(child, depth, extra, redirects, tail))
            elif child.type in ("file_redirect", "herestring_redirect"):
                redirects.append(self._redirect(child, depth, extra))
            elif inner is None and child.is_named and child.type != "ERROR":
                inner = self._statement(child, depth + 1)
            else:
                return self._broken(node, "the redirection is not complete")
        return self._with_tail(self._redirected(inner, redirects, extra, node), tail, node)

    def _redirected(
        self, inner: Statement | None, redirects: list[Redirect], extra: list[Word], node: Node
    ) -> Statement:
        span = self._span(node)
        if inner is None:
            return Command(tuple(extra), (), tuple(redirects), *span)
        if isinstance(inner, Command):
            words, around = (*inner.words, *extra), (*inner.redirects, *redirects)
            return Command(words, inner.assignments, around, *span)
        if extra or isinstance(inner, Broken):
            return self._broken(node, "words follow a redirection")
        if isinstance(inner, Pipeline) and inner.stages and isinstance(inner.stages[-1], Command):
            last = replace(inner.stages[-1], redirects=(*inner.stages[-1].redirects, *redirects))
            return Pipeline((*inner.stages[:-1], last), inner.operators, inner.negated, *span)
        return Group("redirected", Script((inner,), text=inner.text), tuple(redirects), *span)

    def _with_tail(self, first: Statement, tail: list[tuple[str, Statement]], node: Node) -> Statement:
        """What tree-sitter keeps inside a here-document although it follows the command: `| sh`, `&& rm`."""
        whole = first
        for operator, follower in tail:
            span = self._span(node)
            if operator in ("|", "|&"):
                whole = self._flat([whole, follower], [operator], False, span)
            else:
                whole = AndOr((whole, follower), (operator,), *span)
        return whole

    def _redirect(self, node: Node, depth: int, words: list[Word]) -> Redirect:
        """tree-sitter takes every word after `> file` for one more file; they are arguments of the command."""
        fd: str | None = None
        operator = "?"
        target: Word | None = None
        for child in node.children:
            if child.type in ("file_descriptor", "variable_name") and target is None and operator == "?":
                fd = self._source(child)
            elif not child.is_named and operator == "?":
                operator = child.type
            elif target is None:
                target = self._word(child, depth)
            else:
                words.append(self._word(child, depth))
        if target is None and operator not in (">&-", "<&-"):
            target = self._odd_word(node)
        return Redirect(operator, fd, target, text=self._source(node))

    def _heredoc(
        self,
        node: Node,
        depth: int,
        words: list[Word],
        redirects: list[Redirect],
        tail: list[tuple[str, Statement]],
    ) -> Redirect:
        body, start, operator, bad, joint = "", "", "<<", False, ""
        for child in node.children:
            match child.type:
                case "<<" | "<<-":
                    operator = child.type
                case "heredoc_start":
                    start = self._source(child)
                case "heredoc_body":
                    body = self._source(child)
                case "heredoc_end" | "file_descriptor":
                    continue
                case "file_redirect" | "herestring_redirect":
                    redirects.append(self._redirect(child, depth, words))
                case "pipeline":
                    parts = [part for part in child.children if part.is_named]
                    marks = [part.type for part in child.children if not part.is_named]
                    tail.extend(zip(marks, (self._statement(part, depth + 1) for part in parts), strict=False))
                    bad = bad or len(marks) != len(parts)
                case "&&" | "||" | ";" | "&":
                    joint = child.type
                case "ERROR":
                    bad = True
                case _ if joint and child.is_named:
                    tail.append((joint, self._statement(child, depth + 1)))
                    joint = ""
                case _ if child.is_named:
                    words.append(self._word(child, depth))
                case _:
                    bad = True
        quoted = any(mark in start for mark in "'\"\\")
        return Redirect(operator + ("'" if quoted else ""), None, self._heredoc_word(node, depth, bad, quoted), body)

    def _heredoc_word(self, node: Node, depth: int, bad: bool, quoted: bool) -> Word | None:
        """What a here-document would expand, as a word, so that substitutions in it are found. None if nothing."""
        if bad:
            return self._odd_word(node)
        body = next((child for child in node.children if child.type == "heredoc_body"), None)
        if quoted or body is None or not body.named_children:
            return None
        build = _Build()
        for child in body.named_children:
            if child.type != "heredoc_content":
                self._part(child, build, True, depth)
        return self._finished(build, body) if build.parts else None

    def _read_file_redirect(self, node: Node, depth: int) -> Statement:
        words: list[Word] = []
        redirect = self._redirect(node, depth, words)
        return Command(tuple(words), (), (redirect,), *self._span(node))

    # words

    def _assignment(self, node: Node, depth: int) -> Assignment:
        name, value, array, append = "", None, None, False
        for child in node.children:
            if child.type in ("variable_name", "subscript") and not name:
                name = self._source(child)
            elif child.type in ("=", "+="):
                append = child.type == "+="
            elif child.type == "array":
                array = tuple(self._word(part, depth) for part in child.named_children if part.type != "comment")
            else:
                value = self._word(child, depth)
        return Assignment(name, value, array, append, self._source(node))

    def _word(self, node: Node, depth: int) -> Word:
        build = _Build()
        self._part(node, build, False, depth)
        return self._finished(build, node)

    def _finished(self, build: _Build, node: Node) -> Word:
        text, start, end, line = self._span(node)
        holes = [part.literal is None for part in build.parts]
        shape = "".join(HOLE if part.literal is None else part.literal for part in build.parts)
        bare = "".join(build.bare)
        globs = build.globs or bare.startswith("~") or any(mark in bare for mark in "*?[")
        value = None if any(holes) else shape
        braces = bool(_BRACES.search(bare))
        return Word(text, tuple(build.parts), value, shape, build.quoted, globs, braces, start, end, line)

    def _part(self, node: Node, build: _Build, quoted: bool, depth: int) -> None:
        match node.type:
            case "command_name" | "concatenation":
                self._concatenation(node, build, quoted, depth)
            case "string" | "translated_string":
                self._string(node, build, depth)
            case "raw_string":
                build.literal(self._source(node)[1:-1], True)
            case "ansi_c_string":
                build.literal(_ansi(self._source(node)[2:-1]), True)
            case "simple_expansion" | "expansion":
                self._expansion(node, build, quoted, depth)
            case "command_substitution" | "process_substitution":
                self._substitution(node, build, quoted, depth)
            case "arithmetic_expansion":
                self._arithmetic(node, build, quoted, depth)
            case "brace_expression":
                build.literal(self._source(node), quoted)
            case "ERROR":
                build.parts.append(Part())
            case _ if node.is_missing or (node.child_count and node.type not in ("number", "word", "variable_name")):
                build.parts.append(Part())
            case "number" if node.child_count:
                build.parts.append(Part())
            case _:
                self._bare(self._source(node), build, quoted)

    def _concatenation(self, node: Node, build: _Build, quoted: bool, depth: int) -> None:
        for index, child in enumerate(node.children):
            follows = node.children[index + 1].type if index + 1 < len(node.children) else ""
            if child.type == "$" and follows == "string":
                continue
            self._part(child, build, quoted, depth)

    def _bare(self, source: str, build: _Build, quoted: bool) -> None:
        """An unquoted piece: a backslash quotes the next character, a backslash-newline is nothing."""
        if "\\" not in source:
            build.literal(source, quoted)
            return
        source = source.replace("\\\n", "")
        for found in re.finditer(r"\\(.)|([^\\]+)|\\$", source, re.DOTALL):
            if found.group(1) is not None:
                build.literal(found.group(1), True)
            elif found.group(2) is not None:
                build.literal(found.group(2), quoted)

    def _string(self, node: Node, build: _Build, depth: int) -> None:
        """Between double quotes. tree-sitter drops some characters between its children; the source has them."""
        build.quoted = True
        opening = node.children[0] if node.children else node
        closing = node.children[-1] if node.children else node
        if closing.type != '"' or closing.is_missing or closing == opening:
            build.parts.append(Part())
            return
        at = opening.end_byte
        build.literal("", True)
        for child in node.children[1:-1]:
            if child.type in ("string_content", '"'):
                continue
            self._dequoted(self._slice(at, child.start_byte), build)
            if child.type == "$":
                build.literal("$", True)
            else:
                self._part(child, build, True, depth)
            at = child.end_byte
        self._dequoted(self._slice(at, closing.start_byte), build)

    def _dequoted(self, source: str, build: _Build) -> None:
        if source:
            build.literal(re.sub(r"\\(?:\n|([$`\"\\]))", lambda found: found.group(1) or "", source), True)

    def _expansion(self, node: Node, build: _Build, quoted: bool, depth: int) -> None:
        names = [child for child in node.named_children if child.type in ("variable_name", "special_variable_name")]
        indexed = [child for child in node.named_children if child.type == "subscript"]
        name = self._source(names[0]) if names else self._source(indexed[0]) if indexed else ""
        source = self._source(node)
        plain = source in (f"${name}", f"${{{name}}}")
        build.bare.append("\x01")
        build.parts.append(Part(variable=name, quoted=quoted, plain=plain))
        for child in node.named_children:
            if child.type not in ("variable_name", "special_variable_name", "regex", "word", "number"):
                self._hidden(child, build, depth)

    def _arithmetic(self, node: Node, build: _Build, quoted: bool, depth: int) -> None:
        build.bare.append("\x01")
        build.parts.append(Part(variable="((", quoted=True, plain=False))
        for child in node.named_children:
            self._hidden(child, build, depth)

    def _hidden(self, node: Node, build: _Build, depth: int) -> None:
        """Substitutions inside `${...}` and `$((...))`: they run, wherever their output goes."""
        todo = [node]
        while todo:
            child = todo.pop()
            if child.type in ("command_substitution", "process_substitution"):
                self._substitution(child, build, True, depth)
            elif child.type == "ERROR" or child.is_missing:
                build.parts.append(Part())
            else:
                todo.extend(child.named_children)

    def _substitution(self, node: Node, build: _Build, quoted: bool, depth: int) -> None:
        first = node.children[0].type if node.children else ""
        script = self._script(node, depth + 1)
        if any(child.is_missing or child.type == "ERROR" for child in node.children):
            script = Script((self._broken(node, "the substitution is not complete"),), text=self._source(node))
        build.bare.append("\x01")
        build.parts.append(Part(substitution=script, quoted=quoted, process=first[0] if first in ("<(", ">(") else ""))


def _nesting(text: str) -> int:
    """The deepest nesting of parentheses, quoted or not: far cheaper to see here than in the parser."""
    depth = deepest = 0
    for found in _PARENTHESES.finditer(text):
        depth += 1 if found[0] == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def _char_offsets(text: str) -> list[int]:
    """Character offset of every byte offset."""
    offsets: list[int] = []
    for index, character in enumerate(text):
        offsets.extend([index] * len(character.encode("utf-8", "surrogatepass")))
    offsets.append(len(text))
    return offsets
