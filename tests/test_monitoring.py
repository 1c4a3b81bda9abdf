"""The monitoring of a whole console: what is measured, alerts, health, logs, notices.

Runs under pytest, and as a plain script: `python tests/test_monitoring.py` says what it does, exits 0 or 1.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.contract_fields import ALERT, METRICS
from tests.core.notifications.receivers import Receiver, running
from tests.plain_script import Step, run_steps
from tests.running_console import console, data
from tests.waiting import eventually
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Edit, Put
from wxauto_mgt.runtime.clock import SystemClock

METRIC = {"name", "type", "value", "labels", "timestamp", "description"}
MEASURED = METRICS | {"api_active_tokens"}
DESCRIPTION = {"average", "max", "min", "median", "std_dev", "p50", "p95", "p99", "samples", "trend"}
WORDS = "磁盘快满了，请尽快清理"


async def put(application: Application, *edits: Edit) -> None:
    await application.config.apply(list(edits), who="test")


async def hurry(application: Application) -> None:
    """Intervals short enough for a test."""
    at_once = {"evaluation_interval_s": 0.05, "group_wait_s": 0, "group_interval_s": 0}
    await put(
        application,
        Put("settings", "alerts", at_once),
        Put("settings", "notifications", {"retry_base_s": 0.01}),
        Put("settings", "listening", {"poll_interval_s": 0.05, "probe_interval_s": 0.05}),
    )


async def put_webhook(application: Application, receiver: Receiver) -> None:
    channel: dict[str, JSON] = {
        "id": "ops",
        "name": "值班",
        "type": "webhook",
        "language": "zh_CN",
        "config": {"webhook_url": receiver.url},
    }
    await put(application, Put("channel", "ops", channel))


async def until(call: Callable[[], Awaitable[Any]]) -> Any:
    """The call's first answer that is not empty."""
    return await eventually(call, timeout_s=20)


async def has_all(application: Application) -> bool:
    """Whether each metric has a value, after one more sample."""
    await application.sampler.sample()
    return {found["name"] for found in await data(monitor_api.get_metric_names())} >= MEASURED


async def judged() -> dict[str, Any]:
    """The health report once it has a score."""
    found: dict[str, Any] = await data(monitor_api.get_health_report())
    return found if found["health_score"] is not None else {}


async def found_by(words: str) -> list[dict[str, Any]]:
    """Errors in the log that hold these words."""
    found: list[dict[str, Any]] = (await data(monitor_api.search_logs(q=words, level="ERROR")))["logs"]
    return found


