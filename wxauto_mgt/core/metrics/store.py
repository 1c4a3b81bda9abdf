"""The samples' SQL in the telemetry database, and the only place for it.

The sampler writes, prunes and reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import from_us, to_us

_INSERT = """
INSERT INTO sample (series_id, at_us, value)
SELECT id, ?, ? FROM series WHERE name = ?
ON CONFLICT (series_id, at_us) DO UPDATE SET value = excluded.value
"""
_PRUNE = "DELETE FROM sample WHERE series_id IN (SELECT id FROM series) AND at_us < ?"
_READ = """
SELECT at_us, value FROM sample
WHERE series_id = (SELECT id FROM series WHERE name = ?) AND at_us >= ?
ORDER BY at_us
"""


class SampleStore:
    """Raw samples by metric name."""

    def __init__(self, *, telemetry: Database) -> None:
        self._telemetry = telemetry

    async def append(self, at: datetime, values: Mapping[str, float]) -> None:
        """Write one sample of each metric.

        Raises:
            StorageError, StorageOverloaded: nothing of it was written.
        """

        def job(tx: sqlite3.Connection) -> None:
            at_us = to_us(at)
            tx.executemany("INSERT OR IGNORE INTO series (name) VALUES (?)", [(name,) for name in values])
            tx.executemany(_INSERT, [(at_us, value, name) for name, value in values.items()])

        await self._telemetry.run(job)

    async def prune(self, before: datetime) -> None:
        """Delete samples older than an instant."""

        def job(tx: sqlite3.Connection) -> None:
            tx.execute(_PRUNE, (to_us(before),))

        await self._telemetry.run(job)

    async def read(self, name: str, since: datetime) -> tuple[tuple[datetime, float], ...]:
        """Return a metric's samples since an instant, oldest first."""
        rows = await self._telemetry.fetch_all(_READ, (name, to_us(since)))
        return tuple((from_us(row["at_us"]), row["value"]) for row in rows)
