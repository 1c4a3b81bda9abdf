"""A console that is killed leaves the processes of its services; the next one goes on with them."""

from __future__ import annotations

import sys

from tests.core.recovery.processes.conftest import IDLE, lives
from tests.e2e.console import Console, wait_for

STARTED = "SELECT pid FROM managed_process WHERE pid IS NOT NULL"


def test_a_process_outlives_a_killed_console_and_ends_with_the_next_one(console: Console) -> None:
    process = {"command": [sys.executable, "-c", IDLE]}
    console.import_config({"services": [{"name": "tts", "check": {"type": "push"}, "process": process}]})
    console.start()
    wait_for("the process started", lambda: bool(console.rows(STARTED)))
    ((pid,),) = console.rows(STARTED)
    wait_for("its output is logged", lambda: "tts: ready" in console.log())
    assert console.process is not None
    console.process.kill()
    console.process.wait()
    assert lives(pid)

    console.start()
    wait_for("it is taken over", lambda: "is taken over" in console.log())
    assert console.rows(STARTED) == [(pid,)]
    assert console.stop() == 0, console.output()
    assert not lives(pid)
    assert console.rows("SELECT service FROM managed_process") == []
