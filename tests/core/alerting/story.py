"""A console's alerting on a clock that tests move; notices come out of the real outbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.alerting.conditions import Reading
from wxauto_mgt.core.alerting.engine import AlertEngine
from wxauto_mgt.core.alerting.model import AlertRule, AlertState, Labels, RepairWanted, labels_of
from wxauto_mgt.core.alerting.settings import AlertsSettings
from wxauto_mgt.core.notifications.outbox import Outbox
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.storage.database import Database

INTERVAL_S = 10.0


class JumpingClock(FakeClock):
    """Its wall clock can be set to another time, as people and time servers do."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = timedelta()

    def now(self) -> datetime:
        return super().now() + self.offset


class Figures:
    """What the rules look at; every evaluation finds it measured anew, unless the measuring stopped."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._values: dict[str, dict[Labels, tuple[float, int | None]]] = {}
        self.frozen_at: datetime | None = None
        self.rates: dict[str, float | None] = {}
        self.deviations: dict[str, float | None] = {}

    def put(self, metric: str, value: float, *, count: int | None = None, **labels: str) -> None:
        self._values.setdefault(metric, {})[labels_of(labels)] = (value, count)

    def drop(self, metric: str, **labels: str) -> None:
        del self._values[metric][labels_of(labels)]

    def readings(self, metric_name: str) -> Sequence[Reading]:
        at = (self.frozen_at or self._clock.now()).timestamp()
        found = self._values.get(metric_name, {})
        return [Reading(labels, value, at, count) for labels, (value, count) in found.items()]

    def rise_per_s(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        return self.rates.get(metric_name)

    def deviation(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        return self.deviations.get(metric_name)


class Story:
    """One console after the other over the same database."""

    def __init__(self, db: Database, *rules: AlertRule, settings: AlertsSettings | None = None) -> None:
        self.db = db
        self.clock = JumpingClock()
        self.figures = Figures(self.clock)
        self.rules: dict[str, AlertRule] = {rule.id: rule for rule in rules}
        self.settings = settings or AlertsSettings(group_wait_s=0, group_interval_s=0)
        self.repairs: list[RepairWanted] = []
        self._read_up_to = 0
        self._at_s = 0.0
        self.engine = self._new_engine()

    async def begin(self) -> Story:
        await self.engine.open()
        return self

    async def until(self, at_s: float) -> list[str]:
        """Evaluate every ten seconds until then; returns the notices of that time, as `kind key`."""
        while self._at_s < at_s:
            self._at_s += INTERVAL_S
            await self.clock.advance(INTERVAL_S)
            await self.engine.evaluate()
        return await self.notices()

    async def restart(self, *, after_s: float = 0.0, is_crash: bool = False) -> None:
        if not is_crash:
            await self.engine.close()
        await self.clock.advance(after_s)
        self.engine = self._new_engine()
        await self.engine.open()

    async def notices(self) -> list[str]:
        rows = await self.db.fetch_all(
            "SELECT id, kind, key, params FROM notification WHERE id > ? ORDER BY id", (self._read_up_to,)
        )
        if rows:
            self._read_up_to = rows[-1]["id"]
        return [f"{row['kind']} {_subject(row['key'], json.loads(row['params']))}" for row in rows]

    def states(self) -> list[tuple[str, AlertState]]:
        return [(alert.rule, alert.state) for alert in self.engine.active()]

    def _new_engine(self) -> AlertEngine:
        return AlertEngine(
            db=self.db,
            clock=self.clock,
            source=self.figures,
            rules=lambda: self.rules,
            settings=lambda: self.settings,
            measured_every_s=lambda: INTERVAL_S,
            outbox=Outbox(db=self.db, clock=self.clock, bus=EventBus()),
            on_notices=lambda: None,
            on_repair_wanted=self.repairs.append,
            faults=FaultPoints(None),
        )


def _subject(key: str, params: Mapping[str, object]) -> str:
    rule = key.partition(":")[0]
    return f"{rule} x{params['count']}" if "count" in params else rule
