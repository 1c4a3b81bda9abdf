"""The words of metrics: types, labels, samples, series, and the event of a recorded value.

Owns no state. Everything that measures, stores, evaluates or draws uses these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name; `label_set` makes them."""


class MetricType(StrEnum):
    """What a figure means over time."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


class SeriesKey(NamedTuple):
    """Names one series of values."""

    name: str
    labels: Labels = ()


class Sample(NamedTuple):
    """One value of one series, as a collector reads it.

    Attributes:
        starts_at_zero: of a counter: it counts from the start of this process, so its first value is a rise.
    """

    key: SeriesKey
    value: float
    type: MetricType = MetricType.GAUGE
    starts_at_zero: bool = False


@dataclass(frozen=True)
class Reading:
    """The newest value of a series."""

    value: float
    at: datetime


@dataclass(frozen=True)
class Series:
    """Points of one series, oldest first; instants are seconds since the epoch. A gap has no points."""

    name: str
    at_s: tuple[float, ...]
    values: tuple[float, ...]
    labels: Labels = ()


@dataclass(frozen=True)
class MetricRecord:
    """One value with what is known of its metric."""

    name: str
    type: MetricType
    value: float
    labels: Labels
    at: datetime
    description: str


@dataclass(frozen=True)
class MetricRecorded:
    """A program recorded a value; alert rules look at it at once."""

    record: MetricRecord


@dataclass(frozen=True)
class Refusal:
    """Why values of a metric were not taken: the newest of `count` reasons."""

    reason_code: str
    count: int
    at: datetime


def label_set(labels: Mapping[str, str] | None = None) -> Labels:
    """Return labels in the one order in which they compare equal."""
    return tuple(sorted(labels.items())) if labels else ()
