"""What is counted of a service: the calls that were made to it, and how it fares in a row. Pure.

Checks are no requests; they count in `consecutive_failures` only. `ServiceOutcomes` keeps one per service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, Self

from wxauto_mgt.core.monitoring.checks.contract import Outcome, PushedOutcome

MOST_ERROR_TYPES: Final = 50
UNTYPED: Final = "unspecified"
FURTHER: Final = "other"


@dataclass(frozen=True)
class ServiceFigures:
    """The requests of a service since they were first counted, over all runs of the console.

    Attributes:
        consecutive_failures: checks and requests, in the order in which they came.
        timed_requests, total_time_s: requests whose duration was told, and their sum.
        error_types: failed requests by cause, at most `MOST_ERROR_TYPES` causes and `other`.
    """

    successful_requests: int = 0
    failed_requests: int = 0
    consecutive_failures: int = 0
    timed_requests: int = 0
    total_time_s: float = 0.0
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    error_types: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def total_requests(self) -> int:
        """All requests."""
        return self.successful_requests + self.failed_requests

    @property
    def success_rate(self) -> float | None:
        """Share of successful requests, 0-100; None without any."""
        total = self.total_requests
        return 100 * self.successful_requests / total if total else None

    @property
    def avg_response_time_s(self) -> float | None:
        """Mean duration; None where none was told."""
        return self.total_time_s / self.timed_requests if self.timed_requests else None

    def after_request(self, outcome: PushedOutcome) -> Self:
        """Return the figures with one more request."""
        if outcome.duration_ms is None:
            timed = self
        else:
            total_s = self.total_time_s + outcome.duration_ms / 1000
            timed = replace(self, timed_requests=self.timed_requests + 1, total_time_s=total_s)
        if outcome.ok:
            return replace(
                timed,
                successful_requests=self.successful_requests + 1,
                consecutive_failures=0,
                last_success_at=outcome.at,
            )
        return replace(
            timed,
            failed_requests=self.failed_requests + 1,
            consecutive_failures=self.consecutive_failures + 1,
            last_failure_at=outcome.at,
            error_types=_counted(self.error_types, outcome.error_type or UNTYPED),
        )

    def after_check(self, outcome: Outcome) -> Self:
        """Return the figures with one more check; one that measured nothing changes nothing."""
        if outcome is Outcome.UNKNOWN:
            return self
        failures = self.consecutive_failures + 1 if outcome is Outcome.FAILED else 0
        return self if failures == self.consecutive_failures else replace(self, consecutive_failures=failures)


def _counted(counts: Mapping[str, int], name: str) -> Mapping[str, int]:
    if name not in counts and len(counts) >= MOST_ERROR_TYPES:
        name = FURTHER
    return MappingProxyType({**counts, name: counts.get(name, 0) + 1})
