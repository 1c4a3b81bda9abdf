"""Checks the console's database by what the message path needs of it: a commit, and reading it back."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.monitoring.checks.store import read_probe, write_probe
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

# Judgement call: a commit on a real disk takes some ten milliseconds, and every message waits for some.
SLOW_ABOVE_MS: Final = 1000.0


class DatabaseCheck:
    """Commits one small row, waiting behind whatever else is written, and reads it back."""

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def run(self) -> CheckResult:
        """Measure both ways."""
        at_us = to_us(self._clock.now())
        started_s = self._clock.monotonic()
        try:
            await write_probe(self._db, at_us)
            written_s = self._clock.monotonic()
            found_us = await read_probe(self._db)
        except (StorageError, StorageOverloaded) as error:
            return CheckResult(Outcome.FAILED, "database_failed", {"cause": error.code})
        read_s = self._clock.monotonic()
        evidence = {
            "write_ms": round(1000 * (written_s - started_s), 3),
            "read_ms": round(1000 * (read_s - written_s), 3),
        }
        taken_ms = 1000 * (read_s - started_s)
        if found_us != at_us:
            return CheckResult(Outcome.FAILED, "database_lost_a_row", {}, evidence, taken_ms)
        if taken_ms > SLOW_ABOVE_MS:
            params = {"taken_ms": round(taken_ms), "limit_ms": round(SLOW_ABOVE_MS)}
            return CheckResult(Outcome.DEGRADED, "database_slow", params, evidence, taken_ms)
        return CheckResult(Outcome.OK, "database_works", {}, evidence, taken_ms)
