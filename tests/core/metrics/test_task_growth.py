"""Tasks that pile up are told from bursts of work."""

from __future__ import annotations

import asyncio

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.metrics.task_growth import TaskGrowth


class Counted:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.count = 40
        self.growth = TaskGrowth(clock=clock, count=lambda: self.count)

    async def pass_minutes(self, minutes: int, *, leaked_per_minute: int = 0, burst: int = 0) -> None:
        for at in range(6 * minutes):
            await self.clock.advance(10.0)
            self.count += leaked_per_minute if at % 6 == 0 else 0
            self.count += burst if at % 12 == 3 else 0
            list(self.growth.samples())
            self.count -= burst if at % 12 == 3 else 0


async def test_a_leak_is_found_after_minutes_and_forgotten_when_it_ends(fake_clock: FakeClock) -> None:
    counted = Counted(fake_clock)
    await counted.pass_minutes(6, leaked_per_minute=10)
    assert counted.growth.leak() is None  # a console that starts grows, too
    await counted.pass_minutes(4, leaked_per_minute=10)
    leak = counted.growth.leak()
    assert leak is not None
    assert (leak.now - leak.before >= 50, leak.minutes) == (True, 8)
    await counted.pass_minutes(4)
    assert counted.growth.leak() is None


async def test_bursts_and_slow_growth_are_no_leak(fake_clock: FakeClock) -> None:
    counted = Counted(fake_clock)
    await counted.pass_minutes(20, burst=500)
    assert counted.growth.leak() is None
    await counted.pass_minutes(20, leaked_per_minute=2)
    assert counted.growth.leak() is None


async def test_the_loops_own_tasks_are_counted(fake_clock: FakeClock) -> None:
    growth = TaskGrowth(clock=fake_clock)
    (alone,) = growth.samples()
    waiting = asyncio.ensure_future(asyncio.Event().wait())
    (beside,) = growth.samples()
    waiting.cancel()
    assert (beside.key.name, beside.value - alone.value) == ("app_task_count", 1.0)
