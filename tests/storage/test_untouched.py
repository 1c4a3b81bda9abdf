"""A file that is not ours, newer or damaged is refused and stays as it was, byte for byte."""

from __future__ import annotations

import contextlib
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from tests.storage.conftest import BASE, OpenDatabase, UseSchema
from wxauto_mgt.errors import DatabaseCorrupt, DatabaseForeign, DatabaseNewer, StorageError
from wxauto_mgt.storage.database import open_readonly

MORE = "CREATE TABLE more (id INTEGER) STRICT;"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


async def refused(path: Path, error: type[StorageError]) -> None:
    """Opening refuses, for writing and for reading, and changes nothing in the folder."""
    before = snapshot(path.parent)
    assert before
    with pytest.raises(error) as caught:
        async with OpenDatabase(path):
            pass
    assert caught.value.facts["path"] == str(path)
    with pytest.raises(error):
        open_readonly(path)
    assert snapshot(path.parent) == before


def insert_all(tx: sqlite3.Connection, rows: list[tuple[int, str]]) -> None:
    tx.executemany("INSERT INTO item VALUES (?, ?)", rows)


def overwrite(path: Path, start: int, stop: int | None, content: bytes) -> None:
    old = path.read_bytes()
    path.write_bytes(old[:start] + content + (b"" if stop is None else old[stop:]))


@pytest.fixture
async def filled(tmp_path: Path, use_schema: UseSchema) -> Path:
    use_schema(BASE, MORE)
    path = tmp_path / "console.db"
    async with OpenDatabase(path) as database:
        for start in range(0, 2000, 500):
            ids = [(number, f"name {number}") for number in range(start, start + 500)]
            await database.run(partial(insert_all, rows=ids))
    return path


async def test_a_newer_file(filled: Path, use_schema: UseSchema) -> None:
    use_schema(BASE)
    await refused(filled, DatabaseNewer)


async def test_a_newer_file_whose_number_is_still_in_the_log(filled: Path, use_schema: UseSchema) -> None:
    copy = filled.parent / "copy" / "console.db"
    copy.parent.mkdir()
    with contextlib.closing(sqlite3.connect(filled)) as connection:
        connection.execute("PRAGMA user_version=9")
        for name, content in snapshot(filled.parent).items():  # as a killed program leaves them
            if name in ("console.db", "console.db-wal"):
                (copy.parent / name).write_bytes(content)
    before = snapshot(copy.parent)
    with pytest.raises(DatabaseNewer):
        async with OpenDatabase(copy):
            pass
    after = snapshot(copy.parent)
    after.pop("console.db-shm", None)  # the log's index; holds nothing
    assert after == before


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_another_programs_database(tmp_path: Path, use_schema: UseSchema, journal: str) -> None:
    path = tmp_path / "console.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()
    await refused(path, DatabaseForeign)


async def test_our_other_kind_of_database(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    async with OpenDatabase(path, "telemetry"):
        pass
    before = snapshot(tmp_path)
    with pytest.raises(DatabaseForeign):
        async with OpenDatabase(path, "console"):
            pass
    assert snapshot(tmp_path) == before


async def test_a_file_that_is_no_database(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    path.write_bytes(b"notes of somebody\n" * 300)
    await refused(path, DatabaseCorrupt)


async def test_a_file_cut_off_in_its_header(filled: Path) -> None:
    overwrite(filled, 40, None, b"")
    await refused(filled, DatabaseCorrupt)


async def test_damaged_pages_after_an_unclean_stop(filled: Path) -> None:
    overwrite(filled, 3 * 4096, 6 * 4096, b"\xa5" * (3 * 4096))
    filled.with_name("console.db.open-0123456789ab").touch()  # nobody holds it: its owner died
    await refused(filled, DatabaseCorrupt)


async def test_an_empty_file_is_a_new_database(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    path.touch()
    async with OpenDatabase(path) as database:
        assert await database.fetch_all("SELECT * FROM item") == []


async def test_a_file_that_was_created_but_never_migrated_is_a_new_database(
    tmp_path: Path, use_schema: UseSchema
) -> None:
    path = tmp_path / "console.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    async with OpenDatabase(path) as database:
        assert await database.fetch_all("SELECT * FROM item") == []


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path, use_schema: UseSchema) -> None:
    with pytest.raises(StorageError, match="database_cannot_open"):
        async with OpenDatabase(tmp_path / "missing" / "console.db"):
            pass
