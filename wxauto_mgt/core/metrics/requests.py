"""The request figures of each target as metrics: since the start, and over windows of five minutes.

Owns the names; `CallMetrics` counts. The registry asks at each interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wxauto_mgt.core.metrics.calls import CallMetrics, RequestFigures
from wxauto_mgt.core.metrics.model import Labels, MetricType, Sample, SeriesKey, label_set

OUT: Final = "out"
IN: Final = "in"
REQUESTS_TOTAL: Final = "api_requests_total"
ERRORS_TOTAL: Final = "api_errors_total"
WINDOW_COUNT: Final = "api_requests_5m"
ERROR_RATE: Final = "api_error_rate"
RESPONSE_TIME: Final = "api_response_time_ms"


def request_metrics(calls: CallMetrics, direction: str = OUT) -> Iterator[Sample]:
    """Read all targets. Without a request in five minutes a target has no rate and no times: a gap."""
    for target in calls.targets():
        labels = label_set({"target": target, "direction": direction})
        yield from _samples(calls.figures(target), labels)


def _samples(figures: RequestFigures, labels: Labels) -> Iterator[Sample]:
    def counter(name: str, value: float) -> Sample:
        return Sample(SeriesKey(name, labels), value, MetricType.COUNTER, starts_at_zero=True)

    def milliseconds(name: str, value_s: float) -> Sample:
        return Sample(SeriesKey(name, labels), round(value_s * 1000, 3))

    yield counter(REQUESTS_TOTAL, float(figures.total))
    yield counter(ERRORS_TOTAL, float(figures.failed))
    latency = figures.latency
    yield Sample(SeriesKey(WINDOW_COUNT, labels), float(latency.count if latency else 0))
    if latency is not None:
        yield Sample(SeriesKey(ERROR_RATE, labels), round(100 * latency.failed / latency.count, 3))
    if latency is not None and latency.times is not None:
        yield milliseconds(RESPONSE_TIME, latency.times.mean_s)
        yield milliseconds("api_response_time_p50_ms", latency.times.p50_s)
        yield milliseconds("api_response_time_p95_ms", latency.times.p95_s)
        yield milliseconds("api_response_time_p99_ms", latency.times.p99_s)
