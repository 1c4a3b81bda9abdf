"""What stands out in how machine and targets performed."""

from __future__ import annotations

import pytest

from wxauto_mgt.core.analysis.model import MessagePath, Stage, StageTime
from wxauto_mgt.core.analysis.performance import Performance, PerformanceStatus, analyze
from wxauto_mgt.core.metrics.calls import Latency, RequestFigures, Times
from wxauto_mgt.core.metrics.model import Series


def echo(count: int, mean_s: float) -> MessagePath:
    return MessagePath(stages=(StageTime(Stage.ECHO, count, mean_s),))


def series(*values: float) -> Series:
    return Series("figure", tuple(float(i) for i in range(len(values))), values)


def target(*, count: int = 20, failed: int = 0, mean_s: float = 0.1) -> RequestFigures:
    latency = Latency(count=count, failed=failed, times=Times(mean_s, mean_s, mean_s, mean_s))
    return RequestFigures("platform:ai", count, failed, count, failed, latency, None)


def judged(
    cpu: Series | None = None,
    memory: Series | None = None,
    figures: RequestFigures | None = None,
    path: MessagePath | None = None,
) -> Performance:
    return analyze(
        cpu=cpu or series(10, 10),
        memory=memory or series(50, 50),
        sent=series(0, 100),
        received=series(),
        targets=[figures] if figures else [],
        path=path or MessagePath(),
    )


def test_quiet_machine_is_healthy() -> None:
    performance = judged()
    assert (performance.status, performance.findings) == (PerformanceStatus.HEALTHY, ())
    assert performance.bytes_sent_per_s == 100
    assert performance.bytes_recv_per_s is None


def test_nothing_measured_is_unknown_rather_than_healthy() -> None:
    assert judged(cpu=series(), memory=series()).status is PerformanceStatus.UNKNOWN
    assert judged(cpu=series()).status is PerformanceStatus.UNKNOWN
    assert judged(memory=series()).status is PerformanceStatus.UNKNOWN
    assert judged(cpu=series(), memory=series(90, 90)).status is PerformanceStatus.CRITICAL


@pytest.mark.parametrize(
    ("performance", "code", "status"),
    [
        (judged(cpu=series(80.1, 80.1)), "cpu_high", PerformanceStatus.WARNING),
        (judged(memory=series(85.1, 85.1)), "memory_high", PerformanceStatus.CRITICAL),
        (judged(memory=series(20, 30)), "memory_rising", PerformanceStatus.WARNING),
        (judged(figures=target(mean_s=2.1)), "target_slow", PerformanceStatus.WARNING),
        (judged(path=echo(5, 15.1)), "stage_slow.echo", PerformanceStatus.WARNING),
        (judged(figures=target(failed=2)), "target_failing", PerformanceStatus.WARNING),
    ],
)
def test_what_stands_out_is_named(performance: Performance, code: str, status: PerformanceStatus) -> None:
    assert [finding.code for finding in performance.findings] == [code]
    assert performance.status is status


@pytest.mark.parametrize(
    "performance",
    [
        judged(cpu=series(80, 80)),
        judged(memory=series(85, 85)),
        judged(figures=target(failed=1)),
        judged(path=echo(5, 15.0)),
        judged(path=echo(4, 99.0)),
        judged(figures=target(count=19, failed=19, mean_s=9)),
    ],
)
def test_what_only_reaches_its_limit_does_not_stand_out(performance: Performance) -> None:
    assert performance.status is PerformanceStatus.HEALTHY
