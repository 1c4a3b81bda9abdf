from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.storage.times import from_us, to_us


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001
def test_every_microsecond_survives_the_table(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    assert from_us(to_us(instant)) == instant


def test_another_zone_is_the_same_instant() -> None:
    shanghai = datetime(2026, 1, 1, 8, 0, tzinfo=timezone(timedelta(hours=8)))
    assert from_us(to_us(shanghai)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert from_us(to_us(shanghai)).tzinfo is UTC


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(TypeError):
        to_us(datetime(2026, 1, 1))  # noqa: DTZ001
