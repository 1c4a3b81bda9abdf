"""How a simulated server process carries out a call: duration, the one desktop, planned faults.

Owns the record of overlapping desktop calls. Knows no HTTP: an answer of None means a cut connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from wxauto_mgt.simulator.answers import INTERNAL_ERROR, Answer, failed, html
from wxauto_mgt.simulator.config import SimulatorConfig
from wxauto_mgt.simulator.faults import Effect, Fault, FaultKind, FaultPlan
from wxauto_mgt.simulator.routing import Call, Route
from wxauto_mgt.simulator.world import World


@dataclass(frozen=True)
class UiOverlap:
    """A call that moves the desktop began while another one was still running."""

    running: str
    began: str
    when: float


@dataclass(eq=False)
class _Run:
    """One call being carried out; one that moves the desktop may do so beyond its answer."""

    path: str
    route: Route
    effect: Callable[[], Answer]
    outlives_answer: bool = False


class CallRunner:
    """Runs calls on the world. `ui_overlaps` stays empty for a client that keeps them apart."""

    def __init__(self, config: SimulatorConfig, world: World, faults: FaultPlan) -> None:
        self.ui_overlaps: list[UiOverlap] = []
        self._config = config
        self._world = world
        self._faults = faults
        self._on_desktop: list[_Run] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._ended = asyncio.Event()
        self._initializing = asyncio.Lock()

    async def run(self, route: Route, call: Call) -> Answer | None:
        """Carry out one call; None when the connection is to be cut without an answer."""
        run = _Run(call.path, route, lambda: route.handler(self._world, call))
        if not route.moves_ui:
            return await self._run(run)
        if self._on_desktop:
            self.ui_overlaps.append(UiOverlap(self._on_desktop[-1].path, call.path, self._world.now))
        self._on_desktop.append(run)
        try:
            return await self._run(run)
        finally:
            if not run.outlives_answer:
                self._leave_desktop(run)

    def end_process(self) -> None:
        """What still runs ends without its effect; the next call finds a fresh process."""
        self._ended.set()
        self._ended = asyncio.Event()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._faults.abandon_all()
        self._on_desktop.clear()

    async def hold_for_ever(self) -> None:
        """Wait until the process ends."""
        await self._ended.wait()

    async def _run(self, run: _Run) -> Answer | None:
        if not await self._take_time(run.route):
            return None
        fault = self._faults.take(run.path)
        if fault is None:
            return run.effect()
        answer = run.effect() if fault.effect is Effect.FIRST else INTERNAL_ERROR
        match fault.kind:
            case FaultKind.HTML:
                return html(fault.status)
            case FaultKind.FAIL:
                return failed(fault.status, fault.code, fault.message)
            case FaultKind.CUT_JSON:
                return Answer(200, answer.body[: len(answer.body) // 2])
            case FaultKind.DROP:
                return None
            case FaultKind.HANG | FaultKind.DELAY:
                return await self._hold(fault, run, answer)

    async def _take_time(self, route: Route) -> bool:
        """Let the call's duration pass; False when the process ended meanwhile."""
        config = self._config
        seconds = config.latency_s + (config.ui_latency_s if route.moves_ui else 0.0)
        if route.takes == "resources_s":
            seconds += config.resources_s
        if seconds and not await self._pass(seconds):
            return False
        if route.takes == "initialize_s" and config.initialize_s:
            async with self._initializing:
                return self._world.is_initialized or await self._pass(config.initialize_s)
        return True

    async def _hold(self, fault: Fault, run: _Run, answer: Answer) -> Answer | None:
        limit_s = self._config.queue_timeout_s if run.route.is_queued else None
        is_over = await self._wait_for(fault, limit_s)
        if fault.is_abandoned:
            return None
        if is_over:
            return run.effect() if fault.effect is Effect.LATE else answer
        self._finish_later(fault, run, limit_s or 0.0)
        self._world.queued_tasks += 1
        return failed(500, 3001, f"处理请求失败: 任务 {self._world.queued_tasks} 处理超时")

    def _finish_later(self, fault: Fault, run: _Run, waited_s: float) -> None:
        """The queue has given up waiting; the task goes on and may still have its effect."""
        run.outlives_answer = True

        def finish() -> None:
            if fault.effect is Effect.LATE:
                run.effect()
            self._leave_desktop(run)

        if fault.kind is FaultKind.DELAY:
            self._later(fault.seconds - waited_s, finish)
        else:
            fault.late_effects.append(finish)

    async def _wait_for(self, fault: Fault, limit_s: float | None) -> bool:
        """Wait for the release or the end of the delay; False when the queue's limit came first."""
        delay_s = fault.seconds if fault.kind is FaultKind.DELAY else None
        shortest_s = min((s for s in (delay_s, limit_s) if s is not None), default=None)
        try:
            async with asyncio.timeout(shortest_s):
                await fault.released.wait()
        except TimeoutError:
            return shortest_s == delay_s
        return True

    async def _pass(self, seconds: float) -> bool:
        ended = self._ended
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return True
        return False

    def _leave_desktop(self, run: _Run) -> None:
        if run in self._on_desktop:
            self._on_desktop.remove(run)

    def _later(self, delay_s: float, effect: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            effect()

        timer = asyncio.get_running_loop().call_later(max(0.0, delay_s), fire)
        self._timers.add(timer)
