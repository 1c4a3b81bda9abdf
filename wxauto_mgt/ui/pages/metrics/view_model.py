"""What the metrics page shows: some series beside each other over a span of time, with their figures.

Owns what is picked and the moment of reading. Called by the metrics page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from wxauto_mgt.core.analysis.statistics import describe
from wxauto_mgt.core.metrics.model import Labels, MetricType, Series
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.words import Words

TICK_MS = 10_000
MOST_SERIES: Final = 4
SPANS: Final = (("10m", 600), ("1h", 3600), ("24h", 86_400), ("7d", 604_800))
FIRST_PICKS: Final = ("system_cpu_usage", "system_memory_usage")
# What stands further apart than some ordinary distances is a gap; samples are never exactly on time.
_GAP_DISTANCES: Final = 3.5
_LEAST_GAP_S: Final = 30.0


class Catalog(Protocol):
    """What the page needs of the metric registry."""

    def names(self) -> tuple[str, ...]:
        """Metrics that have a value."""

    def label_sets(self, name: str) -> tuple[Labels, ...]:
        """Labels of the series of a metric."""

    def type_of(self, name: str) -> MetricType:
        """What the metric means over time."""


class History(Protocol):
    """What the page needs of the sampler."""

    async def history(self, name: str, since: datetime, *, labels: Labels = ()) -> Series:
        """Points of a series since an instant, those of earlier runs included."""


class Pick(NamedTuple):
    """A series that is shown."""

    name: str
    labels: Labels = ()


@dataclass(frozen=True)
class Line:
    """One series, ready to be drawn.

    Attributes:
        at_s, values: points; NaN stands where nothing was measured.
    """

    pick: Pick
    title: str
    at_s: tuple[float, ...]
    values: tuple[float, ...]
    figures: tuple[str, ...]


FIGURES: Final = ("latest", "minimum", "average", "maximum", "p95")


class MetricsViewModel(QObject):
    """The explorer.

    Signals:
        picks_changed: other series are shown; the lines follow.
        lines_read: `lines` and `drawn_span` were read anew.
    """

    picks_changed = Signal()
    lines_read = Signal()

    def __init__(self, backstage: Backstage, *, catalog: Catalog, history: History, clock: Clock) -> None:
        super().__init__()
        self._words = backstage.words
        self._catalog = catalog
        self._history = history
        self._clock = clock
        self.picks = tuple(Pick(name) for name in FIRST_PICKS)
        self.span = "1h"
        self.is_relative = False
        self.lines: tuple[Line, ...] = ()
        self.drawn_span = self._span_s()
        self._reader = backstage.commands.reader(self, "metric_history", self._read)
        self._reader.succeeded.connect(self._take)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._reader.refresh)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the page is seen."""
        if is_active:
            self._reader.refresh()
            self._timer.start()
        else:
            self._timer.stop()

    def choices(self) -> list[tuple[Pick, str]]:
        """Series that can be added, by title."""
        found = [
            Pick(name, labels) for name in self._catalog.names() for labels in self._catalog.label_sets(name)
        ]
        return sorted(((pick, self.title_of(pick)) for pick in found), key=lambda choice: choice[1])

    def title_of(self, pick: Pick) -> str:
        """What people call a series, with the name that rules use."""
        key = f"metric_name.{pick.name}"
        words = self._words
        title = f"{words(key)} ({pick.name})" if words.has(key) else pick.name
        if pick.labels:
            title += "  " + ", ".join(f"{name}={value}" for name, value in pick.labels)
        return title

    def add(self, pick: Pick) -> bool:
        """Show one more series; whether there was room."""
        if pick in self.picks:
            return True
        if len(self.picks) >= MOST_SERIES:
            return False
        self._show((*self.picks, pick))
        return True

    def remove(self, pick: Pick) -> None:
        """Show a series no more."""
        self._show(tuple(one for one in self.picks if one != pick))

    def set_span(self, span: str) -> None:
        """Show another span of time, up to now."""
        self.span = span
        self._reader.refresh()

    def set_relative(self, *, is_relative: bool) -> None:
        """Draw each line as a share of its own greatest value, so that different units can be compared."""
        self.is_relative = is_relative
        self.lines_read.emit()

    def points(self, line: Line) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """A line as it is to be drawn."""
        return line.at_s, relative(line.values) if self.is_relative else line.values

    def _show(self, picks: tuple[Pick, ...]) -> None:
        self.picks = picks
        self.lines = tuple(line for line in self.lines if line.pick in picks)
        self.picks_changed.emit()
        self._reader.refresh()

    async def _read(self) -> tuple[tuple[float, float], tuple[Line, ...]]:
        since_s, until_s = self._span_s()
        since = self._clock.now() - timedelta(seconds=until_s - since_s)
        lines = []
        for pick in self.picks:
            series = await self._history.history(pick.name, since, labels=pick.labels)
            is_counter = self._catalog.type_of(pick.name) is MetricType.COUNTER
            lines.append(self._line(pick, per_second(series) if is_counter else series, is_rate=is_counter))
        return (since_s, until_s), tuple(lines)

    def _take(self, read: tuple[tuple[float, float], tuple[Line, ...]]) -> None:
        span, lines = read
        if tuple(line.pick for line in lines) == self.picks:
            self.drawn_span, self.lines = span, lines
            self.lines_read.emit()

    def _span_s(self) -> tuple[float, float]:
        until_s = self._clock.now().timestamp()
        return until_s - dict(SPANS)[self.span], until_s

    def _line(self, pick: Pick, series: Series, *, is_rate: bool) -> Line:
        at_s, values = with_gaps(series)
        title = self.title_of(pick)
        if is_rate:
            title = self._words("metrics.per_second", title=title)
        return Line(pick, title, at_s, values, figures_of(self._words, series.values))


def figures_of(words: Words, values: Sequence[float]) -> tuple[str, ...]:
    """Newest, least, mean, greatest and 95th percentile, in the order of `FIGURES`."""
    found = describe(values)
    figures = (values[-1] if values else None, found.min, found.average, found.max, found.p95)
    return tuple(words.number(figure, digits=2) for figure in figures)


def relative(values: Sequence[float]) -> tuple[float, ...]:
    """Values in percent of the greatest one; gaps stay gaps."""
    found = np.asarray(values, dtype=float)
    known = found[~np.isnan(found)]
    top = float(np.abs(known).max()) if known.size else 0.0
    return tuple((found / top * 100).tolist()) if top else tuple(values)


def per_second(series: Series) -> Series:
    """How fast a counter rose up to each point; a fall is a restart, from which nothing is known."""
    at_s, values = np.asarray(series.at_s), np.asarray(series.values)
    if at_s.size < 2:
        return Series(series.name, (), (), series.labels)
    lasted_s, rises = np.diff(at_s), np.diff(values)
    known = (rises >= 0) & (lasted_s > 0)
    rates = rises[known] / lasted_s[known]
    return Series(series.name, tuple(at_s[1:][known].tolist()), tuple(rates.tolist()), series.labels)


def with_gaps(series: Series) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Instants and values with NaN wherever two points stand too far apart to be joined."""
    at_s, values = list(series.at_s), list(series.values)
    if len(at_s) < 2:
        return tuple(at_s), tuple(values)
    distances = np.diff(np.asarray(at_s))
    gap_s = max(float(np.median(distances)) * _GAP_DISTANCES, _LEAST_GAP_S)
    for number in reversed(np.flatnonzero(distances > gap_s).tolist()):
        at_s.insert(number + 1, at_s[number] + gap_s / 2)
        values.insert(number + 1, math.nan)
    return tuple(at_s), tuple(values)
