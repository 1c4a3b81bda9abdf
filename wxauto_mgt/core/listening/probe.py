"""The probe of one instance: `/api/health` and the session list, beside the polls.

Two loops: a session list that waits for the gate, or hangs in it, must not keep a round from ending. Owns no
judgement; that is liveness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.gate import GateBusy, GateShut
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.listening.activity import Activity, Halted
from wxauto_mgt.errors import InstanceError
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Beat

PROBE: Final = "probe"
SESSIONS: Final = "session_list"
ROUND_S: Final = 3.0
"""A round ends after this time at the latest, like its health call."""


class Probe:
    """Runs the two loops.

    Args:
        interval_s: from the begin of one round to the begin of the next; asked each time.
        is_initialized: no session list is asked for before.
        on_restart: the server was restarted since the last round.
        on_recovery: health answers again.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        activity: Activity,
        clock: Clock,
        interval_s: Callable[[], float],
        is_initialized: Callable[[], bool],
        on_restart: Callable[[], None],
        on_recovery: Callable[[], None],
        round_s: float = ROUND_S,
    ) -> None:
        self._instance = instance
        self._activity = activity
        self._clock = clock
        self._interval_s = interval_s
        self._is_initialized = is_initialized
        self._on_restart = on_restart
        self._on_recovery = on_recovery
        self._round_s = round_s
        self._wanted = Alarm()
        self._settled = asyncio.Event()
        self._health_fails = False

    async def run(self, beat: Beat) -> None:
        """Probe until halted or cancelled."""
        while True:
            beat()
            started_s = self._clock.monotonic()
            try:
                await self._round(started_s)
            except Halted:
                return
            passed_s = self._clock.monotonic() - started_s
            await self._clock.sleep(max(0.0, self._interval_s() - passed_s))

    async def run_sessions(self, beat: Beat) -> None:
        """Ask for the session list once per round, until halted or cancelled."""
        while True:
            beat()
            if await self._wanted.wait(self._round_s):
                try:
                    await self._list_sessions()
                except Halted:
                    return
                finally:
                    self._settled.set()

    async def _round(self, started_s: float) -> None:
        # In this order: after a restart of the server its session list is refused until it is initialised.
        if await self._check_health() and self._is_initialized():
            self._settled.clear()
            self._wanted.ring()
            try:
                async with asyncio.timeout(max(0.0, self._round_s - (self._clock.monotonic() - started_s))):
                    await self._settled.wait()
            except TimeoutError:
                pass  # the round ends without its evidence; that is what a round is for
        self._instance.liveness.round_finished(started_s=started_s)

    async def _check_health(self) -> bool:
        await self._instance.budget.wait(routes.HEALTH)
        asked_at_s = self._clock.monotonic()
        try:
            with self._activity.call(f"{self._instance.id}: {routes.HEALTH}"):
                health = await self._instance.client.health()
        except InstanceError as error:
            self._health_fails = True
            self._instance.liveness.call_failed(error)
            self._instance.episodes.failed(PROBE, error)
            return False
        self._instance.episodes.worked(PROBE)
        if self._instance.liveness.health_answered(health, asked_at_s=asked_at_s):
            self._on_restart()
        if self._health_fails:
            self._health_fails = False
            self._on_recovery()
        return True

    async def _list_sessions(self) -> None:
        await self._instance.budget.wait(routes.SESSIONS)
        try:
            async with self._instance.gate.hold("get-session", timeout_s=self._interval_s() + self._round_s):
                with self._activity.call(f"{self._instance.id}: {routes.SESSIONS}"):
                    names = await self._instance.client.sessions()
        except (GateBusy, GateShut) as error:
            # No episode: who holds the gate, or shut it, has one already.
            self._instance.liveness.call_failed(error)
            return
        except InstanceError as error:
            self._instance.liveness.call_failed(error)
            self._instance.episodes.failed(SESSIONS, error)
            return
        self._instance.episodes.worked(SESSIONS)
        self._instance.liveness.sessions_listed(len(names))
