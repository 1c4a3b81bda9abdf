"""Carries out one call of an action in a task of its own: even one that will not end holds nothing up.

Owns time limits and what a crash or a late end means; the run of a ladder calls it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from wxauto_mgt.core.recovery.actions.contract import RepairResult
from wxauto_mgt.errors import ConsoleError
from wxauto_mgt.runtime.supervisor import Supervisor

_log = logging.getLogger(__name__)

STEP_TASK: Final = "recovery_step"
Act: TypeAlias = Callable[[], Awaitable[RepairResult | None]]

LETS_GO_WITHIN_S: Final = 2.0
"""How long an action that was cancelled may take to clean up, before it is left behind."""


class BoundedActions:
    """Runs actions, and knows those that were left behind."""

    def __init__(self, *, supervisor: Supervisor, lets_go_within_s: float = LETS_GO_WITHIN_S) -> None:
        self._supervisor = supervisor
        self._lets_go_within_s = lets_go_within_s
        self._left: dict[str, set[asyncio.Task[RepairResult | None]]] = {}

    def is_lingering(self, service: str) -> bool:
        """Whether an action of a service was given up and is still not over."""
        left = {task for task in self._left.get(service, ()) if not task.done()}
        self._left[service] = left
        return bool(left)

    async def call(self, service: str, act: Act, *, timeout_s: float) -> RepairResult | None:
        """Wait for an action's call; what it raises is its result. Cancelling ends it, within bounds."""
        task = self._supervisor.spawn(f"{STEP_TASK}:{service}", _guarded(act))
        try:
            await asyncio.wait([task], timeout=timeout_s)
        except asyncio.CancelledError:
            await self._end(service, task)
            raise
        if task.done() and not task.cancelled():
            return task.result()
        has_ended = await self._end(service, task)
        return RepairResult.unknown(
            "timed_out" if has_ended else "will_not_end", timeout_s=round(timeout_s, 3)
        )

    async def _end(self, service: str, task: asyncio.Task[RepairResult | None]) -> bool:
        task.cancel()
        await asyncio.wait([task], timeout=self._lets_go_within_s)
        if not task.done():
            self._left.setdefault(service, set()).add(task)
            _log.warning("a repair step does not end: %s", service, extra={"service_id": service})
        return task.done()


async def _guarded(act: Act) -> RepairResult | None:
    try:
        return await act()
    except ConsoleError as error:
        return RepairResult.failed("action_refused", cause=error.code)
    except Exception as error:  # noqa: BLE001 - a plugin call; logged with its traceback
        _log.exception("a repair action crashed")
        return RepairResult.unknown("action_crashed", kind=type(error).__name__)
