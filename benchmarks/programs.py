"""Programs that benchmarks start: `midwatch` in a folder of its own, and a server that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import yaml

from tests.conftest import free_port
from tests.workers.house import lamp

MIDWATCH = Path(sys.executable).with_name("midwatch")
TOKEN = "webhook-" + "benchmark"
API_TOKEN = "api-" + "benchmark"
RUNBOOK = """\
# Lamp

## Incidents

### Lamp is dark (P1)

**Symptoms**: the lamp is dark

**Diagnosis**:
```bash
# Is it lit?
curl -s http://localhost:8080/health
# Is there room on the disk?
df -h
```
"""


def wait_for(ready: Callable[[], bool], seconds: float = 60.0, every: float = 0.005) -> None:
    """Return when `ready` says so. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not come")
        time.sleep(every)


def cpu_of(argv: Sequence[str]) -> float:
    """CPU seconds that a program takes, its children's among them."""
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(argv))
    return usage.ru_utime + usage.ru_stime


def mebibytes(pid: int) -> float:
    """Resident memory of one process."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20


@contextmanager
def bare_server() -> Iterator[tuple[str, int]]:
    """uvicorn with an application that reads the body and says 202. Its address and process id."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "benchmarks._bare", str(port)])
    try:
        wait_for(lambda: _answers(f"http://127.0.0.1:{port}/"))
        yield f"http://127.0.0.1:{port}/", child.pid
    finally:
        child.terminate()
        child.wait()


@contextmanager
def midwatch_up() -> Iterator[tuple[str, str]]:
    """`midwatch up` with a lamp that stays dark: its address, and that of the lamp."""
    with tempfile.TemporaryDirectory(prefix="midwatch-bench-") as name:
        folder, port = Path(name), free_port()
        server = lamp(folder / "lit")
        target = f"http://127.0.0.1:{server.server_port}/health"
        command = [str(MIDWATCH), "up", "--port", str(port), "--practice-port", str(free_port())]
        environment = _furnished(folder, target.removesuffix("/health"))
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: _answers(f"http://127.0.0.1:{port}/readyz"))
            yield f"http://127.0.0.1:{port}", target
        finally:
            child.kill()
            child.wait()
            server.shutdown()
            server.server_close()


def _furnished(folder: Path, health: str) -> dict[str, str]:
    (folder / "runbooks").mkdir()
    (folder / "runbooks" / "lamp.md").write_text(RUNBOOK)
    system = {"services": ["lamp"], "http": {"localhost:8080": health}, "host": "local", "live": "read_only"}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"systems": {"lamp": system}}))
    return {
        "PATH": "/usr/bin:/bin",
        "MIDWATCH_RUNBOOKS": str(folder / "runbooks"),
        "MIDWATCH_INVENTORY": str(folder / "inventory.yml"),
        "MIDWATCH_WEBHOOK_TOKEN": TOKEN,
        "MIDWATCH_API_TOKEN": API_TOKEN,
        "MIDWATCH_LOG_LEVEL": "WARNING",
    }


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False
