"""Writes what repairs do before they do it and after, with the notices about it, and reads it for people.

Owns the transactions; the run and the recoverer say what happened. Secrets are masked before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from wxauto_mgt.core.notifications.model import Notification, NotificationsEnqueued
from wxauto_mgt.core.recovery import store
from wxauto_mgt.core.recovery.model import CheckSeen, Reason, RunOutcome, RunRecord, StepRecord
from wxauto_mgt.core.recovery.store import Budget
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database


class NoticeOutbox(Protocol):
    """Takes notices in the transaction of what they are about."""

    def enqueue(self, tx: sqlite3.Connection, notification: Notification) -> int:
        """Write one notice; it goes out once the transaction is committed."""
        ...


class RepairJournal:
    """The rows of all repairs.

    Args:
        mask: takes secrets out of evidence.
    """

    def __init__(
        self,
        *,
        db: Database,
        outbox: NoticeOutbox,
        bus: EventBus,
        mask: Callable[[Mapping[str, Fact]], Mapping[str, Fact]],
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._bus = bus
        self._mask = mask

    async def begin_run(self, run: RunRecord, budget: Budget) -> None:
        """Write a run that begins.

        Raises:
            StorageError, StorageOverloaded: nothing was written.
        """

        def job(tx: sqlite3.Connection) -> None:
            store.begin_run(tx, run)
            store.save_budget(tx, budget)

        await self._db.run(job)

    async def save_step(self, run_id: str, step: StepRecord, budget: Budget | None = None) -> None:
        """Write a step, before it acts or after it.

        Args:
            budget: given when the step restarts something.

        Raises:
            StorageError, StorageOverloaded: nothing was written.
        """
        masked = replace(
            step,
            params=self._mask(step.params),
            evidence=self._mask(step.evidence),
            proof=self._masked(step.proof),
        )

        def job(tx: sqlite3.Connection) -> None:
            store.save_step(tx, run_id, masked)
            if budget is not None:
                store.save_budget(tx, budget)

        await self._db.run(job)

    async def end_run(self, run: RunRecord, budget: Budget, notice: Notification | None) -> None:
        """Write how a run ended, with what is told of it.

        Raises:
            StorageError, StorageOverloaded: nothing was written.
        """
        masked = replace(run, before=self._masked(run.before), after=self._masked(run.after))

        def job(tx: sqlite3.Connection) -> None:
            store.end_run(tx, masked)
            store.save_budget(tx, budget)
            if notice is not None:
                self._outbox.enqueue(tx, notice)

        await self._db.run(job)
        if notice is not None:
            self._bus.publish(NotificationsEnqueued())

    async def save_budget(self, budget: Budget, notice: Notification | None = None) -> None:
        """Write what is left of a budget, with what is told at the same time.

        Raises:
            StorageError, StorageOverloaded: nothing was written.
        """

        def job(tx: sqlite3.Connection) -> None:
            store.save_budget(tx, budget)
            if notice is not None:
                self._outbox.enqueue(tx, notice)

        await self._db.run(job)
        if notice is not None:
            self._bus.publish(NotificationsEnqueued())

    async def close_cut_off(
        self, at: datetime, notice_of: Callable[[RunRecord], Notification]
    ) -> list[RunRecord]:
        """Mark the runs that the last console left in the middle, and tell of each; returns them.

        Raises:
            StorageError, StorageOverloaded: nothing was written.
        """

        def job(tx: sqlite3.Connection) -> list[RunRecord]:
            reason = Reason("console_ended")
            found = [
                replace(run, ended_at=at, outcome=RunOutcome.INTERRUPTED, reason=reason)
                for run in store.open_runs(tx)
            ]
            for run in found:
                store.end_run(tx, run)
                self._outbox.enqueue(tx, notice_of(run))
            return found

        found = await self._db.run(job)
        if found:
            self._bus.publish(NotificationsEnqueued())
        return found

    async def budgets(self) -> Sequence[Budget]:
        """Return what is left of every service's budget."""
        return await store.budgets(self._db)

    async def latest_runs(self) -> Sequence[RunRecord]:
        """Return the newest run of each service, without its steps."""
        return await store.latest_runs(self._db)

    async def runs(self, service: str | None, *, limit: int) -> Sequence[RunRecord]:
        """Return runs with their steps, newest first; None = of all services."""
        return await store.runs(self._db, service, limit=limit)

    def _masked(self, seen: CheckSeen | None) -> CheckSeen | None:
        if seen is None:
            return None
        return replace(seen, params=self._mask(seen.params), evidence=self._mask(seen.evidence))
