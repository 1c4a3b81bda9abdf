"""What the statistics of the logs show: how many records of each kind came, and when.

Owns the span and the moment of reading; the index counts. Called by the statistics panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.logs.query import LogStatistics
from wxauto_mgt.core.logs.record import Level
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.theme.tokens import Tone

SPANS: Final = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_HOUR_S: Final = 3600
LEVEL_TONES: Final = {
    Level.DEBUG: Tone.NEUTRAL,
    Level.INFO: Tone.INFO,
    Level.WARNING: Tone.WARNING,
    Level.ERROR: Tone.CRITICAL,
    Level.CRITICAL: Tone.CRITICAL,
}
TRENDS: Final[dict[str, tuple[Level, ...]]] = {
    "all": tuple(Level),
    "warnings": (Level.WARNING,),
    "errors": (Level.ERROR, Level.CRITICAL),
}
Point = tuple[float, float | None]
Share = tuple[str, int, Tone]
"""What is counted, how often, and how bad it is."""


class Index(Protocol):
    """What the panel needs of the log index."""

    async def statistics(self, since: datetime) -> LogStatistics:
        """Levels and categories by hour."""


@dataclass(frozen=True)
class Counted:
    """Everything that the panel draws."""

    since_s: float
    until_s: float
    levels: tuple[Share, ...]
    categories: tuple[Share, ...]
    trends: dict[str, tuple[Point, ...]]


class LogStatisticsViewModel(SeenViewModel):
    """The statistics.

    Signals:
        counted: `shown` was read anew.
    """

    TICK_MS = 10_000

    counted = Signal()

    def __init__(self, backstage: Backstage, *, index: Index, clock: Clock) -> None:
        super().__init__()
        self._words = backstage.words
        self._index = index
        self._clock = clock
        self.span = next(iter(SPANS))
        self.shown: Counted | None = None
        self.reader = backstage.commands.reader(self, "log_statistics", self._read)
        self.reader.succeeded.connect(self._take)

    def look(self) -> None:
        """Read again."""
        self.reader.refresh()

    def set_span(self, span: str) -> None:
        """Count over another span, up to now."""
        self.span = span
        self.reader.refresh()

    async def _read(self) -> Counted:
        until = self._clock.now()
        since = until - SPANS[self.span]
        found = await self._index.statistics(since)
        first_s = since.timestamp() // _HOUR_S * _HOUR_S
        return Counted(
            since_s=first_s,
            until_s=until.timestamp(),
            levels=self._levels(found),
            categories=self._categories(found),
            trends={
                name: _trend(found, levels, first_s, until.timestamp()) for name, levels in TRENDS.items()
            },
        )

    def _take(self, counted: Counted) -> None:
        self.shown = counted
        self.counted.emit()

    def _levels(self, found: LogStatistics) -> tuple[Share, ...]:
        words = self._words
        return tuple(
            (words(f"logs.level_{level}"), found.count_by_level.get(level, 0), LEVEL_TONES[level])
            for level in reversed(tuple(Level))
        )

    def _categories(self, found: LogStatistics) -> tuple[Share, ...]:
        words = self._words
        counts = sorted(found.count_by_category.items(), key=lambda pair: -pair[1])
        return tuple((words(f"logs.category_{one}"), count, Tone.INFO) for one, count in counts if count)


def _trend(
    found: LogStatistics, levels: tuple[Level, ...], first_s: float, until_s: float
) -> tuple[Point, ...]:
    """Records per hour; an hour that the index does not name had none."""
    counts = {
        hour.start.timestamp(): sum(hour.count_by_level.get(level, 0) for level in levels)
        for hour in found.hours
    }
    hours = int((until_s - first_s) // _HOUR_S) + 1
    starts = (first_s + number * _HOUR_S for number in range(hours))
    return tuple((start_s, float(counts.get(start_s, 0))) for start_s in starts)
