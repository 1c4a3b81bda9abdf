"""Instruments of four types, records of other programs, and what happens to bad input."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.metrics.model import MetricRecorded, MetricType, Reading, Sample, SeriesKey, label_set
from wxauto_mgt.core.metrics.recent import POINTS_IN_MEMORY
from wxauto_mgt.core.metrics.registry import OVERFLOW, MetricRegistry, SeriesLimits
from wxauto_mgt.errors import PermanentError
from wxauto_mgt.runtime.event_bus import EventBus


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def registry(fake_clock: FakeClock, bus: EventBus) -> MetricRegistry:
    return MetricRegistry(clock=fake_clock, bus=bus, limits=SeriesLimits(per_metric=3, total=40))


def values_of(registry: MetricRegistry, clock: FakeClock) -> dict[tuple[str, str], float]:
    return {
        (sample.key.name, ",".join(f"{k}={v}" for k, v in sample.key.labels)): sample.value
        for sample in registry.collect(clock.now())
    }


def test_four_types_with_labels(registry: MetricRegistry, fake_clock: FakeClock) -> None:
    registry.counter("calls_total", {"target": "a"}).add()
    registry.counter("calls_total", {"target": "a"}).add(2)
    registry.gauge("queue_length").set(7)
    registry.histogram("size", bounds=(1.0, 10.0)).observe(5)
    for value in (1, 2, 3, 4):
        registry.summary("wait_ms").observe(value)
    found = values_of(registry, fake_clock)
    assert found[("calls_total", "target=a")] == 3
    assert found[("queue_length", "")] == 7
    assert [found[("size_bucket", f"le={le}")] for le in ("1", "10", "+Inf")] == [0, 1, 1]
    assert (found[("size_sum", "")], found[("size_count", "")]) == (5, 1)
    assert [found[("wait_ms", f"quantile={q}")] for q in ("0.5", "0.95", "0.99")] == [2, 4, 4]
    assert registry.type_of("calls_total") is MetricType.COUNTER


async def test_summary_forgets_after_five_minutes(registry: MetricRegistry, fake_clock: FakeClock) -> None:
    registry.summary("wait_ms").observe(1)
    await fake_clock.advance(301)
    found = values_of(registry, fake_clock)
    assert ("wait_ms", "quantile=0.5") not in found
    assert found[("wait_ms_count", "")] == 1


def test_gauge_that_was_not_set_is_a_gap(registry: MetricRegistry, fake_clock: FakeClock) -> None:
    gauge = registry.gauge("queue_length")
    assert values_of(registry, fake_clock) == {}
    gauge.set(1)
    gauge.clear()
    assert values_of(registry, fake_clock) == {}


@pytest.mark.expects_log("are refused")
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_refused_and_remembered(
    registry: MetricRegistry, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture, value: float
) -> None:
    gauge = registry.gauge("queue_length")
    gauge.set(3)
    for _ in range(5):
        gauge.set(value)
    registry.add_collector(lambda: [Sample(SeriesKey("broken"), value)])
    assert values_of(registry, fake_clock) == {("queue_length", ""): 3}
    refusal = registry.refusals()["queue_length"]
    assert (refusal.reason_code, refusal.count) == ("value_not_finite", 5)
    assert len([r for r in caplog.records if "queue_length" in r.getMessage()]) == 1
    with pytest.raises(PermanentError, match="metric_value_not_finite"):
        registry.record("active_users", value)


@pytest.mark.expects_log("are refused")
def test_counter_never_falls(registry: MetricRegistry) -> None:
    counter = registry.counter("calls_total")
    counter.add(5)
    counter.add(-1)
    assert counter.total == 5
    assert registry.refusals()["calls_total"].reason_code == "counter_cannot_fall"


@pytest.mark.expects_log("too_many_series")
def test_label_explosion_is_capped_and_said_once(
    registry: MetricRegistry, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(100):
        registry.counter("calls_total", {"user": str(number)}).add()
        registry.gauge("score", {"user": str(number)}).set(number)
    found = values_of(registry, fake_clock)
    counted = {labels: value for (name, labels), value in found.items() if name == "calls_total"}
    assert len(counted) == 4
    assert counted["overflow=true"] == 97
    assert sum(counted.values()) == 100  # no call is lost from the total
    assert len([1 for name, _ in found if name == "score"]) == 3
    assert len([r for r in caplog.records if "calls_total" in r.getMessage()]) == 1
    assert OVERFLOW in registry.label_sets("calls_total")


@pytest.mark.expects_log("too_many_series")
def test_ever_new_names_and_labels_of_records_are_refused(registry: MetricRegistry) -> None:
    def refused(name: str, labels: dict[str, str]) -> bool:
        try:
            registry.record(name, 1, labels=labels)
        except PermanentError as error:
            return error.code == "metric_has_too_many_series"
        return False

    assert sum(refused("visits", {"user": str(number)}) for number in range(20)) == 16
    assert sum(refused(f"metric_{number}", {}) for number in range(60)) == 24
    assert len(registry.names()) == 37
    registry.record("visits", 2, labels={"user": "0"})  # what is known goes on
    assert registry.latest("visits", label_set({"user": "0"})) is not None


def test_texts_that_nothing_can_store_or_repeat_stay_out(registry: MetricRegistry) -> None:
    with pytest.raises(PermanentError, match="metric_labels_invalid"):
        registry.record("visits", 1, labels={"file": "a\udcff"})
    registry.record("visits", 1, labels={"file": "名"}, description="\ud800" + "a" * 1_000_000)
    assert registry.description_of("visits") == "?" + "a" * 499


def test_record_is_a_point_at_once_and_told(
    registry: MetricRegistry, bus: EventBus, fake_clock: FakeClock
) -> None:
    told: list[MetricRecorded] = []
    bus.subscribe(MetricRecorded, told.append)
    record = registry.record("active_users", 12, labels={"b": "2", "a": "1"}, description="Who is there")
    assert record.labels == (("a", "1"), ("b", "2"))
    assert told == [MetricRecorded(record)]
    assert registry.latest("active_users", record.labels) == Reading(12, fake_clock.now())
    assert registry.record_of("active_users", record.labels) == record
    assert registry.latest("active_users") is None
    assert values_of(registry, fake_clock) == {}  # nobody says it again by itself
    assert [sample.value for _, sample in registry.take_points()] == [12]
    assert registry.take_points() == []


@pytest.mark.parametrize("name", ["", "1st", "a b", "数量", "x" * 200, "a;drop"])
def test_name_that_cannot_be_used_is_refused(registry: MetricRegistry, name: str) -> None:
    with pytest.raises(PermanentError, match="metric_name_invalid"):
        registry.record(name, 1)


def test_metric_keeps_its_type(registry: MetricRegistry) -> None:
    registry.record("active_users", 1)
    with pytest.raises(PermanentError, match="metric_type_differs"):
        registry.record("active_users", 1, type_=MetricType.COUNTER)


async def test_window_holds_the_newest_points_in_order(
    registry: MetricRegistry, fake_clock: FakeClock
) -> None:
    began = fake_clock.now()
    gauge = registry.gauge("queue_length")
    for number in range(3 * POINTS_IN_MEMORY):
        gauge.set(number)
        registry.collect(began + timedelta(seconds=number))
    window = registry.window("queue_length", (), began)
    assert POINTS_IN_MEMORY <= len(window.values) <= 2 * POINTS_IN_MEMORY
    assert window.values[-1] == 3 * POINTS_IN_MEMORY - 1
    registry.collect(began)  # the wall clock was set back
    window = registry.window("queue_length", (), began)
    assert list(window.at_s) == sorted(window.at_s)
    assert window.at_s[0] == began.timestamp()
