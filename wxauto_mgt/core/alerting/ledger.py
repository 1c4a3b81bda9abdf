"""What is stored of the alerts: series, alerts and their notices, written in one transaction.

Owns what is worth a write, and what it means when nothing can be written. The engine calls it, one at a time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from wxauto_mgt.core.alerting import store
from wxauto_mgt.core.alerting.evaluator import CALM
from wxauto_mgt.core.alerting.model import AlertRule
from wxauto_mgt.core.alerting.tracked import Tracked
from wxauto_mgt.core.notifications.model import Notification
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.storage.database import Database

_log = logging.getLogger(__name__)

_TIMERS_SAVED_EVERY_S: Final = 30.0


class NoticeOutbox(Protocol):
    """Takes notices in the transaction of what they are about."""

    def enqueue(self, tx: sqlite3.Connection, notification: Notification) -> int:
        """Write one notice; it goes out once the transaction is committed."""
        ...


class AlertLedger:
    """The stored side of one engine. Instants are its running time."""

    def __init__(self, *, db: Database, outbox: NoticeOutbox, faults: FaultPoints) -> None:
        self._db = db
        self._outbox = outbox
        self._faults = faults
        self._saved: dict[str, tuple[Tracked, float]] = {}
        self._is_failing = False

    @property
    def is_failing(self) -> bool:
        """Whether the last write failed."""
        return self._is_failing

    async def load(self) -> Sequence[Tracked]:
        """Return what earlier runs left.

        Raises:
            StorageError: the database cannot be read.
        """
        series = await store.load_series(self._db)
        self._saved = {tracked.id: (tracked, 0.0) for tracked in series}
        return series

    def is_unsaved(
        self, tracked: Tracked, rule: AlertRule | None, *, now_s: float, with_timers: bool
    ) -> bool:
        """Whether a series differs from what is stored by so much that it is worth a write.

        Args:
            with_timers: timers that only went on are worth it too, however new the stored ones are.
        """
        known = self._saved.get(tracked.id)
        if known is None and tracked.progress is CALM and tracked.alert is None:
            return False
        is_resting = tracked.is_at_rest(rule)
        if known is None:
            return tracked.alert is not None or not is_resting
        before, saved_at_s = known
        if tracked.is_told_apart(before):
            return True
        is_old = with_timers or now_s - saved_at_s >= _TIMERS_SAVED_EVERY_S
        return is_old and not is_resting and tracked.progress != before.progress

    def outlived(self, series: Mapping[str, Tracked], rules: Mapping[str, AlertRule]) -> list[str]:
        """Ids that are stored and need not be any more."""
        return [
            series_id
            for series_id in self._saved
            if series_id not in series or series[series_id].is_at_rest(rules.get(series[series_id].rule))
        ]

    async def write(
        self,
        changed: Sequence[Tracked],
        lasting: Sequence[Tracked],
        outlived: Collection[str],
        notices: Sequence[Notification],
        *,
        now_s: float,
    ) -> bool:
        """Write all of it or nothing; tell whether that went well.

        Args:
            changed: their alerts are written.
            lasting: those of them whose timers have to outlive this run.
        """

        def job(tx: sqlite3.Connection) -> None:
            store.save_alerts(tx, [tracked.alert for tracked in changed if tracked.alert is not None])
            store.save_series(tx, lasting)
            store.drop_series(tx, outlived)
            for notice in notices:
                self._outbox.enqueue(tx, notice)
            if notices:
                self._faults.reach("alert.before_commit")

        try:
            await self._db.run(job)
        except (StorageError, StorageOverloaded) as error:
            if not self._is_failing:
                _log.warning("Alerts are kept in memory only, their notices wait: %s", error)
            self._is_failing = True
            return False
        if self._is_failing:
            self._is_failing = False
            _log.info("Alerts are stored again")
        self._saved |= {tracked.id: (tracked, now_s) for tracked in lasting}
        for series_id in outlived:
            del self._saved[series_id]
        if notices:
            self._faults.reach("alert.committed")
        return True

    async def write_one(self, tracked: Tracked, *, now_s: float) -> None:
        """Write one series with its alert.

        Raises:
            StorageError, StorageOverloaded: nothing was written.
        """

        def job(tx: sqlite3.Connection) -> None:
            store.save_alerts(tx, [] if tracked.alert is None else [tracked.alert])
            store.save_series(tx, [tracked])

        await self._db.run(job)
        self._saved[tracked.id] = (tracked, now_s)
