"""All metrics of one application: makes instruments, takes records, keeps the newest points, answers readers.

Owns the cap on series and what is said of refused values; not the interval (the sampler) nor the disk (the
store). Use it on the loop's thread.
"""

from __future__ import annotations

import logging
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from wxauto_mgt.core.metrics.instruments import DEFAULT_BOUNDS, Counter, Gauge, Histogram, Summary
from wxauto_mgt.core.metrics.model import (
    Labels,
    MetricRecord,
    MetricRecorded,
    MetricType,
    Reading,
    Refusal,
    Sample,
    Series,
    SeriesKey,
    label_set,
)
from wxauto_mgt.core.metrics.recent import RecentPoints
from wxauto_mgt.errors import BugError, PermanentError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus

_log = logging.getLogger(__name__)

Collector = Callable[[], Iterable[Sample]]
_Instrument = Counter | Gauge | Histogram | Summary
_I = TypeVar("_I", Counter, Gauge, Histogram, Summary)

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:]{0,127}")
OVERFLOW: Final[Labels] = (("overflow", "true"),)
ANY_METRIC: Final = "*"
_POINTS_WAITING: Final = 100_000
_BUCKETS_AT_MOST: Final = 32
_NAMES_REFUSED: Final = 1_000
_LABELS_AT_MOST: Final = 16
_LABEL_CHARACTERS: Final = 256
# It stands in each record of a history.
_DESCRIPTION_CHARACTERS: Final = 500


@dataclass(frozen=True)
class SeriesLimits:
    """How many series there may be: labels that take ever new values must not eat the memory."""

    per_metric: int = 200
    total: int = 5_000


