"""Sends replies: one lane per instance, one send at a time through its UI gate, each chat in order.

At most once: `sending` is committed before the first byte and never taken back without proof that nothing was
sent. Started by the composition root; what becomes of a sent reply is the settlement's business.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.delivery.retry import next_attempt_at_us
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.wake import Wake
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance, InstanceAdded, InstanceRemoved
from wxauto_mgt.core.instances.model import SendAnswer, SendOutcome, SendReason
from wxauto_mgt.core.instances.windows import WindowRoute, WindowWay
from wxauto_mgt.core.messages.model import ReplyState, ReplyStateChanged
from wxauto_mgt.core.messages.replies import store as replies
from wxauto_mgt.core.wire import Channel
from wxauto_mgt.errors import TransientError
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat, Supervisor
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

SENDER: Final = "reply_sender"
SEND: Final = "send"
SCAN_INTERVAL_S: Final = 1.0
WINDOW_WAIT_S: Final = 15.0
"""How long a reply waits for the window of its chat to be opened before it goes by the main window."""
GATE_WAIT_S: Final = 5.0
"""How long one look at the gate lasts; the lane must beat in between."""

_SECOND_US: Final = 1_000_000
INSTANCE_OUT_OF_USE: Final = "instance_out_of_use"


class SendFailed(TransientError):
    """A send ended without proof that the text went out; code is the reason."""


class Instances(Protocol):
    """Where instances in use are found."""

    def get(self, instance_id: str) -> Instance | None:
        """The instance, unless it is unknown or disabled."""

    def all(self) -> tuple[Instance, ...]:
        """All enabled instances."""


@dataclass(frozen=True)
class _Way:
    """How one attempt goes: window title, or the main window with the chat's name."""

    channel: Channel
    target: str


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
        self._scan_interval_s = scan_interval_s
        self._wake = Wake()
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
        for lane in list(self._lanes.values()):
            unfinished += not await lane.wait_idle(timeout_s)
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
                self._supervisor.start(_lane_name(instance_id), lane.run)

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
                for change in await self._db.run(job):
                    self._bus.publish(change)


def _lane_name(instance_id: str) -> str:
    """Named under the sender's own loop, so that stopping that one stops all lanes."""
    return f"{SENDER}:{instance_id}"


