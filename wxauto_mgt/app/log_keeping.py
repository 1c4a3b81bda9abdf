"""Builds what makes the logs searchable and writes the hourly line.

One part of the composition root; the application starts and closes it. The pipeline itself is of the ground.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wxauto_mgt.api.answers import Answers
from wxauto_mgt.api.log_calls import LogCalls
from wxauto_mgt.app.ground import Ground
from wxauto_mgt.core.logs.hourly import HourlyLine
from wxauto_mgt.core.logs.index import LogIndex
from wxauto_mgt.core.logs.record import Fact
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.model import MetricType, Sample, SeriesKey, label_set
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.sampler import Sampler
from wxauto_mgt.core.monitoring.settings import LOGS, LogsSettings
from wxauto_mgt.runtime.supervisor import Supervisor

LOG_RECORDS: Final = "log_records_total"
_SAMPLED: Final = (
    "app_cpu_usage",
    "app_memory_usage",
    "app_loop_lag_ms",
    "app_thread_count",
    "system_cpu_usage",
    "system_memory_usage",
    "messages_received_total",
    "health_score",
)


class LogKeeping:
    """Index and hourly line of one application."""

    def __init__(
        self, *, ground: Ground, sampler: Sampler, calls: CallMetrics, registry: MetricRegistry
    ) -> None:
        self._ground = ground
        registry.add_collector(self._counts)
        self.index = LogIndex(telemetry=ground.telemetry, clock=ground.clock, kept_days=self._kept_days)
        self._hourly = HourlyLine(clock=ground.clock, figures=_figures_of(ground, sampler, calls))

    async def start(self, supervisor: Supervisor) -> None:
        """Begin to index, with the records of the start."""
        await self.index.open()
        self._ground.logs.hand_on(self.index.take)
        supervisor.start("log_index", self.index.run)
        supervisor.start("hourly_line", self._hourly.run, stalled_after_s=math.inf)  # wakes once an hour

    def answers(self) -> Answers:
        """What `monitor_api` is asked about logs."""
        return LogCalls(index=self.index, clock=self._ground.clock).answers()

    async def close(self) -> None:
        """Index what was logged until now."""
        await asyncio.to_thread(self._ground.logs.flush)
        await self.index.write()

    def _counts(self) -> Iterator[Sample]:
        """How many records came of each level and category, for rules about logs."""
        for (level, category), count in self._ground.logs.status().counts.items():
            labels = label_set({"level": level.value, "category": category.value})
            yield Sample(
                SeriesKey(LOG_RECORDS, labels), float(count), MetricType.COUNTER, starts_at_zero=True
            )

    def _kept_days(self) -> int:
        settings: LogsSettings = self._ground.config.snapshot.settings(LOGS)
        return settings.retention_days


def _figures_of(ground: Ground, sampler: Sampler, calls: CallMetrics) -> Callable[[], Mapping[str, Fact]]:
    def figures() -> Mapping[str, Fact]:
        hour, logs = calls.last_hour(), ground.logs.status()
        return {
            **{name: sampler.latest(name) for name in _SAMPLED},
            "requests_last_hour": hour.all,
            "failed_last_hour": hour.failed,
            "log_records_written": logs.written,
            "log_records_dropped": logs.dropped,
        }

    return figures
