from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.storage.conftest import OpenDatabase, UseSchema
from tests.waiting import eventually
from wxauto_mgt.errors import BugError, StorageError, StorageOverloaded
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.writer import Writer

Job = Callable[[sqlite3.Connection], int]


def insert(number: int, name: str | None = None) -> Job:
    def job(tx: sqlite3.Connection) -> int:
        tx.execute("INSERT INTO item (id, name) VALUES (?, ?)", (number, name or f"name {number}"))
        return number

    return job


def failing(number: int) -> Job:
    def job(tx: sqlite3.Connection) -> int:
        insert(number)(tx)
        raise ValueError(number)

    return job


async def ids(database: Database) -> list[int]:
    return [row["id"] for row in await database.fetch_all("SELECT id FROM item ORDER BY id")]


class Hold:
    """A job that occupies the writer until it is let go, so that the jobs behind it form one group."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()

    def __call__(self, _tx: sqlite3.Connection) -> None:
        self.reached.set()
        self.go.wait(5)


async def in_one_group(database: Database, *jobs: Job) -> list[int | BaseException]:
    hold = Hold()
    holding = asyncio.ensure_future(database.run(hold))
    await eventually(hold.reached.is_set)
    waiting = [asyncio.ensure_future(database.run(job)) for job in jobs]
    await asyncio.sleep(0)
    hold.go.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_job_is_readable_once_its_run_returned(items: Database) -> None:
    assert await items.run(insert(7)) == 7
    assert await ids(items) == [7]


async def test_a_failing_job_of_a_group_is_undone_alone(items: Database) -> None:
    results = await in_one_group(items, insert(1), failing(2), insert(3))
    assert [results[0], results[2]] == [1, 3]
    assert isinstance(results[1], ValueError)
    assert await ids(items) == [1, 3]


async def test_jobs_run_in_the_order_in_which_they_came(items: Database) -> None:
    order: list[int] = []

    def note(number: int) -> Job:
        def job(_tx: sqlite3.Connection) -> int:
            order.append(number)
            return number

        return job

    await asyncio.gather(*(items.run(note(number)) for number in range(50)))
    assert order == list(range(50))


async def test_a_broken_constraint_reaches_the_store_as_it_is(items: Database) -> None:
    await items.run(insert(1, "same"))
    with pytest.raises(sqlite3.IntegrityError):
        await items.run(insert(2, "same"))


async def test_a_wrong_statement_is_a_bug_and_undone(items: Database) -> None:
    def job(tx: sqlite3.Connection) -> int:
        insert(1)(tx)
        tx.execute("INSERT INTO nowhere VALUES (1)")
        return 1

    with pytest.raises(BugError, match="statement_failed"):
        await items.run(job)
    assert await ids(items) == []


async def test_a_job_that_ends_the_transaction_is_found_out(items: Database) -> None:
    def job(tx: sqlite3.Connection) -> int:
        with tx:  # commits, as many examples do
            tx.execute("INSERT INTO item VALUES (1, 'a')")
        return 1

    results = await in_one_group(items, insert(5), job, insert(6))
    assert isinstance(results[0], StorageError)
    assert isinstance(results[1], BugError)
    assert results[2] == 6


async def test_stop_iteration_in_a_job_does_not_hang_its_caller(items: Database) -> None:
    def job(tx: sqlite3.Connection) -> int:
        return int(next(iter(tx.execute("SELECT id FROM item")))[0])

    with pytest.raises(BugError, match="stop_iteration"):
        await items.run(job)


async def test_a_cancelled_waiter_does_not_undo_the_job(items: Database) -> None:
    hold = Hold()
    holding = asyncio.ensure_future(items.run(hold))
    await eventually(hold.reached.is_set)
    waiting = asyncio.ensure_future(items.run(insert(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    hold.go.set()
    await holding
    await items.run(insert(2))
    assert await ids(items) == [1, 2]


async def test_closing_runs_what_is_queued_and_refuses_what_comes_later(
    tmp_path: Path, use_schema: UseSchema
) -> None:
    path = tmp_path / "console.db"
    async with OpenDatabase(path) as database:
        hold = Hold()
        holding = asyncio.ensure_future(database.run(hold))
        await eventually(hold.reached.is_set)
        waiting = asyncio.ensure_future(database.run(insert(1)))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(database.close())
        await asyncio.sleep(0)
        with pytest.raises(StorageError, match="database_closed"):
            await database.fetch_all("SELECT 1")
        hold.go.set()
        await closing
        assert await waiting == 1
        await holding
        with pytest.raises(StorageError, match="database_closed"):
            await database.run(insert(2))
    async with OpenDatabase(path) as database:
        assert await ids(database) == [1]


async def test_a_full_queue_says_so_at_once(tmp_path: Path) -> None:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(tmp_path / "x.db", isolation_level=None)

    writer = Writer(name="x", connect=connect, closed=lambda: None, max_pending=2)
    await writer.start()
    hold = Hold()
    holding = asyncio.ensure_future(writer.run(hold))
    await eventually(hold.reached.is_set)
    second = asyncio.ensure_future(writer.run(lambda _tx: 2))
    await asyncio.sleep(0)
    with pytest.raises(StorageOverloaded):
        await writer.run(lambda _tx: 3)
    hold.go.set()
    await holding
    assert await second == 2
    assert await writer.run(lambda _tx: 4) == 4
    await writer.close()


async def test_a_full_disk_fails_the_jobs_that_hit_it_and_nothing_after(items: Database) -> None:
    await items.run(lambda tx: tx.execute("PRAGMA max_page_count=4").fetchone())

    def big(tx: sqlite3.Connection) -> int:
        tx.execute("INSERT INTO item VALUES (2, ?)", ("x" * 100_000,))
        return 2

    with pytest.raises(StorageError, match="disk_full"):
        await items.run(big)
    assert await items.run(insert(3)) == 3
    assert await ids(items) == [3]


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file size are a Unix matter")
async def test_a_failed_commit_fails_the_whole_group_and_the_next_one_works(items: Database) -> None:
    # Imported here: the module exists on Unix only.
    import resource

    def big(tx: sqlite3.Connection) -> int:
        tx.execute("INSERT INTO item VALUES (2, ?)", ("x" * 500_000,))
        return 2

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal_bytes = os.stat(f"{items.path}-wal").st_size
    try:
        # Pages stay in memory until COMMIT, which then cannot write the log: as on a disk that is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal_bytes + 50_000, hard))
        results = await in_one_group(items, insert(1), big, failing(3), insert(4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [type(result) for result in results] == [StorageError, StorageError, ValueError, StorageError]
    assert {str(result).partition(":")[0] for result in results if isinstance(result, StorageError)} == {
        "database_failed"
    }
    assert await items.run(insert(5)) == 5
    assert await ids(items) == [5]


async def test_another_process_that_holds_the_lock_too_long_is_named(items: Database) -> None:
    await items.run(lambda tx: tx.execute("PRAGMA busy_timeout=20").fetchone())
    other = sqlite3.connect(items.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(items.run(insert(1)), items.run(insert(2)), return_exceptions=True)
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert [str(result).partition(":")[0] for result in results] == ["database_locked"] * 2
    assert await items.run(insert(3)) == 3


async def test_settings_of_the_writing_connection(items: Database) -> None:
    def job(tx: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "mmap_size")
        return [tx.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await items.run(job) == ["wal", 2, 1, 5000, 0]
