"""Prometheus reads our metrics: names, types, escaping, histograms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.api.http.served import Served
from tests.fakes.clock import FakeClock
from wxauto_mgt.api.http.exposition import PREFIX, Exposition
from wxauto_mgt.core.metrics.model import MetricType
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language


def registry_at(clock: FakeClock) -> MetricRegistry:
    return MetricRegistry(clock=clock, bus=EventBus())


def exposed(registry: MetricRegistry, clock: Clock) -> str:
    return Exposition(registry=registry, clock=clock, texts=Catalogue(Language.EN)).text().decode()


def families(registry: MetricRegistry, clock: FakeClock) -> dict[str, tuple[str, dict[Any, float]]]:
    return {
        family.name: (
            family.type,
            {(sample.name, *sorted(sample.labels.items())): sample.value for sample in family.samples},
        )
        for family in text_string_to_metric_families(exposed(registry, clock))
    }


def test_a_recorded_metric_never_hides_a_counter_of_nearly_its_name(fake_clock: FakeClock) -> None:
    registry = registry_at(fake_clock)
    registry.counter("api_requests_total").add(3)
    registry.record("api_requests", 7)
    registry.collect(fake_clock.now())
    lines = exposed(registry, fake_clock).splitlines()
    assert f"{PREFIX}api_requests_total 3.0" in lines
    assert f"{PREFIX}api_requests 7.0" in lines


def test_types_are_right_and_names_are_ours(fake_clock: FakeClock) -> None:
    registry = registry_at(fake_clock)
    registry.counter("messages_received_total").add(3)
    registry.counter("bytes_sent").add(5)
    registry.gauge("health_score").set(80)
    histogram = registry.histogram("wait_ms", {"target": "a"}, bounds=(1.0, 10.0))
    for value in (0.5, 5, 50):
        histogram.observe(value)
    registry.summary("size").observe(4)
    registry.collect(fake_clock.now())
    found = families(registry, fake_clock)
    kind, samples = found[PREFIX + "messages_received"]
    assert kind == "counter"
    assert samples == {(PREFIX + "messages_received_total",): 3}
    assert found[PREFIX + "bytes_sent"][0] == "counter"
    assert found[PREFIX + "health_score"][0] == "gauge"
    kind, samples = found[PREFIX + "wait_ms"]
    assert kind == "histogram"
    buckets = {key: value for key, value in samples.items() if key[0].endswith("_bucket")}
    assert sorted(buckets.values()) == [1, 2, 3]
    assert samples[(PREFIX + "wait_ms_count", ("target", "a"))] == 3
    assert samples[(PREFIX + "wait_ms_sum", ("target", "a"))] == 55.5
    assert found[PREFIX + "size"][0] == "summary"


def test_our_own_metrics_say_what_they_are(fake_clock: FakeClock) -> None:
    registry = registry_at(fake_clock)
    for name in ("health_score", "active_users"):
        registry.record(name, 1)
    registry.record("visits", 1, description="Visitors\nof the page")
    about = {
        family.name.removeprefix(PREFIX): family.documentation
        for family in text_string_to_metric_families(exposed(registry, fake_clock))
    }
    assert about == {
        "health_score": "Health score",
        "active_users": "active_users",
        "visits": "Visitors\nof the page",
    }


def test_any_name_and_label_can_be_read_back(fake_clock: FakeClock) -> None:
    registry = registry_at(fake_clock)
    registry.record("a.b:c", 1, labels={"r.oom": 'say "hi"\\\n好', "__x": "1"})
    registry.record("a_b_c", 2, type_=MetricType.GAUGE)
    found = families(registry, fake_clock)
    assert found[PREFIX + "a_b_c"][1] == {
        (PREFIX + "a_b_c", ("r_oom", 'say "hi"\\\n好'), ("x", "1")): 1,
    }


async def test_a_series_that_ended_is_left_out(fake_clock: FakeClock) -> None:
    registry = registry_at(fake_clock)
    registry.record("old", 1)
    await fake_clock.advance(timedelta(minutes=6).total_seconds())
    registry.record("new", 1)
    assert set(families(registry, fake_clock)) == {PREFIX + "new"}


async def test_the_route_serves_it_with_what_comes_in(served: Served) -> None:
    await served.get("/api/health")
    await served.get("/nothing/that/exists")
    registry = served.application.metering.registry
    registry.collect(served.application.clock.now())
    answer = await served.get("/metrics", token="read")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert all(name.startswith(PREFIX) for name in found)
    incoming = {
        sample.labels["target"]
        for sample in found[PREFIX + "api_requests"].samples
        if sample.labels["direction"] == "in"
    }
    assert incoming >= {"/api/health", "other"}
    assert found[PREFIX + "api_active_tokens"].samples[0].value >= 1
