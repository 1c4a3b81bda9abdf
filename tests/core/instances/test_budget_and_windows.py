"""The call budget, and the proofs of listened windows."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.instances.budget import CallBudget
from wxauto_mgt.core.instances.windows import VerifiedWindows, WindowRoute, WindowWay
from wxauto_mgt.core.wire import ChatKind


@settings(max_examples=30)
@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.integers(1, 20))
def test_no_sixty_seconds_see_more_than_nine_tenths_of_the_limit(pauses: list[float], limit: int) -> None:
    async def run() -> None:
        clock = FakeClock()
        budget = CallBudget(per_minute=limit, clock=clock)
        made: list[float] = []

        async def caller() -> None:
            for pause in pauses:
                await clock.sleep(pause)
                await budget.wait("/a")
                made.append(clock.monotonic())

        task = asyncio.get_running_loop().create_task(caller())
        while not task.done():
            await clock.advance(30.0)
        most = max(1, int(limit * 0.9))
        for index in range(len(made) - most):
            assert made[index + most] - made[index] >= 60.0 - 1e-6

    asyncio.run(run())


async def test_routes_count_apart_and_zero_means_no_limit(fake_clock: FakeClock) -> None:
    budget = CallBudget(per_minute=2, clock=fake_clock)
    await budget.wait("/a")
    await budget.wait("/b")
    unlimited = CallBudget(per_minute=0, clock=fake_clock)
    for _ in range(1000):
        await unlimited.wait("/a")


async def test_a_new_limit_counts_what_was_called_before(fake_clock: FakeClock) -> None:
    budget = CallBudget(per_minute=0, clock=fake_clock)
    budget.set_limit(10)
    for _ in range(9):
        await budget.wait("/a")
    done = asyncio.Event()

    async def tenth() -> None:
        await budget.wait("/a")
        done.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(tenth())
        await fake_clock.advance(59.0)
        assert not done.is_set()
        await fake_clock.advance(2.0)
        assert done.is_set()


def test_a_proof_counts_for_five_minutes_and_until_the_restart() -> None:
    clock = FakeClock()
    windows = VerifiedWindows(clock=clock)
    assert windows.route("张三") == WindowRoute(WindowWay.NONE)
    windows.mark_pending("张三")
    assert windows.route("张三").way is WindowWay.PENDING
    windows.verified("张三", title="张三丰", rich=True, chat_kind=ChatKind.FRIEND)
    proof = WindowRoute(WindowWay.WINDOW, "张三丰", rich=True, chat_kind=ChatKind.FRIEND)
    assert windows.route("张三") == proof
    assert windows.route("张三丰") == proof

    asyncio.run(clock.advance(299.0))
    windows.verified("张三", title="张三丰")  # seen in the list: what it can do is still known
    asyncio.run(clock.advance(299.0))
    assert windows.route("张三") == proof
    asyncio.run(clock.advance(1.0))
    assert windows.route("张三").way is WindowWay.NONE

    windows.verified("张三", title="别人")
    assert windows.route("张三") == WindowRoute(WindowWay.WINDOW, "别人")
    windows.reset()
    assert windows.route("张三").way is WindowWay.NONE
    windows.verified("wxid_1", title="张三")
    windows.gone("张三")
    assert windows.route("wxid_1").way is WindowWay.NONE
    windows.verified("张三", title="张三")
    windows.gone("张三")
    assert windows.route("张三").way is WindowWay.NONE
