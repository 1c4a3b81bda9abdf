"""All metrics in the Prometheus text format: names with our prefix, right types, series that are alive.

Owns names and grouping; how many series there are at most is the registry's. `GET /metrics` asks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from wxauto_mgt.api.replies import Texts, about_metric
from wxauto_mgt.core.metrics.model import Labels, MetricType
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.runtime.clock import Clock

PREFIX: Final = "wxauto_mgt_"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# As long as Prometheus itself takes a value for the newest.
_STALE_AFTER_S: Final = 300.0
# Writing thousands of series keeps the loop busy for as long as a hundred requests.
_WRITTEN_EVERY_S: Final = 1.0
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_]")
_PARTS: Final[Mapping[MetricType, tuple[str, ...]]] = {
    MetricType.HISTOGRAM: ("_bucket", "_sum", "_count"),
    MetricType.SUMMARY: ("", "_sum", "_count"),
}


class Exposition:
    """The registry, as Prometheus reads it."""

    def __init__(self, *, registry: MetricRegistry, clock: Clock, texts: Texts) -> None:
        self._registry = registry
        self._clock = clock
        self._texts = texts
        self._written = b""
        self._written_s = -math.inf

    def text(self) -> bytes:
        """Write all metrics; what was written a moment ago is given again."""
        now_s = self._clock.monotonic()
        if now_s - self._written_s >= _WRITTEN_EVERY_S:
            self._written, self._written_s = generate_latest(_Collected(self._metrics)), now_s
        return self._written

    def _metrics(self) -> Iterator[Metric]:
        names = self._registry.names()
        composed = {name: kind for name in self._bases(names) if (kind := self._kind(name)) in _PARTS}
        parts = {base + suffix for base, kind in composed.items() for suffix in _PARTS[kind]}
        seen: set[str] = set()
        for name in sorted({*composed, *(name for name in names if name not in parts)}):
            kind = self._kind(name)
            shown = PREFIX + _NOT_IN_NAMES.sub("_", name)
            if kind is MetricType.COUNTER:
                shown = shown.removesuffix("_total")
            if (family := shown + _suffix_of(kind)) in seen:
                continue  # two names that differ in a sign which Prometheus does not know
            seen.add(family)
            about = self._registry.description_of(name) or about_metric(name, self._texts)
            metric = Metric(shown, about or name, kind.value)
            for suffix in _PARTS.get(kind, ("",)):
                self._add(metric, name + suffix, shown + (suffix or _suffix_of(kind)))
            if metric.samples:
                yield metric

    def _bases(self, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            yield name
            for suffix in ("_bucket", "_sum", "_count"):
                if name.endswith(suffix):
                    yield name.removesuffix(suffix)

    def _kind(self, name: str) -> MetricType:
        return self._registry.type_of(name)

    def _add(self, metric: Metric, name: str, shown: str) -> None:
        oldest_s = self._clock.now().timestamp() - _STALE_AFTER_S
        seen: set[tuple[tuple[str, str], ...]] = set()
        for labels, at_s, value in self._registry.newest(name):
            if at_s < oldest_s:
                continue
            pairs = _labels(labels)
            key = tuple(sorted(pairs.items()))
            if key not in seen:
                seen.add(key)
                metric.add_sample(shown, pairs, value)


class _Collected(Collector):
    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterator[Metric]:
        return self._collect()


def _suffix_of(kind: MetricType) -> str:
    return "_total" if kind is MetricType.COUNTER else ""


def _labels(labels: Labels) -> dict[str, str]:
    """Names that begin with two lines below are Prometheus's own."""
    return {_NOT_IN_NAMES.sub("_", name).lstrip("_") or "label": value for name, value in labels}
