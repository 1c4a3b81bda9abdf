"""Stops calling something that fails for everybody, and retries it carefully. Knows not what is called."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from wxauto_mgt.runtime.clock import Clock


class BreakerState(StrEnum):
    """Closed lets calls through, open refuses them, half open lets one through to try."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class _Outcome:
    at_s: float
    ok: bool
    source: str


class CircuitBreaker:
    """Opens when most of the recent calls fail and more than one source is affected.

    A source is whoever the call was made for; failures of a single one (a poisoned request that is tried
    again and again) do not open the breaker. The caller records only failures that speak about the far side.

    Args:
        window_s: how far back outcomes count.
        open_s: how long calls are refused before one is let through; also how long such a trial may stay
            without an outcome (a cancelled call records none) before another is let through.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        window_s: float = 60.0,
        min_calls: int = 20,
        failure_ratio: float = 0.8,
        min_sources: int = 2,
        open_s: float = 30.0,
    ) -> None:
        self._clock = clock
        self._window_s = window_s
        self._min_calls = min_calls
        self._failure_ratio = failure_ratio
        self._min_sources = min_sources
        self._open_s = open_s
        self._outcomes: deque[_Outcome] = deque()
        self._opened_at_s: float | None = None
        self._trial_at_s: float | None = None

    @property
    def state(self) -> BreakerState:
        """Open turns into half open by the passing of time alone."""
        if self._opened_at_s is None:
            return BreakerState.CLOSED
        if self._clock.monotonic() - self._opened_at_s < self._open_s:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    def allow(self) -> bool:
        """Whether a call may be made now; in half open this hands out the one trial."""
        state = self.state
        if state is not BreakerState.HALF_OPEN:
            return state is BreakerState.CLOSED
        now_s = self._clock.monotonic()
        if self._trial_at_s is not None and now_s - self._trial_at_s < self._open_s:
            return False
        self._trial_at_s = now_s
        return True

    def record(self, *, ok: bool, source: str) -> None:
        """Take in a call's outcome; while open, those of calls begun before it opened are ignored."""
        state = self.state
        if state is BreakerState.OPEN:
            return
        if state is BreakerState.HALF_OPEN:
            self._settle_trial(ok=ok)
            return
        now_s = self._clock.monotonic()
        self._outcomes.append(_Outcome(now_s, ok, source))
        while now_s - self._outcomes[0].at_s > self._window_s:
            self._outcomes.popleft()
        if self._is_failing():
            self._open()

    def _settle_trial(self, *, ok: bool) -> None:
        if self._trial_at_s is None:
            return  # an old call's outcome; no trial is under way
        if ok:
            self._opened_at_s = None
            self._trial_at_s = None
        else:
            self._open()

    def _open(self) -> None:
        self._opened_at_s = self._clock.monotonic()
        self._trial_at_s = None
        self._outcomes.clear()

    def _is_failing(self) -> bool:
        failed = [outcome.source for outcome in self._outcomes if not outcome.ok]
        calls = len(self._outcomes)
        return (
            calls >= self._min_calls
            and len(failed) >= self._failure_ratio * calls
            and len(set(failed)) >= self._min_sources
        )
