"""A platform ready to be asked: bounds, pauses, breaker, time limit, and what a plugin's failure becomes."""

from __future__ import annotations

import asyncio

import pytest

from tests.core.platforms.surroundings import (
    OnceOnlyToy,
    ToyConfig,
    ToyPlatform,
    context,
    request,
    toy_config,
)
from tests.fakes.clock import FakeClock
from tests.waiting import eventually
from wxauto_mgt.core.platforms.open_platform import MAX_RETRY_AFTER_S, OpenPlatform
from wxauto_mgt.errors import (
    PlatformError,
    PlatformOutcomeUnknown,
    PlatformPermanent,
    PlatformTransient,
)
from wxauto_mgt.runtime.circuit_breaker import BreakerState


class Quick(ToyPlatform):
    """Gives up soon."""

    @property
    def time_limit_s(self) -> float:
        return 0.02


class QuickOnceOnly(OnceOnlyToy):
    @property
    def time_limit_s(self) -> float:
        return 0.02


def opened(
    clock: FakeClock, kind: type[ToyPlatform] = ToyPlatform, *, concurrency: int = 4
) -> tuple[OpenPlatform, ToyPlatform]:
    plugin = kind(config=ToyConfig(), context=context(clock=clock))
    return OpenPlatform(config=toy_config(concurrency=concurrency), plugin=plugin, clock=clock), plugin


async def failed(platform: OpenPlatform, source: str = "a") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await platform.call(request(), source)
    return caught.value


async def test_the_plugins_answer_comes_back(fake_clock: FakeClock) -> None:
    platform, _ = opened(fake_clock)
    assert (await platform.call(request(), "a")).texts == ("ok",)


async def test_no_more_calls_at_a_time_than_configured(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock, concurrency=2)
    plugin.gate.clear()
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(platform.call(request(), "a"))
        await eventually(lambda: platform.limit.waiting == 4)
        plugin.gate.set()
    assert plugin.most_running == 2
    assert len(plugin.asked) == 6


async def test_overload_lowers_the_bound_and_success_raises_it_again(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    plugin.error = PlatformTransient("platform_rate_limited", overload=True)
    await failed(platform)
    assert platform.limit.bound == 2
    plugin.error = None
    for _ in range(10):
        await platform.call(request(), "a")
    assert platform.limit.bound == 4


async def test_retry_after_is_honoured_for_every_chat_without_asking(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    plugin.error = PlatformTransient("platform_rate_limited", retry_after_s=30, overload=True)
    await failed(platform, "a")
    plugin.error = None
    refused = await failed(platform, "b")
    assert isinstance(refused, PlatformTransient)
    assert (refused.code, refused.retry_after_s) == ("platform_rate_limited", 30)
    assert len(plugin.asked) == 1
    await fake_clock.advance(30)
    assert (await platform.call(request(), "b")).texts == ("ok",)


async def test_a_senseless_retry_after_is_bounded(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    plugin.error = PlatformTransient("platform_rate_limited", retry_after_s=1e9)
    await failed(platform)
    assert platform.paused_for_s == MAX_RETRY_AFTER_S


async def test_the_breaker_opens_on_transport_errors_of_more_than_one_chat(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    plugin.error = PlatformTransient("platform_unreachable", transport=True)
    for number in range(20):
        await failed(platform, f"chat{number % 2}")
    assert platform.breaker.state is BreakerState.OPEN
    assert (await failed(platform, "chat3")).code == "platform_breaker_open"
    assert len(plugin.asked) == 20
    plugin.error = None
    await fake_clock.advance(31)
    assert (await platform.call(request(), "chat3")).texts == ("ok",)
    closed_again: BreakerState = platform.breaker.state
    assert closed_again is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("error", "sources"),
    [
        (PlatformTransient("platform_unreachable", transport=True), 1),
        (PlatformTransient("platform_rate_limited", overload=True), 5),
        (PlatformPermanent("platform_refused"), 5),
    ],
)
async def test_the_breaker_stays_closed_for_one_chat_or_for_refusals(
    fake_clock: FakeClock, error: PlatformError, sources: int
) -> None:
    platform, plugin = opened(fake_clock)
    plugin.error = error
    for number in range(40):
        await failed(platform, f"chat{number % sources}")
    assert platform.breaker.state is BreakerState.CLOSED


async def test_a_plugin_that_takes_too_long_is_a_timeout(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock, Quick)
    plugin.gate.clear()
    error = await failed(platform)
    assert isinstance(error, PlatformTransient)
    assert (error.code, error.transport) == ("platform_timed_out", True)
    assert plugin.running == 0


async def test_a_lost_answer_of_a_platform_that_acts_is_an_unknown_outcome(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock, QuickOnceOnly)
    plugin.gate.clear()
    assert isinstance(await failed(platform), PlatformOutcomeUnknown)
    assert not platform.repeatable


@pytest.mark.expects_log("platform plugin failed")
async def test_a_plugins_mistake_is_logged_and_not_retried(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    plugin.error = KeyError("message text")
    error = await failed(platform)
    assert isinstance(error, PlatformPermanent)
    assert "message text" not in str(error)


@pytest.mark.expects_log("platform plugin failed")
async def test_a_mistake_of_a_platform_that_acts_is_an_unknown_outcome(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock, OnceOnlyToy)
    plugin.error = KeyError("message text")
    assert isinstance(await failed(platform), PlatformOutcomeUnknown)


@pytest.mark.expects_log("platform plugin failed in its test")
async def test_a_connection_test_never_raises(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    assert (await platform.test()).ok
    for error, key in [
        (PlatformPermanent("platform_refused", status=400), "error.platform_refused"),
        (TimeoutError(), "error.platform_timed_out"),
        (KeyError("x"), "error.platform_plugin_failed"),
    ]:
        plugin.error = error
        result = await platform.test()
        assert (result.ok, result.text_key) == (False, key)


async def test_closing_waits_for_calls_under_way_and_sends_the_others_back(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock, concurrency=1)
    plugin.gate.clear()
    async with asyncio.TaskGroup() as group:
        under_way = group.create_task(platform.call(request(), "a"))
        await eventually(lambda: plugin.running == 1)
        waiting = group.create_task(failed(platform, "b"))
        await eventually(lambda: platform.limit.waiting == 1)
        closing = group.create_task(platform.close(timeout_s=5))
        sent_back = await waiting
        assert (sent_back.code, plugin.closed) == ("platform_replaced", 0)
        assert (await failed(platform)).code == "platform_replaced"
        plugin.gate.set()
        await closing
    assert under_way.result().texts == ("ok",)
    assert plugin.closed == 1


@pytest.mark.expects_log("platform closes while calls are under way")
async def test_closing_is_bounded(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock)
    plugin.gate.clear()
    async with asyncio.TaskGroup() as group:
        hanging = group.create_task(platform.call(request(), "a"))
        await eventually(lambda: plugin.running == 1)
        await platform.close(timeout_s=0.01)
        assert plugin.closed == 1
        hanging.cancel()


async def test_a_cancelled_call_gives_its_place_back(fake_clock: FakeClock) -> None:
    platform, plugin = opened(fake_clock, concurrency=1)
    plugin.gate.clear()
    async with asyncio.TaskGroup() as group:
        call = group.create_task(platform.call(request(), "a"))
        await eventually(lambda: plugin.running == 1)
        call.cancel()
    plugin.gate.set()
    assert (await platform.call(request(), "a")).texts == ("ok",)
    assert platform.limit.bound == 1
