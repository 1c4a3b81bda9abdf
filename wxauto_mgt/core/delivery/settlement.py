"""Settles sent replies from rows: own rows confirm, time runs out. Sends nothing and reads no server.

Started by the composition root; woken by intake, and by itself each second.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from wxauto_mgt.core.delivery.announce import announce
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.storage_trouble import StorageTrouble
from wxauto_mgt.core.messages.model import MessagesStored
from wxauto_mgt.core.messages.replies import store as replies
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

SETTLER: Final = "echo_settler"
SCAN_INTERVAL_S: Final = 1.0
_ECHOES_AT_A_TIME: Final = 200
_SECOND_US: Final = 1_000_000


class EchoSettler:
    """Matches own rows with replies, and gives up on echoes that do not come.

    Args:
        on_echo: told of each instance whose own text came back: proof that it works.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        bus: EventBus,
        settings: Callable[[], DeliverySettings],
        on_echo: Callable[[str], None],
        faults: FaultPoints,
        trouble: StorageTrouble,
        scan_interval_s: float = SCAN_INTERVAL_S,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._settings = settings
        self._on_echo = on_echo
        self._faults = faults
        self._trouble = trouble
        self._scan_interval_s = scan_interval_s
        self._wake = Alarm()

    async def run(self, beat: Beat) -> None:
        """Settle until cancelled."""
        unsubscribe = self._bus.subscribe(MessagesStored, self._stored)
        try:
            while True:
                beat()
                await self.settle()
                await self._wake.wait(self._scan_interval_s)
        finally:
            unsubscribe()

    async def settle(self) -> None:
        """Look at all own rows that nobody has looked at, then at the time; not while the disk is full."""
        with self._trouble.told(SETTLER):
            await self._settle()

    async def _settle(self) -> None:
        while await self._settle_echoes():
            pass
        now_us = to_us(self._clock.now())
        before_us = now_us - int(self._settings().echo_timeout_s * _SECOND_US)
        job = partial(replies.give_up_echoes, accepted_before_us=before_us, now_us=now_us)
        announce(self._bus, await self._db.run(job))

    async def _settle_echoes(self) -> bool:
        """Take one portion; True when there may be more."""
        if not await replies.has_open_echoes(self._db):
            return False
        now_us = to_us(self._clock.now())
        job = partial(replies.settle_by_echoes, limit=_ECHOES_AT_A_TIME, now_us=now_us)
        changes, proved = await self._db.run(job)
        self._faults.reach("echo.settled")
        for instance_id in dict.fromkeys(proved):
            self._on_echo(instance_id)
        announce(self._bus, changes)
        return True

    def _stored(self, stored: MessagesStored) -> None:
        if stored.own_rows:
            self._wake.ring()
