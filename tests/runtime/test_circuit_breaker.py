from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.clock import FakeClock
from wxauto_mgt.runtime.circuit_breaker import BreakerState, CircuitBreaker


def state(breaker: CircuitBreaker) -> BreakerState:
    """Read anew: a type checker takes an attribute to stay what it was."""
    return breaker.state


def fill(breaker: CircuitBreaker, *, failed: int, fine: int = 0, sources: int = 2) -> None:
    for _ in range(fine):
        breaker.record(ok=True, source="fine")
    for number in range(failed):
        breaker.record(ok=False, source=f"source {number % sources}")


@pytest.fixture
def breaker(fake_clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(clock=fake_clock)


def test_opens_at_the_share_of_failures(breaker: CircuitBreaker) -> None:
    fill(breaker, failed=15, fine=4)
    assert state(breaker) is BreakerState.CLOSED
    assert breaker.allow()
    fill(breaker, failed=1)
    assert state(breaker) is BreakerState.OPEN
    assert not breaker.allow()


def test_stays_closed_below_the_share(breaker: CircuitBreaker) -> None:
    fill(breaker, failed=15, fine=5)
    assert state(breaker) is BreakerState.CLOSED


def test_one_source_alone_does_not_open_it(breaker: CircuitBreaker) -> None:
    fill(breaker, failed=100, sources=1)
    assert state(breaker) is BreakerState.CLOSED


async def test_failures_of_long_ago_do_not_count(breaker: CircuitBreaker, fake_clock: FakeClock) -> None:
    fill(breaker, failed=19)
    await fake_clock.advance(61)
    fill(breaker, failed=1)
    assert state(breaker) is BreakerState.CLOSED


async def test_one_trial_decides_after_the_pause(breaker: CircuitBreaker, fake_clock: FakeClock) -> None:
    fill(breaker, failed=20)
    await fake_clock.advance(30)
    assert state(breaker) is BreakerState.HALF_OPEN
    assert [breaker.allow(), breaker.allow()] == [True, False]
    breaker.record(ok=False, source="x")
    assert state(breaker) is BreakerState.OPEN
    await fake_clock.advance(30)
    assert breaker.allow()
    breaker.record(ok=True, source="x")
    assert state(breaker) is BreakerState.CLOSED
    fill(breaker, failed=19)
    assert state(breaker) is BreakerState.CLOSED  # what it knew from before it opened is forgotten


async def test_a_trial_without_an_outcome_is_given_up(breaker: CircuitBreaker, fake_clock: FakeClock) -> None:
    fill(breaker, failed=20)
    await fake_clock.advance(30)
    assert breaker.allow()
    await fake_clock.advance(29)
    assert not breaker.allow()
    await fake_clock.advance(1)
    assert breaker.allow()


async def test_late_outcomes_neither_open_nor_close_it(
    breaker: CircuitBreaker, fake_clock: FakeClock
) -> None:
    fill(breaker, failed=20)
    breaker.record(ok=True, source="late")
    assert state(breaker) is BreakerState.OPEN
    await fake_clock.advance(30)
    breaker.record(ok=True, source="late")  # nobody was let through yet
    assert state(breaker) is BreakerState.HALF_OPEN


@dataclass(frozen=True)
class Outcome:
    at_s: float
    ok: bool
    source: str


class BreakerMachine(RuleBasedStateMachine):
    """Against a model that keeps every outcome and recomputes the state from all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.breaker = CircuitBreaker(
            clock=self.clock, window_s=10, min_calls=4, failure_ratio=0.5, min_sources=2, open_s=5
        )
        self.outcomes: list[Outcome] = []
        self.opened_at_s: float | None = None
        self.trial_at_s: float | None = None

    def teardown(self) -> None:
        self.loop.close()

    @property
    def now_s(self) -> float:
        return self.clock.monotonic()

    def model_state(self) -> BreakerState:
        if self.opened_at_s is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.now_s < self.opened_at_s + 5 else BreakerState.HALF_OPEN

    @rule(delta_s=st.sampled_from([0.5, 1.0, 4.0, 11.0]))
    def time_passes(self, delta_s: float) -> None:
        self.loop.run_until_complete(self.clock.advance(delta_s))

    @rule()
    def ask(self) -> None:
        expected = self.model_state() is BreakerState.CLOSED
        if self.model_state() is BreakerState.HALF_OPEN:
            expected = self.trial_at_s is None or self.now_s >= self.trial_at_s + 5
            if expected:
                self.trial_at_s = self.now_s
        assert self.breaker.allow() is expected

    @rule(ok=st.booleans(), source=st.sampled_from("abc"))
    def record(self, ok: bool, source: str) -> None:
        state = self.model_state()
        self.breaker.record(ok=ok, source=source)
        if state is BreakerState.HALF_OPEN and self.trial_at_s is not None:
            self.trial_at_s = None
            self.opened_at_s = None if ok else self.now_s
        elif state is BreakerState.CLOSED:
            self.outcomes.append(Outcome(self.now_s, ok, source))
            recent = [outcome for outcome in self.outcomes if self.now_s - outcome.at_s <= 10]
            failed = [outcome.source for outcome in recent if not outcome.ok]
            if len(recent) >= 4 and len(failed) * 2 >= len(recent) and len(set(failed)) >= 2:
                self.opened_at_s = self.now_s
                self.trial_at_s = None
                self.outcomes.clear()

    @invariant()
    def states_agree(self) -> None:
        assert self.breaker.state is self.model_state()


TestBreakerAgainstModel = BreakerMachine.TestCase
