"""The test button: sends one notice by a channel now, tells at once how it went, and writes it down.

Not retried: a person waits for the answer. The facade and the forms call it.
"""

from __future__ import annotations

from wxauto_mgt.core.notifications import store
from wxauto_mgt.core.notifications.model import Notification, NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.notice_sender import NoticeSender
from wxauto_mgt.core.notifications.registry import ChannelRegistry, OpenChannel, close_channel
from wxauto_mgt.core.notifications.section import ChannelConfig
from wxauto_mgt.errors import ChannelError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

TITLE_KEY = "notification.test.title"
MESSAGE_KEY = "notification.test.message"


class ChannelTest:
    """Proves that a channel would carry notices."""

    __test__ = False  # its name is like a test's; pytest shall not collect it

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        registry: ChannelRegistry,
        sender: NoticeSender,
    ) -> None:
        self._db = db
        self._clock = clock
        self._registry = registry
        self._sender = sender

    async def forget_interrupted(self) -> None:
        """Say of tests that an earlier run began, and nobody waits for, that they failed."""
        now_us = to_us(self._clock.now())
        await self._db.run(lambda tx: store.abandon_tests(tx, now_us=now_us))

    async def send(self, channel_id: str, message: str | None = None) -> None:
        """Send a test notice by a channel that is in force.

        Raises:
            ChannelError: it did not provably arrive; the history holds it all the same.
        """
        by = self._registry.require(channel_id)
        notification = self._notification(by.config, message)
        now_us = to_us(self._clock.now())
        delivery_id = await self._db.run(
            lambda tx: store.begin_test(tx, notification, channel_id, now_us=now_us)
        )
        await self._send_and_note(by, delivery_id, notification)

    async def send_by(self, config: ChannelConfig, message: str | None = None) -> None:
        """Send a test notice by a configuration that need not be stored; leaves no row.

        Raises:
            ChannelError: it did not provably arrive.
        """
        by = self._registry.make(config)
        try:
            await self._sender.send_by(by, f"t{config.id}", [self._notification(config, message)])
        finally:
            await close_channel(by)

    async def _send_and_note(self, by: OpenChannel, delivery_id: int, notification: Notification) -> None:
        channel_id = by.config.id
        try:
            await self._sender.send_by(by, f"d{delivery_id}", [notification])
        except ChannelError as error:
            failure = store.Failure(error.code, error.facts, None, 1)
            now_us = to_us(self._clock.now())
            await self._db.run(
                lambda tx: store.not_sent(tx, [delivery_id], channel_id, failure, now_us=now_us)
            )
            raise
        now_us = to_us(self._clock.now())
        await self._db.run(lambda tx: store.sent(tx, [delivery_id], channel_id, now_us=now_us))

    def _notification(self, config: ChannelConfig, message: str | None) -> Notification:
        return Notification(
            key=f"test:{config.id}",
            kind=NotificationKind.TEST,
            level=NotificationLevel.INFO,
            title=TITLE_KEY,
            message=message or MESSAGE_KEY,
            at=self._clock.now(),
            params={"channel": config.label},
        )
