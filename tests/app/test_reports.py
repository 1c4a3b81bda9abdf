"""Health reports of a whole console: asked for through the facade, and sent once a day by a channel."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.notifications.receivers import Receiver, running
from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.runtime.clock import SystemClock


class SetClock(SystemClock):
    """The machine's clock with another wall time."""

    def __init__(self, now: datetime) -> None:
        self._offset = now - datetime.now(UTC)

    def now(self) -> datetime:
        return super().now() + self._offset

    def advance(self, by: timedelta) -> None:
        self._offset += by


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with running(Receiver(SystemClock())) as receiver:
        yield receiver


async def opened(folder: Path, clock: SetClock) -> Application:
    console = await Application.open(data_dir=folder, environment=FREE_PORT, clock=clock)
    await console.start()
    return console


def local(hour: int) -> SetClock:
    return SetClock(datetime(2026, 3, 4, hour, 30).astimezone())


async def test_a_report_is_written_in_each_format(tmp_path: Path) -> None:
    console = await opened(tmp_path, local(12))
    api: Any = console.api
    markdown = await api.get_report()
    assert markdown["success"], markdown
    assert markdown["data"].startswith("# ")
    assert not re.search(r"\b(report|score|check)\.", markdown["data"])
    page = await api.get_report(format="html", hours=1)
    assert page["data"].startswith("<!doctype html>")
    assert (await api.get_report(format="text"))["success"]
    for wrong in ({"format": "pdf"}, {"hours": 0}, {"hours": True}, {"hours": 1e9}):
        assert (await api.get_report(**wrong))["success"] is False
    await console.stop()


async def test_the_daily_report_is_sent_once_a_day_and_by_a_later_run_if_it_was_missed(
    tmp_path: Path, hook: Receiver
) -> None:
    clock = local(8)
    console = await opened(tmp_path, clock)
    edits = [
        Put(
            "channel",
            "hook",
            {
                "id": "hook",
                "type": "webhook",
                "min_level": "critical",
                "config": {"webhook_url": hook.url + hook.path},
            },
        ),
        Put(
            "settings",
            "reports",
            {"daily_enabled": True, "daily_at": "09:00", "channels": ["hook"]},
        ),
    ]
    await console.config.apply(edits, who="test")
    assert await console.reports.send_if_due() is False
    clock.advance(timedelta(hours=1))
    assert await console.reports.send_if_due() is True
    assert await console.reports.send_if_due() is False
    await eventually(lambda: len(hook.received) == 1)
    await console.stop()

    again = await opened(tmp_path, clock)
    await again.reports.send_if_due()
    clock.advance(timedelta(days=1))
    assert await again.reports.send_if_due() is True
    await eventually(lambda: len(hook.received) == 2)
    told = [one.document["notifications"][0]["key"] for one in hook.received]
    assert told == ["daily_report:2026-03-04", "daily_report:2026-03-05"]
    await again.stop()


async def test_a_wrong_time_and_an_unknown_channel_are_refused(tmp_path: Path) -> None:
    console = await opened(tmp_path, local(12))
    wrong: tuple[dict[str, JSON], ...] = ({"daily_at": "25:00"}, {"channels": ["nobody"]})
    for document in wrong:
        with pytest.raises(ConfigError):
            await console.config.apply([Put("settings", "reports", document)], who="test")
    await console.stop()
