"""A second reading of a shell text, by a lexer of our own that knows nothing of tree-sitter.

Before a text counts as read-only the two readings must agree on what it would run: the words that stand where a
command's name stands, and how often output is redirected. A grammar that quietly takes a command for something else
is thereby no way past the judge. The lexer is small and gives up on rare syntax; giving up is a disagreement.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from runbooks import shell
from runbooks.shell import Command, Function, Script, Test

_RESERVED = {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time", "[[", "]]"}
_BARE = re.compile(r"[^\s\\'\"`$(){}<>|&;#]+")
_WRITES = re.compile(r"&>>|&>|>>|>\||<>|>&|>")
_READS = re.compile(r"<<<|<<-?|<&|<")
_ASSIGNS = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")


class _GiveUp(Exception):
    """The lexer does not know this syntax."""


@dataclass(slots=True)
class Seen:
    """What a text would run: names as written, and the number of redirections that are not plain input."""

    names: Counter[str] = field(default_factory=Counter)
    writes: int = 0


def agree(text: str, script: Script) -> bool:
    """Whether this lexer sees the same commands and redirections in `text` as `script` holds."""
    try:
        mine = _Lexer(text).seen()
    except _GiveUp:
        return False
    return mine == _theirs(script)


def _theirs(script: Script) -> Seen:
    found = Seen()
    for one in shell.walk(script):
        match one:
            case Command():
                if one.words:
                    found.names[one.words[0].text.replace("\\\n", "")] += 1
                _count(found, one.redirects)
            case shell.Group():
                _count(found, one.redirects)
            case Test(kind="["):
                found.names["["] += 1
            case Function(name=name):
                found.names[name] += 1
    return found


def _count(found: Seen, redirects: tuple[shell.Redirect, ...]) -> None:
    found.writes += sum(1 for one in redirects if one.operator[:1] in (">", "&") or one.operator in ("<>",))


class _Lexer:
    """Walks the text once. `where` is the stack of what is open; its top decides what a character means."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Seen()
        self.heredocs: list[tuple[str, bool]] = []
        self.depth = 0

    def seen(self) -> Seen:
        self._list("")
        return self.found

    def _peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def _list(self, closing: str) -> None:
        """Commands up to `closing` (`)`, a backquote, `}` or the end), which is consumed."""
        self.depth += 1
        if self.depth > 30:
            raise _GiveUp
        start = True
        while self.at < len(self.text):
            character = self._peek()
            if character == closing and (closing != "}" or start):
                self.at += 1
                self.depth -= 1
                return
            start = self._step(character, start)
        if closing:
            raise _GiveUp
        self.depth -= 1

    def _step(self, character: str, start: bool) -> bool:
        """One thing in a list; answers whether a command's name may follow."""
        if character == "\n":
            self.at += 1
            self._bodies()
            return True
        if character.isspace():
            self.at += 1
            return start
        if self._peek(2) == "\\\n":
            self.at += 2
            return start
        if character == "#" and (self.at == 0 or self.text[self.at - 1] in " \t\n;|&()"):
            self._comment()
            return start
        if writes := _WRITES.match(self.text, self.at):
            return self._redirect(writes, True, start)
        if self._peek(2) in ("<(", ">("):
            return self._word(start)
        if reads := _READS.match(self.text, self.at):
            return self._redirect(reads, False, start)
        if character in ";|&":
            if self._peek(3) in (";;&",) or self._peek(2) in (";;", ";&"):
                raise _GiveUp
            self.at += 1
            return True
        if character == "(":
            return self._parenthesis(start)
        if character == ")":
            raise _GiveUp
        return self._word(start)

    def _parenthesis(self, start: bool) -> bool:
        if not start:
            raise _GiveUp
        if self._peek(2) == "((":
            self._arithmetic(2)
            return False
        self.at += 1
        self._list(")")
        return False

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _redirect(self, found: re.Match[str], writes: bool, start: bool) -> bool:
        if self._peek(2) == ">(":
            return self._word(start)
        self.at = found.end()
        operator = found[0]
        if operator in ("<<", "<<-"):
            self._delimiter(operator == "<<-")
            return start
        closes = self._peek() == "-"
        if writes:
            self.found.writes += 1
        while self.at < len(self.text) and self._peek() in " \t":
            self.at += 1
        if closes:
            self.at += 1
            return start
        self._piece()
        return start

    def _delimiter(self, dashed: bool) -> None:
        found = re.compile(r"[ \t]*(?:'([^'\n]+)'|\"([^\"\n$`\\]+)\"|\\?([\w.-]+))").match(self.text, self.at)
        if found is None:
            raise _GiveUp
        self.at = found.end()
        self.heredocs.append((found[1] or found[2] or found[3], dashed))
        if not (found[1] or found[2]) and "\\" not in found[0]:
            self.heredocs[-1] = (found[3], dashed)

    def _bodies(self) -> None:
        """Skips the here-documents that begin on this line. Substitutions in them are not looked into, so: give up."""
        for word, dashed in self.heredocs:
            while True:
                if self.at >= len(self.text):
                    raise _GiveUp
                end = self.text.find("\n", self.at)
                line = self.text[self.at : len(self.text) if end < 0 else end]
                self.at = len(self.text) if end < 0 else end + 1
                if (line.lstrip("\t") if dashed else line) == word:
                    break
                if "$(" in line or "`" in line:
                    raise _GiveUp
        self.heredocs = []

    def _word(self, start: bool) -> bool:
        begin = self.at
        self._piece()
        word = self.text[begin : self.at].replace("\\\n", "")
        if not word:
            raise _GiveUp
        if not start:
            if self._peek() == "(" and _ASSIGNS.fullmatch(word):
                self.at += 1
                self._array()
            return False
        if re.fullmatch(r"\d+", word) and self._peek() in "<>" and self._peek():
            return True
        return self._named(word)

    def _named(self, word: str) -> bool:
        """A word where a command's name stands."""
        if word in ("case", "select", "coproc"):
            raise _GiveUp
        if word == "[[":
            self._test()
            return False
        if word == "for":
            self._for()
            return True
        if word == "function":
            raise _GiveUp
        if word == "time":
            self.found.names["time"] += 1
            return False
        if word in _RESERVED:
            return True
        if _ASSIGNS.match(word):
            if self._peek() == "(":
                self.at += 1
                self._array()
            return True
        if self._peek(2) == "()" or re.compile(r"\s*\(\s*\)").match(self.text, self.at):
            self.at = self.text.index(")", self.at) + 1
            self.found.names[word] += 1
            return True
        self.found.names[word] += 1
        return False

    def _array(self) -> None:
        while self.at < len(self.text):
            if self._peek() == ")":
                self.at += 1
                return
            if self._peek().isspace():
                self.at += 1
            elif self._peek() == "#":
                self._comment()
            elif self._peek() in "<>|&;(":
                raise _GiveUp
            else:
                self._piece()
        raise _GiveUp

    def _for(self) -> None:
        """`for x in words;` up to the `do`, whose words are no commands."""
        while self.at < len(self.text):
            if self._peek() in ";\n":
                self.at += 1
                return
            if self._peek().isspace():
                self.at += 1
            elif self._peek(2) == "\\\n":
                self.at += 2
            elif self._peek(2) == "((":
                self._arithmetic(2)
            elif self._peek() in "<>|&()#":
                raise _GiveUp
            else:
                self._piece()
        raise _GiveUp

    def _test(self) -> None:
        """Between `[[` and `]]` the operators only compare."""
        while self.at < len(self.text):
            if self._peek(2) == "]]":
                self.at += 2
                return
            if self._peek() in "()<>|&;=!~*?[]{}+^#\n \t":
                self.at += 1
            else:
                self._piece()
        raise _GiveUp

    def _arithmetic(self, length: int) -> None:
        end = self.text.find("))", self.at)
        inside = self.text[self.at + length : end]
        if end < 0 or "$(" in inside or "`" in inside or "'" in inside or '"' in inside:
            raise _GiveUp
        self.at = end + 2

    def _piece(self) -> None:
        """One word, with whatever is quoted or substituted in it."""
        while self.at < len(self.text):
            character = self._peek()
            if bare := _BARE.match(self.text, self.at):
                self.at = bare.end()
            elif character == "\\":
                self.at += 2
            elif character == "'":
                self._until("'", self.at + 1)
            elif self._peek(2) == "$'":
                self._ansi()
            elif character == '"':
                self.at += 1
                self._quoted('"')
            elif character in "$`" or self._peek(2) in ("<(", ">("):
                self._expansion()
            elif character in "{}" or (character == "#" and self.text[self.at - 1 : self.at].strip()):
                self.at += 1
            else:
                return

    def _until(self, mark: str, start: int) -> None:
        end = self.text.find(mark, start)
        if end < 0:
            raise _GiveUp
        self.at = end + 1

    def _ansi(self) -> None:
        found = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL).match(self.text, self.at)
        if found is None:
            raise _GiveUp
        self.at = found.end()

    def _quoted(self, closing: str) -> None:
        """Inside double quotes, or inside `${...}`."""
        while self.at < len(self.text):
            character = self._peek()
            if character == closing:
                self.at += 1
                return
            if character == "\\":
                self.at += 2
            elif character in "$`":
                self._expansion()
            elif closing == "}" and character == '"':
                self.at += 1
                self._quoted('"')
            elif closing == "}" and character == "'":
                self._until("'", self.at + 1)
            else:
                self.at += 1
        raise _GiveUp

    def _expansion(self) -> None:
        if self._peek(3) == "$((":
            self._arithmetic(3)
        elif self._peek(2) in ("$(", "<(", ">("):
            self.at += 2
            self._list(")")
        elif self._peek(2) == "${":
            self.at += 2
            self._quoted("}")
        elif self._peek(2) == "$[":
            raise _GiveUp
        elif self._peek() == "`":
            self._backquoted()
        else:
            self.at += 1

    def _backquoted(self) -> None:
        """Commands between backquotes; with backslashes inside they mean something else, so: give up."""
        end = self.text.find("`", self.at + 1)
        inside = self.text[self.at + 1 : end]
        if end < 0 or "\\" in inside:
            raise _GiveUp
        inner = _Lexer(inside).seen()
        self.found.names += inner.names
        self.found.writes += inner.writes
        self.at = end + 1
