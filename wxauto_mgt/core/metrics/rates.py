"""How fast a total rises, as a gauge.

The composition root makes one for each total that is drawn as a rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wxauto_mgt.core.metrics.model import Sample, SeriesKey
from wxauto_mgt.runtime.clock import Clock


class RateOf:
    """A collector: the rise per second since it was asked last; the first time there is nothing to say."""

    def __init__(self, *, name: str, total: Callable[[], float], clock: Clock) -> None:
        self._key = SeriesKey(name)
        self._total = total
        self._clock = clock
        self._before: tuple[float, float] | None = None

    def __call__(self) -> Iterator[Sample]:
        """The rate, if there is one."""
        now, total = self._clock.monotonic(), self._total()
        before, self._before = self._before, (now, total)
        if before is not None and now > before[0]:
            yield Sample(self._key, max(0.0, total - before[1]) / (now - before[0]))
