"""A count over a window is exact but for the width of one bucket."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.metrics.sliding_count import BUCKETS, SlidingCount


async def test_counts_what_happened_within_the_window(fake_clock: FakeClock) -> None:
    count = SlidingCount(clock=fake_clock, window_s=3600)
    count.add()
    count.add(2)
    assert count.total == 3
    await fake_clock.advance(3589)
    assert count.total == 3
    await fake_clock.advance(11)
    assert count.total == 0


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 5)), max_size=40))
def test_never_counts_what_is_older_and_never_misses_what_is_younger_by_a_bucket(
    events: list[tuple[int, int]],
) -> None:
    async def check() -> None:
        clock, window_s = FakeClock(), 720.0
        count = SlidingCount(clock=clock, window_s=window_s)
        happened: list[tuple[float, int]] = []
        for pause_s, number in events:
            await clock.advance(pause_s)
            count.add(number)
            happened.append((clock.monotonic(), number))
            now_s = clock.monotonic()
            at_most = sum(n for at_s, n in happened if at_s > now_s - window_s)
            at_least = sum(n for at_s, n in happened if at_s > now_s - window_s + window_s / BUCKETS)
            assert at_least <= count.total <= at_most

    asyncio.run(check())
