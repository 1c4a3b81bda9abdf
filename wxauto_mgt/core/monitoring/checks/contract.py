"""What a check is, what it answers, and what is said of a service after several answers.

Owns the words only. Each kind implements `Check`; the runner runs it, the board keeps what came out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from wxauto_mgt.errors import Fact


class Outcome(StrEnum):
    """What one run of a check found."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"  # not measured: says nothing for or against the service


class CheckStatus(StrEnum):
    """What is said of a service after its results in a row; texts under `check_status.<value>`."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"

    @property
    def is_trouble(self) -> bool:
        """Whether the newest measurement failed."""
        return self in (CheckStatus.DEGRADED, CheckStatus.UNHEALTHY)


@dataclass(frozen=True)
class CheckResult:
    """One run of a check.

    Attributes:
        reason_code: why; text under `check.<code>`.
        evidence: what was measured or seen.
        response_time_ms: None where nothing was asked.
    """

    outcome: Outcome
    reason_code: str
    params: Mapping[str, Fact] = field(default_factory=dict)
    evidence: Mapping[str, Fact] = field(default_factory=dict)
    response_time_ms: float | None = None


class Check(Protocol):
    """Looks at one service."""

    async def run(self) -> CheckResult:
        """Look once. Cancelled when it takes too long; what it raises counts as not measured."""
        ...


@dataclass(frozen=True)
class WatchedService:
    """A service that is checked.

    Attributes:
        id: name for operators and other programs.
        key: what the check was made of; the check is replaced when a service comes with another key.
        critical: whether the whole is unhealthy when it is.
        parent: id of a service without which it cannot work; it is not checked while that one fails.
        first_after_ratio: first run after this share of the interval at most.
        timeout_s: None = that of the settings.
    """

    id: str
    check: Check
    key: object = None
    critical: bool = False
    parent: str | None = None
    first_after_ratio: float = 1.0
    timeout_s: float | None = None


@dataclass(frozen=True)
class ServiceHealth:
    """What is known of one service.

    Attributes:
        last_check_at: of the newest run, also of one that measured nothing; None before the first.
    """

    id: str
    status: CheckStatus
    critical: bool
    parent: str | None
    last_check_at: datetime | None = None
    response_time_ms: float | None = None
    consecutive_failures: int = 0
    reason_code: str = "not_checked_yet"
    params: Mapping[str, Fact] = field(default_factory=dict)
    evidence: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckReport:
    """All services at one moment, by id."""

    at: datetime
    status: CheckStatus
    services: Mapping[str, ServiceHealth]


@dataclass(frozen=True)
class CheckStatusChanged:
    """The status of a service became another; published on the bus."""

    service_id: str
    before: CheckStatus
    after: ServiceHealth
