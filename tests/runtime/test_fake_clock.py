from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.runtime.clock import Clock, SystemClock


@pytest.fixture(params=[SystemClock, FakeClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


async def test_now_is_aware_and_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


async def test_monotonic_does_not_go_back(clock: Clock) -> None:
    first = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= first


@pytest.mark.parametrize("delay_s", [0, -1.0])
async def test_a_sleep_of_nothing_lets_others_run(clock: Clock, delay_s: float) -> None:
    seen: list[int] = []
    asyncio.get_running_loop().call_soon(seen.append, 1)
    await clock.sleep(delay_s)
    assert seen == [1]


async def test_sleepers_wake_in_order_of_their_deadline(fake_clock: FakeClock) -> None:
    woken: list[tuple[str, float]] = []
    start = fake_clock.monotonic()

    async def sleeper(name: str, delay_s: float, times: int = 1) -> None:
        for _ in range(times):
            await fake_clock.sleep(delay_s)
            woken.append((name, fake_clock.monotonic() - start))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 3))
        group.create_task(sleeper("early", 1, times=3))
        await asyncio.sleep(0)
        assert fake_clock.sleepers == 2
        await fake_clock.advance(3)
    assert woken == [("early", 1), ("early", 2), ("late", 3), ("early", 3)]


async def test_an_advance_that_is_too_short_wakes_nobody(fake_clock: FakeClock) -> None:
    started = fake_clock.now()
    async with asyncio.TaskGroup() as group:
        sleeping = group.create_task(fake_clock.sleep(1))
        await fake_clock.advance(0.5)
        assert not sleeping.done()
        assert fake_clock.now() - started == timedelta(seconds=0.5)
        await fake_clock.advance(0.5)
        assert sleeping.done()


async def test_a_cancelled_sleep_is_forgotten(fake_clock: FakeClock) -> None:
    sleeping = asyncio.ensure_future(fake_clock.sleep(1))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert fake_clock.sleepers == 0
    await fake_clock.advance(2)


def test_the_start_can_be_chosen() -> None:
    start = datetime(2030, 5, 5, tzinfo=UTC)
    assert FakeClock(start).now() == start
