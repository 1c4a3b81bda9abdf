"""Writes one line an hour on how the console performed.

Owns when and as what it is logged; the figures are handed in. The composition root runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from wxauto_mgt.core.logs.record import Category, Fact
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

_EVERY_S: Final = 3_600.0


class HourlyLine:
    """The line with the figures, once an hour since the start."""

    def __init__(self, *, clock: Clock, figures: Callable[[], Mapping[str, Fact]]) -> None:
        self._clock = clock
        self._figures = figures

    async def run(self, beat: Callable[[], None]) -> None:
        """Log the line each hour, until cancelled."""
        while True:
            await self._clock.sleep(_EVERY_S)
            _log.info("performance of the last hour", extra={**self._figures(), "category": Category.HEALTH})
            beat()
