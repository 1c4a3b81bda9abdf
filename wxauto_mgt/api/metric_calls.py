"""Answers the calls of `MonitorAPI` about metrics: record, read back, performance, the dashboard.

Owns the shape of a metric record and of the analysis, which other programs rely on. The composition root
builds one.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.replies import JSON, Fields, Texts, about_metric, iso
from wxauto_mgt.core.analysis.performance import Performance, PerformanceReader
from wxauto_mgt.core.analysis.statistics import Description, describe
from wxauto_mgt.core.metrics.model import Labels, MetricRecord, MetricType, Series, label_set
from wxauto_mgt.core.metrics.reader import MetricReader
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.runtime.clock import Clock

RECENT_METRICS: Final = ("system_cpu_usage", "system_memory_usage", "app_memory_usage")
_RECENT: Final = timedelta(minutes=10)
_RECENT_POINTS: Final = 20
_SUMMARY_OF: Final = timedelta(minutes=30)
_LONGEST_S: Final = 3 * 366 * 86_400.0
_MOST_RECORDS: Final = 50_000

ActiveAlerts = Callable[[], Awaitable[list[JSON]]]


class MetricCalls:
    """The calls, answered by the metrics of one application.

    Args:
        active_alerts: the records of the alerts that fire now.
    """

    def __init__(
        self,
        *,
        registry: MetricRegistry,
        reader: MetricReader,
        performance: PerformanceReader,
        active_alerts: ActiveAlerts,
        clock: Clock,
        texts: Texts,
    ) -> None:
        self._registry = registry
        self._reader = reader
        self._performance = performance
        self._active_alerts = active_alerts
        self._clock = clock
        self._texts = texts

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {
            "record_metric": self._record,
            "record_business_metric": self._record,
            "get_metric_names": self._names,
            "get_metric_history": self._history,
            "get_latest_metric": self._latest,
            "analyze_performance": self._analyze,
            "get_dashboard_data": self._dashboard,
        }

    async def _record(
        self,
        name: JSON,
        value: JSON,
        labels: JSON,
        type: JSON = "gauge",  # noqa: A002 - the facade's name for it
        description: JSON = "",
    ) -> Answer:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise arguments.refused("value")
        record = self._registry.record(
            _name(name),
            _as_float(value),
            type_=arguments.choice(MetricType, type, "type"),
            labels=dict(_labels(labels) or ()),
            description=arguments.text(description, "description"),
        )
        return Answer(_metric(record))

    async def _names(self) -> Answer:
        names = self._registry.names()
        return Answer(
            [
                {
                    "name": name,
                    "type": self._registry.type_of(name).value,
                    "description": self._description(name),
                    "series": len(self._registry.label_sets(name)),
                }
                for name in names
            ],
            {
                "count": len(names),
                "refused": {
                    name: {"reason": refusal.reason_code, "count": refusal.count, "at": iso(refusal.at)}
                    for name, refusal in self._registry.refusals().items()
                },
            },
        )

    async def _history(self, name: JSON, duration: JSON, labels: JSON) -> Answer:
        since = self._clock.now() - _duration(duration)
        found: list[MetricRecord] = []
        figures: list[JSON] = []
        wanted, type_ = _labels(labels), await self._reader.type_of(_name(name))
        for chosen in await self._label_sets(_name(name), wanted):
            series = await self._reader.history(_name(name), since, labels=chosen)
            if series.values:
                found.extend(self._records(series, type_))
                figures.append({"labels": dict(chosen), **_description(describe(series.values))})
        found.sort(key=lambda record: record.at)
        newest = found[-_MOST_RECORDS:]
        return Answer([_metric(record) for record in newest], {"count": len(newest), "statistics": figures})

    async def _latest(self, name: JSON, labels: JSON) -> Answer:
        wanted = _labels(labels)
        in_memory = self._registry.label_sets(_name(name)) if wanted is None else (wanted,)
        records = [self._registry.record_of(_name(name), chosen) for chosen in in_memory]
        description = self._description(_name(name))
        known = [replace(record, description=description) for record in records if record is not None]
        if not known:  # not since the start: an earlier run may have left one
            for chosen in await self._label_sets(_name(name), wanted):
                series = await self._reader.history(
                    _name(name), self._clock.now() - self._reader.raw_reach, labels=chosen
                )
                known.extend(self._records(series, await self._reader.type_of(series.name))[-1:])
        newest = max(known, key=lambda record: record.at, default=None)
        return Answer(_metric(newest) if newest else None)

    async def _label_sets(self, name: str, wanted: Labels | None) -> Sequence[Labels]:
        return (wanted,) if wanted is not None else await self._reader.label_sets(name)

    async def _analyze(self, duration: JSON) -> Answer:
        return Answer(_analysis(await self._performance.read(_duration(duration)), self._texts))

    async def _dashboard(self) -> Answer:
        now = self._clock.now()
        return Answer(
            {
                "system_status": {
                    "cpu_usage": self._value("system_cpu_usage"),
                    "memory_usage": self._value("system_memory_usage"),
                    "disk_usage": self._value("system_disk_usage"),
                    "timestamp": iso(now),
                },
                "active_alerts": await self._active_alerts(),
                "recent_metrics": {
                    name: [
                        _metric(record)
                        for record in self._records(
                            self._registry.window(name, (), now - _RECENT), MetricType.GAUGE
                        )[-_RECENT_POINTS:]
                    ]
                    for name in RECENT_METRICS
                },
                "performance_summary": _summary(await self._performance.read(_SUMMARY_OF), self._texts),
            }
        )

    def _description(self, name: str) -> str:
        """What whoever records a metric says of it, or what we say of our own."""
        return self._registry.description_of(name) or about_metric(name, self._texts)

    def _value(self, name: str) -> float | None:
        reading = self._registry.latest(name)
        return reading.value if reading else None

    def _records(self, series: Series, type_: MetricType) -> list[MetricRecord]:
        description, zone = self._description(series.name), self._clock.now().tzinfo
        return [
            MetricRecord(
                series.name, type_, value, series.labels, datetime.fromtimestamp(at_s, zone), description
            )
            for at_s, value in zip(series.at_s, series.values, strict=True)
        ]


def _metric(record: MetricRecord) -> Fields:
    return {
        "name": record.name,
        "type": record.type.value,
        "value": record.value,
        "labels": dict(record.labels),
        "timestamp": iso(record.at),
        "description": record.description,
    }


def _analysis(performance: Performance, texts: Texts) -> Fields:
    return {
        "cpu_analysis": _description(performance.cpu),
        "memory_analysis": _description(performance.memory),
        "network_analysis": {
            "bytes_sent_rate": performance.bytes_sent_per_s,
            "bytes_recv_rate": performance.bytes_recv_per_s,
        },
        "message_path": {
            "stages": [
                {"stage": time.stage.value, "count": time.count, "average_s": time.mean_s}
                for time in performance.path.stages
            ],
            "busiest_chats": [
                {"instance_id": chat.instance_id, "chat": chat.chat, "count": chat.count}
                for chat in performance.path.busiest_chats
            ],
        },
        "summary": _summary(performance, texts),
    }


def _summary(performance: Performance, texts: Texts) -> Fields:
    findings = performance.findings
    return {
        "status": performance.status.value,
        "issues": [texts.reason("performance", f.code, f.params) for f in findings],
        "recommendations": [texts.reason("advice", f.code, f.params) for f in findings],
    }


def _description(figures: Description) -> Fields:
    return {
        "average": figures.average,
        "max": figures.max,
        "min": figures.min,
        "median": figures.median,
        "std_dev": figures.std_dev,
        "p50": figures.p50,
        "p95": figures.p95,
        "p99": figures.p99,
        "samples": figures.samples,
        "trend": figures.trend.value,
    }


def _name(name: JSON) -> str:
    if name == "":
        raise arguments.refused("name")
    return arguments.text(name, "name")


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf  # a whole number beyond all floats: refused like any other infinity


def _labels(labels: JSON) -> Labels | None:
    return None if labels is None else label_set(arguments.labels(labels))


def _duration(duration: JSON) -> timedelta:
    return timedelta(seconds=arguments.number(duration, "duration", above=0, most=_LONGEST_S))
