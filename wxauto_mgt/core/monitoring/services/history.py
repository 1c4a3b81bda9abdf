"""Remembers the newest checks of each service, how much of each hour and day it was well, and its figures.

Owns when they are written: all services together, in one transaction every few seconds, so a crash loses the
last of them. Results arrive by the bus; interfaces read.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import CheckRecorded, Outcome
from wxauto_mgt.core.monitoring.services import store
from wxauto_mgt.core.monitoring.services.outcomes import ServiceOutcomes
from wxauto_mgt.core.monitoring.services.store import Batch, CheckEntry, Counts
from wxauto_mgt.core.monitoring.services.uptime import (
    Uptime,
    UptimeBar,
    day_of,
    days_until,
    hour_of,
    hours_until,
)
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

HOURS_SHOWN: Final = 24
MOST_DAYS: Final = 90
_WRITES_EVERY_S: Final = 10.0
_PRUNES_EVERY_S: Final = 3600.0
# While the database cannot be written, at most this much waits in memory.
_CHECKS_WAITING: Final = 20_000


class ServiceHistory:
    """History of all services. Use it on the loop's thread; `open` first.

    Args:
        outcomes: whose figures are stored beside the checks.
        zone: whose days are meant; None = the machine's.
    """

    def __init__(
        self, *, telemetry: Database, clock: Clock, outcomes: ServiceOutcomes, zone: tzinfo | None = None
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._outcomes = outcomes
        self._zone = zone
        self._numbers: dict[str, int] = {}
        self._checks: deque[tuple[str, int, CheckEntry]] = deque(maxlen=_CHECKS_WAITING)
        self._hours: dict[tuple[str, datetime], Counts] = {}
        self._days: dict[tuple[str, date], Counts] = {}
        self._lock = asyncio.Lock()
        self._is_failing = False
        self._prunes_at_s = 0.0

    async def open(self) -> None:
        """Go on where earlier runs ended."""
        self._numbers = await store.read_numbers(self._telemetry)
        self._outcomes.restore(await store.read_tallies(self._telemetry))

    def take(self, event: CheckRecorded) -> None:
        """Remember a result. A subscriber of the bus."""
        result, service = event.result, event.health.id
        entry = CheckEntry(
            event.at, result.outcome, result.reason_code, result.params, result.response_time_ms
        )
        number = self._numbers[service] = self._numbers.get(service, 0) + 1
        self._checks.append((service, number, entry))
        if result.outcome is Outcome.UNKNOWN:
            return
        # What works, but badly, is up.
        once = Counts(int(result.outcome is not Outcome.FAILED), 1)
        hour, day = (service, hour_of(event.at)), (service, day_of(event.at, self._zone))
        self._hours[hour] = _sum(self._hours.get(hour), once)
        self._days[day] = _sum(self._days.get(day), once)

    async def run(self, beat: Callable[[], None]) -> None:
        """Write what came, and forget what is old, until cancelled."""
        while True:
            await self.write()
            if self._clock.monotonic() >= self._prunes_at_s:
                self._prunes_at_s = self._clock.monotonic() + _PRUNES_EVERY_S
                await self.prune()
            beat()
            await self._clock.sleep(_WRITES_EVERY_S)

    async def write(self) -> None:
        """Store what came since the last time; what cannot be stored is tried again by the next call."""
        async with self._lock:
            batch, at = self._take_batch(), self._clock.now()
            if not (batch.checks or batch.tallies):
                return
            try:
                await self._telemetry.run(lambda tx: store.write(tx, batch, at=at))
            except (StorageError, StorageOverloaded) as error:
                self._give_back(batch)
                self._say_failing(error)
                return
            self._is_failing = False

    async def checks(self, service: str, limit: int) -> list[CheckEntry]:
        """Return the newest checks of a service, newest first, at most 100.

        Raises:
            StorageError: the database cannot be read.
        """
        await self.write()
        return await store.read_checks(self._telemetry, service, limit)

    async def hours(self, service: str) -> Uptime:
        """Return the bars of the last 24 hours.

        Raises:
            StorageError: the database cannot be read.
        """
        await self.write()
        bars = hours_until(self._clock.now(), HOURS_SHOWN)
        found = await store.read_hours(self._telemetry, service, bars[0].start)
        return Uptime(tuple(_filled(bar, found.get(bar.start)) for bar in bars))

    async def days(self, service: str, count: int) -> Uptime:
        """Return the bars of the last days, today last.

        Raises:
            StorageError: the database cannot be read.
        """
        await self.write()
        bars = days_until(self._clock.now(), count, self._zone)
        found = await store.read_days(self._telemetry, service, bars[0][0])
        return Uptime(tuple(_filled(bar, found.get(day)) for day, bar in bars))

    def _take_batch(self) -> Batch:
        batch = Batch(tuple(self._checks), self._hours, self._days, self._outcomes.take_changed())
        self._checks.clear()
        self._hours, self._days = {}, {}
        return batch

    def _give_back(self, batch: Batch) -> None:
        newer = tuple(self._checks)
        self._checks.clear()
        self._checks.extend((*batch.checks, *newer))
        for hour, counts in batch.hours.items():
            self._hours[hour] = _sum(self._hours.get(hour), counts)
        for day, counts in batch.days.items():
            self._days[day] = _sum(self._days.get(day), counts)
        self._outcomes.give_back(batch.tallies)

    async def prune(self) -> None:
        """Forget what nobody is shown any more."""
        now = self._clock.now()
        idle_since = now - timedelta(days=MOST_DAYS)

        def job(tx: sqlite3.Connection) -> None:
            store.prune(
                tx,
                first_hour=now - timedelta(hours=HOURS_SHOWN),
                first_day=day_of(idle_since, self._zone),
                idle_since=idle_since,
            )

        try:
            await self._telemetry.run(job)
        except (StorageError, StorageOverloaded) as error:
            self._say_failing(error)

    def _say_failing(self, error: StorageError | StorageOverloaded) -> None:
        if not self._is_failing:
            self._is_failing = True
            _log.warning("the history of services misses new checks: %s", error)


def _sum(known: Counts | None, more: Counts) -> Counts:
    return more if known is None else Counts(known.well + more.well, known.measured + more.measured)


def _filled(bar: UptimeBar, counts: Counts | None) -> UptimeBar:
    return bar if counts is None else replace(bar, well=counts.well, measured=counts.measured)
