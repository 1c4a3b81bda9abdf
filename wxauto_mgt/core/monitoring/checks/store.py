"""The SQL of the checks, and the only place for it: for our own database and for foreign ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wxauto_mgt.storage.database import Database

if TYPE_CHECKING:
    import asyncpg

_WRITE: Final = (
    "INSERT INTO check_probe (id, at_us) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us"
)
_READ: Final = "SELECT at_us FROM check_probe"

# Asks only what every account may know; counts of `pg_stat_activity` would need rights.
_SERVER_FIGURES: Final = """
    SELECT current_setting('server_version') AS version,
           pg_is_in_recovery() AS in_recovery,
           (SELECT sum(numbackends) FROM pg_stat_database)::int AS connections,
           current_setting('max_connections')::int AS connections_at_most
"""
_TABLES: Final = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
_EXAMINE: Final = "PRAGMA quick_check(1)"
_FINDING_CHARS: Final = 200
_STEPS_BETWEEN_LOOKS: Final = 10_000  # some ten thousand a millisecond


async def write_probe(db: Database, at_us: int) -> None:
    """Commit an instant.

    Raises:
        StorageError, StorageOverloaded: it was not committed.
    """

    def job(tx: sqlite3.Connection) -> None:
        tx.execute(_WRITE, (at_us,))

    await db.run(job)


async def read_probe(db: Database) -> int | None:
    """Return the instant that was committed last.

    Raises:
        StorageError: it cannot be read.
    """
    row = await db.fetch_one(_READ)
    return None if row is None else int(row["at_us"])


@dataclass(frozen=True)
class ServerFigures:
    """What a PostgreSQL server says of itself.

    Attributes:
        is_in_recovery: it is a replica, or is being restored; it takes no writes.
    """

    version: str
    is_in_recovery: bool
    connections: int
    connections_at_most: int


async def postgresql_figures(connection: asyncpg.Connection) -> ServerFigures:
    """Ask a PostgreSQL server.

    Raises:
        asyncpg.PostgresError, asyncpg.InterfaceError, OSError: no answer.
    """
    row = await connection.fetchrow(_SERVER_FIGURES)
    if row is None:
        return ServerFigures("", False, 0, 0)
    return ServerFigures(
        version=row["version"],
        is_in_recovery=row["in_recovery"],
        connections=row["connections"] or 0,
        connections_at_most=row["connections_at_most"],
    )


def count_tables(connection: sqlite3.Connection) -> int:
    """Read a foreign file's schema. Blocks.

    Raises:
        sqlite3.Error: it is locked, damaged or no database.
    """
    return int(connection.execute(_TABLES).fetchone()[0])


def quick_check(connection: sqlite3.Connection, *, is_over: Callable[[], bool]) -> str | None:
    """Examine a foreign file: empty when it is whole, else the first finding. Blocks for as long as it takes.

    Args:
        is_over: asked now and then; when it says yes the examination is broken off, and None returned.

    Raises:
        sqlite3.Error: it is locked, damaged or no database.
    """
    connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)
    try:
        finding = str(connection.execute(_EXAMINE).fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    return "" if finding == "ok" else finding[:_FINDING_CHARS]
