"""How unusual the newest value is: robust against outliers of the past and against standing still."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.metrics.deviation import LARGEST, VALUES_AT_LEAST, modified_z_score


def noisy() -> list[float]:
    rng = random.Random(7)
    return [rng.gauss(100, 5) for _ in range(360)]


def test_too_few_values_are_not_judged() -> None:
    assert modified_z_score([1.0] * VALUES_AT_LEAST) is None
    assert modified_z_score([1.0] * (VALUES_AT_LEAST + 1)) == 0.0


def test_a_value_of_the_noise_is_usual_and_one_far_outside_is_not() -> None:
    usual = modified_z_score([*noisy(), 103.0])
    unusual = modified_z_score([*noisy(), 150.0])
    assert usual is not None
    assert usual < 1.5
    assert unusual == pytest.approx(10, rel=0.2)  # ten standard deviations


def test_outliers_of_the_past_do_not_hide_the_newest() -> None:
    score = modified_z_score([*noisy(), *[900.0] * 40, 150.0])
    assert score is not None
    assert score > 3.5


def test_what_stood_still_and_moves_is_unusual_and_a_hair_is_not() -> None:
    assert modified_z_score([0.0] * 60 + [5.0]) == LARGEST
    assert modified_z_score([50.0] * 60 + [50.4]) == pytest.approx(0.8)


@given(st.lists(st.floats(-1e9, 1e9), min_size=VALUES_AT_LEAST + 1, max_size=80))
def test_the_score_is_bounded_whatever_comes(values: list[float]) -> None:
    score = modified_z_score(values)
    assert score is not None
    assert 0 <= score <= LARGEST
