"""Runs every check on a schedule of its own, a few at a time, each within its time limit.

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
from wxauto_mgt.runtime.alarm import Alarm
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.supervisor import Beat, Supervisor

_log = logging.getLogger(__name__)

LOOPS: Final = "check"
AT_ONCE: Final = 8  # checks are small; more at a time would only compete with the message path
LOOKED_AT_EVERY_S: Final = 10.0
JITTER_RATIO: Final = 0.1


class CheckRunner:
    """Keeps one supervised loop for each service that is to be watched.

    Args:
        wanted: what is to be watched now; asked after each `refresh`.
        settings: asked before each run.
    """

    def __init__(
        self,
        *,
        board: CheckBoard,
        supervisor: Supervisor,
        clock: Clock,
        wanted: Callable[[], Iterable[WatchedService]],
        settings: Callable[[], HealthChecksSettings],
        rng: random.Random,
    ) -> None:
        self._board = board
        self._supervisor = supervisor
        self._clock = clock
        self._wanted = wanted
        self._settings = settings
        self._rng = rng
        self._watched: dict[str, WatchedService] = {}
        self._crashed: set[str] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._changed = Alarm()

    def refresh(self, _event: object = None) -> None:
        """Look again at what is to be watched."""
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
            if new is not None and _identity(new) == _identity(service):
                continue
            if await self._supervisor.stop(f"{LOOPS}:{service_id}"):
                continue  # does not let go yet: tried again at the next look
            del self._watched[service_id]
            self._crashed.discard(service_id)
            self._board.forget(service_id)
        for service_id, service in wanted.items():
            if service_id not in self._watched:
                self._watched[service_id] = service
                self._board.watch(service)
                # Never stalled: an interval may be as long as is liked, and a run is bounded.
                self._supervisor.start(
                    f"{LOOPS}:{service_id}", partial(self._keep_checking, service), stalled_after_s=math.inf
                )

    async def check_now(self, service: WatchedService) -> CheckResult:
        """Check a service once, unless what it depends on fails; the result is on the board."""
        parent = self._board.failing_ancestor(service.id)
        if parent is not None:
            result = CheckResult(Outcome.UNKNOWN, "parent_down", {"parent": parent})
        else:
            async with self._places:
                result = await self._bounded(service)
        self._board.record(service.id, result)
        return result

    async def _keep_checking(self, service: WatchedService, beat: Beat) -> None:
        # Spread over the second half, so that a restart does not knock at all doors at once.
        await self._pause(service.first_after_ratio * self._rng.uniform(0.5, 1.0))
        while True:
            beat()
            await self.check_now(service)
            await self._pause(self._rng.uniform(1 - JITTER_RATIO, 1 + JITTER_RATIO))

    async def _pause(self, ratio: float) -> None:
        await self._clock.sleep(self._settings().interval_s * ratio)

    async def _bounded(self, service: WatchedService) -> CheckResult:
        timeout_s = service.timeout_s or self._settings().timeout_s
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
    return service.key, service.critical, service.parent
