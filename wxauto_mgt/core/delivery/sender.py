"""Keeps one sending lane for each instance in use, and ends replies whose instance is not.

Sends nothing itself: the lanes do. Started by the composition root.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.delivery.announce import announce
from wxauto_mgt.core.delivery.send_lane import SendLane
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.storage_trouble import StorageTrouble
from wxauto_mgt.core.instances.instance import Instance, InstanceAdded, InstanceRemoved
from wxauto_mgt.core.messages.model import ReplyState, ReplyStateChanged
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat, Supervisor
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

SENDER: Final = "reply_sender"
SCAN_INTERVAL_S: Final = 1.0
INSTANCE_OUT_OF_USE: Final = "instance_out_of_use"

_SECOND_US: Final = 1_000_000


class Instances(Protocol):
    """Where instances in use are found."""

    def get(self, instance_id: str) -> Instance | None:
        """The instance, unless it is unknown or disabled."""

    def all(self) -> tuple[Instance, ...]:
        """All enabled instances."""


_STALLED_AFTER_S: Final = 30.0


class ReplySender:
    """Keeps one sending lane for each instance in use.

    Args:
        instances: looked at each second, so that a lane follows its instance.
        is_paused: while true no send begins.
        settings: asked for each attempt.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        bus: EventBus,
        supervisor: Supervisor,
        instances: Instances,
        settings: Callable[[], DeliverySettings],
        is_paused: Callable[[], bool],
        faults: FaultPoints,
        rng: random.Random,
        trouble: StorageTrouble,
        scan_interval_s: float = SCAN_INTERVAL_S,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._supervisor = supervisor
        self._instances = instances
        self._settings = settings
        self._is_paused = is_paused
        self._faults = faults
        self._rng = rng
        self._trouble = trouble
        self._scan_interval_s = scan_interval_s
        self._wake = Alarm()
        self._lanes: dict[str, SendLane] = {}

    async def run(self, beat: Beat) -> None:
        """Start and stop lanes as instances come and go, until cancelled."""
        unsubscribe = [
            self._bus.subscribe(ReplyStateChanged, self._changed),
            self._bus.subscribe(InstanceAdded, self._wake.ring),
            self._bus.subscribe(InstanceRemoved, self._wake.ring),
        ]
        try:
            while True:
                beat()
                with self._trouble.told(SENDER):
                    await self._follow_instances()
                    await self._fail_stranded()
                await self._wake.wait(self._scan_interval_s)
        finally:
            for end in unsubscribe:
                end()

    async def drain(self, timeout_s: float) -> int:
        """Begin no new send and let those under way finish; returns how many did not."""
        for lane in self._lanes.values():
            lane.stop_sending()
        unfinished = 0
        deadline_s = self._clock.monotonic() + timeout_s
        for lane in list(self._lanes.values()):
            unfinished += not await lane.wait_idle(max(0.0, deadline_s - self._clock.monotonic()))
        return unfinished

    def _changed(self, change: ReplyStateChanged) -> None:
        if change.state is ReplyState.SENDING:
            return
        for lane in self._lanes.values():
            lane.wake.ring()

    async def _follow_instances(self) -> None:
        current = {instance.id: instance for instance in self._instances.all()}
        alive = {loop.name for loop in self._supervisor.loops()}
        for instance_id, lane in list(self._lanes.items()):
            if current.get(instance_id) is not lane.instance:
                lane.stop_sending()
                if lane.is_sending:
                    continue  # its answer is still to come; cut off, the outcome would be unknown
                await self._supervisor.stop(_lane_name(instance_id))
                await lane.lose_open_sends()  # those of a crash that this lane did not come back from
                del self._lanes[instance_id]
            elif _lane_name(instance_id) not in alive:  # stopped together with an earlier run of this loop
                del self._lanes[instance_id]
        for instance_id, instance in current.items():
            if instance_id not in self._lanes:
                lane = self._lanes[instance_id] = self._make_lane(instance)
                self._supervisor.start(
                    _lane_name(instance_id),
                    lane.run,
                    stalled_after_s=_STALLED_AFTER_S + self._settings().send_timeout_s,
                    may_be_cut=False,  # in the middle of a send its outcome would be unknown
                )

    def _make_lane(self, instance: Instance) -> SendLane:
        return SendLane(
            db=self._db,
            clock=self._clock,
            bus=self._bus,
            instance=instance,
            settings=self._settings,
            # Its client refuses calls from the moment of the edit on, long before this lane is taken down.
            is_paused=lambda: self._is_paused() or self._instances.get(instance.id) is not instance,
            faults=self._faults,
            rng=self._rng,
            trouble=self._trouble,
            scan_interval_s=self._scan_interval_s,
        )

    async def _fail_stranded(self) -> None:
        """Replies whose instance is out of use for longer than the retry budget end as dead letters."""
        now_us = to_us(self._clock.now())
        before_us = now_us - int(self._settings().retry_budget_s * _SECOND_US)
        for instance_id, due_since_us in (await store.instances_with_pending(self._db)).items():
            if self._instances.get(instance_id) is None and due_since_us <= before_us:
                job = partial(
                    store.fail_stranded,
                    instance_id=instance_id,
                    due_before_us=before_us,
                    reason=INSTANCE_OUT_OF_USE,
                    now_us=now_us,
                )
                announce(self._bus, await self._db.run(job))


def _lane_name(instance_id: str) -> str:
    """Named under the sender's own loop, so that stopping that one stops all lanes."""
    return f"{SENDER}:{instance_id}"
