"""The sender lets each reply go out once at most, in order, by the best way that is proved."""

from __future__ import annotations

import asyncio

import pytest

from tests.core.delivery.desk import Desk, rule
from tests.fakes.delivery import (
    MISMATCH,
    REFUSED_CONNECTION,
    SERVER_ERROR,
    TIMED_OUT,
    FakeClient,
    Sent,
    fake_instance,
)
from tests.waiting import eventually
from wxauto_mgt.core.delivery.sender import SENDER
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.settlement import SETTLER
from wxauto_mgt.core.delivery.worker import WORKER
from wxauto_mgt.core.instances.instance import InstanceRemoved
from wxauto_mgt.core.instances.model import SendAnswer, SendOutcome, SendReason
from wxauto_mgt.core.platforms.contract import PlatformReply
from wxauto_mgt.core.wire import Channel

WINDOW_GONE = SendAnswer(SendOutcome.NOT_SENT, SendReason.WINDOW_NOT_LISTENED, retryable=True)


async def test_a_reply_goes_through_the_verified_window_under_its_real_title(desk: Desk) -> None:
    desk.open_platform()
    desk.window("wxid_abc", title="客户A")
    desk.start()
    await desk.receive("在吗", chat="wxid_abc")
    await desk.until_replies("sending")
    await desk.until_sent("re: 在吗")
    assert desk.client.sent == [Sent(Channel.WINDOW, "客户A", "re: 在吗")]
    await desk.echo("re: 在吗", chat="wxid_abc")
    await desk.until_messages("done")
    assert await desk.replies() == [("re: 在吗", "confirmed")]
    assert desk.echoes == ["pc1"]


async def test_without_a_window_it_goes_by_the_main_window_and_stays_unconfirmed(desk: Desk) -> None:
    desk.open_platform()
    desk.start()
    await desk.receive("在吗")
    await desk.until_messages("done")
    assert desk.client.sent == [Sent(Channel.MAIN, "张三", "re: 在吗")]
    assert await desk.replies() == [("re: 在吗", "unconfirmed")]


async def test_an_echo_that_comes_all_the_same_confirms_it(desk: Desk) -> None:
    desk.open_platform()
    desk.start()
    await desk.receive("在吗")
    await desk.until_replies("unconfirmed")
    await desk.echo("re: 在吗")
    await desk.until_replies("confirmed")


async def test_a_window_that_is_being_opened_is_waited_for(desk: Desk) -> None:
    desk.open_platform()
    desk.instances.all()[0].windows.mark_pending("张三")
    desk.start()
    await desk.receive("在吗")
    await desk.until_replies("pending")
    await desk.clock.advance(5.0)
    await asyncio.sleep(0.03)
    assert desk.client.entered == 0
    desk.window()
    await desk.until_sent("re: 在吗")
    assert desk.client.sent[0].channel is Channel.WINDOW


async def test_a_window_that_never_opens_is_not_waited_for_longer_than_fifteen_seconds(desk: Desk) -> None:
    desk.open_platform()
    desk.instances.all()[0].windows.mark_pending("张三")
    desk.start()
    await desk.receive("在吗")
    await desk.until_replies("pending")
    await desk.clock.advance(15.0)
    await desk.until_sent("re: 在吗")
    assert desk.client.sent[0].channel is Channel.MAIN


async def test_the_main_window_is_never_given_a_mention_and_a_window_is(desk: Desk) -> None:
    desk.open_platform()
    desk.rules = (rule(at_sender=True),)
    await desk.receive("hi", "ho", chat="产品群", sender="赵六")
    await desk.db.run(lambda tx: tx.execute("UPDATE chat SET kind = 'group'").rowcount)
    desk.start()
    await desk.until_sent("re: hi", "re: ho")
    desk.window("产品群")
    await desk.receive("hu", chat="产品群", sender="赵六")
    await desk.until_sent("re: hu")
    assert [(sent.channel, sent.at_list) for sent in desk.client.sent] == [
        (Channel.MAIN, ()),
        (Channel.MAIN, ()),
        (Channel.WINDOW, ("赵六",)),
    ]
    await desk.echo("@赵六\u2005re: hu", chat="产品群")
    await desk.until_replies("unconfirmed", "unconfirmed", "confirmed")


