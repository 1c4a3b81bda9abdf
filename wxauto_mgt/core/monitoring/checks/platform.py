"""Checks a platform by the calls that messages made; asks it only when there were none, or all failed."""

from __future__ import annotations

from typing import Final

from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock

# A test may cost money at the far side: one that works and is not used is asked this seldom.
TESTED_EVERY_S: Final = 300.0


class PlatformCheck:
    """Judges one platform; keeps what it saw last, so one object is for one platform's lifetime."""

    def __init__(
        self, *, platform_id: str, target: str, platforms: PlatformRegistry, calls: CallMetrics, clock: Clock
    ) -> None:
        self._platform_id = platform_id
        self._target = target
        self._platforms = platforms
        self._calls = calls
        self._clock = clock
        self._total = self._failed = 0
        self._last_ok: CheckResult | None = None
        self._tested_at_s = float("-inf")

    async def run(self) -> CheckResult:
        """Judge by the calls since the last run, or test."""
        platform = self._platforms.get(self._platform_id)
        if platform is None:
            self._last_ok = None
            why = self._platforms.why_absent(self._platform_id)
            return CheckResult(Outcome.FAILED, "platform_not_open", {"cause": why.code})
        figures = self._calls.figures(self._target)
        calls, failed = figures.total - self._total, figures.failed - self._failed
        self._total, self._failed = figures.total, figures.failed
        if calls > failed:
            evidence: dict[str, Fact] = {"calls": calls, "failed": failed}
            times = figures.latency.times if figures.latency else None
            mean_ms = 1000 * times.mean_s if times else None
            self._last_ok = CheckResult(Outcome.OK, "platform_answers_calls", {}, evidence, mean_ms)
            self._tested_at_s = self._clock.monotonic()
            return self._last_ok
        is_fresh = self._clock.monotonic() - self._tested_at_s < TESTED_EVERY_S
        if calls == 0 and self._last_ok is not None and is_fresh:
            return self._last_ok
        return await self._test()

    async def _test(self) -> CheckResult:
        self._last_ok = None
        result = await self._platforms.require(self._platform_id).test()
        # The test's own requests are no evidence for the next run.
        figures = self._calls.figures(self._target)
        self._total, self._failed = figures.total, figures.failed
        latency_ms = 1000 * result.latency_s
        evidence: dict[str, Fact] = {"test": result.text_key, **result.params}
        if not result.ok:
            return CheckResult(Outcome.FAILED, "platform_test_failed", {}, evidence, latency_ms)
        self._tested_at_s = self._clock.monotonic()
        self._last_ok = CheckResult(Outcome.OK, "platform_test_passed", {}, evidence, latency_ms)
        return self._last_ok
