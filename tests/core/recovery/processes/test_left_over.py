"""What a killed console left is found again: taken over or ended, never started twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.core.recovery.processes.conftest import ENVIRONMENT, IDLE, Bench, lives, pid_in, program
from tests.core.recovery.processes.test_life import CHILD
from tests.waiting import eventually
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.recovery.processes import launching
from wxauto_mgt.core.recovery.processes.model import ProcessState
from wxauto_mgt.core.recovery.processes.store import Launch, ProcessStore
from wxauto_mgt.runtime.process_tree import MARKER, ProcessIdentity, identity_of, start_process
from wxauto_mgt.storage.database import Database

ROOT = Path(__file__).parents[4]
# A child that writes after the kill would end by the pipe that nobody reads any more.
SILENT = "import time\nwhile True: time.sleep(60)"
TAKEN_OVER = "tts was left running by an earlier console and is taken over"


def killed_console(folder: Path, config: ManagedProcessConfig) -> int:
    """Run a console until its process runs, and kill it; the id of what it left."""
    command = [sys.executable, "-m", "tests.core.recovery.processes.console", str(folder / "console.db")]
    with subprocess.Popen(
        [*command, config.model_dump_json()],
        cwd=ROOT,
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as console:
        assert console.stdout is not None
        pid = int(console.stdout.readline())
        console.kill()
    return pid


@asynccontextmanager
async def next_console(folder: Path) -> AsyncIterator[Bench]:
    path = folder / "console.db"
    db = await Database.open(path, kind="console", synchronous="FULL", backup_dir=folder / "backups")
    try:
        async with Bench(db=db) as bench:
            yield bench
            await eventually(bench.processes._found_again.is_set, timeout_s=20)
        assert await ProcessStore(db=db).launches() == []
    finally:
        await db.close()


def ended(pid: int) -> Callable[[], bool]:
    return lambda: not lives(pid)


@pytest.mark.expects_log(TAKEN_OVER)
async def test_it_is_taken_over_and_stopped_with_the_next_console(tmp_path: Path) -> None:
    config = program(IDLE)
    pid = await asyncio.to_thread(killed_console, tmp_path, config)
    assert lives(pid)
    async with next_console(tmp_path) as bench:
        bench.configure("tts", config)
        status = await bench.until(ProcessState.RUNNING)
        assert (status.pid, status.is_adopted, status.reason_code) == (pid, True, "taken_over")
        assert status.started_at is not None
        assert abs(status.started_at.timestamp() - psutil.Process(pid).create_time()) < 3
        assert (await bench.processes.start("tts")).pid == pid  # not twice
    assert not lives(pid)


@pytest.mark.expects_log(TAKEN_OVER)
@pytest.mark.expects_log("tts ended by itself")
async def test_one_that_was_taken_over_is_started_again_when_it_ends(tmp_path: Path) -> None:
    config = program(IDLE)
    pid = await asyncio.to_thread(killed_console, tmp_path, config)
    async with next_console(tmp_path) as bench:
        bench.configure("tts", config)
        await bench.until(ProcessState.RUNNING)
        psutil.Process(pid).kill()
        await eventually(lambda: bench.processes.status_of("tts").pid not in (pid, None), timeout_s=20)
        status = bench.processes.status_of("tts")
        assert (status.is_adopted, status.restarts) == (False, 1)


async def test_one_that_is_configured_otherwise_now_is_ended_and_started_anew(tmp_path: Path) -> None:
    pid = await asyncio.to_thread(killed_console, tmp_path, program(IDLE))
    async with next_console(tmp_path) as bench:
        bench.configure("tts", program(IDLE, env={"A": "2"}))
        status = await bench.until(ProcessState.RUNNING)
        assert not lives(pid)
        assert (status.pid != pid, status.is_adopted) == (True, False)


@pytest.mark.expects_log("tts was left running by an earlier console and is ended")
async def test_one_that_is_configured_no_more_is_ended(tmp_path: Path) -> None:
    pid = await asyncio.to_thread(killed_console, tmp_path, program(IDLE))
    async with next_console(tmp_path):
        await eventually(ended(pid), timeout_s=20)


async def test_children_of_one_that_ended_meanwhile_are_ended(tmp_path: Path) -> None:
    config = program(CHILD + IDLE, str(tmp_path / "pid"), SILENT, "apart")
    pid = await asyncio.to_thread(killed_console, tmp_path, config)
    child = await pid_in(tmp_path / "pid")
    psutil.Process(pid).kill()
    await eventually(ended(pid))
    assert lives(child)
    async with next_console(tmp_path) as bench:
        bench.configure("tts", config)
        status = await bench.until(ProcessState.RUNNING)
        assert not lives(child)
        assert status.pid != pid


async def test_one_whose_id_was_not_stored_yet_is_found_by_its_marker(tmp_path: Path, db: Database) -> None:
    """The console was killed between the start and the row that tells the process id."""
    config, marker = program(IDLE), uuid.uuid4().hex
    await ProcessStore(db=db).begin(Launch("tts", marker, launching.fingerprint(config, marker)))
    child = start_process(config.command, cwd=None, environment=ENVIRONMENT, marker=marker)
    async with Bench(db=db) as bench:
        bench.configure("tts", config)
        status = await bench.until(ProcessState.RUNNING)
        assert status.pid != child.pid
        assert child.wait(5) != 0
    assert child.stdout is not None
    child.stdout.close()


async def test_a_foreign_process_with_the_same_id_is_left_alone(db: Database) -> None:
    own = identity_of(psutil.Process().pid)
    assert own is not None
    config, marker = program(IDLE), uuid.uuid4().hex
    launch = Launch("tts", marker, launching.fingerprint(config, marker))
    store = ProcessStore(db=db)
    await store.begin(launch)
    await store.started(launch, ProcessIdentity(own.pid, own.started_at_s - 3600))
    async with Bench(db=db) as bench:
        bench.configure("tts", config)
        status = await bench.until(ProcessState.RUNNING)
        assert status.pid != own.pid  # and this test still runs
        environment = psutil.Process(status.pid).environ()
        assert environment[MARKER] != marker
