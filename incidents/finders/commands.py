"""Secrets of command lines that carry one without naming it, of sentences, and of commands that print nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

Span = tuple[int, int]

_Q = r"(?P<q>[\"']?)"
_V = r"(?P<v>(?<=[\"'])[^\"'\n]+|[^\s\"']+)"
_NEAR = r"(?:[^\n|;&]|\\\n){0,300}?[ \t]"
_COMMANDS: Mapping[str, Mapping[str, str]] = {
    r" -(?:[uUpawPbckKNS]|-(?:user|proxy-user|auth|from|pass|with))": {
        "curl": rf"curl\b{_NEAR}(?:-u|--user|-U|--proxy-user)[ =]?{_Q}[^\s:\"'$]{{0,100}}:{_V}",
        "mysql": rf"mysql\w*\b{_NEAR}-p(?!\d+:\d){_Q}{_V}",
        "mariadb": rf"mariadb[\w-]*{_NEAR}-p(?!\d+:\d){_Q}{_V}",
        "sshpass": rf"sshpass[ \t]+-p[ \t]*{_Q}{_V}",
        "docker login": rf"docker login\b{_NEAR}-p[ \t]+{_Q}{_V}",
        "mongo": rf"mongo\w*\b{_NEAR}-p[ \t]+{_Q}(?!-){_V}",
        "7z": rf"7z\w*\b{_NEAR}-p{_Q}{_V}",
        " -a": rf"\bhttps?[ \t](?:[^\n|;&]{{0,200}}[ \t])?-a[ =]{_Q}[^\s:\"']{{1,100}}:{_V}",
        "redis-cli": rf"redis-cli\b{_NEAR}-a[ \t]+{_Q}{_V}",
        "ldap": rf"ldap\w+\b{_NEAR}-w[ \t]+{_Q}{_V}",
        "smbclient": rf"smbclient\b{_NEAR}-U[ \t]+{_Q}[^\s%\"']+%{_V}",
        "zip": rf"\bzip\b{_NEAR}-P[ \t]+{_Q}{_V}",
        "mosquitto_": rf"mosquitto_\w+{_NEAR}-P[ \t]+{_Q}{_V}",
        "htpasswd": rf"htpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+{_Q}{_V}",
        "pass:": rf"-pass(?:in|out)?[ \t]+{_Q}pass:{_V}",
        "snmp": rf"snmp\w+\b{_NEAR}-c[ \t]+{_Q}{_V}",
        "openssl enc": rf"openssl enc\b{_NEAR}-[kK][ \t]+{_Q}{_V}",
        "ssh-keygen": rf"ssh-keygen\b{_NEAR}-[NP][ \t]+{_Q}(?!\s){_V}",
        "--from-literal": rf"--from-literal[= ]{_Q}[\w.-]+={_V}",
        "echo ": rf"echo[ \t]+(?:-n[ \t]+)?{_Q}(?P<v>[^|\n\"'$]{{1,200}}?)(?P=q)[ \t]*\|[^|\n]{{0,200}}"
        r"(?:--password-stdin|sudo[ \t]+-S|--with-token|passwd[ \t]+--stdin|--passphrase-fd[ \t]+0)",
    },
    "pass": {
        "chpasswd": rf"echo[ \t]+(?:-n[ \t]+)?{_Q}[\w.-]+:{_V}[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd",
        "requirepass": rf"requirepass\"?[ \t]*(?:\r?\n(?:\d+\)[ \t]*)?|[ \t]){_Q}(?!\s)(?!\d+\)){_V}",
        "masterauth": rf"masterauth\"?[ \t]*(?:\r?\n(?:\d+\)[ \t]*)?|[ \t]){_Q}(?!\s)(?!\d+\)){_V}",
        "auth-pass": rf"auth-pass[ \t]+\S+[ \t]+{_Q}{_V}",
        "machine": rf"machine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+{_Q}{_V}",
        "username": rf"username[ \t]+\S+[ \t]+password[ \t]+\d[ \t]+{_Q}{_V}",
    },
    "AUTH": {
        '"AUTH"': r"\"AUTH\"(?: \"\w+\")? \"(?P<v>[^\"\n]+)\"",
        "AUTH ": r"(?m:^)(?:[\w.:-]+>[ \t]*)?AUTH[ \t]+(?:default[ \t]+)?(?P<v>[^\s\"]+)[ \t]*$",
    },
    "rabbitmqctl": {"": rf"rabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S+[ \t]+{_Q}{_V}"},
    "vault login": {"": rf"vault login[ \t]+{_Q}(?!-){_V}"},
    "mc alias": {"": rf"mc alias[ \t]+set[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+{_Q}{_V}"},
    "net u": {
        "net user": rf"net user[ \t]+\S+[ \t]+(?![/*])(?=\S*[A-Za-z]\S*\d|\S*\d\S*[A-Za-z]){_Q}{_V}",
        "/user:": rf"/user:\S+[ \t]+{_Q}(?![/*]){_V}",
    },
    " /p:": {"": r"/p:(?P<v>\S+)"},
    "user ": {" on ": r"(?m:^)(?:\d+\)[ \t]*)?\"?user \S+ on [^\n>]{0,80}>(?P<v>[^\s\"]+)"},
    "thin:": {"": r"thin:[^\s/@]{1,60}/(?P<v>[^\s@]{1,100})@"},
    "sqlplus ": {"": r"sqlplus[ \t]+(?:-\w+[ \t]+)*[^\s/@]{1,60}/(?P<v>[^\s@]{1,100})@"},
    "SecureString": {"": r"SecureString\",[^{}]{0,200}?\"Value\":\s*\"(?P<v>[^\"\n]+)\""},
    "<key>": {"": r"<key>[^<]{0,40}(?:[Pp]assword|[Ss]ecret|[Tt]oken)</key>\s{0,40}<string>(?P<v>[^<]+)"},
    r"@(?:tcp|unix)\(": {"": r"(?<=:)(?P<v>[^\s:@/\"']{1,200})@(?:tcp|unix)\("},
    "ENV ": {"": rf"(?m:^)[ \t]*ENV[ \t]+\w*(?:PASS|PASSWORD|SECRET|TOKEN|API_KEY)[ \t]+{_Q}{_V}"},
    "SetEnv": {"": rf"SetEnv[ \t]+\w*(?:PASS|PASSWORD|SECRET|TOKEN|API_KEY)[ \t]+{_Q}{_V}"},
    r":\*:": {"": r"(?m:^)[^:\s]+:(?:\d{4,5}|\*):[^:\s]+:[^:\s]+:(?P<v>[^:\s]+)$"},
    ":5432:": {"": r"(?m:^)[^:\s]+:5432:[^:\s]+:[^:\s]+:(?P<v>[^:\s]+)$"},
}
"""Patterns behind two things that must occur: an expression, looked for once for its group, and then a literal."""

_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "identified": {"": r"identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?'(?P<v>[^'\n]+)'"},
    "password": {
        "": r"password\s{1,3}(?:(?:is|was|to|set to|changed to)\s)?(?P<q>['\"`])(?P<v>[^'\"`\n]{3,200})(?P=q)",
        "d": r"password[ \t](?=[^\n:=]{1,70}[:=][ \t])[^\n:=]{1,70}[:=][ \t]+"
        r"(?P<v>(?=\S{0,60}\d)(?=\S{0,60}[a-z])[^\s\"'/]{8,})[ \t]*(?:\r?\n|$)",
        "word": r"password\s(?:is|was|set to|changed to|reset to)[ :]+(?P<v>[^\s'\"`]*\d[^\s'\"`]*)",
    },
    "code": {"": r"(?:verification|security|one-time|login|access) code(?: is)?[: ]{1,3}(?P<v>\d{4,8})\b"},
    "unseal key": {"": r"unseal key \d+: (?P<v>\S+)"},
    "token": {"": r"token\s(?:is|was|set to)[ :]+(?P<v>(?=[^\s]*\d)[^\s'\"`]{8,})"},
    " key": {"": r" key(?<=(?:api|ret|ess) key)[ :]+(?:is[ :]+|provided: )?(?P<v>(?=[^\s]*\d)[^\s'\"`]{12,})"},
}
"""The same for text in small letters."""

Search = Callable[[str], object]
Guarded = tuple[Search, tuple[tuple[Search, re.Pattern[str]], ...]]


def _guarded(groups: Mapping[str, Mapping[str, str]]) -> tuple[Guarded, ...]:
    """Compiled, the literals too: the search of an expression is twice as fast as `in`."""
    return tuple(
        (
            re.compile(gate).search,
            tuple((re.compile(re.escape(word)).search, re.compile(pattern)) for word, pattern in group.items()),
        )
        for gate, group in groups.items()
    )


_GUARDED, _GUARDED_LOWER = _guarded(_COMMANDS), _guarded(_SENTENCES)
_EMPTY = re.compile(r"\$\{?[A-Za-z_]\w*\}?|\$\(.*|<[^>]*>?|\[redacted\]?|\*+|-.*|\{\{.*")


def spans(text: str, lower: str) -> Iterator[Span]:
    for groups, haystack in ((_GUARDED, text), (_GUARDED_LOWER, lower)):
        patterns = [
            pattern for gate, group in groups if gate(haystack) for occurs, pattern in group if occurs(haystack)
        ]
        for pattern in patterns:
            spans = (match.span("v") for match in pattern.finditer(haystack))
            yield from (span for span in spans if not _EMPTY.fullmatch(text, *span))


_PRINTERS = (
    r"openssl\s+rand",
    r"pwgen\b",
    r"apg\b",
    r"(?:make|mk)passwd\b",
    r"wg\s+gen(?:key|psk)",
    r"gh\s+auth\s+token",
    r"aws\s+ecr\s+get-login-password",
    r"aws\s+secretsmanager\s+get-secret-value\b.*--query",
    r"aws\s+ssm\s+get-parameters?\b.*--with-decryption.*--query",
    r"az\s+account\s+get-access-token\b.*-o\s*tsv",
    r"gcloud\s+auth\s+(?:application-default\s+)?print-\w+-token",
    r"kubectl\s+create\s+token",
    r"kubectl\s+(?:-n\s+\S+\s+)?get\s+secrets?\b.*(?:jsonpath|go-template)",
    r"vault\s+(?:read|kv\s+get)\b.*-field",
    r"vault\s+print\s+token",
    r"docker\s+swarm\s+join-token",
    r"pass\s+show",
    r"op\s+read",
    r"secret-tool\s+lookup",
    r"security\s+find-\w+-password.*-w",
    r"gpg\s.*--export-secret",
    r"(?:cat|head|tail|less|more|base64)\s+(?:-\S+\s+)*\S*"
    r"(?:/secrets/|\.pgpass|/id_(?:rsa|ed25519|ecdsa)\b(?!\.pub)|password\.txt|/token\b)",
    r"(?:printenv|echo)\s+[\"']?\$?\{?\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|PRIVATE_KEY)\w*\}?[\"']?\s*$",
)
_PRINTS_A_SECRET = re.compile(rf"\b(?:{'|'.join(_PRINTERS)})")


def prints_a_secret(command: str) -> bool:
    """Whether all that a command prints is a secret, without any name or shape to know it by."""
    return _PRINTS_A_SECRET.search(command) is not None
