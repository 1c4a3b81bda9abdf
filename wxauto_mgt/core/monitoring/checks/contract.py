"""What a check is, what it answers, and what is said of a service after several answers.

Owns the words only. Each kind implements `Check`; the runner runs it, the board keeps what came out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.storage.database import Database

C = TypeVar("C", bound=ConfigModel)


def _never() -> bool:
    return False


def _masked(_text: str) -> str:
    return "***"


class Outcome(StrEnum):
    """What one run of a check found."""

    OK = "ok"
    DEGRADED = "degraded"  # it works, yet not as well as it should; no failure
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
        """Whether the newest measurement was not as it should be."""
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
class PushedOutcome:
    """What another program said of a service: how one of its calls went."""

    ok: bool
    duration_ms: float | None
    error_type: str | None
    at: datetime


@dataclass(frozen=True)
class CheckContext:
    """What a check of a configured service may use.

    Attributes:
        service: name of the service that is checked.
        port: of the service, None where it has none; stands for `{port}` in templates.
        pushed: the newest outcome that was pushed for a service.
        figures: the newest value of a metric by its name, None while it was not measured.
        may_send: whether the console may begin to send; not while the operator paused or stopped it.
        redact: masks known secrets in a text that is to be shown.
    """

    service: str
    port: int | None
    clock: Clock
    data_dir: Path
    pushed: Callable[[str], PushedOutcome | None]
    instances: InstanceRegistry
    db: Database
    figures: Callable[[str], float | None]
    may_send: Callable[[], bool] = _never
    redact: Callable[[str], str] = _masked


class CheckKind(ABC, Generic[C]):
    """A check that services name by its type. One object per service, for as long as nothing is changed.

    Attributes:
        TYPE: in documents; texts under `check_kind.type.<TYPE>`.
        CONFIG: the fields beside `type` in a service's `check`.
        SECRET_FIELDS: those of them that are sealed at rest.
    """

    TYPE: ClassVar[str]
    CONFIG: ClassVar[type[ConfigModel]]
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: C, context: CheckContext) -> None:
        self.config = config
        self.context = context

    @property
    def least_time_s(self) -> float:
        """Time that a run must be given, because what it began is bounded by itself; 0 where any will do."""
        return 0.0

    @abstractmethod
    async def run(self) -> CheckResult:
        """Look once. Cancelled when it takes too long; what it raises counts as not measured."""


# Any: a list of kinds holds kinds of different configurations.
AnyCheckKind: TypeAlias = CheckKind[Any]


class UnmadeCheck:
    """Stands for a check that could not be made, so that its service is shown and says why."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def run(self) -> CheckResult:
        """Raise what went wrong, as the check itself would have."""
        raise self._error


@dataclass(frozen=True)
class WatchedService:
    """A service that is checked.

    Attributes:
        id: name for operators and other programs.
        key: what the check was made of; the check is replaced when a service comes with another key.
        critical: whether the whole is unhealthy when it is.
        parents: ids of services without which it cannot work; it is not checked while one of them fails.
        kind: type of the check.
        description: what people wrote of it.
        first_after_ratio: first run after this share of the interval at most.
        interval_s, timeout_s, failure_threshold: None = that of the settings.
        least_time_s: the check is given so long at least.
    """

    id: str
    check: Check
    key: object = None
    critical: bool = False
    parents: tuple[str, ...] = ()
    kind: str = ""
    description: str = ""
    first_after_ratio: float = 1.0
    interval_s: float | None = None
    timeout_s: float | None = None
    failure_threshold: int | None = None
    least_time_s: float = 0.0


@dataclass(frozen=True)
class ServiceHealth:
    """What is known of one service.

    Attributes:
        last_check_at: of the newest run, also of one that measured nothing; None before the first.
        maintenance: name of the maintenance window that is open for it: it is checked all the same, but
            nobody is told and nothing is repaired.
    """

    id: str
    status: CheckStatus
    critical: bool = False
    parents: tuple[str, ...] = ()
    kind: str = ""
    description: str = ""
    last_check_at: datetime | None = None
    response_time_ms: float | None = None
    consecutive_failures: int = 0
    reason_code: str = "not_checked_yet"
    params: Mapping[str, Fact] = field(default_factory=dict)
    evidence: Mapping[str, Fact] = field(default_factory=dict)
    maintenance: str | None = None

    @property
    def in_maintenance(self) -> bool:
        """Whether trouble is expected."""
        return self.maintenance is not None

    @property
    def is_failing(self) -> bool:
        """Whether the newest measurement failed, or too few went well since one did."""
        return self.status.is_trouble and self.consecutive_failures > 0


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


@dataclass(frozen=True)
class CheckRecorded:
    """A check of a service came to a result, whatever it is; published on the bus after the board took it."""

    health: ServiceHealth
    result: CheckResult
    at: datetime
