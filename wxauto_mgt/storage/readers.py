"""A few read-only connections (aiosqlite) that take turns. Owned by `Database`."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import aiosqlite

from wxauto_mgt.errors import StorageError
from wxauto_mgt.storage.connection import BUSY_TIMEOUT_MS
from wxauto_mgt.storage.sqlite_errors import translate

SqlValue = None | int | float | str | bytes


class ReaderPool:
    """Readers wait their turn when all connections are busy."""

    def __init__(self, connections: list[aiosqlite.Connection]) -> None:
        self._size = len(connections)
        self._idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._closing = False
        for connection in connections:
            self._idle.put_nowait(connection)

    @classmethod
    async def open(cls, path: Path, size: int) -> ReaderPool:
        """Open `size` connections to a database that exists and is up to date."""
        connections: list[aiosqlite.Connection] = []
        try:
            for _ in range(size):
                connections.append(await _open_reader(path))
        except BaseException:
            for connection in connections:
                await connection.close()
            raise
        return cls(connections)

    async def fetch_all(self, sql: str, params: Iterable[SqlValue]) -> list[sqlite3.Row]:
        """All rows of one SELECT."""
        if self._closing:
            raise StorageError("database_closed")
        connection = await self._idle.get()
        try:
            return list(await connection.execute_fetchall(sql, tuple(params)))
        except asyncio.CancelledError:
            await connection.interrupt()  # nobody waits for the answer: do not block the next reader with it
            raise
        except sqlite3.Error as error:
            raise translate(error) from error
        finally:
            self._idle.put_nowait(connection)

    async def close(self) -> None:
        """Wait for reads under way and close every connection."""
        self._closing = True
        while self._size:
            self._size -= 1
            connection = await self._idle.get()
            await connection.close()


async def _open_reader(path: Path) -> aiosqlite.Connection:
    connection = aiosqlite.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    # A reader that somebody forgot to close must not keep the process from ending. The library has no option.
    connection._thread.daemon = True  # noqa: SLF001
    await connection
    try:
        connection.row_factory = sqlite3.Row
        await connection.execute_fetchall("PRAGMA query_only=ON")
    except BaseException:
        await connection.close()
        raise
    return connection
