"""What a repair action is and answers. Each kind is one class; the recoverer runs it and proves what it did.

Owns the words only. Plugins of other packages (`wxauto_mgt.repairs`) implement `RepairAction` too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar

from wxauto_mgt.core.config.model import ConfigModel, Snapshot
from wxauto_mgt.core.instances.registry import InstanceRegistry
from wxauto_mgt.core.monitoring.checks.contract import CheckResult
from wxauto_mgt.core.notifications.model import Notification
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.recovery.processes.model import ProcessStatus
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.clock import Clock

C = TypeVar("C", bound=ConfigModel)


class RepairOutcome(StrEnum):
    """How one step of a ladder ended, before its proof; texts under `repair_outcome.<value>`."""

    DONE = "done"
    NOT_APPLICABLE = "not_applicable"  # its precondition does not hold: nothing was done
    FAILED = "failed"
    UNKNOWN = "unknown"  # it may have acted


@dataclass(frozen=True)
class RepairResult:
    """What one step did.

    Attributes:
        reason_code: text under `repair.<code>`.
        evidence: what was seen or changed; never a secret, never an answer's body.
    """

    outcome: RepairOutcome
    reason_code: str
    params: Mapping[str, Fact] = field(default_factory=dict)
    evidence: Mapping[str, Fact] = field(default_factory=dict)

    @classmethod
    def done(cls, reason_code: str, *, evidence: Mapping[str, Fact] | None = None, **params: Fact) -> Self:
        """It acted."""
        return cls(RepairOutcome.DONE, reason_code, params, evidence or {})

    @classmethod
    def failed(cls, reason_code: str, *, evidence: Mapping[str, Fact] | None = None, **params: Fact) -> Self:
        """It tried and it is certain that it did not work."""
        return cls(RepairOutcome.FAILED, reason_code, params, evidence or {})

    @classmethod
    def unknown(cls, reason_code: str, *, evidence: Mapping[str, Fact] | None = None, **params: Fact) -> Self:
        """It may have acted: a timeout, a lost answer."""
        return cls(RepairOutcome.UNKNOWN, reason_code, params, evidence or {})

    @classmethod
    def not_applicable(cls, reason_code: str, **params: Fact) -> Self:
        """Nothing was done, since it makes no sense here and now."""
        return cls(RepairOutcome.NOT_APPLICABLE, reason_code, params)


class ListenerService(Protocol):
    """The listener service as repairs steer it."""

    @property
    def is_running(self) -> bool:
        """Whether it listens now."""
        ...

    @property
    def is_paused(self) -> bool:
        """Whether an operator paused it."""
        ...

    @property
    def blocked_by(self) -> str | None:
        """Code of the storage failure because of which it reads nothing, if any."""
        ...

    async def restart(self) -> object:
        """Stop and start."""
        ...

    def verify_listeners(self, instance_id: str) -> bool:
        """Have all listeners of an instance verified anew; False when it does not listen there."""
        ...


class ServiceProcesses(Protocol):
    """The processes that the console runs for services, as repairs steer them."""

    def status_of(self, service: str) -> ProcessStatus:
        """Return one; raises PermanentError when the service has none."""
        ...

    def is_stopped_by_person(self, service: str) -> bool:
        """Whether somebody stopped it and nobody started it since."""
        ...

    async def restart(self, service: str) -> ProcessStatus:
        """Stop and start it; the status says what came of it."""
        ...


@dataclass(frozen=True)
class RepairContext:
    """What actions may use.

    Attributes:
        service: id of the service that is repaired.
        port: of its configuration, for `{port}` in addresses.
        check: looks at the service once, now.
        notify: writes a notice; it goes out by itself.
    """

    service: str
    port: int | None
    clock: Clock
    data_dir: Path
    config: Callable[[], Snapshot]
    instances: InstanceRegistry
    platforms: PlatformRegistry
    listener: ListenerService
    processes: ServiceProcesses
    check: Callable[[], Awaitable[CheckResult]]
    notify: Callable[[Notification], Awaitable[object]]


class RepairAction(ABC, Generic[C]):
    """One kind of repair, made anew for each step of a run.

    Attributes:
        TYPE: its name in documents; texts `repair_type.<TYPE>`.
        TIMEOUT_S: how long `run` may take, where the ladder does not say.
        PROVED_WITHIN_S: how long after `run` the service may take until its check passes.
        IS_RESTART: whether it restarts something, so that it is not done again within the cool-down.
        ACTS: whether it does anything to the service; one that only looks or tells does not mend it.
    """

    TYPE: ClassVar[str]
    CONFIG: ClassVar[type[ConfigModel]]
    SECRET_FIELDS: ClassVar[tuple[str, ...]] = ()
    TIMEOUT_S: ClassVar[float] = 60.0
    PROVED_WITHIN_S: ClassVar[float] = 5.0
    IS_RESTART: ClassVar[bool] = False
    ACTS: ClassVar[bool] = True

    def __init__(self, config: C, context: RepairContext) -> None:
        self.config = config
        self.context = context

    async def precondition(self) -> RepairResult | None:
        """Say why it would not act, without acting; None when it would. Also asked by a dry run."""
        return None

    async def preview(self) -> RepairResult | None:
        """Say what it would do now in more detail than its name, without acting; a dry run shows it."""
        return None

    @abstractmethod
    async def run(self) -> RepairResult:
        """Act. Cancelled when it takes too long; what it raises is a failure of this step only."""

    async def undo(self) -> RepairResult | None:
        """Take back what `run` did, after the service did not get well by it; None: there is nothing to."""
        return None


# Any: a list of actions of several kinds has no one configuration type.
AnyAction: TypeAlias = RepairAction[Any]
ActionClass: TypeAlias = type[AnyAction]
