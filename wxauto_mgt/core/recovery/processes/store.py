"""The SQL of managed processes, and the only place for it: who was started, so that it is found again."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.runtime.process_tree import ProcessIdentity
from wxauto_mgt.storage.database import Database

_US: Final = 1_000_000
_BEGIN: Final = (
    "INSERT INTO managed_process (service, marker, fingerprint) VALUES (?, ?, ?)"
    " ON CONFLICT (service) DO UPDATE SET marker = excluded.marker, fingerprint = excluded.fingerprint,"
    " pid = NULL, started_at_us = NULL"
)
_STARTED: Final = "UPDATE managed_process SET pid = ?, started_at_us = ? WHERE service = ? AND marker = ?"
_ENDED: Final = "DELETE FROM managed_process WHERE service = ? AND marker = ?"
_ALL: Final = "SELECT service, marker, fingerprint, pid, started_at_us FROM managed_process ORDER BY service"


@dataclass(frozen=True)
class Launch:
    """One start of a service's process; `identity` is None when the console ended before it knew."""

    service: str
    marker: str
    fingerprint: str
    identity: ProcessIdentity | None = None


class ProcessStore:
    """Rows of `managed_process`.

    Each method raises StorageError or StorageOverloaded when the database does not work.
    """

    def __init__(self, *, db: Database) -> None:
        self._db = db

    async def begin(self, launch: Launch) -> None:
        """Note a start before it is made."""
        values = (launch.service, launch.marker, launch.fingerprint)
        await self._write(_BEGIN, values)

    async def started(self, launch: Launch, identity: ProcessIdentity) -> None:
        """Note which process it became."""
        at_us = round(identity.started_at_s * _US)
        await self._write(_STARTED, (identity.pid, at_us, launch.service, launch.marker))

    async def ended(self, launch: Launch) -> None:
        """Forget a start of which nothing lives any more."""
        await self._write(_ENDED, (launch.service, launch.marker))

    async def launches(self) -> list[Launch]:
        """Return what an earlier run may have left."""
        return [_launch(row) for row in await self._db.fetch_all(_ALL)]

    async def _write(self, statement: str, values: tuple[object, ...]) -> None:
        def job(tx: sqlite3.Connection) -> None:
            tx.execute(statement, values)

        await self._db.run(job)


def _launch(row: sqlite3.Row) -> Launch:
    identity = None
    if row["pid"] is not None:
        identity = ProcessIdentity(row["pid"], row["started_at_us"] / _US)
    return Launch(row["service"], row["marker"], row["fingerprint"], identity)
