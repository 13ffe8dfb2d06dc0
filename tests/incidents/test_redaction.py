"""What leaves through the choke point: no secret, and every identifier that people need."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.redaction import MASK, redact, redact_values

# Every secret is put together here, so that no line of this file looks like one to a scanner.
PW = "hunter2" + "Zq9"
ODD = "p@ss/w:rd" + "#1"
HEX = "9f86d081884c7d65" + "9a2feaa0c55ad015"
RUN = "AbCdEfGhIjKlMnOpQrSt" + "0123456789" + "uVwXyZabcd"
LOWER = "abcdefghijklmnopqrst" + "0123456789"
B64 = "wJalrXUtnFEMI" + "K7MDENGbPxRfiCY" + "zzzzzzKEYab"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N"
BASIC = base64.b64encode(f"lms:{PW}".encode()).decode()
DASHES = "-" * 5
KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" + "VJTUt9Us8cKj"


def pem(kind: str = "RSA PRIVATE KEY", lines: int = 3, end: bool = True) -> str:
    body = "\n".join([KEY_LINE] * lines)
    return f"{DASHES}BEGIN {kind}{DASHES}\n{body}\n" + (f"{DASHES}END {kind}{DASHES}" if end else "")


FORMATS = {
    "AWS access key": "AKIA" + "IOSFODNN7ABCDEFG",
    "AWS session key": "ASIA" + "IOSFODNN7ABCDEFG",
    "GitHub token": "ghp_" + RUN[:36],
    "GitHub app token": "ghs_" + RUN[:36],
    "GitHub fine-grained token": "github_pat_" + RUN[:22] + "_" + RUN,
    "GitLab token": "glpat-" + RUN[:20],
    "GitLab runner token": "glrt-" + RUN[:20],
    "Slack bot token": "xoxb-" + "123456789012-1234567890123-" + RUN[:24],
    "Slack app token": "xapp-" + "1-A0123456789-1234567890123-" + HEX * 2,
    "Slack rotated token": "xoxe.xoxb-" + "1-" + RUN,
    "OpenAI key": "sk-" + "proj-" + RUN + RUN,
    "OpenAI old key": "sk-" + RUN + "12345678",
    "Anthropic key": "sk-" + "ant-api03-" + RUN + RUN,
    "Stripe key": "sk_" + "live_" + RUN[:24],
    "Stripe restricted key": "rk_" + "test_" + RUN[:24],
    "Stripe webhook secret": "whsec_" + RUN[:32],
    "Google API key": "AIza" + RUN[:35],
    "Google OAuth token": "ya29." + RUN,
    "Google client secret": "GOCSPX-" + RUN[:28],
    "SendGrid key": "SG." + RUN[:22] + "." + RUN + "abc",
    "Mailgun key": "key-" + HEX,
    "Mailchimp key": HEX + "-us12",
    "Twilio key": "SK" + HEX,
    "npm token": "npm_" + RUN[:36],
    "PyPI token": "pypi-" + "AgEIcHlwaS5vcmc" + RUN + RUN,
    "DigitalOcean token": "dop_v1_" + HEX * 2,
    "Vault token": "hvs." + RUN,
    "Docker Hub token": "dckr_pat_" + RUN[:27],
    "Databricks token": "dapi" + HEX,
    "Shopify token": "shpat_" + HEX,
    "Grafana token": "glsa_" + RUN[:32] + "_" + HEX[:8],
    "Sentry token": "sntrys_" + RUN,
    "Hugging Face token": "hf_" + RUN[:34],
    "New Relic key": "NRAK-" + RUN[:27].upper(),
    "Tailscale key": "tskey-auth-" + RUN[:24],
    "Terraform token": RUN[:14] + ".atlasv1." + RUN + RUN[:25],
    "Telegram token": "123456789:AA" + RUN[:33],
    "Entra secret": "abc8Q~" + RUN[:34],
    "age key": "AGE-SECRET-KEY-1" + RUN.upper() + RUN[:18].upper(),
    "JWT": JWT,
    "JWT cut off": JWT[:60],
    "bcrypt hash": "$2b$" + "12$" + RUN + RUN[:13],
    "sha512crypt hash": "$6$" + "rounds=5000$saltsalt$" + RUN,
    "argon2 hash": "$argon2id$" + "v=19$m=65536,t=3,p=4$" + RUN[:22] + "$" + RUN,
    "Django hash": "pbkdf2_sha256$" + "600000$" + RUN[:22] + "$" + RUN + "=",
    "PostgreSQL SCRAM": "SCRAM-SHA-256$" + "4096:" + RUN[:22] + "==$" + RUN + "=:" + RUN + "=",
    "PostgreSQL md5": "md5" + HEX,
}

PLACES = {  # text with {} where the secret stands, and the secret
    "env line": ("DB_PASSWORD={}\nDB_HOST=db", PW),
    "exported env line": ("export SECRET_KEY={}", RUN),
    "env line with signs": ("DB_PASSWORD={}", "a,b;c&d(e)f"),
    "quoted env line": ('API_KEY="{}"', "with some spaces"),
    "env line of a plain word": ("POSTGRES_PASSWORD={}", "password"),
    "env line commented out": ("# OLD_TOKEN={}", RUN),
    "inline assignment": ("connecting with password={} to db", PW),
    "several on a line": ("user=lms password={} host=db port=5432", PW),
    "semicolons": ("Server=db;Database=lms;User Id=sa;Password={};Encrypt=true", PW),
    "pwd in a connection string": ("Server=db;Uid=sa;Pwd={};", PW),
    "Azure storage": ("DefaultEndpointsProtocol=https;AccountName=lms;AccountKey={};EndpointSuffix=x", B64 + "=="),
    "Azure service bus": ("Endpoint=sb://x.example/;SharedAccessKeyName=root;SharedAccessKey={}", B64 + "="),
    "JSON": ('{{"user": "lms", "password": "{}"}}', PW),
    "JSON of a plain word": ('{{"password":"{}"}}', "sunshine"),
    "JSON with an escaped quote": ('{{"password": "{}", "x": 1}}', 'ab\\"cd' + "9"),
    "JSON number": ('{{"password": {}}}', "84713385"),
    "JSON in JSON": ('{{"body": "{{\\"client_secret\\":\\"{}\\"}}"}}', PW),
    "JSON cut off": ('{{"user": "lms", "password": "{}', PW),
    "camel case": ('{{"clientSecret": "{}"}}', PW),
    "Python dict": ("{{'api_key': '{}', 'n': 1}}", PW),
    "Ruby hash": (":secret_key_base => '{}'", RUN),
    "PHP array": ("$config['db_password'] = '{}';", PW),
    "YAML": ("db:\n  user: lms\n  password: {}\n", PW),
    "YAML plain word": ("db:\n  password: {}\n", "sunshine"),
    "YAML block": ("tls:\n  private_key: |\n    {}\n  port: 443\n", "c29tZSBvZGQgYnl0ZXM"),
    "YAML list item": ("- name: app\n- token: {}\n", RUN),
    "Compose environment": ("environment:\n  - REDIS_PASSWORD={}\n", PW),
    "TOML": ('api_token = "{}"', RUN),
    "INI": ("[db]\npassword = {}", PW),
    "Java properties": ("spring.datasource.password={}", PW),
    "Java option": ("java -Djavax.net.ssl.keyStorePassword={} -jar app.jar", PW),
    "Terraform": ('+ admin_password = "{}"', PW),
    "XML element": ("<db><password>{}</password></db>", PW),
    "XML attribute": ('<user name="lms" password="{}"/>', PW),
    "XML property": ('<property name="db.password" value="{}"/>', PW),
    "Kubernetes env": ("- name: DB_PASSWORD\n  value: {}\n", PW),
    "ECS env": ('{{"name":"API_TOKEN","value":"{}"}}', RUN),
    "Kubernetes secret": (
        "kind: Secret\nmetadata:\n  name: lms\ndata:\n  url: {}\ntype: Opaque\n",
        "cG9zdGdyZXM6Ly9sbXM=",
    ),
    "docker inspect": ('"Env": [\n  "PATH=/usr/bin",\n  "DB_PASSWORD={}"\n]', "two words " + PW),
    "log of compose": ("api-1  | DB_PASSWORD={}", PW),
    "log line": ("2026-03-03T03:00:00Z DEBUG token={} user=7", RUN),
    "logfmt": ('level=info msg="login" api_key={} status=200', RUN),
    "terminal colours": ("\x1b[32mpassword\x1b[0m: \x1b[31m{}\x1b[0m", PW),
    "dotenv in base64 name": ("JWT_SECRET_KEY_BASE64={}", B64),
    "numbered name": ("DB_PASSWORD_2={}", PW),
    "password hash column": ('"password_hash": "{}"', "$2b$" + "12$" + RUN + RUN[:13]),
    "URL": ("postgresql://lms:{}@db:5432/lms", PW),
    "URL without user": ("redis://:{}@redis:6379/0", PW),
    "URL with a wild password": ("postgres://lms:{}@db/lms", ODD),
    "URL with a plain word": ("amqp://user:{}@rabbit:5672//", "guest"),
    "URL in a variable": ("DATABASE_URL=mysql+pymysql://root:{}@db/lms?charset=utf8", PW),
    "URL with a token as user": ("https://{}@github.com/org/repo.git", RUN),
    "Sentry DSN": ("https://{}@o123.ingest.example/42", HEX),
    "git with a token": ("https://oauth2:{}@gitlab.example/org/repo.git", PW + "abcdef"),
    "Go MySQL DSN": ("root:{}@tcp(db:3306)/lms", PW),
    "query string": ("GET /api?user=7&access_token={}&page=2 HTTP/1.1", RUN),
    "query string, encoded": ("next=%2Fapi%3Ftoken%3D{}", RUN),
    "signed URL": ("https://bucket.example/x?X-Amz-Date=20260303&X-Amz-Signature={}", HEX * 2),
    "SAS URL": ("https://lms.blob.example/c?sv=2024&sig={}&se=2026", "abc123%2Bdef%3D"),
    "Google key in a query": ("https://maps.example/api?key={}", RUN[:30]),
    "Slack webhook": ("https://hooks.slack.com/services/{}", "T0123456/B0123456/" + RUN[:24]),
    "Discord webhook": ("https://discord.com/api/webhooks/123456789012345678/{}", RUN + RUN[:20]),
    "Authorization": ("> Authorization: Bearer {}\n> Accept: */*", RUN),
    "Authorization of one word": ("Authorization: {}", RUN),
    "Authorization, basic": ("authorization: Basic {}", BASIC),
    "Authorization, digest": ("Authorization: Digest {}", 'username="lms", response="' + HEX + '"'),
    "Authorization, AWS": ("Authorization: AWS4-HMAC-SHA256 {}", "Credential=AKIA/x, Signature=" + HEX),
    "Authorization in JSON": ('{{"headers": {{"Authorization": "Bearer {}"}}}}', PW),
    "Authorization in curl": ("curl -H 'Authorization: Token {}' https://api.example/x", PW),
    "Proxy-Authorization": ("Proxy-Authorization: Basic {}", BASIC),
    "bearer in prose": ("sent bearer {} to upstream", RUN),
    "basic in prose": ("using Basic {} now", BASIC),
    "X-Api-Key": ("X-Api-Key: {}", RUN),
    "X-Auth-Token": ("x-auth-token: {}", PW + "xyz"),
    "Cookie": ("Cookie: {}", "theme=dark; sessionid=" + RUN),
    "Set-Cookie": ("Set-Cookie: sid={}; Path=/; HttpOnly", RUN),
    "curl -u": ("curl -s -u admin:{} http://localhost:8000/x", PW),
    "curl --user": ("curl --user 'admin:{}' http://localhost:8000/x", PW),
    "curl on two lines": ("curl -s \\\n  -u admin:{} \\\n  http://localhost/x", PW),
    "--password": ("createuser --password {} lms", PW),
    "--password=": ("restic --password={} ls", PW),
    "--token": ("gh auth login --token {}", PW),
    "-password": ("influx -username admin -password {}", PW),
    "mysql -p": ("mysql -u root -p{} lms", PW),
    "mysqldump -p": ("docker exec db mysqldump -uroot -p'{}' lms", PW),
    "sshpass": ("sshpass -p {} ssh ops@lms-1", PW),
    "redis-cli -a": ("redis-cli -h redis -a {} ping", PW),
    "docker login": ("docker login -u ops -p {} registry.example", PW),
    "openssl -passin": ("openssl rsa -in k.pem -passin pass:{}", PW),
    "htpasswd": ("htpasswd -b /etc/nginx/.htpasswd ops {}", PW),
    "chpasswd": ("echo 'ops:{}' | sudo chpasswd", PW),
    "kubectl from literal": ("kubectl create secret generic x --from-literal=pw={}", PW),
    "PGPASSWORD": ("PGPASSWORD={} psql -h db -U lms", PW),
    "requirepass": ("requirepass {}", PW),
    "redis CONFIG GET": ('1) "requirepass"\n2) "{}"', PW),
    "netrc": ("machine api.example login ops password {}", PW),
    "pgpass": ("db:5432:lms:ops:{}", PW),
    "SQL role": ("ALTER ROLE lms WITH LOGIN PASSWORD '{}';", PW),
    "SQL identified by": ("CREATE USER 'lms'@'%' IDENTIFIED BY '{}';", PW),
    "prose": ("the new password is {} for now", PW),
    "psql table": (" id | email | password \n----+-------+----------\n  1 | a@b.c | {} \n(1 row)", PW),
    "mysql table": ("+----+--------+\n| id | secret_token |\n+----+--------+\n|  1 | {} |\n+----+--------+", RUN),
    "psql expanded": ("-[ RECORD 1 ]---\nid       | 1\npassword | {}\n", PW),
    "Dockerfile ENV": ("ENV DB_PASSWORD {}", PW),
    "GCP key": ('{{"type": "service_account", "private_key": "{}"}}', pem("PRIVATE KEY").replace("\n", "\\n")),
    "AWS credentials file": ("[default]\naws_secret_access_key = {}", B64),
    "sts output": ('{{"SecretAccessKey": "{}"}}', B64),
    "npmrc": ("//registry.example/:_authToken={}", RUN),
    "one-time code": ("otp={}", "493021"),
}

HARMLESS = (
    "550e8400-e29b-41d4-a716-446655440000",
    "request_id=550e8400-e29b-41d4-a716-446655440000",
    "request_id: 7f3c9a1be2d84c0f9a1be2d84c0f7f3c",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "lms-api@sha256:" + HEX * 2,
    "docker pull docker://alpine:3.18@sha256:" + HEX * 2,
    "CONTAINER ID   IMAGE     STATUS\n3f4e5d6c7b8a   lms-api   Up 3 hours (healthy)",
    "2026-03-03T03:00:00.123456Z",
    "[2026-03-03 03:00:00,123: INFO/MainProcess] Task app.tasks.mail[550e8400-e29b-41d4-a716-446655440000] succeeded",
    'FATAL:  password authentication failed for user "lms"',
    'ERROR: column "password" does not exist',
    "Password: ",
    "Password for user lms: ",
    "Enter PEM pass phrase:",
    "password: must be at least 8 characters",
    "password: required",
    "password=********",
    "password=[redacted]",
    "password: <your-password>",
    "DB_PASSWORD=${DB_PASSWORD}",
    "DB_PASSWORD=$DB_PASSWORD",
    "DB_PASSWORD=\nDB_HOST=db",
    "DB_PASSWORD is not set",
    "unset DB_PASSWORD; echo $API_TOKEN",
    "DB_PASSWORD_FILE=/run/secrets/db_password",
    "NEW_PASSWORD=$(openssl rand -hex 16)",
    'password = os.environ["DB_PASSWORD"]',
    "password = get_password(user)",
    "def login(user: str, password: str) -> Token:",
    "create_engine(url, password=password)",
    "token = None",
    "password VARCHAR(255) NOT NULL",
    'File "/srv/lms/app/auth/tokens.py", line 42, in refresh_token',
    "at com.example.PasswordEncoder.encode(PasswordEncoder.java:42)",
    "internal/auth/password.go:55 +0x1d",
    "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    'WWW-Authenticate: Bearer realm="lms", error="invalid_token"',
    'WWW-Authenticate: Basic realm="lms"',
    "Access-Control-Allow-Headers: Authorization, Content-Type, X-Api-Key",
    "Vary: Cookie, Authorization",
    "Authorization header missing",
    "security:\n  authorization: enabled",
    "invalid bearer token",
    "max_tokens=4096 tokens_used=1523",
    '{"usage": {"prompt_tokens": 512, "total_tokens": 640}}',
    "token bucket: 100 per second",
    "token expired",
    "token=expired",
    'secrets "lms-db" not found',
    "secretName: lms-tls",
    "Mounts:\n  /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access (ro)",
    "keyspace_hits:1523\nkeyspace_misses:7\nexpired_keys:12",
    "db0:keys=12,expires=3,avg_ttl=0",
    "primary key (id), foreign key user_id",
    "cache_key=course:42:lessons",
    "idempotency_key=order-2026-03-03-0042",
    "sort_key: created_at",
    "dedup_key: " + HEX,
    "public_key=AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
    "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDPY8ZJSa9mGkQmZ2s root@lms (ED25519)",
    f"{DASHES}BEGIN CERTIFICATE{DASHES}\n{KEY_LINE}\n{DASHES}END CERTIFICATE{DASHES}",
    f"{DASHES}BEGIN PUBLIC KEY{DASHES}\n{KEY_LINE}\n{DASHES}END PUBLIC KEY{DASHES}",
    "postgresql://db:5432/lms",
    "postgresql://lms@db:5432/lms",
    "redis://redis:6379/0",
    "ssh://git@github.com:22/org/repo.git",
    "git@github.com:org/repo.git",
    "http://localhost:8000/api/v1/health?verbose=1&page=2",
    "http://[::1]:8080/x",
    "mail sent to ops@example.com from lms@example.com",
    "docker run -u 1000:1000 -p 8080:80 nginx",
    "docker run --rm -p 3306:3306 mysql:8",
    "mysql -u root -p lms",
    "mysql -h db -P3306 lms",
    "ssh -p 2222 ops@lms-1",
    "cp -p a b && mkdir -p /srv/lms",
    "curl -sS http://localhost:8000/health",
    "PWD=/srv/lms\nOLDPWD=/root",
    "0.0.0.0:8000->8000/tcp, :::8000->8000/tcp",
    "tcp   LISTEN 0  128  127.0.0.1:5432  0.0.0.0:*",
    "compass=north bypass=true passed=12 failed=0",
    "tests: pass: 12 fail: 0",
    "password_encryption = scram-sha-256",
    "auth_method=trust",
    "author: Ada Lovelace",
    "authority=api.example:443",
    "monkey=banana; keyboard: us; donkey: grey",
    "session_timeout=3600",
    "pinned: true, pin_count=4",
    "sk-nginx-config-for-the-course-creator-service",
    "disk-usage-us-east-1",
    "eyJust a word.",
    "md5sum: 9f86d081884c7d659a2feaa0c55ad015  backup.sql.gz",
    "NAME  READY  STATUS\nlms-api-7d9f8b6c5d-x2x9z  1/1  Running",
    "subnet-0123456789abcdef0 i-0123456789abcdef0 vpc-0a1b2c3d",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:lms/db-AbCdEf",
    "--password-stdin --password-file /run/secrets/x --no-password",
    "aws secretsmanager get-secret-value --secret-id prod/lms/db",
    "00:1a:2b:3c:4d:5e fe80::1ff:fe23:4567:890a",
    "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nKeyError: 'api_key'",
    "  password:  12 bytes\n  token:     1024 bytes",
    "Basic authentication required; basic health check ok",
    "[3/12] RUN --mount=type=secret,id=npmrc npm ci",
)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("around", ["{}", "got {} from upstream", '"{}",', "a\n{}\nb", "x={};", "({})", "\\n{}\\n"])
def test_a_token_of_a_known_format_goes_wherever_it_stands(name: str, around: str) -> None:
    token = FORMATS[name]
    clean = redact(around.format(token))
    assert token not in clean
    assert token[-12:] not in clean


@pytest.mark.parametrize("name", PLACES)
def test_a_secret_goes_from_its_place(name: str) -> None:
    template, secret = PLACES[name]
    clean = redact(template.format(secret))
    assert secret not in clean
    assert MASK in clean


@pytest.mark.parametrize(
    "name", ["JSON", "YAML", "URL", "inline assignment", "Set-Cookie", "curl -u", "psql table", "SQL role"]
)
def test_what_stands_around_a_secret_stays(name: str) -> None:
    template, secret = PLACES[name]
    assert redact(template.format(secret)).split() == template.format(MASK).split()


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_need_stays_byte_for_byte(text: str) -> None:
    assert redact(text) == text


def test_there_are_enough_look_alikes() -> None:
    assert len(HARMLESS) >= 60


@pytest.mark.parametrize(
    "kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
)
def test_the_body_of_a_private_key_goes(kind: str) -> None:
    text = f"before\n{pem(kind)}\nafter"
    clean = redact(text)
    assert KEY_LINE not in clean
    assert clean.startswith("before\n")
    assert clean.endswith("\nafter")


def test_a_private_key_whose_end_was_cut_off_goes() -> None:
    clean = redact(f"a\n{pem(end=False)}MIIEshort")
    assert KEY_LINE not in clean
    assert "MIIEshort" not in clean


def test_a_private_key_whose_beginning_was_cut_off_goes() -> None:
    clean = redact("log line\n" + pem().split("\n", 1)[1][7:] + "\nnext")
    assert KEY_LINE[10:] not in clean
    assert clean.startswith("log line\n")


def test_text_after_a_cut_off_private_key_stays() -> None:
    assert redact(pem(end=False) + "\nthe next line of the log").endswith("the next line of the log")


def test_a_private_key_behind_the_prefix_of_a_log_goes() -> None:
    clean = redact("\n".join(f"api-1  | {line}" for line in pem(end=False).splitlines()))
    assert KEY_LINE not in clean


KNOWN = 'k"n0wn/Se+cret value'


@pytest.mark.parametrize(
    "form",
    [
        KNOWN,
        json.dumps(KNOWN),
        quote(KNOWN),
        quote(KNOWN, safe=""),
        base64.b64encode(KNOWN.encode()).decode(),
        base64.b64encode(f"user:{KNOWN}".encode()).decode(),
        base64.b64encode(f"us:{KNOWN}:x".encode()).decode(),
        KNOWN.encode().hex(),
    ],
)
def test_a_known_value_goes_in_every_way_of_writing_it(form: str) -> None:
    clean = redact(f"see {form} here", known=[KNOWN])
    assert form.strip('"')[4:-4] not in clean
    assert clean.startswith("see ")
    assert clean.endswith(" here")


def test_a_short_known_value_goes_only_where_it_stands_alone() -> None:
    assert redact("ab cab (ab)", known=["ab"]) == f"{MASK} cab ({MASK})"


def test_an_empty_known_value_masks_nothing() -> None:
    assert redact("text", known=["", " "]) == "text"


@pytest.mark.parametrize("command", ["openssl rand -hex 16", "cat /run/secrets/db_password", "printenv DB_PASSWORD"])
def test_the_output_of_a_command_that_prints_a_secret_goes(command: str) -> None:
    assert redact("plainword\n", command=command) == f"{MASK}\n"


def test_a_value_goes_from_json_by_its_key_alone() -> None:
    assert redact_values({"labels": {"password": "sunshine", "severity": "page"}}) == {
        "labels": {"password": MASK, "severity": "page"}
    }


def test_json_values_keep_their_kinds() -> None:
    data = {"n": 1, "f": 1.5, "t": True, "none": None, "list": ["a", {"b": "c"}], "token": 7}
    assert redact_values(data) == data


PIECES = st.one_of(
    st.text(max_size=40),
    st.sampled_from([*FORMATS.values(), *(template.format(secret) for template, secret in PLACES.values()), *HARMLESS]),
    st.sampled_from([MASK, "password=", "'", '"', "\\", "://", "@", ":", "=", " ", "\n", "|", "--token ", "Cookie: "]),
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.lists(PIECES, max_size=8).map("".join), st.text(min_size=1, max_size=12))
def test_no_known_value_is_left(text: str, value: str) -> None:
    assert (
        len(value.strip()) < 4
        or value in MASK
        or value not in redact(f"{text} {value} {text}", known=[value]).replace(MASK, "")
    )


@pytest.mark.parametrize(
    "text",
    [
        "password" * 40_000,
        "password=" * 40_000,
        "a:" * 150_000,
        "://" * 100_000,
        "://a:" * 60_000,
        "-" * 300_000,
        "eyJ" * 100_000,
        "mysql " * 50_000,
        "curl " * 60_000,
        '"' * 300_000,
        "\\" * 300_000,
        "password: |\n" * 25_000,
        f"{DASHES}BEGIN PRIVATE KEY{DASHES}\n" * 10_000,
        f"{DASHES}END PRIVATE KEY{DASHES}\n" * 10_000,
        "A" * 300_000,
        (KEY_LINE + "\n") * 5_000,
        "| password |\n|---|\n" * 15_000,
        "kind: Secret\ndata:\n" * 15_000,
        "Cookie: " * 40_000,
        "token " * 50_000,
        " " * 300_000,
        "\n" * 300_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_no_text_takes_much_longer_than_its_length(text: str) -> None:
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 3.0
