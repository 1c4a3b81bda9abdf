"""One database file: opening it safely, one writer, readers beside it. Stores are handed a `Database`.

Knows no table; SQL of the product stands in the slices' `store.py` and in the migrations.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from wxauto_mgt.errors import StorageError
from wxauto_mgt.runtime.platform import restrict_to_owner
from wxauto_mgt.storage.connection import APPLICATION_IDS, Kind, Synchronous, connect, connect_readonly
from wxauto_mgt.storage.inspection import UseMarker, find_users, forget_unclean_stops, inspect, quick_check
from wxauto_mgt.storage.readers import ReaderPool, SqlValue
from wxauto_mgt.storage.schema import load_migrations, migrate, newest_version
from wxauto_mgt.storage.sqlite_errors import translate
from wxauto_mgt.storage.writer import Writer

T = TypeVar("T")

_STEPS_BETWEEN_QUESTIONS = 100_000
"""Steps of SQLite's machine: some milliseconds."""


class Database:
    """An open database. Use it on the event loop's thread that opened it; build it with `open`."""

    def __init__(self, *, path: Path, writer: Writer, readers: ReaderPool) -> None:
        self._path = path
        self._writer = writer
        self._readers = readers

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        kind: Kind,
        synchronous: Synchronous,
        backup_dir: Path,
        readers: int = 2,
    ) -> Database:
        """Open, or create, and bring up to date. Another process may have the file open at the same time.

        A file that holds something is copied to `backup_dir` before it is migrated. After an unclean stop the
        file is checked first.

        Raises:
            DatabaseCorrupt, DatabaseForeign, DatabaseNewer: the file was left untouched.
            StorageError: it cannot be opened, or a migration failed (and left no trace).
        """
        marker = UseMarker(path)

        def prepare() -> sqlite3.Connection:
            return _prepare(path, kind, synchronous, backup_dir, marker)

        writer = Writer(name=path.name, connect=prepare, closed=marker.remove)
        await writer.start()
        try:
            pool = await ReaderPool.open(path, readers)
        except BaseException:
            await writer.close()
            raise
        return cls(path=path, writer=writer, readers=pool)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a write job on the writer's thread; returns its result once it is committed.

        Jobs that wait together share one transaction, each in a savepoint: a job that raises is rolled back
        alone and its exception comes out here, the rest are committed. The job is a plain function; it must
        not commit, roll back, keep the connection, or touch anything that belongs to the loop's thread.
        Cancelling the wait does not undo the job: once queued, it is committed.

        Raises:
            StorageOverloaded: too many jobs wait; nothing was queued.
            StorageError: the group could not be committed (`disk_full`, `database_locked`, `database_failed`,
                ...); nothing of the job was stored. Also `database_closed`.
            sqlite3.IntegrityError: as the job raised it; other sqlite3 errors come out translated.
        """
        return await self._writer.run(job)

    async def fetch_all(self, sql: str, params: Iterable[SqlValue] = ()) -> list[sqlite3.Row]:
        """All rows of a SELECT, read from the last committed state.

        Raises:
            StorageError: the database cannot be read.
            BugError: the statement is wrong.
        """
        return await self._readers.fetch_all(sql, params)

    async def fetch_one(self, sql: str, params: Iterable[SqlValue] = ()) -> sqlite3.Row | None:
        """The first row of a SELECT, or None; the statement should yield at most one."""
        rows = await self._readers.fetch_all(sql, params)
        return rows[0] if rows else None

    async def data_version(self) -> int:
        """A number that changes when another connection, such as another process's, has committed.

        Commits of this object do not change it. Only equality means something.
        """
        return await self._writer.run(_data_version, in_transaction=False)

    async def close(self) -> None:
        """Finish reads under way and queued jobs, then close; a second call does nothing."""
        await self._readers.close()
        await self._writer.close()


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _prepare(
    path: Path, kind: Kind, synchronous: Synchronous, backup_dir: Path, marker: UseMarker
) -> sqlite3.Connection:
    """Everything between a path and a connection that may write; runs on the writer's thread."""
    migrations = load_migrations(kind)
    found = inspect(path, {kind: newest_version(migrations)}, find_users(path))
    version = 0 if found is None else found.version
    try:
        if not path.exists():
            path.touch(mode=0o600)
            restrict_to_owner(path)
        marker.place()
    except OSError as error:
        raise StorageError("database_cannot_open", path=str(path), reason=error.strerror) from error
    try:
        forget_unclean_stops(path)
        connection = connect(path, synchronous)
        try:
            migrate(connection, kind, migrations, backup_path=backup_dir / f"{path.stem}-v{version:04d}.db")
        except BaseException:
            connection.close()
            raise
    except BaseException as error:
        marker.remove()
        if isinstance(error, sqlite3.Error):
            raise translate(error, path=str(path)) from error
        raise
    return connection


def open_readonly(path: Path) -> sqlite3.Connection:
    """Open one of our databases for reading on the calling thread, also while a console runs.

    Raises:
        DatabaseCorrupt, DatabaseForeign, DatabaseNewer: not ours to read.
        StorageError: `database_missing`, or `database_older` (starting the console brings it up to date).
    """
    newest = {kind: newest_version(load_migrations(kind)) for kind in APPLICATION_IDS}
    found = inspect(path, newest, find_users(path))
    if found is None:
        raise StorageError("database_missing", path=str(path))
    if found.version < newest[found.kind]:
        raise StorageError("database_older", path=str(path), version=found.version, newest=newest[found.kind])
    try:
        return connect_readonly(path)
    except sqlite3.Error as error:
        raise translate(error, path=str(path)) from error


def check_integrity(path: Path, *, still_wanted: Callable[[], bool]) -> bool:
    """Look through a whole file of ours for damage, on the calling thread, beside whatever uses it.

    Args:
        still_wanted: asked now and then; the look ends once it says no.

    Returns:
        Whether it came to the end; all that it saw was whole.

    Raises:
        DatabaseCorrupt: it is damaged.
        StorageError: as `open_readonly`.
    """
    connection = open_readonly(path)
    try:
        connection.set_progress_handler(lambda: not still_wanted(), _STEPS_BETWEEN_QUESTIONS)
        quick_check(connection, path)
    except sqlite3.OperationalError as error:
        if not still_wanted():
            return False
        raise translate(error, path=str(path)) from error
    except sqlite3.Error as error:
        raise translate(error, path=str(path)) from error
    finally:
        connection.close()
    return True
