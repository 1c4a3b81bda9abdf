"""What is said of repairs: runs and their steps as the journal keeps them, states, reasons, events.

Owns the words only. The ladder decides, the recoverer acts, the store keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from wxauto_mgt.core.recovery.actions.contract import RepairOutcome
from wxauto_mgt.errors import Fact

MANUAL: Final = "manual"
FAILURES: Final = "failures"
HEARTBEAT_WHO: Final = "heartbeat"


class RecoveryState(StrEnum):
    """Where a service's repairs stand; names on the wire, texts under `recovery_state.<value>`."""

    IDLE = "idle"
    RUNNING = "running"
    COOLING_DOWN = "cooling_down"
    EXHAUSTED = "exhausted"


class RunOutcome(StrEnum):
    """How a run of a ladder ended; texts under `recovery_outcome.<value>`."""

    RECOVERED = "recovered"
    RECOVERED_BY_ITSELF = "recovered_by_itself"
    NOT_RECOVERED = "not_recovered"
    STOPPED = "stopped"  # repairs were switched off, maintenance began, a parent failed
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the console ended in the middle

    @property
    def is_well(self) -> bool:
        """Whether the service's check passed at the end."""
        return self in (RunOutcome.RECOVERED, RunOutcome.RECOVERED_BY_ITSELF)


@dataclass(frozen=True)
class Reason:
    """Why something is so; `recovery_why.<code>`."""

    code: str
    params: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSeen:
    """What a check found, as evidence."""

    outcome: str
    reason_code: str
    params: Mapping[str, Fact]
    evidence: Mapping[str, Fact]
    at: datetime


@dataclass(frozen=True)
class Undone:
    """What was taken back after a step that did not help, and how that went; text `repair.<reason_code>`."""

    outcome: str
    reason_code: str
    params: Mapping[str, Fact]


@dataclass(frozen=True)
class StepRecord:
    """One step of a run.

    Attributes:
        outcome: None while it acts, or when the console ended meanwhile.
        reason_code: text under `repair.<code>`; empty while it acts.
        proof: the check after it.
    """

    position: int
    action: str
    began_at: datetime
    ended_at: datetime | None
    outcome: RepairOutcome | None
    reason_code: str
    params: Mapping[str, Fact]
    evidence: Mapping[str, Fact]
    proof: CheckSeen | None
    undone: Undone | None = None


@dataclass(frozen=True)
class RunRecord:
    """One run of a ladder: an attempt.

    Attributes:
        trigger: `failures`, `manual`, or `alert:RULE`.
        who: who asked for it; `heartbeat` when nobody did.
        attempt: which one of the budget.
        reason: why it ended as it did.
        before, after: what the service's check found.
    """

    id: str
    service: str
    trigger: str
    who: str
    attempt: int
    began_at: datetime
    ended_at: datetime | None = None
    outcome: RunOutcome | None = None
    reason: Reason | None = None
    before: CheckSeen | None = None
    after: CheckSeen | None = None
    steps: tuple[StepRecord, ...] = ()


@dataclass(frozen=True)
class ServiceRecovery:
    """Where the repairs of one service stand.

    Attributes:
        why: why nothing is done now, or what is.
        last: the newest run, without its steps.
    """

    state: RecoveryState
    attempts: int
    why: Reason
    last: RunRecord | None
    has_repairs: bool


@dataclass(frozen=True)
class DryStep:
    """What one step would do.

    Attributes:
        obstacle: why it would not act, `repair.<code>`; None when it would.
        preview: `repair.<code>` of what it would do in detail, such as to delete which files; None = no more
            than its name says.
    """

    position: int
    action: str
    timeout_s: float
    is_restart: bool
    obstacle: Reason | None
    preview: Reason | None = None
    preview_evidence: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class DryRun:
    """What a run would do now, and why none begins by itself, or that one does."""

    service: str
    state: RecoveryState
    why: Reason
    steps: tuple[DryStep, ...]


@dataclass(frozen=True)
class RecoveryStarted:
    """Event: a run began."""

    recovery_id: str
    service: str
    trigger: str
    attempt: int


@dataclass(frozen=True)
class RecoveryStep:
    """Event: a step begins (outcome None) or ended."""

    recovery_id: str
    service: str
    position: int
    action: str
    outcome: RepairOutcome | None


@dataclass(frozen=True)
class RecoveryFinished:
    """Event: a run ended."""

    recovery_id: str
    service: str
    outcome: RunOutcome
