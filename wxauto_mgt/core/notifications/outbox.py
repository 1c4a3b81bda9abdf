"""What is to be told, as rows: written with what caused it, read and sent again by a person.

Owns no sending; the dispatcher does that, at least once. Alerting, reports and the facade call it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from wxauto_mgt.core.notifications import store
from wxauto_mgt.core.notifications.history import store as told
from wxauto_mgt.core.notifications.model import (
    ChannelFigures,
    DeliveryRecord,
    DeliveryState,
    Notification,
    NotificationsEnqueued,
)
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us


class Outbox:
    """The rows of notifications, before and after they were sent."""

    def __init__(self, *, db: Database, clock: Clock, bus: EventBus) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus

    def enqueue(
        self, tx: sqlite3.Connection, notification: Notification, *, routes: Sequence[str] | None = None
    ) -> int:
        """Write a notification in the caller's transaction; it goes out once that is committed.

        Runs on the writer's thread. The caller may publish `NotificationsEnqueued` after the commit; without
        it the dispatcher finds the row within a second.

        Args:
            routes: ids of the channels; None leaves it to the channels' own conditions.

        Returns:
            The notification's id.
        """
        return store.insert(tx, notification, routes=routes, now_us=to_us(self._clock.now()))

    async def post(self, notification: Notification, *, routes: Sequence[str] | None = None) -> int:
        """Write a notification in a transaction of its own; returns its id once it is committed."""
        notification_id = await self._db.run(lambda tx: self.enqueue(tx, notification, routes=routes))
        self._bus.publish(NotificationsEnqueued())
        return notification_id

    async def was_told(self, key: str) -> bool:
        """Whether a notification of this key was written."""
        return await store.has_key(self._db, key)

    async def resend(self, delivery_id: int) -> str:
        """Send a failed delivery again, with all its attempts; returns its channel.

        Raises:
            PermanentError: there is no such delivery, or it did not fail.
        """
        now_us = to_us(self._clock.now())
        channel_id = await self._db.run(lambda tx: store.resend(tx, delivery_id, now_us=now_us))
        if channel_id is None:
            raise PermanentError("delivery_not_failed", delivery=delivery_id)
        self._bus.publish(NotificationsEnqueued())
        return channel_id

    async def history(
        self, *, since: datetime, states: Sequence[DeliveryState] = tuple(DeliveryState), limit: int = 200
    ) -> list[DeliveryRecord]:
        """Deliveries of what was enqueued since then, newest first."""
        return await told.history(self._db, since=since, states=states, limit=limit)

    async def figures(self) -> Mapping[str, ChannelFigures]:
        """How the channels have been doing, by id; those that never got anything are missing."""
        return await told.channel_figures(self._db)
