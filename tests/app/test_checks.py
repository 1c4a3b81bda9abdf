"""Health checks of a whole console: what it watches by itself, and what an operator adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Delete, Put
from wxauto_mgt.errors import ConfigError

FAST = [
    Put("settings", "health_checks", {"timeout_s": 2.0}),
    Put("settings", "heartbeat", {"check_interval": 0.1}),
]


def statuses(console: Application) -> dict[str, str]:
    return {name: health.status.value for name, health in console.checks.board.report().services.items()}


def has(console: Application, **expected: str) -> Callable[[], bool]:
    return lambda: statuses(console).items() >= expected.items()


async def test_demo_is_checked_and_its_metrics_show_it(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT, demo=True)
    await console.config.apply(
        [*FAST, Put("settings", "metrics", {"sample_interval_s": 0.1})],
        who="test",
    )
    await console.start()
    names = {
        "main_service",
        "message_listener",
        "console_database",
        "data_disk",
        "instance:demo",
        "platform:demo-keyword",
    }
    healthy = dict.fromkeys(names, "healthy")
    await eventually(has(console, **healthy), timeout_s=30)
    labels = (("service", "instance:demo"),)
    await eventually(lambda: console.metering.registry.latest("check_status", labels), timeout_s=10)
    assert console.checks.board.report().services["instance:demo"].evidence["initialized"] is True
    assert await console.stop() == ()


@pytest.mark.expects_log("page was degraded and is unhealthy")
async def test_a_configured_service_is_checked_until_it_is_removed(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT)
    await console.start()
    page: dict[str, JSON] = {
        "name": "page",
        "description": "A page",
        "critical": True,
        "check": {"type": "tcp"},
        "port": 1,
    }
    below: dict[str, JSON] = {
        "name": "below",
        "check": {"type": "http", "url": "http://127.0.0.1:1/"},
        "depends_on": ["page"],
    }
    disk: dict[str, JSON] = {"name": "room", "check": {"type": "resource", "metric": "m", "warn": 1.0}}
    put = [Put("service", str(document["name"]), document) for document in (page, below, disk)]
    await console.config.apply([*FAST, *put], who="test")
    await eventually(has(console, page="unhealthy", below="unknown", room="unknown"), timeout_s=10)
    report = console.checks.board.report()
    assert report.status.value == "unhealthy"
    health = report.services["page"]
    assert (health.kind, health.description) == ("tcp", "A page")
    await eventually(
        lambda: console.checks.board.report().services["below"].reason_code == "parent_down", timeout_s=10
    )
    await console.config.apply([Put("service", "below", {**below, "depends_on": []})], who="test")
    await eventually(has(console, below="degraded"), timeout_s=10)
    assert statuses(console)["page"] == "unhealthy"  # the others are left alone
    with pytest.raises(ConfigError):
        await console.config.apply([Put("service", "below", {**below, "depends_on": ["gone"]})], who="test")
    await console.config.apply([Delete("service", "page")], who="test")
    await eventually(lambda: "page" not in statuses(console), timeout_s=10)
    await console.config.apply(
        [Put("service", "below", {**below, "enabled": False, "depends_on": []})], who="t"
    )
    await eventually(lambda: "below" not in statuses(console), timeout_s=10)
    assert await console.stop() == ()
