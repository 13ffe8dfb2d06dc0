"""The words of operations: what alerts and runbooks say of the same thing in different ways.

A text is read into subjects (what is concerned), conditions (what is wrong with it), and the words that are left. This
is knowledge about the trade, like the families of tools are; no document's or system's name stands in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from runbooks.reading.labels import split_words

TEXT_LIMIT = 4000

_PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # concepts, and the phrases that mean them; an earlier phrase uses its words up
    (
        "pool full",
        (
            r"too many (?:open )?connections",
            r"(?:remaining )?connection slots?(?: \w+)*",
            r"max[_ ]connections?",
            r"connection limit",
        ),
    ),
    (
        "pool",
        (
            r"connection pool",
            r"pool size",
            r"pool(?:ed)? connections?",
        ),
    ),
    (
        "memory oom",
        (
            r"out of memory",
            r"oom[- ]?(?:kill\w*)?",
            r"exit(?:ed)?(?: with)?(?: code)? 137",
        ),
    ),
    (
        "disk full",
        (
            r"no space left(?: on device)?",
            r"out of (?:disk )?space",
            r"(?:free|available) (?:disk )?space",
            r"space (?:left|free)",
        ),
    ),
    (
        "disk",
        (
            r"disk (?:space )?(?:usage|use|utili[sz]ation)",
            r"file ?system(?: space)?",
            r"inodes?",
        ),
    ),
    (
        "nostart",
        (
            r"(?:won'?t|not|doesn'?t|can ?not|can'?t|fail(?:s|ed|ing)? to|unable to"
            r"|does not|did not) (?:re)?start(?:ing|ed)?",
        ),
    ),
    (
        "nostart",
        (
            r"crash ?loop\w*",
            r"restart(?:s|ing|ed)? (?:loop|repeatedly|too often|constantly)",
            r"(?:keeps|is) restarting",
            r"exit(?:s|ed|ing)?(?: immediately)?",
        ),
    ),
    (
        "nostart",
        (
            r"failed state",
            r"start[- ]?up fail\w*",
            r"failed to (?:boot|launch)",
            r"unit (?:has )?failed",
        ),
    ),
    (
        "health down",
        (
            r"(?:health|liveness|readiness)[- ]?(?:check|probe)s?(?: (?:is |are |has |have )?(?:fail\w*|red))?",
            r"health endpoint",
        ),
    ),
    (
        "down",
        (
            r"probes? (?:of \S+ )?(?:has |have |is )?fail\w*",
            r"failed probes?",
        ),
    ),
    (
        "down",
        (
            r"not (?:responding|reachable|available|answering|ready|running|healthy)",
            r"no (?:response|answer)",
            r"does(?: not|n'?t) (?:respond|answer)",
        ),
    ),
    ("down", (r"(?:can ?not|can'?t|could not|couldn'?t|unable to|fail\w* to) (?:be )?(?:reach\w*|access\w*)",)),
    (
        "connect",
        (
            r"(?:can ?not|can'?t|could not|couldn'?t|unable to|fail\w* to) connect\w*",
            r"connect\w* (?:refused|fail\w*|errors?|lost|reset)",
        ),
    ),
    (
        "connect",
        (
            r"cannot assign",
            r"password authentication failed",
            r"access denied for user",
            r"does not exist",
        ),
    ),
    (
        "timeout",
        (
            r"time[ds]?[- ]?outs?",
            r"deadline exceeded",
            r"taking too long",
        ),
    ),
    (
        "latency slow",
        (
            r"(?:response|request|reply|query|page load)[- ]?(?:times?|duration|latenc\w+)",
            r"latenc(?:y|ies)",
            r"p9\d",
            r"apdex",
            r"sluggish",
        ),
    ),
    ("latency slow", (r"(?:slow|long|high|delayed) (?:http )?(?:responses?|requests?|replies|page loads?)",)),
    (
        "slow",
        (
            r"slow(?:ly|ness|er|down)?",
            r"degraded performance",
            r"performance degradation",
        ),
    ),
    (
        "full",
        (
            r"lack of(?: available| free)?",
            r"(?:very )?little",
            r"not enough",
            r"short of",
            r"scarce",
        ),
    ),
    (
        "ratelimit",
        (
            r"rate[- ]?limit\w*",
            r"quota",
            r"429s?",
        ),
    ),
    (
        "errors",
        (
            r"(?:http )?5xx",
            r"50[0-4]s?",
            r"internal server errors?",
            r"bad gateway",
            r"error rate",
            r"errors? ratio",
            r"failure rate",
        ),
    ),
    (
        "notfound",
        (
            r"40[134]s?",
            r"4xx",
            r"not found",
        ),
    ),
    (
        "cpu high",
        (
            r"load average",
            r"system load",
            r"high load",
            r"cpu load",
        ),
    ),
    (
        "",
        (
            r"status page",
            r"runbook",
            r"playbook",
        ),
    ),
    (
        "security breach",
        (
            r"(?:data|security) breach\w*",
            r"unauthori[sz]ed access",
            r"intrusion\w*",
            r"suspicious (?:login|activity|traffic)\w*",
            r"exfiltrat\w*",
            r"compromis\w*",
            r"malware",
            r"ransomware",
        ),
    ),
    (
        "data loss",
        (
            r"data loss",
            r"lost data",
            r"(?:table|data|rows|records) (?:dropped|deleted|missing|gone|lost|vanished|disappeared)",
            r"accidental(?:ly)? delet\w*",
        ),
    ),
    (
        "everything",
        (
            r"whole (?:site|system|platform)",
            r"entire (?:site|system|platform|stack)",
            r"all (?:services|containers|hosts|targets|nodes|of it)",
            r"every(?:thing| service)",
            r"complete(?:ly)? (?:system |site )?",
            r"full outage",
            r"total outage",
        ),
    ),
    (
        "security breach",
        (
            r"brute[- ]?force",
            r"ddos",
            r"denial of service",
        ),
    ),
    ("memory leak", (r"memory leak\w*",)),
    (
        "leak",
        (
            r"(?:steadily|gradual\w*|continu\w+|keeps?"
            r"|slowly) (?:memory )?(?:grow\w*|increas\w*|climb\w*|ris\w*)",
            r"unbounded growth",
        ),
    ),
    (
        "expiry",
        (
            r"days? (?:left|remaining|until)",
            r"about to expire",
            r"not ?after",
        ),
    ),
    ("files notfound", (r"file not found",)),
    (
        "files",
        (
            r"(?:file|object|blob) (?:storage|store|uploads?|downloads?)",
            r"uploads?",
            r"downloads?",
            r"attachments?",
            r"s3",
            r"minio",
            r"buckets?",
        ),
    ),
    ("apikey", (r"api[- ]?keys?",)),
    (
        "auth",
        (
            r"sign[- ]?ins?",
            r"log[- ]?ins?",
            r"log(?:ging|ged)? in",
            r"logged out",
            r"single sign[- ]?on",
            r"sso",
            r"oauth\w*",
        ),
    ),
    (
        "frontend",
        (
            r"blank page",
            r"white screen",
            r"web (?:page|app|ui)",
            r"web ?site",
            r"static (?:files|assets)",
            r"single[- ]page",
        ),
    ),
    ("frontend cors", (r"cors",)),
    (
        "docker",
        (
            r"docker (?:daemon|engine|socket)",
            r"docker\.sock",
        ),
    ),
    ("vectorstore", (r"vector (?:store|db)",)),
    (
        "communication",
        (
            r"service (?:to service|communication|connectivity|mesh)",
            r"inter[- ]?service",
            r"between services",
            r"upstream\w*",
        ),
    ),
)

_SUBJECTS = {
    "database": (
        "db databases database postgres postgresql psql pg pgsql mysql mariadb sqlite rds sql mongo "
        "mongodb aurora psycopg psycopg2 asyncpg sqlalchemy operationalerror pgbouncer jdbc"
    ),
    "cache": "redis memcached cache caching caches valkey keydb",
    "queue": "celery queue queues rabbitmq kafka broker sidekiq backlog consumer consumers amqp",
    "api": "api apis backend endpoint endpoints http https requests request rest gateway",
    "service": (
        "service services application app apps server servers worker workers process system unit "
        "instance target host node job"
    ),
    "frontend": "frontend ui browser page pages spa web nextjs react",
    "auth": (
        "auth authentication authorization authenticate jwt token tokens mfa 2fa session sessions credentials password"
    ),
    "files": "upload download storage file files",
    "disk": "disk disks volume volumes partition mountpoint storage_space hdd ssd",
    "memory": "memory mem ram rss heap swap",
    "cpu": "cpu cpus processor processors cores",
    "network": "network networking packet packets dns connectivity",
    "certificate": "cert certs certificate certificates ssl tls x509 letsencrypt certbot",
    "container": "container containers pod pods docker",
    "lab": "lab labs",
    "llm": "llm ollama inference llama model models",
    "gpu": "gpu nvidia cuda vram",
    "ai": "ai openai anthropic claude gpt embedding embeddings genai",
    "backup": "backup backups dump snapshot snapshots pg_dump restore",
    "query": "query queries statement statements",
    "replication": "replication replica replicas standby wal",
    "monitoring": "prometheus grafana alertmanager exporter scrape watchdog loki",
    "mail": "mail email smtp mailer",
    "deploy": "deploy deployment deployments rollout release migration migrations",
    "security": "security attack attacker vulnerability fail2ban",
    "search": "elasticsearch opensearch solr",
    "time": "ntp clock skew chrony",
    "cron": "cron cronjob scheduler beat",
    "payment": "payment payments checkout billing stripe",
}
_CONDITIONS = {
    "down": (
        "down unavailable unavailability unreachable outage offline dead absent stopped unresponsive "
        "unhealthy failure missing"
    ),
    "errors": "error errors exception exceptions failing failed fail fails failures",
    "issue": "issue issues problem problems trouble incident",
    "slow": "slow slowness",
    "high": (
        "high usage utilization utilisation above exceeds exceeded over pressure saturation saturated "
        "spike spikes excessive hot increased increase elevated hog"
    ),
    "full": "full exhausted exhaustion filling depleted low insufficient",
    "leak": "leak leaks leaking growth growing grows gradual gradually",
    "expiry": "expiry expire expires expired expiring expiration renewal",
    "nostart": "crash crashes crashed crashing start starting startup restarting",
    "connect": "refused connection connections connect econnrefused econnreset",
    "timeout": "timeout timeouts",
    "corrupt": "corrupt corruption corrupted integrity malformed",
    "loss": "loss lost",
    "locked": "locked lock locks deadlock deadlocks",
}
_NOISE_WORDS = """
    a an and the of for in on at to from by with without is are was were be been has have had it its this
    that these those than then more most less least not no or as into out up off per since last within after
    before during while when where alert alerts alarm triggered firing critical warning warn info severity
    sev p1 p2 p3 p4 p5 prod production staging dev environment env cluster region zone team monitor monitors
    check checks checking status state value current currently threshold limit percent rate ratio count
    number total average avg min max minute minutes m h s ms sec seconds hour hours day days now very please
    see us our my your their some any all new old via using use used eu west east north south central local
    localhost com org net io example internal http https www detected detection observed reported seen
    happening happens occurs returning returns return getting got being main primary live real user users
    customer customers people students teachers cannot can could will would may might lots lot many few
    several multiple times time again still already just only also there here metric metrics test tests
    testing dashboard graph panel log logs line lines message messages
