"""The console is killed in the middle of a repair: after a restart it says so and repeats nothing blindly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.recovery.little_service import LittleService
from tests.e2e.console import Console, wait_for

POINTS = {
    # where the process is killed -> how often the endpoint was called by then
    "recovery.step_committed": 0,
    "recovery.acted": 1,
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LittleService]:
    folder = tmp_path / "service"
    folder.mkdir()
    service = LittleService(folder)
    yield service
    service.close()


@pytest.mark.parametrize(("point", "calls"), POINTS.items())
def test_a_repair_that_was_cut_off_is_journalled_and_not_repeated(
    console: Console, service: LittleService, point: str, calls: int
) -> None:
    service.start("error")
    tts = {
        "name": "tts",
        "port": service.port,
        "check": {"type": "http", "url": "http://127.0.0.1:{port}/health"},
        "repairs": [{"action": "call_endpoint", "url": "http://127.0.0.1:{port}/useless"}],
    }
    heartbeat = {"check_interval": 0.1, "grace_s": 0.0, "restart_cooldown": 300.0}
    console.import_config({"services": [tts], "settings": {"heartbeat": heartbeat}})
    console.start(fault_point=point)
    console.wait_killed()
    assert len(service.calls()) == calls

    began = console.output().count("ready")
    console.start()
    wait_for("ready", lambda: console.output().count("ready") > began)
    wait_for("the journal says so", lambda: console.rows("SELECT outcome FROM recovery_run") != [(None,)])
    # Time for many checks: the threshold of three is passed again, and only the cool-down holds.
    ended = "(SELECT min(ended_at_us) FROM recovery_run)"
    second_later = f"SELECT count(*) FROM check_probe WHERE at_us > {ended} + 1000000"
    wait_for("checks for a second", lambda: console.rows(second_later) == [(1,)])
    assert console.stop() == 0, console.output()

    [(outcome, reason, attempt)] = console.rows("SELECT outcome, reason_code, attempt FROM recovery_run")
    assert (outcome, reason, attempt) == ("interrupted", "console_ended", 1)
    [(step_outcome, params)] = console.rows("SELECT outcome, params FROM recovery_step")
    assert (step_outcome, json.loads(params)) == (None, {}), "nobody knows what it did, and it says so"
    assert console.rows("SELECT title FROM notification") == [("recovery.notice.interrupted.title",)]
    assert len(service.calls()) == calls, "nothing was repeated"
