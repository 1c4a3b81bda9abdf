"""Closing what was opened: by stage, in reverse, bounded in time, carrying on after a failing step.

Each resource pushes its step when it is opened; the composition root closes, also after half an opening.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

from wxauto_mgt.errors import BugError
from wxauto_mgt.runtime.clock import Clock

logger = logging.getLogger(__name__)

_LAST_WORDS_S = 0.5
"""How long a step that was cancelled for running late may still take; a judgement call."""


class Stage(IntEnum):
    """Order of a stop: nothing new comes in, work under way ends, last rows are written, connections shut."""

    INTAKE = 1
    DRAIN = 2
    FINAL_WRITES = 3
    CONNECTIONS = 4


@dataclass(frozen=True)
class CloseFailure:
    """A step that did not close.

    Attributes:
        error: what it raised; `TimeoutError` when it ran over its budget.
        elapsed_s: until it was given up.
    """

    name: str
    stage: Stage
    error: BaseException
    elapsed_s: float


@dataclass(frozen=True)
class _Step:
    stage: Stage
    name: str
    close: Callable[[], Awaitable[None]]
    budget_s: float


class CloseStack:
    """Close steps of one application."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._steps: list[_Step] = []
        self._closing = False

    def push(
        self, stage: Stage, name: str, close: Callable[[], Awaitable[None]], *, budget_s: float = 5.0
    ) -> None:
        """Register a step.

        Raises:
            BugError: closing has begun, so the step would never run.
        """
        if self._closing:
            raise BugError("close_stack_closing", name=name)
        self._steps.append(_Step(stage, name, close, budget_s))

    async def close(self) -> tuple[CloseFailure, ...]:
        """Run every step once: stages in order, inside a stage in reverse order of pushing.

        A step over its budget is cancelled, then abandoned. A second call finds nothing left.
        Cancelling this call cancels the step under way and leaves the rest undone.

        Returns:
            The failures, in the order in which they happened.
        """
        self._closing = True
        failures = []
        while self._steps:
            step = self._take_next()
            failure = await self._run(step)
            if failure is not None:
                failures.append(failure)
        return tuple(failures)

    def _take_next(self) -> _Step:
        stage = min(step.stage for step in self._steps)
        position = max(index for index, step in enumerate(self._steps) if step.stage is stage)
        return self._steps.pop(position)

    async def _run(self, step: _Step) -> CloseFailure | None:
        started_s = self._clock.monotonic()
        error = await self._error_of(step)
        if error is None:
            return None
        logger.warning("close step failed", exc_info=error, extra={"step": step.name})
        return CloseFailure(step.name, step.stage, error, self._clock.monotonic() - started_s)

    async def _error_of(self, step: _Step) -> BaseException | None:
        """Run the step in its own task, so that one that ignores its cancellation cannot hold up the stop."""
        task = asyncio.create_task(_call(step.close), name=f"close:{step.name}")
        try:
            # Real time, not the injected clock: a stop must end even while a test's clock stands still.
            done, _ = await asyncio.wait({task}, timeout=step.budget_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if done:
            if task.cancelled():
                return asyncio.CancelledError()
            return task.exception()
        task.cancel()
        await asyncio.wait({task}, timeout=_LAST_WORDS_S)
        if task.done() and not task.cancelled():
            task.exception()  # too late to matter, but seen, so that asyncio does not log it
        return TimeoutError(step.name)


async def _call(close: Callable[[], Awaitable[None]]) -> None:
    await close()
