"""What alert rules see of the console: metrics of the registry, and its states as figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.core.monitoring.fakes import FakeConsole
from tests.fakes.clock import FakeClock
from wxauto_mgt.app.alerting import WatchedFigures
from wxauto_mgt.core.metrics.calls import CallMetrics
from wxauto_mgt.core.metrics.model import MetricType
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.metrics.requests import request_metrics
from wxauto_mgt.core.monitoring.checks.contract import CheckStatus, ServiceHealth
from wxauto_mgt.core.monitoring.facts import ClientStatus, ServiceState
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.runtime.event_bus import EventBus


class Watched:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.console = FakeConsole(started_at=None)
        self.calls = CallMetrics(clock=clock)
        self.registry = MetricRegistry(clock=clock, bus=EventBus())
        self.services: list[ServiceHealth] = []
        self.figures = WatchedFigures(
            registry=self.registry,
            facts=self.console,
            services=lambda: self.services,
            calls=self.calls,
            clock=clock,
        )

    def values(self, metric: str) -> dict[str, float]:
        return {
            ",".join(value for _, value in reading.labels): reading.value
            for reading in self.figures.readings(metric)
        }


@pytest.fixture
def watched(fake_clock: FakeClock) -> Watched:
    return Watched(fake_clock)


def client(name: str, connected: bool | None, *evidence: Mapping[str, str]) -> ClientStatus:
    return ClientStatus(name, True, connected, 2, None, evidence)


def failure(cause: str) -> Mapping[str, str]:
    return {"kind": "last_failure", "cause": cause}


def test_a_server_that_refuses_is_down_and_one_that_hangs_is_not(watched: Watched) -> None:
    watched.console.client_list = [
        client("fine", True),
        client(
            "off",
            False,
            {"kind": "no_evidence"},
            {"kind": "last_failure", "cause": "instance_connect_failed"},
        ),
        client("hung", False, {"kind": "last_failure", "cause": "instance_timed_out"}),
        client("new", None),
    ]
    assert watched.values("instance_reachable") == {"fine": 1.0, "off": 0.0, "hung": 1.0}
    assert watched.values("instance_connected") == {"fine": 1.0, "off": 0.0, "hung": 0.0}


def test_a_console_that_cannot_write_says_so(watched: Watched) -> None:
    assert watched.values("database_connected") == {"": 1.0}
    watched.console.state = ServiceState(True, False, None, blocked_by="disk_full")
    assert watched.values("database_connected") == {"": 0.0}


def test_calls_are_counted_beside_their_figures(watched: Watched) -> None:
    for number in range(20):
        ok = number >= 2
        watched.calls.record(CallRecord("platform:kw", "/", ok, 3.0, None if ok else "refused"))
    watched.registry.add_collector(lambda: request_metrics(watched.calls))
    watched.registry.collect(watched.clock.now())
    [rate], [time] = (
        watched.figures.readings("api_error_rate"),
        watched.figures.readings("api_response_time_ms"),
    )
    assert (rate.value, rate.count) == (10.0, 20)
    assert (time.value, time.count) == (3000.0, 20)
    assert dict(rate.labels) == {"target": "platform:kw", "direction": "out"}
    assert watched.values("error_rate") == {"": 10.0}


def test_what_nobody_measures_does_not_exist(watched: Watched) -> None:
    assert watched.values("error_rate") == {}
    assert watched.values("redis_connected") == {}


async def test_a_rise_survives_a_counter_that_begins_anew(watched: Watched) -> None:
    for value in (100.0, 150.0, 10.0):
        watched.registry.record("total", value, type_=MetricType.COUNTER)
        await watched.clock.advance(10)
    assert watched.figures.rise_per_s("total", (), 60.0) == pytest.approx(3.0)
    assert watched.figures.rise_per_s("total", (), 15.0) is None


def health(service_id: str, status: str, *, kind: str = "http", **given: Any) -> ServiceHealth:
    return ServiceHealth(service_id, CheckStatus(status), kind=kind, **given)


def test_a_service_works_until_it_is_unhealthy(watched: Watched) -> None:
    watched.services = [
        health("tts", "unhealthy", critical=True),
        health("page", "unhealthy"),
        health("shop", "degraded"),
        health("new", "degraded", consecutive_failures=1),
        health("far", "unknown"),
        health("platform:ai", "healthy", kind="platform"),
    ]
    readings = watched.figures.readings("service_working")
    assert {reading.labels: reading.value for reading in readings} == {
        (("critical", "yes"), ("service", "tts")): 0.0,
        (("critical", "no"), ("service", "page")): 0.0,
        (("critical", "no"), ("service", "shop")): 1.0,
        (("critical", "no"), ("platform", "ai"), ("service", "platform:ai")): 1.0,
    }


def test_what_has_an_alert_rule_of_its_own_is_told_once(watched: Watched) -> None:
    watched.services = [
        health("instance:pc1", "unhealthy", kind="instance"),
        health("console_database", "unhealthy", kind="database"),
        health("data_disk", "unhealthy", kind="disk"),
        health("cache", "unhealthy", kind="redis", consecutive_failures=3),
    ]
    assert watched.figures.readings("service_working") == []


def test_there_is_a_redis_figure_where_a_redis_is_checked(watched: Watched) -> None:
    assert watched.figures.readings("redis_connected") == []
    watched.services = [
        health("cache", "degraded", kind="redis", consecutive_failures=1),
        health("full", "degraded", kind="redis"),
        health("new", "unknown", kind="redis"),
    ]
    assert watched.values("redis_connected") == {"cache": 0.0, "full": 1.0}
