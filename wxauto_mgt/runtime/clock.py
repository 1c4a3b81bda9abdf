"""The only reader of wall time and monotonic time. Everything else is handed a `Clock`."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the product sees it; tests pass one that they advance."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware UTC; may jump."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; never goes back. Durations come from here."""

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s`; zero or less yields once to the loop."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(max(delay_s, 0.0))
