"""Starts, restarts, watches and stops everything that runs in the background; the only creator of tasks.

Reports crashes and stalls through a callback and stdlib logging. Knows nothing of what the loops do.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from wxauto_mgt.errors import BugError, LoopStalled
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.clock import Clock

logger = logging.getLogger(__name__)

T = TypeVar("T")
Beat = Callable[[], None]
"""Called by a loop on each round of progress; a loop that stops calling it is shown as stalled."""

DEFAULT_BACKOFF = Backoff(base_s=0.5, cap_s=30.0)
WATCHDOG: Final = "watchdog"
WATCH_INTERVAL_S: Final = 5.0


@dataclass(frozen=True)
class LoopFailure:
    """A loop or one-shot task ended by an error that nobody asked for.

    Attributes:
        restarts: how often the loop had crashed in a row, this time included; 0 for a one-shot task.
    """

    name: str
    error: BaseException
    restarts: int


@dataclass(frozen=True)
class LoopStatus:
    """One live loop.

    Attributes:
        running: False while it waits to be restarted after a crash.
        restarts: since it was started.
        last_error: of the last crash; stays after a recovery.
        stalls: how often the watchdog restarted it; counted in `restarts` too.
    """

    name: str
    running: bool
    restarts: int
    last_beat_age_s: float
    stalled: bool
    last_error: BaseException | None
    stalls: int = 0


@dataclass
class _Loop:
    name: str
    run: Callable[[Beat], Awaitable[None]]
    stalled_after_s: float
    backoff: Backoff
    may_be_cut: bool
    started_at_s: float
    beat_at_s: float
    running: bool = True
    restarts: int = 0
    crashes_in_a_row: int = 0
    last_error: BaseException | None = None
    stalls: int = 0
    cut: LoopStalled | None = None


@dataclass
class _Tracked:
    name: str
    task: asyncio.Task[Any]
    loop: _Loop | None = field(default=None)


class Supervisor:
    """Owner of all background work of one application. Use it on the event loop's thread only.

    Args:
        on_failure: told of each crash; must not raise.
    """

    def __init__(self, *, clock: Clock, on_failure: Callable[[LoopFailure], None]) -> None:
        self._clock = clock
        self._on_failure = on_failure
        self._tracked: dict[asyncio.Task[Any], _Tracked] = {}
        self._rng = random.Random()  # noqa: S311 - spreads restarts, guards nothing

    def start(
        self,
        name: str,
        run: Callable[[Beat], Awaitable[None]],
        *,
        stalled_after_s: float = 30.0,
        backoff: Backoff | None = None,
        may_be_cut: bool = True,
    ) -> None:
        """Run a long-lived loop until it returns or is stopped; restart it each time it raises.

        A `CancelledError` that nobody asked for (the loop awaited something that was cancelled) is a crash.

        Args:
            stalled_after_s: silence after which it counts as stalled; `math.inf` if it may wait for ever.
            may_be_cut: whether the watchdog restarts it when it stalls. Not where an act with an outcome that
                would then be unknown may be under way: such a loop is only shown.

        Raises:
            BugError: a loop of that name is alive.
        """
        if any(tracked.loop is not None and tracked.name == name for tracked in self._tracked.values()):
            raise BugError("loop_name_taken", name=name)
        now_s = self._clock.monotonic()
        loop = _Loop(name, run, stalled_after_s, backoff or DEFAULT_BACKOFF, may_be_cut, now_s, now_s)
        # A loop outlives the request that started it: it must not go on in that one's name.
        task = asyncio.create_task(self._keep_running(loop), name=name, context=contextvars.Context())
        self._track(name, task, loop)

    def spawn(self, name: str, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a one-shot task; its failure is reported, also when nobody awaits it. Names may repeat."""
        task = asyncio.create_task(coro, name=name)
        self._track(name, task, None)
        return task

    async def stop(self, name_prefix: str = "", *, timeout_s: float = 5.0) -> tuple[str, ...]:
        """Cancel and await everything named `name_prefix` or `name_prefix:...`; empty means all.

        The calling task itself is left out. Returns within about `timeout_s`.

        Returns:
            Sorted names of what is still alive; those stay tracked.
        """
        current = asyncio.current_task()
        chosen = [
            task
            for task, tracked in self._tracked.items()
            if task is not current and _is_named(tracked.name, name_prefix)
        ]
        if not chosen:
            return ()
        for task in chosen:
            task.cancel()
        # Real time, not the injected clock: a stop must end even while a test's clock stands still.
        _, alive = await asyncio.wait(chosen, timeout=timeout_s)
        return tuple(sorted(self._tracked[task].name for task in alive if task in self._tracked))

    async def watch(self, beat: Beat) -> None:
        """Restart loops that stall: the watchdog, itself a loop.

        The silence that a loop is granted and the backoff bound how often; a loop that does not even let go
        stays as it is, shown as stalled.
        """
        while True:
            beat()
            looked_at_s = self._clock.monotonic()
            await self._clock.sleep(WATCH_INTERVAL_S)
            if self._clock.monotonic() - looked_at_s > 2 * WATCH_INTERVAL_S:
                continue  # the whole process stood still, or the machine slept: nobody could beat
            for tracked in list(self._tracked.values()):
                if tracked.loop is not None and tracked.loop.may_be_cut and tracked.loop.cut is None:
                    self._cut_if_stalled(tracked.task, tracked.loop)

    def loops(self) -> tuple[LoopStatus, ...]:
        """All live loops, by name; one-shot tasks are left out."""
        loops = sorted(
            (tracked.loop for tracked in self._tracked.values() if tracked.loop is not None),
            key=lambda loop: loop.name,
        )
        return tuple(self._status(loop) for loop in loops)

    def _status(self, loop: _Loop) -> LoopStatus:
        age_s = self._clock.monotonic() - loop.beat_at_s
        stalled = loop.running and age_s > loop.stalled_after_s
        return LoopStatus(
            loop.name, loop.running, loop.restarts, age_s, stalled, loop.last_error, loop.stalls
        )

    def _cut_if_stalled(self, task: asyncio.Task[Any], loop: _Loop) -> None:
        status = self._status(loop)
        if status.stalled:
            loop.cut = LoopStalled("loop_stalled", loop=loop.name, silent_s=round(status.last_beat_age_s))
            loop.stalls += 1
            task.cancel()

    def _track(self, name: str, task: asyncio.Task[Any], loop: _Loop | None) -> None:
        self._tracked[task] = _Tracked(name, task, loop)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        tracked = self._tracked.pop(task)
        if task.cancelled():
            if task.cancelling() == 0:
                self._report(LoopFailure(tracked.name, asyncio.CancelledError(), 0))
            return
        error = task.exception()  # asking for it also keeps asyncio from logging it a second time
        if error is not None:
            self._report(LoopFailure(tracked.name, error, 0))

    async def _keep_running(self, loop: _Loop) -> None:
        def beat() -> None:
            self._beat(loop)

        while True:
            loop.running = True
            loop.started_at_s = loop.beat_at_s = self._clock.monotonic()
            try:
                await loop.run(beat)
            except asyncio.CancelledError as error:
                cut = _take_cut(loop, error)
                if _is_being_cancelled():
                    raise
                self._crashed(loop, cut or error)
            except Exception as error:
                cut = _take_cut(loop, error)
                if _is_being_cancelled():
                    raise  # asked to stop and failed on the way out: reported by _finished, never restarted
                self._crashed(loop, cut or error)
            else:
                return
            await self._clock.sleep(loop.backoff.delay_s(loop.crashes_in_a_row, self._rng))

    def _beat(self, loop: _Loop) -> None:
        loop.beat_at_s = self._clock.monotonic()
        if loop.crashes_in_a_row and loop.beat_at_s - loop.started_at_s >= loop.backoff.cap_s:
            # No crash for as long as the longest pause: the trouble is over, the next pause is short again.
            loop.crashes_in_a_row = 0
            logger.info("loop recovered", extra={"loop": loop.name})

    def _crashed(self, loop: _Loop, error: BaseException) -> None:
        loop.running = False
        loop.restarts += 1
        loop.crashes_in_a_row += 1
        loop.last_error = error
        self._report(LoopFailure(loop.name, error, loop.crashes_in_a_row))

    def _report(self, failure: LoopFailure) -> None:
        # A crash that repeats is logged once loudly, with its traceback; the callback counts each.
        level = logging.ERROR if failure.restarts <= 1 else logging.DEBUG
        logger.log(level, "background work failed", exc_info=failure.error, extra={"loop": failure.name})
        try:
            self._on_failure(failure)
        except Exception:  # a broken report must not end the supervision
            logger.exception("failure report failed", extra={"loop": failure.name})


def _take_cut(loop: _Loop, error: BaseException) -> LoopStalled | None:
    """Take the watchdog's cancellation back, so that only somebody else's counts as a stop."""
    cut, loop.cut = loop.cut, None
    task = asyncio.current_task()
    if cut is None or task is None:
        return None
    task.uncancel()
    cut.__cause__ = error  # its traceback tells where the loop stood
    return cut


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_named(name: str, prefix: str) -> bool:
    return not prefix or name == prefix or name.startswith(prefix + ":")
