"""The way to a Docker engine, and to the containers that a document means by a name.

Documents write `docker logs api` and mean the Compose service; they write `db`, which may also be the beginning of
somebody's container id. A name is a container's full name, or a long piece of its id, or a service of the project.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from workers.caps import one_line
from workers.steps._bounds import OutOfTime, Watch

SERVICE, PROJECT, ONE_OFF = (f"com.docker.compose.{name}" for name in ("service", "project", "oneoff"))
_LONG_ID = re.compile(r"[0-9a-f]{12,64}")


class Unreachable(Exception):
    """No engine answers there; the text says why."""


class NoSuchTarget(Exception):
    """The engine has no container or service of that name; the text says so."""


class Foreign(Exception):
    """A container of somebody else; the text says whose it is not."""


class Ambiguous(Exception):
    """The name stands for containers of several projects; the text says which."""


class Engine(docker.APIClient):
    """A client whose every read has a time-out, streams included."""

    def _disable_socket_timeout(self, socket: Any) -> None:
        """The library would let a stream wait for ever."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine describes it now."""

    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.facts["Id"])

    @property
    def name(self) -> str:
        return str(self.facts.get("Name", "")).lstrip("/")

    @property
    def labels(self) -> Mapping[str, str]:
        return (self.facts.get("Config") or {}).get("Labels") or {}

    @property
    def called(self) -> str:
        """What people call it: its service, else its name."""
        return self.labels.get(SERVICE) or self.name

    @property
    def state(self) -> Mapping[str, Any]:
        return self.facts.get("State") or {}

    @property
    def running(self) -> bool:
        return bool(self.state.get("Running")) and not self.state.get("Paused") and not self.state.get("Restarting")

    @property
    def image(self) -> str:
        return str((self.facts.get("Config") or {}).get("Image", ""))


def connect(host: str, watch: Watch) -> Engine:
    """A client for the engine at `host`. Raises Unreachable."""
    try:
        _knock(watch.secret(host), watch)
        client = Engine(base_url=watch.secret(host), timeout=max(round(watch.left()), 1), version="auto")
    except (DockerException, requests.RequestException, OSError, ValueError) as failure:
        raise no_answer(failure, host) from failure
    watch.on_giving_up(client.close)
    return client


def _knock(host: str, watch: Watch) -> None:
    """The library leaves its socket open when nobody is there, so that is found out first."""
    if host.startswith("unix://"):
        with closing(socket.socket(socket.AF_UNIX)) as line:
            line.settimeout(watch.left())
            line.connect("/" + host.removeprefix("unix://").lstrip("/"))


def no_answer(failure: BaseException, host: str) -> Exception:
    """What a failed conversation with the engine means: Unreachable, or that time is over."""
    chain = list(_causes(failure))
    if any(isinstance(cause, requests.Timeout | TimeoutError) for cause in chain) or "timed out" in str(failure):
        return OutOfTime()
    return Unreachable(f"cannot reach the Docker engine at {host}: {_why(chain, failure)}")


def _why(chain: Sequence[BaseException], failure: BaseException) -> str:
    for cause in chain:
        if isinstance(cause, FileNotFoundError):
            return "its socket is not there; is Docker running?"
        if isinstance(cause, ConnectionRefusedError):
            return "it refuses connections; is Docker running?"
        if isinstance(cause, PermissionError):
            return "this worker may not use its socket"
    return one_line(str(failure))


def _causes(failure: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[object] = [failure]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, *cause.args, getattr(cause, "reason", None)]


def told(error: APIError) -> str:
    """The engine's own words."""
    return one_line(str(error.explanation or error), 300)


def targets_of(client: Engine, args: Mapping[str, Any]) -> list[Container]:
    """The containers that a step speaks of. Raises NoSuchTarget, Ambiguous or Foreign; empty when it names none."""
    project = args.get("project") or None
    found = _meant(client, args, project)
    for container in found:
        _refuse_strangers(container, project, told=bool(args.get("told")))
    return found


def _meant(client: Engine, args: Mapping[str, Any], project: str | None) -> list[Container]:
    if args.get("container"):
        return named(client, str(args["container"]), project)
    wanted = [str(name) for name in args.get("services") or (args.get("service"),) if name]
    if not wanted and args.get("compose") and args.get("op") != "exec":
        return _whole_project(client, project)
    return [container for name in wanted for container in of_service(client, name, project)]


