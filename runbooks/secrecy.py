"""Would a command show a secret: on its own line, or in what it prints?

Such a command may well be read-only, and still nothing may be run and posted unmasked. Doubt counts as yes: the
price is that a person looks at it by hand. What is known stands here as data, one expression a line, each bounded.
"""

from __future__ import annotations

import re

_LONGEST_TEXT = 256 * 1024

_NAME = (
    r"(?:[A-Za-z0-9]{0,40}_){0,6}(?:PGPASSWORD|PASSWORD|PASSPHRASE|PASSWD|PASS|(?<=_)PWD|SECRET|SECRETS|TOKEN|API_?KEY"
    r"|APIKEY|ACCESS_?KEY|PRIVATE_?KEY|SECRET_?KEY|KEY|CREDENTIALS?|DSN|DATABASE_URL|CONNECTION_STRING)(?:_[A-Za-z0-9]{1,40}){0,3}"
)
"""Names of variables that hold secrets."""
_FILE = (
    r"(?:[\w./~-]{0,120}/)?(?:\.env(?:\.[\w.-]{1,40})?|[\w-]{1,40}\.env|environment|credentials|\.pgpass|\.netrc"
    r"|\.htpasswd|id_rsa|id_ed25519|[\w.-]{0,40}token|[\w.-]{1,60}[-_.]key|key\.pem|privkey\.pem|private\.pem"
    r"|secrets?\.(?:ya?ml|json|env|toml))"
)
"""Files that hold them."""
_SHOW = (
    r"(?:cat|head|tail|less|more|grep|egrep|fgrep|rg|zgrep|awk|sed|cut|sort|tac|nl|strings|bat|xxd|od|base64|diff|jq"
    r"|yq|vim?|nano|code)"
)
_START = r"(?:^|[\s;&|(`\"'])"
_ANY = r"[^|;&\n]{0,200}"
_REST = r"[^|;\n]{0,200}"

