"""Samples every metric at each interval: into memory for drawing, into the telemetry database to keep.

Owns the interval, the machine's figures and the retention; the registry knows what else there is to ask. The
supervisor runs it. Without the database it goes on in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from wxauto_mgt.core.metrics.history import SeriesHistory, Tiers
from wxauto_mgt.core.metrics.loop_lag import LoopLag
from wxauto_mgt.core.metrics.model import MetricType, Sample, Series, SeriesKey
from wxauto_mgt.core.metrics.readings import HostFigures, HostReader, ProcessFigures
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.store import KeptUntil, SeriesStore
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

_POINTS_KEPT_AT_LEAST: Final = 1_000
_PRUNE_EVERY: Final = 60
_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class SamplingPolicy:
    """How often samples are taken, and how long they are kept."""

    interval_s: float = 10.0
    raw_retention_s: float = 2 * _DAY_S
    minute_retention_s: float = 30 * _DAY_S
    hour_retention_s: float = 730 * _DAY_S
    max_bytes: int = 1 << 29

    @property
    def kept_s(self) -> float:
        """How long raw samples are kept: never fewer than 1,000 points."""
        return max(self.raw_retention_s, self.interval_s * _POINTS_KEPT_AT_LEAST)

    def tiers(self) -> Tiers:
        """How far back readers may ask each tier."""
        return Tiers(raw=timedelta(seconds=self.kept_s), minutes=timedelta(seconds=self.minute_retention_s))

    def kept_until(self, now: datetime) -> KeptUntil:
        """What the store deletes now."""
        return KeptUntil(
            raw=now - timedelta(seconds=self.kept_s),
            minutes=now - timedelta(seconds=self.minute_retention_s),
            hours=now - timedelta(seconds=self.hour_retention_s),
            max_bytes=self.max_bytes,
        )


class Sampler:
    """Samples the process, the host and what the registry knows.

    Args:
        store: None keeps samples in memory only.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        reader: HostReader,
        loop_lag: LoopLag,
        registry: MetricRegistry,
        store: SeriesStore | None,
        policy: SamplingPolicy = SamplingPolicy(),
    ) -> None:
        self._clock = clock
        self._reader = reader
        self._loop_lag = loop_lag
        self._registry = registry
        self._store = store
        self._policy = policy
        self._process: ProcessFigures | None = None
        self._host: HostFigures | None = None
        self._is_store_failing = False
        self._samples_until_prune = 0
        self._history = (
            None
            if store is None
            else SeriesHistory(store=store, clock=clock, tiers=lambda: self._policy.tiers())
        )
        registry.add_collector(self._machine)

    @property
    def process(self) -> ProcessFigures | None:
        """This process at the last sample; None before the first."""
        return self._process

    @property
    def host(self) -> HostFigures | None:
        """The machine at the last sample; None before the first."""
        return self._host

    def apply(self, policy: SamplingPolicy) -> None:
        """Change interval and retention, from the next sample on."""
        self._policy = policy

    async def run(self, beat: Callable[[], None]) -> None:
        """Sample until cancelled."""
        while True:
            beat()
            await self.sample()
            await self._clock.sleep(self._policy.interval_s)

    async def sample(self) -> None:
        """Take one sample of everything now."""
        self._process, self._host = await asyncio.to_thread(self._reader.read)
        at = self._clock.now()
        await self._keep(at, self._registry.collect(at))

    async def flush(self) -> None:
        """Store the values that programs recorded since the last sample."""
        await self._keep(self._clock.now(), ())

    def names(self) -> tuple[str, ...]:
        """Names of the metrics that have a value since the start."""
        return self._registry.names()

    def latest(self, name: str) -> float | None:
        """Return the newest value of a metric; None when there is none."""
        reading = self._registry.latest(name)
        return reading.value if reading else None

    def series(self, name: str, since: datetime) -> Series:
        """Return the points in memory since an instant; `MetricReader` reaches further back."""
        return self._registry.window(name, (), since)

    @property
    def policy(self) -> SamplingPolicy:
        """Interval and retention in force."""
        return self._policy

    @property
    def is_store_failing(self) -> bool:
        """Whether the newest samples are in memory only."""
        return self._is_store_failing

    @property
    def stored(self) -> SeriesHistory | None:
        """What reads the telemetry database; None without one."""
        return self._history

    async def _keep(self, at: datetime, samples: Sequence[Sample]) -> None:
        points = self._registry.take_points()
        if self._store is None or not (samples or points):
            return
        try:
            await self._store.append(at, samples, points)
            self._samples_until_prune -= bool(samples)
            if self._samples_until_prune < 0:
                self._samples_until_prune = _PRUNE_EVERY
                await self._store.prune(self._policy.kept_until(at))
        except (StorageError, StorageOverloaded) as error:
            self._registry.give_back(points)
            if not self._is_store_failing:
                _log.warning("Samples are kept in memory only: %s", error)
            self._is_store_failing = True
            return
        if self._is_store_failing:
            self._is_store_failing = False
            _log.info("Samples are written again")

    def _machine(self) -> Iterator[Sample]:
        lag_ms = self._loop_lag.take_worst_ms()
        if lag_ms is not None:
            yield Sample(SeriesKey("app_loop_lag_ms"), round(lag_ms, 3))  # a clock knows no more
        if self._process is None or self._host is None:
            return
        for name, value in _machine_readings(self._process, self._host).items():
            if value is not None:
                type_ = MetricType.COUNTER if name in NETWORK_COUNTERS else MetricType.GAUGE
                yield Sample(SeriesKey(name), float(value), type_)


NETWORK_COUNTERS: Final = ("system_network_bytes_sent", "system_network_bytes_recv")


def _machine_readings(process: ProcessFigures, host: HostFigures) -> dict[str, float | None]:
    return {
        "app_cpu_usage": process.cpu_percent,
        "app_memory_usage": process.memory_mb,
        "app_thread_count": process.thread_count,
        "app_file_descriptors": process.descriptor_count,
        "system_cpu_usage": host.cpu_percent,
        "system_memory_usage": host.memory_percent,
        "system_disk_usage": host.disk_percent,
        "system_network_bytes_sent": host.network_bytes_sent,
        "system_network_bytes_recv": host.network_bytes_recv,
        "system_process_count": host.process_count,
    }