async def sent_by(channel: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await data(monitor_api.get_notifications(state="sent"))
    return [record for record in found if record["channel"] == channel]


async def test_what_is_measured_has_its_names(tmp_path: Path) -> None:
    async with console(tmp_path, {}, demo=True) as application:
        await hurry(application)

        await until(lambda: has_all(application))
        latest = await data(monitor_api.get_latest_metric("system_memory_usage"))
        assert set(latest) == METRIC
        assert 0 < latest["value"] <= 100
        assert (latest["type"], latest["labels"]) == ("gauge", {})
        history = await monitor_api.get_metric_history("system_cpu_usage", 600)
        assert history["count"] == len(await data(monitor_api.get_metric_history("system_cpu_usage", 600)))
        targets = await data(monitor_api.get_metric_history("api_requests_total"))
        assert {"target": "instance:demo", "direction": "out"} in [found["labels"] for found in targets]
        assert (await monitor_api.get_latest_metric("nobody_measures_this"))["data"] is None


async def test_a_business_metric_is_an_alert_a_notice_taken_over_and_resolved(tmp_path: Path) -> None:
    async with running(Receiver(SystemClock())) as receiver, console(tmp_path, {}) as application:
        await hurry(application)
        await put_webhook(application, receiver)
        rule = await data(monitor_api.add_alert_rule("active_users", 100, level="critical"))
        kept = await data(monitor_api.record_business_metric("active_users", 150, {"group": "客服"}))
        assert (kept["value"], kept["labels"], kept["type"]) == (150.0, {"group": "客服"}, "gauge")
        [alert] = await data(monitor_api.get_active_alerts())  # no wait: it was evaluated with the value
        assert set(alert) >= ALERT
        assert (alert["rule"], alert["state"], alert["current_value"]) == (rule["id"], "firing", 150.0)
        assert (alert["title"], alert["message"]) == ("active_users 告警", "active_users 超过阈值")

        await eventually(lambda: receiver.received)
        told = receiver.received[0].document
        assert (told["title"], told["level"]) == ("【严重】active_users 告警", "critical")
        taken = await data(monitor_api.acknowledge_alert(alert["id"], owner="小李", note="在处理"))
        assert taken["acknowledged"]["owner"] == "小李"

        await data(monitor_api.record_business_metric("active_users", 20, {"group": "客服"}))
        assert await data(monitor_api.get_active_alerts()) == []
        await eventually(lambda: len(receiver.received) == 2)
        assert receiver.received[1].document["kind"] == "resolved"
        [ended] = await data(monitor_api.get_alert_history(hours=1))
        assert (ended["state"], ended["resolved"], ended["id"]) == ("ok", True, alert["id"])


@pytest.mark.expects_log("fails: instance_connect_failed")
async def test_health_tells_a_dead_instance_by_its_deductions(tmp_path: Path) -> None:
    async with console(tmp_path, {}) as application:
        await hurry(application)
        assert (await data(monitor_api.get_health_report()))["health_score"] is None  # nothing to judge
        instance: dict[str, JSON] = {
            "id": "pc1",
            "name": "本机",
            "base_url": "http://127.0.0.1:9",
            "api_key": "k",
        }
        await put(application, Put("instance", "pc1", instance))
        report = await until(judged)
        assert report["overall_status"] == "critical"
        lost = {part["part"]: part["points"] for part in report["deductions"]}
        assert lost["api_clients"] == 30.0
        assert report["health_score"] == round(100 - sum(lost.values()), 1)
        [clients] = [part for part in report["deductions"] if part["part"] == "api_clients"]
        assert clients["evidence"] == ["pc1"]
        assert clients["measured_at"].endswith("+00:00")
        assert [(one["instance_id"], one["connected"]) for one in report["api_clients"]] == [("pc1", False)]
        [error, *_] = await data(monitor_api.get_recent_errors(10))
        assert error["instance_id"] == "pc1"


@pytest.mark.expects_log(WORDS)
async def test_logs_are_searched_in_chinese_and_counted(tmp_path: Path) -> None:
    async with console(tmp_path, {}):
        logging.getLogger("wxauto_mgt.core.alerting").error(WORDS, extra={"instance_id": "pc1"})
        await until(lambda: found_by("快满"))  # within a second of its writing
        for words in ("盘", "磁盘", "快满了 清理", "PC1"):
            [record] = await found_by(words)
            assert (record["message"], record["category"]) == (WORDS, "ALERT")
            assert record["instance_id"] == "pc1"
        assert await found_by("磁带") == []
        first = await data(monitor_api.search_logs(limit=1))
        second = await data(monitor_api.search_logs(limit=1, cursor=first["next_cursor"]))
        assert first["logs"] != second["logs"]
        counted = await data(monitor_api.get_log_statistics(hours=1))
        assert counted["levels"]["ERROR"] == counted["categories"]["ALERT"] == 1
        assert sum(hour["levels"].get("ERROR", 0) for hour in counted["trend"]) == 1


async def test_dashboard_analysis_and_report(tmp_path: Path) -> None:
    async with console(tmp_path, {"LANG": "zh_CN.UTF-8"}) as application:
        for _ in range(3):
            await application.sampler.sample()
        dashboard = await data(monitor_api.get_dashboard_data())
        assert set(dashboard) == {"system_status", "active_alerts", "recent_metrics", "performance_summary"}
        assert set(dashboard["system_status"]) == {"cpu_usage", "memory_usage", "disk_usage", "timestamp"}
        recent = dashboard["recent_metrics"]
        assert set(recent) == {"system_cpu_usage", "system_memory_usage", "app_memory_usage"}
        assert all(0 < len(points) <= 20 for points in recent.values())
        analysis = await data(monitor_api.analyze_performance(600))
        assert set(analysis) >= {"cpu_analysis", "memory_analysis", "network_analysis", "summary"}
        assert set(analysis["memory_analysis"]) == DESCRIPTION
        assert analysis["memory_analysis"]["samples"] >= 3
        assert set(analysis["network_analysis"]) == {"bytes_sent_rate", "bytes_recv_rate"}
        assert set(analysis["summary"]) == {"status", "issues", "recommendations"}
        assert (await data(monitor_api.get_report())).startswith("# ")
        assert "<html" in await data(monitor_api.get_report(format="html", hours=1))


@pytest.mark.expects_log("channel fails")
async def test_a_notice_is_tried_again_after_an_error_of_the_far_side(tmp_path: Path) -> None:
    async with running(Receiver(SystemClock())) as receiver, console(tmp_path, {}) as application:
        await hurry(application)
        await put_webhook(application, receiver)
        receiver.will_answer(500)
        await data(monitor_api.add_alert_rule("queue_length", 10))
        await data(monitor_api.record_business_metric("queue_length", 11))
        await eventually(lambda: len(receiver.received) == 2)
        assert receiver.received[0].document == receiver.received[1].document
        [record] = await until(lambda: sent_by("ops"))
        assert (record["attempts"], record["error"]) == (2, None)
        [ops] = [one for one in await data(monitor_api.get_channels_status()) if one["id"] == "ops"]
        assert (ops["sent_count"], ops["failed_count"], ops["consecutive_failures"]) == (1, 0, 0)


STEPS: tuple[Step, ...] = (
    ("what is measured has its names", test_what_is_measured_has_its_names),
    (
        "a business metric: alert, notice, taken over, resolved",
        test_a_business_metric_is_an_alert_a_notice_taken_over_and_resolved,
    ),
    ("health tells a dead instance", test_health_tells_a_dead_instance_by_its_deductions),
    ("logs are searched in Chinese, and counted", test_logs_are_searched_in_chinese_and_counted),
    ("dashboard, analysis, report", test_dashboard_analysis_and_report),
    ("a notice is tried again after an error", test_a_notice_is_tried_again_after_an_error_of_the_far_side),
)


if __name__ == "__main__":
    raise SystemExit(run_steps(STEPS))
