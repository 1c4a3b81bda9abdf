"""The calls about metrics, over a real registry and telemetry database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.api.metric_calls import MetricCalls
from wxauto_mgt.api.replies import JSON
from wxauto_mgt.core.analysis.performance import PerformanceReader
from wxauto_mgt.core.analysis.store import MessagePathStore
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.loop_lag import LoopLag
from wxauto_mgt.core.metrics.model import Sample, SeriesKey
from wxauto_mgt.core.metrics.reader import MetricReader
from wxauto_mgt.core.metrics.readings import HostReader
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.sampler import Sampler
from wxauto_mgt.core.metrics.store import SeriesStore
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

FIGURES = {"average", "max", "min", "median", "std_dev", "p50", "p95", "p99", "samples", "trend"}
ALERT: JSON = {"id": "high_cpu_usage:0"}


class Console:
    """The metrics of one run over a telemetry database."""

    def __init__(self, db: Database, telemetry: Database, folder: Path, clock: FakeClock) -> None:
        self.registry = MetricRegistry(clock=clock, bus=EventBus())
        self.calls = CallMetrics(clock=clock)
        self.sampler = Sampler(
            clock=clock,
            reader=HostReader(data_folder=folder),
            loop_lag=LoopLag(clock=clock),
            registry=self.registry,
            store=SeriesStore(telemetry=telemetry),
        )
        reader = MetricReader(registry=self.registry, sampler=self.sampler)
        self.answers = MetricCalls(
            registry=self.registry,
            reader=reader,
            performance=PerformanceReader(
                reader=reader, calls=self.calls, path=MessagePathStore(db=db), clock=clock
            ),
            active_alerts=self.active_alerts,
            clock=clock,
            texts=Catalogue(Language.EN),
        ).answers()

    async def active_alerts(self) -> list[JSON]:
        return [ALERT]

    async def call(self, method: str, **arguments: JSON) -> Any:
        return (await self.answers[method](**arguments)).data


@pytest.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(
        tmp_path / "telemetry.db", kind="telemetry", synchronous="NORMAL", backup_dir=tmp_path / "backups"
    )
    yield database
    await database.close()


@pytest.fixture
def console(db: Database, telemetry: Database, tmp_path: Path, fake_clock: FakeClock) -> Console:
    return Console(db, telemetry, tmp_path, fake_clock)


async def test_recorded_value_is_read_back_as_a_record(console: Console, fake_clock: FakeClock) -> None:
    recorded = await console.call("record_business_metric", name="active_users", value=12, labels={"a": "1"})
    assert recorded == {
        "name": "active_users",
        "type": "gauge",
        "value": 12.0,
        "labels": {"a": "1"},
        "timestamp": fake_clock.now().isoformat(),
        "description": "",
    }
    assert await console.call("get_latest_metric", name="active_users", labels=None) == recorded
    history = await console.call("get_metric_history", name="active_users", duration=60, labels=None)
    assert history == [recorded]


async def test_history_holds_every_value_of_the_span_in_order(
    console: Console, db: Database, telemetry: Database, tmp_path: Path, fake_clock: FakeClock
) -> None:
    for value in range(5):
        await console.call(
            "record_business_metric", name="visits", value=value, labels={"page": str(value % 2)}
        )
        await fake_clock.advance(10)
    after_restart = Console(db, telemetry, tmp_path, fake_clock)

    async def values(labels: JSON, duration: JSON = 3600) -> list[float]:
        records = await after_restart.call(
            "get_metric_history", name="visits", duration=duration, labels=labels
        )
        return [record["value"] for record in records]

    await console.sampler.flush()
    assert await values(None) == [0, 1, 2, 3, 4]
    reply = await after_restart.answers["get_metric_history"](name="visits", duration=3600, labels=None)
    statistics: Any = {
        figures["labels"]["page"]: figures for figures in cast("Any", reply.beside)["statistics"]
    }
    assert (statistics["0"]["average"], statistics["0"]["samples"], statistics["1"]["max"]) == (2, 3, 3)
    assert set(statistics["0"]) == {"labels", *FIGURES}
    assert await values({"page": "0"}) == [0, 2, 4]
    assert await values(None, duration=25) == [3, 4]
    latest = await after_restart.call("get_latest_metric", name="visits", labels=None)
    assert latest["value"] == 4


async def test_what_is_measured_by_itself_says_what_it_is(console: Console) -> None:
    await console.sampler.sample()
    latest = await console.call("get_latest_metric", name="app_memory_usage", labels=None)
    [record] = await console.call("get_metric_history", name="app_memory_usage", duration=60, labels=None)
    assert latest["description"] == record["description"] != ""
    names: Any = await console.call("get_metric_names")
    assert [one["name"] for one in names if not one["description"]] == []


async def test_metric_nobody_recorded_is_null_and_empty(console: Console) -> None:
    assert await console.call("get_latest_metric", name="nothing", labels=None) is None
    assert await console.call("get_metric_history", name="nothing", duration=60, labels=None) == []


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("record_metric", {"name": "a", "value": "1", "labels": None}),
        ("record_metric", {"name": "a", "value": True, "labels": None}),
        ("record_metric", {"name": 5, "value": 1, "labels": None}),
        ("record_metric", {"name": "a", "value": 1, "labels": ["x"]}),
        ("record_metric", {"name": "a", "value": 1, "labels": {"x": 1}}),
        ("record_metric", {"name": "a", "value": 1, "labels": None, "type": "thermometer"}),
        ("get_metric_history", {"name": "a", "duration": 0, "labels": None}),
        ("get_metric_history", {"name": "a", "duration": float("nan"), "labels": None}),
        ("analyze_performance", {"duration": -1}),
    ],
)
async def test_argument_that_cannot_be_used_is_named(
    console: Console, method: str, arguments: dict[str, JSON]
) -> None:
    with pytest.raises(PermanentError, match="bad_argument"):
        await console.call(method, **arguments)


@pytest.mark.expects_log("are refused")
async def test_value_beyond_all_numbers_is_refused_and_shown(console: Console) -> None:
    with pytest.raises(PermanentError, match="metric_value_not_finite"):
        await console.call("record_metric", name="a", value=10**400, labels=None)
    names = await console.answers["get_metric_names"]()
    refused = names.beside["refused"]
    assert isinstance(refused, dict)
    assert refused["a"]["reason"] == "value_not_finite"  # type: ignore[index,call-overload]


async def test_performance_of_a_busy_machine(console: Console, fake_clock: FakeClock) -> None:
    cpu, sent = SeriesKey("system_cpu_usage"), SeriesKey("system_network_bytes_sent")
    for number in range(10):
        console.registry.record(cpu.name, 90 + number % 2)
        console.registry.record(sent.name, 1_000 * number)
        await fake_clock.advance(10)
    for _ in range(20):
        console.calls.record(CallRecord("platform:ai", "/chat", ok=True, duration_s=3.0))
    analysis = await console.call("analyze_performance", duration=3600)
    assert sorted(analysis) == [
        "cpu_analysis",
        "memory_analysis",
        "message_path",
        "network_analysis",
        "summary",
    ]
    assert analysis["message_path"] == {"stages": [], "busiest_chats": []}
    assert set(analysis["cpu_analysis"]) == FIGURES
    assert (analysis["cpu_analysis"]["average"], analysis["cpu_analysis"]["samples"]) == (90.5, 10)
    assert analysis["memory_analysis"]["trend"] == "insufficient_data"
    assert analysis["summary"]["status"] == "warning"
    assert any("90.5%" in issue for issue in analysis["summary"]["issues"])
    assert any("platform:ai" in advice for advice in analysis["summary"]["recommendations"])


async def test_dashboard_shows_the_machine_alerts_and_recent_points(
    console: Console, fake_clock: FakeClock
) -> None:
    empty = await console.call("get_dashboard_data")
    assert empty["system_status"]["cpu_usage"] is None
    assert empty["performance_summary"]["status"] == "unknown"
    memory = SeriesKey("app_memory_usage")
    console.registry.add_collector(lambda: [Sample(memory, 100.0)])
    for _ in range(30):
        console.registry.collect(fake_clock.now())
        await fake_clock.advance(10)
    await console.sampler.sample()
    data = await console.call("get_dashboard_data")
    assert sorted(data) == ["active_alerts", "performance_summary", "recent_metrics", "system_status"]
    assert data["active_alerts"] == [ALERT]
    assert data["system_status"]["memory_usage"] > 0
    assert len(data["recent_metrics"]["app_memory_usage"]) == 20
    assert sorted(data["performance_summary"]) == ["issues", "recommendations", "status"]
