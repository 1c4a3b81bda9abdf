"""A little HTTP service in a process of its own, which can fail in each way that a real one does.

Run as a script: `little_service.py PORT STATE_FILE`. The file says how it is: `ok`, or `error` (answers 200
with an error body); `POST /mend` makes it `ok`, `POST /useless` changes nothing.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WITHIN_S = 20.0


class LittleService:
    """The process, as its operator sees it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.state_file = folder / "state"
        self.calls_file = folder / "calls"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(Path(__file__)), str(self.port), str(self.state_file)]

    def start(self, state: str = "ok") -> None:
        self.becomes(state)
        self.process = subprocess.Popen(self.command)
        deadline = time.monotonic() + WITHIN_S
        while not self.answers():
            assert time.monotonic() < deadline, "the little service did not start"
            time.sleep(0.01)

    def becomes(self, state: str) -> None:
        """Change how it is, whole at once."""
        fresh = self.state_file.with_suffix(".new")
        fresh.write_text(state)
        fresh.replace(self.state_file)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1):
                return True
        except OSError:
            return False

    def hangs(self) -> None:
        self._send(signal.SIGSTOP)

    def goes_on(self) -> None:
        self._send(signal.SIGCONT)

    def crashes(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def calls(self) -> list[str]:
        """The paths that were posted to, in order."""
        return self.calls_file.read_text().split() if self.calls_file.exists() else []

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self._send(signal.SIGCONT)
            self.crashes()

    def _send(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


def serve(port: int, state_file: Path) -> None:
    calls = state_file.with_name("calls")

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_ok = state_file.read_text() == "ok"
            self._answer({"status": "ok"} if is_ok else {"status": "error"})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with calls.open("a") as file:
                file.write(f"{self.path}\n")
            if self.path == "/mend":
                state_file.write_text("ok")
            self._answer({"done": True})

        def _answer(self, document: dict[str, object]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Answering).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
