"""Builds what is remembered of monitored services: figures, newest checks, uptime; and the calls about them.

One part of the composition root; the application starts and closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from wxauto_mgt.api.answers import Answers
from wxauto_mgt.api.service_calls import ServiceCalls
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.requests import request_metrics
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import CheckRecorded
from wxauto_mgt.core.monitoring.services.history import ServiceHistory
from wxauto_mgt.core.monitoring.services.outcomes import ServiceOutcomes
from wxauto_mgt.core.recovery.heartbeat import Heartbeat
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor

SERVICE_HISTORY: Final = "service_history"


class ServiceRecords:
    """Outcomes and history of the services of one application.

    Attributes:
        outcomes: where the console's own calls are reported and others' are pushed.
    """

    def __init__(self, *, ground: Ground, bus: EventBus, known: Callable[[], Collection[str]]) -> None:
        self._ground = ground
        self._bus = bus
        self._pushed = CallMetrics(clock=ground.clock)
        self.outcomes = ServiceOutcomes(clock=ground.clock, known=known, on_pushed=self._pushed.record)
        self.history = ServiceHistory(telemetry=ground.telemetry, clock=ground.clock, outcomes=self.outcomes)
        self._unsubscribe: tuple[Callable[[], None], ...] = ()

    def measure(self, registry: MetricRegistry) -> None:
        """Have the pushed outcomes of the last minutes among the metrics."""
        registry.add_collector(lambda: request_metrics(self._pushed))

    async def start(self, supervisor: Supervisor) -> None:
        """Go on where earlier runs ended, and remember from now on; before anything is checked."""
        await self.history.open()
        subscribe = self._bus.subscribe
        self._unsubscribe = (
            subscribe(CheckRecorded, self.outcomes.checked),
            subscribe(CheckRecorded, self.history.take),
        )
        supervisor.start(SERVICE_HISTORY, self.history.run)

    def answers(self, *, board: CheckBoard, heartbeat: Heartbeat) -> Answers:
        """What `monitor_api` is asked about services."""
        return ServiceCalls(
            board=board,
            heartbeat=heartbeat,
            outcomes=self.outcomes,
            history=self.history,
            audit=self._ground.audit,
            texts=self._ground.catalogue,
        ).answers()

    async def close(self) -> None:
        """Store what came last."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        await self.history.write()
