"""How many calls per route an instance may get in any 60 seconds. Owns the counting, not the calls."""

from __future__ import annotations

from collections import deque
from typing import Final

from wxauto_mgt.runtime.clock import Clock

WINDOW_S: Final = 60.0
SHARE: Final = 0.9
"""Of the server's limit: its window is fixed and other clients of this address count too."""


class CallBudget:
    """A sliding window per route. Shared by all callers of one instance.

    Args:
        per_minute: the server's limit; 0 = none.
    """

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._limit = 0
        self.set_limit(per_minute)

    def set_limit(self, per_minute: int) -> None:
        """Change the limit; what was called already counts."""
        self._limit = max(1, int(per_minute * SHARE)) if per_minute > 0 else 0

    async def wait(self, route: str) -> None:
        """Return once one more call of this route is within the budget; it counts as made."""
        if self._limit == 0:
            return
        calls = self._calls.setdefault(route, deque())
        while (delay_s := self._delay_s(calls)) > 0:
            await self._clock.sleep(delay_s)
        calls.append(self._clock.monotonic())

    def _delay_s(self, calls: deque[float]) -> float:
        now_s = self._clock.monotonic()
        while calls and calls[0] <= now_s - WINDOW_S:
            calls.popleft()
        if self._limit == 0 or len(calls) < self._limit:
            return 0.0
        return calls[len(calls) - self._limit] + WINDOW_S - now_s
