"""How many refused tokens a client may bring before it has to wait.

Owns the count by address, bounded in memory. Accepted tokens are never held up: on one machine all programs
share an address, and one that is set up wrongly must not lock out the others.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from wxauto_mgt.runtime.clock import Clock

_WINDOW_S: Final = 60.0
ADDRESSES_KEPT: Final = 1_000


class FailureBudget:
    """Failures by address over a minute that begins with the first.

    Args:
        most: how many within a minute are answered.
    """

    def __init__(self, *, clock: Clock, most: Callable[[], int]) -> None:
        self._clock = clock
        self._most = most
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def spend(self, address: str) -> int | None:
        """Count a failure; returns how many seconds to wait when there were too many."""
        now_s = self._clock.monotonic()
        began_s, count = self._failures.pop(address, (now_s, 0))
        if now_s - began_s >= _WINDOW_S:
            began_s, count = now_s, 0
        self._failures[address] = (began_s, count + 1)
        if len(self._failures) > ADDRESSES_KEPT:
            self._failures.popitem(last=False)
        if count < self._most():
            return None
        return max(1, math.ceil(_WINDOW_S - (now_s - began_s)))
