"""A pause that an event can cut short. Events are hints, so the pause ends by itself too."""

from __future__ import annotations

import asyncio


class Alarm:
    """One waiter, any number of ringers. Use it on the event loop's thread."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self, _event: object = None) -> None:
        """End the pause under way, or the next one at once. Fits as a callback of the event bus."""
        self._event.set()

    async def wait(self, delay_s: float) -> bool:
        """Pause for `delay_s` at most; True when it was rung."""
        # Real time and not the injected clock: racing a clock against an event would need a task.
        try:
            async with asyncio.timeout(max(0.0, delay_s)):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
