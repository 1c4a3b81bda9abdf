"""Keeps the journal in step with the ladder: how runs begin and end, and what is left of each budget.

Owns what happens when the journal cannot be written: before an act nothing is done, after it the row is late.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from wxauto_mgt.core.recovery import notices
from wxauto_mgt.core.recovery.journal import RepairJournal
from wxauto_mgt.core.recovery.ladder import LadderLimits, RepairLadder, Seen
from wxauto_mgt.core.recovery.model import RecoveryState, RunOutcome, RunRecord
from wxauto_mgt.core.recovery.store import Budget
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)


class RepairBooks:
    """The stored side of the ladders of one console."""

    def __init__(self, *, clock: Clock, journal: RepairJournal, ladder: RepairLadder) -> None:
        self._clock = clock
        self._journal = journal
        self._ladder = ladder
        self._budgets: dict[str, Budget] = {}
        self._last: dict[str, RunRecord] = {}
        self._late: list[tuple[RunRecord, bool, int]] = []

    def last(self, service: str) -> RunRecord | None:
        """Return the newest run of a service, without its steps."""
        return self._last.get(service)

    async def open(self) -> None:
        """Mark the runs that the last console left in the middle, and take over what is left of the budgets.

        Raises:
            StorageError, StorageOverloaded: the journal cannot be read or written.
        """
        now, now_s = self._clock.now(), self._clock.monotonic()
        cut_off = await self._journal.close_cut_off(now, lambda run: notices.of_cut_off(run, now))
        for run in cut_off:
            facts = {"service_id": run.service, "recovery_id": run.id}
            _log.warning("a repair was cut off when the console ended: %s", run.service, extra=facts)
        self._last = {run.service: run for run in await self._journal.latest_runs()}
        interrupted = {run.service for run in cut_off}
        for budget in await self._journal.budgets():
            self._budgets[budget.service] = budget
            restarted_at_s = None
            if budget.service in interrupted:
                restarted_at_s = now_s  # nobody knows how far it got: as if it had just been restarted
            elif budget.restarted_at is not None:
                # Wall time is all that is left of it; set back, it must not make the pause longer than whole.
                restarted_at_s = now_s - max(0.0, (now - budget.restarted_at).total_seconds())
            self._ladder.restore(budget.service, attempts=budget.attempts, restarted_at_s=restarted_at_s)

    async def begin(self, run: RunRecord) -> None:
        """Write a run that begins.

        Raises:
            StorageError, StorageOverloaded: it was not written, so nothing must be done.
        """
        budget = self._budget(run.service)
        await self._journal.begin_run(run, budget)
        self._budgets[run.service] = budget
        self._last[run.service] = run

    def restarting(self, service: str) -> Budget:
        """Note that a step is about to restart something; returns what is to be written with the step."""
        self._ladder.restarting(service, self._clock.monotonic())
        self._budgets[service] = replace(self._budget(service), restarted_at=self._clock.now())
        return self._budgets[service]

    async def end(self, run: RunRecord, limits: LadderLimits) -> None:
        """Write how a run ended and what is told of it; later, when the journal does not take it now."""
        self._last[run.service] = run
        is_exhausted = self._ladder.state(run.service, self._clock.monotonic()) is RecoveryState.EXHAUSTED
        await self._write_end(run, is_exhausted, limits.max_attempts)

    async def catch_up(self, *, under_way: Collection[str]) -> None:
        """Write what was late, budgets that came back, and that a service is well of which a person was told.

        Args:
            under_way: services whose run writes for itself.
        """
        late, self._late = self._late, []
        for run, is_exhausted, most in late:
            await self._write_end(run, is_exhausted, most)
        for service, saved in tuple(self._budgets.items()):
            if service in under_way:
                continue
            budget, notice = self._budget(service), None
            if saved.is_told and self._ladder.standing(service).seen is Seen.WELL:
                budget = replace(budget, is_told=False)
                notice = notices.of_health(service, self._clock.now())
            if budget == saved:
                continue
            try:
                await self._journal.save_budget(budget, notice)
            except (StorageError, StorageOverloaded) as error:
                _log.debug("a budget is not written yet: %s", error)
                return
            self._budgets[service] = budget

    async def _write_end(self, run: RunRecord, is_exhausted: bool, most: int) -> None:
        notice = notices.of_end(run, is_exhausted=is_exhausted, most=most, now=self._clock.now())
        budget = self._budget(run.service)
        if run.outcome is RunOutcome.NOT_RECOVERED:
            budget = replace(budget, is_told=True)
        elif run.outcome is RunOutcome.RECOVERED:
            budget = replace(budget, is_told=False)
        try:
            await self._journal.end_run(run, budget, notice)
        except (StorageError, StorageOverloaded) as error:
            _log.debug("the end of a repair waits for the journal: %s", error)
            self._late.append((run, is_exhausted, most))
        else:
            self._budgets[run.service] = budget

    def _budget(self, service: str) -> Budget:
        saved = self._budgets.get(service) or Budget(service)
        return replace(saved, attempts=self._ladder.standing(service).attempts)