def _refuse_strangers(container: Container, project: str | None, *, told: bool) -> None:
    """Several systems share an engine: a container of another project is not ours, whoever names it.

    One of no project may be ours, but only the document can say so; a name that an alert told has to be the project's.
    """
    its = container.labels.get(PROJECT)
    if project is not None and its != project and (its or told):
        raise Foreign(f"refused: {container.name} does not belong to the project {project} of the inventory")


def _whole_project(client: Engine, project: str | None) -> list[Container]:
    """What `docker compose restart` without a name means."""
    if project is None:
        raise Ambiguous("the command means all services, and the inventory names no Compose project")
    rows = [row for row in of_project(client, project) if not _is_one_off(row)]
    found = [container for row in rows if (container := inspected(client, str(row["Id"]))) is not None]
    if not found:
        raise NoSuchTarget(f"the project {project} has no containers")
    return sorted(found, key=lambda container: container.name)


def named(client: Engine, name: str, project: str | None) -> list[Container]:
    """The container of this name or id; the service of this name if there is none."""
    found = _inspected(client, name)
    return [found] if found is not None else _by_label(client, name, project)


def of_service(client: Engine, name: str, project: str | None) -> list[Container]:
    """The containers of a Compose service; the container of this name if there is none."""
    try:
        return _by_label(client, name, project)
    except NoSuchTarget:
        found = _inspected(client, name)
        if found is None:
            raise
        return [found]


def of_project(client: Engine, project: str | None, *, everything: bool = True) -> list[Mapping[str, Any]]:
    """The engine's list of containers, of one project or all."""
    filters = {"label": [f"{PROJECT}={project}"]} if project else {}
    return list(client.containers(all=everything, filters=filters))


def inspected(client: Engine, id: str) -> Container | None:
    """A container by its full id; None when it is gone."""
    try:
        return Container(client.inspect_container(id))
    except NotFound:
        return None


def _inspected(client: Engine, name: str) -> Container | None:
    found = inspected(client, name)
    if found is None or (found.name != name.lstrip("/") and not _LONG_ID.fullmatch(name)):
        return None
    return found


def _by_label(client: Engine, service: str, project: str | None) -> list[Container]:
    labels = [f"{SERVICE}={service}", *([f"{PROJECT}={project}"] if project else [])]
    rows = [row for row in client.containers(all=True, filters={"label": labels}) if not _is_one_off(row)]
    projects = sorted({str((row.get("Labels") or {}).get(PROJECT, "")) for row in rows})
    if len(projects) > 1:
        raise Ambiguous(f"{service} is a service of {', '.join(projects)}; the inventory should name the project")
    found = [container for row in rows if (container := inspected(client, str(row["Id"]))) is not None]
    if not found:
        where = f" in the project {project}" if project else ""
        raise NoSuchTarget(f"there is no container or service {service}{where}")
    return sorted(found, key=lambda container: container.name)


def _is_one_off(row: Mapping[str, Any]) -> bool:
    return str((row.get("Labels") or {}).get(ONE_OFF, "")).lower() == "true"


def frames(client: Engine, exec_id: str, watch: Watch) -> Iterator[bytes]:
    """What an exec writes, piece by piece. Its connection is shut when the step is given up."""
    stream: Any = client.exec_start(exec_id, socket=True)
    line = getattr(stream, "_sock", stream)
    watch.on_giving_up(lambda: line.shutdown(2))
    try:
        while header := _exactly(line, 8, watch):
            size = int.from_bytes(header[4:8], "big")
            while size > 0:
                piece = _some(line, min(size, 65536), watch)
                if not piece:
                    return
                size -= len(piece)
                yield piece
    finally:
        # Neither closes the other: the library hands out the file, and keeps the socket below it open.
        stream.close()
        line.close()


def _exactly(line: Any, size: int, watch: Watch) -> bytes:
    got = b""
    while len(got) < size:
        piece = _some(line, size - len(got), watch)
        if not piece:
            return b""
        got += piece
    return got


def _some(line: Any, size: int, watch: Watch) -> bytes:
    line.settimeout(watch.left())
    try:
        return bytes(line.recv(size))
    except TimeoutError:
        raise OutOfTime from None
