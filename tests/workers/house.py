"""A small house for the engine's tests: a real database, a real runbook in a folder, real steps on this machine."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from incidents import acts, approvals, timeline
from incidents.alert import Alert, AlertStatus
from incidents.intake import receive
from incidents.inventory import Inventory, System
from incidents.models import Approval, Incident, Run, Step, TimelineEvent
from incidents.settings import Settings
from incidents.store import Store
from runbooks.shelf import Shelf
from workers import inflight
from workers.engine import Engine
from workers.inflight import Claim

RUNBOOK = """\
# Lamp

## Incidents

### Lamp is dark

**Symptoms**: lamp is dark, no light

**Diagnosis**:
```bash
# Is it lit?
curl -s http://localhost:8080/health
# What does its log say?
tail -n 5 lamp.log
```

**Solution**:
```bash
# Light it
./light.sh
# Replace it
./replace.sh
```
"""
ALERT = Alert(
    "alertmanager", AlertStatus.FIRING, "lamp-1", "LampIsDark", "lamp", "lamp", labels={"severity": "critical"}
)


@dataclass
class Hints:
    """Hints that are kept until `House.play` follows them."""

    triages: deque[int] = field(default_factory=deque)
    steps: deque[int] = field(default_factory=deque)

    def triage(self, incident_id: int) -> None:
        self.triages.append(incident_id)

    def run_step(self, step_id: int, queue: str) -> None:
        self.steps.append(step_id)


class House:
    """A lamp that is dark, its runbook, and an engine that can mend it. `mend` is the script behind the fix."""

    def __init__(self, store: Store, folder: Path, now: datetime, *, live: bool = True, runbook: str = RUNBOOK) -> None:
        self.store, self.folder, self.now = store, folder, now
        (folder / "runbooks").mkdir()
        self.document = folder / "runbooks" / "lamp.md"
        self.document.write_text(runbook)
        self.work = folder / "lamp"
        self.work.mkdir()
        (self.work / "lamp.log").write_text("filament ok\n")
        self.lamp = lamp(self.work / "lit.txt")
        self.script("light.sh", "echo once >> runs.txt\necho yes > lit.txt")
        self.script("replace.sh", "echo replaced >> runs.txt")
        system = System(
            name="lamp",
            services=("lamp",),
            host="local",
            workdir=str(self.work),
            approvers=("U0ALICE",),
            live="read_only" if live else "none",
            http={"localhost:8080": f"http://127.0.0.1:{self.lamp.server_port}"},
        )
        self.inventory = Inventory(systems={"lamp": system})
        self.settings = Settings(home=folder / "home", check_timeout=10, fix_timeout=10)
        self.hints = Hints()
        self.engine = self.another_engine()

    def close(self) -> None:
        self.lamp.shutdown()
        self.lamp.server_close()

    def another_engine(self) -> Engine:
        shelf = Shelf.load(self.document.parent, self.inventory, library=False)
        return Engine(self.store, self.settings, self.inventory, shelf, self.hints, lambda: self.now)

    def script(self, name: str, body: str) -> None:
        path = self.work / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    # ---- what happens

    def alert(self, alert: Alert = ALERT) -> int:
        """An alert comes in; its incident's id."""
        receipt = self.store.write(lambda s: receive(s, [alert], self.inventory, self.now))
        found = [*receipt.opened, *receipt.reopened, *receipt.attached, *receipt.resolved]
        for incident_id in [*receipt.opened, *receipt.reopened]:
            self.hints.triage(incident_id)
        return found[0]

    def play(self) -> None:
        """Follow every hint until none is left."""
        while self.hints.triages or self.hints.steps:
            if self.hints.triages:
                self.engine.triage(self.hints.triages.popleft())
            else:
                self.engine.run_step(self.hints.steps.popleft())

    def claim(self, step_id: int, owner: str | None = None) -> Claim | None:
        """Take a step and do nothing with it; without an `owner`, as this process."""
        means, who = self.engine.means, owner or self.engine.owner
        return self.store.write(lambda s: inflight.claim(means, s, step_id, who, threading.Event()))

    def decide(self, yes: bool = True, who: str = "U0ALICE") -> str:
        with self.store.read() as session:
            waiting = session.scalars(select(Approval).where(col(Approval.decision) == "pending")).one()
        assert waiting.id is not None
        answer = self.store.write(
            lambda s: approvals.decide(s, waiting.id or 0, waiting.digest, yes, who, (), self.now)
        )
        self.engine.advance(self.run().id or 0)
        return answer.outcome

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # ---- what is seen

    def incident(self, incident_id: int) -> Incident:
        with self.store.read() as session:
            return acts.incident_of(session, incident_id)

    def run(self) -> Run:
        """The newest run."""
        with self.store.read() as session:
            return session.scalars(select(Run).order_by(col(Run.id).desc())).first() or Run()

    def steps(self) -> dict[str, str]:
        """Title and state of every step of the first round, in order."""
        return {step.title: step.state for step in self.rows() if step.round == 1}

    def rows(self) -> list[Step]:
        with self.store.read() as session:
            return list(session.scalars(select(Step).order_by(col(Step.id))))

    def row(self, title: str) -> Step:
        return next(step for step in reversed(self.rows()) if step.title == title)

    def events(self, incident_id: int) -> list[TimelineEvent]:
        with self.store.read() as session:
            return timeline.events_of(session, incident_id)

    def told(self, incident_id: int) -> str:
        return "\n".join(event.text for event in self.events(incident_id))

    def times_run(self) -> int:
        """How often a script that changes something was really started."""
        kept = self.work / "runs.txt"
        return len(kept.read_text().splitlines()) if kept.exists() else 0


def lamp(lit: Path) -> ThreadingHTTPServer:
    """A lamp that answers 200 while its file is there, and 503 while it is not."""

    class Lamp(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if lit.exists() else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Lamp)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def together(*works: object) -> None:
    """Call all of them at once and return when the last is done."""
    gate = threading.Barrier(len(works))

    def go(work: object) -> None:
        gate.wait()
        work()  # type: ignore[operator]

    threads = [threading.Thread(target=go, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
