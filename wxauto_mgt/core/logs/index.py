"""Keeps the log records where they can be searched, written in batches beside the files.

Owns the queue between the pipeline's thread and the database; SQL stands in `store`. The composition root
runs it; the facade searches.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from wxauto_mgt.core.logs import store
from wxauto_mgt.core.logs.query import LogPage, LogQuery, LogStatistics
from wxauto_mgt.core.logs.record import LogEntry
from wxauto_mgt.errors import StorageError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

MOST_RECORDS: Final = 1_000_000
_QUEUE_CAPACITY: Final = 20_000
# Small enough that samples of metrics, which share the writer, wait for some tens of milliseconds only.
_BATCH: Final = 1_000
_WRITES_EVERY_S: Final = 1.0
_EXPIRES_EVERY_S: Final = 600.0


class LogIndex:
    """Searches the newest records of this and earlier runs.

    With the queue full, records are left out and counted: the files have them.

    Args:
        kept_days: how long records are kept, asked anew each time.
    """

    def __init__(
        self,
        *,
        telemetry: Database,
        clock: Clock,
        kept_days: Callable[[], int],
        most_records: int = MOST_RECORDS,
        queue_capacity: int = _QUEUE_CAPACITY,
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._kept_days = kept_days
        self._most_records = most_records
        self._capacity = queue_capacity
        self._queue: deque[LogEntry] = deque()
        self._batch: list[LogEntry] = []
        self._has_full_text = False
        self._is_failing = False
        self._expires_at_s = 0.0
        self.left_out = 0

    def take(self, entry: LogEntry) -> None:
        """Queue a record; called on the pipeline's thread, never blocks."""
        if len(self._queue) >= self._capacity:
            self.left_out += 1
        else:
            self._queue.append(entry)

    async def open(self) -> None:
        """Make the full-text table where this SQLite can; without it, searches compare every record."""
        self._has_full_text = await self._telemetry.run(store.open_full_text)

    async def run(self, beat: Callable[[], None]) -> None:
        """Write what is queued, and expire, until cancelled."""
        while True:
            await self.write()
            if self._clock.monotonic() >= self._expires_at_s:
                await self.expire(beat)
            beat()
            await self._clock.sleep(_WRITES_EVERY_S)

    async def write(self) -> None:
        """Store what is queued now; what cannot be stored is tried again by the next call."""
        while self._batch or self._queue:
            batch, self._batch = self._batch, []
            while self._queue and len(batch) < _BATCH:
                batch.append(self._queue.popleft())
            try:
                # Cancelled here, the batch is no longer ours: what is queued there is committed.
                await self._telemetry.run(partial(self._insert, batch))
            except StorageError as error:
                self._batch = batch + self._batch
                self._say_failing(error)
                return
            self._is_failing = False

    async def search(self, query: LogQuery) -> LogPage:
        """Return a page of records, newest first; the last second's may be missing.

        Raises:
            StorageError: the database cannot be read.
        """
        return await store.search(self._telemetry, query, has_full_text=self._has_full_text)

    async def statistics(self, since: datetime) -> LogStatistics:
        """Count levels and categories per hour, the hour of the instant included.

        Raises:
            StorageError: the database cannot be read.
        """
        return await store.statistics(self._telemetry, since)

    def _insert(self, batch: Sequence[LogEntry], tx: sqlite3.Connection) -> None:
        store.insert(tx, batch, has_full_text=self._has_full_text)

    async def expire(self, beat: Callable[[], None]) -> None:
        """Delete what is too old or too much, in pieces."""
        self._expires_at_s = self._clock.monotonic() + _EXPIRES_EVERY_S
        oldest_kept = self._clock.now() - timedelta(days=self._kept_days())
        try:
            while await self._telemetry.run(
                lambda tx: store.expire(
                    tx,
                    oldest_kept=oldest_kept,
                    most=self._most_records,
                    at_once=_BATCH,
                    has_full_text=self._has_full_text,
                )
            ):
                beat()
        except StorageError as error:
            self._say_failing(error)

    def _say_failing(self, error: StorageError) -> None:
        if not self._is_failing:
            self._is_failing = True
            _log.warning("the search of the logs misses new records: %s", error)
