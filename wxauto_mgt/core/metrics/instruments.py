"""The four instruments that code of the product measures with. Never raise over a value: what cannot be
counted is refused and remembered by the registry, which makes them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from wxauto_mgt.core.metrics.model import MetricType, Sample, SeriesKey
from wxauto_mgt.runtime.clock import Clock

Refuse = Callable[[str], None]
"""Told the reason code of a value that was not taken."""

DEFAULT_BOUNDS: Final = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4)
"""Upper bounds that suit milliseconds of local and remote calls."""
SUMMARY_WINDOW_S: Final = 300.0
SUMMARY_KEPT: Final = 4_096
QUANTILES: Final = (0.5, 0.95, 0.99)


class Counter:
    """A total that only rises, from zero at the start of the process."""

    type = MetricType.COUNTER

    def __init__(self, key: SeriesKey, refuse: Refuse) -> None:
        self._key = key
        self._refuse = refuse
        self._total = 0.0

    def add(self, amount: float = 1.0) -> None:
        """Count; a negative or not finite amount is refused."""
        if not math.isfinite(amount):
            self._refuse("value_not_finite")
        elif amount < 0:
            self._refuse("counter_cannot_fall")
        else:
            self._total += amount

    @property
    def total(self) -> float:
        """What was counted since the start."""
        return self._total

    def samples(self) -> Iterator[Sample]:
        """The total."""
        yield Sample(self._key, self._total, MetricType.COUNTER, starts_at_zero=True)


class Gauge:
    """A value that rises and falls; until it is set, and after `clear`, it is not measured."""

    type = MetricType.GAUGE

    def __init__(self, key: SeriesKey, refuse: Refuse) -> None:
        self._key = key
        self._refuse = refuse
        self._value: float | None = None

    def set(self, value: float) -> None:
        """Take a value; one that is not finite is refused and the one before stays."""
        if math.isfinite(value):
            self._value = float(value)
        else:
            self._refuse("value_not_finite")

    def clear(self) -> None:
        """Leave a gap until the next `set`."""
        self._value = None

    def samples(self) -> Iterator[Sample]:
        """The value, if there is one."""
        if self._value is not None:
            yield Sample(self._key, self._value)


class Histogram:
    """Counts values by size. Stored as counters of `le` (at most that), sum and count, so that merging two
    is adding them.
    """

    type = MetricType.HISTOGRAM

    def __init__(self, key: SeriesKey, refuse: Refuse, bounds: tuple[float, ...] = DEFAULT_BOUNDS) -> None:
        self._refuse = refuse
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._buckets = tuple(
            SeriesKey(f"{key.name}_bucket", tuple(sorted((*key.labels, ("le", le)))))
            for le in (*(f"{bound:g}" for bound in bounds), "+Inf")
        )
        self._sum_key = SeriesKey(f"{key.name}_sum", key.labels)
        self._count_key = SeriesKey(f"{key.name}_count", key.labels)

    def observe(self, value: float) -> None:
        """Count a value; a negative or not finite one is refused."""
        if not math.isfinite(value):
            self._refuse("value_not_finite")
        elif value < 0:
            self._refuse("value_negative")  # its sum would fall, and a sum is a counter
        else:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def samples(self) -> Iterator[Sample]:
        """One counter for each bound, the sum and the count."""
        for key, count in zip(self._buckets, accumulate(self._counts), strict=True):
            yield Sample(key, float(count), MetricType.COUNTER, starts_at_zero=True)
        yield Sample(self._sum_key, self._sum, MetricType.COUNTER, starts_at_zero=True)
        yield Sample(self._count_key, float(sum(self._counts)), MetricType.COUNTER, starts_at_zero=True)


class Summary:
    """Quantiles of the last five minutes, exact up to 4,096 values; without a value in them, a gap."""

    type = MetricType.SUMMARY

    def __init__(self, key: SeriesKey, refuse: Refuse, clock: Clock) -> None:
        self._refuse = refuse
        self._clock = clock
        self._values: deque[tuple[float, float]] = deque(maxlen=SUMMARY_KEPT)
        self._sum = 0.0
        self._count = 0
        self._quantiles = tuple(
            (share, SeriesKey(key.name, tuple(sorted((*key.labels, ("quantile", f"{share:g}"))))))
            for share in QUANTILES
        )
        self._sum_key = SeriesKey(f"{key.name}_sum", key.labels)
        self._count_key = SeriesKey(f"{key.name}_count", key.labels)

    def observe(self, value: float) -> None:
        """Take a value; a negative or not finite one is refused."""
        if not math.isfinite(value):
            self._refuse("value_not_finite")
        elif value < 0:
            self._refuse("value_negative")
        else:
            self._values.append((self._clock.monotonic(), value))
            self._sum += value
            self._count += 1

    def samples(self) -> Iterator[Sample]:
        """The quantiles, sum and count."""
        oldest = self._clock.monotonic() - SUMMARY_WINDOW_S
        values = sorted(value for at, value in self._values if at >= oldest)
        if values:
            for share, key in self._quantiles:
                yield Sample(key, percentile(values, share))
        yield Sample(self._sum_key, self._sum, MetricType.COUNTER, starts_at_zero=True)
        yield Sample(self._count_key, float(self._count), MetricType.COUNTER, starts_at_zero=True)


def percentile(ordered: list[float], share: float) -> float:
    """Return the nearest-rank percentile: the smallest value that at least `share` of all do not exceed.

    Args:
        ordered: ascending, not empty.
        share: 0-1.
    """
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
