"""What the search of the logs shows: records of this and earlier runs, newest first, page by page.

Owns what is asked for; the index answers. Called by the search panel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.logs.query import LogPage, LogQuery
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage

PAGE: Final = 100
SHOWN: Final = 5000
_AROUND: Final = PAGE // 2
_ONE_MICROSECOND: Final = timedelta(microseconds=1)


class Index(Protocol):
    """What the panel needs of the log index."""

    async def search(self, query: LogQuery) -> LogPage:
        """A page of records, newest first."""


class Span(StrEnum):
    """How far back the search looks; `CUSTOM` takes the two instants given."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    ALL = "all"
    CUSTOM = "custom"

    @property
    def length(self) -> timedelta | None:
        """How long it is; None where it is not bound to now."""
        return _LENGTHS.get(self)


_LENGTHS: Final = {Span.HOUR: timedelta(hours=1), Span.DAY: timedelta(days=1), Span.WEEK: timedelta(days=7)}


@dataclass(frozen=True)
class Wish:
    """What the operator looks for.

    Attributes:
        least: this level and worse.
        since, until: only with `Span.CUSTOM`.
    """

    text: str = ""
    least: Level = Level.DEBUG
    category: Category | None = None
    instance_id: str | None = None
    span: Span = Span.DAY
    since: datetime | None = None
    until: datetime | None = None

    def query(self, now: datetime) -> LogQuery:
        """The first page of it."""
        since, until = (self.since, self.until) if self.span is Span.CUSTOM else (None, None)
        if self.span.length is not None:
            since = now - self.span.length
        worse = frozenset(level for level in Level if level.number >= self.least.number)
        return LogQuery(
            text=self.text,
            levels=frozenset() if self.least is Level.DEBUG else worse,
            category=self.category,
            instance_id=self.instance_id,
            since=since,
            until=until,
            limit=PAGE,
        )


Found = tuple[LogQuery, LogPage]
"""What was asked for, and what was found."""


class LogSearchViewModel(QObject):
    """The search.

    Signals:
        replaced: `rows` are others than before.
        extended: older records, which stand at the end of `rows` now.
    """

    replaced = Signal()
    extended = Signal(list)

    def __init__(self, backstage: Backstage, *, index: Index, editing: ConfigEditing, clock: Clock) -> None:
        super().__init__()
        self._index = index
        self._clock = clock
        self.editing = editing
        self.wish = Wish()
        self.middle: LogEntry | None = None
        self.rows: tuple[LogEntry, ...] = ()
        self._asked = LogQuery()
        self._next: int | None = None
        commands = backstage.commands
        self.newest = commands.reader(self, "search_logs", self._read_newest)
        self.newest.succeeded.connect(self._take_newest)
        self.older = commands.command(self, "older_logs", self._read_older)
        self.older.succeeded.connect(self._take_older)

    @property
    def has_more(self) -> bool:
        """Whether older records can be loaded."""
        return self._next is not None and len(self.rows) < SHOWN

    def search(self, wish: Wish) -> None:
        """Look for something; what is shown so far stays until the answer is there."""
        self.wish = wish
        self.middle = None
        self.newest.refresh()

    def show_around(self, entry: LogEntry) -> None:
        """Show what was logged just before and after a record, of whatever kind."""
        self.middle = entry
        self.newest.refresh()

    def load_more(self) -> None:
        """Read the records before the oldest one shown."""
        if self.has_more and not self.newest.is_running:
            self.older.start()

    def number_of_middle(self) -> int:
        """Where the record stands around which all others are; -1 when there is none."""
        found = (
            n for n, row in enumerate(self.rows) if self.middle is not None and is_same(row, self.middle)
        )
        return next(found, -1)

    async def _read_newest(self) -> Found:
        query = self.wish.query(self._clock.now())
        if self.middle is not None:
            query = await self._around(self.middle)
        return query, await self._index.search(query)

    async def _around(self, entry: LogEntry) -> LogQuery:
        # A record of the live tail has another number than in the index: its instant finds it.
        at = LogQuery(since=entry.timestamp, until=entry.timestamp + _ONE_MICROSECOND, limit=PAGE)
        for found in (await self._index.search(at)).entries:
            if is_same(found, entry):
                return LogQuery(before=found.sequence + _AROUND + 1, limit=PAGE)
        raise PermanentError("log_record_not_indexed")

    def _take_newest(self, found: Found) -> None:
        self._asked, page = found
        self._next = page.next_cursor
        self.rows = page.entries
        self.replaced.emit()

    async def _read_older(self) -> Found:
        query = replace(self._asked, before=self._next)
        return query, await self._index.search(query)

    def _take_older(self, found: Found) -> None:
        query, page = found
        if query.before != self._next or replace(query, before=self._asked.before) != self._asked:
            return
        self._next = page.next_cursor
        self.rows = (*self.rows, *page.entries)
        self.extended.emit(list(page.entries))


def is_same(one: LogEntry, other: LogEntry) -> bool:
    """Whether two entries are the same record, whatever numbers they bear."""
    return (one.timestamp, one.module, one.line_number, one.message) == (
        other.timestamp,
        other.module,
        other.line_number,
        other.message,
    )
