"""Who is kept silent when: maintenance over clock changes, inhibition and grouping against models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxauto_mgt.core.alerting.grouping import Grouping
from wxauto_mgt.core.alerting.model import AlertRule, Labels, labels_of
from wxauto_mgt.core.alerting.silences import MaintenanceWindow, Silence, inhibitor_of

LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")).map(labels_of)


@pytest.mark.parametrize(
    ("at", "is_active"),
    [
        ("2026-03-28T01:29:59+01:00", False),
        ("2026-03-28T01:30:00+01:00", True),
        ("2026-03-28T03:29:59+01:00", True),
        ("2026-03-28T03:30:00+01:00", False),
        # The night in which 02:00 becomes 03:00: two hours of real time end at 04:30.
        ("2026-03-29T01:30:00+01:00", True),
        ("2026-03-29T04:29:59+02:00", True),
        ("2026-03-29T04:30:00+02:00", False),
        # The night in which 03:00 becomes 02:00 again: they end at 02:30, the second one.
        ("2026-10-25T02:29:59+01:00", True),
        ("2026-10-25T02:30:00+01:00", False),
    ],
)
def test_maintenance_lasts_real_time_when_the_clocks_change(at: str, is_active: bool) -> None:
    window = MaintenanceWindow(name="n", start="01:30", duration_s=7200.0, zone="Europe/Berlin")
    assert window.is_active(datetime.fromisoformat(at).astimezone(UTC)) is is_active


def test_maintenance_keeps_to_its_days_and_reaches_into_the_next() -> None:
    window = MaintenanceWindow(
        name="n", start="23:00", duration_s=7200.0, zone="Asia/Shanghai", days=("fri",)
    )
    friday_night = datetime(2026, 1, 2, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert window.is_active(friday_night)
    assert window.is_active(friday_night + timedelta(hours=1))
    assert not window.is_active(friday_night + timedelta(hours=2))
    assert not window.is_active(friday_night - timedelta(days=1))


@given(
    minutes=st.integers(0, 14 * 24 * 60),
    hour=st.integers(0, 23),
    hours=st.integers(1, 100),
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
    days=st.lists(st.sampled_from(["mon", "wed", "sun"]), unique=True).map(tuple),
)
def test_maintenance_is_what_a_calendar_says(
    minutes: int, hour: int, hours: int, zone: str, days: tuple[str, ...]
) -> None:
    # From the sixth of March on: New York changes its clocks on the eighth.
    now = datetime(2026, 3, 6, tzinfo=UTC) + timedelta(minutes=minutes)
    window = MaintenanceWindow(
        name="n", start=f"{hour:02}:00", duration_s=hours * 3600.0, zone=zone, days=days
    )
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    starts = [datetime(2026, 2, 20, hour, tzinfo=ZoneInfo(zone)) + timedelta(days=day) for day in range(40)]
    expected = any(
        start.astimezone(UTC) <= now < start.astimezone(UTC) + timedelta(hours=hours)
        for start in starts
        if not days or names[start.weekday()] in days
    )
    assert window.is_active(now) is expected


def test_a_silence_covers_its_rule_and_labels_while_it_lasts() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    silence = Silence(1, "r", labels_of({"a": "x"}), start, start + timedelta(hours=1), "li", "")
    assert silence.covers("r", labels_of({"a": "x", "b": "y"}))
    assert not silence.covers("r", labels_of({"a": "y"}))
    assert not silence.covers("other", labels_of({"a": "x"}))
    assert silence.is_active(start)
    assert not silence.is_active(start + timedelta(hours=1))


@given(
    labels=LABELS,
    inhibited_by=st.lists(st.sampled_from(["p", "q"]), unique=True).map(tuple),
    open_alerts=st.dictionaries(st.sampled_from(["p", "q", "r"]), st.lists(LABELS, max_size=3)),
)
def test_inhibition_asks_for_agreement_on_common_labels(
    labels: Labels, inhibited_by: tuple[str, ...], open_alerts: dict[str, list[Labels]]
) -> None:
    rule = AlertRule(id="t", metric_name="m", inhibited_by=inhibited_by)
    agreeing = {
        other
        for other, alerts in open_alerts.items()
        for alert in alerts
        if other in inhibited_by
        and not any(name == own and value != theirs for name, value in alert for own, theirs in labels)
    }
    found = inhibitor_of(rule, labels, open_alerts)
    assert (found in agreeing) if agreeing else (found is None)


@given(
    due=st.lists(st.booleans(), max_size=40),
    wait=st.integers(0, 4),
    interval=st.integers(0, 6),
)
def test_a_group_waits_for_others_and_pauses_between_notices(
    due: list[bool], wait: int, interval: int
) -> None:
    grouping = Grouping()
    sent: list[int] = []
    for second, is_due in enumerate(due):
        ready = grouping.ready(["g"] if is_due else [], now_s=second, wait_s=wait, interval_s=interval)
        grouping.told(ready, now_s=second)

        # The obvious model: look back for how long it has been due since the last notice.
        since = second
        while since - 1 >= 0 and due[since - 1] and since - 1 not in sent:
            since -= 1
        is_time = is_due and second - since >= wait and (not sent or second - sent[-1] >= interval)
        assert bool(ready) is is_time
        if is_time:
            sent.append(second)
        next_in = grouping.next_in_s(now_s=second, wait_s=wait, interval_s=interval)
        assert (next_in is not None) is (is_due and not is_time)
