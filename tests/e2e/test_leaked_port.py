"""A service dies and what it began keeps its port: ended where it is ours, else named and waited for."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.core.recovery.processes.conftest import lives
from tests.e2e.console import Console, wait_for

# Answers until it is told to leak: then it dies, and a child in a session of its own keeps the open port.
LEAKING = """
import http.server, os, pathlib, signal, subprocess, sys

class Answering(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answering)

def leak(*_):
    environment = os.environ if sys.argv[3] == "ours" else {"PATH": os.environ["PATH"]}
    child = [sys.executable, "-c", "import time; time.sleep(300)"]
    os.set_inheritable(server.fileno(), True)
    started = subprocess.Popen(
        child, close_fds=False, start_new_session=True, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pathlib.Path(sys.argv[2]).write_text(str(started.pid))
    os._exit(9)

signal.signal(signal.SIGUSR1, leak)
server.serve_forever()
"""
PID = "SELECT pid FROM managed_process WHERE pid IS NOT NULL"


class Leaking:
    """The service as its operator sees it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._orphan_file = folder / "orphan"

    def document(self, whose: str) -> dict[str, object]:
        command = [sys.executable, "-c", LEAKING, "{port}", str(self._orphan_file), whose]
        tts = {
            "name": "tts",
            "port": self.port,
            "check": {"type": "http", "url": "http://127.0.0.1:{port}/"},
            "timeout_s": 0.5,
            "process": {"command": command, "stop_timeout_s": 2.0},
            "repairs": [{"action": "restart_process"}],
        }
        return {"services": [tts], "settings": heartbeat(is_on=False)}

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=0.5) as answer:
                return bool(answer.status == 204)
        except OSError:
            return False

    @property
    def orphan(self) -> int:
        return int(self._orphan_file.read_text()) if self._orphan_file.exists() else 0

    def end_orphan(self) -> None:
        if self.orphan and lives(self.orphan):
            os.kill(self.orphan, signal.SIGKILL)


def heartbeat(*, is_on: bool) -> dict[str, object]:
    return {"heartbeat": {"enabled": is_on, "check_interval": 0.1, "grace_s": 0.0}}


@pytest.fixture
def leaking(tmp_path: Path) -> Iterator[Leaking]:
    service = Leaking(tmp_path)
    yield service
    service.end_orphan()


def start_and_leak(console: Console, leaking: Leaking, whose: str) -> int:
    console.import_config(leaking.document(whose))
    console.start()
    wait_for("the service answers", leaking.answers)
    ((pid,),) = console.rows(PID)
    os.kill(pid, signal.SIGUSR1)
    wait_for("it has died", lambda: bool(leaking.orphan) and not lives(pid))
    return int(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are not inherited so there")
def test_an_orphan_that_is_ours_is_ended_and_the_service_comes_back(
    console: Console, leaking: Leaking
) -> None:
    first = start_and_leak(console, leaking, "ours")
    wait_for("it answers again", leaking.answers)
    assert not lives(leaking.orphan)
    ((pid,),) = console.rows(PID)
    assert pid != first
    assert console.stop() == 0, console.output()
    assert not lives(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are not inherited so there")
def test_an_orphan_that_nobody_knows_is_named_never_ended_and_waited_for(
    console: Console, leaking: Leaking
) -> None:
    start_and_leak(console, leaking, "nobody's")
    held = f"tts cannot be started now: port_held (port {leaking.port}, pid {leaking.orphan}"
    wait_for("the holder is named", lambda: held in console.log())
    console.import_config({"settings": heartbeat(is_on=True)})  # not before: a slow start is no failure
    ended = "SELECT outcome FROM recovery_run WHERE outcome IS NOT NULL"
    wait_for("a repair was tried", lambda: bool(console.rows(ended)))
    [(outcome, reason, evidence)] = console.rows("SELECT outcome, reason_code, evidence FROM recovery_step")
    assert (outcome, reason) == ("failed", "process_not_restarted")
    assert json.loads(evidence)["reason_code"] == "port_held"
    assert lives(leaking.orphan), "what the console did not begin it does not end"

    leaking.end_orphan()
    wait_for("it answers again", leaking.answers)
    ((pid,),) = console.rows(PID)
    assert [
        child.pid
        for child in psutil.Process(console.process.pid if console.process else 0).children(recursive=True)
    ] == [pid]
    assert console.stop() == 0, console.output()
    assert not lives(pid)