_FILES_AND_ENVIRONMENT = (
    rf"{_START}{_SHOW}\s(?:[^|;&\n]{{0,300}}\s)?['\"]?{_FILE}(?=$|[\s'\"|;&)])",
    rf"{_START}{_SHOW}\s{_ANY}/proc/[\w$*]{{1,20}}/environ",
    r"(?:^|[;&|(`]|\bsudo|\bexec\b[^;|&]{0,120}?)\s*(?:printenv|env)\s*(?:$|[|;&>)\"'])",
    rf"{_START}(?i:printenv)\s+(?i:{_NAME})\b",
    r"(?:^|[;&|])\s*(?:set|export\s+-p|declare\s+-[px]+|compgen\s+-v)\s*(?:$|[|;&])",
    rf"{_START}(?:echo|printf)\s{_ANY}\$\{{?(?i:{_NAME})\b",
    # The `e` of BSD adds the environment to the list; the dashed one only means "every process". `-E` is BSD's again.
    r"(?:^|[;&|(`]|\bsudo(?:\s-\S+){0,3}|\bexec\b[^;|&]{0,120}?)\s*ps\s+(?:[a-zA-Z]{1,8}\s+)?"
    r"(?:[acfhjlmnorsuvwxSTXZ]{0,8}e[acefhjlmnorsuvwxSTXZ]{0,8}|-[a-zA-Z]{0,8}E|-\w{0,8}e\w{0,8}ww)(?=$|[\s|;&)])",
    r"\bgetent\s+(?:g?shadow|passwd\s+-s)\b|/etc/g?shadow\b",
    r"(?:^|[\s;&|])history\b",
)
_TOOLS = (
    # containers and clusters
    r"\bdocker\s+(?:container\s+)?inspect\b(?![^|;\n]*(?:--format|-f)[= ])",
    rf"\bdocker\s+(?:container\s+)?inspect\b{_REST}(?:\.Config\.Env|\.Env\b|json \.Config\b|json \.\s*\}}\}})",
    rf"\bdocker(?:-compose|\s+compose)\b{_ANY}\s(?:config|convert)\b"
    r"(?!\s+(?:--quiet|-q|--services|--images|--volumes|--profiles)\b)",
    r"\bdocker\s+(?:stack|service)\s+inspect\b|\bdocker\s+swarm\s+(?:join-token|unlock-key)",
    rf"\b(?:kubectl|oc)\b{_REST}\sget\s+(?:-\S+\s+){{0,6}}secrets?\b{_REST}(?:\s-o|--output|--template)",
    rf"\b(?:kubectl|oc)\b{_REST}\sget\s{_REST}\bsecrets?/?{_REST}(?:\s-o\s?=?(?:ya?ml|json|go-template)|--output)",
    rf"\b(?:kubectl|oc)\b{_REST}\s(?:create\s+token|config\s+view\b{_REST}--raw)",
    rf"\bkubectl\b{_REST}\sset\s+env\b{_REST}--list|\bhelm\b{_REST}\sget\s+(?:values|all|manifest)\b",
    rf"\bsystemctl\s+(?:-\S+\s+){{0,4}}show(?:-environment\b|\b{_REST}(?:Environment|(?:-p|--property)[= ]?Env)"
    rf"|\b(?!{_REST}(?:-p|-P|--property)))",
    # keys and vaults
    r"\bopenssl\s+(?:rand|genrsa|genpkey|rsa|pkey|ec|pkcs12|passwd)\b",
    rf"\baws\b{_REST}\s(?:get-secret-value|get-session-token|get-login-password|create-access-key|assume-role)\b",
    rf"\baws\b{_REST}\s(?:get-random-password\b|ssm\s+get-parameter)|\baws\s+configure\s+(?:get|export-credentials)\b",
    r"\baws\s+secretsmanager\s+(?:put|update|create)-secret",
    rf"\bgcloud\b{_REST}\s(?:print-access-token|print-identity-token|secrets\s+versions\s+access)\b",
    rf"\baz\b{_REST}\s(?:keyvault\s+secret\s+show|get-access-token|keys\s+list|list-keys|show-connection-string)\b",
    r"\bvault\s+(?:kv\s+(?:get|put)|read|write|token\s+(?:create|lookup)|login|unwrap|print)\b",
    r"\bvault\s+operator\s+(?:init|unseal|rekey|generate-root)\b",
    r"\bterraform\s+(?:output|show|state\s+(?:show|pull))\b|\bansible-vault\s+(?:view|decrypt)\b|\bsops\b",
    r"\bgpg\s+(?:-d|--decrypt|--export-secret)|\bgh\s+auth\s+token\b|\bheroku\s+config\b",
    r"\b(?:pass|op|bw|lpass|doppler|chamber)\s+(?:show|read|get|item\s+get|export|secrets)\b",
    rf"\bgit\s+config\b{_REST}(?:credential|token)",
    r"(?:^|[\s;&|])(?:pwgen|mkpasswd|apg)\b|\bcat\s+/dev/u?random\b",
    r"\bpython[\d.]*\s+-c\b(?s:.{0,400})(?:\bsecrets\b|os\.environ|getenv|Fernet\.generate_key)",
    # servers
    r"(?i:\bconfig\s+get\s+['\"]?(?:requirepass|masterauth|\*|user))",
    r"(?i:\bacl\s+(?:list|getuser|setuser|genpass)\b)",
    r"(?i:\b(?:pg_shadow|pg_authid|mysql\.user|rolpassword|authentication_string)\b)",
    rf"\brabbitmqctl\s+(?:export_definitions|environment)\b|\bcelery\b{_REST}\breport\b",
    r"\bactuator/env\b|://[^\s]{1,200}/\.env\b",
)
_COMMAND_LINES = (
    r"://[^\s/:@'\"]{0,100}:(?!\$\{?[A-Z_]+\}?@)[^\s/@'\"]{1,200}@",
    rf"{_START}(?:curl|wget|https?)\b[^|;\n]{{0,500}}\s(?:-u\s?|--user[= ])['\"]?[^\s'\"]",
    rf"{_START}(?:curl|wget|https?)\b[^|;\n]{{0,500}}\s--(?:(?:http-)?password=|oauth2-bearer[= ])['\"]?[^\s'\"]",
    r"(?i:(?:authorization|x-api-key|api-key|private-token|x-vault-token|x-auth-token)['\"]?\s{0,2}:\s{0,2}\S)",
    r"(?i:[?&](?:api_?key|access_?token|token|secret|password|sig|signature)=[^\s&'\"])",
    r"(?i:['\"]?(?:password|passwd|secret|api_?key|access_?token|client_secret)['\"]?\s{0,2}:\s{0,2}['\"][^'\"])",
    rf"{_START}(?:export\s+)?{_NAME}=(?!(?:true|false|yes|no|\d{{1,4}})(?:\s|$))['\"]?(?:[^\s'\"$]|\$\()",
    rf"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b{_REST}\s(?:-p[^\s]|--password=\S)",
    rf"\bredis-cli\b{_REST}\s(?:-a\s|--pass\s)",
    rf"\b(?:mongosh?|mongodump|mongorestore)\b{_REST}\s(?:-p\s?|--password[= ])['\"]?[^\s'\"-]",
    rf"\b(?:sshpass\s+-p|docker\s+login\b{_REST}\s(?:-p|--password)[= ])",
    rf"\brabbitmq(?:ctl|admin)\b{_REST}\s(?:change_password|add_user|authenticate_user|-p\s|--password=)",
    r"(?i:\b(?:password|identified\s+by)\s+['\"])",
    r"(?:^|\s)--(?:[a-z]+-)?(?:password|passwd|secret|token|api-key|secret-string|new-key|access-key|client-secret)[= ]"
    r"['\"]?[^\s'\"-]",
    r"\bhtpasswd\s+-\w*b|\bchpasswd\b",
    r"\b(?:sk-[A-Za-z0-9_-]{3}|gh[pousr]_[A-Za-z0-9]{8}|xox[abprs]-|AKIA[A-Z0-9]{8}|eyJ[A-Za-z0-9_-]{10})",
)
_SHOWS = tuple(re.compile(one) for one in (*_FILES_AND_ENVIRONMENT, *_TOOLS, *_COMMAND_LINES))


def shows_secret(text: str) -> bool:
    """Whether a command's line, or what it prints, would show a secret. Doubt counts as yes."""
    if len(text) > _LONGEST_TEXT:
        return True
    joined = text.replace("\\\n", " ")
    return any(pattern.search(joined) for pattern in _SHOWS)
