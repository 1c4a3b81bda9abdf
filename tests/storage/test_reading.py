from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.storage.conftest import OpenDatabase, UseSchema
from wxauto_mgt.errors import BugError, StorageError
from wxauto_mgt.storage.database import Database, open_readonly

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


async def test_rows_are_read_by_column_name(items: Database) -> None:
    await items.run(lambda tx: tx.execute("INSERT INTO item VALUES (1, '甲')"))
    row = await items.fetch_one("SELECT name FROM item WHERE id = ?", (1,))
    assert row is not None
    assert row["name"] == "甲"
    assert await items.fetch_one("SELECT name FROM item WHERE id = ?", (2,)) is None


async def test_a_reader_cannot_write(items: Database) -> None:
    with pytest.raises(StorageError, match="database_read_only"):
        await items.fetch_all("DELETE FROM item")


async def test_a_wrong_statement_is_a_bug(items: Database) -> None:
    with pytest.raises(BugError, match="statement_failed"):
        await items.fetch_all("SELECT nothing FROM item")


async def test_reads_do_not_wait_for_a_write_under_way(items: Database) -> None:
    other = sqlite3.connect(items.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO item VALUES (1, 'not yet')")
        assert await items.fetch_all("SELECT * FROM item") == []
        other.execute("ROLLBACK")
    finally:
        other.close()


async def test_a_read_that_nobody_waits_for_any_more_frees_its_connection(items: Database) -> None:
    endless = [asyncio.ensure_future(items.fetch_all(ENDLESS)) for _ in range(2)]
    # An interrupt before the statement has begun is lost, and nothing tells when it has.
    await asyncio.sleep(0.3)
    for read in endless:
        read.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await read
    async with asyncio.timeout(5):
        assert await items.fetch_all("SELECT 1") != []


async def test_more_reads_than_connections_take_turns(items: Database) -> None:
    rows = await asyncio.gather(*(items.fetch_one("SELECT ?", (number,)) for number in range(20)))
    assert [row[0] for row in rows if row is not None] == list(range(20))


async def test_data_version_changes_only_by_commits_of_others(items: Database) -> None:
    first = await items.data_version()
    await items.run(lambda tx: tx.execute("INSERT INTO item VALUES (1, 'own')"))
    assert await items.data_version() == first
    other = sqlite3.connect(items.path)
    with contextlib.closing(other), other:
        other.execute("INSERT INTO item VALUES (2, 'other')")
    assert await items.data_version() != first


async def test_a_readonly_connection_reads_beside_an_open_database(items: Database) -> None:
    await items.run(lambda tx: tx.execute("INSERT INTO item VALUES (1, 'a')"))
    with contextlib.closing(open_readonly(items.path)) as connection:
        assert connection.execute("SELECT name FROM item").fetchone()["name"] == "a"
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM item")


def test_a_missing_file_is_not_created_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="database_missing"):
        open_readonly(tmp_path / "console.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_reader_asks_for_an_upgrade_of_an_older_file(tmp_path: Path, use_schema: UseSchema) -> None:
    async with OpenDatabase(tmp_path / "console.db"):
        pass
    use_schema("CREATE TABLE item (id INTEGER) STRICT;", "CREATE TABLE more (id INTEGER) STRICT;")
    with pytest.raises(StorageError, match="database_older"):
        open_readonly(tmp_path / "console.db")