"""
_NOISE = frozenset(_NOISE_WORDS.split())

_DECIDING = (
    "backup certificate replication monitoring mail deploy queue cache search time cron payment gpu security lab"
)
DECISIVE = frozenset(_DECIDING.split())
"""Subjects that decide: an alert about a backup is not answered by a procedure that only speaks of its database."""

GENERIC = frozenset({"service", "api", "network", "container", "everything", "health", "latency", "data"})
"""Subjects that most alerts mention in passing."""

_RELATED: dict[frozenset[str], float] = {
    frozenset(pair): value
    for pair, value in {
        ("down", "errors"): 0.7,
        ("down", "timeout"): 0.6,
        ("down", "nostart"): 0.6,
        ("down", "connect"): 0.6,
        ("errors", "timeout"): 0.5,
        ("errors", "connect"): 0.6,
        ("errors", "nostart"): 0.4,
        ("errors", "notfound"): 0.6,
        ("errors", "ratelimit"): 0.6,
        ("connect", "full"): 0.3,
        ("connect", "timeout"): 0.6,
        ("connect", "nostart"): 0.3,
        ("slow", "timeout"): 0.6,
        ("slow", "high"): 0.4,
        ("high", "full"): 0.7,
        ("high", "leak"): 0.5,
        ("high", "oom"): 0.6,
        ("full", "oom"): 0.5,
        ("leak", "oom"): 0.7,
        ("leak", "full"): 0.3,
        ("corrupt", "errors"): 0.5,
        ("corrupt", "loss"): 0.5,
        ("locked", "errors"): 0.5,
        ("expiry", "errors"): 0.2,
    }.items()
}
_ANY_CONDITION = 0.6

_SUBJECT_OF = {word: subject for subject, words in _SUBJECTS.items() for word in words.split()}
_CONDITION_OF = {word: condition for condition, words in _CONDITIONS.items() for word in words.split()}
_NAMES = re.compile(
    r"PostgreSQL|MySQL|MariaDB|SQLite|RabbitMQ|OpenAI|GraphQL|NoSQL|MongoDB|ElasticSearch|OAuth|WebSocket|iSCSI"
)
CONDITIONS = frozenset(_CONDITIONS) | {"oom", "ratelimit", "notfound", "cors", "breach", "health"}
_COMPILED = tuple(
    (re.compile(rf"(?<![a-z0-9])(?:{'|'.join(phrases)})(?![a-z0-9])"), f" {' '.join(f'~{c}' for c in into.split())} ")
    for into, phrases in _PHRASES
)
_WORD = re.compile(r"~[a-z]+|[a-z][a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Said:
    """A text as concepts: subjects, conditions, and the words that are neither."""

    subjects: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def __or__(self, other: Said) -> Said:
        return Said(self.subjects | other.subjects, self.conditions | other.conditions, self.words | other.words)

    def without(self, words: frozenset[str]) -> Said:
        return Said(self.subjects, self.conditions, self.words - words)

    @property
    def all(self) -> frozenset[str]:
        return self.subjects | self.conditions | self.words

    def __bool__(self) -> bool:
        return bool(self.subjects or self.conditions or self.words)


@lru_cache(maxsize=8192)
def said(text: str) -> Said:
    """The concepts of a text. Bounded: what an alert says at great length says it at its beginning too."""
    text = _NAMES.sub(lambda name: f" {name[0].lower()} ", text[:TEXT_LIMIT])
    text = split_words(text).lower().replace("’", "'")
    text = re.sub(r"\d+(?:\.\d+)?\s*(?:%|percent\b)", " ~high ", text)
    for pattern, into in _COMPILED:
        text = pattern.sub(into, text)
    subjects, conditions, words = set[str](), set[str](), set[str]()
    for word in _WORD.findall(text):
        concept = word[1:] if word.startswith("~") else _SUBJECT_OF.get(word) or _CONDITION_OF.get(word)
        if concept is None:
            if word not in _NOISE and len(word) > 2:
                words.add(stem(word))
        elif concept in CONDITIONS:
            conditions.add(concept)
        else:
            subjects.add(concept)
    return Said(frozenset(subjects), frozenset(conditions), frozenset(words))


def stem(word: str) -> str:
    """ "processes" and "processing" are "process"."""
    for ending in ("ingly", "edly", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


_ALIKE = {
    frozenset(pair): value
    for pair, value in {
        ("service", "container"): 0.9,
        ("service", "api"): 0.6,
        ("service", "everything"): 0.5,
        ("database", "pool"): 0.6,
        ("database", "query"): 0.6,
        ("docker", "container"): 0.6,
        ("apikey", "auth"): 0.4,
        ("apikey", "ai"): 0.6,
        ("llm", "ai"): 0.5,
        ("llm", "gpu"): 0.5,
        ("frontend", "api"): 0.2,
    }.items()
}


def kinship(one: str, other: str) -> float:
    """How near two subjects are: an application is a service is a container, more or less."""
    return 1.0 if one == other else _ALIKE.get(frozenset((one, other)), 0.0)


def likeness(one: str, other: str) -> float:
    """How near two conditions are: 1 for the same, 0 for unrelated ones."""
    if one == other:
        return 1.0
    if "issue" in (one, other):
        return _ANY_CONDITION
    return _RELATED.get(frozenset((one, other)), 0.0)
