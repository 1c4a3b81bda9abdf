"""A pause that an event can cut short; events are hints, so the pause ends by itself too."""

from __future__ import annotations

import asyncio


class Wake:
    """One waiter, any number of ringers."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self, _event: object = None) -> None:
        """End the pause under way, or the next one at once. Fits as a callback of the event bus."""
        self._event.set()

    async def wait(self, delay_s: float) -> None:
        """Pause for `delay_s` at most."""
        # Real time and not the injected clock: racing a clock against an event would need a task.
        try:
            async with asyncio.timeout(max(0.0, delay_s)):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
