"""The metrics page: series beside each other, gaps as gaps, figures under the plot."""

from __future__ import annotations

import math

import pytest

from tests.ui.stage import FakeHistory, Stage, settle
from wxauto_mgt.core.metrics.model import Series
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.ui.pages.metrics.page import MetricsPage
from wxauto_mgt.ui.pages.metrics.view_model import (
    MOST_SERIES,
    MetricsViewModel,
    Pick,
    per_second,
    relative,
    with_gaps,
)


@pytest.fixture
async def registry(stage: Stage) -> MetricRegistry:
    registry = MetricRegistry(clock=stage.clock, bus=stage.bus)
    for value in (10.0, 20.0, 60.0):
        registry.record("system_cpu_usage", value)
        registry.record("orders", value, labels={"shop": "上海"})
        await stage.clock.advance(10)
    return registry


@pytest.fixture
def view_model(stage: Stage, registry: MetricRegistry) -> MetricsViewModel:
    return MetricsViewModel(
        stage.backstage, catalog=registry, history=FakeHistory(registry), clock=stage.clock
    )


async def test_series_are_offered_by_name_and_labels(view_model: MetricsViewModel) -> None:
    choices = dict(view_model.choices())
    assert choices[Pick("system_cpu_usage")] == "主机 CPU % (system_cpu_usage)"
    assert choices[Pick("orders", (("shop", "上海"),))] == "orders  shop=上海"


async def test_the_figures_of_what_is_shown_stand_under_the_plot(
    stage: Stage, view_model: MetricsViewModel
) -> None:
    page = MetricsPage(stage.desk, view_model)
    view_model.remove(Pick("system_memory_usage"))
    view_model.set_span("10m")
    await settle(lambda: bool(view_model.lines))
    assert page.figures.texts() == [["主机 CPU % (system_cpu_usage)", "60", "10", "30", "60", "56"]]
    page.deleteLater()


async def test_up_to_four_series_are_compared_and_can_be_removed(
    stage: Stage, view_model: MetricsViewModel
) -> None:
    page = MetricsPage(stage.desk, view_model)
    orders = Pick("orders", (("shop", "上海"),))
    assert view_model.add(orders)
    assert view_model.add(Pick("another"))
    assert len(view_model.picks) == MOST_SERIES
    assert not view_model.add(Pick("one_too_many"))
    page.figures.removed.emit(2)
    assert orders not in view_model.picks
    await settle(lambda: len(view_model.lines) == 3)
    page.deleteLater()


async def test_a_zoomed_plot_stays_where_it_is_until_it_is_reset(
    stage: Stage, view_model: MetricsViewModel
) -> None:
    page = MetricsPage(stage.desk, view_model)
    view_model.set_span("10m")
    await settle(lambda: bool(view_model.lines))
    whole = page.plot.seen
    box = page.plot._plot.getViewBox()
    box.setXRange(whole[0] + 100, whole[0] + 200, padding=0)
    box.sigRangeChangedManually.emit([True, False])
    assert page.reset_button.isEnabled()
    view_model.set_relative(is_relative=True)
    assert page.plot.seen[0] == pytest.approx(whole[0] + 100)
    page.reset_button.click()
    assert page.plot.seen[0] == pytest.approx(whole[0])
    assert not page.reset_button.isEnabled()
    page.deleteLater()


def test_a_gap_stays_a_gap() -> None:
    at_s, values = with_gaps(Series("m", (0.0, 10.0, 20.0, 200.0, 210.0), (1.0, 1.0, 1.0, 2.0, 2.0)))
    assert [n for n, value in enumerate(values) if math.isnan(value)] == [3]
    assert 20 < at_s[3] < 200


def test_a_counter_is_shown_as_its_speed_and_a_restart_is_no_fall() -> None:
    rates = per_second(Series("m", (0.0, 10.0, 20.0, 30.0), (100.0, 150.0, 5.0, 25.0)))
    assert (rates.at_s, rates.values) == ((10.0, 30.0), (5.0, 2.0))


def test_shares_keep_gaps_and_cope_with_nothing() -> None:
    assert relative(()) == ()
    assert relative((0.0, 0.0)) == (0.0, 0.0)
    shares = relative((5.0, math.nan, 10.0))
    assert (shares[0], shares[2]) == (50.0, 100.0)
    assert math.isnan(shares[1])
