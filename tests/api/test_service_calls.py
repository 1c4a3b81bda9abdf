"""The calls about services: what they refuse, and what a maintenance window changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.api.monitor_api import MonitorAPI
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.texts.language import Language

SERVICE = "data_disk"


NONSENSE: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({"ok": "yes"}, "ok"),
    ({"ok": None}, "ok"),
    ({"ok": True, "duration_ms": -1}, "duration_ms"),
    ({"ok": True, "duration_ms": True}, "duration_ms"),
    ({"ok": True, "duration_ms": float("nan")}, "duration_ms"),
    ({"ok": True, "duration_ms": float("inf")}, "duration_ms"),
    ({"ok": True, "duration_ms": 10**400}, "duration_ms"),
    ({"ok": True, "error_type": "timeout"}, "error_type"),
    ({"ok": False, "error_type": ""}, "error_type"),
    ({"ok": False, "error_type": "a\nb"}, "error_type"),
    ({"ok": False, "error_type": "x" * 101}, "error_type"),
    ({"ok": False, "error_type": 5}, "error_type"),
    ({"ok": True, "service": 5}, "service"),
)


async def records(api: MonitorAPI) -> dict[str, dict[str, Any]]:
    found: Any = (await api.get_services())["data"]
    return {one["service"]: one for one in found}


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    opened = await Application.open(data_dir=tmp_path, environment=FREE_PORT, language=Language.EN)
    await opened.start()
    await eventually(lambda: SERVICE in opened.checks.board.names)
    yield opened
    assert await opened.stop() == ()


@pytest.fixture
def api(application: Application) -> MonitorAPI:
    return application.api


async def test_a_service_says_in_words_how_it_is(api: MonitorAPI) -> None:
    record = (await records(api))[SERVICE]
    assert record["status"] in ("unknown", "healthy")
    assert " " in record["message"]
    assert record["description"] == "The disk that holds the data folder"
    assert record["figures"]["success_rate"] is None
    assert record["in_maintenance"] is False


async def test_an_outcome_that_makes_no_sense_is_refused_by_name(api: MonitorAPI) -> None:
    for arguments, named in NONSENSE:
        reply = await api.push_outcome(**{"service": SERVICE, **arguments})
        assert reply["success"] is False
        assert named in str(reply["error"])
    assert all(one["figures"]["total_requests"] == 0 for one in (await records(api)).values())


async def test_days_and_limits_are_numbers_within_bounds(api: MonitorAPI) -> None:
    days: Any
    for days in (0, 91, -1, 1.5, True, "7", None):
        assert (await api.get_service_uptime(SERVICE, days=days))["success"] is False
        if days != 91:
            assert (await api.get_service_history(SERVICE, limit=days))["success"] is False


async def test_bars_are_of_hours_for_a_day_and_of_days_for_more(api: MonitorAPI) -> None:
    for days, bars in ((1, 24), (7, 7), (30, 30), (90, 90)):
        found: Any = (await api.get_service_uptime(SERVICE, days=days))["data"]
        assert (found["days"], len(found["bars"])) == (days, bars)
        assert set(found["windows"]) == {"24h", "7d", "30d", "90d"}


async def test_a_maintenance_window_shows(application: Application, api: MonitorAPI) -> None:
    window: JSON = {
        "name": "all day",
        "start": "00:00",
        "duration_s": 86_400.0,
        "labels": {"service": SERVICE},
    }
    await application.config.apply([Put("settings", "alerts", {"maintenance": [window]})], who="test")
    found = await records(api)
    assert [name for name, one in found.items() if one["in_maintenance"]] == [SERVICE]
