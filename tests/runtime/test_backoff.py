from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.runtime.backoff import Backoff

RNG = random.Random(1)


def test_delays_grow_up_to_the_cap() -> None:
    backoff = Backoff(base_s=1, cap_s=5, jitter_ratio=0)
    assert [backoff.delay_s(attempt, RNG) for attempt in range(1, 6)] == [1, 2, 4, 5, 5]


def test_a_factor_of_one_keeps_the_pause() -> None:
    backoff = Backoff(base_s=2, cap_s=5, factor=1, jitter_ratio=0)
    assert backoff.delay_s(10_000, RNG) == 2


def test_no_base_means_no_pause() -> None:
    assert Backoff(base_s=0, cap_s=5).delay_s(3, RNG) == 0


def test_jitter_spreads_waiters() -> None:
    backoff = Backoff(base_s=1, cap_s=5)
    assert len({backoff.delay_s(1, RNG) for _ in range(10)}) == 10


@given(
    base_s=st.floats(0.001, 1000),
    cap_s=st.floats(0.001, 10_000),
    factor=st.floats(1, 100),
    jitter_ratio=st.floats(0, 1),
    attempt=st.integers(1, 1_000_000),
)
def test_never_above_the_cap_and_never_negative(
    base_s: float, cap_s: float, factor: float, jitter_ratio: float, attempt: int
) -> None:
    delay_s = Backoff(base_s, cap_s, factor, jitter_ratio).delay_s(attempt, RNG)
    assert 0 <= delay_s <= cap_s
