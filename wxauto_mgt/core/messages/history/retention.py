"""Deletes messages that ended long ago, a few at a time, so that writing never waits for it.

What is still open stays however old it is; counters stay. Started by the composition root.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from wxauto_mgt.core.messages.history import store
from wxauto_mgt.core.messages.settings import MessageSettings
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Beat
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

RETENTION: Final = "message_retention"
ROUND_INTERVAL_S: Final = 3600.0
ROWS_AT_A_TIME: Final = 200
PAUSE_S: Final = 0.2


class MessageRetention:
    """The clean-up loop.

    Args:
        settings: asked each round; 0 days keeps everything.
    """

    def __init__(self, *, db: Database, clock: Clock, settings: Callable[[], MessageSettings]) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    async def run(self, beat: Beat) -> None:
        """Clean up now and then each hour; its beat is as rare."""
        while True:
            beat()
            await self.clean_up(beat)
            await self._clock.sleep(ROUND_INTERVAL_S)

    async def clean_up(self, beat: Beat) -> int:
        """Delete what is older than the setting; returns how many messages there were."""
        days = self._settings().message_retention_days
        if days == 0:
            return 0
        before_us = to_us(self._clock.now() - timedelta(days=days))
        await self._db.run(partial(store.delete_unreadable_before, before_us=before_us))
        deleted = 0
        delete = partial(store.delete_ended_before, before_us=before_us, limit=ROWS_AT_A_TIME)
        while portion := await self._db.run(delete):
            deleted += portion
            beat()
            await self._clock.sleep(PAUSE_S)
        return deleted
