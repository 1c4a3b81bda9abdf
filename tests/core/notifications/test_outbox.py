"""From a row to a channel: at least once, retried, failed visibly, sent again by a person."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from tests.core.notifications.post_room import Dropped, PostRoom, parsed
from tests.core.notifications.receivers import Receiver
from tests.waiting import eventually
from wxauto_mgt.core.notifications.model import (
    DeliveriesChanged,
    DeliveryState,
    NotificationKind,
    NotificationRouted,
    NotificationsEnqueued,
)
from wxauto_mgt.errors import ChannelPermanent, ChannelTransient, PermanentError, Problem

FAILS = pytest.mark.expects_log("channel fails")


async def test_a_notification_reaches_its_channel_once(room: PostRoom, hook: Receiver) -> None:
    await room.outbox.post(room.notification(instance="pc1"))
    await room.step()
    await room.step(3_600)
    assert [got.document["title"] for got in hook.received] == ["[Warning] CPU 告警"]
    assert hook.received[0].document["message"].splitlines() == [
        "CPU 超过 80",
        "Time: Jan 1, 2026, 12:00:00\u202fAM",
        "Labels: instance=pc1",
    ]
    assert await room.states() == ["sent"]


async def test_what_is_written_with_its_cause_goes_or_stays_with_it(room: PostRoom, hook: Receiver) -> None:
    def job(tx: sqlite3.Connection) -> None:
        room.outbox.enqueue(tx, room.notification())
        raise ValueError("the alert could not be stored")

    with pytest.raises(ValueError, match="could not be stored"):
        await room.db.run(job)
    await room.step()
    assert hook.received == []


async def test_an_event_wakes_the_dispatcher(room: PostRoom, hook: Receiver) -> None:
    seen = asyncio.Event()
    room.bus.subscribe(DeliveriesChanged, lambda _event: seen.set())
    routed: list[tuple[str, ...]] = []
    room.bus.subscribe(NotificationRouted, lambda event: routed.append(event.channel_ids))
    room.supervisor.start("notifications", room.dispatcher.run)
    await room.outbox.post(room.notification())
    async with asyncio.timeout(5):
        await seen.wait()
    assert len(hook.received) == 1
    assert routed == [("hook",)]


@FAILS
async def test_one_send_and_three_retries_then_it_shows_as_failed(room: PostRoom, hook: Receiver) -> None:
    for _ in range(5):
        hook.will_answer(503)
    await room.outbox.post(room.notification())
    await room.step()
    pauses = []
    while await room.states() == ["pending"]:
        before = len(hook.received)
        pause_s = 0
        while len(hook.received) == before:
            pause_s += 1
            await room.step(1)
        pauses.append(pause_s)
    assert len(hook.received) == 4
    assert pauses == sorted(pauses)
    assert 8 <= pauses[0] <= 10
    (record,) = await room.deliveries()
    assert (record.state, record.reason, record.facts) == (
        DeliveryState.FAILED,
        "channel_server_failed",
        {"status": 503},
    )
    await room.step(3_600)
    assert len(hook.received) == 4
    figures = (await room.outbox.figures())["hook"]
    assert (figures.sent, figures.failed, figures.failures_in_row, figures.pending) == (0, 1, 4, 0)


@FAILS
async def test_the_notice_of_the_end_is_retried_too(room: PostRoom, hook: Receiver) -> None:
    hook.will_answer(500)
    await room.outbox.post(room.notification(kind=NotificationKind.RESOLVED))
    await room.step()
    await room.step(10)
    assert [got.document["kind"] for got in hook.received] == ["resolved", "resolved"]
    assert await room.states() == ["sent"]
    figures = (await room.outbox.figures())["hook"]
    assert (figures.sent, figures.failures_in_row, figures.last_error) == (1, 0, "channel_server_failed")


@FAILS
async def test_a_repetition_carries_the_same_key(room: PostRoom, hook: Receiver) -> None:
    hook.will_break_off()
    await room.outbox.post(room.notification())
    await room.step()
    (record,) = await room.deliveries()
    assert record.reason == "channel_connection_lost"
    await room.step(10)
    assert len({got.headers["Idempotency-Key"] for got in hook.received}) == 1
    assert len(hook.received) == 2


@FAILS
async def test_a_refusal_fails_at_once_and_a_person_sends_it_again(room: PostRoom, hook: Receiver) -> None:
    hook.will_answer(404)
    await room.outbox.post(room.notification())
    await room.step()
    (record,) = await room.deliveries()
    assert (record.state, record.reason) == (DeliveryState.FAILED, "channel_refused")
    assert await room.outbox.resend(record.id) == "hook"
    with pytest.raises(PermanentError, match="delivery_not_failed"):
        await room.outbox.resend(record.id)
    await room.step()
    assert await room.states() == ["sent"]
    assert len(hook.received) == 2


@FAILS
async def test_a_redirect_is_not_followed(room: PostRoom, hook: Receiver) -> None:
    hook.will_answer(307, headers={"Location": hook.url})
    await room.outbox.post(room.notification())
    await room.step()
    assert len(hook.received) == 1
    assert [record.reason for record in await room.deliveries()] == ["channel_redirected"]


@FAILS
async def test_retry_after_holds_the_whole_channel(room: PostRoom, hook: Receiver) -> None:
    hook.will_answer(429, headers={"Retry-After": "120"})
    await room.outbox.post(room.notification("a"))
    await room.outbox.post(room.notification("b"))
    await room.step()
    await room.step(119)
    assert len(hook.received) == 1
    await room.step(2)
    assert len(hook.received) == 3
    assert await room.states() == ["sent", "sent"]


@FAILS
async def test_a_clock_that_was_set_back_holds_nothing_for_long(room: PostRoom, hook: Receiver) -> None:
    hook.will_answer(503)
    await room.outbox.post(room.notification())
    await room.step()
    room.clock._start -= timedelta(days=1)
    await room.step(1)
    await room.step(1)
    assert await room.states() == ["sent"]


async def test_a_hung_channel_delays_no_other(room: PostRoom, hook: Receiver) -> None:
    class Hanging:
        async def send(self, *_: object) -> None:
            await asyncio.Event().wait()

    room.add(parsed("slow", "console"))
    await room.registry.close()
    room.registry.start()
    slow = room.registry.require("slow")
    object.__setattr__(slow.channel, "send", Hanging().send)
    await room.outbox.post(room.notification())
    seen = asyncio.Event()
    room.bus.subscribe(DeliveriesChanged, lambda _event: seen.set())
    await room.dispatcher.step()
    async with asyncio.timeout(5):
        await seen.wait()
    assert not room.dispatcher.is_idle
    assert len(hook.received) == 1


POINTS = {
    # where the process dies -> how often the notice arrives in the end
    "notification.claimed": 1,
    "notification.answered": 2,  # the answer was not committed
    "notification.sent_committed": 1,
}


@pytest.mark.expects_log("background work failed")
@pytest.mark.parametrize(("point", "arrivals"), POINTS.items())
async def test_a_kill_at_any_step_loses_nothing(
    room: PostRoom, hook: Receiver, point: str, arrivals: int
) -> None:
    room.trap.at = point
    await room.outbox.post(room.notification())
    await room.step()
    (failure,) = await eventually(lambda: room.failures)
    assert str(failure.error) == point
    next_run = await room.again()
    await next_run.step()
    await next_run.step(60)
    assert len(hook.received) == arrivals
    assert await next_run.states() == ["sent"]
    (record,) = await next_run.deliveries()
    assert record.attempts == 1  # what nobody knows the end of does not use up a try
    await next_run.close()


async def test_a_kill_between_writing_and_routing_loses_nothing(room: PostRoom, hook: Receiver) -> None:
    await room.outbox.post(room.notification("a"))
    next_run = await room.again()
    next_run.trap.at = "notification.routed"
    with pytest.raises(Dropped):
        await next_run.dispatcher.step()
    last_run = await next_run.again()
    await last_run.step()
    assert len(hook.received) == 1
    assert await last_run.states() == ["sent"]
    await last_run.close()


@pytest.mark.expects_log("background work failed")
async def test_a_lane_that_broke_off_is_taken_up_by_the_same_run(room: PostRoom, hook: Receiver) -> None:
    room.trap.at = "notification.claimed"
    await room.outbox.post(room.notification())
    await room.step()
    assert await room.states() == ["sending"]
    await room.step()
    assert await room.states() == ["sent"]
    assert len(hook.received) == 1


async def test_a_stop_lets_the_notice_under_way_end(room: PostRoom, hook: Receiver) -> None:
    await room.outbox.post(room.notification("a"))
    await room.dispatcher.step()
    draining = asyncio.ensure_future(room.dispatcher.drain(5))
    while not draining.done():
        await room.clock.advance(0.02)
    await room.outbox.post(room.notification("b"))
    await room.step()
    assert await room.states() in (["sent", "pending"], ["pending", "pending"])
    assert not [record for record in await room.deliveries() if record.state is DeliveryState.SENDING]


@pytest.mark.expects_log("notices have no channel")
async def test_a_named_channel_that_is_missing_shows_as_failed(room: PostRoom) -> None:
    await room.outbox.post(room.notification(), routes=("gone", "hook"))
    await room.step()
    states = {record.channel_id: record.reason for record in await room.deliveries()}
    assert states == {"gone": "channel_missing", "hook": None}


@pytest.mark.expects_log("notices have no channel")
async def test_a_channel_whose_secret_cannot_be_read_shows_as_failed(room: PostRoom, hook: Receiver) -> None:
    room.unreadable["channel", "hook"] = Problem("channel hook", "config.webhook_url", "secret_unreadable")
    await room.registry.close()
    room.registry.start()
    await room.outbox.post(room.notification())
    await room.step()
    assert hook.received == []
    assert [record.reason for record in await room.deliveries()] == ["channel_unreadable"]


async def test_the_test_button_tells_at_once_and_is_written_down(room: PostRoom, hook: Receiver) -> None:
    await room.test.send("hook", "你好")
    hook.will_answer(403)
    with pytest.raises(ChannelPermanent, match="channel_refused"):
        await room.test.send("hook")
    await room.step(60)
    assert [got.document["kind"] for got in hook.received] == ["test", "test"]
    assert hook.received[0].document["message"].startswith("你好")
    assert await room.states() == ["sent", "failed"]


async def test_an_unsaved_channel_can_be_tested(room: PostRoom, hook: Receiver) -> None:
    await room.test.send_by(parsed("new", "webhook", {"webhook_url": hook.url}))
    with pytest.raises(ChannelTransient, match="channel_unreachable"):
        await room.test.send_by(parsed("new", "webhook", {"webhook_url": "http://127.0.0.1:9/x"}))
    assert len(hook.received) == 1
    assert await room.deliveries() == []


async def test_old_history_expires_and_open_deliveries_stay(room: PostRoom) -> None:
    await room.outbox.post(room.notification("old"))
    await room.step()
    await room.outbox.post(room.notification("open"), routes=())
    await room.clock.advance(timedelta(days=91).total_seconds())
    room.bus.publish(NotificationsEnqueued())
    await room.step()
    assert [record.notification.key for record in await room.deliveries()] == []
    figures = (await room.outbox.figures())["hook"]
    assert figures.sent == 1
