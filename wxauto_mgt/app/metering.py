"""Builds what measures: the registry with everything that the sampler asks, the sampler, the store.

One part of the composition root; the application starts and closes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from wxauto_mgt.api.answers import Answers
from wxauto_mgt.api.metric_calls import ActiveAlerts, MetricCalls
from wxauto_mgt.api.replies import Texts
from wxauto_mgt.core.analysis.performance import PerformanceReader
from wxauto_mgt.core.analysis.store import MessagePathStore
from wxauto_mgt.core.messages.model import MessagesStored
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.loop_lag import LoopLag
from wxauto_mgt.core.metrics.model import Sample, SeriesKey, label_set
from wxauto_mgt.core.metrics.rates import RateOf
from wxauto_mgt.core.metrics.reader import MetricReader
from wxauto_mgt.core.metrics.readings import HostReader
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.requests import request_metrics
from wxauto_mgt.core.metrics.sampler import Sampler, SamplingPolicy
from wxauto_mgt.core.metrics.store import SeriesStore
from wxauto_mgt.core.metrics.task_growth import TaskGrowth
from wxauto_mgt.core.monitoring.facts import MonitoredFacts
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor
from wxauto_mgt.storage.database import Database


class Metering:
    """Registry and sampler of one application.

    Args:
        gauges: metric name -> reading now; None is not measured and leaves a gap.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        bus: EventBus,
        telemetry: Database,
        data_dir: Path,
        calls: CallMetrics,
        gauges: Callable[[], Iterator[tuple[str, float | None]]],
        policy: SamplingPolicy,
    ) -> None:
        self.registry = MetricRegistry(clock=clock, bus=bus)
        self._clock = clock
        self._calls = calls
        self._gauges = gauges
        received = self.registry.counter("messages_received_total")
        self._unsubscribe = bus.subscribe(MessagesStored, lambda stored: received.add(stored.count))
        self._loop_lag = LoopLag(clock=clock)
        self.task_growth = TaskGrowth(clock=clock)
        self.sampler = Sampler(
            clock=clock,
            reader=HostReader(data_folder=data_dir),
            loop_lag=self._loop_lag,
            registry=self.registry,
            store=SeriesStore(telemetry=telemetry),
            policy=policy,
        )
        self._reader = MetricReader(registry=self.registry, sampler=self.sampler)
        self.registry.add_collector(self._read_gauges)
        self.registry.add_collector(self.task_growth.samples)
        self.registry.add_collector(lambda: request_metrics(calls))
        self.registry.add_collector(
            RateOf(name="messages_per_second", total=lambda: received.total, clock=clock)
        )

    def watch(self, facts: MonitoredFacts) -> None:
        """Keep the history of the states of service, instances and listeners as well."""
        self.registry.add_collector(lambda: _states(facts))

    def start(self, supervisor: Supervisor) -> None:
        """Begin to sample."""
        supervisor.start("loop_lag", self._loop_lag.run)
        supervisor.start("sampler", self.sampler.run, stalled_after_s=math.inf)  # as slow as is liked

    def answers(self, *, db: Database, active_alerts: ActiveAlerts, texts: Texts) -> Answers:
        """What `monitor_api` is asked about metrics."""
        return MetricCalls(
            registry=self.registry,
            reader=self._reader,
            performance=self.performance(db),
            active_alerts=active_alerts,
            clock=self._clock,
            texts=texts,
        ).answers()

    def performance(self, db: Database) -> PerformanceReader:
        """What judges how machine and message path performed; `db` holds the messages."""
        return PerformanceReader(
            reader=self._reader, calls=self._calls, path=MessagePathStore(db=db), clock=self._clock
        )

    async def close(self) -> None:
        """Store what programs recorded last."""
        self._unsubscribe()
        await self.sampler.flush()

    def _read_gauges(self) -> Iterator[Sample]:
        for name, value in self._gauges():
            if value is not None:
                yield Sample(SeriesKey(name), value)


def _states(facts: MonitoredFacts) -> Iterator[Sample]:
    """States as 1 and 0; one that is not measured is a gap."""
    yield Sample(SeriesKey("service_running"), float(facts.service().is_running))
    for client in facts.clients():
        if client.connected is not None:
            labels = label_set({"instance": client.instance_id})
            yield Sample(SeriesKey("instance_connected", labels), float(client.connected))
    listeners = facts.listeners()
    yield Sample(SeriesKey("listeners_total"), float(len(listeners)))
    yield Sample(SeriesKey("listeners_active"), float(sum(1 for status in listeners if status.active)))
