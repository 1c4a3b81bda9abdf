"""Feels how long an event loop keeps others waiting: beats every 5 ms and notes the gaps between beats."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from benchmarks.figures import percentile

PERIOD_S: Final = 0.005


class Heartbeat:
    """The gaps between beats on the running loop, in seconds; 5 ms each on a loop that has time."""

    def __init__(self) -> None:
        self._gaps: list[float] = []

    @property
    def gaps(self) -> tuple[float, ...]:
        """All gaps so far, in order."""
        return tuple(self._gaps)

    @property
    def p99_ms(self) -> float:
        """What 99 of 100 gaps do not exceed."""
        return percentile(self._gaps, 0.99) * 1000 if self._gaps else float("nan")

    @property
    def longest_ms(self) -> float:
        """The longest gap."""
        return max(self._gaps, default=float("nan")) * 1000

    def forget(self) -> None:
        """Begin anew."""
        self._gaps.clear()

    async def beat(self) -> None:
        """Beat until cancelled."""
        last_s = time.perf_counter()
        while True:
            await asyncio.sleep(PERIOD_S)
            now_s = time.perf_counter()
            self._gaps.append(now_s - last_s)
            last_s = now_s


@asynccontextmanager
async def heartbeat(into: Heartbeat | None = None) -> AsyncIterator[Heartbeat]:
    """Beat beside whatever the block does; gaps are added to those of `into`."""
    beating = into or Heartbeat()
    task = asyncio.get_running_loop().create_task(beating.beat())
    try:
        yield beating
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def idle_heartbeat(duration_s: float) -> Heartbeat:
    """The gaps of a loop that has nothing else to do: what the machine and the loop allow."""
    async with heartbeat() as beating:
        await asyncio.sleep(duration_s)
    return beating
