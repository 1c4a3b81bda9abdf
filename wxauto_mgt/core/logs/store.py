"""SQL of the log index in the telemetry database.

Owns the tables `log_record`, `log_hour` and the full-text table `log_text`. The log index calls it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from wxauto_mgt.core.logs.query import LogHour, LogPage, LogQuery, LogStatistics, searchable, words_of
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.readers import SqlValue
from wxauto_mgt.storage.times import from_us, to_us

_US_PER_HOUR: Final = 3_600_000_000
_TRIGRAM: Final = 3
# More of a long word narrows no further, and the whole word is compared anyway.
_MOST_TRIGRAMS: Final = 16

_Condition: TypeAlias = tuple[str, tuple[SqlValue, ...]]


def open_full_text(tx: sqlite3.Connection) -> bool:
    """Make the full-text table, unless it is there; False when this SQLite has no trigrams."""
    if tx.execute("SELECT 1 FROM sqlite_master WHERE name = 'log_text'").fetchone():
        return True
    try:
        # Without positions it is smaller; the text itself says whether a word really stands there.
        tx.execute(
            "CREATE VIRTUAL TABLE log_text USING fts5(text, content='log_record', content_rowid='id',"
            " detail=none, tokenize='trigram case_sensitive 1')"
        )
    except sqlite3.OperationalError:  # older than 3.34, or built without full-text search
        return False
    tx.execute("INSERT INTO log_text(log_text) VALUES ('rebuild')")
    return True


def insert(tx: sqlite3.Connection, entries: Sequence[LogEntry], *, has_full_text: bool) -> None:
    """Store records, in order."""
    next_id: int = tx.execute("SELECT coalesce(max(id), 0) + 1 FROM log_record").fetchone()[0]
    rows = [_row(number, entry) for number, entry in enumerate(entries, next_id)]
    tx.executemany("INSERT INTO log_record VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    if has_full_text:
        texts = [(row[0], row[-1]) for row in rows]
        tx.executemany("INSERT INTO log_text(rowid, text) VALUES (?, ?)", texts)
    counts = Counter((to_us(e.timestamp) // _US_PER_HOUR, e.level.number, e.category.value) for e in entries)
    tx.executemany(
        "INSERT INTO log_hour VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(*key, count) for key, count in counts.items()],
    )


def expire(
    tx: sqlite3.Connection, *, oldest_kept: datetime, most: int, at_once: int, has_full_text: bool
) -> bool:
    """Delete some of what is too old or too much; True when there may be more."""
    cut_us = to_us(oldest_kept)
    tx.execute("DELETE FROM log_hour WHERE hour < ?", (cut_us // _US_PER_HOUR,))
    doomed = tx.execute(
        "SELECT id FROM log_record WHERE at_us < ?1"
        " UNION SELECT id FROM log_record WHERE id <= (SELECT max(id) FROM log_record) - ?2 LIMIT ?3",
        (cut_us, most, at_once),
    ).fetchall()
    ids = [(row[0],) for row in doomed]
    if has_full_text:
        tx.executemany(
            "INSERT INTO log_text(log_text, rowid, text)"
            " SELECT 'delete', id, text FROM log_record WHERE id = ?",
            ids,
        )
    tx.executemany("DELETE FROM log_record WHERE id = ?", ids)
    return len(ids) == at_once


async def search(telemetry: Database, query: LogQuery, *, has_full_text: bool) -> LogPage:
    """Return a page of records, newest first."""
    sql, params = search_statement(query, has_full_text=has_full_text)
    rows = await telemetry.fetch_all(sql, params)
    entries = tuple(_entry(row[0], row[1]) for row in rows[: query.limit])
    return LogPage(entries, entries[-1].sequence if len(rows) > query.limit else None)


async def statistics(telemetry: Database, since: datetime) -> LogStatistics:
    """Count the records of the hours since an instant, its own hour included."""
    rows = await telemetry.fetch_all(
        "SELECT hour, level, category, count FROM log_hour WHERE hour >= ? ORDER BY hour",
        (to_us(since) // _US_PER_HOUR,),
    )
    by_level: Counter[Level] = Counter()
    by_category: Counter[Category] = Counter()
    by_hour: dict[int, Counter[Level]] = {}
    for hour, number, category, count in rows:
        level = Level.of(number)
        by_level[level] += count
        by_category[Category(category)] += count
        by_hour.setdefault(hour, Counter())[level] += count
    return LogStatistics(
        count_by_level={level: by_level[level] for level in Level},
        count_by_category={category: by_category[category] for category in Category},
        hours=tuple(
            LogHour(from_us(hour * _US_PER_HOUR), {level: counts[level] for level in Level})
            for hour, counts in by_hour.items()
        ),
    )


def search_statement(query: LogQuery, *, has_full_text: bool) -> tuple[str, list[SqlValue]]:
    """The SELECT of one page and one row more. Words below three characters are compared, newest first."""
    words = words_of(query.text)
    trigrams = _trigrams(words) if has_full_text else ()
    source, number = "log_record AS r", "r.id"
    conditions: list[_Condition] = []
    if trigrams:
        source, number = "log_text CROSS JOIN log_record AS r ON r.id = log_text.rowid", "log_text.rowid"
        quoted = ('"' + trigram.replace('"', '""') + '"' for trigram in trigrams)
        conditions.append(("log_text MATCH ?", (" AND ".join(quoted),)))
    conditions += _places(query, number)
    conditions += _kinds(query)
    conditions += [("instr(r.text, ?) > 0", (word,)) for word in words]
    where = " AND ".join(condition for condition, _ in conditions) or "1"
    # Only fixed pieces and question marks are put together here.
    sql = f"SELECT r.id, r.document FROM {source} WHERE {where} ORDER BY {number} DESC LIMIT ?"  # noqa: S608
    return sql, [value for _, values in conditions for value in values] + [query.limit + 1]


def _places(query: LogQuery, number: str) -> Iterator[_Condition]:
    """Where in the order of the records, which is nearly that of time: numbers bound, times decide."""
    if query.before is not None:
        yield f"{number} < ?", (query.before,)
    if query.since is not None:
        since_us = to_us(query.since)
        yield f"{number} >= (SELECT min(id) FROM log_record WHERE at_us >= ?)", (since_us,)  # noqa: S608
        yield "+r.at_us >= ?", (since_us,)
    if query.until is not None:
        until_us = to_us(query.until)
        yield f"{number} <= (SELECT max(id) FROM log_record WHERE at_us < ?)", (until_us,)  # noqa: S608
        yield "+r.at_us < ?", (until_us,)


def _kinds(query: LogQuery) -> Iterator[_Condition]:
    if query.levels:
        # By the index only where it yields the order wanted.
        column = "r.level" if len(query.levels) == 1 else "+r.level"
        numbers = sorted(level.number for level in query.levels)
        yield f"{column} IN ({', '.join('?' * len(numbers))})", tuple(numbers)
    if query.category is not None:
        yield "r.category = ?", (query.category.value,)
    if query.instance_id is not None:
        yield "r.instance_id = ?", (query.instance_id,)


def _trigrams(words: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(
        word[start : start + _TRIGRAM] for word in words for start in range(len(word) - _TRIGRAM + 1)
    )
    return tuple(found)[:_MOST_TRIGRAMS]


def _row(number: int, entry: LogEntry) -> tuple[SqlValue, ...]:
    return (
        number,
        to_us(entry.timestamp),
        entry.level.number,
        entry.category.value,
        entry.instance_id,
        entry.as_json_line().decode("utf-8").rstrip("\n"),
        searchable(entry),
    )


def _entry(number: int, document: str) -> LogEntry:
    return LogEntry.of_document(number, json.loads(document))
