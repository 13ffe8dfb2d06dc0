"""Containers, through a Docker engine's own API.

args: {op, container|None, service|None, services[], compose, argv[], user|None, workdir|None, tail|None, since|None,
all, image|None, host, project, told}. Looking: ps, logs, inspect, stats, top, port, images, networks, network_inspect,
volumes, df, info, version, and exec of a command that only looks. Changing, with an approval only: restart, start,
stop, kill, pause, unpause, rm. `host` is the engine's address, `project` the Compose project whose services count;
with `told` it was an alert that named the container, and it has to be the project's own.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import requests
from docker.errors import APIError, DockerException

from workers.caps import Capped, one_line
from workers.process import meaning_of_exit
from workers.steps import Context, Finding, Level, Outcome, Result
from workers.steps._bounds import OutOfTime, Watch, bounded, bytes_of, could_not_run, failed, refused, table, words
from workers.steps._containers import (
    findings_of_state,
    findings_of_stats,
    memory_of,
    processor_of,
    state_of,
)
from workers.steps._engine import (
    SERVICE,
    Ambiguous,
    Container,
    Engine,
    Foreign,
    NoSuchTarget,
    Unreachable,
    connect,
    frames,
    inspected,
    no_answer,
    of_project,
    targets_of,
    told,
)
from workers.steps._logs import errors_of

TAIL = 200
MOST_TAIL = 5000
STOP_GRACE = 10
SETTLED = 1.0
"""Seconds that a container without a health check must run to count as up."""
LONGEST_SETTLING = 30.0
READ_ONLY_PSQL = "-c default_transaction_read_only=on -c statement_timeout={milliseconds}"

_NEVER_UNASKED = words(
    "rm mv dd mkfs kill pkill killall shutdown reboot halt truncate chmod chown tee dropdb createdb pg_restore"
)
"""Programs that no exec starts without an approval, whatever the classifier said."""


def run(args: Mapping[str, Any], context: Context) -> Outcome:
    """Find the containers that are meant, ask or change, and read their state."""
    op = str(args.get("op") or "")
    act, look = _CHANGES.get(op), _LOOKS.get(op)
    name = str(args.get("container") or args.get("service") or " ".join(args.get("services") or ()) or "docker")
    if act is None and look is None:
        return could_not_run(f"`docker {op}` has no form of its own here", name)
    if act is not None and not context.allow_writes:
        return refused(f"`docker {op} {name}`", name)
    if not args.get("host"):
        return could_not_run("the inventory names no Docker engine for this system", name)
    host = str(args["host"])
    subject = f"the Docker engine at {host}"
    return bounded(context, lambda watch: _work(act or _LOOKS[op], host, args, watch), subject=subject, name=name)


def _work(
    op: Callable[[Engine, Mapping[str, Any], Watch], Outcome], host: str, args: Mapping[str, Any], watch: Watch
) -> Outcome:
    try:
        client = connect(host, watch)
    except Unreachable as failure:
        return could_not_run(str(failure), "docker", Level.BAD)
    try:
        return op(client, args, watch)
    except NoSuchTarget as absent:
        return failed(str(absent), str(args.get("container") or args.get("service") or ""))
    except (Ambiguous, Foreign) as unclear:
        return could_not_run(str(unclear))
    except APIError as error:
        return _engine_said_no(error)
    except (DockerException, requests.RequestException, OSError) as failure:
        gone = no_answer(failure, host)
        if isinstance(gone, OutOfTime):
            raise gone from failure
        return could_not_run(str(gone), "docker", Level.BAD)
    finally:
        client.close()


def _engine_said_no(error: APIError) -> Outcome:
    why = f"the Docker engine answered: {told(error)}"
    return Outcome(Result.FAILED, why, findings=(Finding(Level.BAD, why, "docker"),))


def _now() -> datetime:
    return datetime.now(UTC)


def _well(summary: str, output: str, findings: Sequence[Finding] = (), truncated: bool = False) -> Outcome:
    bad = any(found.level is Level.BAD for found in findings)
    return Outcome(Result.FAILED if bad else Result.SUCCEEDED, summary, output, 0, tuple(findings), truncated)


# ---- looking


def _ps(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    """All containers count for the findings: what is missing from the list of the running is what matters."""
    wanted = {str(name) for name in (*(args.get("services") or ()), args.get("service")) if name}
    rows = [row for row in of_project(client, args.get("project")) if not wanted or _service_of(row) in wanted]
    containers = [found for row in rows if (found := inspected(client, str(row["Id"]))) is not None]
    findings = [
        finding
        for container in containers
        for finding in findings_of_state(container, _now(), wanted=_should_run(container))
    ]
    absent = wanted - {container.called for container in containers}
    findings += [Finding(Level.BAD, f"{name} has no container", name) for name in sorted(absent)]
    shown = [row for row in rows if args.get("all") or row.get("State") in ("running", "paused", "restarting")]
    up = sum(container.running for container in containers)
    return _well(f"{up} of {len(containers)} containers run", _list(shown), _worst_first(findings))


def _should_run(container: Container) -> bool:
    """A job that ended well and is not to be restarted has done its work."""
    policy = ((container.facts.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name")
    return policy in ("always", "unless-stopped")


def _service_of(row: Mapping[str, Any]) -> str:
    return str((row.get("Labels") or {}).get(SERVICE) or _name_of(row))


def _name_of(row: Mapping[str, Any]) -> str:
    return str((row.get("Names") or ["/"])[0]).lstrip("/")


def _list(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        (_name_of(row), _service_of(row), str(row.get("Image", "")), str(row.get("Status", "")), _ports_of(row))
        for row in sorted(rows, key=_name_of)
    ]
    return table(("NAME", "SERVICE", "IMAGE", "STATUS", "PORTS"), lines)


def _ports_of(row: Mapping[str, Any]) -> str:
    found = {
        (f"{port.get('IP', '')}:{port['PublicPort']}->" if port.get("PublicPort") else "")
        + f"{port.get('PrivatePort')}/{port.get('Type')}"
        for port in row.get("Ports") or ()
    }
    return ", ".join(sorted(found))


def _logs(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    containers = _some(client, args)
    tail = _tail(args.get("tail"))
    kept, findings, lines = Capped(watch.context.output_cap), list[Finding](), 0
    for container in containers:
        own = Capped(max(4 * watch.context.output_cap, 1024 * 1024))
        since = _since(args.get("since"))
        for piece in client.logs(container.id, stream=True, follow=False, tail=tail, since=since):
            watch.left()
            own.write(piece)
        text = own.text()
        lines += len(text.splitlines())
        if len(containers) > 1:
            kept.write(f"==> {container.name} <==\n".encode())
        kept.write(text.encode() + (b"" if text.endswith("\n") or not text else b"\n"))
        findings += [*findings_of_state(container, _now()), *errors_of(text, container.called)]
    name = containers[0].called
    summary = f"{name}: {state_of(containers[0], _now())}; {lines} log lines"
    return _well(summary, kept.text(), _worst_first(findings), kept.truncated)


def _tail(value: object) -> int:
    text = str(value or "")
    return min(int(text), MOST_TAIL) if text.isdigit() and int(text) > 0 else TAIL


def _since(value: object) -> datetime | int | None:
    """`10m`, `1h30m`, a time, or seconds since 1970."""
    text = str(value or "").strip()
    if not text:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|m|s|d)", text)
    if parts and re.fullmatch(r"(?:\d+(?:\.\d+)?[hmsd])+", text):
        units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
        return _now().replace(tzinfo=None) - timedelta(seconds=sum(float(count) * units[unit] for count, unit in parts))
    if text.isdigit():
        return int(text)
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return None
    return then.astimezone(UTC).replace(tzinfo=None) if then.tzinfo else then


def _inspect(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    if args.get("image"):
        facts = client.inspect_image(  # type: ignore[no-untyped-call] # the stubs leave it out
            str(args["image"])
        )
        return _well(f"image {args['image']}", _json(_without_values(facts)))
    containers = _some(client, args)
    findings = [finding for container in containers for finding in findings_of_state(container, _now())]
    output = _json([_without_values(container.facts) for container in containers])
    return _well(f"{containers[0].called}: {state_of(containers[0], _now())}", output, findings)


def _without_values(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a container or image, with the names of its environment but no value: passwords live there."""
    copy = dict(facts)
    for key in ("Config", "ContainerConfig"):
        if isinstance(copy.get(key), Mapping):
            names = [f"{str(entry).split('=', 1)[0]}=[hidden]" for entry in copy[key].get("Env") or ()]
            copy[key] = {**copy[key], "Env": names}
    return copy


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _stats(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    """One look. The engine takes two samples a second apart, so all containers are asked at the same time."""
    targets = targets_of(client, args) or [
        found
        for row in of_project(client, args.get("project"), everything=False)
        if (found := inspected(client, str(row["Id"]))) is not None
    ]
    running = [container for container in targets if container.running]
    findings = [f for container in targets if not container.running for f in findings_of_state(container, _now())]
    with ThreadPoolExecutor(max_workers=8) as pool:
        every = list(pool.map(lambda container: client.stats(container.id, stream=False), running))
    processors = int(client.info().get("NCPU") or 1)
    lines = []
    for container, stats in zip(running, every, strict=True):
        used, limit = memory_of(stats)
        share = f"{100 * used / limit:.1f} %" if limit else ""
        pids = str((stats.get("pids_stats") or {}).get("current", ""))
        cells = (f"{processor_of(stats):.1f} %", f"{bytes_of(used)} / {bytes_of(limit)}", share, pids)
        lines.append((container.name, *cells))
        findings += findings_of_stats(stats, container.called, processors)
    output = table(("NAME", "CPU", "MEMORY / LIMIT", "MEM", "PIDS"), lines)
    worst = _worst_first(findings)
    return _well(worst[0].text if worst else "no container runs", output, worst)


def _top(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    container = _running(client, args)
    facts = client.top(container.id)
    titles = tuple(str(title) for title in facts.get("Titles") or ())
    rows = [tuple(one_line(str(cell), 160) for cell in row) for row in facts.get("Processes") or ()]
    return _well(f"{len(rows)} processes in {container.called}", table(titles, rows))


def _port(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    container = _some(client, args)[0]
    bindings = ((container.facts.get("NetworkSettings") or {}).get("Ports") or {}).items()
    lines = [f"{port} -> {to['HostIp']}:{to['HostPort']}" for port, hosts in bindings for to in hosts or ()]
    return _well(f"{container.called}: {len(lines)} published ports", "\n".join(lines))


def _images(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    found = client.images()
    rows = [
        (tag, str(image["Id"]).removeprefix("sha256:")[:12], bytes_of(image.get("Size") or 0))
        for image in found
        for tag in image.get("RepoTags") or ["<none>"]
    ]
    return _well(f"{len(found)} images", table(("IMAGE", "ID", "SIZE"), sorted(rows)))


def _networks(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    rows = [(str(net["Name"]), str(net["Driver"]), str(net["Scope"])) for net in client.networks()]
    return _well(f"{len(rows)} networks", table(("NAME", "DRIVER", "SCOPE"), sorted(rows)))


def _network_inspect(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    name = str(args.get("container") or args.get("service") or next(iter(args.get("argv") or ()), ""))
    facts = client.inspect_network(name)
    members = [str(member.get("Name")) for member in (facts.get("Containers") or {}).values()]
    return _well(f"network {name}: {', '.join(sorted(members)) or 'no containers'}", _json(facts))


def _volumes(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    found = client.volumes().get("Volumes") or []
    rows = [(str(volume["Name"]), str(volume["Driver"])) for volume in found]
    return _well(f"{len(rows)} volumes", table(("NAME", "DRIVER"), sorted(rows)))


def _df(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    facts = client.df()
    images, containers, volumes = (facts.get(key) or [] for key in ("Images", "Containers", "Volumes"))
    sizes = {
        "Images": (len(images), float(facts.get("LayersSize") or 0)),
        "Containers": (len(containers), sum(float(entry.get("SizeRw") or 0) for entry in containers)),
        "Volumes": (len(volumes), sum(max(float((v.get("UsageData") or {}).get("Size") or 0), 0) for v in volumes)),
        "Build cache": (
            len(facts.get("BuildCache") or []),
            sum(float(entry.get("Size") or 0) for entry in facts.get("BuildCache") or ()),
        ),
    }
    rows = [(name, str(count), bytes_of(size)) for name, (count, size) in sizes.items()]
    total = bytes_of(sum(size for _, size in sizes.values()))
    return _well(f"Docker holds {total} on disk", table(("TYPE", "COUNT", "SIZE"), rows))


def _info(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    facts = client.info()
    keys: tuple[str, ...] = (
        "ServerVersion",
        "Containers",
        "ContainersRunning",
        "ContainersPaused",
        "ContainersStopped",
        "Images",
    )
    keys += ("Driver", "DockerRootDir", "OperatingSystem", "KernelVersion", "NCPU", "MemTotal")
    lines = [f"{key}: {facts.get(key)}" for key in keys]
    warnings = [Finding(Level.INFO, one_line(str(text)), "docker") for text in facts.get("Warnings") or ()][:3]
    text = f"Docker {facts.get('ServerVersion')} runs {facts.get('ContainersRunning')} containers"
    return _well(text, "\n".join(lines), [Finding(Level.OK, text, "docker"), *warnings])


def _version(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    facts = client.version()
    lines = [f"{key}: {facts.get(key)}" for key in ("Version", "ApiVersion", "Os", "Arch", "KernelVersion")]
    return _well(f"Docker {facts.get('Version')}", "\n".join(lines))


# ---- a command in a container


def _exec(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
    argv = [str(word) for word in args.get("argv") or ()]
    if not argv:
        return could_not_run("there is no command to run in the container")
    program = PurePosixPath(argv[0]).name
    if program in _NEVER_UNASKED and not watch.context.allow_writes:
        return refused(f"`{program}`", program)
    container = _running(client, args)
    made = client.exec_create(
        container.id,
        argv,
        user=str(args.get("user") or ""),
        workdir=args.get("workdir") or None,
        environment=_gentle(watch),
    )
    kept = Capped(watch.context.output_cap)
    try:
        for piece in frames(client, made["Id"], watch):
            kept.write(piece)
    except OutOfTime:
        return _exec_late(container, program, kept, watch)
    code = client.exec_inspect(made["Id"]).get("ExitCode")
    return _exec_outcome(container, argv, int(code) if code is not None else -1, kept)


def _gentle(watch: Watch) -> dict[str, str]:
    """A psql inside the container reads only, and not for ever, unless the step was approved."""
    if watch.context.allow_writes:
        return {}
    return {"PGOPTIONS": READ_ONLY_PSQL.format(milliseconds=max(int(watch.left() * 1000) - 200, 100))}


def _exec_outcome(container: Container, argv: Sequence[str], code: int, kept: Capped) -> Outcome:
    text, program = kept.text(), PurePosixPath(argv[0]).name
    meaning = _meaning(program, code, text)
    said = next((line for line in text.splitlines() if line.strip()), "")
    summary = f"`{program}` in {container.called} ended with exit code {code}" + (f" ({meaning})" if meaning else "")
    if code == 0:
        findings = [
            Finding(
                Level.OK,
                f"`{one_line(' '.join(argv), 80)}` in {container.called}: {one_line(said, 120) or 'done'}",
                container.called,
            )
        ]
    else:
        findings = [Finding(Level.BAD, summary + (f": {one_line(said, 160)}" if said else ""), container.called)]
    return Outcome(Result.FAILED if code else Result.SUCCEEDED, summary, text, code, tuple(findings), kept.truncated)


def _meaning(program: str, code: int, text: str) -> str:
    if code in (126, 127) and "executable file not found" in text:
        return f"there is no program {program} in the container"
    if program == "pg_isready":
        words = {0: "accepting connections", 1: "rejecting connections", 2: "no response", 3: "no attempt was made"}
        return words.get(code, "")
    if program == "psql" and code:
        return {1: "an error of its own", 2: "the connection failed", 3: "a statement failed"}.get(code, "")
    return meaning_of_exit(code)


def _exec_late(container: Container, program: str, kept: Capped, watch: Watch) -> Outcome:
    if watch.given_up:
        raise OutOfTime
    text = f"`{program}` in {container.called} did not end in time; it may still be running in the container"
    return Outcome(
        Result.TIMED_OUT, text, kept.text(), None, (Finding(Level.BAD, text, container.called),), kept.truncated
    )


# ---- changing


def _change(
    verb: str, act: Callable[[Engine, Container, int], object], *, up: bool | None
) -> Callable[[Engine, Mapping[str, Any], Watch], Outcome]:
    """An operation on all containers that are meant. `up` says whether they should run afterwards."""

    def operation(client: Engine, args: Mapping[str, Any], watch: Watch) -> Outcome:
        containers = _some(client, args)
        before = [state_of(container, _now()) for container in containers]
        grace = max(1, min(STOP_GRACE, int(watch.left() / (2 * len(containers)))))
        for container in containers:
            act(client, container, grace)
        after = [_settled(client, container, watch, up) for container in containers]
        return _changed(verb, containers, before, after, up)

    return operation


def _settled(client: Engine, container: Container, watch: Watch, up: bool | None) -> Container | None:
    """The container when it has come to rest: healthy, gone, or up for a moment."""
    began = time.monotonic()
    patience = min(LONGEST_SETTLING, watch.left() / 2)
    while True:
        now = inspected(client, container.id)
        waited = time.monotonic() - began
        if now is None or not up or waited > patience:
            return now
        health = str((now.state.get("Health") or {}).get("Status") or "")
        if health in ("healthy", "unhealthy") or (not health and waited >= SETTLED) or not now.state.get("Running"):
            return now
        time.sleep(0.1)


def _changed(
    verb: str,
    containers: Sequence[Container],
    before: Sequence[str],
    after: Sequence[Container | None],
    up: bool | None,
) -> Outcome:
    lines, findings = [], list[Finding]()
    for container, was, now in zip(containers, before, after, strict=True):
        is_now = "removed" if now is None else state_of(now, _now())
        lines.append(f"{container.called} ({container.name}): {was} -> {is_now}")
        if up and now is not None:
            findings += findings_of_state(now, _now())
        elif up is False and now is not None and now.state.get("Running"):
            findings.append(Finding(Level.BAD, f"{container.called} is still running", container.called))
        else:
            findings.append(Finding(Level.OK, f"{container.called} was {verb}", container.called))
    names = ", ".join(dict.fromkeys(container.called for container in containers))
    return _well(f"{names} {verb}: {lines[0].split(': ', 1)[1]}", "\n".join(lines), _worst_first(findings))


def _some(client: Engine, args: Mapping[str, Any]) -> list[Container]:
    found = targets_of(client, args)
    if not found:
        raise NoSuchTarget("the command names no container or service")
    return found


def _running(client: Engine, args: Mapping[str, Any]) -> Container:
    """The first running container that is meant. Raises NoSuchTarget, telling the state, when none is."""
    containers = _some(client, args)
    for container in containers:
        if container.running:
            return container
    raise NoSuchTarget(findings_of_state(containers[0], _now())[0].text)


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    order = [Level.BAD, Level.WARN, Level.INFO, Level.OK]
    return sorted(findings, key=lambda found: order.index(found.level))


_LOOKS: Mapping[str, Callable[[Engine, Mapping[str, Any], Watch], Outcome]] = {
    "ps": _ps,
    "logs": _logs,
    "inspect": _inspect,
    "stats": _stats,
    "top": _top,
    "port": _port,
    "images": _images,
    "networks": _networks,
    "network_inspect": _network_inspect,
    "volumes": _volumes,
    "df": _df,
    "info": _info,
    "version": _version,
    "exec": _exec,
}
_CHANGES: Mapping[str, Callable[[Engine, Mapping[str, Any], Watch], Outcome]] = {
    "restart": _change("restarted", lambda client, it, grace: client.restart(it.id, timeout=grace), up=True),
    "start": _change("started", lambda client, it, grace: client.start(it.id), up=True),
    "stop": _change("stopped", lambda client, it, grace: client.stop(it.id, timeout=grace), up=False),
    "kill": _change("killed", lambda client, it, grace: client.kill(it.id), up=None),
    "pause": _change("paused", lambda client, it, grace: client.pause(it.id), up=None),
    "unpause": _change("resumed", lambda client, it, grace: client.unpause(it.id), up=True),
    "rm": _change("removed", lambda client, it, grace: client.remove_container(it.id), up=None),
}
