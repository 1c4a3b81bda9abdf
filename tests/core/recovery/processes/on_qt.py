"""The life of processes on the window's event loop: `python -m ... DATABASE`; says what it saw."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil

from tests.core.recovery.processes.conftest import IDLE, Bench, lives, program
from tests.waiting import eventually
from wxauto_mgt.core.recovery.processes.model import ProcessState
from wxauto_mgt.storage.database import Database
from wxauto_mgt.ui.bootstrap import make_application, run_on_qt


async def run(path: Path) -> None:
    db = await Database.open(path, kind="console", synchronous="FULL", backup_dir=path.parent / "backups")
    async with Bench(db=db) as bench:
        bench.configure("tts", program(IDLE))
        bench.configure("flood", program("for _ in range(100_000): print('x' * 50)", restart="never"))
        first = await bench.until(ProcessState.RUNNING)
        await bench.wrote("ready")
        psutil.Process(first.pid).kill()
        await eventually(lambda: bench.processes.status_of("tts").pid not in (None, first.pid), timeout_s=20)
        second = bench.processes.status_of("tts")
        flood = await bench.until(ProcessState.STOPPED, "flood")
        stopped = await bench.processes.stop("tts")
        assert second.pid is not None
        print(type(asyncio.get_running_loop()).__module__, flood.lines, stopped.state, lives(second.pid))
    await db.close()


if __name__ == "__main__":
    run_on_qt(make_application(), run(Path(sys.argv[1])))
