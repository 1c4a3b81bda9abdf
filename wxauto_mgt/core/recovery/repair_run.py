"""One run of a service's ladder: step by step, each proved by the service's check, all written as it happens.

Owns the order of row, act, proof and undo. The recoverer makes it, and runs it as a supervised task.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.recovery.actions.contract import AnyAction, RepairOutcome, RepairResult
from wxauto_mgt.core.recovery.bounded_action import Act, BoundedActions
from wxauto_mgt.core.recovery.journal import RepairJournal
from wxauto_mgt.core.recovery.model import (
    MANUAL,
    CheckSeen,
    Reason,
    RecoveryStep,
    RunOutcome,
    RunRecord,
    StepRecord,
    Undone,
)
from wxauto_mgt.core.recovery.store import Budget
from wxauto_mgt.errors import StorageError, StorageOverloaded, UnknownService
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints

_log = logging.getLogger(__name__)

PRECONDITION_S: Final = 10.0
PROOF_PAUSE_S: Final = 0.5


@dataclass(frozen=True)
class PlannedStep:
    """One tier of the ladder, ready to run."""

    position: int
    action: AnyAction
    timeout_s: float


@dataclass(frozen=True)
class Ending:
    """How a run ends, and why."""

    outcome: RunOutcome
    reason: Reason


@dataclass(frozen=True)
class RunSurroundings:
    """What a run needs of others.

    Attributes:
        check: looks at the service once; the result is on the board too.
        against_going_on: why no further step may be taken; None when it may.
        restarting: told when a step is about to restart something; returns the budget to be written with it.
    """

    clock: Clock
    bus: EventBus
    faults: FaultPoints
    journal: RepairJournal
    actions: BoundedActions
    check: Callable[[], Awaitable[CheckResult]]
    against_going_on: Callable[[], Reason | None]
    restarting: Callable[[], Budget]
    proof_pause_s: float = PROOF_PAUSE_S


class RepairRun:
    """Climbs one ladder once.

    Attributes:
        record: what is known of the run so far, steps left out.
    """

    def __init__(
        self, *, record: RunRecord, steps: Sequence[PlannedStep], surroundings: RunSurroundings
    ) -> None:
        self.record = record
        self._steps = steps
        self._around = surroundings
        self._open_step: StepRecord | None = None

    async def climb(self) -> Ending:
        """Take steps until the service's check passes, the ladder ends, or something is against it.

        Raises nothing but a cancellation.
        """
        try:
            return await self._climb()
        except UnknownService:
            return Ending(RunOutcome.STOPPED, Reason("service_gone"))
        except (StorageError, StorageOverloaded) as error:
            # Nothing is done that is not written first.
            _log.warning("repair stopped, the journal cannot be written: %s", error, extra=self._facts())
            return Ending(RunOutcome.STOPPED, Reason("journal_not_written", {"cause": error.code}))
        except Exception as error:  # noqa: BLE001 - a run must end in the journal, whatever broke
            _log.exception("repair crashed", extra=self._facts())
            return Ending(RunOutcome.NOT_RECOVERED, Reason("run_crashed", {"kind": type(error).__name__}))

    async def note_cancelled_step(self) -> None:
        """Write that the step under way was cut off; does nothing when none is.

        Raises:
            StorageError, StorageOverloaded: it was not written.
        """
        step, self._open_step = self._open_step, None
        if step is not None:
            unknown = RepairOutcome.UNKNOWN
            now = self._around.clock.now()
            await self._around.journal.save_step(
                self.record.id, replace(step, ended_at=now, outcome=unknown, reason_code="cancelled")
            )

    async def _climb(self) -> Ending:
        found = await self._look()
        self.record = replace(self.record, before=self.record.after)
        if found.outcome is Outcome.UNKNOWN and self.record.trigger != MANUAL:
            return Ending(RunOutcome.STOPPED, _why_unknown(found))
        acted = ""
        for step in self._steps:
            if passes(found):
                return _well("")
            against = _parent_down(found) or self._around.against_going_on()
            if against is not None:
                return Ending(RunOutcome.STOPPED, against)
            result, found = await self._take(step, found)
            has_effect = result.outcome in (RepairOutcome.DONE, RepairOutcome.UNKNOWN)
            if step.action.ACTS:
                helped = step.action.TYPE if has_effect else ""
                acted = helped or acted
            else:
                helped = acted  # looking and waiting mend nothing: what came before them did
            if passes(found):
                return _well(helped)
        if passes(found):
            return _well("")
        return Ending(RunOutcome.NOT_RECOVERED, Reason("ladder_ended", {"steps": len(self._steps)}))

    async def _take(self, step: PlannedStep, found: CheckResult) -> tuple[RepairResult, CheckResult]:
        """Take one step; returns what it did and what the check found last."""
        obstacle = await self._call(step.action.precondition, PRECONDITION_S)
        began = self._began(step)
        if obstacle is not None:
            await self._write_end(replace(began, proof=self.record.after), obstacle)
            self._publish(step, obstacle.outcome)
            return obstacle, found
        budget = self._around.restarting() if step.action.IS_RESTART else None
        await self._around.journal.save_step(self.record.id, began, budget)
        self._open_step = began
        self._around.faults.reach("recovery.step_committed")
        self._publish(step, None)
        result = await self._call(step.action.run, step.timeout_s) or RepairResult.unknown("no_result")
        self._around.faults.reach("recovery.acted")
        # What certainly did nothing is not waited for.
        proved_within_s = 0.0 if result.outcome is RepairOutcome.FAILED else step.action.PROVED_WITHIN_S
        found = await self._prove(proved_within_s)
        began = replace(began, proof=self.record.after)
        if not passes(found) and result.outcome is not RepairOutcome.NOT_APPLICABLE:
            began = replace(began, undone=await self._undo(step))
        await self._write_end(began, result)
        self._open_step = None
        self._publish(step, result.outcome)
        _log.info(
            "repair step %s: %s (%s)",
            step.action.TYPE,
            result.outcome.value,
            result.reason_code,
            extra=self._facts(),
        )
        return result, found

    async def _prove(self, within_s: float) -> CheckResult:
        """Look until the check passes, or the time for it is over; at least once."""
        clock = self._around.clock
        until_s = clock.monotonic() + within_s
        while True:
            found = await self._look()
            left_s = until_s - clock.monotonic()
            if passes(found) or left_s <= 0:
                return found
            await clock.sleep(min(self._around.proof_pause_s, left_s))

    async def _undo(self, step: PlannedStep) -> Undone | None:
        taken_back = await self._call(step.action.undo, step.timeout_s)
        if taken_back is None:
            return None
        return Undone(taken_back.outcome.value, taken_back.reason_code, dict(taken_back.params))

    async def _look(self) -> CheckResult:
        found = await self._around.check()
        at = self._around.clock.now()
        seen = CheckSeen(found.outcome.value, found.reason_code, dict(found.params), dict(found.evidence), at)
        self.record = replace(self.record, after=seen)
        return found

    async def _call(self, act: Act, timeout_s: float) -> RepairResult | None:
        return await self._around.actions.call(self.record.service, act, timeout_s=timeout_s)

    def _began(self, step: PlannedStep) -> StepRecord:
        return StepRecord(
            position=step.position,
            action=step.action.TYPE,
            began_at=self._around.clock.now(),
            ended_at=None,
            outcome=None,
            reason_code="",
            params={},
            evidence={},
            proof=None,
        )

    async def _write_end(self, step: StepRecord, result: RepairResult) -> None:
        await self._around.journal.save_step(
            self.record.id,
            replace(
                step,
                ended_at=self._around.clock.now(),
                outcome=result.outcome,
                reason_code=result.reason_code,
                params=dict(result.params),
                evidence=dict(result.evidence),
            ),
        )

    def _publish(self, step: PlannedStep, outcome: RepairOutcome | None) -> None:
        record = self.record
        self._around.bus.publish(
            RecoveryStep(record.id, record.service, step.position, step.action.TYPE, outcome)
        )

    def _facts(self) -> dict[str, str]:
        return {"service_id": self.record.service, "recovery_id": self.record.id}


def passes(result: CheckResult) -> bool:
    """Whether a check says that the service works; a degraded one does."""
    return result.outcome in (Outcome.OK, Outcome.DEGRADED)


def _well(helped: str) -> Ending:
    if helped:
        return Ending(RunOutcome.RECOVERED, Reason("step_helped", {"action": helped}))
    return Ending(RunOutcome.RECOVERED_BY_ITSELF, Reason("check_passed"))


def _parent_down(found: CheckResult) -> Reason | None:
    return _why_unknown(found) if found.reason_code == "parent_down" else None


def _why_unknown(found: CheckResult) -> Reason:
    if found.reason_code == "parent_down":
        return Reason("parent_down", dict(found.params))
    return Reason("not_measured")
