"""Columns come back bit for bit; buckets are what an obvious model says they are."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.metrics.column_codec import (
    pack_floats,
    pack_integers,
    unpack_floats,
    unpack_integers,
)
from wxauto_mgt.core.metrics.rollup import (
    merge_counter,
    merge_gauge,
    pack_counter,
    pack_gauge,
    roll_up_counter,
    roll_up_gauge,
    unpack_counter,
    unpack_gauge,
)

BUCKET_US = 60_000_000
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TENTHS = st.integers(-1_000, 1_000).map(lambda n: n / 10)
COLUMNS = st.one_of(
    st.lists(FINITE, min_size=1, max_size=80),
    st.lists(TENTHS, min_size=1, max_size=400),
    st.lists(st.integers(-(2**53), 2**53).map(float), min_size=1, max_size=80),
    st.lists(st.sampled_from([0.0, -0.0, 1.5]), min_size=1, max_size=80),
)
INSTANTS = st.lists(st.integers(0, 400_000_000), min_size=1, max_size=60)


@given(COLUMNS)
def test_floats_come_back_bit_for_bit(values: list[float]) -> None:
    column = np.array(values, np.float64)
    assert (unpack_floats(pack_floats(column)).view(np.int64) == column.view(np.int64)).all()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=80))
def test_whole_numbers_come_back(values: list[int]) -> None:
    column = np.array(values, np.int64)
    assert (unpack_integers(pack_integers(column)) == column).all()


@pytest.mark.parametrize(
    ("name", "column", "bytes_a_value"),
    [
        ("constant", np.full(360, 5.0), 0.1),
        ("counter that rises steadily", np.arange(360) * 3.0, 0.1),
        ("percentage", np.random.default_rng(1).integers(0, 1000, 360) / 10, 1.7),
        ("resident memory", 150 + np.random.default_rng(1).integers(-99, 99, 360).cumsum() / 256, 1.8),
    ],
)
def test_what_monitoring_measures_becomes_small(name: str, column: np.ndarray, bytes_a_value: float) -> None:
    assert len(pack_floats(column)) / len(column) < bytes_a_value, name


def gauge_model(at_us: list[int], values: list[float]) -> dict[int, list[float]]:
    buckets: dict[int, list[float]] = defaultdict(list)
    for at, value in zip(at_us, values, strict=True):
        buckets[at // BUCKET_US].append(value)
    return buckets


@given(st.data(), st.booleans())
def test_gauge_buckets_are_exact_and_gaps_have_none(data: st.DataObject, decimal: bool) -> None:
    at_us = data.draw(INSTANTS)
    values = data.draw(
        st.lists(TENTHS if decimal else st.floats(-1e9, 1e9), min_size=len(at_us), max_size=len(at_us))
    )
    cuts = sorted({0, len(at_us), *data.draw(st.lists(st.integers(0, len(at_us)), max_size=3))})
    frames = b"".join(
        pack_gauge(roll_up_gauge(np.array(at_us[a:b]), np.array(values[a:b], float), BUCKET_US))
        for a, b in itertools.pairwise(cuts)
    )
    merged = merge_gauge(unpack_gauge(frames))
    model = gauge_model(at_us, values)
    assert merged.numbers.tolist() == sorted(model)
    for i, number in enumerate(sorted(model)):
        of_bucket = model[number]
        assert merged.counts[i] == len(of_bucket)
        assert (merged.lows[i], merged.highs[i]) == (min(of_bucket), max(of_bucket))
        exact = sum(map(Fraction, of_bucket))
        if decimal:
            exact = Fraction(round(exact * 10), 10)
        assert math.isclose(merged.sums[i], exact, rel_tol=1e-12, abs_tol=1e-5 if not decimal else 1e-12)


@given(st.data())
def test_counter_buckets_add_up_to_what_was_counted(data: st.DataObject) -> None:
    """Totals of runs that each begin at zero, cut into pieces as packing cuts them."""
    model: dict[int, int] = defaultdict(int)
    frames, counted = b"", 0
    for _ in range(data.draw(st.integers(1, 3))):
        at_us = data.draw(INSTANTS)
        steps = data.draw(st.lists(st.integers(0, 50), min_size=len(at_us), max_size=len(at_us)))
        totals = np.cumsum(steps).astype(float)
        for at, step in zip(at_us, steps, strict=True):
            model[at // BUCKET_US] += step
        counted += sum(steps)
        cuts = sorted({0, len(at_us), *data.draw(st.lists(st.integers(0, len(at_us)), max_size=3))})
        prior = 0.0
        for a, b in itertools.pairwise(cuts):
            part = roll_up_counter(np.array(at_us[a:b]), totals[a:b], prior, BUCKET_US)
            frames += pack_counter(part)
            prior = float(totals[b - 1])
    merged = merge_counter(unpack_counter(frames))
    assert dict(zip(merged.numbers.tolist(), merged.rises.tolist(), strict=True)) == model
    assert sum(merged.rises) == counted


def test_counter_that_falls_began_anew() -> None:
    buckets = roll_up_counter(np.array([0, 1, 2]), np.array([10.0, 4.0, 6.0]), 7.0, BUCKET_US)
    assert buckets.rises.tolist() == [3.0 + 4.0 + 2.0]
    assert buckets.lasts.tolist() == [6.0]


def test_first_total_of_an_unknown_counter_is_no_rise() -> None:
    buckets = roll_up_counter(np.array([0, 1]), np.array([1e9, 1e9 + 5]), None, BUCKET_US)
    assert buckets.rises.tolist() == [5.0]
