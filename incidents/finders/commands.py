"""Secrets of command lines that carry one without naming it, of sentences, and of commands that print nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

Span = tuple[int, int]

_Q = r"(?P<q>[\"']?)"
_V = r"(?P<v>(?<=[\"'])[^\"'\n]+|[^\s\"']+)"
_NEAR = r"(?:[^\n|;&]|\\\n){0,300}?[ \t]"
_COMMANDS: Mapping[str, Mapping[str, str]] = {
    "curl": {"curl": rf"curl\b{_NEAR}(?:-u|--user|-U|--proxy-user)[ =]?{_Q}[^\s:\"'$]{{0,100}}:{_V}"},
    " -p": {
        "mysql": rf"mysql\w*\b{_NEAR}-p(?!\d+:\d){_Q}{_V}",
        "mariadb": rf"mariadb[\w-]*{_NEAR}-p(?!\d+:\d){_Q}{_V}",
        "sshpass": rf"sshpass[ \t]+-p[ \t]*{_Q}{_V}",
        "docker": rf"docker[ \t]+login\b{_NEAR}-p[ \t]+{_Q}{_V}",
        "mongo": rf"mongo\w*\b{_NEAR}-p[ \t]+{_Q}(?!-){_V}",
        "7z": rf"\b7z\w*\b{_NEAR}-p{_Q}{_V}",
    },
    " -a": {
        "http": rf"\bhttps?[ \t](?:[^\n|;&]{{0,200}}[ \t])?-a[ =]{_Q}[^\s:\"']{{1,100}}:{_V}",
        "redis-cli": rf"redis-cli\b{_NEAR}-a[ \t]+{_Q}{_V}",
    },
    " -w": {"ldap": rf"ldap\w+\b{_NEAR}-w[ \t]+{_Q}{_V}"},
    " -U": {"smbclient": rf"smbclient\b{_NEAR}-U[ \t]+{_Q}[^\s%\"']+%{_V}"},
    " -P": {"zip": rf"\bzip\b{_NEAR}-P[ \t]+{_Q}{_V}", "mosquitto": rf"mosquitto_\w+{_NEAR}-P[ \t]+{_Q}{_V}"},
    "passwd": {
        "htpasswd": rf"htpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+{_Q}{_V}",
        "chpasswd": rf"echo[ \t]+(?:-n[ \t]+)?{_Q}[\w.-]+:{_V}[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd",
    },
    "pass:": {"pass:": rf"-pass(?:in|out)?[ \t]+{_Q}pass:{_V}"},
    "rabbitmqctl": {"": rf"rabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S+[ \t]+{_Q}{_V}"},
    "vault login": {"": rf"vault login[ \t]+{_Q}(?!-){_V}"},
    "mc alias": {"": rf"mc alias[ \t]+set[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+{_Q}{_V}"},
    "net user": {"": rf"net user[ \t]+\S+[ \t]+(?![/*]){_Q}{_V}"},
    "--from-literal": {"": rf"--from-literal[= ]{_Q}[\w.-]+={_V}"},
    "requirepass": {"": rf"requirepass\"?[ \t]*(?:\r?\n(?:\d+\)[ \t]*)?|[ \t]){_Q}(?!\s)(?!\d+\)){_V}"},
    "masterauth": {"": rf"masterauth\"?[ \t]*(?:\r?\n(?:\d+\)[ \t]*)?|[ \t]){_Q}(?!\s)(?!\d+\)){_V}"},
    "machine ": {"login": rf"machine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+{_Q}{_V}"},
    "@tcp(": {"": r"(?<=:)(?P<v>[^\s:@/\"']{1,200})@tcp\("},
    "@unix(": {"": r"(?<=:)(?P<v>[^\s:@/\"']{1,200})@unix\("},
    "ENV ": {"": rf"(?m:^)[ \t]*ENV[ \t]+\w*(?:PASS|PASSWORD|SECRET|TOKEN|API_KEY)[ \t]+{_Q}{_V}"},
    "SetEnv": {"": rf"SetEnv[ \t]+\w*(?:PASS|PASSWORD|SECRET|TOKEN|API_KEY)[ \t]+{_Q}{_V}"},
    ":*:": {"": r"(?m:^)[^:\s]+:(?:\d{4,5}|\*):[^:\s]+:[^:\s]+:(?P<v>[^:\s]+)$"},
    ":5432:": {"": r"(?m:^)[^:\s]+:5432:[^:\s]+:[^:\s]+:(?P<v>[^:\s]+)$"},
}
"""Patterns behind two literals that must occur: the outer one is looked for once for all of its group."""

_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "identified": {"": r"identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?'(?P<v>[^'\n]+)'"},
    "password": {
        "": r"password\s{1,3}(?:(?:is|was|to|set to|changed to)\s)?(?P<q>['\"`])(?P<v>[^'\"`\n]{3,200})(?P=q)",
        "word": r"password\s(?:is|was|set to|changed to|reset to)[ :]+(?P<v>[^\s'\"`]*\d[^\s'\"`]*)",
    },
    "token": {"": r"token\s(?:is|was|set to)[ :]+(?P<v>(?=[^\s]*\d)[^\s'\"`]{8,})"},
    " key": {"": r" key(?<=(?:api|ret|ess) key)[ :]+(?:is[ :]+|provided: )?(?P<v>(?=[^\s]*\d)[^\s'\"`]{12,})"},
}
"""The same for text in small letters."""

Guarded = tuple[Callable[[str], object], tuple[tuple[str, re.Pattern[str]], ...]]


def _guarded(groups: Mapping[str, Mapping[str, str]]) -> tuple[Guarded, ...]:
    return tuple(
        (re.compile(re.escape(gate)).search, tuple((word, re.compile(pattern)) for word, pattern in group.items()))
        for gate, group in groups.items()
    )


_GUARDED, _GUARDED_LOWER = _guarded(_COMMANDS), _guarded(_SENTENCES)
_EMPTY = re.compile(r"\$\{?[A-Za-z_]\w*\}?|\$\(.*|<[^>]*>?|\[redacted\]?|\*+|-.*|\{\{.*")


def spans(text: str, lower: str) -> Iterator[Span]:
    for groups, haystack in ((_GUARDED, text), (_GUARDED_LOWER, lower)):
        patterns = [pattern for gate, group in groups if gate(haystack) for word, pattern in group if word in haystack]
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
