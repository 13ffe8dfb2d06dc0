"""A real Docker engine for the tests that need one: its own data, its own socket, no network of its own.

It is started once per session and ended by its process id; what it mounted is unmounted. Containers share the host's
network or have none, and are made from one image, `midwatch-test/busybox`, that comes from Debian's static busybox.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.conftest import missing, wait_until

IMAGE = "midwatch-test/busybox"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Project:
    """A Compose project of its own on the engine: containers labelled as Compose labels them."""

    url: str
    client: docker.APIClient
    name: str

    def run(self, service: str, *script: str, labels: Mapping[str, str] | None = None, **host: Any) -> str:
        """Start a container of `service` that runs a shell script; returns its name."""
        name = self.create(service, *script, labels=labels, **host)
        self.client.start(name)
        return name

    def create(self, service: str, *script: str, labels: Mapping[str, str] | None = None, **host: Any) -> str:
        """The same, not started. `host` are options of the host configuration, `health` and `env` ours."""
        health, env = host.pop("health", None), host.pop("env", None)
        name = host.pop("name", None) or f"{self.name}-{service}-{next(_numbers)}"
        config = self.client.create_host_config(**{"network_mode": "none", **host})
        own = {"com.docker.compose.project": self.name, "com.docker.compose.service": service}
        own |= {"com.docker.compose.oneoff": "False", "com.docker.compose.container-number": "1"}
        self.client.create_container(
            IMAGE,
            ["sh", "-c", "; ".join(script)],
            name=name,
            labels=dict(labels) if labels is not None else own,
            host_config=config,
            healthcheck=health,
            environment=env,
        )
        return name

    def state(self, name: str) -> dict[str, Any]:
        return dict(self.client.inspect_container(name)["State"])

    def wait_for(self, name: str, status: str) -> None:
        wait_until(lambda: self.state(name)["Status"] == status, f"{name} did not become {status}")

    def remove_all(self) -> None:
        for row in self.client.containers(all=True):
            if any(f"/{self.name}-" in name for name in row["Names"]) or self.name in row["Labels"].values():
                with contextlib.suppress(docker.errors.APIError):
                    self.client.remove_container(row["Id"], force=True)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """The address of a running engine that holds the image `midwatch-test/busybox`."""
    for program, package in (("dockerd", "docker.io"), ("busybox", "busybox-static")):
        if shutil.which(program) is None:
            missing(program, f"apt-get install {package}")
    if os.geteuid() != 0:
        missing("a Docker engine of our own", "it needs root")
    folder = Path(tempfile.mkdtemp(prefix="midwatch-docker-"))
    try:
        with _daemon(folder) as url:
            _import_image(url)
            yield url
    finally:
        _unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def project(docker_engine: str) -> Iterator[Project]:
    """A Compose project without containers; what the test puts in is removed."""
    client = docker.APIClient(base_url=docker_engine, version="auto")
    made = Project(docker_engine, client, f"p{next(_numbers)}")
    try:
        yield made
    finally:
        made.remove_all()
        client.close()


@contextlib.contextmanager
def _daemon(folder: Path) -> Iterator[str]:
    socket, log = folder / "docker.sock", folder / "log"
    command: Sequence[str] = [
        "dockerd",
        *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--host", f"unix://{socket}", "--pidfile", str(folder / "pid"), "--config-file", str(folder / "none.json")),
        *("--iptables=false", "--ip6tables=false", "--bridge=none", "--log-level=warn"),
    ]
    (folder / "none.json").write_text("{}")
    with log.open("wb") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(daemon, socket, log), "dockerd did not answer", seconds=60)
        yield f"unix://{socket}"
    finally:
        _end(daemon, folder)


def _answers(daemon: subprocess.Popen[bytes], socket: Path, log: Path) -> bool:
    if daemon.poll() is not None:
        # Without the rights or the kernel for it, a machine has no engine; that is a want and no failure.
        missing("a Docker engine that runs here", log.read_text(errors="replace")[-300:])
    if not socket.exists():
        return False
    with contextlib.suppress(docker.errors.DockerException, OSError):
        client = docker.APIClient(base_url=f"unix://{socket}", version="auto", timeout=5)
        try:
            return bool(client.ping())
        finally:
            client.close()
    return False


def _end(daemon: subprocess.Popen[bytes], folder: Path) -> None:
    """TERM stops the containers and the containerd that belongs to this daemon."""
    containerd = folder / "exec" / "containerd" / "containerd.pid"
    child = int(containerd.read_text()) if containerd.exists() else None
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(timeout=30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
    if child is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _import_image(url: str) -> None:
    client = docker.APIClient(base_url=url, version="auto", timeout=60)
    try:
        client.import_image_from_data(_root_file_system(), repository=IMAGE)
    finally:
        client.close()


def _root_file_system() -> bytes:
    busybox = shutil.which("busybox")
    assert busybox is not None
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for folder in ("bin", "tmp", "etc", "proc", "sys", "dev", "var", "root"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        archive.add(busybox, "bin/busybox")
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return packed.getvalue()


def _unmount_below(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((mount for mount in mounts if mount.startswith(str(folder))), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
