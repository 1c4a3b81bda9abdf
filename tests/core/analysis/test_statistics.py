"""Figures of a span of values against the standard library and obvious cases."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.analysis.statistics import Trend, describe, rate_per_s, trend
from wxauto_mgt.core.metrics.model import Series

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50)


@given(VALUES)
def test_figures_agree_with_the_standard_library(values: list[float]) -> None:
    figures = describe(values)
    assert figures.samples == len(values)
    assert figures.average == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert (figures.min, figures.max) == (min(values), max(values))
    assert figures.median == statistics.median(values)
    assert figures.std_dev == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-6)
    assert figures.p50 == pytest.approx(statistics.median(values), abs=1e-6)
    quantiles = statistics.quantiles(values, n=100, method="inclusive")
    assert figures.p95 == pytest.approx(quantiles[94], abs=1e-6)
    assert figures.p99 == pytest.approx(quantiles[98], abs=1e-6)


def test_nothing_measured_is_nothing_rather_than_zero() -> None:
    figures = describe([])
    assert figures.average is None
    assert figures.p99 is None
    assert figures.samples == 0
    assert figures.trend is Trend.INSUFFICIENT_DATA


def test_one_value_has_no_spread_and_no_trend() -> None:
    figures = describe([7.0])
    assert (figures.average, figures.std_dev, figures.p99) == (7.0, 0.0, 7.0)
    assert figures.trend is Trend.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([10, 10, 12, 12], Trend.INCREASING),
        ([10, 10, 11, 11], Trend.STABLE),  # exactly a tenth more is not more than a tenth
        ([10, 10, 8, 8], Trend.DECREASING),
        ([10, 10, 9, 9], Trend.STABLE),
        ([10, 12], Trend.INCREASING),
        ([10, 20, 20], Trend.INCREASING),
        ([0, 0, 0, 0], Trend.STABLE),
        ([0, 0, 1, 1], Trend.INCREASING),
        ([-10, -10, -5, -5], Trend.INCREASING),
        ([5], Trend.INSUFFICIENT_DATA),
    ],
)
def test_trend_compares_the_halves(values: list[float], found: Trend) -> None:
    assert trend(values) is found


def test_rate_is_the_rise_between_the_first_and_last_point() -> None:
    assert rate_per_s(Series("bytes", (0, 10, 20), (999, 30, 50))) == 4.0
    assert rate_per_s(Series("bytes", (0,), (5,))) is None
    assert rate_per_s(Series("bytes", (), ())) is None
