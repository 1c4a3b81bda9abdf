"""Counts results in a row and judges them by thresholds. Pure; the board keeps one per service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from wxauto_mgt.core.monitoring.checks.contract import CheckStatus, Outcome


@dataclass(frozen=True)
class Thresholds:
    """How many results in a row make a status.

    Attributes:
        failures: from so many on it is unhealthy, before that degraded.
        successes: so many in a row end a trouble.
        is_grace: whether it is too early to call anything unhealthy.
    """

    failures: int = 3
    successes: int = 1
    is_grace: bool = False


@dataclass(frozen=True)
class Streak:
    """The results so far, as far as they matter.

    Attributes:
        failures: since the service was well; successes too few to end the trouble do not reset it.
        successes: in a row until now.
        is_measured: whether the newest run measured anything; one that did not changes no count.
        is_degraded: whether the newest run found it working, yet not as well as it should.
    """

    failures: int = 0
    successes: int = 0
    is_measured: bool = False
    is_degraded: bool = False

    def after(self, outcome: Outcome, thresholds: Thresholds) -> Self:
        """Return the streak with one more result."""
        if outcome is Outcome.UNKNOWN:
            return replace(self, is_measured=False)
        if outcome is Outcome.FAILED:
            return type(self)(failures=self.failures + 1, is_measured=True)
        successes = self.successes + 1
        failures = 0 if successes >= thresholds.successes else self.failures
        return type(self)(failures, successes, True, outcome is Outcome.DEGRADED)

    def status(self, thresholds: Thresholds) -> CheckStatus:
        """Judge."""
        if not self.is_measured:
            return CheckStatus.UNKNOWN
        if not self.failures:
            return CheckStatus.DEGRADED if self.is_degraded else CheckStatus.HEALTHY
        is_enough = self.failures >= thresholds.failures and not thresholds.is_grace
        return CheckStatus.UNHEALTHY if is_enough else CheckStatus.DEGRADED
