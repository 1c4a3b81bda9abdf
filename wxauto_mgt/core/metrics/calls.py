"""Counts requests per target and how long they took, and the outcomes of deliveries.

Owns figures in memory since the start. Clients of instances and platforms report each request, retries one by
one; the health score and the interfaces read. What other programs push is counted by one of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.metrics.instruments import percentile
from wxauto_mgt.core.metrics.sliding_count import SlidingCount
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.runtime.clock import Clock

LATENCY_WINDOW_S: Final = 300.0
# Bounds memory: a target that answers faster than 13 calls a second shows its newest 4,096.
LATENCIES_KEPT: Final = 4096


@dataclass(frozen=True)
class Latency:
    """How many of the requests of the last five minutes failed, and how long they took.

    Attributes:
        times: None where nobody told how long any of them took.
    """

    count: int
    failed: int
    times: Times | None


@dataclass(frozen=True)
class Times:
    """How long requests took."""

    mean_s: float
    p50_s: float
    p95_s: float
    p99_s: float


@dataclass(frozen=True)
class RequestFigures:
    """One target's requests.

    Attributes:
        target: `instance:ID`, `platform:ID` or `service:NAME`.
        total, failed: since the start.
        all_last_hour, failed_last_hour: over the last hour.
        latency: None without a request in the last five minutes.
        last_error_code: cause of the newest failure; stays after a success.
    """

    target: str
    total: int
    failed: int
    all_last_hour: int
    failed_last_hour: int
    latency: Latency | None
    last_error_code: str | None


@dataclass(frozen=True)
class OutcomeCounts:
    """Failed of all, over the last hour."""

    failed: int
    all: int

    @property
    def ratio(self) -> float | None:
        """Share of failures, 0-1; None when there was nothing."""
        return self.failed / self.all if self.all else None


class _Outcomes:
    def __init__(self, clock: Clock) -> None:
        self._failed = SlidingCount(clock=clock)
        self._all = SlidingCount(clock=clock)

    def add(self, *, ok: bool) -> None:
        self._all.add()
        if not ok:
            self._failed.add()

    def counts(self) -> OutcomeCounts:
        return OutcomeCounts(failed=self._failed.total, all=self._all.total)


class _Target:
    def __init__(self, clock: Clock) -> None:
        self.total = 0
        self.failed = 0
        self.outcomes = _Outcomes(clock)
        self.latencies: deque[tuple[float, float | None, bool]] = deque(maxlen=LATENCIES_KEPT)
        self.last_error_code: str | None = None


class CallMetrics:
    """Figures of all outgoing requests and of ended deliveries."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._targets: dict[str, _Target] = {}
        self._last_hour = _Outcomes(clock)
        self._total = 0

    @property
    def total(self) -> int:
        """Requests since the start, retries included."""
        return self._total

    def record(self, call: CallRecord) -> None:
        """Count one request."""
        target = self._targets.get(call.target)
        if target is None:
            target = self._targets[call.target] = _Target(self._clock)
        self._total += 1
        target.total += 1
        target.outcomes.add(ok=call.ok)
        target.latencies.append((self._clock.monotonic(), call.duration_s, call.ok))
        self._last_hour.add(ok=call.ok)
        if not call.ok:
            target.failed += 1
            target.last_error_code = call.error_code

    def record_delivery(self, *, ok: bool) -> None:
        """Count a delivery that ended: answered, or given up."""
        self._last_hour.add(ok=ok)

    def last_hour(self) -> OutcomeCounts:
        """Requests and deliveries of the last hour together."""
        return self._last_hour.counts()

    def targets(self) -> tuple[str, ...]:
        """Names of all targets that were called."""
        return tuple(self._targets)

    def figures(self, name: str) -> RequestFigures:
        """Return a target's figures; zeros for one that was never called."""
        target = self._targets.get(name) or _Target(self._clock)
        counts = target.outcomes.counts()
        return RequestFigures(
            target=name,
            total=target.total,
            failed=target.failed,
            all_last_hour=counts.all,
            failed_last_hour=counts.failed,
            latency=self._latency(target),
            last_error_code=target.last_error_code,
        )

    def _latency(self, target: _Target) -> Latency | None:
        oldest = self._clock.monotonic() - LATENCY_WINDOW_S
        while target.latencies and target.latencies[0][0] < oldest:
            target.latencies.popleft()
        if not target.latencies:
            return None
        durations = sorted(duration for _, duration, _ in target.latencies if duration is not None)
        return Latency(
            count=len(target.latencies),
            failed=sum(not ok for _, _, ok in target.latencies),
            times=_times(durations) if durations else None,
        )


def _times(durations: list[float]) -> Times:
    return Times(
        mean_s=sum(durations) / len(durations),
        p50_s=percentile(durations, 0.50),
        p95_s=percentile(durations, 0.95),
        p99_s=percentile(durations, 0.99),
    )
