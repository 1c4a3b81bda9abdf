"""Statistics of measured values. Pure.

Owns the formulas; not where values come from. Performance analysis and the interfaces use it.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from wxauto_mgt.core.metrics.model import Series

TREND_RATIO: Final = 0.1
"""By what share of the first half's mean the second half's must differ. A judgement call: it is meant for
shares and sizes that stay above zero, and sees no trend that turns within the span."""


class Trend(StrEnum):
    """Where values are heading."""

    INCREASING = "increasing"
    DECREASING = "decreasing"
    STABLE = "stable"
    INSUFFICIENT_DATA = "insufficient_data"


@dataclass(frozen=True)
class Description:
    """Values of one span of time in a few figures; all None without any.

    Attributes:
        std_dev: of a sample (n - 1); 0 for one value.
        p50, p95, p99: interpolated linearly between the two nearest values, so p50 is the median.
    """

    average: float | None
    max: float | None
    min: float | None
    median: float | None
    std_dev: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    samples: int
    trend: Trend


def describe(values: Sequence[float]) -> Description:
    """Describe values in the order of their time."""
    if not values:
        return Description(None, None, None, None, None, None, None, None, 0, Trend.INSUFFICIENT_DATA)
    column = np.asarray(values, np.float64)
    p50, p95, p99 = (float(p) for p in np.percentile(column, (50, 95, 99)))
    return Description(
        average=statistics.fmean(values),
        max=max(values),
        min=min(values),
        median=statistics.median(values),
        std_dev=float(column.std(ddof=1)) if len(values) > 1 else 0.0,
        p50=p50,
        p95=p95,
        p99=p99,
        samples=len(values),
        trend=trend(values),
    )


def trend(values: Sequence[float]) -> Trend:
    """Compare the mean of the second half with that of the first; the middle value belongs to the second."""
    if len(values) < 2:
        return Trend.INSUFFICIENT_DATA
    middle = len(values) // 2
    first, second = statistics.fmean(values[:middle]), statistics.fmean(values[middle:])
    margin = TREND_RATIO * abs(first)
    if second > first + margin:
        return Trend.INCREASING
    return Trend.DECREASING if second < first - margin else Trend.STABLE


def rate_per_s(rises: Series) -> float | None:
    """Return how fast a counter rose on average between its first and last point; None with fewer than two.

    Args:
        rises: by how much it rose up to each point; the first one's rise lies before the span.
    """
    if len(rises.values) < 2:
        return None
    elapsed_s = rises.at_s[-1] - rises.at_s[0]
    return sum(rises.values[1:]) / elapsed_s if elapsed_s > 0 else None
