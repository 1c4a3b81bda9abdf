"""Works off what waits for one channel: its hours, its budget, one notice for each or one for a storm.

Owns the claims of that channel and what their ends mean. The dispatcher runs one at a time for each channel.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from wxauto_mgt.core.notifications import store
from wxauto_mgt.core.notifications.model import DeliveriesChanged, DeliveryState
from wxauto_mgt.core.notifications.notice_sender import NoticeSender
from wxauto_mgt.core.notifications.registry import ChannelRegistry, OpenChannel
from wxauto_mgt.core.notifications.routing import min_level_now
from wxauto_mgt.core.notifications.send_budget import SendBudget
from wxauto_mgt.core.notifications.settings import NotificationsSettings
from wxauto_mgt.errors import ChannelError, ChannelPermanent, ChannelTransient
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

_log = logging.getLogger(__name__)

MOST_IN_A_GROUP: Final = 2_000  # bounds the memory of a storm; the rest goes with the next group
_MOST_RETRY_AFTER_S: Final = 3_600.0


class Lane:
    """One channel's way out.

    Args:
        local: now, in the zone that hours of the day are meant in.
        in_flight: ids of deliveries that somebody works on; this lane keeps its own in there.
        is_draining: whether no more notices are to begin.
    """

    def __init__(
        self,
        *,
        channel_id: str,
        db: Database,
        run_id: str,
        clock: Clock,
        bus: EventBus,
        registry: ChannelRegistry,
        sender: NoticeSender,
        settings: Callable[[], NotificationsSettings],
        faults: FaultPoints,
        rng: random.Random,
        local: Callable[[], datetime],
        in_flight: set[int],
        is_draining: Callable[[], bool],
    ) -> None:
        self._channel_id = channel_id
        self._db = db
        self._run_id = run_id
        self._clock = clock
        self._bus = bus
        self._registry = registry
        self._sender = sender
        self._settings = settings
        self._faults = faults
        self._rng = rng
        self._local = local
        self._in_flight = in_flight
        self._is_draining = is_draining
        self._budget = SendBudget(clock=clock)
        self._grouped_at_s: float | None = None
        self._held_until_s = 0.0
        self._failing: str | None = None

    async def work_off(self) -> None:
        """Send what is due, until nothing is, or something has to wait; the next scan goes on."""
        while self._clock.monotonic() >= self._held_until_s and not self._is_draining():
            try:
                by = self._registry.require(self._channel_id)
            except ChannelPermanent as error:
                await self._give_up(error)
                return
            if not self._budget.allows(by.config.rate_limit_per_minute):
                return
            batch = await self._next(by)
            if not batch or not await self._send(batch):
                return

    async def _next(self, by: OpenChannel) -> list[store.Due]:
        """The next notice's deliveries: one, or the many of a storm; none while a storm has to wait."""
        settings = self._settings()
        rank = min_level_now(by.config, local=self._local()).rank
        now_us = to_us(self._clock.now())
        groupable = await store.count_groupable(self._db, self._channel_id, min_rank=rank, now_us=now_us)
        if groupable <= settings.group_over:
            return await store.due(self._db, self._channel_id, min_rank=rank, now_us=now_us, limit=1)
        now_s = self._clock.monotonic()
        if self._grouped_at_s is not None and now_s - self._grouped_at_s < settings.group_interval_s:
            return []
        self._grouped_at_s = now_s
        return await store.due(
            self._db,
            self._channel_id,
            min_rank=rank,
            now_us=now_us,
            limit=MOST_IN_A_GROUP,
            only_groupable=True,
        )

    async def _send(self, batch: list[store.Due]) -> bool:
        """Send one notice; tells whether the lane may go on at once."""
        ids = [one.id for one in batch]
        self._in_flight.update(ids)
        try:
            taken = set(await self._db.run(lambda tx: store.claim(tx, ids, run_id=self._run_id)))
            batch = [one for one in batch if one.id in taken]
            if not batch:
                return True
            self._faults.reach("notification.claimed")
            self._budget.spend()
            try:
                notifications = [one.notification for one in batch]
                await self._sender.send(self._channel_id, f"d{batch[0].id}", notifications)
            except ChannelError as error:
                return await self._not_sent(batch, error)
            self._faults.reach("notification.answered")
            await self._sent(batch)
        finally:
            self._in_flight.difference_update(ids)
        return True

    async def _sent(self, batch: list[store.Due]) -> None:
        ids = [one.id for one in batch]
        now_us = to_us(self._clock.now())
        await self._db.run(lambda tx: store.sent(tx, ids, self._channel_id, now_us=now_us))
        self._faults.reach("notification.sent_committed")
        if self._failing is not None:
            _log.info("channel works again", extra={"channel_id": self._channel_id})
            self._failing = None
        self._bus.publish(DeliveriesChanged(self._channel_id, DeliveryState.SENT, len(ids)))

    async def _not_sent(self, batch: list[store.Due], error: ChannelError) -> bool:
        now = self._clock.now()
        settings = self._settings()
        retry_at_us: int | None = None
        if isinstance(error, ChannelTransient):
            attempt = max(one.attempts for one in batch) + 1
            asked_s = min(error.retry_after_s or 0.0, _MOST_RETRY_AFTER_S)
            self._held_until_s = self._clock.monotonic() + asked_s
            delay_s = max(settings.backoff.delay_s(attempt, self._rng), asked_s)
            retry_at_us = to_us(now + timedelta(seconds=delay_s))
        failure = store.Failure(error.code, error.facts, retry_at_us, settings.most_attempts)
        ids = [one.id for one in batch]
        failed = await self._db.run(
            lambda tx: store.not_sent(tx, ids, self._channel_id, failure, now_us=to_us(now))
        )
        if error.code != self._failing:  # said once when it starts, and once when it clears
            self._failing = error.code
            _log.warning("channel fails: %s", error, extra={"channel_id": self._channel_id})
        if failed:
            self._bus.publish(DeliveriesChanged(self._channel_id, DeliveryState.FAILED, failed))
        if failed < len(ids):
            self._bus.publish(DeliveriesChanged(self._channel_id, DeliveryState.PENDING, len(ids) - failed))
        return self._clock.monotonic() >= self._held_until_s

    async def _give_up(self, error: ChannelPermanent) -> None:
        """The channel is gone: what waits for it shows as failed, and can be sent again."""
        now_us = to_us(self._clock.now())
        count = await self._db.run(
            lambda tx: store.fail_pending(
                tx, self._channel_id, reason=error.code, facts=error.facts, now_us=now_us
            )
        )
        if count:
            _log.warning("notices have no channel: %s", error, extra={"channel_id": self._channel_id})
            self._bus.publish(DeliveriesChanged(self._channel_id, DeliveryState.FAILED, count))
