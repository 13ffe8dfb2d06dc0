"""What each word of a command is: the name of a program, code for an interpreter, or a plain argument."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from runbooks.filling import Place
from runbooks.translate._options import words as set_of

NETWORK_CLIENTS = set_of(
    "curl wget ping ping6 traceroute tracepath mtr nc ncat netcat telnet dig nslookup host psql pg_isready mysql"
    " mariadb mysqladmin redis-cli valkey-cli mongosh mongo http https xh grpcurl ssh scp sftp rsync nmap openssl"
    " ldapsearch rabbitmqadmin amqp-get kcat kafkacat websocat whois showmount rpcinfo ntpdate sntp arping smbclient"
    " snmpget snmpwalk lynx links w3m aria2c ftp tftp lftp"
)
PATTERN_FIRST = set_of("grep egrep fgrep zgrep rg ag awk gawk mawk sed jq yq")
FILE_READERS = PATTERN_FIRST | set_of(
    "cat tac head tail less more zcat bzcat xzcat ls ll tree du find wc stat file strings od xxd hexdump cut sort uniq"
    " nl diff cmp comm md5sum sha1sum sha256sum readlink realpath sqlite3 bat base64 column fold rev paste join"
    " tar unzip zipinfo tcpdump last lastb date git journalctl"
)
SHELLS = set_of("sh bash dash zsh ksh ash fish busybox")
_REMOTE = "systemctl journalctl loginctl hostnamectl timedatectl localectl busctl systemd-analyze"
ELSEWHERE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("docker", "docker-compose"), set_of("-H --host -c --context --config --tlscacert --tlscert")),
    **dict.fromkeys(("kubectl", "oc"), set_of("-s --server --kubeconfig --as --token --certificate-authority")),
    **dict.fromkeys(_REMOTE.split(), set_of("-H --host -M --machine --root --image")),
    "helm": set_of("--kube-apiserver --kubeconfig --kube-token"),
    "aws": set_of("--endpoint-url"),
    "etcdctl": set_of("--endpoints --endpoint"),
    "consul": set_of("-http-addr --http-addr"),
    "vault": set_of("-address --address"),
    "nomad": set_of("-address --address"),
    **dict.fromkeys(("rabbitmqctl", "rabbitmq-diagnostics"), set_of("-n --node")),
    "chronyc": set_of("-h"),
}
"""Options with which a client leaves the place that the inventory names, or the host's own set-up."""
_RUNS_OTHERS = set_of("sudo env nohup nice ionice timeout xargs exec time command stdbuf setsid doas")
_FLAGS: Mapping[str, frozenset[str]] = {
    "sudo": set_of("-n -E -H -b -k -S -A -P -i -s --non-interactive --preserve-env --set-home --login"),
    "doas": set_of("-n"),
    "env": set_of("- -i -0 -v --ignore-environment --debug"),
    "timeout": set_of("-v --foreground --preserve-status --verbose"),
    "time": set_of("-p -v --portability --verbose"),
    "xargs": set_of("-0 -r -t -x -p --null --no-run-if-empty --verbose --exit"),
    "setsid": set_of("-w -c -f --wait --ctty --fork"),
    "ionice": set_of("-t --ignore"),
    "command": set_of("-p -v -V"),
}
"""Options of wrappers behind which no value stands."""
_MEASURE = re.compile(r"\d+(?:\.\d+)?[smhd]?|\{\}")
_STARTS = set_of("-exec -execdir -ok -okdir")
"""Behind these options of `find` stands another command."""
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
    names = list(_names(words))
    programs = [_base(words[index]) for index in names]
    fixed = {*range(names[-1] + 1 if names else 1)}
    for start, word in enumerate(words):
        fixed |= {start + 1 + index for index in _names(words[start + 1 :])} if word in _STARTS else set()
    return [
        Place.FIXED if index in fixed or any(_is_code(one, words, index) for one in programs) else Place.WORD
        for index in range(len(words))
    ]


def programs_of(argv: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """Every program that a command line may start, with what follows it; rather one too many than one too few."""
    found = [(_base(argv[index]), argv[index + 1 :]) for index in _names(argv)]
    for index, word in enumerate(argv[:-1]):
        if word in _STARTS:
            found += programs_of(argv[index + 1 :])
    return found


def _names(words: Sequence[str]) -> Iterator[int]:
    """Where the name of a program may stand: that of each wrapper, and of what it runs.

    A word behind an option of a wrapper is the option's value or the program, and which of the two depends on the
    wrapper; so it counts as a name, and so does the next word.
    """
    wrapper, doubtful = "", False
    for index, word in enumerate(words):
        if wrapper and word.startswith("-"):
            doubtful = word != "--" and word not in _FLAGS.get(wrapper, ()) and "=" not in word
        elif wrapper and ("=" in word or _MEASURE.fullmatch(word)):
            doubtful = False
        else:
            yield index
            if _base(word) in _RUNS_OTHERS:
                wrapper, doubtful = _base(word), False
            elif not doubtful:
                return
            else:
                doubtful = False


def _base(word: str) -> str:
    return word.rsplit("/", 1)[-1]


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
