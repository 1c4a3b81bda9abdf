"""Formats that other programs parse."""

from __future__ import annotations

import pytest

from wxauto_mgt.api.replies import formatted_uptime


@pytest.mark.parametrize(
    ("uptime_s", "text"),
    [
        (0, "0d 00:00:00"),
        (59.99, "0d 00:00:59"),
        (93_784, "1d 02:03:04"),
        (100 * 86_400 - 1, "99d 23:59:59"),
    ],
)
def test_uptime_reads_as_days_and_clock(uptime_s: float, text: str) -> None:
    assert formatted_uptime(uptime_s) == text
