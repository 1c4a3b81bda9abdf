"""Judges how the machine and the message path performed: figures in, findings as codes out.

Owns the thresholds; not the sentences. `analyze` is pure, `PerformanceReader` fetches what it needs. The
facade asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.analysis.model import MessagePath, Stage
from wxauto_mgt.core.analysis.statistics import Description, Trend, describe, rate_per_s
from wxauto_mgt.core.analysis.store import MessagePathStore
from wxauto_mgt.core.metrics.calls import CallMetrics, RequestFigures
from wxauto_mgt.core.metrics.model import Series
from wxauto_mgt.core.metrics.reader import MetricReader
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock

CPU_ABOVE_PERCENT: Final = 80
MEMORY_ABOVE_PERCENT: Final = 85
SLOW_ABOVE_MS: Final = 2_000
FAILING_ABOVE_PERCENT: Final = 5
CALLS_NEEDED: Final = 20
"""Fewer calls in five minutes say nothing about a target."""
SLOW_STAGE_ABOVE_S: Final = {
    Stage.WAITING: 5.0,
    Stage.PLATFORM: 15.0,
    Stage.WAITING_TO_SEND: 10.0,
    Stage.SENDING: 10.0,
    Stage.ECHO: 15.0,
}
"""A judgement call: above it, whoever wrote begins to wonder."""
MESSAGES_NEEDED: Final = 5


class PerformanceStatus(StrEnum):
    """The worst finding; unknown where nothing was measured."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """Something that stands out, and what to do about it.

    Attributes:
        code: the sentences stand under `performance.<code>` and `advice.<code>`.
    """

    code: str
    status: PerformanceStatus
    params: Mapping[str, Fact]


@dataclass(frozen=True)
class Performance:
    """How a span of time was. A rate is None where it was not measured."""

    cpu: Description
    memory: Description
    bytes_sent_per_s: float | None
    bytes_recv_per_s: float | None
    path: MessagePath
    status: PerformanceStatus
    findings: tuple[Finding, ...]


class PerformanceReader:
    """Judges the span of time until now from the series of one application."""

    def __init__(
        self, *, reader: MetricReader, calls: CallMetrics, path: MessagePathStore, clock: Clock
    ) -> None:
        self._reader = reader
        self._path = path
        self._calls = calls
        self._clock = clock

    async def read(self, duration: timedelta) -> Performance:
        """Judge machine and message path over this long, the targets over the last five minutes.

        Raises:
            StorageError: the console database cannot be read.
        """
        since = self._clock.now() - duration
        return analyze(
            cpu=await self._reader.history("system_cpu_usage", since),
            memory=await self._reader.history("system_memory_usage", since),
            sent=await self._reader.rises("system_network_bytes_sent", since),
            received=await self._reader.rises("system_network_bytes_recv", since),
            targets=[self._calls.figures(target) for target in self._calls.targets()],
            path=await self._path.read(since),
        )


def analyze(
    *,
    cpu: Series,
    memory: Series,
    sent: Series,
    received: Series,
    targets: Sequence[RequestFigures],
    path: MessagePath,
) -> Performance:
    """Judge a span of time.

    Args:
        cpu, memory: percentages of the machine.
        sent, received: rises of the network's counters.
        targets: request figures of the last five minutes.
    """
    cpu_figures, memory_figures = describe(cpu.values), describe(memory.values)
    findings = (*_machine(cpu_figures, memory_figures), *_targets(targets), *_stages(path))
    return Performance(
        cpu=cpu_figures,
        memory=memory_figures,
        bytes_sent_per_s=rate_per_s(sent),
        bytes_recv_per_s=rate_per_s(received),
        path=path,
        status=_status(findings, is_measured=bool(cpu.values and memory.values)),
        findings=findings,
    )


def _machine(cpu: Description, memory: Description) -> Iterator[Finding]:
    if cpu.average is not None and cpu.average > CPU_ABOVE_PERCENT:
        params = {"average": round(cpu.average, 1), "limit": CPU_ABOVE_PERCENT}
        yield Finding("cpu_high", PerformanceStatus.WARNING, params)
    if memory.average is not None and memory.average > MEMORY_ABOVE_PERCENT:
        params = {"average": round(memory.average, 1), "limit": MEMORY_ABOVE_PERCENT}
        yield Finding("memory_high", PerformanceStatus.CRITICAL, params)
    if memory.trend is Trend.INCREASING and memory.max is not None:
        yield Finding("memory_rising", PerformanceStatus.WARNING, {"highest": round(memory.max, 1)})


def _targets(targets: Sequence[RequestFigures]) -> Iterator[Finding]:
    for figures in targets:
        latency = figures.latency
        if latency is None or latency.count < CALLS_NEEDED:
            continue
        times = latency.times
        if times is not None and times.mean_s * 1000 > SLOW_ABOVE_MS:
            params: dict[str, Fact] = {"target": figures.target, "average": round(times.mean_s * 1000)}
            yield Finding("target_slow", PerformanceStatus.WARNING, params)
        percent = 100 * latency.failed / latency.count
        if percent > FAILING_ABOVE_PERCENT:
            params = {"target": figures.target, "percent": round(percent, 1)}
            yield Finding("target_failing", PerformanceStatus.WARNING, params)


def _stages(path: MessagePath) -> Iterator[Finding]:
    for time in path.stages:
        if time.count >= MESSAGES_NEEDED and time.mean_s > SLOW_STAGE_ABOVE_S[time.stage]:
            params = {"average_s": round(time.mean_s, 1), "count": time.count}
            yield Finding(f"stage_slow.{time.stage}", PerformanceStatus.WARNING, params)


def _status(findings: Sequence[Finding], *, is_measured: bool) -> PerformanceStatus:
    if any(finding.status is PerformanceStatus.CRITICAL for finding in findings):
        return PerformanceStatus.CRITICAL
    if findings:
        return PerformanceStatus.WARNING
    return PerformanceStatus.HEALTHY if is_measured else PerformanceStatus.UNKNOWN
