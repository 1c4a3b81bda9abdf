"""The check of what programs push of themselves."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.core.monitoring.checks.contexts import config_of, context, said
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.monitoring.checks.contract import PushedOutcome
from wxauto_mgt.core.monitoring.checks.push import PushCheck, PushConfig


class Pushes:
    """What was pushed, by service."""

    def __init__(self) -> None:
        self.newest: dict[str, PushedOutcome] = {}

    def add(self, *, ok: bool, at: dt.datetime, error_type: str | None = None) -> None:
        self.newest["tested"] = PushedOutcome(ok, 12.5, error_type, at)


@pytest.fixture
def pushes() -> Pushes:
    return Pushes()


@pytest.fixture
def check(pushes: Pushes, fake_clock: FakeClock) -> PushCheck:
    return PushCheck(config_of(PushConfig, max_age_s=60), context(clock=fake_clock, pushed=pushes.newest.get))


async def test_the_newest_outcome_decides(check: PushCheck, pushes: Pushes, fake_clock: FakeClock) -> None:
    pushes.add(ok=True, at=fake_clock.now())
    result = await check.run()
    assert said(result) == ("ok", "push_ok")
    assert result.response_time_ms == 12.5
    pushes.add(ok=False, at=fake_clock.now(), error_type="Timeout")
    result = await check.run()
    assert said(result) == ("failed", "push_failed")
    assert result.params == {"cause": "Timeout"}


async def test_silence_fails_once_it_was_listened_for_long_enough(
    check: PushCheck, pushes: Pushes, fake_clock: FakeClock
) -> None:
    assert said(await check.run()) == ("unknown", "push_awaited")
    await fake_clock.advance(61.0)
    assert said(await check.run()) == ("failed", "push_overdue")
    pushes.add(ok=True, at=fake_clock.now())
    assert said(await check.run()) == ("ok", "push_ok")
    await fake_clock.advance(61.0)
    result = await check.run()
    assert said(result) == ("failed", "push_overdue")
    assert result.evidence == {"age_s": 61.0}


async def test_an_outcome_of_before_the_start_is_not_held_against_the_service(
    check: PushCheck, pushes: Pushes, fake_clock: FakeClock
) -> None:
    pushes.add(ok=True, at=fake_clock.now() - dt.timedelta(hours=5))
    assert said(await check.run()) == ("unknown", "push_awaited")


async def test_a_clock_that_was_set_back_hides_no_outcome(
    check: PushCheck, pushes: Pushes, fake_clock: FakeClock
) -> None:
    pushes.add(ok=True, at=fake_clock.now() + dt.timedelta(hours=1))
    assert said(await check.run()) == ("ok", "push_ok")
