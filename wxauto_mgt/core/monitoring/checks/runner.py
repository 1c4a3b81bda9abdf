"""Runs every check on a schedule of its own, each within its time limit: one that hangs delays no other.

Owns which checks run; the board judges what they find. The composition root says what there is to watch.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome, WatchedService
from wxauto_mgt.core.monitoring.checks.settings import HealthChecksSettings
from wxauto_mgt.errors import UnknownService
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Beat, Supervisor

_log = logging.getLogger(__name__)

LOOPS: Final = "check"
LOOKED_AT_EVERY_S: Final = 10.0
JITTER_RATIO: Final = 0.1


class CheckRunner:
    """Keeps one supervised loop for each service that is to be watched.

    Args:
        wanted: what is to be watched now; asked after each `refresh`.
        settings: asked before each run.
        interval_s: time between two runs of a service that has no interval of its own.
    """

    def __init__(
        self,
        *,
        board: CheckBoard,
        supervisor: Supervisor,
        clock: Clock,
        wanted: Callable[[], Iterable[WatchedService]],
        settings: Callable[[], HealthChecksSettings],
        interval_s: Callable[[], float],
        rng: random.Random,
    ) -> None:
        self._board = board
        self._supervisor = supervisor
        self._clock = clock
        self._wanted = wanted
        self._settings = settings
        self._interval_s = interval_s
        self._rng = rng
        self._watched: dict[str, WatchedService] = {}
        self._looping: set[str] = set()
        self._held: str | None = None
        self._runs: dict[str, asyncio.Future[CheckResult]] = {}
        self._crashed: set[str] = set()
        self._changed = Alarm()

    def refresh(self, _event: object = None) -> None:
        """Look again at what is to be watched."""
        self._changed.ring()

    def hold(self, reason_code: str) -> None:
        """Check nothing by schedule until `release`; meanwhile nothing is known of any service."""
        self._held = reason_code
        self._board.suspend(reason_code)
        self._changed.ring()

    def release(self) -> None:
        """Check by schedule again."""
        self._held = None
        self._board.suspend("not_checked_yet")
        self._changed.ring()

    async def run(self, beat: Beat) -> None:
        """Keep the loops in step with what is to be watched, until cancelled."""
        while True:
            beat()
            await self.match_wanted()
            await self._changed.wait(LOOKED_AT_EVERY_S)

    async def match_wanted(self) -> None:
        """Start, replace and stop loops."""
        wanted = {service.id: service for service in self._wanted()}
        for service_id, service in list(self._watched.items()):
            new = wanted.get(service_id)
            is_same = new is not None and _identity(new) == _identity(service)
            if is_same and self._held is None:
                continue
            if await self._supervisor.stop(_loop_of(service_id)):
                continue  # does not let go yet: tried again at the next look
            self._looping.discard(service_id)
            if not is_same:
                del self._watched[service_id]
                self._crashed.discard(service_id)
                self._board.forget(service_id)
        for service_id, service in wanted.items():
            if service_id not in self._watched:
                self._watched[service_id] = service
                self._board.watch(service, reason_code=self._held or "not_checked_yet")
        if self._held is None:
            self._start_loops()

    async def check_service(self, service_id: str) -> CheckResult:
        """Check a watched service by a run that begins after this call: it proves what was done before.

        Callers at the same time share one run; the schedule goes on beside it.

        Raises:
            UnknownService: no such service is watched.
        """
        if (stale := self._runs.get(service_id)) is not None:
            await asyncio.wait([stale])  # bounded, as each run is
        service = self._watched.get(service_id)
        if service is None:
            known = ", ".join(sorted(self._watched))
            raise UnknownService("unknown_service", service=service_id, known=known)
        return await self.check_now(service)

    async def check_now(self, service: WatchedService) -> CheckResult:
        """Check a service once, unless what it depends on fails; the result is on the board.

        A run that is under way is waited for and shared: no service is ever checked twice at a time.
        """
        while (under_way := self._runs.get(service.id)) is not None:
            await asyncio.wait([under_way])
            if not under_way.cancelled():  # else its caller was stopped, and it is our turn
                return under_way.result()
        run = self._runs[service.id] = asyncio.get_running_loop().create_future()
        try:
            result = await self._check(service)
            run.set_result(result)
        finally:
            del self._runs[service.id]
            run.cancel()  # does nothing to one that has its result
        return result

    async def _check(self, service: WatchedService) -> CheckResult:
        parent = self._board.failing_ancestor(service.id)
        if parent is not None:
            result = CheckResult(Outcome.UNKNOWN, "parent_down", {"parent": parent})
        else:
            result = await self._bounded(service)
        if self._held is None:
            self._board.record(service.id, result)
        return result

    def _start_loops(self) -> None:
        for service_id, service in self._watched.items():
            if service_id not in self._looping:
                self._looping.add(service_id)
                # Never stalled: an interval may be as long as is liked, and a run is bounded.
                self._supervisor.start(
                    _loop_of(service_id), partial(self._keep_checking, service), stalled_after_s=math.inf
                )

    async def _keep_checking(self, service: WatchedService, beat: Beat) -> None:
        def interval_s() -> float:
            return service.interval_s or self._interval_s()

        def first_s() -> float:
            # After a restart nobody waits an hour to hear of a service that is checked once an hour.
            return min(interval_s(), self._interval_s()) * service.first_after_ratio

        # Spread over the second half, so that a restart does not knock at all doors at once.
        await self._pause(first_s, self._rng.uniform(0.5, 1.0))
        while True:
            beat()
            await self.check_now(service)
            await self._pause(interval_s, self._rng.uniform(1 - JITTER_RATIO, 1 + JITTER_RATIO))

    async def _pause(self, interval_s: Callable[[], float], ratio: float) -> None:
        began_s = self._clock.monotonic()
        # In short parts, so that a shorter interval is kept to before the old one is over.
        while True:
            left_s = began_s + interval_s() * ratio - self._clock.monotonic()
            if left_s <= 0:
                return
            await self._clock.sleep(min(left_s, LOOKED_AT_EVERY_S))

    async def _bounded(self, service: WatchedService) -> CheckResult:
        timeout_s = max(service.timeout_s or self._settings().timeout_s, service.least_time_s)
        try:
            async with asyncio.timeout(timeout_s):
                result = await service.check.run()
        except TimeoutError:
            return CheckResult(Outcome.FAILED, "timed_out", {"timeout_s": timeout_s})
        except Exception as error:  # noqa: BLE001 - any kind of check; logged with its traceback
            # A check's own fault says nothing of the service, and its traceback is wanted once.
            level = logging.DEBUG if service.id in self._crashed else logging.ERROR
            self._crashed.add(service.id)
            _log.log(level, "check failed to run: %s", service.id, exc_info=error)
            return CheckResult(Outcome.UNKNOWN, "check_crashed", {"kind": type(error).__name__})
        self._crashed.discard(service.id)
        return result


def _identity(service: WatchedService) -> tuple[object, ...]:
    return service.key, service.critical, service.parents, service.kind, service.description


def _loop_of(service_id: str) -> str:
    # A colon would make `instance:pc1` a part of a service that is named `instance`.
    return f"{LOOPS}:{service_id.replace(':', '.')}"
