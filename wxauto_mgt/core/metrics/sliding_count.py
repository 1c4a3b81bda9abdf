"""Counts what happened within the last hour, or any window, in constant memory.

Owns the buckets only. Call metrics and error episodes use it, on the loop.
"""

from __future__ import annotations

from collections import deque

from wxauto_mgt.runtime.clock import Clock

BUCKETS = 360


class SlidingCount:
    """A count over a window, kept in 360 buckets.

    An event leaves the count when its bucket begins to leave the window: up to a 360th early, never late.
    """

    def __init__(self, *, clock: Clock, window_s: float = 3600.0) -> None:
        self._clock = clock
        self._bucket_s = window_s / BUCKETS
        self._buckets: deque[tuple[int, int]] = deque()
        self._total = 0

    def add(self, count: int = 1) -> None:
        """Count something that happened now."""
        index = self._expire()
        if self._buckets and self._buckets[-1][0] == index:
            count_before = self._buckets.pop()[1]
            self._buckets.append((index, count_before + count))
        else:
            self._buckets.append((index, count))
        self._total += count

    @property
    def total(self) -> int:
        """How many happened within the window."""
        self._expire()
        return self._total

    def _expire(self) -> int:
        index = int(self._clock.monotonic() / self._bucket_s)
        while self._buckets and self._buckets[0][0] <= index - BUCKETS:
            self._total -= self._buckets.popleft()[1]
        return index
