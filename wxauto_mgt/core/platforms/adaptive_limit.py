"""A bound on concurrent calls that shrinks under overload and grows back (AIMD). Used by `OpenPlatform`."""

from __future__ import annotations

import asyncio
from collections import deque


class AdaptiveLimit:
    """Hands out places first come, first served.

    Each overload halves the bound, at most once for the calls under way at that time; each success adds one
    place per bound's worth of successes. This is TCP's additive increase, multiplicative decrease: it settles
    near what the far side takes, provided that the far side says so (429, timeouts).

    Args:
        maximum: never more calls at a time than this; at least 1.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._bound = float(maximum)
        self._generation = 0
        self._in_flight = 0
        self._waiters: deque[asyncio.Future[bool]] = deque()

    @property
    def bound(self) -> int:
        """How many calls may be under way now."""
        return int(self._bound)

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """How many callers wait for a place."""
        return sum(not waiter.done() for waiter in self._waiters)

    async def acquire(self) -> int | None:
        """Wait for a place; give the returned token to `release`. None: sent away, there is no place."""
        if self._in_flight < self.bound and not self.waiting:
            self._in_flight += 1
            return self._generation
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            has_place = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                self._in_flight -= 1  # the place had just been handed to us
                self._wake()
            raise
        return self._generation if has_place else None

    def release(self, token: int, *, overload: bool | None) -> None:
        """Give the place back.

        Args:
            overload: True = the far side had too much, False = a success, None = says nothing about load.
        """
        self._in_flight -= 1
        if overload and token == self._generation:
            self._bound = max(1.0, self._bound / 2)
            self._generation += 1
        elif overload is False:
            self._bound = min(float(self._maximum), self._bound + 1 / self._bound)
        self._wake()

    def send_away(self) -> None:
        """Let all that wait go on without a place."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(False)
        self._waiters.clear()

    def _wake(self) -> None:
        while self._waiters and self._in_flight < self.bound:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._in_flight += 1
                waiter.set_result(True)
