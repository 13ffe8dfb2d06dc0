"""The names a document uses for its own things: services, containers, units, hosts, databases, addresses.

An alert says such a name in a label; when only one system's documents know it, the alert is that system's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runbooks.document import Command
from runbooks.reading.labels import slug

_COMPOSE = re.compile(
    r"\bdocker(?:-compose| compose)?\b[^|;&\n]*?\s(exec|run|restart|logs|up|ps|stop|start|stats|inspect|kill|rm|build)"
    r"\s([^|;&\n]*)"
)
_UNIT = re.compile(r"\bsystemctl\s+[a-z-]+\s+([\w@.-]+)|\bjournalctl\b[^|;&\n]*?\s-u\s*([\w@.-]+)")
_WORKLOAD = re.compile(
    r"\b(?:deployment|deploy|statefulset|sts|daemonset|svc|service|pod)s?[/ ]([a-z][\w.-]*)|\s-n[= ]([a-z][\w-]*)"
)
_ADDRESS = re.compile(r"https?://([^\s/\"'`<>$:]+)(:\d+(?![\w]))?|-connect\s+([\w.-]+)(:\d+)?")
_DATABASE = re.compile(r"\s(?:-d |--dbname[= ]|-U |--username[= ])\s*([a-z_][\w-]*)")
_FOLDER = re.compile(r"/(?:opt|srv|var/log|etc|home|var/lib)/([a-z][\w-]+)")
_WITH_VALUE = frozenset(
    ("-f", "--file", "--tail", "-n", "--since", "-u", "--user", "-w", "--workdir", "-e", "--env", "--scale", "-p")
)
_ONE_CONTAINER = ("exec", "run", "inspect")
_COMMON = frozenset(
    """bash sh true all app log logs nginx docker localhost psql redis-cli python python3 celery curl cat ls latest
    default run postgres root data system host network user grep table prune config exec restart http https www
    example.com github.com api.github.com get.docker.com download.docker.com postgresql ping stats status list get
    in unused healthy unhealthy resources environment letsencrypt redis""".split()  # noqa: SIM905  words read best as text
)


def names_of(commands: Iterable[Command], services: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """All names, in lower case. Common ones stay in: what makes a name telling is that no other document has it."""
    found = {name.lower() for command in commands for name in _in_command(command.text)}
    for service in services:
        found |= set(_of_service(str(service["name"]), service["port"]))
    return frozenset(name for name in found if len(name) > 1 and name not in _COMMON)


def _of_service(name: str, port: int | None) -> Iterator[str]:
    whole = slug(re.sub(r"\(.*?\)", "", name))
    yield whole
    yield re.sub(r"-(?:service|server|management)$", "", whole) if len(whole) > 12 else re.sub(r"-service$", "", whole)
    if port:
        yield f"localhost:{port}"


def _in_command(text: str) -> Iterator[str]:
    for found in _COMPOSE.finditer(text):
        names = list(_services_in(found[2].split()))
        yield from names[:1] if found[1] in _ONE_CONTAINER else names
    for pattern in (_UNIT, _WORKLOAD, _DATABASE, _FOLDER):
        for found in pattern.finditer(text):
            yield from (name for name in found.groups() if name)
    for found in _ADDRESS.finditer(text):
        host, port = (found[1], found[2]) if found[1] else (found[3], found[4])
        local = host in ("localhost", "127.0.0.1")
        yield from [f"{host}{port or ''}"] if local else [host, f"{host}{port or ''}"]


def _services_in(words: Sequence[str]) -> Iterator[str]:
    """The words that can be names, up to the first that cannot."""
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in _WITH_VALUE and not skip
        elif re.fullmatch(r"[a-z][\w.-]*", word):
            yield word
        else:
            return
