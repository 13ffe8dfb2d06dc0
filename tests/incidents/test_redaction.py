"""What leaves through the choke point: no secret, and every identifier that people need."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.redaction import MASK, SHORT, could_hold_a_secret, redact, redact_values

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


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


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

OUTPUTS = (  # what tools print; %s is where the secret stands
    ("INSERT INTO users (email, password) VALUES ('a@b.c', '%s');", PW),
    ("id,email,password\n1,a@b.c,%s\n2,x@y.z," + PW + "2\n", PW),
    ("user\tpassword\nlms\t%s\n", PW),
    ("Variable_name\tValue\nmaster_password\t%s", PW),
    ('{"Name":"/prod/db/password","Type":"SecureString","Value":"%s"}', PW),
    ('{"SecretString":"{\\"username\\":\\"lms\\",\\"password\\":\\"%s\\"}"}', PW),
    ('    "SecretString": "%s",', PW),
    ("Key                 Value\n---                 -----\ntoken               hvs.%s\ntoken_accessor      abc", RUN),
    ("====== Data ======\nKey         Value\n---         -----\npassword    %s\nusername    lms", PW),
    ("export AWS_SECRET_ACCESS_KEY='%s'", RUN),
    ("set -x\n+ PGPASSWORD=%s\n+ psql", PW),
    ("+ export DB_PASSWORD=%s", PW),
    ("ps aux: postgres 123 0.0 python app.py --db-password %s --port 80", PW),
    ("root  1  java -Dspring.datasource.password=%s -jar", PW),
    ("DATABASES = {'default': {'USER': 'x', 'PASSWORD': '%s'}}", PW),
    ("db_password=%s&user=x", PW),
    ("POST /login body={'username': 'bob', 'password': '%s'}", PW),
    ("POST /login username=bob&password=%s&next=/", PW),
    ('{"level":"debug","msg":"request","body":"username=bob\\u0026password=%s\\u0026x=1"}', PW),
    ("Login failed for bob with password '%s'", PW),
    ("Login failed (user=bob, pass=%s)", PW),
    ("auth: bob/%s rejected", PW),
    ("The token is: %s", RUN),
    ("Your API key: %s", RUN),
    ("API Key: %s", RUN),
    ("secret_key: %s", RUN),
    ("Secret: %s", RUN),
    ("Root Token: hvs.%s", RUN),
    ("Unseal Key 1: %s=", RUN),
    ("Initial Root Token: s.%s", RUN[:24]),
    ("temporary password for root@localhost: %s", PW),
    ("A temporary password is generated for root@localhost: %s", PW),
    ("Generated password: %s", PW),
    ("Password: %s", PW),
    ("New password for elastic: %s", PW),
    ("PASSWORD elastic = %s", PW),
    ("Changed password for user elastic\nPASSWORD elastic = %s\n", PW),
    ("minio: RootUser: admin \nRootPass: %s", PW),
    ("admin password: %s", PW),
    ("grafana-admin-password:  %s", PW),
    ("  admin-password: %s", b64(PW)),
    ("sentinel auth-pass mymaster %s", PW),
    ('requirepass "%s"', PW),
    ("user default on >%s ~* &* +@all", PW),
    ("AUTH %s", PW),
    ('1709434800.123456 [0 127.0.0.1:5000] "AUTH" "%s"', PW),
    ('1709434800.123456 [0 127.0.0.1:5000] "AUTH" "default" "%s"', PW),
    ("mongodb+srv://lms:%s@cluster0.mongodb.net/db", PW),
    ("jdbc:postgresql://db/lms?user=x&password=%s", PW),
    ("jdbc:oracle:thin:scott/%s@db:1521/x", PW),
    ("sqlplus scott/%s@db", PW),
    ("dsn: host=db user=lms password=%s dbname=lms", PW),
    ("conninfo 'host=db password=%s user=x'", PW),
    ("primary_conninfo = 'host=db user=repl password=%s'", PW),
    ("host=db user=lms password='%s two' dbname=x", PW),
    ("smtp://user:%s@mail:25", PW),
    ("wget --user=x --password=%s http://x", PW),
    ("aws configure set aws_secret_access_key %s", RUN),
    ("git clone https://x-access-token:%s@github.com/o/r", PW),
    ("remote: https://bob:%s@bitbucket.org/x.git (fetch)", PW),
    ("http.extraheader=AUTHORIZATION: basic %s", b64("x-access-token:" + PW)),
    ('curl -H "X-Vault-Token: %s" x', RUN),
    ("curl -H 'PRIVATE-TOKEN: %s' x", RUN),
    ("X-Amz-Security-Token: %s", RUN + RUN),
    ("apikey %s is invalid", RUN),
    ("Invalid API key provided: %s. You can find", RUN),
    ("Incorrect API key provided: sk-%s", RUN),
    ("?token=%s", RUN),
    ("ws://x/socket?auth=%s", RUN),
    ("https://x/reset-password?code=%s", RUN),
    ("https://user:%s@host", PW),
    ("PASSWORD=%s", PW),
    ('password = "%s" # rotate', PW),
    ("password: '%s'", PW),
    ('- password: "%s"', PW),
    ("{password: %s, user: x}", PW),
    ("password => %s", PW),
    ("password -> %s", PW),
    ("'password', '%s'", PW),
    ('("password", "%s")', PW),
    ("<key>Password</key><string>%s</string>", PW),
    ('<Password value="%s"/>', PW),
    ('<add key="ApiKey" value="%s"/>', RUN),
    ('<add key="DbPassword" value="%s"/>', PW),
    ('<input type="hidden" name="csrf_token" value="%s">', RUN),
    ("password&quot;:&quot;%s&quot;", PW),
    ("%%22password%%22%%3A%%22%s%%22", PW),
    ('\\"password\\":\\"%s\\"', PW),
    ("password\\u003d%s", PW),
    ("Environment=DB_PASSWORD=%s", PW),
    ('Environment="DB_PASSWORD=%s"', PW),
    ("DB_PASSWORD:%s", PW),
    ("DB_PASSWORD : %s", PW),
    ("DB_PASSWORD\t%s", PW),
    ("Environment:\n      DB_PASSWORD:   %s\n", PW),
    ("DB_PASSWORD   = %s", PW),
    ("$env:DB_PASSWORD = '%s'", PW),
    ("set DB_PASSWORD=%s", PW),
    ("DB_PASSWORD=%s python app.py", PW),
    ("docker run -e DB_PASSWORD=%s -e X=1 img", PW),
    ("docker run -e 'DB_PASSWORD=%s' img", PW),
    ("--env DB_PASSWORD=%s", PW),
    ("--set auth.password=%s", PW),
    ("--set-string auth.rootPassword=%s,x=1", PW),
    ("ansible-playbook -e db_password=%s x.yml", PW),
    ('psql "postgresql://lms:%s@db/lms"', PW),
    ("psql 'host=db password=%s'", PW),
    ("mysql --user=root --password=%s", PW),
    ("mysql -uroot -p%s -e 'select 1'", PW),
    ("mysqladmin -u root -p%s status", PW),
    ('mysql -u root -p"%s"', PW),
    ("mysql: [Warning] mysql -h db -u root -p%s", PW),
    ("docker login -u bob --password %s", PW),
    ("echo %s | docker login -u bob --password-stdin", PW),
    ("echo '%s' | sudo -S systemctl", PW),
    ("redis-cli -u redis://:%s@redis:6379", PW),
    ("redis-cli --pass %s", PW),
    ("snmpwalk -v2c -c %s host", PW),
    ("ldapsearch -D cn=admin -w %s -b x", PW),
    ("net use z: \\\\x /user:bob %s", PW),
    ("xfreerdp /u:bob /p:%s", PW),
    ("sudo htpasswd -cb f bob %s", PW),
    ("openssl enc -k %s", PW),
    ("gpg --passphrase %s", PW),
    ("keytool -storepass %s -keypass x", PW),
    ("ssh-keygen -N %s -f x", PW),
    ("vault kv put secret/x password=%s", PW),
    ("kubectl create secret generic x --from-literal password=%s", PW),
    ("kubectl config set-credentials bob --token=%s", RUN),
    ("    token: %s", RUN),
    ("client-key-data: %s", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo" + RUN),
    ('"auth": "%s"', b64("bob:" + PW)),
    ('{"auths":{"https://index.docker.io/v1/":{"auth":"%s"}}}', b64("bob:" + PW)),
    ("_auth = %s", b64("bob:" + PW)),
    ('{"private_key": "%s"}', RUN),
    ("PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 2\n%s\nabc", RUN),
    ("-----BEGIN OPENSSH PRIVATE KEY-----  %s", "b3BlbnNzaC1rZXktdjEAAAAA" + RUN),
    ("-----BEGIN RSA PRIVATE KEY----- %s -----END RSA PRIVATE KEY-----", "MIIE" + RUN),
    ("Set-Cookie: session=%s; Path=/", RUN),
    ("set-cookie: JSESSIONID=%s; Path=/", RUN),
    ("cookies={'sessionid': '%s'}", RUN),
    ("JSESSIONID=%s", RUN),
    ("pass=%s", PW),
    ("pw=%s", PW),
    ("passwd: %s", PW),
    ("login bob password %s", PW),
    ("enable secret 5 $1$abcd$%s", RUN[:22]),
    ("username bob password 0 %s", PW),
    ("Connecting to Server=tcp:x.database.windows.net;User ID=bob;Password=%s;", PW),
    ("SharedAccessSignature sr=x&sig=%s&se=1", "abc%2Bdef123456%3D"),
    ("https://x.queue.core.windows.net/?sv=1&sig=%s", "abc%2Bdef123456%3D"),
    ("amqps://u:%s@mq", PW),
    ("SLACK_WEBHOOK_URL=https://hooks.slack.com/services/T000/B000/%s", RUN[:24]),
    ("sentry_dsn: https://0123456789abcdef0123456789abcdef:%s@sentry.io/1", "0123456789abcdef0123456789abcdee"),
    ("encryption_key=%s", "ab" * 16),
    ("FERNET_KEY=%s", RUN + "abc="),
    ("SECRET_KEY='%s'", "django-insecure-a$b%c" + RUN),
    ("NEXTAUTH_SECRET=%s", RUN),
    ("STRIPE_KEY=%s", RUN),
    ("MAILGUN_KEY=%s", RUN),
    ("DD_API_KEY=%s", "ab12" * 8),
    ("DD_APP_KEY=%s", "ab12" * 10),
    ("api_secret=%s", PW),
    ("consumer_secret: %s", RUN),
    ('refresh_token":"%s"', RUN),
    ("id_token=%s", RUN),
    ("OTP: %s", "493021"),
    ("Your verification code is %s", "493021"),
    ("dbuser:%s@db:5432", PW),
)

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
    '["username", "password", "email", "token"]',
    "fields: username, password, email",
    "SELECT id, email, password_hash FROM users",
    "password authentication failed for user lms at 2026-03-03: retrying",
    "password reset mail sent to: ops@example.com",
    "secret lms-db-7d9f8b6c5d created",
    "token 550e8400-e29b-41d4-a716-446655440000 not found",
    "id,email,passed,tokens\n1,a@b.c,12,34",
    "USER        PASSWORD EXPIRES   LAST LOGIN",
    "echo done | tee /tmp/x; echo $PASSWORD | sudo -S true",
    "scp -P 2222 a ops@lms-1:/srv/x && rsync -a ops@lms-1:8022/x y",
    "image: registry.example:5000/lms-api:v1.2.3@sha256:" + HEX * 2,
    "user 7 on host > /dev/null",
    "AUTH failed: AUTH mechanism not supported",
    "key 'course:42' not found; Duplicate entry '42' for key 'PRIMARY'",
    "error code is 42703; exit code 137; status code: 502",
    "net user space 1234 kB",
    "Cookie consent banner shown; cookies: 3",
    "pw-api-1 restarted; pwd is /srv/lms",
    "keyfile: /etc/ssl/private/lms.key",
    "ssl_certificate_key /etc/nginx/ssl/lms.key;",
    "authenticated=true auth_time=1709434800 auth_latency_ms=12",
    "key: value pairs; monkey: patched",
    "-e DB_PASSWORD -e API_TOKEN=${API_TOKEN}",
    "curl -u $USER:$PASS https://x",
    "mysql -u root -p$MYSQL_ROOT_PASSWORD",
    "postgres://lms:${DB_PASSWORD}@db:5432/lms",
    "postgres://lms:***@db:5432/lms",
    "SecretsManager ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    "sha512-3vF7pX0aZ1bQ==  integrity sha1-abcDEF123+/=",
    "x-request-id: 4bf92f3577b34da6a3ce929d0e0e4736",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    'ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"',
    "ERROR 1045 (28000): Access denied for user 'root'@'172.18.0.5' (using password: YES)",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    'pg_hba.conf rejects connection for host "172.18.0.5", user "lms", database "lms", no encryption',
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


@pytest.mark.parametrize(("template", "secret"), OUTPUTS)
def test_a_secret_goes_from_what_a_tool_prints(template: str, secret: str) -> None:
    clean = redact(template % secret)
    assert secret not in clean
    assert secret[-10:] not in clean


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
    st.sampled_from([*FORMATS.values(), *HARMLESS]),
    st.sampled_from([template.format(secret) for template, secret in PLACES.values()]),
    st.sampled_from([template % secret for template, secret in OUTPUTS]),
    st.sampled_from([MASK, "password=", "'", '"', "\\", "://", "@", ":", "=", " ", "\n", "|", "--token ", "Cookie: "]),
)


@pytest.mark.parametrize(
    "text", [t.format(s) for t, s in PLACES.values()] + [t % s for t, s in OUTPUTS] + [*FORMATS.values()]
)
def test_every_secret_gives_a_hint_of_itself(text: str) -> None:
    assert could_hold_a_secret(text)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.lists(PIECES, max_size=3).map("".join))
def test_a_short_text_is_passed_quickly_only_where_nothing_could_be_found(text: str) -> None:
    assert redact(text[:SHORT]) == redact(text[:SHORT].ljust(SHORT + 1)).rstrip(" ") + " " * _blanks(text[:SHORT])


def _blanks(text: str) -> int:
    return len(text) - len(text.rstrip(" "))


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
