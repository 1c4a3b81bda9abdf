"""Which series a rule is about, and what one evaluation says of each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.core.alerting.story import Figures
from tests.fakes.clock import FakeClock
from wxauto_mgt.core.alerting.conditions import Conditions
from wxauto_mgt.core.alerting.evaluator import Verdict
from wxauto_mgt.core.alerting.model import AlertRule, Operator, labels_of

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


@given(of_series=st.lists(LABELS, max_size=8), of_rule=LABELS)
def test_a_rule_is_about_just_the_series_that_have_its_labels(
    of_series: list[dict[str, str]], of_rule: dict[str, str]
) -> None:
    figures = Figures(FakeClock())
    for labels in of_series:
        figures.put("m", 1.0, count=None, **labels)
    rule = AlertRule(id="r", metric_name="m", labels=of_rule, threshold=0.0)
    look = Conditions(source=figures).look(now_s=0.0, stale_after_s=30.0)
    expected = {labels_of(labels) for labels in of_series if of_rule.items() <= labels.items()}
    for _ in range(2):  # a second rule of the same look finds the same
        found = dict(look.evaluate(rule))
        assert set(found) == expected
        assert all(result.verdict is Verdict.BREACH for result in found.values())


def test_an_anomaly_is_compared_by_how_unusual_the_value_is() -> None:
    figures = Figures(FakeClock())
    figures.put("m", 7.0)
    rule = AlertRule(id="r", metric_name="m", operator=Operator.ANOMALY, threshold=3.5)
    conditions = Conditions(source=figures)
    for deviation, verdict in ((None, Verdict.NO_DATA), (3.0, Verdict.CLEAR), (4.0, Verdict.BREACH)):
        figures.deviations["m"] = deviation
        [(_, result)] = conditions.look(now_s=0.0, stale_after_s=30.0).evaluate(rule)
        assert (result.verdict, result.value) == (verdict, deviation)


def test_a_value_that_nobody_measures_again_is_no_data_after_a_while() -> None:
    clock = FakeClock()
    figures = Figures(clock)
    figures.put("m", 1.0)
    figures.frozen_at = clock.now()
    rule = AlertRule(id="r", metric_name="m", threshold=0.0)
    conditions = Conditions(source=figures)
    verdicts = []
    for now_s in (0.0, 30.0, 31.0):
        [(_, result)] = conditions.look(now_s=now_s, stale_after_s=30.0).evaluate(rule)
        verdicts.append(result.verdict)
    assert verdicts == [Verdict.BREACH, Verdict.BREACH, Verdict.NO_DATA]
