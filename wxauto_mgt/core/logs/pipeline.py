"""Takes records from the standard library's loggers and writes them away on a thread of its own.

Owns the queue, the levels and the counts. Neither a slow nor a full disk ever reaches the caller. The
composition root attaches it; the window reads the tail, the interfaces the status.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Final, NamedTuple

from wxauto_mgt.core.logs.context import log_context
from wxauto_mgt.core.logs.daily_file import DailyFile, Retention
from wxauto_mgt.core.logs.file_processing import FACT, FileProcessingLog
from wxauto_mgt.core.logs.record import Category, Level, LogEntry, Redaction, category_for, make_entry
from wxauto_mgt.core.logs.ring import LogRing, Tail
from wxauto_mgt.runtime.clock import Clock

PRODUCT_LOGGER: Final = "wxauto_mgt"
RING_CAPACITY: Final = 2_000
_BATCH: Final = 500
_LOOKS_EVERY_S: Final = 0.2  # how late an INFO record may reach the file; WARNING and above do at once
_RETRY_AFTER_S: Final = 1.0


@dataclass(frozen=True)
class LogPolicy:
    """What is logged and what is kept.

    Attributes:
        levels: lowest level that is logged, per category; INFO where none is given.
    """

    levels: Mapping[Category, Level] = field(default_factory=dict)
    retention: Retention = field(default_factory=Retention)

    def level_of(self, category: Category) -> Level:
        """Return the lowest level that is logged for a category."""
        return self.levels.get(category, Level.INFO)


@dataclass(frozen=True)
class LogStatus:
    """How the pipeline itself does; counts are since the start.

    Attributes:
        dropped: records refused because the queue was full.
        unwritten: records that reached memory but not the file.
        file_error: why the file cannot be written now; None = it can.
        counts: how many records came of each level and category.
    """

    queued: int
    written: int
    dropped: int
    unwritten: int
    file_error: str | None
    counts: Mapping[tuple[Level, Category], int]


class _Captured(NamedTuple):  # a fifth of a frozen dataclass's cost, and one is made per record
    record: logging.LogRecord
    message: str
    timestamp: datetime


class _Capture(logging.Handler):
    """The end of the pipeline that callers touch; runs on their threads and does the least it can."""

    def __init__(self, pipeline: LogPipeline) -> None:
        super().__init__()
        self._pipeline = pipeline
        self.lowest = logging.INFO

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._pipeline.capture(record)
        except Exception:  # noqa: BLE001 - a log call whose arguments do not fit must not stop its caller
            self.handleError(record)


def _open_product_loggers() -> None:
    """Let through what any pipeline of this process wants; with none left, loggers are as they were."""
    wanted = [handler.lowest for handler in logging.getLogger().handlers if isinstance(handler, _Capture)]
    logging.getLogger(PRODUCT_LOGGER).setLevel(min(wanted, default=logging.NOTSET))


class LogPipeline:
    """Writes `wxauto_mgt_YYYYMMDD.log` and keeps the newest records for the live tail.

    Overflow: with `queue_capacity` records waiting, new ones below WARNING are dropped; with twice as many
    waiting, all are. What was dropped is counted, and said in the log once there is room again.

    Args:
        zone: zone of the files' dates; None is the machine's.
    """

    def __init__(
        self,
        *,
        folder: Path,
        clock: Clock,
        redaction: Redaction,
        policy: LogPolicy = LogPolicy(),
        queue_capacity: int = 10_000,
        zone: tzinfo | None = None,
    ) -> None:
        self._clock = clock
        self._redaction = redaction
        self._policy = policy
        self._capacity = queue_capacity
        self._zone = zone
        self._file = DailyFile(folder, policy.retention)
        self._about_files = FileProcessingLog(folder)
        self._ring = LogRing(capacity=RING_CAPACITY)
        # A deque that the thread looks at by itself: waking it for each record would cost the caller more
        # than all the rest.
        self._queue: deque[_Captured | threading.Event] = deque()
        self._wake = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._write_on, name="log-writer", daemon=True)
        self._capture = _Capture(self)
        self._taker: Callable[[LogEntry], None] | None = None
        self._has_taker_the_past = False
        self._sequence = 0
        self._written = 0
        self._dropped = 0
        self._dropped_said = 0
        self._unwritten = 0
        self._file_error: str | None = None
        self._retry_at = 0.0
        self._counts: Counter[tuple[Level, Category]] = Counter()

    def attach(self) -> None:
        """Start the thread and take the records of every logger of this process."""
        self._thread.start()
        logging.getLogger().addHandler(self._capture)
        self.apply(self._policy)

    async def close(self) -> None:
        """Let go of the loggers, write what waits, and end the thread."""
        logging.getLogger().removeHandler(self._capture)
        _open_product_loggers()
        if self._thread.is_alive():
            self._is_closing = True
            self._wake.set()
            await asyncio.to_thread(self._thread.join)

    def apply(self, policy: LogPolicy) -> None:
        """Change levels and retention while running."""
        self._policy = policy
        self._file.set_retention(policy.retention)
        self._capture.lowest = min(policy.level_of(category).number for category in Category)
        _open_product_loggers()

    def capture(self, record: logging.LogRecord) -> None:
        """Queue a record; on any thread, never blocks."""
        if record.levelno < self._policy.level_of(category_for(record)).number:
            return
        waiting = len(self._queue)
        if waiting >= self._capacity and (record.levelno < logging.WARNING or waiting >= 2 * self._capacity):
            self._dropped += 1
            return
        for name, value in log_context.get().items():
            record.__dict__.setdefault(name, value)
        self._queue.append(_Captured(record, record.getMessage(), self._clock.now()))
        if record.levelno >= logging.WARNING:
            self._wake.set()

    def hand_on(self, taker: Callable[[LogEntry], None]) -> None:
        """Give each record to a taker, too, on the pipeline's thread; with the next one, those in memory."""
        self._taker = taker

    def tail(self, *, after: int = 0, limit: int = RING_CAPACITY) -> Tail:
        """Return the newest entries after a cursor, oldest first."""
        return self._ring.tail(after=after, limit=limit)

    def status(self) -> LogStatus:
        """Say how the pipeline does, and how many records of each level and category came."""
        return LogStatus(
            queued=len(self._queue),
            written=self._written,
            dropped=self._dropped,
            unwritten=self._unwritten,
            file_error=self._file_error,
            counts=dict(self._counts),
        )

    def flush(self, timeout_s: float = 2.0) -> bool:
        """Wait until all that was captured so far is in the file or counted; blocks, not for the loop."""
        done = threading.Event()
        self._queue.append(done)
        self._wake.set()
        return done.wait(timeout_s)

    def _write_on(self) -> None:
        while True:
            self._wake.wait(_LOOKS_EVERY_S)
            self._wake.clear()
            is_last = self._is_closing  # read before the queue: what was queued before closing is written
            while self._queue:
                self._write_batch()
            if is_last:
                self._file.close()
                return
            self._file.compress_one()  # nothing waits: the moment for what may take a second

    def _write_batch(self) -> None:
        entries: list[LogEntry] = []
        waiters: list[threading.Event] = []
        while self._queue and len(entries) < _BATCH:
            item = self._queue.popleft()
            if isinstance(item, threading.Event):
                waiters.append(item)
            elif (entry := self._entry_of(item)) is not None:
                entries.append(entry)
        if (dropped := self._dropped - self._dropped_said) and len(self._queue) < self._capacity:
            self._dropped_said += dropped
            entries.append(self._own_entry(Level.WARNING, f"{dropped} log records were dropped", dropped))
        self._write(entries)
        for waiter in waiters:
            waiter.set()

    def _entry_of(self, captured: _Captured) -> LogEntry | None:
        self._sequence += 1
        try:
            entry = make_entry(
                captured.record,
                sequence=self._sequence,
                timestamp=captured.timestamp,
                message=captured.message,
                redaction=self._redaction,
            )
        except Exception:  # noqa: BLE001 - an extra whose text cannot be had costs its record, not the thread
            self._unwritten += 1
            return None
        self._remember(entry)
        return entry

    def _own_entry(self, level: Level, message: str, count: int) -> LogEntry:
        """Make an entry of the pipeline itself: it cannot log, it is what logs go to."""
        self._sequence += 1
        entry = LogEntry(
            sequence=self._sequence,
            timestamp=self._clock.now(),
            level=level,
            category=Category.SYSTEM,
            message=message,
            module=__name__,
            function="",
            line_number=0,
            request_id=None,
            user_id=None,
            instance_id=None,
            message_id=None,
            trace_id=None,
            exception=None,
            facts={"count": count},
        )
        self._remember(entry)
        return entry

    def _remember(self, entry: LogEntry) -> None:
        self._counts[entry.level, entry.category] += 1
        self._ring.append(entry)
        if self._taker is None:
            return
        entries = (entry,) if self._has_taker_the_past else self._ring.tail().entries
        self._has_taker_the_past = True
        for one in entries:
            self._taker(one)

    def _write(self, entries: list[LogEntry]) -> None:
        if not entries:
            return
        if self._file_error is not None and self._clock.monotonic() < self._retry_at:
            self._unwritten += len(entries)
            return
        if self._file_error is not None:
            lost = self._unwritten
            message = f"The log file can be written again; {lost} records so far reached memory only"
            entries = [self._own_entry(Level.WARNING, message, lost), *entries]
        lines_by_day: dict[date, list[bytes]] = {}
        for entry in entries:
            day = entry.timestamp.astimezone(self._zone).date()
            lines_by_day.setdefault(day, []).append(entry.as_json_line())
        for day, lines in lines_by_day.items():
            self._write_day(day, lines)
        about_files = [entry.as_json_line() for entry in entries if FACT in entry.facts]
        if about_files:
            with suppress(OSError):  # the daily file has them, and says what the disk refuses
                self._about_files.write(b"".join(about_files))

    def _write_day(self, day: date, lines: list[bytes]) -> None:
        try:
            self._file.write(day, b"".join(lines))
        except OSError as error:
            self._unwritten += len(lines)
            self._retry_at = self._clock.monotonic() + _RETRY_AFTER_S
            reason = error.strerror or type(error).__name__
            if self._file_error is None:
                self._own_entry(Level.ERROR, f"The log file cannot be written: {reason}", len(lines))
            self._file_error = reason
        else:
            self._written += len(lines)
            self._file_error = None
