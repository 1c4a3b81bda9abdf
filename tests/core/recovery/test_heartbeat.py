"""The heartbeat: it starts, stops, forgives at the start, and no check that hangs holds up another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.config.notifier import ConfigChanged, ConfigChangeType
from wxauto_mgt.core.monitoring.checks.board import CheckBoard
from wxauto_mgt.core.monitoring.checks.contract import CheckResult, Outcome, WatchedService
from wxauto_mgt.core.monitoring.checks.runner import CheckRunner
from wxauto_mgt.core.monitoring.checks.settings import HealthChecksSettings
from wxauto_mgt.core.monitoring.checks.streak import Thresholds
from wxauto_mgt.core.recovery.heartbeat import STOPPED, Heartbeat
from wxauto_mgt.core.recovery.settings import HEARTBEAT, HeartbeatSettings
from wxauto_mgt.errors import HeartbeatDisabled
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Scripted:
    def __init__(self, outcome: Outcome = Outcome.OK) -> None:
        self.outcome = outcome
        self.runs = 0

    async def run(self) -> CheckResult:
        self.runs += 1
        return CheckResult(self.outcome, "scripted")


class Hanging:
    async def run(self) -> CheckResult:
        await asyncio.Event().wait()
        raise AssertionError("never")


class Console:
    """Heartbeat, runner and board as the application puts them together."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.settings = HeartbeatSettings()
        self.services: list[WatchedService] = []
        self.supervisor = Supervisor(clock=clock, on_failure=lambda _failure: None)
        self.board = CheckBoard(clock=clock, bus=EventBus(), thresholds=self._thresholds)
        self.runner = CheckRunner(
            board=self.board,
            supervisor=self.supervisor,
            clock=clock,
            wanted=lambda: self.services,
            settings=lambda: HealthChecksSettings(timeout_s=60),
            interval_s=lambda: self.settings.check_interval,
            rng=random.Random(1),
        )
        self.heartbeat = Heartbeat(
            schedule=self.runner, report=self.board.report, settings=lambda: self.settings, clock=clock
        )

    def _thresholds(self) -> Thresholds:
        return Thresholds(is_grace=self.heartbeat.is_grace)

    async def begin(self, *services: WatchedService, **settings: object) -> None:
        self.services = list(services)
        self.settings = HeartbeatSettings.model_validate({**self.settings.model_dump(), **settings})
        self.heartbeat.begin()
        self.supervisor.start("checks", self.runner.run)
        await self.settled(len(services) if self.heartbeat.is_running else 0)

    async def settled(self, loops: int) -> None:
        await eventually(lambda: self.clock.sleepers == loops)

    async def change(self, **settings: object) -> None:
        before = self.settings
        self.settings = HeartbeatSettings.model_validate({**before.model_dump(), **settings})
        change = ConfigChanged(
            ConfigChangeType.SETTINGS_UPDATED, "settings", HEARTBEAT, before, self.settings, 1, NOW
        )
        self.heartbeat.follow(change)

    def said(self, service_id: str) -> tuple[str, str]:
        health = self.board.report().services[service_id]
        return health.status.value, health.reason_code


@pytest.fixture
async def console(fake_clock: FakeClock) -> AsyncIterator[Console]:
    made = Console(fake_clock)
    yield made
    await made.supervisor.stop()


async def test_every_service_is_checked_each_interval(console: Console, fake_clock: FakeClock) -> None:
    checks = [Scripted() for _ in range(20)]
    await console.begin(*(WatchedService(f"s{number}", check) for number, check in enumerate(checks)))
    await fake_clock.advance(300.0)
    assert all(9 <= check.runs <= 11 for check in checks)
    status = console.heartbeat.status()
    assert status.is_running
    assert status.last_check_at is not None
    assert (fake_clock.now() - status.last_check_at).total_seconds() < 30
    assert set(status.services) == {f"s{number}" for number in range(20)}


async def test_first_checks_are_spread(console: Console, fake_clock: FakeClock) -> None:
    checks = [Scripted() for _ in range(20)]
    await console.begin(*(WatchedService(f"s{number}", check) for number, check in enumerate(checks)))
    begun: list[int] = []
    for _ in range(30):
        await fake_clock.advance(1.0)
        begun.append(sum(check.runs for check in checks))
    steps = [after - before for before, after in pairwise(begun)]
    assert begun[-1] == 20
    assert max(steps) <= 6


