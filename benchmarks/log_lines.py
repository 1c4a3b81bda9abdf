"""What a log record costs the one who logs, and what a search over a million records costs."""

from __future__ import annotations

import json
import logging
import random
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Line, Sample
from benchmarks.polling import WentWrong
from wxauto_mgt.core.logs import store
from wxauto_mgt.core.logs.pipeline import LogPipeline
from wxauto_mgt.core.logs.query import LogQuery
from wxauto_mgt.core.logs.record import Category, Level, LogEntry
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.storage.database import Database

NAME: Final = "logs"
_AT_A_STRETCH: Final = 500
_SEARCHES: Final = 15
_BATCH: Final = 2_000
_CHATS: Final = 40
_QUERIES: Final = {
    "a rare word": LogQuery(text="unreachable-7"),
    "two words, Chinese among them": LogQuery(text="客户群 超时"),
    "a word in every record": LogQuery(text="instance"),
    "two characters": LogQuery(text="超时"),
    "one level": LogQuery(levels=frozenset({Level.ERROR})),
}


async def run(bench: Bench) -> list[Line]:
    """The pipeline beside the standard library's file handler, searches beside the bare index."""
    return [await _record(bench), *await _search(bench)]


async def _record(bench: Bench) -> Line:
    """A record with three facts; our queue is emptied after each stretch, so that none is refused."""
    stretches = 10 if bench.is_quick else 60
    folder = bench.folder("log_record")
    pipeline = LogPipeline(folder=folder / "ours", clock=SystemClock(), redaction=Redactor())
    bare = _bare_logger(folder / "stdlib.log")
    ours, theirs = [], []
    pipeline.attach()
    try:
        for _ in range(stretches):
            theirs.append(_stretch(bare))
            ours.append(_stretch(logging.getLogger("wxauto_mgt.core.delivery.bench")))
            pipeline.flush()
        status = pipeline.status()
    finally:
        await pipeline.close()
        for handler in bare.handlers:
            handler.close()
    if (status.dropped, status.written) != (0, stretches * _AT_A_STRETCH):
        raise WentWrong("not every log record was written")
    measured, limit = Sample(tuple(ours), "us"), Sample(tuple(theirs), "us")
    return Line(
        NAME,
        "one record, for the one who logs",
        measured,
        "the standard library's file handler with JSON lines",
        limit,
        measured.median / limit.median,
        "times",
        "within 1.2",
    )


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        document = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "message": record.getMessage(),
            "module": record.name,
            "function": record.funcName,
            "line_number": record.lineno,
            "instance_id": record.__dict__.get("instance_id"),
            "message_id": record.__dict__.get("message_id"),
            "attempt": record.__dict__.get("attempt"),
        }
        return json.dumps(document, ensure_ascii=False)


def _bare_logger(path: Path) -> logging.Logger:
    logger = logging.getLogger("bench.stdlib")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_JsonLines())
    logger.addHandler(handler)
    return logger


def _stretch(logger: logging.Logger) -> float:
    """Microseconds of one record."""
    started_s = time.perf_counter()
    for number in range(_AT_A_STRETCH):
        facts = {"instance_id": "pc1", "message_id": number, "attempt": 1}
        logger.info("reply %d sent", number, extra=facts)
    return (time.perf_counter() - started_s) / _AT_A_STRETCH * 1e6


async def _search(bench: Bench) -> list[Line]:
    records = 100_000 if bench.is_quick else 1_000_000
    folder = bench.folder("log_search")
    telemetry = await Database.open(
        folder / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=folder
    )
    try:
        has_full_text = await telemetry.run(store.open_full_text)
        if not has_full_text:
            raise WentWrong("this SQLite has no full-text search with trigrams")
        for first in range(0, records, _BATCH):
            batch = [_entry(number) for number in range(first, first + _BATCH)]
            await telemetry.run(partial(store.insert, entries=batch, has_full_text=True))
        return [await _line(telemetry, what, query, records) for what, query in _QUERIES.items()]
    finally:
        await telemetry.close()


async def _line(telemetry: Database, what: str, query: LogQuery, records: int) -> Line:
    """The first page as records; the limit is what the index says of it, lines as they are stored."""
    sql, params = _bare_statement(query)
    ours, bare = [], []
    for _ in range(_SEARCHES):
        started_s = time.perf_counter()
        page = await store.search(telemetry, query, has_full_text=True)
        ours.append((time.perf_counter() - started_s) * 1000)
        started_s = time.perf_counter()
        found = await telemetry.fetch_all(sql, params)
        bare.append((time.perf_counter() - started_s) * 1000)
    if not page.entries or len(found) < len(page.entries):
        raise WentWrong(f"nothing found for {what}")
    measured, limit = Sample(tuple(ours), "ms"), Sample(tuple(bare), "ms")
    return Line(
        NAME,
        f"{what}: the newest {len(page.entries)} of {records:,} records",
        measured,
        "the bare index query: as many stored lines, not looked at",
        limit,
        measured.median / limit.median,
        "times",
        "within 2",
    )


def _bare_statement(query: LogQuery) -> tuple[str, tuple[str | int, ...]]:
    end = f"ORDER BY {{}} DESC LIMIT {query.limit + 1}"
    if query.levels:
        [level] = query.levels
        return f"SELECT document FROM log_record WHERE level = ? {end.format('id')}", (level.number,)
    trigrams = [word[at : at + 3] for word in query.text.split() for at in range(len(word) - 2)]
    if not trigrams:
        sql = f"SELECT document FROM log_record WHERE instr(text, ?) > 0 {end.format('id')}"
        return sql, (query.text,)
    match = " AND ".join(f'"{trigram}"' for trigram in dict.fromkeys(trigrams))
    source = "log_text CROSS JOIN log_record AS r ON r.id = log_text.rowid"
    return f"SELECT document FROM {source} WHERE log_text MATCH ? {end.format('log_text.rowid')}", (match,)


def _entry(number: int) -> LogEntry:
    rng = random.Random(number)
    level = rng.choices((Level.INFO, Level.WARNING, Level.ERROR), (97, 2, 1))[0]
    chat = rng.randrange(_CHATS)
    sentences = (
        f"reply {number} sent to 客户群 {chat:02d}",
        f"poll of 客户群 {chat:02d} 超时",
        f"instance pc{chat} answered in {rng.randrange(900)} ms",
        f"unreachable-{rng.randrange(5_000)}",
    )
    return LogEntry(
        sequence=number + 1,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=700 * number),
        level=level,
        category=rng.choice(tuple(Category)),
        message=rng.choices(sentences, (60, 5, 30, 5))[0],
        module="wxauto_mgt.core.delivery.sender",
        function="send",
        line_number=77,
        request_id=None,
        user_id=None,
        instance_id=f"pc{chat % 4}",
        message_id=str(number),
        trace_id=None,
        exception=None,
        facts={},
    )
