"""The replies of one instance on their way out: one send at a time through its UI gate, each chat in order.

At most once: `sending` is committed before the first byte and never taken back without proof that nothing was
sent. `ReplySender` keeps one lane per instance; what becomes of a sent reply is the settlement's business.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from wxauto_mgt.core.delivery import store
from wxauto_mgt.core.delivery.announce import announce
from wxauto_mgt.core.delivery.retry import next_attempt_at_us
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.storage_trouble import StorageTrouble
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import SendAnswer, SendOutcome, SendReason
from wxauto_mgt.core.instances.windows import WindowRoute, WindowWay
from wxauto_mgt.core.messages.model import ReplyState
from wxauto_mgt.core.messages.replies import store as replies
from wxauto_mgt.core.wire import Channel
from wxauto_mgt.errors import TransientError
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.fault_points import FaultPoints
from wxauto_mgt.runtime.supervisor import Beat
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us

SEND: Final = "send"
WINDOW_WAIT_S: Final = 15.0
"""How long a reply waits for the window of its chat to be opened before it goes by the main window."""
GATE_WAIT_S: Final = 5.0
"""How long one look at the gate lasts; the lane must beat in between."""

_SECOND_US: Final = 1_000_000


class SendFailed(TransientError):
    """A send ended without proof that the text went out; code is the reason."""


@dataclass(frozen=True)
class _Way:
    """How one attempt goes: window title, or the main window with the chat's name."""

    channel: Channel
    target: str


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
        trouble: StorageTrouble,
        scan_interval_s: float,
    ) -> None:
        self.instance = instance
        self.wake = Alarm()
        self._db = db
        self._clock = clock
        self._bus = bus
        self._settings = settings
        self._is_paused = is_paused
        self._faults = faults
        self._rng = rng
        self._trouble = trouble
        self._name = f"{SEND}:{instance.id}"
        self._beat: Beat = lambda: None
        self._scan_interval_s = scan_interval_s
        self._is_stopping = False
        self._idle = Alarm()
        self._is_sending = False

    async def run(self, beat: Beat) -> None:
        """Send what is due until cancelled."""
        self._beat = beat
        has_begun = False
        while True:
            beat()
            pause_s = self._scan_interval_s
            with self._trouble.told(self._name):
                if not has_begun:
                    await self.lose_open_sends()
                    has_begun = True
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
        try:
            async with asyncio.timeout(timeout_s):
                while self._is_sending:  # a ring may be left from an earlier send
                    await self._idle.wait(timeout_s)
        except TimeoutError:
            pass
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
        announce(self._bus, await self._db.run(job))

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
                answer = await self._send_inside(reply, way)
            if answer is not None:
                await self._write_down(reply, way, answer)  # beside the desktop: this may have to wait
        except (GateBusy, GateShut):
            return False
        finally:
            self._is_sending = False
            self._idle.ring()
        return True

    async def _send_inside(self, reply: store.DueReply, way: _Way) -> SendAnswer | None:
        if self._is_paused() or self._is_stopping:
            return None
        begun = await self._db.run(
            partial(replies.begin_send, reply_id=reply.id, route=way.channel, now_us=to_us(self._clock.now()))
        )
        if begun is None:
            return None
        announce(self._bus, [begun])
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
        return answer

    async def _write_down(self, reply: store.DueReply, way: _Way, answer: SendAnswer) -> None:
        changes = await self._trouble.written(self._name, self._ending(reply, way, answer), self._beat)
        self._faults.reach("reply.answer_committed")
        self._report(reply, way, answer)
        announce(self._bus, changes)

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
