"""Metrics of a whole console: sampled, recorded, read back through the facade, kept over a restart."""

from __future__ import annotations

from pathlib import Path

from tests.contract_fields import METRICS
from tests.environment import FREE_PORT
from tests.running_console import data
from tests.waiting import eventually
from wxauto_mgt.api.monitor_api import monitor_api
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import Put
from wxauto_mgt.core.messages.model import ReplyState, ReplyStateChanged

MEASURED = METRICS | {"messages_per_second", "service_running", "instance_connected", "listeners_active"}


async def test_demo_measures_what_is_promised_and_remembers_it(tmp_path: Path) -> None:
    console = await Application.open(data_dir=tmp_path, environment=FREE_PORT, demo=True)
    await console.config.apply([Put("settings", "metrics", {"sample_interval_s": 0.1})], who="test")
    answered: set[str] = set()
    console.bus.subscribe(ReplyStateChanged, lambda change: answered.add(change.state))
    await console.start()
    await eventually(lambda: set(console.sampler.names()) >= MEASURED, timeout_s=40)
    await data(monitor_api.record_business_metric("active_users", 42, {"page": "shop"}))
    dashboard = await data(monitor_api.get_dashboard_data())
    assert dashboard["system_status"]["cpu_usage"] is not None
    assert dashboard["recent_metrics"]["app_memory_usage"]
    analysis = await data(monitor_api.analyze_performance(600))
    assert analysis["cpu_analysis"]["samples"] > 0
    assert analysis["network_analysis"]["bytes_sent_rate"] >= 0
    await eventually(lambda: ReplyState.CONFIRMED in answered, timeout_s=30)
    path = (await data(monitor_api.analyze_performance(600)))["message_path"]
    assert path["busiest_chats"][0]["instance_id"] == "demo"
    assert "waiting" in {stage["stage"] for stage in path["stages"]}
    targets = {
        record["labels"]["target"]
        for record in await data(monitor_api.get_metric_history("api_requests_total"))
    }
    assert "instance:demo" in targets
    assert await console.stop() == ()

    again = await Application.open(data_dir=tmp_path, environment=FREE_PORT, demo=True)
    await again.start()
    history = await data(monitor_api.get_metric_history("active_users", 3600))
    assert [record["value"] for record in history] == [42]
    assert (await data(monitor_api.get_latest_metric("active_users")))["labels"] == {"page": "shop"}
    assert await again.stop() == ()
