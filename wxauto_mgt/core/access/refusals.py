"""Brings refused tokens into the audit log: counted, at most one line a minute.

Owns the count only. The HTTP server notes, a supervised loop writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.runtime.clock import Clock

_log = logging.getLogger(__name__)

WHO: Final = "api"
ACTION: Final = "token.refused"
WRITES_EVERY_S: Final = 60.0
_ADDRESSES_KEPT: Final = 50
_ADDRESSES_NAMED: Final = 5


class RefusedTokens:
    """Refusals that are not in the audit log yet."""

    def __init__(self, *, audit: AuditLog, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._came = asyncio.Event()

    def note(self, address: str) -> None:
        """Count a refused token."""
        self._count += 1
        if address in self._by_address or len(self._by_address) < _ADDRESSES_KEPT:
            self._by_address[address] += 1
        self._came.set()

    async def run(self, beat: Callable[[], None]) -> None:
        """Write the first refusal at once and those after it together; a supervised loop."""
        while True:
            await self._came.wait()
            beat()
            await self.write()
            await self._clock.sleep(WRITES_EVERY_S)

    async def write(self) -> None:
        """Write what came since the last line, if anything did."""
        self._came.clear()
        count, addresses = self._count, self._by_address
        if not count:
            return
        self._count, self._by_address = 0, Counter()
        named = ", ".join(address for address, _ in addresses.most_common(_ADDRESSES_NAMED))
        try:
            await self._audit.audit(WHO, ACTION, "api", {"count": count, "addresses": named})
        except ConsoleError as error:
            _log.warning("not in the audit log: %d refused tokens: %s", count, error)
