"""Answers the calls of `MonitorAPI` about logs: search, and how many of each kind came when.

Owns the shape of the answers, which other programs rely on. The composition root builds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar

from wxauto_mgt.api import arguments
from wxauto_mgt.api.answers import Answer, Answers
from wxauto_mgt.api.replies import JSON, Fields, iso
from wxauto_mgt.core.logs.index import LogIndex
from wxauto_mgt.core.logs.query import LogQuery
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.runtime.clock import Clock

_MOST_RECORDS: Final = 1_000
_LONGEST_TEXT: Final = 1_000
_MOST_DIGITS: Final = 18
_LONGEST_STATISTICS_HOURS: Final = 24 * 366.0

Kind = TypeVar("Kind", Level, Category)


class LogCalls:
    """The calls, answered by the index of one application."""

    def __init__(self, *, index: LogIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    def answers(self) -> Answers:
        """Return the answers by the name of the call."""
        return {"search_logs": self._search, "get_log_statistics": self._statistics}

    async def _search(
        self,
        level: JSON = None,
        category: JSON = None,
        q: JSON = "",
        limit: JSON = 100,
        cursor: JSON = None,
        instance_id: JSON = None,
        since: JSON = None,
        until: JSON = None,
    ) -> Answer:
        wanted_level = _choice(Level, level, "level")
        page = await self._index.search(
            LogQuery(
                text=_text(q, "q") or "",
                levels=frozenset() if wanted_level is None else frozenset((wanted_level,)),
                category=_choice(Category, category, "category"),
                instance_id=_text(instance_id, "instance_id"),
                since=_instant(since, "since"),
                until=_instant(until, "until"),
                before=_cursor(cursor),
                limit=min(arguments.whole(limit, "limit", least=1), _MOST_RECORDS),
            )
        )
        next_cursor = None if page.next_cursor is None else str(page.next_cursor)
        return Answer({"logs": [_record(entry) for entry in page.entries], "next_cursor": next_cursor})

    async def _statistics(self, hours: JSON = 24) -> Answer:
        reach = timedelta(hours=arguments.number(hours, "hours", above=0, most=_LONGEST_STATISTICS_HOURS))
        found = await self._index.statistics(self._clock.now() - reach)
        trend: list[JSON] = [
            {"hour": iso(hour.start), "levels": _counts(hour.count_by_level)} for hour in found.hours
        ]
        return Answer(
            {
                "levels": _counts(found.count_by_level),
                "categories": _counts(found.count_by_category),
                "trend": trend,
            }
        )


def _record(entry: LogEntry) -> Fields:
    return {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in entry.as_document().items()
    }


def _counts(counts: Mapping[Kind, int]) -> Fields:
    return {kind.value: count for kind, count in counts.items()}


def _choice(kind: type[Kind], value: JSON, name: str) -> Kind | None:
    if value is None or value == "":
        return None
    # Levels of alerts are written in small letters; whoever writes these so means the same.
    return arguments.choice(kind, value.upper() if isinstance(value, str) else value, name)


def _text(value: JSON, name: str) -> str | None:
    if value is None or value == "":
        return None
    text = arguments.text(value, name)
    if len(text) > _LONGEST_TEXT:
        raise arguments.refused(name)
    return text


def _instant(value: JSON, name: str) -> datetime | None:
    text = _text(value, name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise arguments.refused(name) from error
    if instant.tzinfo is None:
        raise arguments.refused(name)
    return instant


def _cursor(value: JSON) -> int | None:
    text = _text(value, "cursor")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise arguments.refused("cursor")
    return int(text)
