"""What is said of a process that the console runs: its state, its figures, the event of a change.

Owns the words only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.monitoring.services.process_config import ManagedProcessConfig
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.backoff import Backoff
from wxauto_mgt.runtime.process_tree import ProcessIdentity

RESTART: Final = Backoff(base_s=1.0, cap_s=60.0)


class ProcessState(StrEnum):
    """Names on the wire; texts under `process_state.<value>`."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    WAITING = "waiting"  # to be started again
    GAVE_UP = "gave_up"  # ended too quickly too often: a person has to start it
    FAILED = "failed"  # cannot be started as it is configured

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing happens by itself any more although it should run."""
        return self in (ProcessState.GAVE_UP, ProcessState.FAILED)


@dataclass(frozen=True)
class ProcessSpec:
    """A service's process as it is configured.

    Attributes:
        port: that it listens on, if that is known.
    """

    service: str
    config: ManagedProcessConfig
    port: int | None = None


@dataclass(frozen=True)
class ProcessTimings:
    """Judgement calls, in seconds.

    Attributes:
        looks_every_s: how late an end may be seen at the latest.
        quick_s: one that ended sooner after its start counts towards giving up.
        quick_ends_at_most: with so many in a row it is given up.
        usage_every_s: between two looks at CPU and memory.
    """

    restart: Backoff = RESTART
    looks_every_s: float = 0.5
    quick_s: float = 10.0
    quick_ends_at_most: int = 5
    usage_every_s: float = 5.0


@dataclass(frozen=True)
class MemberUsage:
    """One process of a tree; `cpu_percent` 100 is one core, None until measured over some time."""

    identity: ProcessIdentity
    name: str
    cpu_percent: float | None
    memory_mb: float | None


@dataclass(frozen=True)
class TreeUsage:
    """A process and its descendants, the process itself first.

    Memory that several of them share is counted for each.
    """

    members: tuple[MemberUsage, ...] = ()

    @property
    def cpu_percent(self) -> float | None:
        """Of all together; None while none is measured."""
        return _total([member.cpu_percent for member in self.members])

    @property
    def memory_mb(self) -> float | None:
        """Of all together; None while none is measured."""
        return _total([member.memory_mb for member in self.members])


NOT_MEASURED: Final = TreeUsage()


def _total(values: list[float | None]) -> float | None:
    measured = [value for value in values if value is not None]
    return sum(measured) if measured else None


@dataclass(frozen=True)
class ProcessStatus:
    """A process now.

    Attributes:
        reason_code: why it is in that state, `process_reason.<code>`.
        is_adopted: an earlier console started it; what it writes cannot be seen.
        exit_code: of the last end; None when it never ended, or nobody could know.
        restarts: by itself, since the console's start.
        next_start_in_s: while it waits.
        lines: written since its start.
    """

    service: str
    state: ProcessState
    reason_code: str
    params: Mapping[str, Fact] = field(default_factory=dict)
    pid: int | None = None
    is_adopted: bool = False
    started_at: datetime | None = None
    exit_code: int | None = None
    restarts: int = 0
    next_start_in_s: float | None = None
    lines: int = 0
    usage: TreeUsage = NOT_MEASURED


@dataclass(frozen=True)
class ProcessChanged:
    """Event: a process is in another state."""

    service: str
    state: ProcessState
