"""Decides when a service's ladder of repairs may run, and why it may not. Pure: it is told, and does nothing.

Owns thresholds, budgets, cool-downs and the rate over all services. The recoverer asks it and acts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from wxauto_mgt.core.monitoring.checks.contract import Outcome
from wxauto_mgt.core.recovery.model import FAILURES, MANUAL, Reason, RecoveryState, RunOutcome
from wxauto_mgt.errors import BugError, PermanentError, RecoveryRunning


@dataclass(frozen=True)
class LadderLimits:
    """How much is done without a person; durations are running time in seconds.

    Attributes:
        failures: in a row before a run.
        max_attempts: runs until the budget is used up.
        restart_cooldown_s: from a restart to the next run that nobody asked for.
        start_grace_s: after the console's start nothing is repaired for so long.
        well_for_s: so long a health returns the budget.
        runs_at_most, runs_within_s: over all services. When everything fails at once, the cause is elsewhere,
            and restarting everything would hide it; the figures are a judgement call.
    """

    is_enabled: bool = True
    failures: int = 3
    max_attempts: int = 3
    restart_cooldown_s: float = 300.0
    start_grace_s: float = 30.0
    well_for_s: float = 300.0
    runs_at_most: int = 6
    runs_within_s: float = 600.0


@dataclass(frozen=True)
class Around:
    """What the ladder cannot know by itself, at the moment of a question.

    Attributes:
        has_repairs: whether the service has any.
        parent_down: a failing service that it depends on.
        maintenance: name of the maintenance window that is open for it.
        is_stopped_by_person: somebody wants it not to work now.
        blocked_by: code of what it waits for, such as a full disk; no repair would change that.
        is_lingering: a step that was given up is still not over.
    """

    has_repairs: bool = True
    parent_down: str | None = None
    maintenance: str | None = None
    is_stopped_by_person: bool = False
    blocked_by: str | None = None
    is_lingering: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether a run may begin now, and why, or why not."""

    may_begin: bool
    reason: Reason


class Seen(StrEnum):
    """What the newest check of a service found."""

    WELL = "well"
    FAILING = "failing"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True)
class Run:
    """The run under way."""

    id: str
    trigger: str

    @property
    def is_manual(self) -> bool:
        """Whether a person began it."""
        return self.trigger == MANUAL


@dataclass(frozen=True)
class Standing:
    """Where one service stands.

    Attributes:
        failures: in a row, since it was well and since its last run.
        well_since_s: first of the checks that passed in a row.
        attempts: runs of the present budget, the one under way included.
        restarted_at_s: when a step restarted something last.
    """

    seen: Seen = Seen.UNMEASURED
    failures: int = 0
    well_since_s: float | None = None
    attempts: int = 0
    restarted_at_s: float | None = None
    run: Run | None = None

    def after_check(self, outcome: Outcome, now_s: float, limits: LadderLimits) -> Standing:
        """Return where it stands after one more check."""
        if outcome is Outcome.UNKNOWN:
            return replace(self, seen=Seen.UNMEASURED, well_since_s=None)
        if outcome is Outcome.FAILED:  # a degraded service works: it is left alone
            return replace(self, seen=Seen.FAILING, failures=self.failures + 1, well_since_s=None)
        since_s = now_s if self.well_since_s is None else self.well_since_s
        attempts = self.attempts
        if self.run is None and now_s - since_s >= limits.well_for_s:
            attempts = 0
        return replace(self, seen=Seen.WELL, failures=0, well_since_s=since_s, attempts=attempts)

    def cooling_left_s(self, now_s: float, limits: LadderLimits) -> float:
        """Return the rest of the cool-down."""
        if self.restarted_at_s is None:
            return 0.0
        return max(0.0, self.restarted_at_s + limits.restart_cooldown_s - now_s)


