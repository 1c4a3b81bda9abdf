"""A recoverer over a real journal, with services and actions that a test steers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from tests.waiting import eventually
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.monitoring.checks.contract import (
    CheckRecorded,
    CheckResult,
    CheckStatus,
    Outcome,
    ServiceHealth,
)
from wxauto_mgt.core.monitoring.services.model import RepairSpec
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.core.recovery.actions.built_in import BUILT_IN
from wxauto_mgt.core.recovery.actions.contract import RepairAction, RepairContext, RepairResult
from wxauto_mgt.core.recovery.actions.types import RepairTypes
from wxauto_mgt.core.recovery.journal import RepairJournal
from wxauto_mgt.core.recovery.ladder import LadderLimits
from wxauto_mgt.core.recovery.model import RunRecord
from wxauto_mgt.core.recovery.recoverer import Recoverer
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock, SystemClock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import LoopFailure, Supervisor
from wxauto_mgt.storage.database import Database

SECRET = "a-very-secret-value"
FAST = LadderLimits(restart_cooldown_s=0.0, start_grace_s=0.0, runs_at_most=1000)


class Nothing(ConfigModel):
    """No fields."""


class ScriptedAction(RepairAction[Nothing]):
    """Does what the test put under its type."""

    CONFIG: ClassVar[type[ConfigModel]] = Nothing
    PROVED_WITHIN_S: ClassVar[float] = 0.0

    async def run(self) -> RepairResult:
        world = cast("World", self.context.data_dir)
        return await world.act(self.TYPE, self.context.service)

    async def undo(self) -> RepairResult | None:
        world = cast("World", self.context.data_dir)
        undo = world.undos.get(self.TYPE)
        return None if undo is None else await undo()


class First(ScriptedAction):
    TYPE = "first"


class Second(ScriptedAction):
    TYPE = "second"


class Restarting(ScriptedAction):
    TYPE = "restarting"
    IS_RESTART = True


class World:
    """The services, and what their repairs do to them."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {"tts": Outcome.FAILED}
        self.ladders: dict[str, tuple[str, ...]] = {"tts": ("first", "second")}
        self.scripts: dict[str, Callable[[], Awaitable[RepairResult]]] = {}
        self.undos: dict[str, Callable[[], Awaitable[RepairResult]]] = {}
        self.acted: list[str] = []
        self.touched_while_well: list[str] = []
        self.acting: dict[str, int] = {}
        self.most_at_once = 0
        self.parents: dict[str, str] = {}
        self.windows: dict[str, str] = {}
        self.stopped: set[str] = set()
        self.blocked: dict[str, str] = {}
        self.clock: Clock = SystemClock()
        self.timeout_s: float | None = None
        self.check_params: dict[str, Fact] = {}

    def ids(self) -> Sequence[str]:
        return tuple(self.outcomes)

    def ladder(self, service: str) -> Sequence[RepairSpec]:
        return [RepairSpec(name, Nothing(), self.timeout_s) for name in self.ladders.get(service, ())]

    def context(self, service: str) -> RepairContext:
        nothing: Any = None
        return RepairContext(
            service=service,
            port=None,
            clock=self.clock,
            data_dir=cast("Path", self),
            config=nothing,
            instances=nothing,
            platforms=nothing,
            listener=nothing,
            processes=nothing,
            check=lambda: self.check(service),
            notify=nothing,
        )

    def parent_down(self, service: str) -> str | None:
        return self.parents.get(service)

    def maintenance(self, service: str) -> str | None:
        return self.windows.get(service)

    def is_stopped_by_person(self, service: str) -> bool:
        return service in self.stopped

    def blocked_by(self, service: str) -> str | None:
        return self.blocked.get(service)

    async def check(self, service: str) -> CheckResult:
        await asyncio.sleep(0)
        return CheckResult(self.outcomes[service], "http_answers", {"status": 200, **self.check_params})

    async def act(self, action: str, service: str) -> RepairResult:
        self.acted.append(action)
        if self.outcomes[service] is not Outcome.FAILED:
            self.touched_while_well.append(action)
        self.acting[service] = self.acting.get(service, 0) + 1
        self.most_at_once = max(self.most_at_once, self.acting[service])
        try:
            script = self.scripts.get(action)
            return RepairResult.done("person_told") if script is None else await script()
        finally:
            self.acting[service] -= 1

    def mends(self, service: str = "tts") -> Callable[[], Awaitable[RepairResult]]:
        async def mend() -> RepairResult:
            self.outcomes[service] = Outcome.OK
            return RepairResult.done("person_told", evidence={"token": SECRET, "seen": f"it was {SECRET}"})

        return mend


class Workshop:
    """One console's repairs, without the console."""

    def __init__(self, db: Database, world: World, limits: LadderLimits = FAST) -> None:
        self.db = db
        self.world = world
        self.limits = limits
        self.clock = world.clock
        self.bus = EventBus()
        self.events: list[object] = []
        self.failures: list[LoopFailure] = []
        self.supervisor = Supervisor(clock=self.clock, on_failure=self.failures.append)
        redactor = Redactor()
        redactor.add_secret(SECRET)
        self.audit = AuditLog(db=db, clock=self.clock, redactor=redactor)

        def mask(facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
            return cast("Mapping[str, Fact]", redactor.redact_mapping(facts))

        self.journal = RepairJournal(
            db=db, outbox=Outbox(db=db, clock=self.clock, bus=self.bus), bus=self.bus, mask=mask
        )
        self.recoverer = Recoverer(
            clock=self.clock,
            bus=self.bus,
            supervisor=self.supervisor,
            faults=FaultPoints(None),
            journal=self.journal,
            audit=self.audit,
            services=world,
            types=RepairTypes((*BUILT_IN, First, Second, Restarting)),
            limits=lambda: self.limits,
            proof_pause_s=0.01,
        )

    async def found(self, outcome: Outcome, service: str = "tts", *, times: int = 1) -> None:
        """As if the scheduled check had come to a result."""
        for _ in range(times):
            health = ServiceHealth(id=service, status=CheckStatus.UNKNOWN)
            self.bus.publish(CheckRecorded(health, CheckResult(outcome, "http_answers"), self.clock.now()))
            await asyncio.sleep(0)

    async def ended(self, count: int = 1) -> list[RunRecord]:
        """Wait until so many runs have an end; returns them, newest first."""

        async def all_ended() -> list[RunRecord]:
            runs = list(await self.recoverer.runs())
            is_over = len(runs) >= count and all(run.outcome is not None for run in runs)
            return runs if is_over else []

        found: list[RunRecord] = await eventually(all_ended)
        return found

    async def notices(self) -> list[tuple[str, str, int]]:
        """Kind, title and level of each notice, oldest first."""
        rows = await self.db.fetch_all("SELECT kind, title, level FROM notification ORDER BY id")
        return [(row["kind"], row["title"], row["level"]) for row in rows]

    async def close(self) -> None:
        await self.recoverer.close()
        alive = await self.supervisor.stop()
        if alive:
            logging.getLogger(__name__).info("left: %s", alive)


def moment(at: datetime | None) -> datetime:
    assert at is not None
    return at
