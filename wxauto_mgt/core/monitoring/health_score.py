"""Turns measured facts into the health score with its itemised deductions. Pure.

Owns the formula and nothing else; `ServiceMonitor` measures the facts and keeps the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from wxauto_mgt.errors import Fact

PROBE_ROUNDS_NEEDED: Final = 2
EXAMPLES_SHOWN: Final = 10

_SERVICE_POINTS: Final = 40
_CLIENTS_POINTS: Final = 30
_LISTENERS_POINTS: Final = 20
# (above this many errors in the last hour, points), the worst first
_ERROR_COUNT_STEPS: Final = ((10, 20), (5, 10))
# (above this percentage of failures in the last hour, points), the worst first
_ERROR_RATE_STEPS: Final = ((10, 10), (5, 5))
_HEALTHY_FROM: Final = 80
_WARNING_FROM: Final = 60


class OverallStatus(StrEnum):
    """What the score means."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Part(StrEnum):
    """What points are deducted for; `SCORE` stands for the score as a whole."""

    SERVICE = "listener_service"
    CLIENTS = "api_clients"
    LISTENERS = "listeners"
    ERROR_RATE = "error_rate"
    SCORE = "score"


@dataclass(frozen=True)
class ClientFacts:
    """One enabled instance.

    Attributes:
        connected: None until it was measured, and again while the service rests.
        probe_rounds: rounds since its probes began.
        was_probed: it had its two rounds before the service was paused or stopped.
    """

    instance_id: str
    connected: bool | None
    probe_rounds: int
    was_probed: bool = False

    @property
    def is_probed(self) -> bool:
        """Whether what is known of it may be judged."""
        return self.probe_rounds >= PROBE_ROUNDS_NEEDED


@dataclass(frozen=True)
class HealthInputs:
    """Everything the score depends on; only enabled instances and their listeners are in it.

    Attributes:
        is_paused: by the operator; counts as not running.
        blocked_by: why it does not poll although it runs; counts as not running.
        error_count: over the last hour.
        inactive_listeners: names of some listeners that are not active, as evidence.
        failed_count, outcome_count: API calls and deliveries of the last hour.
    """

    is_running: bool
    is_paused: bool
    error_count: int
    clients: tuple[ClientFacts, ...]
    listener_count: int
    active_listener_count: int
    failed_count: int
    outcome_count: int
    measured_at: datetime
    inactive_listeners: tuple[str, ...] = ()
    blocked_by: str | None = None

    @property
    def is_resting(self) -> bool:
        """Paused or stopped after it had worked: what it would measure is not known any more.

        Those parts then take no points, for nothing is known to be wrong with them; what rests loses the
        points of the service, so it can never count as healthy.
        """
        is_working = self.is_running and not self.is_paused
        return not is_working and not all(client.is_probed for client in self.clients)


@dataclass(frozen=True)
class Deduction:
    """One reason why the score is not 100, or why a part does not count.

    Attributes:
        points: what it takes, unrounded; 0 says why a part, or the score, could not be measured.
        reason_code: catalogue key of the sentence.
        params: facts for the sentence.
        evidence: ids of what was found wanting, at most ten.
    """

    part: Part
    points: float
    reason_code: str
    params: Mapping[str, Fact]
    evidence: tuple[str, ...]
    measured_at: datetime


@dataclass(frozen=True)
class HealthScore:
    """The score at one moment.

    Attributes:
        score: 0-100 with one decimal; None while the status is unknown.
    """

    score: float | None
    status: OverallStatus
    deductions: tuple[Deduction, ...]
    measured_at: datetime


@dataclass(frozen=True)
class _Finding:
    part: Part
    points: Fraction
    reason_code: str
    params: Mapping[str, Fact] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()

    def deduction(self, at: datetime) -> Deduction:
        return Deduction(self.part, float(self.points), self.reason_code, self.params, self.evidence, at)


