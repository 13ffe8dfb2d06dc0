"""Debian's Prometheus and Alertmanager, started for a test: they watch a real target and post real alerts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.conftest import free_port, missing, wait_until


@dataclass(frozen=True, slots=True)
class Rule:
    """One alerting rule of Prometheus."""

    alert: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]


@contextmanager
def watching(folder: Path, target: str, job: str, rule: Rule, webhook: str, token: str) -> Iterator[str]:
    """Prometheus scrapes `target` once a second; Alertmanager posts what `rule` finds. Gives Prometheus's address."""
    alertmanager, prometheus = free_port(), free_port()
    posts = _alertmanager(folder, alertmanager, webhook, token)
    watches = _prometheus(folder, prometheus, alertmanager, target, job, rule)
    with (
        _running(posts, folder / "alertmanager.log", alertmanager),
        _running(watches, folder / "prometheus.log", prometheus),
    ):
        yield f"http://127.0.0.1:{prometheus}"


def firing(prometheus: str) -> list[str]:
    """Names of the alerts that Prometheus holds for firing."""
    alerts = httpx.get(f"{prometheus}/api/v1/alerts", timeout=5).json()["data"]["alerts"]
    return [alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"]


def is_up(prometheus: str, job: str) -> bool:
    """Whether Prometheus could scrape the job's target when it last tried."""
    query = httpx.get(f"{prometheus}/api/v1/query", params={"query": f'up{{job="{job}"}}'}, timeout=5).json()
    return [sample["value"][1] for sample in query["data"]["result"]] == ["1"]


def _alertmanager(folder: Path, port: int, webhook: str, token: str) -> list[str]:
    receiver = {"url": webhook, "send_resolved": True, "http_config": {"authorization": {"credentials": token}}}
    config = {
        "route": {"receiver": "midwatch", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"},
        "receivers": [{"name": "midwatch", "webhook_configs": [receiver]}],
    }
    return [
        _binary("prometheus-alertmanager"),
        f"--config.file={_written(folder / 'alertmanager.yml', config)}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]


def _prometheus(folder: Path, port: int, alertmanager: int, target: str, job: str, rule: Rule) -> list[str]:
    rules = {"alert": rule.alert, "expr": rule.expr, "for": "1s"}
    rules |= {"labels": rule.labels, "annotations": rule.annotations}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [_written(folder / "rules.yml", {"groups": [{"name": "users", "rules": [rules]}]})],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [target]}]}],
    }
    return [
        _binary("prometheus"),
        f"--config.file={_written(folder / 'prometheus.yml', config)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _binary(name: str) -> str:
    return shutil.which(name) or missing(name, f"apt-get install {name}")


def _written(path: Path, config: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(config))
    return str(path)


@contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            wait_until(lambda: _ready(port, process), f"{command[0]} is ready", 30)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _ready(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, f"{json.dumps(process.args)} ended with {process.returncode}"
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready", timeout=1).is_success
    except httpx.HTTPError:
        return False
