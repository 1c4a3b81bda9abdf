"""A stop is no failure: what ends with the console is not judged on its way out."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON

# Answers nobody any more from the moment on that it is asked to end, and takes its time.
SLOW_TO_END = """
import http.server, signal, sys, threading, time

class Answering(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answering)

def end(*_):
    server.socket.close()
    time.sleep(0.8)
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
server.serve_forever()
"""


async def test_what_a_stop_ends_is_neither_counted_as_failed_nor_told(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    tts: JSON = {
        "name": "tts",
        "port": unused_tcp_port,
        "check": {"type": "http", "url": "http://127.0.0.1:{port}/"},
        "process": {"command": [sys.executable, "-c", SLOW_TO_END, "{port}"], "stop_timeout_s": 5},
    }
    rule: JSON = {
        "id": "down",
        "metric_name": "service_working",
        "operator": "lt",
        "threshold": 1,
        "for_s": 0,
    }
    document = {
        "services": [tts],
        "alert_rules": [rule],
        "settings": {
            "heartbeat": {"check_interval": 0.05, "grace_s": 0, "max_retries": 100},
            "alerts": {"evaluation_interval_s": 0.05},
            # A start is no failure either, however slow the machine.
            "health_checks": {"failure_threshold": 100},
        },
    }
    await console.config.import_document(json.dumps(document), filename="c.json", replace=False, who="test")
    await console.start()
    board = console.checks.board
    await eventually(lambda: board.report().services["tts"].status.value == "healthy", timeout_s=20)
    well_at_us = int(console.clock.now().timestamp() * 1_000_000)
    assert await console.stop() == ()
    with closing(sqlite3.connect(tmp_path / "telemetry.db")) as telemetry:
        failed = telemetry.execute(
            "SELECT service, reason_code FROM service_check WHERE outcome = 'failed' AND at_us > ?",
            (well_at_us,),
        ).fetchall()
    assert failed == []
    with closing(sqlite3.connect(tmp_path / "console.db")) as database:
        assert database.execute("SELECT rule, labels FROM alert").fetchall() == []
