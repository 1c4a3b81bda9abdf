"""Looks at the figures of a rule and says for each of its series whether the condition is met.

Owns staleness, counted in running time: a figure that nobody renews is no data. The engine calls it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from wxauto_mgt.core.alerting.evaluator import Result, Verdict
from wxauto_mgt.core.alerting.model import AlertRule, Labels, Level, Operator, labels_of


@dataclass(frozen=True)
class Reading:
    """The newest value of one series.

    Attributes:
        at_s: when it was measured, by any clock; another instant means that it was measured again.
        count: how many events it stands for; None when it is no figure about events.
    """

    labels: Labels
    value: float
    at_s: float
    count: int | None = None


class FigureSource(Protocol):
    """Where the figures come from; each call is cheap, none waits."""

    def readings(self, metric_name: str) -> Sequence[Reading]:
        """The newest value of each series of a metric; empty when there is no such metric."""
        ...

    def rise_per_s(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        """How much a series rose per second over that long until now; None when too little is known."""
        ...

    def deviation(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        """How unusual the newest value is among those before it; None when too little is known."""
        ...


class Conditions:
    """Evaluates the conditions of rules over one source of figures."""

    def __init__(self, *, source: FigureSource) -> None:
        self._source = source
        self._seen: dict[str, dict[Labels, tuple[float, float]]] = {}

    def look(self, *, now_s: float, stale_after_s: float) -> Look:
        """Begin one evaluation, which reads each metric once however many rules are about it.

        Args:
            now_s: running time.
            stale_after_s: how long a value stands that is not measured again.
        """
        return Look(source=self._source, seen=self._seen, now_s=now_s, stale_after_s=stale_after_s)


class Look:
    """The figures as they are at one evaluation; made by `Conditions.look`."""

    def __init__(
        self,
        *,
        source: FigureSource,
        seen: dict[str, dict[Labels, tuple[float, float]]],
        now_s: float,
        stale_after_s: float,
    ) -> None:
        self._source = source
        self._seen = seen
        self._now_s = now_s
        self._stale_after_s = stale_after_s
        self._metrics: dict[str, _Metric] = {}

    def evaluate(self, rule: AlertRule) -> Iterator[tuple[Labels, Result]]:
        """Yield a result for each series of a rule; nothing for a metric that does not exist."""
        metric = self._metrics.get(rule.metric_name)
        if metric is None:
            metric = self._metrics[rule.metric_name] = self._read(rule.metric_name)
        readings = metric.covered_by(rule)
        if rule.operator is Operator.ABSENT:
            is_there = any(is_fresh for _, is_fresh in readings)
            verdict = Verdict.CLEAR if is_there else Verdict.BREACH
            yield labels_of(rule.labels), Result(verdict, None if is_there else rule.level)
            return
        for reading, is_fresh in readings:
            yield reading.labels, self._judge(rule, reading) if is_fresh else Result(Verdict.NO_DATA)

    def _read(self, metric_name: str) -> _Metric:
        before = self._seen.get(metric_name, {})
        after: dict[Labels, tuple[float, float]] = {}
        readings = []
        for reading in self._source.readings(metric_name):
            known = before.get(reading.labels)
            if known is None or known[0] != reading.at_s:
                known = (reading.at_s, self._now_s)
            after[reading.labels] = known
            readings.append((reading, self._now_s - known[1] <= self._stale_after_s))
        self._seen[metric_name] = after
        return _Metric(readings)

    def _judge(self, rule: AlertRule, reading: Reading) -> Result:
        if reading.count is not None and reading.count < rule.min_count:
            return Result(Verdict.NO_DATA)
        value: float | None = reading.value
        if rule.operator is Operator.RATE:
            value = self._source.rise_per_s(rule.metric_name, reading.labels, rule.looks_back_s)
        elif rule.operator is Operator.ANOMALY:
            value = self._source.deviation(rule.metric_name, reading.labels, rule.looks_back_s)
        if value is None:
            return Result(Verdict.NO_DATA)
        if not math.isfinite(value):
            return Result(Verdict.ERROR)
        if rule.critical_threshold is not None and rule.operator.is_met(value, rule.critical_threshold):
            return Result(Verdict.BREACH, Level.CRITICAL, value)
        if rule.operator.is_met(value, rule.threshold):
            return Result(Verdict.BREACH, rule.level, value)
        return Result(Verdict.CLEAR, None, value)


class _Metric:
    """The readings of one metric, each with whether it is fresh, found by label."""

    def __init__(self, readings: Sequence[tuple[Reading, bool]]) -> None:
        self._readings = readings
        self._by_pair: dict[tuple[str, str], list[tuple[Reading, bool]]] = {}

    def covered_by(self, rule: AlertRule) -> Sequence[tuple[Reading, bool]]:
        """The readings of the series that a rule is about."""
        if not rule.labels:
            return self._readings
        if not self._by_pair:
            for item in self._readings:
                for pair in item[0].labels:
                    self._by_pair.setdefault(pair, []).append(item)
        if len(rule.labels) == 1:
            [pair] = rule.labels.items()
            return self._by_pair.get(pair, ())
        candidates = [self._by_pair.get(pair, []) for pair in rule.labels.items()]
        return [item for item in min(candidates, key=len) if rule.covers(item[0].labels)]