class SendLane:
    """Sends the replies of one instance. Only its own loop sends."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        bus: EventBus,
        instance: Instance,
        settings: Callable[[], DeliverySettings],
        is_paused: Callable[[], bool],
        faults: FaultPoints,
        rng: random.Random,
        scan_interval_s: float,
    ) -> None:
        self.instance = instance
        self.wake = Wake()
        self._db = db
        self._clock = clock
        self._bus = bus
        self._settings = settings
        self._is_paused = is_paused
        self._faults = faults
        self._rng = rng
        self._scan_interval_s = scan_interval_s
        self._is_stopping = False
        self._idle = Wake()
        self._is_sending = False

    async def run(self, beat: Beat) -> None:
        """Send what is due until cancelled."""
        await self.lose_open_sends()
        while True:
            beat()
            pause_s = await self._round()
            if pause_s > 0:
                await self.wake.wait(pause_s)

    @property
    def is_sending(self) -> bool:
        """Whether a send is under way or waits for the gate."""
        return self._is_sending

    def stop_sending(self) -> None:
        """Begin no new send."""
        self._is_stopping = True

    async def wait_idle(self, timeout_s: float) -> bool:
        """Whether no send is under way, or none is within `timeout_s`."""
        if self._is_sending:
            await self._idle.wait(timeout_s)
        return not self._is_sending

    async def lose_open_sends(self) -> None:
        """What a run of this lane left without an answer: nobody will hear what became of it."""
        now_us = to_us(self._clock.now())
        job = partial(
            replies.lose_open_sends,
            instance_id=self.instance.id,
            reason="interrupted",
            settled_by="restart",
            now_us=now_us,
        )
        self._publish(await self._db.run(job))

    async def _round(self) -> float:
        """Send the first reply that can go; returns the pause until the next look, 0 for none."""
        if self._is_paused() or self._is_stopping:
            return self._scan_interval_s
        now_us = to_us(self._clock.now())
        pause_s = self._scan_interval_s
        for reply in await store.due_replies(self._db, self.instance.id):
            if reply.due_at_us > now_us:
                return min(pause_s, (reply.due_at_us - now_us) / _SECOND_US)
            way = self._way(reply, now_us)
            if way is not None:
                return 0.0 if await self._send(reply, way) else pause_s
        return pause_s

    def _way(self, reply: store.DueReply, now_us: int) -> _Way | None:
        """How the reply can go now; None while a window is being opened for it."""
        route: WindowRoute = self.instance.windows.route(reply.chat)
        if route.way is WindowWay.WINDOW:
            return _Way(Channel.WINDOW, route.title)
        if route.way is WindowWay.PENDING and now_us - reply.due_at_us < WINDOW_WAIT_S * _SECOND_US:
            return None
        return _Way(Channel.MAIN, reply.chat)

    async def _send(self, reply: store.DueReply, way: _Way) -> bool:
        """Make one attempt; False when the gate cannot be had now."""
        route = routes.SEND_WINDOW if way.channel is Channel.WINDOW else routes.SEND_MAIN
        await self.instance.budget.wait(route)
        self._is_sending = True
        try:
            async with self.instance.gate.hold(SEND, timeout_s=GATE_WAIT_S):
                await self._send_inside(reply, way)
        except (GateBusy, GateShut):
            return False
        finally:
            self._is_sending = False
            self._idle.ring()
        return True

    async def _send_inside(self, reply: store.DueReply, way: _Way) -> None:
        if self._is_paused() or self._is_stopping:
            return
        begun = await self._db.run(
            partial(replies.begin_send, reply_id=reply.id, route=way.channel, now_us=to_us(self._clock.now()))
        )
        if begun is None:
            return
        self._bus.publish(begun)
        self._faults.reach("reply.sending_committed")
        client = self.instance.client
        if way.channel is Channel.WINDOW:
            at_list = () if reply.at_name is None else (reply.at_name,)
            answer = await client.send_window(way.target, reply.text, at_list)
        else:
            answer = await client.send_main(way.target, reply.text)
        if answer.may_still_run:
            self.instance.gate.quarantine(reason=SEND)
        self._faults.reach("reply.sent")
        changes = await self._db.run(self._ending(reply, way, answer))
        self._faults.reach("reply.answer_committed")
        self._report(reply, way, answer)
        self._publish(changes)

    def _ending(
        self, reply: store.DueReply, way: _Way, answer: SendAnswer
    ) -> Callable[[sqlite3.Connection], list[replies.Change]]:
        """The job that writes down how the attempt ended."""
        now_us = to_us(self._clock.now())
        if answer.outcome is SendOutcome.ACCEPTED:
            awaits_echo = way.channel is Channel.WINDOW
            return partial(replies.send_accepted, reply_id=reply.id, awaits_echo=awaits_echo, now_us=now_us)
        reason = answer.reason.value
        retry_at_us = self._retry_at_us(reply, now_us) if answer.retryable else None
        if answer.outcome is SendOutcome.NOT_SENT and retry_at_us is not None:
            return partial(
                replies.send_again_later,
                reply_id=reply.id,
                reason=reason,
                due_at_us=retry_at_us,
                now_us=now_us,
            )
        not_sent = answer.outcome is SendOutcome.NOT_SENT
        return partial(
            replies.end_reply,
            reply_id=reply.id,
            to=ReplyState.FAILED if not_sent else ReplyState.UNKNOWN,
            reason=reason,
            settled_by="answer",
            now_us=now_us,
        )

    def _retry_at_us(self, reply: store.DueReply, now_us: int) -> int | None:
        first_us = reply.first_attempt_at_us if reply.first_attempt_at_us is not None else now_us
        return next_attempt_at_us(
            self._settings(),
            attempts=reply.attempts + 1,
            first_attempt_at_us=first_us,
            now_us=now_us,
            rng=self._rng,
        )

    def _report(self, reply: store.DueReply, way: _Way, answer: SendAnswer) -> None:
        episodes = self.instance.episodes
        if answer.reason is SendReason.WINDOW_NOT_LISTENED and way.channel is Channel.WINDOW:
            self.instance.windows.gone(reply.chat)  # the next attempt takes the main window
        if answer.outcome is SendOutcome.ACCEPTED:
            episodes.worked(SEND, subject=reply.chat)
            self.instance.liveness.call_answered()
        else:
            episodes.failed(SEND, SendFailed(f"send_{answer.reason}"), subject=reply.chat)

    def _publish(self, changes: list[replies.Change]) -> None:
        for change in changes:
            self._bus.publish(change)
