"""What the logs page shows: the newest records in memory, filtered, followed by a cursor.

Owns filter and cursor; the pipeline owns the records. Called by the logs page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.core.logs.ring import Tail

TICK_MS = 250
SHOWN = 5000


class LogSource(Protocol):
    """What the page needs of the pipeline."""

    def tail(self, *, after: int = 0, limit: int = SHOWN) -> Tail:
        """Newest entries after a cursor."""


@dataclass(frozen=True)
class LogFilter:
    """Which records are shown; None takes any category."""

    least: Level = Level.INFO
    category: Category | None = None
    text: str = ""

    def takes(self, entry: LogEntry) -> bool:
        """Whether a record is shown."""
        if entry.level.number < self.least.number:
            return False
        if self.category is not None and entry.category is not self.category:
            return False
        return not self.text or self.text in f"{entry.message} {entry.instance_id or ''}".casefold()


class LogsViewModel(QObject):
    """The live tail.

    Signals:
        appended: new records, oldest first.
        restarted: the filter changed; what is shown so far no longer counts.
    """

    appended = Signal(list)
    restarted = Signal()

    def __init__(self, source: LogSource) -> None:
        super().__init__()
        self._source = source
        self._cursor = 0
        self.filter = LogFilter()
        self.is_paused = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.follow)

    def set_active(self, *, is_active: bool) -> None:
        """Follow while the page is seen."""
        if is_active:
            self.follow()
            self._timer.start()
        else:
            self._timer.stop()

    def set_paused(self, *, is_paused: bool) -> None:
        """Hold what is shown; records go on in the files and in memory."""
        self.is_paused = is_paused
        if not is_paused:
            self.follow()

    def set_filter(self, wanted: LogFilter) -> None:
        """Show other records, from the oldest in memory on."""
        if wanted != self.filter:
            self.filter = wanted
            self.start_over()

    def start_over(self) -> None:
        """Show everything in memory again; for a page that was just built, too."""
        self._cursor = 0
        self.restarted.emit()
        self.follow()

    def follow(self) -> None:
        """Take what came since the last time; nothing while paused, except after a new filter."""
        if self.is_paused and self._cursor:
            return
        tail = self._source.tail(after=self._cursor, limit=SHOWN)
        self._cursor = tail.cursor
        entries = [entry for entry in tail.entries if self.filter.takes(entry)]
        if entries:
            self.appended.emit(entries)
