"""The ladder against all that can happen: budgets, cool-downs and rates hold, nothing healthy is touched."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wxauto_mgt.core.monitoring.checks.contract import Outcome
from wxauto_mgt.core.recovery.ladder import Around, LadderLimits, RepairLadder, Run
from wxauto_mgt.core.recovery.model import FAILURES, MANUAL, RecoveryState, RunOutcome
from wxauto_mgt.errors import BugError, RecoveryRunning

SERVICES = ("a", "b", "c")
services = st.sampled_from(SERVICES)
BASE = LadderLimits(
    failures=3,
    max_attempts=3,
    restart_cooldown_s=300.0,
    start_grace_s=30.0,
    well_for_s=300.0,
    runs_at_most=4,
    runs_within_s=600.0,
)


class Model:
    """A slow and obvious account of one service: all that happened, in order."""

    def __init__(self) -> None:
        self.results: list[tuple[float, Outcome]] = []
        self.failures = 0
        self.automatic: list[float] = []
        self.attempts = 0
        self.restarted_at: float | None = None
        self.running: str | None = None
        self.well_since: float | None = None


class LadderMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.enabled = True
        self.around = {service: Around() for service in SERVICES}
        self.models = {service: Model() for service in SERVICES}
        self.begun: list[float] = []
        self.count = 0
        self.start()

    def start(self) -> None:
        self.started = self.now
        self.ladder = RepairLadder(limits=self.limits, now_s=self.now)
        self.begun = []

    def limits(self) -> LadderLimits:
        return BASE if self.enabled else LadderLimits(is_enabled=False)

    @rule(seconds=st.sampled_from([0.5, 10.0, 30.0, 100.0, 299.0, 301.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(service=services, outcome=st.sampled_from(Outcome))
    def a_check_ends(self, service: str, outcome: Outcome) -> None:
        self.ladder.checked(service, outcome, self.now)
        model = self.models[service]
        model.results.append((self.now, outcome))
        if outcome is Outcome.FAILED:
            model.well_since = None
            model.failures += 1
        elif outcome is Outcome.UNKNOWN:
            model.well_since = None
        else:
            model.failures = 0
            model.well_since = self.now if model.well_since is None else model.well_since
            if model.running is None and self.now - model.well_since >= BASE.well_for_s:
                model.attempts = 0

    @rule(service=services, count=st.sampled_from([1, 2, 3, 3, 4]))
    def it_fails_in_a_row(self, service: str, count: int) -> None:
        for _ in range(count):
            self.a_check_ends(service, Outcome.FAILED)
            self.the_ladder_is_asked(service, FAILURES)

    @rule(service=services, is_restart=st.booleans())
    def a_whole_attempt_fails(self, service: str, is_restart: bool) -> None:
        """The way by which budgets are used up; steps taken at random seldom go it to its end."""
        self.it_fails_in_a_row(service, 3)
        if is_restart:
            self.a_step_restarts(service)
        self.a_run_ends(service, RunOutcome.NOT_RECOVERED)

    @rule()
    def everything_fails(self) -> None:
        for service in SERVICES:
            self.a_whole_attempt_fails(service, is_restart=False)

    @rule(service=services, seconds=st.sampled_from([20.0, 299.0, 300.0]))
    def it_is_well_for_a_while(self, service: str, seconds: float) -> None:
        self.a_check_ends(service, Outcome.OK)
        self.now += seconds
        self.a_check_ends(service, Outcome.OK)

    @rule(service=services, trigger=st.sampled_from([FAILURES, "alert:cpu"]))
    def the_ladder_is_asked(self, service: str, trigger: str) -> None:
        around, model = self.around[service], self.models[service]
        if not self.ladder.verdict(service, around, self.now, trigger=trigger).may_begin:
            with pytest.raises((BugError, RecoveryRunning)):
                self.ladder.begin(service, Run("no", trigger), around, self.now)
            return
        # Everything that the page promises, counted from what happened.
        assert self.enabled
        assert model.running is None
        assert model.results[-1][1] is Outcome.FAILED, "a healthy or unmeasured service is never touched"
        assert trigger != FAILURES or model.failures >= BASE.failures
        assert self.now - self.started >= BASE.start_grace_s
        assert around == Around()
        assert model.attempts < BASE.max_attempts
        assert model.restarted_at is None or self.now - model.restarted_at >= BASE.restart_cooldown_s
        recent = [at for at in self.begun if at > self.now - BASE.runs_within_s]
        assert len(recent) < BASE.runs_at_most
        self.begin(service, trigger)
        self.begun.append(self.now)
        model.attempts += 1

    @rule(service=services)
    def a_person_triggers(self, service: str) -> None:
        around, model = self.around[service], self.models[service]
        if model.running is not None or around.is_lingering:
            with pytest.raises(RecoveryRunning):
                self.ladder.begin(service, Run("second", MANUAL), around, self.now)
            return
        self.begin(service, MANUAL)
        model.attempts = 1

    def begin(self, service: str, trigger: str) -> None:
        self.count += 1
        run = Run(str(self.count), trigger)
        self.ladder.begin(service, run, self.around[service], self.now)
        self.models[service].running = run.id
        self.models[service].failures = 0

    @rule(service=services)
    def a_step_restarts(self, service: str) -> None:
        if self.models[service].running is not None:
            self.ladder.restarting(service, self.now)
            self.models[service].restarted_at = self.now

    @rule(service=services, outcome=st.sampled_from(RunOutcome))
    def a_run_ends(self, service: str, outcome: RunOutcome) -> None:
        model = self.models[service]
        if model.running is None:
            return
        self.ladder.end(service, outcome, self.now)
        model.running, model.failures = None, 0
        if outcome.is_well and not (model.results and model.results[-1][1] in (Outcome.OK, Outcome.DEGRADED)):
            # Its own proof passed, whether or not the board told of it.
            model.results.append((self.now, Outcome.OK))
            model.well_since = self.now

    @rule(
        service=services,
        around=st.sampled_from(
            [
                *[Around()] * 8,  # most of the time nothing is against it
                Around(parent_down="db"),
                Around(maintenance="night"),
                Around(is_stopped_by_person=True),
                Around(blocked_by="disk_full"),
                Around(is_lingering=True),
            ]
        ),
    )
    def the_surroundings_change(self, service: str, around: Around) -> None:
        self.around[service] = around

    @rule(is_enabled=st.sampled_from([True, True, True, False]))
    def it_is_switched(self, is_enabled: bool) -> None:
        self.enabled = is_enabled
        if not self.enabled:
            self.ladder.measured_only(())
            for model in self.models.values():
                model.results.append((self.now, Outcome.UNKNOWN))
                model.failures, model.well_since = 0, None

    @rule(service=services)
    def a_service_is_removed_and_comes_back(self, service: str) -> None:
        self.ladder.measured_only([other for other in SERVICES if other != service])
        model = self.models[service]
        model.results.append((self.now, Outcome.UNKNOWN))
        model.failures, model.well_since = 0, None

    @rule()
    @precondition(lambda self: self.now - self.started > 60)
    def the_console_is_restarted(self) -> None:
        before = self.models
        self.start()
        self.models = {service: Model() for service in SERVICES}
        for service, old in before.items():
            model = self.models[service]
            model.attempts = old.attempts
            # A run that was cut off counts as if it had just restarted something.
            model.restarted_at = self.now if old.running else old.restarted_at
            self.ladder.restore(service, attempts=old.attempts, restarted_at_s=model.restarted_at)

    @invariant()
    def what_is_shown_is_true(self) -> None:
        for service, model in self.models.items():
            state = self.ladder.state(service, self.now)
            assert (state is RecoveryState.RUNNING) == (model.running is not None)
            assert self.ladder.standing(service).attempts == model.attempts
            verdict = self.ladder.verdict(service, self.around[service], self.now)
            assert verdict.reason.code, "there is always a reason"
            assert verdict.may_begin == (verdict.reason.code == "due")

    @invariant()
    def a_run_stops_where_it_must(self) -> None:
        for service, model in self.models.items():
            if model.running is None:
                continue
            against = self.ladder.against_going_on(service, self.around[service])
            if self.around[service].parent_down:
                assert against is not None


TestLadder = LadderMachine.TestCase
TestLadder.settings = settings(max_examples=120, stateful_step_count=50)
