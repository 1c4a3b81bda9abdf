"""Judges a database file before anybody writes to it, so that a damaged or foreign one stays as it is.

Also tells whether the file's last user stopped cleanly: each user holds a locked marker file beside it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wxauto_mgt.errors import DatabaseCorrupt, DatabaseForeign, DatabaseNewer, StorageError
from wxauto_mgt.runtime.platform import FileLock
from wxauto_mgt.storage.connection import APPLICATION_IDS, Kind, connect_readonly
from wxauto_mgt.storage.sqlite_errors import translate

_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True)
class Found:
    """A database file of ours."""

    kind: Kind
    version: int


@dataclass(frozen=True)
class Users:
    """Who else has, or had, a database file open."""

    others_alive: bool
    unclean_stop: bool


class UseMarker:
    """A locked file `<database>.open-<random>` for as long as this process has the database open.

    The lock ends with the process, so a marker that can be locked was left by one that died.
    """

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path.with_name(f"{path.name}.open-{uuid.uuid4().hex[:12]}"))

    def place(self) -> None:
        """Create and lock the marker."""
        self._lock.try_acquire()

    def remove(self) -> None:
        """Say that this use ended cleanly."""
        self._lock.discard()


def find_users(path: Path) -> Users:
    """Look at the markers of a database; call it before placing the own one."""
    others_alive = unclean_stop = False
    for marker in path.parent.glob(f"{path.name}.open-*"):
        if _is_left_behind(marker):
            unclean_stop = True
        else:
            others_alive = True
    return Users(others_alive, unclean_stop)


def forget_unclean_stops(path: Path) -> None:
    """Remove the markers of processes that died; call it once the file was checked."""
    for marker in path.parent.glob(f"{path.name}.open-*"):
        if _is_left_behind(marker):
            with contextlib.suppress(PermissionError):  # Windows: someone else is looking at it right now
                marker.unlink(missing_ok=True)


def _is_left_behind(marker: Path) -> bool:
    lock = FileLock(marker, create=False)
    try:
        acquired = lock.try_acquire()
    except FileNotFoundError:
        return False  # its owner ended cleanly this very moment
    lock.release()
    return acquired


def inspect(path: Path, newest: Mapping[Kind, int], users: Users) -> Found | None:
    """Check that the file is ours and readable, without changing a byte of it.

    Args:
        newest: the kinds that are acceptable, each with the newest version that we can read.

    Returns:
        What it is; None for a missing or empty file.

    Raises:
        DatabaseCorrupt, DatabaseForeign, DatabaseNewer: and nothing was created beside it, either.
        StorageError: it cannot be read at all.
    """
    header = _header(path)
    if not header:
        return None
    if header != _MAGIC:
        raise DatabaseCorrupt("database_corrupt", path=str(path))
    try:
        with contextlib.closing(_open_untouched(path, users)) as connection:
            found = _identify(connection, path, newest)
            if found is not None and users.unclean_stop and not users.others_alive:
                quick_check(connection, path)
    except sqlite3.Error as error:
        raise translate(error, path=str(path)) from error
    return found


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC))
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StorageError("database_cannot_open", path=str(path), reason=error.strerror) from error


def _open_untouched(path: Path, users: Users) -> sqlite3.Connection:
    """Immutable where no write-ahead log can hold anything: an ordinary read would leave files beside it."""
    wal = path.with_name(path.name + "-wal")
    nothing_pending = not wal.exists() or wal.stat().st_size == 0
    return connect_readonly(path, immutable=nothing_pending and not users.others_alive)


def _identify(connection: sqlite3.Connection, path: Path, newest: Mapping[Kind, int]) -> Found | None:
    application_id = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    if application_id == 0 and version == 0 and tables == 0:
        return None  # somebody was killed between creating the file and the first migration
    for kind, newest_version in newest.items():
        if application_id == APPLICATION_IDS[kind]:
            if version > newest_version:
                raise DatabaseNewer("database_newer", path=str(path), version=version, newest=newest_version)
            return Found(kind, version)
    raise DatabaseForeign("database_foreign", path=str(path))


def quick_check(connection: sqlite3.Connection, path: Path) -> None:
    """Look through the whole file.

    Raises:
        DatabaseCorrupt: it is damaged.
        sqlite3.Error: it cannot be read.
    """
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise DatabaseCorrupt("database_corrupt", path=str(path))


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
