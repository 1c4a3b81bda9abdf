"""Repairs services by their ladders: hears of every check, asks the ladder, runs what it allows.

Owns the runs under way, one at a time for each service. The composition root starts it; the facade asks it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.monitoring.checks.contract import CheckRecorded
from wxauto_mgt.core.recovery.actions.contract import AnyAction
from wxauto_mgt.core.recovery.actions.types import RepairTypes
from wxauto_mgt.core.recovery.books import RepairBooks
from wxauto_mgt.core.recovery.bounded_action import LETS_GO_WITHIN_S, BoundedActions
from wxauto_mgt.core.recovery.journal import RepairJournal
from wxauto_mgt.core.recovery.ladder import Around, LadderLimits, RepairLadder, Run, Seen
from wxauto_mgt.core.recovery.model import (
    FAILURES,
    HEARTBEAT_WHO,
    MANUAL,
    DryRun,
    DryStep,
    Reason,
    RecoveryFinished,
    RecoveryStarted,
    RunOutcome,
    RunRecord,
    ServiceRecovery,
)
from wxauto_mgt.core.recovery.repair_run import (
    PRECONDITION_S,
    PROOF_PAUSE_S,
    Ending,
    PlannedStep,
    RepairRun,
    RunSurroundings,
)
from wxauto_mgt.core.recovery.repairable import RepairableServices
from wxauto_mgt.errors import (
    ConsoleError,
    PermanentError,
    RecoveryRunning,
    StorageError,
    StorageOverloaded,
    UnknownService,
)
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat, Supervisor

_log = logging.getLogger(__name__)

RECOVERY: Final = "recovery"
RUN_TASK: Final = "recovery_run"
LOOKED_EVERY_S: Final = 1.0
CANCELLED_WITHIN_S: Final = 2 * LETS_GO_WITHIN_S + 2.0


@dataclass(eq=False)
class _UnderWay:
    """A run and its task."""

    run: RepairRun
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    opening_error: ConsoleError | None = None
    cancelled_by: str = ""
    task: asyncio.Task[None] | None = None


class Recoverer:
    """All repairs of one console. Use it on the loop's thread.

    Args:
        limits: asked each time, so that an edit is in force at once.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        bus: EventBus,
        supervisor: Supervisor,
        faults: FaultPoints,
        journal: RepairJournal,
        audit: AuditLog,
        services: RepairableServices,
        types: RepairTypes,
        limits: Callable[[], LadderLimits],
        proof_pause_s: float = PROOF_PAUSE_S,
    ) -> None:
        self._clock = clock
        self._bus = bus
        self._supervisor = supervisor
        self._faults = faults
        self._journal = journal
        self._audit = audit
        self._services = services
        self._types = types
        self._limits = limits
        self._proof_pause_s = proof_pause_s
        self._ladder = RepairLadder(limits=limits, now_s=clock.monotonic())
        self._books = RepairBooks(clock=clock, journal=journal, ladder=self._ladder)
        self._actions = BoundedActions(supervisor=supervisor)
        self._under_way: dict[str, _UnderWay] = {}
        self._is_journal_failing = False
        self._wake = Alarm()
        self._is_closed = False
        self._unsubscribe: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Take over what the last console left, and hear of checks from now on.

        Raises:
            StorageError, StorageOverloaded: the journal cannot be read or written.
        """
        await self._books.open()
        self._unsubscribe = self._bus.subscribe(CheckRecorded, self._checked)

    async def run(self, beat: Beat) -> None:
        """Do what time alone makes due, until cancelled."""
        while True:
            beat()
            await self.look()
            await self._wake.wait(LOOKED_EVERY_S)

    async def look(self) -> None:
        """Begin what is due, write what is not written yet."""
        # While nothing is checked, what was seen before says nothing of now.
        measured = set(self._services.ids()) if self._limits().is_enabled else set()
        self._ladder.measured_only(measured)
        for service in measured:
            self._begin_if_due(service)
        await self._books.catch_up(under_way=self._under_way.keys())

    async def close(self) -> None:
        """Begin nothing more; cancel the runs under way and see them into the journal. Bounded."""
        self._is_closed = True
        self._unsubscribe()
        async with asyncio.TaskGroup() as ending:
            for service in tuple(self._under_way):
                ending.create_task(self._cancel(service, "console"))
        await self._books.catch_up(under_way=self._under_way.keys())

    async def trigger(self, service: str, *, reason: str = MANUAL, who: str) -> RunRecord:
        """Begin a run; returns once it stands in the journal.

        Args:
            reason: `manual` skips threshold, cool-down, budget and rate; `alert:RULE` the threshold only.

        Raises:
            UnknownService: no such service is watched.
            RecoveryRunning: a run of it is under way.
            PermanentError: it has no repairs, or (for an alert) something is against it.
            StorageError, StorageOverloaded: the journal cannot be written, so nothing was done.
        """
        self._require(service)
        if reason != MANUAL:
            now_s = self._clock.monotonic()
            verdict = self._ladder.verdict(service, self._around(service), now_s, trigger=reason)
            if not verdict.may_begin:
                raise PermanentError("recovery_held_back", service=service, why=verdict.reason.code)
        under_way = self._begin(service, reason, who)
        await under_way.opened.wait()
        if under_way.opening_error is not None:
            raise under_way.opening_error
        return under_way.run.record

    async def dry_run(self, service: str) -> DryRun:
        """Tell what a run would do now; acts on nothing.

        Raises:
            UnknownService: no such service is watched.
        """
        self._require(service)
        steps = [await self._dry_step(service, step) for step in self._plan(service)]
        recovery = self.of_service(service)
        return DryRun(service, recovery.state, recovery.why, tuple(steps))

    async def cancel(self, service: str, *, who: str) -> bool:
        """End the run under way, within bounds; False when there is none.

        Raises:
            UnknownService: no such service is watched.
        """
        if service not in self._under_way:
            self._require(service)
            return False
        await self._audit.note(who, "recovery.cancel", f"service {service}")
        await self._cancel(service, who)
        return True

    def status(self) -> Mapping[str, ServiceRecovery]:
        """Return where the repairs of every service stand, by id."""
        return {service: self.of_service(service) for service in sorted(self._services.ids())}

    def of_service(self, service: str) -> ServiceRecovery:
        """Return where the repairs of one service stand."""
        now_s, around = self._clock.monotonic(), self._around(service)
        return ServiceRecovery(
            state=self._ladder.state(service, now_s),
            attempts=self._ladder.standing(service).attempts,
            why=self._ladder.verdict(service, around, now_s).reason,
            last=self._books.last(service),
            has_repairs=around.has_repairs,
        )

    async def runs(self, service: str | None = None, *, limit: int = 50) -> Sequence[RunRecord]:
        """Return the journal, newest first; None = of all services."""
        return await self._journal.runs(service, limit=limit)

    @property
    def limits(self) -> LadderLimits:
        """What is in force."""
        return self._limits()

    def _checked(self, event: CheckRecorded) -> None:
        service = event.health.id
        self._ladder.checked(service, event.result.outcome, self._clock.monotonic())
        self._begin_if_due(service)

    def _begin_if_due(self, service: str) -> None:
        if self._is_closed or service in self._under_way:
            return
        if self._ladder.standing(service).seen is not Seen.FAILING:
            return
        verdict = self._ladder.verdict(service, self._around(service), self._clock.monotonic())
        if verdict.may_begin:
            self._begin(service, FAILURES, HEARTBEAT_WHO)

    def _begin(self, service: str, trigger: str, who: str) -> _UnderWay:
        if self._is_closed:
            raise PermanentError("recovery_closed", service=service)
        if service in self._under_way:
            # Also while its end is being written, which the ladder no longer counts as running.
            raise RecoveryRunning("recovery_running", service=service)
        run_id, steps = uuid.uuid4().hex, self._plan(service)
        standing = self._ladder.begin(
            service, Run(run_id, trigger), self._around(service), self._clock.monotonic()
        )
        record = RunRecord(
            id=run_id,
            service=service,
            trigger=trigger,
            who=who,
            attempt=standing.attempts,
            began_at=self._clock.now(),
        )
        run = RepairRun(record=record, steps=steps, surroundings=self._surroundings(service))
        under_way = self._under_way[service] = _UnderWay(run)
        under_way.task = self._supervisor.spawn(f"{RUN_TASK}:{service}", self._carry_out(under_way))
        return under_way

    def _surroundings(self, service: str) -> RunSurroundings:
        return RunSurroundings(
            clock=self._clock,
            bus=self._bus,
            faults=self._faults,
            journal=self._journal,
            actions=self._actions,
            check=lambda: self._services.check(service),
            against_going_on=lambda: self._ladder.against_going_on(service, self._around(service)),
            restarting=lambda: self._books.restarting(service),
            proof_pause_s=self._proof_pause_s,
        )

    def _plan(self, service: str) -> list[PlannedStep]:
        context = self._services.context(service)
        steps = []
        for position, spec in enumerate(self._services.ladder(service), start=1):
            action_class = self._types.get(spec.action)
            if action_class is None:
                _log.warning("repair action is not installed: %s", spec.action, extra={"service_id": service})
                continue
            action: AnyAction = action_class(spec.config, context)
            steps.append(PlannedStep(position, action, spec.timeout_s or action.TIMEOUT_S))
        return steps

    async def _dry_step(self, service: str, step: PlannedStep) -> DryStep:
        asked = await self._actions.call(
            f"{service}:dry_run", step.action.precondition, timeout_s=PRECONDITION_S
        )
        obstacle = None if asked is None else Reason(asked.reason_code, dict(asked.params))
        shown = None
        if obstacle is None:
            shown = await self._actions.call(
                f"{service}:preview", step.action.preview, timeout_s=PRECONDITION_S
            )
        return DryStep(
            position=step.position,
            action=step.action.TYPE,
            timeout_s=step.timeout_s,
            is_restart=step.action.IS_RESTART,
            obstacle=obstacle,
            preview=None if shown is None else Reason(shown.reason_code, dict(shown.params)),
            preview_evidence={} if shown is None else dict(shown.evidence),
        )

    async def _carry_out(self, under_way: _UnderWay) -> None:
        """From the first row to the last; whatever happens, the service is free again afterwards."""
        service = under_way.run.record.service
        try:
            if await self._open_run(under_way):
                await self._finish(under_way.run, await under_way.run.climb())
        except asyncio.CancelledError:
            try:
                await under_way.run.note_cancelled_step()
            except (StorageError, StorageOverloaded) as error:
                _log.warning("the end of a repair step is not written: %s", error)
            reason = Reason("cancelled", {"who": under_way.cancelled_by})
            await self._finish(under_way.run, Ending(RunOutcome.CANCELLED, reason))
            raise
        finally:
            del self._under_way[service]
            if self._ladder.standing(service).run is not None:
                self._ladder.end(service, RunOutcome.CANCELLED, self._clock.monotonic())
            under_way.opened.set()
            under_way.ended.set()
            self._wake.ring()

    async def _open_run(self, under_way: _UnderWay) -> bool:
        record = under_way.run.record
        try:
            await self._books.begin(record)
        except (StorageError, StorageOverloaded) as error:
            # A full disk lasts, and is met again at each check.
            level = logging.DEBUG if self._is_journal_failing else logging.WARNING
            self._is_journal_failing = True
            _log.log(level, "no repair, the journal cannot be written: %s", error)
            under_way.opening_error = error
            self._ladder.withdraw(record.service)
            return False
        self._is_journal_failing = False
        under_way.opened.set()
        self._bus.publish(RecoveryStarted(record.id, record.service, record.trigger, record.attempt))
        facts = {"service_id": record.service, "recovery_id": record.id}
        _log.info("repair begins: %s, attempt %d", record.service, record.attempt, extra=facts)
        await self._audit.note(
            record.who, "recovery.begin", f"service {record.service}", {"trigger": record.trigger}
        )
        return True

    async def _finish(self, run: RepairRun, ending: Ending) -> None:
        run.record = replace(
            run.record, ended_at=self._clock.now(), outcome=ending.outcome, reason=ending.reason
        )
        service = run.record.service
        self._ladder.end(service, ending.outcome, self._clock.monotonic())
        await self._books.end(run.record, self._limits())
        self._bus.publish(RecoveryFinished(run.record.id, service, ending.outcome))
        level = logging.WARNING if ending.outcome is RunOutcome.NOT_RECOVERED else logging.INFO
        facts = {"service_id": service, "recovery_id": run.record.id, "reason_code": ending.reason.code}
        _log.log(level, "repair ended: %s, %s", service, ending.outcome.value, extra=facts)

    async def _cancel(self, service: str, who: str) -> None:
        under_way = self._under_way.get(service)
        if under_way is None or under_way.task is None:
            return
        if not under_way.cancelled_by:
            # Once: a second cancellation would cut off the writing of the end.
            under_way.cancelled_by = who
            under_way.task.cancel()
        try:
            async with asyncio.timeout(CANCELLED_WITHIN_S):
                await under_way.ended.wait()
        except TimeoutError:
            _log.warning("a repair does not end: %s", service, extra={"service_id": service})

    def _around(self, service: str) -> Around:
        return Around(
            has_repairs=bool(self._services.ladder(service)),
            parent_down=self._services.parent_down(service),
            maintenance=self._services.maintenance(service),
            is_stopped_by_person=self._services.is_stopped_by_person(service),
            blocked_by=self._services.blocked_by(service),
            is_lingering=self._actions.is_lingering(service),
        )

    def _require(self, service: str) -> None:
        known = self._services.ids()
        if service not in known:
            raise UnknownService("unknown_service", service=service, known=", ".join(sorted(known)))
