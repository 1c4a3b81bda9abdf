"""Measures how late the event loop wakes up: what a person feels as a frozen window.

Owns one heartbeat. The supervisor runs it, the sampler takes the worst lag of each interval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wxauto_mgt.runtime.clock import Clock

_TICK_S: Final = 0.25


class LoopLag:
    """Sleeps a quarter of a second and looks how much longer it took."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._worst_s: float | None = None

    async def run(self, beat: Callable[[], None]) -> None:
        """Measure until cancelled."""
        while True:
            beat()
            started = self._clock.monotonic()
            await self._clock.sleep(_TICK_S)
            # Timers may fire early by a few milliseconds; that is no lag.
            lag_s = max(0.0, self._clock.monotonic() - started - _TICK_S)
            self._worst_s = max(lag_s, self._worst_s or 0.0)

    def take_worst_ms(self) -> float | None:
        """Return the worst lag since the last call; None when nothing was measured since."""
        worst_s, self._worst_s = self._worst_s, None
        return None if worst_s is None else worst_s * 1000
