"""Figures of requests per target."""

from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.metrics.calls import CallMetrics, OutcomeCounts
from wxauto_mgt.core.metrics.instruments import percentile
from wxauto_mgt.core.wire import CallRecord


def call(target: str = "instance:pc1", *, ok: bool = True, duration_s: float | None = 0.1) -> CallRecord:
    return CallRecord(target, "/api/health", ok, duration_s, None if ok else "timed_out")


@pytest.fixture
def calls(fake_clock: FakeClock) -> CallMetrics:
    return CallMetrics(clock=fake_clock)


def test_each_target_has_its_own_figures(calls: CallMetrics) -> None:
    calls.record(call())
    calls.record(call(ok=False))
    calls.record(call("platform:kw"))
    assert calls.total == 3
    assert calls.targets() == ("instance:pc1", "platform:kw")
    figures = calls.figures("instance:pc1")
    assert (figures.total, figures.failed) == (2, 1)
    assert (figures.all_last_hour, figures.failed_last_hour) == (2, 1)
    assert figures.last_error_code == "timed_out"
    assert calls.figures("platform:kw").failed == 0


def test_target_never_called_has_no_latency_rather_than_zero(calls: CallMetrics) -> None:
    figures = calls.figures("platform:new")
    assert (figures.total, figures.latency) == (0, None)
    assert calls.targets() == ()


async def test_latency_is_of_the_last_five_minutes(calls: CallMetrics, fake_clock: FakeClock) -> None:
    calls.record(call(duration_s=9.0))
    await fake_clock.advance(301)
    for hundredths in range(1, 101):
        calls.record(call(duration_s=hundredths / 100))
    latency = calls.figures("instance:pc1").latency
    assert latency is not None
    assert latency.count == 100
    assert latency.times is not None
    assert (latency.times.p50_s, latency.times.p95_s, latency.times.p99_s) == (0.50, 0.95, 0.99)
    assert latency.times.mean_s == pytest.approx(0.505)
    await fake_clock.advance(301)
    assert calls.figures("instance:pc1").latency is None


def test_requests_without_a_duration_count_but_take_no_time(calls: CallMetrics) -> None:
    calls.record(call(duration_s=None))
    latency = calls.figures("instance:pc1").latency
    assert latency is not None
    assert (latency.count, latency.times) == (1, None)
    calls.record(call(duration_s=0.5))
    latency = calls.figures("instance:pc1").latency
    assert latency is not None
    assert latency.times is not None
    assert (latency.count, latency.times.mean_s) == (2, 0.5)


async def test_error_ratio_is_over_calls_and_deliveries_of_the_last_hour(
    calls: CallMetrics, fake_clock: FakeClock
) -> None:
    assert calls.last_hour().ratio is None
    calls.record(call(ok=False))
    calls.record_delivery(ok=False)
    calls.record_delivery(ok=True)
    calls.record(call())
    assert calls.last_hour() == OutcomeCounts(failed=2, all=4)
    assert calls.last_hour().ratio == 0.5
    await fake_clock.advance(3600)
    assert calls.last_hour() == OutcomeCounts(failed=0, all=0)
    assert calls.total == 2


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 2.0), (0.51, 3.0), (0.75, 3.0), (1.0, 4.0)])
def test_percentile_is_the_nearest_rank(share: float, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == value
