"""Counts the tasks of the event loop and notices when they only ever grow: a leak.

Owns the count's metric and the judgement. The registry collects it at each sample; the check of this process
asks for the finding.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.metrics.model import Sample, SeriesKey
from wxauto_mgt.runtime.clock import Clock

TASK_COUNT: Final = "app_task_count"
# Judgement calls. Work comes in bursts, so the fewest tasks of each span are compared, not the most: what is
# never given back raises them. A console at rest has some dozens.
_SPAN_S: Final = 120.0
_SPANS: Final = 5
_GROWTH_AT_LEAST: Final = 50


@dataclass(frozen=True)
class TaskLeak:
    """The fewest tasks of the oldest and of the newest span, and how far these lie apart."""

    before: int
    now: int
    minutes: int


class TaskGrowth:
    """The number of tasks over the last ten minutes. Use it on the loop's thread."""

    def __init__(self, *, clock: Clock, count: Callable[[], int] = lambda: len(asyncio.all_tasks())) -> None:
        self._clock = clock
        self._count = count
        self._fewest: deque[int] = deque(maxlen=_SPANS)
        self._span_ends_s = float("-inf")

    def samples(self) -> Iterator[Sample]:
        """Count now."""
        count, now_s = self._count(), self._clock.monotonic()
        if now_s >= self._span_ends_s:
            self._span_ends_s = now_s + _SPAN_S
            self._fewest.append(count)
        else:
            self._fewest[-1] = min(count, self._fewest[-1])
        yield Sample(SeriesKey(TASK_COUNT), float(count))

    def leak(self) -> TaskLeak | None:
        """Return the growth if every span had more tasks than the one before, and many more in all."""
        fewest = list(self._fewest)
        is_growing = all(before < after for before, after in itertools.pairwise(fewest))
        if len(fewest) < _SPANS or not is_growing or fewest[-1] - fewest[0] < _GROWTH_AT_LEAST:
            return None
        return TaskLeak(fewest[0], fewest[-1], round((_SPANS - 1) * _SPAN_S / 60))
