"""A clock that stands still until a test advances it. Used by every test that would otherwise wait."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

_SETTLE_ROUNDS = 10
"""Loop rounds after each wake-up, so that what was woken can go on and perhaps sleep again."""


class FakeClock:
    """Implements `runtime.clock.Clock`."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._sequence = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return 1000.0 + self._elapsed_s

    async def sleep(self, delay_s: float) -> None:
        if delay_s <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._sequence += 1
        heapq.heappush(self._sleepers, (self._elapsed_s + delay_s, self._sequence, woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many sleeps are under way; wait for it before advancing past them."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, delta_s: float) -> None:
        """Pass time: wake sleepers one by one in order of their deadline, letting the loop run after each."""
        until_s = self._elapsed_s + delta_s
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            due_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._elapsed_s = max(self._elapsed_s, due_s)
            woken.set_result(None)
            await self._settle()
        self._elapsed_s = until_s
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(_SETTLE_ROUNDS):
            await asyncio.sleep(0)
