"""Reads one channel of one instance for ever: again at once while rows come, slower the longer it fails.

One object per channel, two per instance, independent of each other. Commits through the committer before
anything else happens with what was read.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Final

from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.listening.activity import Activity, Halted
from wxauto_mgt.core.listening.committer import BatchCommitter
from wxauto_mgt.core.wire import Channel, ReadBatch
from wxauto_mgt.errors import InstanceAnswerUnreadable, InstanceError, InstanceMaybeLimited, TransientError
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.supervisor import Beat

RETRY_CAP_S: Final = 30.0
LIMITED_CAP_S: Final = 60.0
"""The server's limit counts whole minutes."""

_ROUTES: Final = {Channel.MAIN: routes.NEXT_NEW, Channel.WINDOW: routes.LISTEN_GET}


class Poller:
    """The loop over one channel.

    Args:
        interval_s: pause when nothing came; asked each time.
        may_read: asked before each round.
        on_batch: told of each batch after its commit.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        channel: Channel,
        committer: BatchCommitter,
        activity: Activity,
        interval_s: Callable[[], float],
        may_read: Callable[[], bool],
        on_batch: Callable[[ReadBatch], None],
    ) -> None:
        self._instance = instance
        self._channel = channel
        self._route = _ROUTES[channel]
        self._operation = f"poll_{channel.value}"
        self._committer = committer
        self._activity = activity
        self._interval_s = interval_s
        self._may_read = may_read
        self._on_batch = on_batch
        self._alarm = Alarm()
        self._rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._failures = 0
        self._drained: list[asyncio.Future[None]] = []

    def wake(self) -> None:
        """Read now instead of at the end of the pause."""
        self._alarm.ring()

    async def drain(self, timeout_s: float) -> bool:
        """Read now; True once a read that began after this call found nothing more."""
        waiter = asyncio.get_running_loop().create_future()
        self._drained.append(waiter)
        self.wake()
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        finally:
            if waiter in self._drained:
                self._drained.remove(waiter)
        return True

    async def run(self, beat: Beat) -> None:
        """Poll until halted or cancelled."""
        while True:
            beat()
            try:
                pause_s = await self._round(beat) if self._may_read() else self._interval_s()
            except Halted:
                return
            await self._alarm.wait(pause_s)

    async def _round(self, beat: Beat) -> float:
        """Read until nothing comes; returns the pause until the next round."""
        try:
            while await self._read():
                beat()
        except Halted:
            raise
        except (InstanceError, GateBusy, GateShut) as error:
            self._failures += 1
            self._instance.episodes.failed(self._operation, error)
            return self._retry_delay_s(error)
        self._failures = 0
        self._instance.episodes.worked(self._operation)
        return self._interval_s()

    def _retry_delay_s(self, error: TransientError) -> float:
        cap_s = LIMITED_CAP_S if isinstance(error, InstanceMaybeLimited) else RETRY_CAP_S
        base_s = min(self._interval_s(), cap_s)
        return Backoff(base_s=base_s, cap_s=cap_s).delay_s(self._failures, self._rng)

    async def _read(self) -> bool:
        """Make one destructive read and commit it; True when it may pay to read again at once.

        Raises:
            InstanceError: nothing came, or some of it could not be read (and is committed raw).
        """
        await self._committer.ready()
        await self._instance.budget.wait(self._route)
        waiters = tuple(self._drained)
        with ExitStack() as stack:
            batch = await self._fetch(stack)
            if batch is None:
                return True
            if not batch.is_empty:
                await self._committer.commit(batch)
        if batch.unreadable is None:  # a page of whatever stands in between proves no key
            self._instance.liveness.call_answered()
        if batch.is_empty:
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
            return False
        self._on_batch(batch)
        if batch.unreadable is not None:
            raise InstanceAnswerUnreadable(
                "instance_reply_damaged", route=self._route, reason=batch.unreadable_reason
            )
        return True

    async def _fetch(self, stack: ExitStack) -> ReadBatch | None:
        """Read, inside the gate where the channel needs it; the stack keeps the call open to the commit."""
        if self._channel is Channel.WINDOW:
            return await self._call(stack, self._instance.client.listen_get)
        async with self._instance.gate.hold("get-next-new"):
            return await self._call(stack, self._instance.client.next_new)

    async def _call(self, stack: ExitStack, read: Callable[[], Awaitable[ReadBatch]]) -> ReadBatch | None:
        if self._committer.blocked_by is not None:
            return None  # a commit failed while this one waited for its turn
        stack.enter_context(self._activity.call(f"{self._instance.id}: {self._route}"))
        liveness = self._instance.liveness
        liveness.read_started(self._channel)
        try:
            return await read()
        except InstanceError as error:
            liveness.call_failed(error)
            raise
        finally:
            liveness.read_finished(self._channel)
