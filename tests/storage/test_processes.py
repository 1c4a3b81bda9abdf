"""Two processes with the same file, and a process that dies with it open."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.storage.conftest import OpenDatabase
from tests.waiting import eventually
from wxauto_mgt.storage.inspection import find_users

PRELUDE = """
import asyncio, os, signal, sys
from pathlib import Path
from wxauto_mgt.storage.database import Database

async def open_database():
    path = Path(sys.argv[1])
    return await Database.open(path, kind="telemetry", synchronous="FULL", backup_dir=path.parent)

def insert(tx):
    tx.execute("CREATE TABLE IF NOT EXISTS probe (n INTEGER) STRICT")
    tx.execute("INSERT INTO probe VALUES (1)")

"""

COMMIT_AND_CLOSE = """
async def main():
    database = await open_database()
    await database.run(insert)
    await database.close()
asyncio.run(main())
"""

COMMIT_AND_DIE = """
async def main():
    database = await open_database()
    await database.run(insert)
    os.kill(os.getpid(), signal.SIGKILL) if sys.platform != "win32" else os._exit(9)
asyncio.run(main())
"""

LEAVE_OPEN = """
async def main():
    global database
    database = await open_database()
    await database.run(insert)
    await database.fetch_all("SELECT n FROM probe")
asyncio.run(main())
"""


def start(script: str, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PRELUDE + textwrap.dedent(script), str(path)])


async def ended(process: subprocess.Popen[bytes]) -> int:
    await eventually(lambda: process.poll() is not None, timeout_s=20)
    return int(process.returncode)


async def test_another_process_writes_while_ours_is_open(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.db"
    async with OpenDatabase(path, "telemetry") as database:
        before = await database.data_version()
        assert await ended(start(COMMIT_AND_CLOSE, path)) == 0
        assert await database.data_version() != before
        assert len(await database.fetch_all("SELECT n FROM probe")) == 1
        assert not find_users(path).unclean_stop
    assert os.listdir(tmp_path) == ["telemetry.db"]


async def test_what_was_committed_survives_a_kill_and_the_kill_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.db"
    assert await ended(start(COMMIT_AND_DIE, path)) != 0
    assert find_users(path).unclean_stop
    async with OpenDatabase(path, "telemetry") as database:
        assert len(await database.fetch_all("SELECT n FROM probe")) == 1
        users = find_users(path)
        assert users.others_alive
        assert not users.unclean_stop
    assert not find_users(path).others_alive


async def test_a_database_that_nobody_closed_does_not_keep_the_process_alive(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.db"
    process = start(LEAVE_OPEN, path)
    try:
        await ended(process)
    finally:
        process.kill()
        process.wait()
    async with OpenDatabase(path, "telemetry") as database:
        assert len(await database.fetch_all("SELECT n FROM probe")) == 1
