"""The newest points of one series in memory, 16 bytes each.

Owns the bound. The registry keeps one for each series.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Final

POINTS_IN_MEMORY: Final = 1_080  # three hours at the default interval


class RecentPoints:
    """At most `POINTS_IN_MEMORY` to twice as many points, in the order in which they came."""

    def __init__(self) -> None:
        self._at_s = array("d")
        self._values = array("d")
        self._is_sorted = True

    def append(self, at_s: float, value: float) -> None:
        """Add the newest point."""
        if self._at_s and at_s < self._at_s[-1]:
            self._is_sorted = False  # the wall clock was set back
        self._at_s.append(at_s)
        self._values.append(value)
        if len(self._at_s) >= 2 * POINTS_IN_MEMORY:
            del self._at_s[:-POINTS_IN_MEMORY]
            del self._values[:-POINTS_IN_MEMORY]

    @property
    def newest(self) -> tuple[float, float] | None:
        """Instant and value that came last; None without one."""
        return (self._at_s[-1], self._values[-1]) if self._at_s else None

    def since(self, since_s: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return instants and values since an instant, in the order of their instants."""
        if self._is_sorted:
            first = bisect_left(self._at_s, since_s)
            return tuple(self._at_s[first:]), tuple(self._values[first:])
        points = sorted(zip(self._at_s, self._values, strict=True), key=lambda point: point[0])
        chosen = [point for point in points if point[0] >= since_s]
        return tuple(at_s for at_s, _ in chosen), tuple(value for _, value in chosen)
