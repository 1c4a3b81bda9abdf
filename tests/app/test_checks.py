"""Health checks of a whole console: what it watches by itself, and what an operator adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Put

FAST = [
    Put("settings", "health_checks", {"timeout_s": 2.0}),
    Put("settings", "heartbeat", {"check_interval": 0.1}),
]


def statuses(console: Application) -> dict[str, str]:
    return {name: health.status.value for name, health in console.checks.board.report().services.items()}


def has(console: Application, **expected: str) -> Callable[[], bool]:
    return lambda: statuses(console).items() >= expected.items()


async def test_demo_is_checked_and_its_metrics_show_it(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment={}, demo=True)
    await console.config.apply(
        [*FAST, Put("settings", "metrics", {"sample_interval_s": 0.1})],
        who="test",
    )
    await console.start()
    names = {"main_service", "console_database", "data_disk", "instance:demo", "platform:demo-keyword"}
    healthy = dict.fromkeys(names, "healthy")
    await eventually(has(console, **healthy), timeout_s=30)
    labels = (("service", "instance:demo"),)
    await eventually(lambda: console.metering.registry.latest("check_status", labels), timeout_s=10)
    assert console.checks.board.report().services["instance:demo"].evidence["initialized"] is True
    assert await console.stop() == ()


@pytest.mark.expects_log("page was degraded and is unhealthy")
async def test_an_added_target_is_checked_until_it_is_removed(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment={})
    await console.start()
    page: dict[str, JSON] = {"id": "page", "address": "tcp://127.0.0.1:1", "critical": True}
    below: dict[str, JSON] = {"id": "below", "address": "http://127.0.0.1:1/", "parent": "page"}
    await console.config.apply(
        [*FAST, Put("settings", "health_checks", {"targets": [page, below]})], who="test"
    )
    await eventually(has(console, page="unhealthy", below="unknown"), timeout_s=10)
    report = console.checks.board.report()
    assert report.status.value == "unhealthy"
    await eventually(
        lambda: console.checks.board.report().services["below"].reason_code == "parent_down", timeout_s=10
    )
    await console.config.apply([Put("settings", "health_checks", {"targets": []})], who="test")
    await eventually(lambda: "page" not in statuses(console), timeout_s=10)
    assert await console.stop() == ()
