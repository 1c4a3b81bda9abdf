"""Keeps the newest entries in memory for the live tail, read by a cursor from any thread.

Owns no file. The pipeline appends; the window and the interfaces read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from wxauto_mgt.core.logs.record import LogEntry


@dataclass(frozen=True)
class Tail:
    """Entries after a cursor, oldest first.

    Attributes:
        cursor: give it to the next call.
        missed: how many entries after the old cursor are no longer in memory.
    """

    entries: tuple[LogEntry, ...]
    cursor: int
    missed: int


class LogRing:
    """The newest `capacity` entries; older ones stand in the files only."""

    def __init__(self, *, capacity: int) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def append(self, entry: LogEntry) -> None:
        """Add an entry; sequences rise."""
        with self._lock:
            self._entries.append(entry)

    def tail(self, *, after: int = 0, limit: int = 2000) -> Tail:
        """Return the newest `limit` entries after the cursor; 0 starts with the oldest in memory."""
        with self._lock:
            entries = tuple(islice(self._newest_first(after), limit))[::-1]
        if not entries:
            return Tail(entries=(), cursor=after, missed=0)
        return Tail(
            entries=entries,
            cursor=entries[-1].sequence,
            missed=entries[0].sequence - after - 1 if after else 0,
        )

    def _newest_first(self, cursor: int) -> Iterator[LogEntry]:
        for entry in reversed(self._entries):
            if entry.sequence <= cursor:
                return
            yield entry
