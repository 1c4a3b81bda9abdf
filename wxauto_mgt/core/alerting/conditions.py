"""Looks at the figures of a rule and says for each of its series whether the condition is met.

Owns staleness, counted in running time: a figure that nobody renews is no data. The engine calls it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wxauto_mgt.core.alerting.evaluator import Result, Verdict
from wxauto_mgt.core.alerting.model import AlertRule, Labels, Level, Operator, labels_of


@dataclass(frozen=True)
class Reading:
    """The newest value of one series.

    Attributes:
        at: when it was measured; another instant means that it was measured again.
        count: how many events it stands for; None when it is no figure about events.
    """

    labels: Labels
    value: float
    at: datetime
    count: int | None = None


class FigureSource(Protocol):
    """Where the figures come from; each call is cheap, none waits."""

    def readings(self, metric_name: str) -> Sequence[Reading]:
        """The newest value of each series of a metric; empty when there is no such metric."""
        ...

    def rise_per_s(self, metric_name: str, labels: Labels, window_s: float) -> float | None:
        """How much a series rose per second over that long until now; None when too little is known."""
        ...


class Conditions:
    """Evaluates the conditions of rules over one source of figures."""

    def __init__(self, *, source: FigureSource) -> None:
        self._source = source
        self._seen: dict[tuple[str, Labels], tuple[datetime, float]] = {}

    def evaluate(
        self, rule: AlertRule, *, now_s: float, stale_after_s: float
    ) -> Iterator[tuple[Labels, Result]]:
        """Yield a result for each series of a rule; nothing for a metric that does not exist.

        Args:
            now_s: running time.
            stale_after_s: how long a value stands that is not measured again.
        """
        readings = [
            reading for reading in self._source.readings(rule.metric_name) if rule.covers(reading.labels)
        ]
        fresh = {r.labels for r in readings if self._age_s(rule.metric_name, r, now_s) <= stale_after_s}
        if rule.operator is Operator.ABSENT:
            verdict = Verdict.CLEAR if fresh else Verdict.BREACH
            yield labels_of(rule.labels), Result(verdict, None if fresh else rule.level)
            return
        for reading in readings:
            is_fresh = reading.labels in fresh
            yield reading.labels, self._judge(rule, reading) if is_fresh else Result(Verdict.NO_DATA)

    def _age_s(self, metric_name: str, reading: Reading, now_s: float) -> float:
        key = (metric_name, reading.labels)
        known = self._seen.get(key)
        if known is None or known[0] != reading.at:
            self._seen[key] = (reading.at, now_s)
            return 0.0
        return now_s - known[1]

    def _judge(self, rule: AlertRule, reading: Reading) -> Result:
        if reading.count is not None and reading.count < rule.min_count:
            return Result(Verdict.NO_DATA)
        value: float | None = reading.value
        if rule.operator is Operator.RATE:
            value = self._source.rise_per_s(rule.metric_name, reading.labels, rule.rate_window_s)
        if value is None:
            return Result(Verdict.NO_DATA)
        if not math.isfinite(value):
            return Result(Verdict.ERROR)
        if rule.critical_threshold is not None and rule.operator.is_met(value, rule.critical_threshold):
            return Result(Verdict.BREACH, Level.CRITICAL, value)
        if rule.operator.is_met(value, rule.threshold):
            return Result(Verdict.BREACH, rule.level, value)
        return Result(Verdict.CLEAR, None, value)
