"""Killed at each step of a notice and started again: twice only where its answer was not written."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.e2e.console import Console, wait_for

ALERT_POINTS = {"alert.before_commit": 1, "alert.committed": 1}
POINTS = {
    # where the process is killed -> how often the notice arrives in the end (other steps: in-process tests)
    "notification.claimed": 1,
    "notification.answered": 2,
}


class Collector:
    """A webhook receiver on loopback that keeps the keys under which notices came."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        keys = self.keys

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                keys.extend(entry["key"] for entry in document["notifications"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    receiver = Collector()
    yield receiver
    receiver.close()


@pytest.mark.parametrize(("point", "arrivals"), POINTS.items())
def test_kill_at_a_step_loses_no_notice(
    console: Console, collector: Collector, point: str, arrivals: int
) -> None:
    # A terminal would be a second channel, and the kill might come on its lane.
    hook = {"id": "hook", "type": "webhook", "config": {"webhook_url": collector.url}}
    console.import_config({"channels": [hook]})
    with closing(sqlite3.connect(console.data_dir / "console.db")) as database, database:
        database.execute(
            """
            INSERT INTO notification
                (key, kind, level, title, message, labels, params, at_us, enqueued_at_us, routes)
            VALUES ('r:1', 'firing', 3, 't', 'm', '{}', '{}', ?1, ?1, '["hook"]')
            """,
            (time.time_ns() // 1000,),
        )
    console.start(fault_point=point)
    console.wait_killed()
    began = console.output().count("ready")
    console.start()
    wait_for("ready", lambda: console.output().count("ready") > began)
    sent = "SELECT 1 FROM notification_delivery WHERE state = 'sent'"
    wait_for("the notice sent", lambda: bool(console.rows(sent)))
    assert console.stop() == 0, console.output()
    assert collector.keys == ["r:1"] * arrivals


@pytest.mark.parametrize(("point", "arrivals"), ALERT_POINTS.items())
def test_kill_around_the_commit_of_an_alert_tells_it_once(
    console: Console, collector: Collector, point: str, arrivals: int
) -> None:
    console.import_config(
        {
            "channels": [{"id": "hook", "type": "webhook", "config": {"webhook_url": collector.url}}],
            "alert_rules": [{"id": "r", "metric_name": "app_thread_count", "threshold": 0.0, "for_s": 0.0}],
            "settings": {
                "alerts": {"evaluation_interval_s": 0.05, "group_wait_s": 0.0},
                "metrics": {"sample_interval_s": 0.05},
            },
        }
    )
    console.start(fault_point=point)
    console.wait_killed()
    began = console.output().count("ready")
    console.start()
    wait_for("ready", lambda: console.output().count("ready") > began)
    wait_for(
        "the notice sent",
        lambda: bool(console.rows("SELECT 1 FROM notification_delivery WHERE state = 'sent'")),
    )
    assert len(console.rows("SELECT 1 FROM alert WHERE rule = 'r'")) == 1
    assert console.stop() == 0, console.output()
    assert [key.partition(":")[0] for key in collector.keys] == ["r"] * arrivals