async def test_checks_that_hang_delay_no_other(console: Console, fake_clock: FakeClock) -> None:
    well = Scripted()
    hung = [WatchedService(f"h{number}", Hanging(), first_after_ratio=0.01) for number in range(100)]
    await console.begin(*hung, WatchedService("well", well))
    await fake_clock.advance(100.0)
    assert 2 <= well.runs <= 4
    assert console.said("well") == ("healthy", "scripted")


async def test_a_shorter_interval_is_kept_to_before_the_old_one_is_over(
    console: Console, fake_clock: FakeClock
) -> None:
    check = Scripted()
    await console.begin(WatchedService("a", check), check_interval=3600.0)
    await console.change(check_interval=5.0)
    await fake_clock.advance(30.0)
    assert check.runs >= 3


async def test_stopped_it_knows_nothing_and_checks_nothing(console: Console, fake_clock: FakeClock) -> None:
    check = Scripted()
    await console.begin(WatchedService("a", check))
    await fake_clock.advance(30.0)
    assert console.said("a") == ("healthy", "scripted")
    console.heartbeat.stop()
    console.heartbeat.stop()
    assert console.said("a") == ("unknown", STOPPED)
    status = console.heartbeat.status()
    assert (status.is_running, status.last_check_at is None) == (False, False)
    await console.settled(0)
    runs = check.runs
    await fake_clock.advance(120.0)
    assert check.runs == runs
    console.heartbeat.start()
    console.heartbeat.start()
    assert console.said("a") == ("unknown", "not_checked_yet")
    await console.settled(1)
    await fake_clock.advance(30.0)
    assert console.said("a") == ("healthy", "scripted")


async def test_without_auto_start_it_waits_for_a_start(console: Console, fake_clock: FakeClock) -> None:
    check = Scripted()
    await console.begin(WatchedService("a", check), auto_start=False)
    await eventually(lambda: "a" in console.board.report().services)
    await fake_clock.advance(120.0)
    assert (check.runs, console.said("a")) == (0, ("unknown", STOPPED))
    console.heartbeat.start()
    await console.settled(1)
    await fake_clock.advance(30.0)
    assert check.runs == 1


async def test_disabled_it_refuses_to_be_steered(console: Console) -> None:
    await console.begin(WatchedService("a", Scripted()), enabled=False)
    for act in (console.heartbeat.start, console.heartbeat.stop):
        with pytest.raises(HeartbeatDisabled):
            act()
    assert not console.heartbeat.is_running


async def test_it_follows_the_settings(console: Console, fake_clock: FakeClock) -> None:
    await console.begin(WatchedService("a", Scripted()))
    beats = []
    for enabled in (False, True):
        await console.change(enabled=enabled)
        beats.append(console.heartbeat.is_running)
    console.heartbeat.stop()
    await console.change(max_retries=5)  # another setting starts nothing that a person stopped
    beats.append(console.heartbeat.is_running)
    assert beats == [False, True, False]


@pytest.mark.expects_log("a was degraded and is unhealthy")
async def test_failures_in_the_grace_call_nothing_unhealthy(console: Console, fake_clock: FakeClock) -> None:
    check = Scripted(Outcome.FAILED)
    await console.begin(WatchedService("a", check), check_interval=5.0, grace_s=30.0)
    await fake_clock.advance(29.0)
    assert check.runs >= 4
    assert console.said("a")[0] == "degraded"
    await fake_clock.advance(10.0)
    assert console.said("a")[0] == "unhealthy"


async def test_a_start_by_a_person_has_a_grace_too(console: Console, fake_clock: FakeClock) -> None:
    await console.begin(WatchedService("a", Scripted()))
    await fake_clock.advance(100.0)
    forgives = [console.heartbeat.is_grace]
    for act in (console.heartbeat.stop, console.heartbeat.start):
        act()
        forgives.append(console.heartbeat.is_grace)
    assert forgives == [False, False, True]
