"""The SQL of the database's own check, and the only place for it. `DatabaseCheck` calls it."""

from __future__ import annotations

import sqlite3
from typing import Final

from wxauto_mgt.storage.database import Database

_WRITE: Final = (
    "INSERT INTO check_probe (id, at_us) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_us = excluded.at_us"
)
_READ: Final = "SELECT at_us FROM check_probe"


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
