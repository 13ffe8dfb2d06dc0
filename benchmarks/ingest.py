"""Alerts a second that are in the database before their senders hear of it, beside a server that does nothing."""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.figures import Figure, percentile
from benchmarks.programs import TOKEN, bare_server, midwatch_up

SENDERS, POSTS, FINGERPRINTS, RUNS = 8, 3000, 50, 3
SHARE = 25


def measure() -> Iterator[Figure]:
    with bare_server() as (bare_url, _), midwatch_up() as (url, _):
        hooks = f"{url}/webhooks/alertmanager"
        _load(hooks, 200)
        rounds = [(_load(bare_url, POSTS), _load(hooks, POSTS)) for _ in range(RUNS)]
    floor = statistics.median(bare["rate"] for bare, _ in rounds)
    value = statistics.median(ours["rate"] for _, ours in rounds)
    goal = f"at least {SHARE} % of the floor"
    met = value >= floor * SHARE / 100
    yield Figure(f"durable ingest, {SENDERS} senders", value, "alerts/s", floor, "bare ASGI", goal, met)
    p99 = statistics.median(ours["p99"] for _, ours in rounds)
    bare_p99 = statistics.median(bare["p99"] for bare, _ in rounds)
    yield Figure("the same, p99 of an answer", p99, "ms", bare_p99, "bare ASGI", "at most 10x", p99 <= 10 * bare_p99)


def _load(url: str, posts: int) -> dict[str, float]:
    """Load the server from a process of its own, so that the sender takes no time from this one."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.ingest", url, str(posts)], capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Sender:
    """One connection that posts, waits for the whole answer, and posts again."""

    def __init__(self, url: str, number: int) -> None:
        at = urlsplit(url)
        self.head = f"POST {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {TOKEN}\r\n"
        self.socket = socket.create_connection((at.hostname, at.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self.begun, self.answer = number, 0.0, b""

    def post(self, index: int) -> None:
        body = _body(index % FINGERPRINTS)
        self.answer, self.begun = b"", time.perf_counter()
        head = f"{self.head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def is_answered(self) -> bool:
        """Read on; whether that was all of it. Raises ValueError for a refusal."""
        self.answer += self.socket.recv(65536)
        head, separator, body = self.answer.partition(b"\r\n\r\n")
        if not separator:
            return False
        if not head.startswith(b"HTTP/1.1 20"):
            raise ValueError(self.answer.decode("utf-8", "replace")[:500])
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return len(body) >= int(length.split(b":")[1])


def send(url: str, posts: int) -> dict[str, float]:
    """A closed loop of senders; alerts a second, and milliseconds that 99 % of the answers stay under."""
    taken: list[float] = []
    selector, sent = selectors.DefaultSelector(), 0
    begun = time.perf_counter()
    for number in range(SENDERS):
        sender = Sender(url, number)
        selector.register(sender.socket, selectors.EVENT_READ, sender)
        sender.post(sent)
        sent += 1
    while len(taken) < posts:
        for key, _ in selector.select():
            if key.data.is_answered():
                taken.append((time.perf_counter() - key.data.begun) * 1000)
                key.data.post(sent)
                sent += 1
    return {"rate": len(taken) / (time.perf_counter() - begun), "p99": percentile(taken, 99)}


def _body(fingerprint: int) -> bytes:
    """A notification as Alertmanager sends it, of the usual size."""
    labels = {"alertname": f"HighErrorRate{fingerprint}", "service": f"api-{fingerprint}", "severity": "warning"}
    labels |= {
        "instance": f"api-{fingerprint}.prod.example:9100",
        "job": "api",
        "namespace": "prod",
        "team": "platform",
    }
    annotations = {"summary": "More than 5 % of the requests fail", "description": "for 10 minutes. " * 20}
    alert = {
        "status": "firing", "labels": labels, "annotations": annotations, "startsAt": "2026-11-09T03:12:44.215Z",
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example:9090/graph",
        "fingerprint": f"{fingerprint:016x}",
    }  # fmt: skip
    whole = {
        "version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "midwatch",
        "groupLabels": {}, "commonLabels": labels, "commonAnnotations": annotations, "externalURL": "",
        "alerts": [alert],
    }  # fmt: skip
    return json.dumps(whole).encode()


if __name__ == "__main__":
    print(json.dumps(send(sys.argv[1], int(sys.argv[2]))))