@pytest.mark.expects_log("send fails")
async def test_what_was_provably_not_sent_is_tried_again(desk: Desk) -> None:
    desk.open_platform()
    desk.client.answers.append(REFUSED_CONNECTION)
    desk.start()
    await desk.receive("在吗")
    await desk.until_step("retry_planned")
    assert await desk.replies() == [("re: 在吗", "pending")]
    await desk.clock.advance(2.0)
    await desk.until_replies("unconfirmed")
    assert desk.sent == ["re: 在吗"]


@pytest.mark.expects_log("send fails")
async def test_a_spent_budget_fails_the_reply_and_makes_a_dead_letter(desk: Desk) -> None:
    desk.open_platform()
    desk.settings = DeliverySettings(retry_base_s=2, retry_budget_s=5)
    desk.client.answers.extend([REFUSED_CONNECTION] * 9)
    desk.start()
    await desk.receive("在吗")
    for _ in range(8):
        await desk.clock.advance(1.0)
        await asyncio.sleep(0.02)
    await desk.until_messages("dead")
    assert await desk.messages() == [("在吗", "dead", "reply_failed")]
    assert desk.sent == []


@pytest.mark.expects_log("send fails")
async def test_a_lasting_refusal_fails_at_once_and_drops_the_later_parts(desk: Desk) -> None:
    desk.open_platform(lambda request: PlatformReply(("one", "two")))
    desk.client.answers.append(MISMATCH)
    desk.start()
    await desk.receive("在吗")
    await desk.until_replies("failed", "failed")
    await desk.until_messages("dead")
    assert desk.sent == []


@pytest.mark.expects_log("send fails")
async def test_an_unknown_outcome_is_never_sent_again_and_shuts_the_gate(desk: Desk) -> None:
    desk.open_platform()
    desk.client.answers.append(TIMED_OUT)
    desk.start()
    await desk.receive("a", "b")
    await desk.until_replies("unknown", "pending")
    gate = desk.instances.all()[0].gate
    assert gate.shut_for_s > 0
    await asyncio.sleep(0.03)
    assert desk.client.entered == 1
    await desk.clock.advance(61.0)
    await desk.until_replies("unknown", "unconfirmed")
    assert desk.sent == ["re: a", "re: b"]
    assert (await desk.messages())[0][1] == "done"


