"""Names that say "secret", and values that are none: the judgement behind `password=...`.

A name is read as its words (`DB_PASSWORD`, `clientSecret`, `x-api-key`). A `STRONG` one masks nearly any value, a
`WEAK` one only a value that looks like a secret, since `token` and `key` are ordinary words too.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Level(IntEnum):
    NONE = 0
    WEAK = 1
    STRONG = 2


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PASSWORDS = _words(
    """password passwd passwort passwords passphrase passcode passw pass pwd userpassword mypassword dbpassword dbpass
    pgpassword sshpass authpass rootpass storepass keypass requirepass masterauth pw
    otp cvv cvc jsessionid phpsessid sessionid
    authtoken sessiontoken apikey secretkey accesskey privatekey signingkey clientsecret sharedaccesssignature"""
)
SECRETS = _words("secret secrets token jwt credential credentials cred creds cookie authorization auth bearer pin")
SECRET_KEYS = _words(
    """api access secret private encryption decryption signing auth master account shared service ssh deploy license
    webhook storage app application session security hmac jwt fernet crypt cipher aes rsa admin consumer integration
    subscription token client server data stripe openai anthropic sendgrid mailgun datadog dd newrelic sentry"""
)
"""Words that make a following `key` a secret one."""
PLAIN_KEYS = _words(
    """public pub primary foreign unique cache partition sort range hash object group dedup idempotency correlation lock
    message event row column index map host known lookup natural surrogate composite candidate translation config"""
)
SAME = _words(
    """hash value base old new prod production staging dev test current previous plain plaintext text string data
    encoded b64 base64 primary secondary default confirm confirmation again repeat raw main root admin app db rw ro"""
)
"""Words that may follow a secret's name without changing what it holds."""
OTHER = _words(
    """file files path paths name names count limit ttl expiry expires expiration expired length len type types policy
    version min max field fields at age enabled enable disabled required reset changed change hint rotation rotate days
    uri url urls endpoint header headers ref refs arn env status state error errors failed failures failure stdin prompt
    id ids provider store manager class format algorithm alg size bits bytes usage used total remaining rate bucket
    budget window timeout seconds ms check attempts strength dir folder mount engine backend server service services
    group groups kind scope scopes audience issuer role user username host port method mode encryption plugin column
    index lifetime source fingerprint thumbprint digest sha256 created updated valid invalid validity validator
    validation matches mismatch param parameter arg label update updates rotated last sent seen handler middleware
    encoder decoder factory filter util utils test tests spec page form controller model schema view script tokens per
    hits misses events space spaces process list table entry duration latency
    java py js mjs ts tsx jsx go rb php cs kt rs c cpp h yml yaml json conf cfg cnf log sql md sh html css txt pem crt
    lua ex exs scala"""
)
"""Words after which a name speaks about a secret and holds none."""
NEGATED = _words(
    "no skip without disable allow max min num total is has require requires needs show hide reset forgot change"
)
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

