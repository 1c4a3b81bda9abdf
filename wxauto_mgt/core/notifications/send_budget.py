"""How many notices a channel may send in any minute. Pure but for the clock."""

from __future__ import annotations

from collections import deque
from typing import Final

from wxauto_mgt.runtime.clock import Clock

_WINDOW_S: Final = 60.0


class SendBudget:
    """A sliding window of sends; starts empty after a restart."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._sent_at_s: deque[float] = deque()

    def allows(self, per_minute: int) -> bool:
        """Whether one more may go out now; 0 = any number."""
        now_s = self._clock.monotonic()
        while self._sent_at_s and self._sent_at_s[0] <= now_s - _WINDOW_S:
            self._sent_at_s.popleft()
        return per_minute == 0 or len(self._sent_at_s) < per_minute

    def spend(self) -> None:
        """Note that one goes out."""
        self._sent_at_s.append(self._clock.monotonic())