@pytest.mark.expects_log("send fails")
async def test_a_late_echo_settles_an_unknown_reply(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.client.answers.append(SERVER_ERROR)
    desk.start()
    await desk.receive("a")
    await desk.until_replies("unknown")
    await desk.echo("re: a")
    await desk.until_replies("confirmed")


@pytest.mark.expects_log("send fails")
async def test_a_window_that_is_gone_makes_the_next_attempt_take_the_main_window(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.client.answers.append(WINDOW_GONE)
    desk.start()
    await desk.receive("a")
    await desk.until_step("retry_planned")
    await desk.clock.advance(2.0)
    await desk.until_replies("unconfirmed")
    assert [(sent.channel, sent.really) for sent in desk.client.sent] == [
        (Channel.WINDOW, False),
        (Channel.MAIN, True),
    ]


async def test_sending_is_committed_before_the_first_byte_and_the_next_waits_for_the_answer(
    desk: Desk,
) -> None:
    desk.open_platform()
    desk.client.hold = asyncio.Event()
    desk.start()
    await desk.receive("a", "b")
    await desk.until_replies("sending", "pending")
    assert desk.client.entered == 1
    desk.client.hold.set()
    await desk.until_sent("re: a", "re: b")


async def test_the_order_of_a_chat_is_kept_over_many_messages(desk: Desk) -> None:
    desk.open_platform(lambda request: PlatformReply((f"{request.content}.1", f"{request.content}.2")))
    desk.window()
    desk.start()
    await desk.receive(*"abcdef")
    await desk.until_sent("f.1", "f.2")
    assert desk.sent == [f"{letter}.{part}" for letter in "abcdef" for part in (1, 2)]


async def test_nothing_is_sent_while_listening_is_paused(desk: Desk) -> None:
    desk.open_platform()
    desk.is_paused = True
    desk.start()
    await desk.receive("a")
    await desk.until_replies("pending")
    await asyncio.sleep(0.03)
    assert desk.client.entered == 0
    desk.is_paused = False
    await desk.until_replies("unconfirmed")


async def test_a_reply_waits_for_its_time_and_not_in_the_loop(desk: Desk) -> None:
    desk.open_platform(
        lambda request: PlatformReply((request.content,), delay_s=3 * (request.chat == "张三"))
    )
    desk.start()
    await desk.receive("late")
    await desk.receive("soon", chat="李四")
    await desk.until_sent("soon")
    assert desk.sent == ["soon"]
    await desk.clock.advance(3.0)
    await desk.until_sent("late")


async def test_an_answer_that_comes_after_its_echo_changes_nothing(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.client.hold = asyncio.Event()
    desk.start()
    await desk.receive("a")
    await eventually(lambda: desk.client.entered == 1)
    await desk.echo("re: a")
    await desk.until_replies("confirmed")
    desk.client.hold.set()
    await desk.until_step("send_accepted")
    assert await desk.replies() == [("re: a", "confirmed")]
    await desk.until_messages("done")


async def test_an_own_row_from_before_the_send_is_no_echo(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    await desk.echo("re: a")
    desk.start()
    await desk.receive("a")
    await desk.until_replies("sending")
    await desk.clock.advance(16.0)
    await desk.until_replies("unconfirmed")


async def test_one_own_row_settles_one_reply_first_in_first_out(desk: Desk) -> None:
    desk.open_platform(lambda request: PlatformReply(("好的",)))
    desk.window()
    desk.start()
    await desk.receive("a", "b")
    await desk.until_sent("好的", "好的")
    await desk.echo("好的")
    await desk.until_replies("confirmed", "sending")
    await desk.echo(" 好的\n")
    await desk.until_replies("confirmed", "confirmed")


async def test_a_missing_echo_is_given_up_in_time_and_the_message_is_done(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.start()
    await desk.receive("a")
    await desk.until_step("send_accepted")
    assert await desk.messages() == [("a", "delivering", None)]
    await desk.clock.advance(15.0)
    await desk.until_messages("done")
    assert await desk.replies() == [("re: a", "unconfirmed")]


async def test_replies_of_an_instance_out_of_use_become_dead_letters(desk: Desk) -> None:
    desk.open_platform()
    desk.instances.remove("pc1")
    desk.start()
    await desk.receive("a")
    await desk.until_replies("pending")
    await desk.clock.advance(121.0)
    await desk.until_messages("dead")
    detail = await desk.browser.detail(1)
    assert detail is not None
    assert detail.replies[0].reason == "instance_out_of_use"


async def test_a_lane_follows_its_instance_and_loses_no_reply(desk: Desk) -> None:
    desk.open_platform()
    desk.start()
    await desk.receive("a")
    await desk.until_replies("unconfirmed")
    successor = fake_instance("pc1", desk.client, desk.clock)
    desk.instances.replace(successor)
    await desk.receive("b")
    await desk.until_replies("unconfirmed", "unconfirmed")
    lanes = [loop.name for loop in desk.supervisor.loops() if loop.name.startswith(f"{SENDER}:")]
    assert lanes == [f"{SENDER}:pc1"]


async def test_nothing_goes_through_an_instance_from_the_moment_of_its_replacement(desk: Desk) -> None:
    desk.open_platform()
    desk.sender._scan_interval_s = 60.0  # only what is told counts
    desk.start()
    await desk.receive("a")
    await desk.until_replies("unconfirmed")
    before = desk.instances.all()[0]
    client = FakeClient()
    desk.instances.replace(fake_instance("pc1", client, desk.clock))
    await desk.receive("b")
    await desk.until_replies("unconfirmed", "pending")
    await asyncio.sleep(0.03)
    assert desk.sent == ["re: a"]
    desk.bus.publish(InstanceRemoved(before))
    await desk.until_replies("unconfirmed", "unconfirmed")
    assert [sent.text for sent in client.sent] == ["re: b"]


async def test_a_drain_waits_for_the_send_under_way_also_when_others_went_before(desk: Desk) -> None:
    desk.open_platform()
    desk.start()
    await desk.receive("a")
    await desk.until_replies("unconfirmed")
    desk.client.hold = asyncio.Event()
    await desk.receive("b", "c")
    await desk.until_replies("unconfirmed", "sending", "pending")
    async with asyncio.TaskGroup() as group:
        draining = group.create_task(desk.sender.drain(3.0))
        await asyncio.sleep(0.03)
        assert not draining.done()
        desk.client.hold.set()
    assert draining.result() == 0
    assert [state for _, state in await desk.replies()] == ["unconfirmed", "unconfirmed", "pending"]


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_an_edit_of_the_instance_lets_the_send_under_way_end(desk: Desk, is_replaced: bool) -> None:
    desk.open_platform()
    desk.client.hold = asyncio.Event()
    desk.start()
    await desk.receive("a", "b")
    await desk.until_replies("sending", "pending")
    if is_replaced:
        desk.instances.replace(fake_instance("pc1", desk.client, desk.clock))
    else:
        desk.instances.remove("pc1")
    await asyncio.sleep(0.04)  # several looks at the instances
    assert [state for _, state in await desk.replies()] == ["sending", "pending"]
    desk.client.hold.set()
    await desk.until_replies("unconfirmed", "unconfirmed" if is_replaced else "pending")
    assert desk.sent == (["re: a", "re: b"] if is_replaced else ["re: a"])


@pytest.mark.parametrize("point", ["reply.sending_committed", "reply.sent"])
async def test_a_send_without_a_stored_answer_is_unknown_after_a_restart(desk: Desk, point: str) -> None:
    desk.open_platform()
    desk.faults.armed = point
    desk.start(WORKER)
    await desk.receive("a")
    await desk.until_replies("pending")
    crash = asyncio.ensure_future(_first_send(desk))
    with pytest.raises(Exception, match=point):
        await crash
    sent_before = list(desk.sent)
    recovered = await desk.restart(run_id="run2")
    assert recovered.sends_unknown == 1
    desk.start()
    await desk.until_messages("done")
    await asyncio.sleep(0.03)
    assert desk.sent == sent_before
    assert [state for _, state in await desk.replies()] == ["unknown"]


async def _first_send(desk: Desk) -> None:
    lane = desk.sender._make_lane(desk.instances.all()[0])
    await lane.run(lambda: None)


async def test_an_accepted_send_waits_for_its_echo_after_a_restart(desk: Desk) -> None:
    desk.open_platform()
    desk.window()
    desk.start(WORKER, SENDER)
    await desk.receive("a")
    await desk.until_step("send_accepted")
    assert (await desk.restart(run_id="run2")).sends_unknown == 0
    desk.start(SETTLER)
    await desk.echo("re: a")
    await desk.until_replies("confirmed")


async def test_drain_lets_the_send_under_way_finish_and_begins_no_other(desk: Desk) -> None:
    desk.open_platform()
    desk.client.hold = asyncio.Event()
    desk.start()
    await desk.receive("a", "b")
    await eventually(lambda: desk.client.entered == 1)
    draining = asyncio.ensure_future(desk.sender.drain(1.0))
    await asyncio.sleep(0)
    desk.client.hold.set()
    assert await draining == 0
    await asyncio.sleep(0.03)
    assert desk.client.entered == 1
