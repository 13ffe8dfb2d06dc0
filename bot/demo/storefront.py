"""The demo's little system: a shop front with a `/health`, and the script that starts and stops it.

It is copied into the demo's folder as `storefront` and knows nothing of Midwatch; only the standard library is used.

    ./storefront start | stop | status | serve

`serve` stays in the foreground. `start` leaves the service running in a session of its own and returns once it
answers. The port is read from `storefront.json` beside the script.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
PID = HERE / "storefront.pid"
LOG = HERE / "storefront.log"


class Shop(BaseHTTPRequestHandler):
    """Answers `/health` with its state and everything else with a page."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer("application/json", json.dumps({"status": "ok", "pid": os.getpid()}))
        else:
            self.answer("text/html", "<h1>Open all night</h1>")

    def answer(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Health checks every half second are not worth a log line."""


def port() -> int:
    return int(json.loads((HERE / "storefront.json").read_text())["port"])


def healthy() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port()}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def serve() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", port()), Shop)
    PID.write_text(str(os.getpid()))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()
    return 0


def start() -> int:
    if healthy():
        return say("the storefront is already running")
    with LOG.open("ab") as log:
        subprocess.Popen(
            [sys.executable, __file__, "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if healthy():
            return say(f"the storefront is up on port {port()}, process {PID.read_text()}")
        time.sleep(0.05)
    return say("the storefront did not come up within 10 s", 1)


def stop() -> int:
    try:
        os.kill(int(PID.read_text()), signal.SIGTERM)
    except (OSError, ValueError):
        return say("the storefront was not running")
    return say("the storefront was stopped")


def status() -> int:
    return say("up") if healthy() else say("down", 1)


def say(text: str, code: int = 0) -> int:
    sys.stdout.write(text + "\n")
    return code


if __name__ == "__main__":
    verbs = {"serve": serve, "start": start, "stop": stop, "status": status}
    verb = verbs.get(sys.argv[1]) if len(sys.argv) == 2 else None
    sys.exit(verb() if verb else say(f"usage: storefront {'|'.join(verbs)}", 2))
