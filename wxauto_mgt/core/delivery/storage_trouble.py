"""What the loops of the delivery do while the database takes nothing: wait, and say so once for all.

Owns who of them fails at present. Worker, lanes and settler ask it around all that reads or writes rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from types import TracebackType
from typing import Final, TypeVar

from wxauto_mgt.core.instances.episodes import Episodes, ErrorSink
from wxauto_mgt.errors import ConsoleError, StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Beat
from wxauto_mgt.storage.database import Database

T = TypeVar("T")

DELIVERY_WRITE: Final = "delivery_write"
RETRY_S: Final = 1.0


class StorageTrouble:
    """One for all loops of the delivery.

    Args:
        on_error: told when the first of them fails, and when the last of them works again.
    """

    def __init__(self, *, db: Database, clock: Clock, on_error: ErrorSink, retry_s: float = RETRY_S) -> None:
        self._db = db
        self._clock = clock
        self._retry_s = retry_s
        self._episodes = Episodes(instance_id=None, clock=clock, on_error=on_error)
        self._failing: set[str] = set()

    def told(self, who: str) -> _Told:
        """Around what reads or writes rows: a failure of the database is told and ends the block, no more."""
        return _Told(self, who)

    def failed(self, who: str, error: ConsoleError) -> None:
        """Note that the database refused one of them."""
        self._failing.add(who)
        self._episodes.failed(DELIVERY_WRITE, error)

    def worked(self, who: str) -> None:
        """Note that it did not."""
        self._failing.discard(who)
        if not self._failing:
            self._episodes.worked(DELIVERY_WRITE)

    async def pause(self) -> None:
        """Wait until the next try."""
        await self._clock.sleep(self._retry_s)

    async def written(self, who: str, job: Callable[[sqlite3.Connection], T], beat: Beat = lambda: None) -> T:
        """Write what is known nowhere else: try until the database takes it, or until cancelled."""
        while True:
            with self.told(who):
                return await self._db.run(job)
            beat()
            await self.pause()


class _Told:
    """One block of one loop."""

    def __init__(self, trouble: StorageTrouble, who: str) -> None:
        self._trouble = trouble
        self._who = who

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool:
        if isinstance(error, StorageError | StorageOverloaded):
            self._trouble.failed(self._who, error)
            return True
        if error is None:
            self._trouble.worked(self._who)
        return False
