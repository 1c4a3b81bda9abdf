"""What is asked of the logs and what is answered; how text is made ready for the search. Pure.

Owns no SQL. The index answers it; the facade and the window ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wxauto_mgt.core.logs.record import Category, Level, LogEntry


@dataclass(frozen=True)
class LogQuery:
    """Which records are wanted; what is not given takes all.

    Attributes:
        text: words, each of which stands somewhere in the record, as written but for the case.
        since: at this instant or later.
        until: before this instant.
        before: cursor of the page before.
    """

    text: str = ""
    levels: frozenset[Level] = frozenset()
    category: Category | None = None
    instance_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True)
class LogPage:
    """Records, newest first; `sequence` is their number in the index.

    Attributes:
        next_cursor: `before` of the next page; None = there is none.
    """

    entries: tuple[LogEntry, ...]
    next_cursor: int | None


@dataclass(frozen=True)
class LogHour:
    """How many records of each level came in an hour."""

    start: datetime
    count_by_level: Mapping[Level, int]


@dataclass(frozen=True)
class LogStatistics:
    """How the records are spread. An hour in which none came is not among `hours`, oldest first."""

    count_by_level: Mapping[Level, int]
    count_by_category: Mapping[Category, int]
    hours: tuple[LogHour, ...]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a query, ready to be looked for in `searchable`."""
    return tuple(dict.fromkeys(_ready(text).split()))


def searchable(entry: LogEntry) -> str:
    """Everything of a record that can be searched, case folded."""
    context = (entry.request_id, entry.user_id, entry.instance_id, entry.message_id, entry.trace_id)
    parts = [entry.message, entry.module, *(value for value in context if value)]
    parts += [f"{name}={value}" for name, value in entry.facts.items()]
    if entry.exception:
        parts.append(entry.exception)
    return _ready("\n".join(parts))


def _ready(text: str) -> str:
    # SQLite ends a text at a zero character, and half a surrogate pair has no UTF-8.
    return text.replace("\0", " ").casefold().encode("utf-8", "replace").decode("utf-8")
