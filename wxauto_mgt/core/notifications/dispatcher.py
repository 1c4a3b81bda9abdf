"""Takes what is in the outbox to the channels, each channel on a lane of its own.

At least once: a claim is committed before the send and its end after it, so only a notice whose answer was
not committed yet, or never came, may go out twice. Run by the composition root; woken by events and itself.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from wxauto_mgt.core.notifications import store
from wxauto_mgt.core.notifications.history import store as told
from wxauto_mgt.core.notifications.lane import Lane
from wxauto_mgt.core.notifications.model import NotificationRouted, NotificationsEnqueued
from wxauto_mgt.core.notifications.notice_sender import NoticeSender
from wxauto_mgt.core.notifications.registry import ChannelRegistry
from wxauto_mgt.core.notifications.routing import routes_of
from wxauto_mgt.core.notifications.settings import NotificationsSettings
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat, Supervisor
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

_log = logging.getLogger(__name__)

DISPATCHER: Final = "notifications"
LANES: Final = "notification_lanes"
SCAN_S: Final = 1.0
_ROUTED_AT_ONCE: Final = 500
_EXPIRED_AT_ONCE: Final = 500
_EXPIRY_EVERY_S: Final = 3_600.0
# A far side may ask for an hour. What would wait for longer than this saw the clock set back.
_NEVER_LATER_US: Final = 7_200 * 1_000_000
_DRAIN_POLL_S: Final = 0.02


class OutboxDispatcher:
    """Works off the outbox.

    Args:
        zone: zone that hours of the day are meant in; None is the machine's.
    """

    def __init__(
        self,
        *,
        db: Database,
        run_id: str,
        clock: Clock,
        bus: EventBus,
        supervisor: Supervisor,
        registry: ChannelRegistry,
        sender: NoticeSender,
        settings: Callable[[], NotificationsSettings],
        faults: FaultPoints,
        rng: random.Random,
        zone: tzinfo | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._supervisor = supervisor
        self._registry = registry
        self._settings = settings
        self._faults = faults
        self._zone = zone
        self._wake = Alarm()
        self._expired_at_s: float | None = None
        self._in_flight: set[int] = set()
        self._busy: set[str] = set()
        self._lanes: dict[str, Lane] = {}
        self._is_draining = False
        self._new_lane: Callable[[str], Lane] = lambda channel_id: Lane(
            channel_id=channel_id,
            db=db,
            run_id=run_id,
            clock=clock,
            bus=bus,
            registry=registry,
            sender=sender,
            settings=settings,
            faults=faults,
            rng=rng,
            local=self._local,
            in_flight=self._in_flight,
            is_draining=lambda: self._is_draining,
        )

    async def run(self, beat: Beat) -> None:
        """Work until cancelled."""
        unsubscribe = self._bus.subscribe(NotificationsEnqueued, self._wake.ring)
        try:
            while True:
                beat()
                await self.step()
                await self._wake.wait(SCAN_S)
        finally:
            unsubscribe()

    async def step(self) -> None:
        """Take back lost claims, route what is new, start a lane for each channel that is waited for."""
        await self._take_back()
        while await self._route():
            pass
        await self._expire()
        now_us = to_us(self._clock.now())
        waiting = await store.waiting_channels(self._db)
        far_us = now_us + _NEVER_LATER_US
        if any(first_us > far_us for first_us in waiting.values()):
            await self._db.run(lambda tx: store.bring_near(tx, later_than_us=far_us, now_us=now_us))
        for channel_id, first_us in waiting.items():
            if first_us <= now_us and channel_id not in self._busy and not self._is_draining:
                self._busy.add(channel_id)
                self._supervisor.spawn(f"{LANES}:{channel_id}", self._work(channel_id))

    @property
    def is_idle(self) -> bool:
        """Whether no lane is at work."""
        return not self._busy

    async def drain(self, timeout_s: float) -> None:
        """Begin no more notices, wait for those under way; one that is cut off goes again after a start."""
        self._is_draining = True
        deadline_s = self._clock.monotonic() + timeout_s
        while not self.is_idle and self._clock.monotonic() < deadline_s:
            await self._clock.sleep(_DRAIN_POLL_S)
        await self._supervisor.stop(LANES)

    async def _work(self, channel_id: str) -> None:
        lane = self._lanes.get(channel_id)
        if lane is None:
            lane = self._lanes[channel_id] = self._new_lane(channel_id)
        try:
            await lane.work_off()
        finally:
            self._busy.discard(channel_id)

    async def _take_back(self) -> None:
        """Claims of an earlier run, and of a lane that broke off before it could write the end down."""
        if not await store.has_claims(self._db):
            return
        in_flight = frozenset(self._in_flight)
        count = await self._db.run(lambda tx: store.recover(tx, but=in_flight))
        if count:
            _log.info("notices taken back: %d", count)

    async def _route(self) -> bool:
        found = await store.unrouted(self._db, limit=_ROUTED_AT_ONCE)
        if not found:
            return False
        configs = self._registry.configs()
        local = self._local()
        routed = [
            (one.id, routes_of(one.notification, configs.values(), one.routes, local=local)) for one in found
        ]
        now_us = to_us(self._clock.now())
        await self._db.run(lambda tx: store.route(tx, routed, now_us=now_us))
        self._faults.reach("notification.routed")
        for one, (_, channel_ids) in zip(found, routed, strict=True):
            self._bus.publish(NotificationRouted(one.notification, channel_ids))
        return len(found) == _ROUTED_AT_ONCE

    async def _expire(self) -> None:
        now_s = self._clock.monotonic()
        if self._expired_at_s is not None and now_s - self._expired_at_s < _EXPIRY_EVERY_S:
            return
        self._expired_at_s = now_s
        before_us = to_us(self._clock.now() - timedelta(days=self._settings().history_days))
        while (
            await self._db.run(lambda tx: told.expire(tx, before_us=before_us, limit=_EXPIRED_AT_ONCE))
            == _EXPIRED_AT_ONCE
        ):
            pass

    def _local(self) -> datetime:
        return self._clock.now().astimezone(self._zone)
