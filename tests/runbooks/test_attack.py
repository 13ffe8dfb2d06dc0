"""Attack the judge: a command that changes something, dressed up so that its meaning stays, must never run unasked.

`attack/changing.txt` holds the commands, one a line, and `attack/spellings.txt` other spellings of some. The dresses
below keep what a shell would do: other spacing and quoting, wrappers, variables, lists, loops, substitutions,
redirections. One that does not fit a command leaves it alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from shlex import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.commands import commands_of_block, judge

CHANGING = Path(__file__).with_name("attack").joinpath("changing.txt").read_text("utf-8").splitlines()
Dress = Callable[[str], str]

_MARKS = re.compile(r"[\"'`$;&|<>(){}\\*?\[\]#~!\n\t]|^\w+=|(?:^|\s)[A-Za-z_]\w*=|\x00")
_KEYWORDS = ("if ", "for ", "while ", "case ", "until ", "time ", "coproc ", "function ", "select ")


def plain(text: str) -> bool:
    """Whether it is words and spaces only, so that words can be dressed one by one."""
    return not _MARKS.search(text) and not text.startswith(_KEYWORDS)


def of_plain(dress: Dress) -> Dress:
    return lambda text: dress(text) if plain(text) else text


def each_word(dress: Dress) -> Dress:
    return of_plain(lambda text: " ".join(dress(word) for word in text.split()))


def after_first(dress: Callable[[str, list[str]], str]) -> Dress:
    """For commands with arguments: `dress(name, arguments)`."""
    return of_plain(lambda text: dress(text.split()[0], text.split()[1:]) if " " in text else text)


def before(prefix: str) -> Dress:
    return of_plain(lambda text: f"{prefix} {text}")


def quoted_after(prefix: str) -> Dress:
    return lambda text: f"{prefix} {quote(text)}"


def around(first: str, last: str) -> Dress:
    """`first` and `last` go on lines of their own ends, so that comments and here-documents still end."""
    return lambda text: f"{first}{text}\n{last}"


def hexadecimal(word: str) -> str:
    return "$'" + "".join(f"\\x{ord(letter):02x}" for letter in word) + "'"


def joined(words: list[str]) -> str:
    """`{a,b}` for `a b`, where that means the same."""
    together = "".join(words)
    return " ".join(words) if len(words) < 2 or "," in together or ".." in together else f"{{{','.join(words)}}}"


WRAPPERS = """
sudo
sudo -n -u root --
sudo -E env A=b
doas
env
env -i A=1
env -u X
command
command -p --
exec
time
time -p
nice -n 5
nice -10
ionice -c 3
nohup
setsid -w
stdbuf -oL
timeout 5
timeout -k 1 5s
chrt -f 1
taskset -c 0
flock /tmp/l
strace -f
systemd-run --scope
busybox
unbuffer
A=b
!
watch
watch -n 1
watch -x
xargs
xargs -n 1
ls | xargs -r
parallel
chroot /host
nsenter -t 1 -m --
ip netns exec b
runuser -u x --
gosu x
ssh host
ssh -p 22 -t u@host
ssh host sudo
docker exec c
docker exec -it -u root -e A=b c
docker compose exec -T api
docker-compose -f x.yml exec api
docker run --rm i
docker compose run --rm api
kubectl exec p --
kubectl -n x exec -it p -c c --
oc rsh p
oc debug node/x -- chroot /host
podman exec c
crictl exec c
find . -exec
cat f |
curl -s http://x |
ls |&
>/dev/null
2>/dev/null
</dev/null
""".strip().splitlines()

SHELLS = """
bash -c
bash -lc
bash -e -c
bash -o pipefail -c
bash -c --
sh -xc
sudo sh -c
env sh -c
eval
ssh host
ssh -o BatchMode=yes host
docker exec c sh -c
docker compose exec api bash -lc
kubectl exec p -- sh -c
su - x -c
sudo su - x -c
flock /tmp/l -c
watch
env -S
busybox sh -c
script -c
ansible all -a
find . -exec sh -c
ls | xargs -I% sh -c
trap
""".strip().splitlines()

DRESSES: dict[str, Dress] = {
    # spacing and quoting
    "more spaces": of_plain(lambda text: text.replace(" ", "   ")),
    "tabs": of_plain(lambda text: text.replace(" ", "\t")),
    "a continuation": of_plain(lambda text: text.replace(" ", " \\\n   ", 1)),
    "a continuation inside a word": of_plain(lambda text: f"{text[0]}\\\n{text[1:]}"),
    "leading spaces": lambda text: f"   {text}",
    "CRLF": lambda text: f"{text}\r\n",
    "single quotes": each_word(lambda word: f"'{word}'"),
    "double quotes": each_word(lambda word: f'"{word}"'),
    "empty quotes inside": each_word(lambda word: f"{word[0]}''{word[1:]}"),
    "half quoted": each_word(lambda word: f'{word[0]}"{word[1:]}"' if word[1:] else word),
    "a backslash": each_word(lambda word: f"\\{word}"),
    "$'...'": each_word(lambda word: f"$'{word}'"),
    "$'\\x..'": each_word(hexadecimal),
    "a comment behind": lambda text: text if "<<" in text else f"{text}  # only shows the status",
    "a comment above": lambda text: f"# show the status\n{text}",
    # variables, braces, arguments by other ways
    "the whole in a variable": of_plain(lambda text: f"c={quote(text)}; $c"),
    "each word in a variable": of_plain(
        lambda text: (
            "; ".join(f"v{at}={quote(word)}" for at, word in enumerate(text.split()))
            + "; "
            + " ".join(f'"$v{at}"' for at in range(len(text.split())))
        )
    ),
    "the verb in a variable": after_first(lambda name, rest: f"v={quote(rest[0])}; {name} ${{v}} {' '.join(rest[1:])}"),
    "the verb set twice": after_first(lambda name, rest: f"v=version; v={rest[0]}; {name} $v {' '.join(rest[1:])}"),
    "the last word in a variable": after_first(
        lambda name, rest: f"v={quote(rest[-1])}; {' '.join([name, *rest[:-1]])} $v"
    ),
    "positional values": after_first(lambda name, rest: f'set -- {" ".join(rest)}; {name} "$@"'),
    "positional values one by one": after_first(lambda name, rest: f"set -- {' '.join(rest)}; {name} $1 $2 $3 $4 $5"),
    "a function's values": after_first(lambda name, rest: f'f() {{ {name} "$@"; }}; f {" ".join(rest)}'),
    "a loop over the verb": after_first(
        lambda name, rest: f"for v in version {rest[0]}; do {name} $v {' '.join(rest[1:])}; done"
    ),
    "braces": after_first(lambda name, rest: joined([name, *rest])),
    "braced arguments": after_first(lambda name, rest: f"{name} {joined(rest)}"),
    "bash -c with values": after_first(lambda name, rest: f"""bash -c '{name} "$@"' _ {" ".join(rest)}"""),
    "bash -c '\"$@\"'": of_plain(lambda text: f"""bash -c '"$@"' _ {text}"""),
    "a full path": of_plain(lambda text: text if "/" in text.split()[0] else f"/usr/bin/{text}"),
    # wrappers
    **{f"{prefix} ...": before(prefix) for prefix in WRAPPERS},
    "an xargs marker": after_first(
        lambda name, rest: f"echo {rest[-1]} | xargs -I{{}} {' '.join([name, *rest[:-1]])} {{}}"
    ),
    "xargs adds all": after_first(lambda name, rest: f"echo {' '.join(rest)} | xargs {name}"),
    **{f"{prefix} '...'": quoted_after(prefix) for prefix in SHELLS},
    "sh in sh": lambda text: f"sh -c {quote(f'bash -c {quote(text)}')}",
    "echo | sh": lambda text: f"echo {quote(text)} | sh",
    "a here-string": lambda text: f"bash <<< {quote(text)}",
    "a here-document": lambda text: text if "<<" in text else f"bash <<'EOF'\n{text}\nEOF",
    "a here-document for ssh": lambda text: text if "<<" in text else f"ssh host <<'EOF'\n{text}\nEOF",
    "source": lambda text: f"source <(echo {quote(text)})",
    # lists, loops, branches
    "ls && ...": lambda text: f"ls && {text}",
    "ls || ...": lambda text: f"ls || {text}",
    "ls; ...": lambda text: f"ls; {text}",
    "ls & ...": lambda text: f"ls & {text}",
    "a line above": lambda text: f"uptime\n{text}",
    "a line below": around("", "uptime"),
    "a group": around("{ ", "}"),
    "a subshell": around("( ", ")"),
    "if": around("if ls; then ", "fi"),
    "an if's condition": around("if ", "then ls; fi"),
    "else": around("if ls; then df; else ", "fi"),
    "for": around("for i in 1 2; do ", "done"),
    "for ((": around("for ((i=0; i<3; i++)); do ", "done"),
    "while read": around("while read l; do ", "done < f"),
    "case": around("case $x in a) ", ";; esac"),
    "a function": around("f() { ", "}; f"),
    "a function by a known name": around("ls() { ", "}; ls"),
    # substitutions and redirections
    "echo $(...)": around("echo $(", ")"),
    'echo "$(...)"': around('echo "$(', ')"'),
    "backquotes": of_plain(lambda text: f"echo `{text}`"),
    "${x:-$(...)}": around("echo ${x:-$(", ")}"),
    "x=$(...)": around("x=$(", ")"),
    "x=$(...) ls": around("x=$(", ") ls"),
    "export x=$(...)": around("export x=$(", ")"),
    "an array": around("a=($(", "))"),
    "[ $(...) ]": around('[ -n "$(', ')" ]'),
    "[[ $(...) ]]": around("[[ -n $(", ") ]]"),
    "for i in $(...)": around("for i in $(", "); do echo $i; done"),
    "<(...)": around("diff <(", ") f"),
    ">(...)": around("ls > >(", ")"),
    "<<< $(...)": around('cat <<< "$(', ')"'),
    "... | cat": of_plain(lambda text: f"{text} | cat"),
    "ps | ... | head": of_plain(lambda text: f"ps aux | {text} | head"),
    "... > /dev/null": of_plain(lambda text: f"{text} > /dev/null 2>&1"),
    "... > file": of_plain(lambda text: f"{text} > out"),
    "...&": of_plain(lambda text: f"{text} &"),
    "awk's system": of_plain(lambda text: f"""awk 'BEGIN {{ system("{text}") }}'"""),
    "sed's e": of_plain(lambda text: f"sed '1e {text}' f"),
    "psql's \\!": of_plain(lambda text: f"psql -c '\\! {text}'"),
    "git's alias": of_plain(lambda text: f"git -c alias.s='!{text}' s"),
    "python's system": of_plain(lambda text: f"""python3 -c 'import os; os.system("{text}")'"""),
}

SPELLINGS = Path(__file__).with_name("attack").joinpath("spellings.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("text", CHANGING)
def test_a_changing_command_never_runs_unasked(text: str) -> None:
    assert not judge(text).runs_unasked


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_other_spelling_of_it_runs_unasked(spelling: str) -> None:
    assert not judge(spelling).runs_unasked


@pytest.mark.parametrize("name", DRESSES)
def test_no_dress_hides_it(name: str) -> None:
    """Every dress over a part of the commands; together they meet all of them."""
    start = list(DRESSES).index(name)
    for text in CHANGING[start % 11 :: 11]:
        dressed = DRESSES[name](text)
        assert not judge(dressed).runs_unasked, dressed


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(CHANGING), st.lists(st.sampled_from(sorted(DRESSES)), min_size=1, max_size=4))
def test_no_dresses_over_one_another_hide_it(text: str, names: list[str]) -> None:
    for name in names:
        text = DRESSES[name](text)
    assert not judge(text).runs_unasked, text


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CHANGING), st.sampled_from(sorted(DRESSES)))
def test_no_block_hides_it(text: str, name: str) -> None:
    """Between commands that only read, every one of a block's lines that runs unasked is one of those."""
    dressed = DRESSES[name](text)
    if "\r" in dressed:
        return
    harmless = {"df -h", "free -m"}
    lines = commands_of_block(f"# check\ndf -h\n{dressed}\nfree -m\n", "bash", 1)
    unasked = {line.text for line in lines if line.judgement.runs_unasked} - harmless
    pieces = {piece.strip() for piece in dressed.splitlines()}
    assert not unasked or unasked <= pieces - {text}, (dressed, unasked)
