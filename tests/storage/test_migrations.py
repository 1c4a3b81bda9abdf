from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from tests.storage.conftest import BASE, OpenDatabase, UseSchema
from wxauto_mgt.errors import BugError
from wxauto_mgt.storage.connection import APPLICATION_IDS, Kind
from wxauto_mgt.storage.schema import load_migrations, split_statements

MORE = "ALTER TABLE item ADD COLUMN note TEXT;"


async def fill(path: Path) -> None:
    async with OpenDatabase(path) as database:
        await database.run(lambda tx: tx.execute("INSERT INTO item (id, name) VALUES (1, 'kept')"))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def test_a_new_file_gets_every_migration_and_our_mark(tmp_path: Path, use_schema: UseSchema) -> None:
    use_schema(BASE, MORE)
    path = tmp_path / "console.db"
    async with OpenDatabase(path):
        pass
    assert rows(path, "PRAGMA user_version") == [(2,)]
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_IDS["console"],)]
    assert not (tmp_path / "backups").exists()


async def test_an_older_file_is_copied_before_it_is_migrated(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    await fill(path)
    use_schema(BASE, MORE)
    async with OpenDatabase(path) as database:
        assert [tuple(row) for row in await database.fetch_all("SELECT * FROM item")] == [(1, "kept", None)]
    backup = tmp_path / "backups" / "console-v0001.db"
    assert rows(backup, "SELECT * FROM item") == [(1, "kept")]
    assert [file.name for file in backup.parent.iterdir()] == ["console-v0001.db"]
    if sys.platform != "win32":
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600


async def test_a_failing_migration_leaves_no_trace(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    await fill(path)
    use_schema(BASE, MORE, "CREATE TABLE extra (id INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")
    with pytest.raises(BugError, match="statement_failed"):
        await fill(path)
    assert rows(path, "PRAGMA user_version") == [
        (2,)
    ]  # the one before it stands: each is its own transaction
    assert rows(path, "SELECT name FROM sqlite_schema WHERE name = 'extra'") == []
    use_schema(BASE, MORE, "CREATE TABLE extra (id INTEGER) STRICT;")
    async with OpenDatabase(path) as database:
        assert await database.fetch_all("SELECT * FROM extra") == []


async def test_a_migration_that_orphans_rows_is_refused(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    child = "CREATE TABLE child (item_id INTEGER REFERENCES item (id)) STRICT; INSERT INTO child VALUES (1);"
    await fill(path)
    use_schema(BASE, child, "DELETE FROM item;")
    with pytest.raises(BugError, match="foreign_key"):
        await fill(path)
    assert rows(path, "SELECT id FROM item") == [(1,)]


async def test_a_table_that_others_refer_to_can_be_rebuilt(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    await fill(path)
    use_schema(
        BASE,
        "CREATE TABLE child (item_id INTEGER REFERENCES item (id)) STRICT; INSERT INTO child VALUES (1);",
        "CREATE TABLE new_item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER) STRICT;"
        "INSERT INTO new_item SELECT id, name, 0 FROM item; DROP TABLE item;"
        "ALTER TABLE new_item RENAME TO item;",
    )
    async with OpenDatabase(path) as database:
        with pytest.raises(sqlite3.IntegrityError):  # and the keys are enforced again afterwards
            await database.run(lambda tx: tx.execute("INSERT INTO child VALUES (9)"))


async def test_two_openings_at_once_migrate_once(tmp_path: Path, use_schema: UseSchema) -> None:
    path = tmp_path / "console.db"
    await fill(path)
    use_schema(BASE, MORE)
    first, second = OpenDatabase(path), OpenDatabase(path)
    databases = await asyncio.gather(first.__aenter__(), second.__aenter__())
    for database in databases:
        assert len(await database.fetch_all("SELECT note FROM item")) == 1
        await database.close()


@pytest.mark.parametrize("kind", ["console", "telemetry"])
def test_shipped_migrations_are_numbered_without_gaps(kind: Kind) -> None:
    numbers = [migration.number for migration in load_migrations(kind)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("kind", ["console", "telemetry"])
async def test_shipped_migrations_run_and_make_strict_tables(tmp_path: Path, kind: Kind) -> None:
    async with OpenDatabase(tmp_path / f"{kind}.db", kind) as database:
        loose = await database.fetch_all(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0"
            " AND name NOT LIKE 'sqlite_%'"
        )
    assert [row["name"] for row in loose] == []


@pytest.mark.parametrize("kind", ["console", "telemetry"])
def test_shipped_migrations_defer_no_constraint(kind: Kind) -> None:
    # A deferred constraint fails at COMMIT, where it would take the other jobs of the group down with it.
    for migration in load_migrations(kind):
        assert "DEFERRED" not in " ".join(migration.statements).upper(), migration


def test_a_script_is_cut_at_statement_ends_only() -> None:
    script = """
        -- a comment; with a semicolon
        CREATE TABLE a (b TEXT DEFAULT 'x;y');
        CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = 1; UPDATE a SET b = 2; END;
        -- the end; really
    """
    first, second = split_statements(script)
    assert first.endswith("CREATE TABLE a (b TEXT DEFAULT 'x;y');")
    assert second.startswith("CREATE TRIGGER")
    assert second.endswith("END;")


@pytest.mark.parametrize(
    "script", ["CREATE TABLE a (b)", "SELECT 1; SELECT 'open", "CREATE TRIGGER t BEGIN a;"]
)
def test_an_unfinished_script_is_refused(script: str) -> None:
    with pytest.raises(BugError, match="migration_incomplete"):
        split_statements(script)
