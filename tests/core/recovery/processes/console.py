"""A console that runs a process until it is killed: `python -m ... DATABASE CONFIG`; writes its pid."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.core.recovery.processes.conftest import Bench
from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.core.recovery.processes.model import ProcessState
from wxauto_mgt.storage.database import Database


async def run(path: Path, config: ManagedProcessConfig) -> None:
    db = await Database.open(path, kind="console", synchronous="FULL", backup_dir=path.parent / "backups")
    async with Bench(db=db) as bench:
        bench.configure("tts", config)
        await bench.wrote("ready")
        print((await bench.until(ProcessState.RUNNING)).pid, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), ManagedProcessConfig.model_validate_json(sys.argv[2])))
