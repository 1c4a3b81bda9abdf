"""A platform is judged by its calls and asked seldom; an instance by the proof that others gathered."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.core.monitoring.fakes import FakeConsole
from tests.core.platforms.surroundings import ToyPlatform, toy_config
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.monitoring.checks.instance import InstanceCheck
from wxauto_mgt.core.monitoring.checks.platform import TESTED_EVERY_S, PlatformCheck
from wxauto_mgt.core.monitoring.facts import ClientStatus
from wxauto_mgt.core.platforms.contract import TestResult
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import Fact
from wxauto_mgt.runtime.supervisor import Supervisor

TARGET = "platform:p1"


class Obliging(ToyPlatform):
    """Counts its tests, each of which makes a request, and passes them as told."""

    tests = 0
    passes = True

    async def test(self) -> TestResult:
        self.tests += 1
        self.context.on_call(CallRecord(TARGET, "test", self.passes, 0.1, None if self.passes else "x"))
        return TestResult(self.passes, "platform_test.toy", {}, 0.25)


class Watched:
    """One open platform, its calls and its check."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.calls = CallMetrics(clock=clock)
        self.supervisor = Supervisor(clock=clock, on_failure=lambda _failure: None)
        self.platforms = PlatformRegistry(
            types=PlatformTypes([Obliging]),
            notifier=ConfigNotifier(),
            supervisor=self.supervisor,
            clock=clock,
            on_call=self.calls.record,
            rng=random.Random(1),
        )
        self.check = PlatformCheck(
            platform_id="p1", target=TARGET, platforms=self.platforms, calls=self.calls, clock=clock
        )

    @property
    def plugin(self) -> Obliging:
        plugin = self.platforms.require("p1").plugin
        assert isinstance(plugin, Obliging)
        return plugin

    def call(self, *, ok: bool) -> None:
        self.calls.record(CallRecord(TARGET, "reply", ok, 0.1, None if ok else "x"))

    async def finding(self) -> tuple[str, int]:
        """What the check says, and how often the platform was tested until then."""
        return (await self.check.run()).reason_code, self.plugin.tests


@pytest.fixture
async def watched(fake_clock: FakeClock) -> AsyncIterator[Watched]:
    made = Watched(fake_clock)
    await made.platforms.start([toy_config("p1")])
    yield made
    await made.platforms.close()


async def test_calls_that_are_answered_need_no_test(watched: Watched) -> None:
    watched.call(ok=False)
    watched.call(ok=True)
    assert await watched.finding() == ("platform_answers_calls", 0)


async def test_a_platform_at_rest_is_tested_seldom(watched: Watched) -> None:
    assert await watched.finding() == ("platform_test_passed", 1)
    await watched.clock.advance(TESTED_EVERY_S - 1)
    assert await watched.finding() == ("platform_test_passed", 1)
    await watched.clock.advance(1)
    assert await watched.finding() == ("platform_test_passed", 2)


async def test_a_platform_that_fails_is_tested_each_time_until_it_works(watched: Watched) -> None:
    watched.call(ok=True)
    assert await watched.finding() == ("platform_answers_calls", 0)
    watched.call(ok=False)
    watched.plugin.passes = False
    assert await watched.finding() == ("platform_test_failed", 1)
    assert await watched.finding() == ("platform_test_failed", 2)
    watched.plugin.passes = True
    assert await watched.finding() == ("platform_test_passed", 3)


async def test_a_platform_that_is_not_open_fails(fake_clock: FakeClock) -> None:
    result = await Watched(fake_clock).check.run()
    assert (result.reason_code, dict(result.params)) == ("platform_not_open", {"cause": "platform_missing"})


@pytest.mark.parametrize(
    ("connected", "outcome", "reason_code"),
    [
        (True, "ok", "instance_connected"),
        (False, "failed", "instance_not_connected"),
        (None, "unknown", "instance_not_measured"),
    ],
)
async def test_an_instance_is_judged_by_proof(connected: bool | None, outcome: str, reason_code: str) -> None:
    facts = FakeConsole(started_at=None)
    proof: dict[str, Fact] = {"kind": "sessions", "count": 3}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    facts.client_list = [ClientStatus("pc1", True, connected, 2, at, (proof,))]
    result = await InstanceCheck(instance_id="pc1", facts=facts).run()
    assert (result.outcome.value, result.reason_code) == (outcome, reason_code)
    assert connected is None or result.evidence["sessions.count"] == 3
    gone = await InstanceCheck(instance_id="gone", facts=facts).run()
    assert gone.reason_code == "instance_not_measured"