class MetricRegistry:
    """The metrics of one application.

    Args:
        bus: gets `MetricRecorded` for each recorded value.
    """

    def __init__(self, *, clock: Clock, bus: EventBus, limits: SeriesLimits = SeriesLimits()) -> None:
        self._clock = clock
        self._bus = bus
        self._limits = limits
        self._collectors: list[Collector] = []
        self._instruments: dict[str, dict[Labels, _Instrument]] = {}
        self._recent: dict[str, dict[Labels, RecentPoints]] = {}
        self._series_count = 0
        self._types: dict[str, MetricType] = {}
        self._descriptions: dict[str, str] = {}
        self._refusals: dict[str, Refusal] = {}
        self._said: set[tuple[str, str]] = set()
        self._points: deque[tuple[float, Sample]] = deque(maxlen=_POINTS_WAITING)

    def add_collector(self, collect: Collector) -> None:
        """Ask for these samples at each interval as well; what is not measured is left out."""
        self._collectors.append(collect)

    def counter(self, name: str, labels: Mapping[str, str] | None = None) -> Counter:
        """Return the counter of these labels; beyond the cap, the one that counts all further labels."""
        return self._instrument(Counter, name, labels, Counter)

    def gauge(self, name: str, labels: Mapping[str, str] | None = None) -> Gauge:
        """Return the gauge of these labels; beyond the cap, one that nobody reads."""
        return self._instrument(Gauge, name, labels, Gauge)

    def histogram(
        self,
        name: str,
        labels: Mapping[str, str] | None = None,
        bounds: tuple[float, ...] = DEFAULT_BOUNDS,
    ) -> Histogram:
        """Return the histogram of these labels; beyond the cap, that of all further labels."""
        return self._instrument(
            Histogram, name, labels, lambda key, refuse: Histogram(key, refuse, bounds=bounds)
        )

    def summary(self, name: str, labels: Mapping[str, str] | None = None) -> Summary:
        """Return the summary of these labels; beyond the cap, that of all further labels."""
        return self._instrument(Summary, name, labels, lambda key, refuse: Summary(key, refuse, self._clock))

    def describe(self, name: str, type_: MetricType, description: str = "") -> None:
        """Say what a metric is.

        Raises:
            PermanentError: it is of another type already.
        """
        known = self._types.setdefault(name, type_)
        if known is not type_:
            raise PermanentError("metric_type_differs", metric=name, type=type_.value, known=known.value)
        if description:
            self._descriptions[name] = _storable(description[:_DESCRIPTION_CHARACTERS])

    def record(
        self,
        name: str,
        value: float,
        *,
        type_: MetricType = MetricType.GAUGE,
        labels: Mapping[str, str] | None = None,
        description: str = "",
    ) -> MetricRecord:
        """Take a value of another program: a point of its series now, or an observation. Publishes it.

        Raises:
            PermanentError: the name, value or type cannot be used, or there are too many series.
        """
        self._check(name, value, type_, labels or {})
        if name in self._recent or self._series_count < self._limits.total:
            self.describe(name, type_, description)
        now, key = self._clock.now(), SeriesKey(name, label_set(labels))
        if type_ is MetricType.HISTOGRAM:
            self.histogram(name, labels).observe(value)
        elif type_ is MetricType.SUMMARY:
            self.summary(name, labels).observe(value)
        else:
            sample = Sample(key, float(value), type_)
            if not self._keep(sample, now.timestamp()):
                raise PermanentError("metric_has_too_many_series", metric=name)
            self._points.append((now.timestamp(), sample))
        record = self._record(key, float(value), now)
        self._bus.publish(MetricRecorded(record))
        return record

    def collect(self, at: datetime) -> list[Sample]:
        """Read every instrument and collector; returns what was taken, which readers see from now on."""
        taken: list[Sample] = []
        at_s = at.timestamp()
        for collect in self._collectors:
            for sample in collect():
                if not math.isfinite(sample.value):
                    self._refuse(sample.key.name, "value_not_finite")
                elif self._keep(sample, at_s):
                    taken.append(sample)
        for of_metric in self._instruments.values():
            for instrument in of_metric.values():
                taken.extend(sample for sample in instrument.samples() if self._keep(sample, at_s))
        return taken

    def take_points(self) -> list[tuple[float, Sample]]:
        """Return the recorded points since the last call: instant in seconds, and sample."""
        points = list(self._points)
        self._points.clear()
        return points

    def give_back(self, points: Iterable[tuple[float, Sample]]) -> None:
        """Take back points that could not be stored; the oldest are lost beyond a bound."""
        self._points.extendleft(reversed(list(points)))

    def names(self) -> tuple[str, ...]:
        """Names of the metrics that have a value since the start."""
        return tuple(sorted(self._recent))

    def label_sets(self, name: str) -> tuple[Labels, ...]:
        """Labels of a metric's series."""
        return tuple(self._recent.get(name, ()))

    def type_of(self, name: str) -> MetricType:
        """What a metric is; a gauge unless something else was said."""
        return self._types.get(name, MetricType.GAUGE)

    def latest(self, name: str, labels: Labels = ()) -> Reading | None:
        """Return the newest value of a series; None when there is none since the start."""
        points = self._recent.get(name, {}).get(labels)
        newest = points.newest if points else None
        return Reading(newest[1], datetime.fromtimestamp(newest[0], UTC)) if newest else None

    def newest(self, name: str) -> Iterator[tuple[Labels, float, float]]:
        """Yield labels, instant in seconds and newest value of each series of a metric."""
        for labels, points in self._recent.get(name, {}).items():
            if points.newest is not None:
                yield labels, *points.newest

    def window(self, name: str, labels: Labels, since: datetime) -> Series:
        """Return the points in memory since an instant: about three hours; `SeriesHistory` has older ones."""
        points = self._recent.get(name, {}).get(labels)
        at_s, values = points.since(since.timestamp()) if points else ((), ())
        return Series(name=name, at_s=at_s, values=values, labels=labels)

    def record_of(self, name: str, labels: Labels = ()) -> MetricRecord | None:
        """Return the newest value with what is known of its metric."""
        reading = self.latest(name, labels)
        return self._record(SeriesKey(name, labels), reading.value, reading.at) if reading else None

    def refusals(self) -> Mapping[str, Refusal]:
        """By metric: why values of it were not taken."""
        return dict(self._refusals)

    def description_of(self, name: str) -> str:
        """What was said a metric is; empty when nothing was."""
        return self._descriptions.get(name, "")

    def _check(self, name: str, value: float, type_: MetricType, labels: Mapping[str, str]) -> None:
        if not NAME.fullmatch(name):
            raise PermanentError("metric_name_invalid", metric=name[:128])
        if len(labels) > _LABELS_AT_MOST or any(
            not NAME.fullmatch(label) or len(text) > _LABEL_CHARACTERS or _storable(text) != text
            for label, text in labels.items()
        ):
            raise PermanentError("metric_labels_invalid", metric=name)
        if not math.isfinite(value):
            self._refuse(name, "value_not_finite")
            raise PermanentError("metric_value_not_finite", metric=name)
        if type_ is not MetricType.GAUGE and value < 0:
            self._refuse(name, "value_negative")
            raise PermanentError("metric_value_negative", metric=name, type=type_.value)

    def _record(self, key: SeriesKey, value: float, at: datetime) -> MetricRecord:
        return MetricRecord(
            key.name, self.type_of(key.name), value, key.labels, at, self.description_of(key.name)
        )

    def _instrument(
        self,
        kind: type[_I],
        name: str,
        labels: Mapping[str, str] | None,
        make: Callable[[SeriesKey, Callable[[str], None]], _I],
    ) -> _I:
        wanted = label_set(labels)
        of_metric = self._instruments.setdefault(name, {})
        found = of_metric.get(wanted)
        if found is None:
            self.describe(name, kind.type)
            if len(of_metric) >= self._limits.per_metric:
                self._refuse(name, "too_many_series")
                if kind is Gauge:  # two gauges cannot share a value
                    return make(SeriesKey(name, wanted), lambda code: self._refuse(name, code))
                wanted = OVERFLOW
            found = of_metric.get(wanted)
            if found is None:
                key = SeriesKey(name, wanted)
                found = of_metric[wanted] = make(key, lambda code: self._refuse(name, code))
        if not isinstance(found, kind):
            raise BugError("metric_type_differs", metric=name)
        return found

    def _keep(self, sample: Sample, at_s: float) -> bool:
        """Append to the newest points; tell whether there was room for the series."""
        name, labels = sample.key
        of_metric = self._recent.get(name, {})
        points = of_metric.get(labels)
        if points is None:
            is_full = self._series_count >= self._limits.total
            if is_full or len(of_metric) >= self._most_series(name):
                self._refuse(name, "too_many_series")
                return False
            points = RecentPoints()
            self._recent.setdefault(name, {})[labels] = points
            self._series_count += 1
            self._types.setdefault(name, sample.type)
        points.append(at_s, sample.value)
        return True

    def _most_series(self, name: str) -> int:
        """One more than the cap for the further labels; a histogram has one for each of its bounds."""
        return (self._limits.per_metric + 1) * (_BUCKETS_AT_MOST if name.endswith("_bucket") else 1)

    def _refuse(self, name: str, reason_code: str) -> None:
        if name not in self._refusals and len(self._refusals) >= _NAMES_REFUSED:
            name = ANY_METRIC
        before = self._refusals.get(name)
        self._refusals[name] = Refusal(reason_code, 1 + (before.count if before else 0), self._clock.now())
        if (name, reason_code) not in self._said:
            self._said.add((name, reason_code))
            _log.warning("values of %s are refused: %s", name, reason_code)


def _storable(text: str) -> str:
    """The text without halves of character pairs, which no file, database or answer can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
