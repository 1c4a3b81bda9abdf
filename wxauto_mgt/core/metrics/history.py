"""Reads series over any span of time, earlier runs included: raw where it still is, else minutes, else hours.

Owns the choice of the tier; not the newest value (the registry has it). Plots, analysis and the facade ask.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np

from wxauto_mgt.core.metrics.column_codec import Floats, Integers
from wxauto_mgt.core.metrics.model import Labels, MetricType, Series, SeriesKey
from wxauto_mgt.core.metrics.rollup import rises_of
from wxauto_mgt.core.metrics.store import HOUR_S, MINUTE_S, SeriesStore, StoredSeries
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.times import to_us

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True)
class Tiers:
    """How far back each tier reaches."""

    raw: timedelta
    minutes: timedelta


@dataclass(frozen=True)
class HistogramWindow:
    """What a histogram counted within a span of time: values at most `bounds[i]` but above the one before."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    sum: float

    @property
    def count(self) -> float:
        """All values."""
        return sum(self.counts)


class SeriesHistory:
    """The stored series.

    Args:
        tiers: how far back raw points and minutes reach now.
    """

    def __init__(self, *, store: SeriesStore, clock: Clock, tiers: Callable[[], Tiers]) -> None:
        self._store = store
        self._clock = clock
        self._tiers = tiers

    async def label_sets(self, name: str) -> tuple[Labels, ...]:
        """Labels of all stored series of a metric.

        Raises:
            StorageError: the telemetry database cannot be read; so do the others.
        """
        return tuple(series.key.labels for series in await self._store.series(name))

    async def type_of(self, name: str) -> MetricType | None:
        """What a metric was stored as; None when it never was."""
        return next((series.type for series in await self._store.series(name)), None)

    async def points(
        self, name: str, labels: Labels, since: datetime, until: datetime | None = None
    ) -> Series:
        """Return the points of a span of time; of older ones the mean, of counters the total, per bucket."""
        until = until or self._clock.now()
        series = await self._find(name, labels)
        if series is None:
            return Series(name, (), (), labels)
        bucket_s = self._bucket_s(since)
        if bucket_s is None:
            parts = await self._store.points(series, since, until)
            return _cut(
                series.key, [p.at_us for p in parts], [p.values for p in parts], to_us(since), to_us(until)
            )
        if series.type is MetricType.COUNTER:
            counter = await self._store.counter_buckets(series, bucket_s, since, until)
            columns = (counter.numbers, counter.lasts) if counter else None
        else:
            gauge = await self._store.gauge_buckets(series, bucket_s, since, until)
            columns = (gauge.numbers, gauge.sums / gauge.counts) if gauge else None
        return _buckets(series.key, columns, bucket_s, since, until)

    async def rises(
        self, name: str, labels: Labels, since: datetime, until: datetime | None = None
    ) -> Series:
        """Return by how much a counter rose up to each point or within each bucket; others never rise."""
        until = until or self._clock.now()
        series = await self._find(name, labels)
        if series is None or series.type is not MetricType.COUNTER:
            return Series(name, (), (), labels)
        bucket_s = self._bucket_s(since)
        if bucket_s is None:
            parts = await self._store.points(series, since, until)
            rises = [rises_of(part.values, part.prior) for part in parts]
            return _cut(series.key, [p.at_us for p in parts], rises, to_us(since), to_us(until))
        counter = await self._store.counter_buckets(series, bucket_s, since, until)
        return _buckets(
            series.key, (counter.numbers, counter.rises) if counter else None, bucket_s, since, until
        )

    async def histogram(
        self, name: str, labels: Labels, since: datetime, until: datetime | None = None
    ) -> HistogramWindow:
        """Return what a histogram counted; two of the same bounds merge by adding their counts."""
        found = []
        for key in await self.label_sets(f"{name}_bucket"):
            bound = dict(key).get("le")
            if bound is not None and tuple(pair for pair in key if pair[0] != "le") == labels:
                rises = await self.rises(f"{name}_bucket", key, since, until)
                found.append((float(bound), sum(rises.values)))
        found.sort()
        at_most = [0.0, *(count for _, count in found)]
        total = await self.rises(f"{name}_sum", labels, since, until)
        return HistogramWindow(
            bounds=tuple(bound for bound, _ in found),
            counts=tuple(after - before for before, after in pairwise(at_most)),
            sum=sum(total.values),
        )

    async def _find(self, name: str, labels: Labels) -> StoredSeries | None:
        return next((s for s in await self._store.series(name) if s.key.labels == labels), None)

    def _bucket_s(self, since: datetime) -> int | None:
        age, tiers = self._clock.now() - since, self._tiers()
        if age <= tiers.raw:
            return None
        return MINUTE_S if age <= tiers.minutes else HOUR_S


def _cut(
    key: SeriesKey, at_us: Sequence[Integers], values: Sequence[Floats], since_us: int, until_us: int
) -> Series:
    if not at_us:
        return Series(key.name, (), (), key.labels)
    instants, readings = np.concatenate(at_us), np.concatenate(values)
    order = np.argsort(instants, kind="stable")  # the wall clock may have been set back
    instants, readings = instants[order], readings[order]
    first, end = np.searchsorted(instants, since_us), np.searchsorted(instants, until_us, side="right")
    at_s = (instants[first:end] / _SECOND_US).tolist()
    return Series(key.name, tuple(at_s), tuple(readings[first:end].tolist()), key.labels)


def _buckets(
    key: SeriesKey,
    columns: tuple[Integers, Floats] | None,
    bucket_s: int,
    since: datetime,
    until: datetime,
) -> Series:
    if columns is None:
        return Series(key.name, (), (), key.labels)
    numbers, values = columns
    return _cut(
        key,
        [numbers * (bucket_s * _SECOND_US)],
        [values],
        to_us(since) - bucket_s * _SECOND_US + 1,  # the bucket that the span begins in belongs to it
        to_us(until),
    )
