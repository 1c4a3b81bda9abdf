"""Samples every figure at each interval: into memory for drawing, into the telemetry database to keep.

Owns the interval and the series in memory; knows where no figure but the machine's comes from. The supervisor
runs it. Without the database it goes on in memory.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from wxauto_mgt.core.metrics.loop_lag import LoopLag
from wxauto_mgt.core.metrics.readings import HostFigures, HostReader, ProcessFigures
from wxauto_mgt.core.metrics.store import SampleStore
from wxauto_mgt.errors import StorageError, StorageOverloaded
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

Gauge = Callable[[], float | None]
POINTS_IN_MEMORY: Final = 1_080  # three hours at the default interval
_POINTS_KEPT_AT_LEAST: Final = 1_000
_PRUNE_EVERY: Final = 60


@dataclass(frozen=True)
class SamplingPolicy:
    """How often samples are taken, and how long raw ones are kept."""

    interval_s: float = 10.0
    raw_retention_s: float = 48 * 3600.0

    @property
    def kept_s(self) -> float:
        """How long raw samples are kept: never fewer than 1,000 points."""
        return max(self.raw_retention_s, self.interval_s * _POINTS_KEPT_AT_LEAST)


@dataclass(frozen=True)
class Series:
    """Points of one metric for drawing, oldest first; instants are seconds since the epoch."""

    name: str
    at_s: tuple[float, ...]
    values: tuple[float, ...]


class Sampler:
    """Samples the process, the host and whatever the composition root names.

    Args:
        gauges: metric name -> reading now; None is not measured and leaves a gap.
        rates: metric name -> running total whose rise per second is sampled.
        store: None keeps samples in memory only.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        reader: HostReader,
        loop_lag: LoopLag,
        store: SampleStore | None,
        gauges: Mapping[str, Gauge],
        rates: Mapping[str, Callable[[], float]],
        policy: SamplingPolicy = SamplingPolicy(),
    ) -> None:
        self._clock = clock
        self._reader = reader
        self._loop_lag = loop_lag
        self._store = store
        self._gauges = gauges
        self._rates = rates
        self._policy = policy
        self._points: dict[str, deque[tuple[float, float]]] = {}
        self._totals: dict[str, tuple[float, float]] = {}
        self._process: ProcessFigures | None = None
        self._host: HostFigures | None = None
        self._is_store_failing = False
        self._samples_until_prune = 0

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
        process, host = await asyncio.to_thread(self._reader.read)
        self._process, self._host = process, host
        at = self._clock.now()
        readings = {
            **_machine_readings(process, host),
            "app_loop_lag_ms": self._loop_lag.take_worst_ms(),
            **{name: gauge() for name, gauge in self._gauges.items()},
            **{name: self._rate(name, total()) for name, total in self._rates.items()},
        }
        values = {
            name: float(value)
            for name, value in readings.items()
            if value is not None and math.isfinite(value)
        }
        for name, value in values.items():
            self._points.setdefault(name, deque(maxlen=POINTS_IN_MEMORY)).append((at.timestamp(), value))
        await self._keep(at, values)

    def names(self) -> tuple[str, ...]:
        """Names of the metrics sampled since the start."""
        return tuple(sorted(self._points))

    def latest(self, name: str) -> float | None:
        """Return the newest value of a metric; None when there is none."""
        points = self._points.get(name)
        return points[-1][1] if points else None

    def series(self, name: str, since: datetime) -> Series:
        """Return the points in memory since an instant; `history` reaches further back."""
        since_s = since.timestamp()
        points = [point for point in self._points.get(name, ()) if point[0] >= since_s]
        return Series(
            name=name, at_s=tuple(at_s for at_s, _ in points), values=tuple(value for _, value in points)
        )

    async def history(self, name: str, since: datetime) -> Series:
        """Return the kept points since an instant, those of earlier runs included.

        Raises:
            StorageError: the telemetry database cannot be read.
        """
        if self._store is None:
            return self.series(name, since)
        rows = await self._store.read(name, since)
        return Series(
            name=name, at_s=tuple(at.timestamp() for at, _ in rows), values=tuple(value for _, value in rows)
        )

    def _rate(self, name: str, total: float) -> float | None:
        now = self._clock.monotonic()
        before = self._totals.get(name)
        self._totals[name] = (now, total)
        if before is None or now <= before[0]:
            return None
        return max(0.0, total - before[1]) / (now - before[0])

    async def _keep(self, at: datetime, values: Mapping[str, float]) -> None:
        if self._store is None:
            return
        try:
            await self._store.append(at, values)
            self._samples_until_prune -= 1
            if self._samples_until_prune < 0:
                self._samples_until_prune = _PRUNE_EVERY
                await self._store.prune(at - timedelta(seconds=self._policy.kept_s))
        except (StorageError, StorageOverloaded) as error:
            if not self._is_store_failing:
                _log.warning("Samples are kept in memory only: %s", error)
            self._is_store_failing = True
            return
        if self._is_store_failing:
            self._is_store_failing = False
            _log.info("Samples are written again")


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
