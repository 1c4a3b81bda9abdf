"""The bound on concurrent calls: who gets a place, and how it follows what the far side can take."""

from __future__ import annotations

import asyncio

from wxauto_mgt.core.platforms.adaptive_limit import AdaptiveLimit


async def took_place(limit: AdaptiveLimit) -> int:
    token = await limit.acquire()
    assert token is not None
    return token


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_places_are_given_first_come_first_served() -> None:
    limit = AdaptiveLimit(1)
    token = await took_place(limit)
    order: list[str] = []

    async def wait(name: str) -> None:
        mine = await took_place(limit)
        order.append(name)
        limit.release(mine, overload=None)

    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(wait(name))
        await settle()
        assert (limit.in_flight, limit.waiting) == (1, 3)
        limit.release(token, overload=None)
    assert order == ["a", "b", "c"]
    assert (limit.in_flight, limit.waiting) == (0, 0)


async def test_overload_halves_the_bound_once_for_all_calls_under_way() -> None:
    limit = AdaptiveLimit(8)
    tokens = [await took_place(limit) for _ in range(8)]
    for token in tokens:
        limit.release(token, overload=True)
    assert limit.bound == 4
    limit.release(await took_place(limit), overload=True)
    assert limit.bound == 2


async def test_the_bound_never_falls_below_one_and_grows_back_to_its_maximum() -> None:
    limit = AdaptiveLimit(4)
    for _ in range(10):
        limit.release(await took_place(limit), overload=True)
    assert limit.bound == 1
    needed = 0
    while limit.bound < 4:
        limit.release(await took_place(limit), overload=False)
        needed += 1
        assert needed < 20
    for _ in range(50):
        limit.release(await took_place(limit), overload=False)
    assert limit.bound == 4


async def test_other_failures_say_nothing_about_load() -> None:
    limit = AdaptiveLimit(4)
    limit.release(await took_place(limit), overload=None)
    assert limit.bound == 4


async def test_a_cancelled_waiter_loses_no_place() -> None:
    limit = AdaptiveLimit(1)
    token = await took_place(limit)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(limit.acquire())
        await settle()
        waiting.cancel()
    limit.release(token, overload=None)
    assert limit.in_flight == 0


async def test_a_waiter_cancelled_while_it_is_handed_a_place_passes_it_on() -> None:
    limit = AdaptiveLimit(1)
    token = await took_place(limit)
    async with asyncio.TaskGroup() as group:
        unlucky = group.create_task(limit.acquire())
        lucky = group.create_task(limit.acquire())
        await settle()
        limit.release(token, overload=None)
        unlucky.cancel()
        assert await lucky is not None
    assert limit.in_flight == 1


async def test_those_who_wait_can_be_sent_away() -> None:
    limit = AdaptiveLimit(1)
    await took_place(limit)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(limit.acquire())
        await settle()
        limit.send_away()
    assert waiting.result() is None
    assert limit.in_flight == 1