NOTHING = re.compile(
    r"""(?ix) \[redacted\]? .{0,3} | \[?\**(?:redacted|masked|filtered|hidden|removed|sensitive|secret\ value)\**\]?
    | [*x•.#?_-]{2,} | [*•]+ | <[^<>]*>? | \W{1,2} | \(.* | [{\[]+
    | \$\{[A-Za-z_]\w*\}? | \$\{\{.* | \$\( .* | \$[A-Za-z_]\w*"? | %[A-Za-z_]\w*% | %\(\w+\)s | %s
    | \{\{.* | \{%.* | \{[A-Za-z_][\w.]*\} | :[a-z_]\w* """
)
"""Values that are a mask, a placeholder, a reference, or the beginning of a structure."""
CODE = re.compile(
    r"""(?x) [A-Za-z_][\w.]*(?:\(|\[|::|->).*
    | (?:os|process|env|self|this|cls|settings|config|conf|cfg|request|req|args|opts|params|ctx|var|local|data|module)
      \.\w[\w.]*"""
)
SIZE = re.compile(
    r"(?i)\d+(?:\.\d+)?\s+(?:bytes?|chars?|characters?|bits?|k?b|days?|hours?|m?s|seconds?|attempts?|of)\b"
)
PROSE = _words(
    """none null nil undefined true false yes no on off required missing invalid expired incorrect wrong failed failure
    fail must should is was not has have cannot can could does did do needs need too length for authentication auth
    authorization mismatch rejected accepted denied unknown unset empty set present absent valid ok error errors
    provided given changed updated rotated revoked disabled enabled optional string str text int integer bool boolean
    bytes number object array any float char varchar optional[str] secretstr the a an this that to of in at by with and
    or but if as from connection unable access user username password passwords passwd token secret key file path type
    default via using basic bearer digest negotiate include omit same-origin peer trust md5 scram-sha-256 ident reject
    cert refresh_token access_token authorization_code client_credentials reset check checking validation verified
    verification validated opaque never unexpected malformed illegal bad found deleted created generated loaded read
    sent received cached hit miss stale refreshed refreshing issued field value values name insecure secure auto manual
    inherit ask prompt prompted stdin env vault managed static dynamic hashed encrypted plaintext"""
)
"""Words that follow a secret's name in a sentence or a schema, and are no secret."""
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PLACE = re.compile(r"(?:\.{0,2}/|~/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*://).*")
NUMBERS = re.compile(r"[\d.:TZ+-]+")


@lru_cache(maxsize=8192)
def level_of(name: str) -> Level:
    """How much a name says that its value is a secret."""
    words = [word.lower() for word in _WORDS.findall(name)]
    while words and (words[-1].isdigit() or words[-1] == "v"):
        words.pop()
    if not words or words[-1] in OTHER:
        return Level.NONE
    if words in (["pass"], ["pwd"], ["oldpwd"]):
        return Level.WEAK
    if "".join(words) in PASSWORDS:
        return Level.STRONG
    if NEGATED.intersection(words[:-1]):
        return Level.NONE
    core = [word for word in words if word not in SAME] or words
    return _level_of_words(core, name.isupper())


def _level_of_words(words: list[str], shouted: bool) -> Level:
    last, before = words[-1], frozenset(words[:-1])
    if last in PASSWORDS or last.startswith("passw") or last.endswith(("password", "passwd", "passphrase")):
        return Level.STRONG
    if last in ("secret", "token") and before:
        return Level.STRONG
    if last.endswith(("apikey", "secretkey", "authtoken")) or (last in ("phrase", "word") and "pass" in before):
        return Level.STRONG
    if last == "key" and before & SECRET_KEYS:
        return Level.STRONG
    if last in SECRETS or last.endswith(("secret", "token")):
        return Level.WEAK
    if last == "key" and shouted and before and not before & PLAIN_KEYS:
        return Level.WEAK
    return Level.WEAK if before & PASSWORDS else Level.NONE


def is_secret(name: str, value: str, level: Level, *, quoted: bool, assigned: bool) -> bool:
    """Whether `value`, given to a name of this level, is to be masked.

    `assigned` says that it follows an equals sign and not a colon, behind which prose may stand.
    """
    if not value.strip() or NOTHING.fullmatch(value):
        return False
    if not quoted and (CODE.fullmatch(value) or SIZE.match(value)):
        return False
    first = value.split()[0].lower().rstrip(".,;:!?")
    certain = level is Level.STRONG and assigned and (quoted or name.isupper())
    if certain and first not in ("none", "null", "true", "false"):
        return True
    if first in PROSE:
        return False
    if level is Level.STRONG:
        return quoted or not (value.isdigit() and len(value) < 3)
    return _looks_secret(value)


def _looks_secret(value: str) -> bool:
    """Whether a value looks made up by a machine or a careful person, and not like a word, a number or a place."""
    if len(value) < 8 or PLACE.match(value) or NUMBERS.fullmatch(value):
        return False
    if UUID.fullmatch(value):
        return True
    return bool(re.search(r"\d", value) and re.search("[A-Za-z]", value))