def evaluate(inputs: HealthInputs) -> HealthScore:
    """Compute the score. Exact until the one rounding at the end, so that thresholds and display agree."""
    at = inputs.measured_at
    unmeasured = _why_unknown(inputs)
    if unmeasured is not None:
        return HealthScore(None, OverallStatus.UNKNOWN, (unmeasured.deduction(at),), at)
    findings = (
        *_service(inputs),
        *_clients(inputs),
        *_listeners(inputs),
        *_error_rate(inputs),
    )
    exact = max(Fraction(0), 100 - sum((finding.points for finding in findings), Fraction(0)))
    score = round(float(exact), 1)
    return HealthScore(score, _status(score, inputs), tuple(f.deduction(at) for f in findings), at)


def _status(score: float, inputs: HealthInputs) -> OverallStatus:
    if not inputs.is_resting and not any(client.connected for client in inputs.clients):
        return OverallStatus.CRITICAL
    if score >= _HEALTHY_FROM:
        return OverallStatus.HEALTHY
    return OverallStatus.WARNING if score >= _WARNING_FROM else OverallStatus.CRITICAL


def _why_unknown(inputs: HealthInputs) -> _Finding | None:
    if not inputs.clients:
        return _Finding(Part.SCORE, Fraction(0), "score.nothing_configured")
    waiting = [
        client.instance_id
        for client in inputs.clients
        if not client.is_probed and not (inputs.is_resting and client.was_probed)
    ]
    if waiting:
        return _Finding(
            Part.SCORE,
            Fraction(0),
            "score.not_probed_yet",
            {"waiting": len(waiting), "total": len(inputs.clients)},
            tuple(waiting[:EXAMPLES_SHOWN]),
        )
    return None


def _service(inputs: HealthInputs) -> Iterator[_Finding]:
    if inputs.is_paused:
        yield _Finding(Part.SERVICE, Fraction(_SERVICE_POINTS), "score.paused_by_operator")
        return
    if not inputs.is_running:
        yield _Finding(Part.SERVICE, Fraction(_SERVICE_POINTS), "score.listener_service_not_running")
        return
    if inputs.blocked_by is not None:
        yield _Finding(
            Part.SERVICE,
            Fraction(_SERVICE_POINTS),
            "score.listener_service_blocked",
            {"cause": inputs.blocked_by},
            (inputs.blocked_by,),
        )
        return
    for above, points in _ERROR_COUNT_STEPS:
        if inputs.error_count > above:
            params = {"count": inputs.error_count, "limit": above}
            yield _Finding(Part.SERVICE, Fraction(points), "score.many_errors", params)
            return


def _clients(inputs: HealthInputs) -> Iterator[_Finding]:
    if inputs.is_resting:
        yield _Finding(Part.CLIENTS, Fraction(0), "score.not_measured_while_resting")
        return
    total = len(inputs.clients)
    missing = [client.instance_id for client in inputs.clients if not client.connected]
    if missing:
        yield _Finding(
            Part.CLIENTS,
            Fraction(_CLIENTS_POINTS * len(missing), total),
            "score.no_instance_connected" if len(missing) == total else "score.instances_not_connected",
            {"connected": total - len(missing), "total": total},
            tuple(missing[:EXAMPLES_SHOWN]),
        )


def _listeners(inputs: HealthInputs) -> Iterator[_Finding]:
    total, active = inputs.listener_count, inputs.active_listener_count
    if total == 0:
        yield _Finding(Part.LISTENERS, Fraction(0), "score.no_listeners_not_applicable")
    elif inputs.is_resting:
        yield _Finding(Part.LISTENERS, Fraction(0), "score.not_measured_while_resting")
    elif active < total:
        yield _Finding(
            Part.LISTENERS,
            Fraction(_LISTENERS_POINTS * (total - active), total),
            "score.listeners_not_active",
            {"active": active, "total": total},
            inputs.inactive_listeners[:EXAMPLES_SHOWN],
        )


def _error_rate(inputs: HealthInputs) -> Iterator[_Finding]:
    failed, outcomes = inputs.failed_count, inputs.outcome_count
    if outcomes == 0:
        yield _Finding(Part.ERROR_RATE, Fraction(0), "score.no_calls_not_applicable")
        return
    for above_percent, points in _ERROR_RATE_STEPS:
        if 100 * failed > above_percent * outcomes:
            params: Mapping[str, Fact] = {"failed": failed, "total": outcomes, "limit_percent": above_percent}
            yield _Finding(Part.ERROR_RATE, Fraction(points), "score.high_error_rate", params)
            return
