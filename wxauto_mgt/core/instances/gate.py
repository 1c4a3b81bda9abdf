"""The UI gate of one instance: calls that move its desktop pass one at a time, in order of asking.

Owns no call. Pollers, the listener upkeep and the reply sender take it around each such call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from wxauto_mgt.core.instances.http_errors import may_still_run
from wxauto_mgt.errors import InstanceError, TransientError
from wxauto_mgt.runtime.clock import Clock

DEFAULT_QUARANTINE_S: Final = 60.0


class GateBusy(TransientError):
    """Another call held the gate for the whole waiting time; nothing was called."""


class GateShut(TransientError):
    """The gate is in quarantine after a call that timed out; nothing was called."""


@dataclass(frozen=True)
class GateUse:
    """Who is inside.

    Attributes:
        since_s: monotonic time of entering.
    """

    operation: str
    since_s: float


@dataclass(eq=False)
class _Ticket:
    operation: str
    turn: asyncio.Future[None]


class UiGate:
    """First in, first out, one at a time; shut for a while after a call that may still be running.

    Args:
        quarantine_s: asked when a call times out; how long the server may still be executing it.
    """

    def __init__(
        self, *, clock: Clock, quarantine_s: Callable[[], float] = lambda: DEFAULT_QUARANTINE_S
    ) -> None:
        self._clock = clock
        self._quarantine_s = quarantine_s
        self._queue: deque[_Ticket] = deque()
        self._head: _Ticket | None = None
        self._current: GateUse | None = None
        self._shut_until_s = float("-inf")
        self._shut_reason = ""

    @property
    def current(self) -> GateUse | None:
        """The operation inside, if any."""
        return self._current

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    @property
    def shut_for_s(self) -> float:
        """Seconds of quarantine left; 0 when it is open."""
        return max(0.0, self._shut_until_s - self._clock.monotonic())

    @asynccontextmanager
    async def hold(self, operation: str, *, timeout_s: float | None = None) -> AsyncIterator[None]:
        """Be alone inside. A call that times out or is cancelled inside starts the quarantine by itself.

        Args:
            operation: shown while it is inside.
            timeout_s: longest wait; None waits for ever.

        Raises:
            GateShut: still in quarantine at the end of the wait.
            GateBusy: still taken at the end of the wait.
        """
        await self._enter(operation, timeout_s)
        try:
            yield
        except InstanceError as error:
            if may_still_run(error):
                self.quarantine(reason=operation)
            raise
        except asyncio.CancelledError:
            self.quarantine(reason=operation)
            raise
        finally:
            self._leave()

    def quarantine(self, *, reason: str, for_s: float | None = None) -> None:
        """Let nobody in for a while; who is inside may finish. Never shortens a quarantine."""
        until_s = self._clock.monotonic() + (self._quarantine_s() if for_s is None else for_s)
        if until_s > self._shut_until_s:
            self._shut_until_s, self._shut_reason = until_s, reason

    def reopen(self) -> None:
        """End a quarantine: the server was restarted, so nothing runs there any more."""
        self._shut_until_s = float("-inf")

    async def _enter(self, operation: str, timeout_s: float | None) -> None:
        ticket = _Ticket(operation, asyncio.get_running_loop().create_future())
        self._queue.append(ticket)
        self._call_next()
        entered = False
        try:
            async with asyncio.timeout(timeout_s):
                await ticket.turn
                while (left_s := self.shut_for_s) > 0:
                    await self._clock.sleep(left_s)
            entered = True
        except TimeoutError:
            busy = self._current.operation if self._current else ""
            if self.shut_for_s > 0:
                raise GateShut("gate_shut", operation=operation, after=self._shut_reason) from None
            raise GateBusy("gate_busy", operation=operation, busy_with=busy) from None
        finally:
            if not entered:
                self._give_up(ticket)
        self._current = GateUse(operation, self._clock.monotonic())

    def _give_up(self, ticket: _Ticket) -> None:
        if ticket is self._head:
            self._head = None
            self._call_next()
        elif ticket in self._queue:
            self._queue.remove(ticket)

    def _leave(self) -> None:
        self._current = None
        self._head = None
        self._call_next()

    def _call_next(self) -> None:
        if self._head is None and self._queue:
            self._head = self._queue.popleft()
            if not self._head.turn.done():
                self._head.turn.set_result(None)