class RepairLadder:
    """The ladders of all services of one console.

    Args:
        limits: asked each time, so that an edit is in force at once.
        now_s: monotonic time of the console's start; every later `now_s` is of the same clock.
    """

    def __init__(self, *, limits: Callable[[], LadderLimits], now_s: float) -> None:
        self._limits = limits
        self._started_at_s = now_s
        self._standings: dict[str, Standing] = {}
        self._begun_at_s: deque[float] = deque()

    def standing(self, service: str) -> Standing:
        """Return where a service stands."""
        return self._standings.get(service) or Standing()

    def restore(self, service: str, *, attempts: int, restarted_at_s: float | None) -> None:
        """Take over what is left of a budget from before the console was restarted."""
        self._standings[service] = Standing(attempts=attempts, restarted_at_s=restarted_at_s)

    def checked(self, service: str, outcome: Outcome, now_s: float) -> None:
        """Take the result of a check."""
        self._standings[service] = self.standing(service).after_check(outcome, now_s, self._limits())

    def measured_only(self, services: Collection[str]) -> None:
        """Take what was seen of all other services for nothing; what is left of their budgets stays.

        A service that is removed, or not watched yet, must not get its attempts back by that.
        """
        for service, standing in self._standings.items():
            if service not in services:
                self._standings[service] = replace(
                    standing, seen=Seen.UNMEASURED, failures=0, well_since_s=None
                )

    def withdraw(self, service: str) -> None:
        """Note that a run that began could not even be written down, so did nothing: it does not count."""
        standing = self.standing(service)
        self._standings[service] = replace(standing, run=None, attempts=max(0, standing.attempts - 1))

    def state(self, service: str, now_s: float) -> RecoveryState:
        """Return the state as it is shown."""
        standing, limits = self.standing(service), self._limits()
        if standing.run is not None:
            return RecoveryState.RUNNING
        if standing.attempts >= limits.max_attempts:
            return RecoveryState.EXHAUSTED
        if standing.cooling_left_s(now_s, limits) > 0:
            return RecoveryState.COOLING_DOWN
        return RecoveryState.IDLE

    def verdict(self, service: str, around: Around, now_s: float, *, trigger: str = FAILURES) -> Verdict:
        """Tell whether a run that no person asked for may begin; the first reason against it is told.

        Args:
            trigger: what asks; other than `FAILURES` it needs no failures in a row, one is enough.
        """
        against = self._against(service, around, now_s, trigger)
        if against is not None:
            return Verdict(may_begin=False, reason=against)
        return Verdict(may_begin=True, reason=Reason("due", {"failures": self.standing(service).failures}))

    def begin(self, service: str, run: Run, around: Around, now_s: float) -> Standing:
        """Note that a run begins; a person's needs no verdict, and gives the budget back first.

        Raises:
            RecoveryRunning: there is one already.
            PermanentError: the service has no repairs.
            BugError: nobody asked for it, and the verdict is against it.
        """
        standing = self.standing(service)
        if standing.run is not None or around.is_lingering:
            raise RecoveryRunning("recovery_running", service=service)
        if not around.has_repairs:
            raise PermanentError("recovery_no_repairs", service=service)
        if not run.is_manual:
            verdict = self.verdict(service, around, now_s, trigger=run.trigger)
            if not verdict.may_begin:
                raise BugError("recovery_not_allowed", service=service, reason=verdict.reason.code)
            self._begun_at_s.append(now_s)
        attempts = 1 if run.is_manual else standing.attempts + 1
        self._standings[service] = replace(standing, run=run, attempts=attempts, failures=0)
        return self._standings[service]

    def restarting(self, service: str, now_s: float) -> None:
        """Note that a step restarts something; it cools down from now on."""
        self._standings[service] = replace(self.standing(service), restarted_at_s=now_s)

    def against_going_on(self, service: str, around: Around) -> Reason | None:
        """Tell why the run under way must not take another step; None when it may."""
        run = self.standing(service).run
        if around.parent_down is not None:
            return Reason("parent_down", {"parent": around.parent_down})
        if run is None or run.is_manual:
            return None
        if not self._limits().is_enabled:
            return Reason("disabled")
        return _held_back(around)

    def end(self, service: str, outcome: RunOutcome, now_s: float) -> None:
        """Note that the run ended."""
        standing = replace(self.standing(service), run=None, failures=0)
        if outcome.is_well and standing.seen is not Seen.WELL:
            standing = replace(standing, seen=Seen.WELL, well_since_s=now_s)
        self._standings[service] = standing

    def _against(self, service: str, around: Around, now_s: float, trigger: str) -> Reason | None:
        standing, limits = self.standing(service), self._limits()
        return (
            _unfit(standing, around, limits)
            or _not_failing(standing)
            or _held_back(around)
            or _spent(standing, limits, now_s)
            or _too_few_failures(standing, limits, trigger)
            or self._too_early(now_s, limits)
            or self._too_many(now_s, limits)
        )

    def _too_early(self, now_s: float, limits: LadderLimits) -> Reason | None:
        left_s = self._started_at_s + limits.start_grace_s - now_s
        return Reason("start_grace", {"left_s": _shown_s(left_s)}) if left_s > 0 else None

    def _too_many(self, now_s: float, limits: LadderLimits) -> Reason | None:
        while self._begun_at_s and self._begun_at_s[0] <= now_s - limits.runs_within_s:
            self._begun_at_s.popleft()
        if len(self._begun_at_s) < limits.runs_at_most:
            return None
        left_s = self._begun_at_s[-limits.runs_at_most] + limits.runs_within_s - now_s
        return Reason("rate_limited", {"runs": limits.runs_at_most, "left_s": _shown_s(left_s)})


def _unfit(standing: Standing, around: Around, limits: LadderLimits) -> Reason | None:
    if standing.run is not None:
        return Reason("running")
    if around.is_lingering:
        return Reason("step_not_over")
    if not around.has_repairs:
        return Reason("no_repairs")
    return None if limits.is_enabled else Reason("disabled")


def _not_failing(standing: Standing) -> Reason | None:
    if standing.seen is Seen.UNMEASURED:
        return Reason("not_measured")
    if standing.seen is Seen.WELL:
        return Reason("healthy")
    return None


def _too_few_failures(standing: Standing, limits: LadderLimits, trigger: str) -> Reason | None:
    if trigger == FAILURES and standing.failures < limits.failures:
        return Reason("below_threshold", {"failures": standing.failures, "needed": limits.failures})
    return None


def _held_back(around: Around) -> Reason | None:
    if around.is_stopped_by_person:
        return Reason("stopped_by_person")
    if around.maintenance is not None:
        return Reason("maintenance", {"window": around.maintenance})
    if around.parent_down is not None:
        return Reason("parent_down", {"parent": around.parent_down})
    if around.blocked_by is not None:
        return Reason("blocked", {"cause": around.blocked_by})
    return None


def _spent(standing: Standing, limits: LadderLimits, now_s: float) -> Reason | None:
    if standing.attempts >= limits.max_attempts:
        return Reason("exhausted", {"attempts": standing.attempts, "most": limits.max_attempts})
    left_s = standing.cooling_left_s(now_s, limits)
    return Reason("cooling_down", {"left_s": _shown_s(left_s)}) if left_s > 0 else None


def _shown_s(duration_s: float) -> float:
    return round(duration_s, 1)
