"""What the board says of services, and how the runner comes to run their checks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest

from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.monitoring.checks.board import CheckBoard, overall
from wxauto_mgt.core.monitoring.checks.contract import (
    CheckRecorded,
    CheckResult,
    CheckStatus,
    CheckStatusChanged,
    Outcome,
    ServiceHealth,
    WatchedService,
)
from wxauto_mgt.core.monitoring.checks.runner import CheckRunner
from wxauto_mgt.core.monitoring.checks.settings import HealthChecksSettings
from wxauto_mgt.core.monitoring.checks.streak import Thresholds
from wxauto_mgt.errors import UnknownService
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import Supervisor


class Scripted:
    """A check that answers as it is told."""

    def __init__(self, outcome: Outcome = Outcome.OK) -> None:
        self.outcome = outcome
        self.runs = 0

    async def run(self) -> CheckResult:
        self.runs += 1
        return CheckResult(self.outcome, "scripted", {}, {"run": self.runs}, 1.5)


class Hanging:
    async def run(self) -> CheckResult:
        await asyncio.Event().wait()
        raise AssertionError("never")


class Crashing:
    async def run(self) -> CheckResult:
        raise LookupError("secret")


class Gated:
    """A check that answers when it is let."""

    def __init__(self) -> None:
        self.started = 0
        self.gate = asyncio.Semaphore(0)

    async def run(self) -> CheckResult:
        self.started += 1
        number = self.started
        await self.gate.acquire()
        return CheckResult(Outcome.OK, "scripted", {"run": number})


class Watching:
    """A board and a runner over services that a test may change."""

    def __init__(self, clock: FakeClock) -> None:
        self.bus = EventBus()
        self.changes: list[tuple[str, CheckStatus]] = []
        self.bus.subscribe(
            CheckStatusChanged, lambda change: self.changes.append((change.service_id, change.after.status))
        )
        self.supervisor = Supervisor(clock=clock, on_failure=lambda _failure: None)
        self.windows: dict[str, str] = {}
        self.board = CheckBoard(
            clock=clock, bus=self.bus, thresholds=Thresholds, maintenance=self.windows.get
        )
        self.services: list[WatchedService] = []
        self.settings = HealthChecksSettings(timeout_s=0.05)
        self.runner = CheckRunner(
            board=self.board,
            supervisor=self.supervisor,
            clock=clock,
            wanted=lambda: self.services,
            settings=lambda: self.settings,
            interval_s=lambda: 10.0,
            rng=random.Random(1),
        )

    def watch(self, *services: WatchedService) -> None:
        self.services = list(services)
        for service in services:
            self.board.watch(service)

    def status(self, service_id: str) -> str:
        return self.board.report().services[service_id].status.value


@pytest.fixture
async def watching(fake_clock: FakeClock) -> AsyncIterator[Watching]:
    made = Watching(fake_clock)
    yield made
    await made.supervisor.stop()


def of(statuses: Sequence[tuple[CheckStatus, bool]]) -> list[ServiceHealth]:
    return [
        ServiceHealth(id=str(number), status=status, critical=critical)
        for number, (status, critical) in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "unknown"),
        ([("healthy", True)], "healthy"),
        ([("healthy", True), ("unknown", True)], "unknown"),
        ([("degraded", True), ("unknown", False)], "degraded"),
        ([("unhealthy", False), ("healthy", True)], "degraded"),
        ([("unhealthy", True), ("unknown", False)], "unhealthy"),
    ],
)
def test_the_whole_is_judged_by_its_services(statuses: list[tuple[str, bool]], expected: str) -> None:
    assert overall(of([(CheckStatus(status), critical) for status, critical in statuses])).value == expected


@pytest.mark.expects_log("a was degraded and is unhealthy")
async def test_a_change_of_status_is_told_once_with_its_evidence(watching: Watching) -> None:
    check = Scripted()
    watching.watch(service := WatchedService("a", check, critical=True))
    for outcome in (Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.FAILED, Outcome.FAILED, Outcome.OK):
        check.outcome = outcome
        await watching.runner.check_now(service)
    told = [status.value for _, status in watching.changes]
    assert told == ["healthy", "degraded", "unhealthy", "healthy"]
    health = watching.board.report().services["a"]
    assert (health.evidence, health.response_time_ms) == ({"run": 6}, 1.5)


async def test_metrics_leave_out_what_is_not_known(watching: Watching) -> None:
    failing, unknown = WatchedService("a", Scripted(Outcome.FAILED)), WatchedService("b", Scripted())
    watching.watch(failing, unknown)
    await watching.runner.check_now(failing)
    values = {(sample.key.name, sample.key.labels): sample.value for sample in watching.board.metrics()}
    assert values == {
        ("check_status", (("service", "a"),)): 0.5,
        ("check_response_time_ms", (("service", "a"),)): 1.5,
    }


async def test_a_check_that_hangs_fails_when_its_time_is_over(watching: Watching) -> None:
    watching.watch(service := WatchedService("a", Hanging()))
    result = await watching.runner.check_now(service)
    assert (result.outcome, result.reason_code) == (Outcome.FAILED, "timed_out")
    assert watching.status("a") == "degraded"


@pytest.mark.expects_log("check failed to run: a")
async def test_a_check_that_crashes_says_nothing_of_its_service(watching: Watching) -> None:
    watching.watch(service := WatchedService("a", Crashing()))
    for _ in range(4):
        result = await watching.runner.check_now(service)
        assert (result.outcome, dict(result.params)) == (Outcome.UNKNOWN, {"kind": "LookupError"})
    assert watching.status("a") == "unknown"


async def test_what_depends_on_a_failing_service_is_not_checked(watching: Watching) -> None:
    root, leaf_check = Scripted(Outcome.FAILED), Scripted()
    services = [
        WatchedService("host", root),
        WatchedService("server", Scripted(), parents=("host",)),
        WatchedService("page", leaf_check, parents=("server",)),
    ]
    watching.watch(*services)
    for service in services:
        await watching.runner.check_now(service)
    page = watching.board.report().services["page"]
    assert leaf_check.runs == 0
    assert (page.status.value, page.reason_code) == ("unknown", "parent_down")
    assert page.params == {"parent": "host"}
    root.outcome = Outcome.OK
    for service in services:
        await watching.runner.check_now(service)
    assert leaf_check.runs == 1
    assert watching.status("page") == "healthy"


async def test_each_service_is_checked_again_and_again(watching: Watching, fake_clock: FakeClock) -> None:
    first, second = Scripted(), Scripted()
    watching.services = [WatchedService("a", first), WatchedService("b", second)]
    await watching.runner.match_wanted()
    assert watching.status("a") == "unknown"
    await fake_clock.advance(100.0)
    # First run within an interval, then one each interval, give or take a tenth.
    assert 9 <= first.runs <= 11
    assert 9 <= second.runs <= 11


async def test_every_result_is_told_after_the_board_took_it(watching: Watching) -> None:
    told: list[tuple[str, str, int]] = []
    watching.bus.subscribe(
        CheckRecorded,
        lambda event: told.append(
            (event.health.status.value, event.result.outcome.value, event.health.consecutive_failures)
        ),
    )
    watching.watch(service := WatchedService("a", check := Scripted(), failure_threshold=9))
    for outcome in (Outcome.OK, Outcome.FAILED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.DEGRADED):
        check.outcome = outcome
        await watching.runner.check_now(service)
    assert told == [
        ("healthy", "ok", 0),
        ("degraded", "failed", 1),
        ("degraded", "failed", 2),
        ("unknown", "unknown", 2),
        ("degraded", "degraded", 0),
    ]


async def test_a_service_in_maintenance_is_checked_and_says_so(watching: Watching) -> None:
    watching.watch(service := WatchedService("a", Scripted(Outcome.FAILED)), WatchedService("b", Scripted()))
    watching.windows["a"] = "night"
    await watching.runner.check_now(service)
    services = watching.board.report().services
    assert (services["a"].status.value, services["a"].maintenance) == ("degraded", "night")
    assert [health.in_maintenance for health in services.values()] == [True, False]
    assert watching.board.maintenance("a") == "night"
    watching.windows.clear()
    assert not watching.board.report().services["a"].in_maintenance


async def test_what_depends_on_a_degraded_service_is_checked(watching: Watching) -> None:
    slow, leaf = Scripted(Outcome.DEGRADED), Scripted()
    services = [WatchedService("slow", slow), WatchedService("page", leaf, parents=("gone", "slow"))]
    watching.watch(*services)
    for service in services:
        await watching.runner.check_now(service)
    assert (leaf.runs, watching.status("slow")) == (1, "degraded")


async def test_several_parents_are_looked_at_level_by_level(watching: Watching) -> None:
    services = [
        WatchedService("host", Scripted(Outcome.FAILED), parents=("page",)),  # a circle is no trap
        WatchedService("disk", Scripted()),
        WatchedService("server", Scripted(), parents=("host",)),
        WatchedService("page", Scripted(), parents=("disk", "server")),
    ]
    watching.watch(*services)
    assert watching.board.failing_ancestor("page") is None
    await watching.runner.check_now(services[0])
    assert watching.board.failing_ancestor("page") == "host"


async def test_checks_of_one_service_at_a_time_share_one_run(watching: Watching) -> None:
    watching.services = [WatchedService("a", check := Gated())]
    watching.settings = HealthChecksSettings(timeout_s=5)
    await watching.runner.match_wanted()
    service = watching.services[0]
    scheduled = [watching.supervisor.spawn("t", watching.runner.check_now(service)) for _ in range(2)]
    await eventually(lambda: check.started == 1)
    asked = [watching.supervisor.spawn("t", watching.runner.check_service("a")) for _ in range(3)]
    check.gate.release()
    assert [(await task).params["run"] for task in scheduled] == [1, 1]
    check.gate.release()
    # A proof must begin after it was asked for.
    assert [(await task).params["run"] for task in asked] == [2, 2, 2]


async def test_a_shared_run_survives_the_caller_that_began_it(watching: Watching) -> None:
    watching.watch(service := WatchedService("a", check := Gated()))
    watching.settings = HealthChecksSettings(timeout_s=5)
    first = watching.supervisor.spawn("t", watching.runner.check_now(service))
    await eventually(lambda: check.started == 1)
    second = watching.supervisor.spawn("t", watching.runner.check_now(service))
    first.cancel()
    await eventually(lambda: check.started == 2)
    check.gate.release()
    assert (await second).params["run"] == 2


async def test_a_service_that_is_not_watched_cannot_be_checked(watching: Watching) -> None:
    with pytest.raises(UnknownService):
        await watching.runner.check_service("a")


async def test_a_held_schedule_knows_nothing_until_it_is_released(
    watching: Watching, fake_clock: FakeClock
) -> None:
    watching.services = [WatchedService("a", check := Scripted())]
    watching.supervisor.start("checks", watching.runner.run)
    await eventually(_sleeping(fake_clock, 1))
    await fake_clock.advance(15.0)
    assert watching.status("a") == "healthy"
    watching.runner.hold("heartbeat_stopped")
    health = watching.board.report().services["a"]
    assert (health.status.value, health.reason_code) == ("unknown", "heartbeat_stopped")
    await eventually(_sleeping(fake_clock, 0))
    runs = check.runs
    assert (await watching.runner.check_service("a")).outcome is Outcome.OK
    assert watching.status("a") == "unknown"
    watching.runner.release()
    await eventually(_sleeping(fake_clock, 1))
    await fake_clock.advance(15.0)
    assert check.runs > runs + 1
    assert watching.status("a") == "healthy"


async def test_a_service_may_have_an_interval_of_its_own(watching: Watching, fake_clock: FakeClock) -> None:
    often, seldom = Scripted(), Scripted()
    watching.services = [
        WatchedService("a", often, interval_s=1.0),
        WatchedService("b", seldom, interval_s=3600.0),
    ]
    await watching.runner.match_wanted()
    await fake_clock.advance(100.0)
    assert 85 <= often.runs <= 115
    assert seldom.runs == 1  # looked at soon after the start all the same


async def test_loops_follow_what_is_wanted(watching: Watching, fake_clock: FakeClock) -> None:
    kept, old, new = Scripted(), Scripted(), Scripted()
    watching.services = [WatchedService("a", kept), WatchedService("b", old, key=1)]
    watching.supervisor.start("checks", watching.runner.run)
    await eventually(lambda: set(watching.board.report().services) == {"a", "b"})
    await fake_clock.advance(15.0)
    runs = old.runs
    watching.services = [WatchedService("a", Scripted()), WatchedService("b", new, key=2)]
    watching.runner.refresh()
    await eventually(lambda: watching.status("b") == "unknown")
    assert watching.status("a") == "healthy"
    await eventually(_sleeping(fake_clock, 2))
    await fake_clock.advance(15.0)
    assert (old.runs, new.runs > 0) == (runs, True)
    watching.services = [replace(watching.services[0])]
    watching.runner.refresh()
    await eventually(lambda: set(watching.board.report().services) == {"a"})


def _sleeping(clock: FakeClock, count: int) -> Callable[[], bool]:
    return lambda: clock.sleepers == count
