"""Alerts of a whole console: a recorded value becomes a notice at a receiver, and survives the console."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.contract_fields import ALERT
from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Put

FIRST = datetime(2020, 1, 1, tzinfo=UTC)


class Collector:
    """A webhook's far side."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(json.loads(await request.text()))
        return web.Response()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield collector
    await runner.cleanup()


async def opened(folder: Path) -> Application:
    console = await Application.open(data_dir=folder, environment=FREE_PORT)
    fast = {"evaluation_interval_s": 0.05, "group_wait_s": 0, "group_interval_s": 0}
    await console.config.apply([Put("settings", "alerts", fast)], who="test")
    await console.start()
    return console


def api_of(console: Application) -> Any:
    """The facade; tests look into its replies without asking the type of each part."""
    return console.api


async def test_a_recorded_value_is_an_alert_at_once_and_a_notice_at_the_receiver(
    tmp_path: Path, collector: Collector
) -> None:
    console = await opened(tmp_path)
    channel: dict[str, JSON] = {
        "id": "hook",
        "name": "hook",
        "type": "webhook",
        "config": {"webhook_url": collector.url},
    }
    await console.config.apply([Put("channel", "hook", channel)], who="test")
    added = await api_of(console).add_alert_rule("active_users", 100, level="critical")
    assert added["success"], added

    console.metering.registry.record("active_users", 150.0)
    reply = await api_of(console).get_active_alerts()
    [alert] = reply["data"]
    assert set(alert) >= ALERT
    assert alert["id"].startswith(f"{added['data']['id']}:")
    assert (alert["rule"], alert["level"], alert["state"]) == (added["data"]["id"], "critical", "firing")
    assert (alert["title"], alert["message"]) == ("active_users 告警", "active_users 超过阈值")
    assert (alert["current_value"], alert["threshold"], alert["resolved"]) == (150.0, 100.0, False)
    await eventually(lambda: len(collector.bodies) == 1)

    taken = await api_of(console).acknowledge_alert(alert["id"], owner="li", note="on it")
    assert taken["data"]["acknowledged"]["owner"] == "li"
    await console.stop()

    again = await opened(tmp_path)
    assert [one["acknowledged"]["note"] for one in (await api_of(again).get_active_alerts())["data"]] == [
        "on it"
    ]
    again.metering.registry.record("active_users", 5.0)
    assert (await api_of(again).get_active_alerts())["data"] == []
    await eventually(lambda: len(collector.bodies) == 2)
    history = await api_of(again).get_alert_history(hours=1)
    assert [(one["state"], one["resolved"]) for one in history["data"]] == [("ok", True)]
    assert history["count"] == 1
    await again.stop()


async def test_silences_are_set_listed_and_ended(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    silenced = await api_of(console).silence(rule="high_cpu_usage", duration_s=60, who="li", note="test run")
    assert silenced["success"], silenced
    assert [one["id"] for one in (await api_of(console).get_silences())["data"]] == [silenced["data"]["id"]]
    assert (await api_of(console).end_silence(silenced["data"]["id"]))["success"]
    assert (await api_of(console).get_silences())["data"] == []
    await console.stop()


@pytest.mark.expects_log("fails: instance_connect_failed")
async def test_a_server_that_is_gone_is_an_alert_and_its_wechat_is_not_told_too(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    instance: dict[str, JSON] = {
        "id": "pc1",
        "name": "本机",
        "base_url": "http://127.0.0.1:9",
        "api_key": "k",
    }
    at_once: dict[str, JSON] = {"operator": "lt", "threshold": 1.0, "level": "critical", "for_s": 0.0}
    down = {"id": "instance_down", "metric_name": "instance_reachable", **at_once}
    gone = {"id": "wechat_logged_out", "metric_name": "instance_connected", **at_once}
    edits = [
        Put("settings", "listening", {"probe_interval_s": 0.05}),
        Put("instance", "pc1", instance),
        Put("alert_rule", "instance_down", down),
        Put("alert_rule", "wechat_logged_out", {**gone, "inhibited_by": ["instance_down"]}),
    ]
    await console.config.apply(edits, who="test")

    def found() -> dict[str, str]:
        return {alert.rule: alert.muted_by for alert in console.alerting.engine.active()}

    expected = {"instance_down": "", "wechat_logged_out": "rule:instance_down"}
    await eventually(lambda: expected.items() <= found().items())
    told = [record.notification.key for record in await console.notifications.outbox.history(since=FIRST)]
    assert not [key for key in told if key.startswith("wechat_logged_out")]
    [alert] = [a for a in (await api_of(console).get_active_alerts())["data"] if a["rule"] == "instance_down"]
    assert (alert["labels"], alert["level"]) == ({"instance": "pc1"}, "critical")
    await console.stop()


async def test_a_rule_about_the_log_fires_on_its_records(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    rule: dict[str, JSON] = {
        "id": "db-errors",
        "metric_name": "log_records_total",
        "labels": {"level": "INFO", "category": "CONFIG"},
        "operator": "rate",
        "threshold": 0.0,
        "for_s": 0.0,
    }
    await console.config.apply([Put("alert_rule", "db-errors", rule)], who="test")
    logger = logging.getLogger("wxauto_mgt.core.config")
    for _ in range(2):
        logger.info("one more")
        assert console.logs.flush()
        await console.sampler.sample()
    await console.alerting.engine.evaluate()
    assert "db-errors" in {alert.rule for alert in console.alerting.engine.active()}
    await console.stop()


async def test_what_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    console = await opened(tmp_path)
    refusals = [
        await api_of(console).add_alert_rule("m", 1.0, operator="about"),
        await api_of(console).add_alert_rule("m", 1.0, title="{metric.__class__}"),
        await api_of(console).acknowledge_alert("nothing:0"),
        await api_of(console).silence(rule="no_such_rule"),
        await api_of(console).silence(duration_s=-1),
        await api_of(console).end_silence(7),
        await api_of(console).get_alert_history(hours=0),
    ]
    for reply in refusals:
        assert reply["success"] is False
        assert not str(reply["error"]).startswith("error.")
    await console.stop()
