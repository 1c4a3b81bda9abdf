"""The line with the figures of the hour."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.logs.hourly import HourlyLine
from wxauto_mgt.core.logs.record import Category


async def test_figures_are_logged_once_an_hour(
    fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    line = HourlyLine(clock=fake_clock, figures=lambda: {"app_cpu_usage": 3.5})
    task = asyncio.create_task(line.run(lambda: None))
    await asyncio.sleep(0)
    await fake_clock.advance(3_599)
    assert not caplog.records
    await fake_clock.advance(3_601)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [(r.__dict__["app_cpu_usage"], r.__dict__["category"]) for r in caplog.records] == [
        (3.5, Category.HEALTH)
    ] * 2
