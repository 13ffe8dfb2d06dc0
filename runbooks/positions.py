"""What each word of a command is: the name of a program, code for an interpreter, or a plain argument."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runbooks.filling import Place
from runbooks.translate._options import words as set_of

NETWORK_CLIENTS = set_of(
    "curl wget ping ping6 traceroute tracepath mtr nc ncat netcat telnet dig nslookup host psql pg_isready mysql"
    " mariadb mysqladmin redis-cli valkey-cli mongosh mongo http https xh grpcurl ssh scp sftp rsync nmap openssl"
    " ldapsearch rabbitmqadmin amqp-get kcat kafkacat websocat whois"
)
PATTERN_FIRST = set_of("grep egrep fgrep zgrep rg ag awk gawk mawk sed jq yq")
FILE_READERS = PATTERN_FIRST | set_of(
    "cat tac head tail less more zcat bzcat xzcat ls ll tree du find wc stat file strings od xxd hexdump cut sort uniq"
    " nl diff cmp comm md5sum sha1sum sha256sum readlink realpath sqlite3 bat base64 column fold rev paste join"
)
_RUNS_OTHERS = set_of("sudo env nohup nice ionice timeout xargs exec time command stdbuf setsid doas")
_CODE_FIRST = set_of(
    "sh bash dash zsh ksh ash fish python python2 python3 perl ruby node php awk gawk mawk sed jq yq lua tclsh expect"
    " rails"
)
"""Programs whose first operand is code, or a file of it."""
_CODE_LATER = set_of("ssh su sqlite3 mosh")
"""Programs whose first operand is a place, and whose further ones are code."""
_ALL_CODE = set_of("eval watch parallel source . trap")
_CODE_OPTIONS = set_of("-c -e -ec -lc -m -E -r --eval --command --execute --exec --")
_PLACE_OPTIONS = set_of(
    "-h -H -U -u -d -D -p -P -n -i -l --host --hostname --port --username --user --dbname --database --namespace"
)
_INTERPRETERS = _CODE_FIRST | _CODE_LATER | _ALL_CODE | set_of("psql mysql mariadb mongosh mongo redis-cli")


def places_in(words: Sequence[str]) -> list[Place]:
    """What each word of a command may be filled with: names of programs are fixed, and code takes nothing."""
    places: list[Place] = []
    program = ""
    for index, word in enumerate(words):
        if program:
            places.append(Place.FIXED if _is_code(program, words, index) else Place.WORD)
            continue
        is_option = index > 0 and (word.startswith("-") or "=" in word or re.fullmatch(r"\d+[smh]?", word))
        program = "" if is_option or word in _RUNS_OTHERS else word.rsplit("/", 1)[-1]
        places.append(Place.FIXED)
    return places


def program_of(argv: Sequence[str]) -> str:
    """The program that a command line really runs, behind `sudo`, `timeout` and their like."""
    for word in argv:
        if word not in _RUNS_OTHERS and not word.startswith("-") and "=" not in word and not word[:1].isdecimal():
            return word.rsplit("/", 1)[-1]
    return ""


def _is_code(program: str, words: Sequence[str], index: int) -> bool:
    before = words[index - 1]
    if before == "--" or program in _ALL_CODE:
        return True
    if before in _CODE_OPTIONS and any(word.rsplit("/", 1)[-1] in _INTERPRETERS for word in words[:index]):
        return True
    if program not in _CODE_FIRST | _CODE_LATER or words[index].startswith("-"):
        return False
    if before.startswith("-") and before != "-":
        return before not in _PLACE_OPTIONS
    operands = (
        sum(not word.startswith("-") for word in words[words.index(program) + 1 : index]) if program in words else 0
    )
    return operands == 0 if program in _CODE_FIRST else operands > 0
