"""What notices say: true of the moment they tell about, in both languages."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from wxauto_mgt.core.alerting.evaluator import NoticeKind
from wxauto_mgt.core.alerting.model import Alert, AlertState, Level, labels_of
from wxauto_mgt.core.alerting.notices import notifications_of, params_of
from wxauto_mgt.core.alerting.section import default_rules, words_of
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CPU = next(rule for rule in default_rules() if rule.id == "high_cpu_usage")


def alert(value: float | None = 98.39357, *, chat: str = "", lasted: timedelta = timedelta()) -> Alert:
    title, message = words_of(CPU)
    return Alert(
        id=f"high_cpu_usage:{chat}",
        episode="e",
        rule=CPU.id,
        labels=labels_of({"chat": chat} if chat else {}),
        level=Level.CRITICAL,
        title=title,
        message=message,
        metric_name=CPU.metric_name,
        value=value,
        threshold=95.0,
        state=AlertState.FIRING,
        started_at=NOW - lasted,
    )


def said(alerts: list[Alert], kind: NoticeKind, language: Language = Language.ZH_CN) -> str:
    [notice] = notifications_of([(one, kind) for one in alerts], NOW)
    return Catalogue(language).text(notice.message, **notice.params)


def test_a_value_that_fell_below_the_threshold_of_its_level_is_not_called_above_it() -> None:
    assert said([alert(93.18296)], NoticeKind.FIRING) == "本机 CPU 使用率 93.18%（告警线 95%）"
    in_english = said([alert(93.18296)], NoticeKind.FIRING, Language.EN)
    assert in_english == "CPU usage of this machine is 93.18% (limit 95%)"


def test_the_end_of_an_alert_does_not_repeat_what_was_wrong() -> None:
    over = [alert(40.0, lasted=timedelta(days=1, minutes=2, seconds=3))]
    assert said(over, NoticeKind.RESOLVED) == "告警已解除，持续了 24:02:03"
    assert said(over, NoticeKind.RESOLVED, Language.EN) == "The alert is over; it lasted 24:02:03"


def test_many_alerts_name_the_first_ten_and_count_the_rest_only_when_there_are_any() -> None:
    few = [alert(chat=f"c{number}") for number in range(2)]
    assert said(few, NoticeKind.FIRING) == "涉及：chat=c0; chat=c1"
    many = [alert(chat=f"c{number}") for number in range(12)]
    assert said(many, NoticeKind.FIRING).endswith("chat=c9（另有 2 个）")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (0.0, "0"),
        (0.123456, "0.1235"),
        (98.39357, "98.39"),
        (12345.6, "12345"),
        (-7.5, "-7.5"),
        (math.inf, "inf"),
    ],
)
def test_values_are_shown_as_people_write_them(value: float | None, shown: str) -> None:
    assert params_of(alert(value))["value"] == shown
