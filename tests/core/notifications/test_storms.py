"""Many notifications at once, hours of the day, budgets, routing: what goes out when, and where."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.core.notifications.post_room import PostRoom, parsed
from tests.core.notifications.receivers import Receiver
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.core.notifications.hours import HoursOfDay
from wxauto_mgt.core.notifications.model import NotificationKind, NotificationLevel
from wxauto_mgt.core.notifications.routing import is_wanted


def hook_with(room: PostRoom, hook: Receiver, **fields: JSON) -> None:
    """Configure the webhook anew; a registry that is open again takes it over."""
    room.add(parsed("hook", "webhook", {"webhook_url": hook.url}, **fields))


async def reopened(room: PostRoom) -> None:
    await room.registry.close()
    room.registry.start()


async def many(room: PostRoom, count: int, **changed: NotificationLevel) -> None:
    def job(tx: object) -> None:
        for number in range(count):
            room.outbox.enqueue(tx, room.notification(f"r:{number}", title=f"告警 {number}", **changed))  # type: ignore[arg-type]

    await room.db.run(job)


async def test_a_storm_becomes_one_notice(room: PostRoom, hook: Receiver) -> None:
    await many(room, 40)
    await many(room, 2, level=NotificationLevel.CRITICAL)
    await room.step()
    (got,) = hook.received
    assert got.document["title"] == "42 notices: Critical 2, Warning 40"
    assert got.document["level"] == "critical"
    assert got.document["count"] == 42
    lines = got.document["message"].splitlines()
    assert lines[0].startswith("• [Warning] 告警 0 (")
    assert "32 more" in lines[5]
    assert len(lines) == 11
    records = await room.deliveries()
    assert {(record.state.value, record.group_size) for record in records} == {("sent", 42)}


async def test_a_long_storm_of_ten_thousand_makes_few_notices(room: PostRoom, hook: Receiver) -> None:
    for _ in range(20):  # a minute of it
        await many(room, 500)
        await room.step(3)
    for _ in range(12):
        await room.step(30)
    assert sum(got.document["count"] for got in hook.received) == 10_000
    assert len(hook.received) <= 10
    assert set(await room.states()) == {"sent"}


@pytest.mark.expects_log("channel fails")
async def test_a_storm_that_was_refused_for_now_is_sent_again_as_one(room: PostRoom, hook: Receiver) -> None:
    hook.will_answer(503)
    await many(room, 20)
    await room.step()
    await room.step(10)
    await room.step(30)
    assert [got.document["count"] for got in hook.received] == [20, 20]


async def test_a_few_go_out_one_by_one_in_order(room: PostRoom, hook: Receiver) -> None:
    await many(room, 5)
    await room.step()
    assert [got.document["title"] for got in hook.received] == [f"[Warning] 告警 {n}" for n in range(5)]


async def test_reports_are_not_grouped(room: PostRoom, hook: Receiver) -> None:
    await room.outbox.post(
        room.notification("daily", kind=NotificationKind.REPORT, title="日报"), routes=("hook",)
    )
    await many(room, 10)
    await room.step()
    await room.step(30)
    assert sorted(got.document["count"] for got in hook.received) == [1, 10]


async def test_a_channel_sends_no_more_than_its_budget(room: PostRoom, hook: Receiver) -> None:
    hook_with(room, hook, rate_limit_per_minute=2)
    await reopened(room)
    await many(room, 5)
    await room.step()
    await room.step(59)
    assert len(hook.received) == 2
    await room.step(2)
    assert len(hook.received) == 4
    await room.step(61)
    assert await room.states() == ["sent"] * 5


async def test_quiet_hours_hold_all_but_the_worst(room: PostRoom, hook: Receiver) -> None:
    hook_with(room, hook, quiet_hours="23:00-01:00")  # it is midnight
    await reopened(room)
    await room.outbox.post(room.notification("a"))
    await room.outbox.post(room.notification("b", level=NotificationLevel.CRITICAL))
    await room.step(59 * 60)
    assert [got.document["level"] for got in hook.received] == ["critical"]
    await room.step(2 * 60)
    assert [got.document["level"] for got in hook.received] == ["critical", "warning"]


@pytest.mark.parametrize(
    ("fields", "is_in"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"min_level": "error"}, False),
        ({"min_level": "info"}, True),
        ({"kinds": ["resolved"]}, False),
        ({"labels": {"instance": "pc1"}}, True),
        ({"labels": {"instance": "pc2, pc1"}}, True),
        ({"labels": {"instance": "pc2"}}, False),
        ({"labels": {"instance": "pc1", "rule": "x"}}, False),
        ({"active_hours": "00:00-08:00"}, True),
        ({"active_hours": "08:00-18:00"}, False),
    ],
)
def test_conditions_of_a_channel(room: PostRoom, fields: dict[str, JSON], is_in: bool) -> None:
    channel = parsed("c", "console", None, **fields)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_wanted(room.notification(instance="pc1"), channel, local=at) is is_in


def test_the_end_of_an_alert_is_told_at_any_hour(room: PostRoom) -> None:
    channel = parsed("c", "console", active_hours="08:00-18:00")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_wanted(room.notification(kind=NotificationKind.RESOLVED), channel, local=at)


@pytest.mark.parametrize(
    ("hours", "clock", "is_in"),
    [
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("22:00-07:00", "21:59", False),
        ("09:00-18:00", "12:00", True),
        ("09:00-18:00", "18:00", False),
    ],
)
def test_hours_of_the_day(hours: str, clock: str, is_in: bool) -> None:
    hour, minute = re.findall(r"\d+", clock)
    span = HoursOfDay.parse(hours)
    assert span is not None
    assert span.contains(datetime(2026, 1, 1, int(hour), int(minute), tzinfo=UTC)) is is_in
