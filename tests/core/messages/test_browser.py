"""People see what is stored, and their decisions do what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.core.delivery.desk import Desk
from tests.fakes.clock import FakeClock
from tests.fakes.delivery import MISMATCH, SERVER_ERROR
from wxauto_mgt.core.delivery.worker import WORKER
from wxauto_mgt.core.messages.browser import DecisionTooLate
from wxauto_mgt.core.messages.history.figures import open_decisions
from wxauto_mgt.core.messages.history.store import MessageFilter
from wxauto_mgt.core.messages.model import MessageState
from wxauto_mgt.core.platforms.contract import PlatformReply, PlatformRequest
from wxauto_mgt.errors import PlatformPermanent
from wxauto_mgt.storage.database import Database


@pytest.fixture
async def desk(db: Database, fake_clock: FakeClock) -> AsyncIterator[Desk]:
    built = Desk(db, fake_clock)
    yield built
    await built.supervisor.stop("")


async def test_pages_go_back_by_key_and_do_not_overlap(desk: Desk) -> None:
    await desk.receive(*(f"m{n}" for n in range(5)))
    first = await desk.browser.page(MessageFilter(), limit=2)
    second = await desk.browser.page(MessageFilter(), before_id=first[-1].message.id, limit=2)
    assert [line.message.content for line in (*first, *second)] == ["m4", "m3", "m2", "m1"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (MessageFilter(chat="李四"), ["b 100%"]),
        (MessageFilter(text="100%"), ["b 100%"]),
        (MessageFilter(text="_"), []),
        (MessageFilter(text="张"), ["own", "a"]),
        (MessageFilter(only_people=True), ["b 100%", "a"]),
        (MessageFilter(states=(MessageState.FILTERED,)), ["own"]),
        (MessageFilter(instance_id="other"), []),
    ],
)
async def test_filters(desk: Desk, shown: MessageFilter, expected: list[str]) -> None:
    await desk.receive("a")
    await desk.echo("own")
    await desk.receive("b 100%", chat="李四")
    assert [line.message.content for line in await desk.browser.page(shown)] == expected


@pytest.mark.expects_log("platform call failed for good")
async def test_a_replayed_dead_letter_asks_the_platform_again_and_names_who_wanted_it(desk: Desk) -> None:
    refusals = [PlatformPermanent("platform_unauthorized")]

    def script(request: PlatformRequest) -> PlatformReply:
        if refusals:
            raise refusals.pop()
        return PlatformReply(("ok",))

    desk.open_platform(script)
    desk.start()
    await desk.receive("a")
    await desk.until_messages("dead")
    await desk.browser.replay(1, who="alice")
    await desk.until_messages("done")
    assert desk.sent == ["ok"]
    detail = await desk.browser.detail(1)
    assert detail is not None
    assert [dict(e.params) for e in detail.timeline if e.step == "replayed"] == [{"who": "alice"}]


@pytest.mark.expects_log("send fails")
async def test_replaying_sends_what_was_not_sent_and_asks_no_platform(desk: Desk) -> None:
    platform = desk.open_platform(lambda request: PlatformReply(("one", "two")))
    desk.client.answers.append(MISMATCH)
    desk.start()
    await desk.receive("a")
    await desk.until_messages("dead")
    await desk.browser.replay(1, who="alice")
    await desk.until_messages("done")
    assert desk.sent == ["one", "two"]
    assert len(platform.asked) == 1


@pytest.mark.expects_log("send fails")
async def test_what_may_have_been_sent_is_not_replayed_unless_a_person_says_it_was_not(desk: Desk) -> None:
    desk.open_platform()
    desk.client.answers.append(SERVER_ERROR)
    desk.start()
    await desk.receive("a")
    await desk.until_messages("done")
    with pytest.raises(DecisionTooLate):
        await desk.browser.replay(1, who="alice")
    await desk.browser.settle_reply(1, was_sent=False, who="alice")
    await desk.until_messages("dead")
    await desk.browser.replay(1, who="alice")
    await desk.until_messages("done")
    assert desk.client.entered == 2


@pytest.mark.expects_log("send fails")
async def test_a_person_can_confirm_an_unknown_reply_once(desk: Desk) -> None:
    desk.open_platform()
    desk.client.answers.append(SERVER_ERROR)
    desk.start()
    await desk.receive("a")
    await desk.until_replies("unknown")
    await desk.browser.settle_reply(1, was_sent=True, who="alice")
    assert await desk.replies() == [("re: a", "confirmed")]
    with pytest.raises(DecisionTooLate):
        await desk.browser.settle_reply(1, was_sent=False, who="bob")


@pytest.mark.expects_log("platform call failed for good")
async def test_a_discarded_dead_letter_stays_dead_and_leaves_the_list(desk: Desk) -> None:
    def refuse(request: PlatformRequest) -> PlatformReply:
        raise PlatformPermanent("platform_unauthorized")

    desk.open_platform(refuse)
    desk.start(WORKER)
    await desk.receive("a")
    await desk.until_messages("dead")
    assert (await open_decisions(desk.db)).dead == 1
    await desk.browser.discard(1, who="alice")
    assert await desk.browser.page(MessageFilter(open_dead_letters=True)) == ()
    assert (await open_decisions(desk.db)).dead == 0
    assert (await desk.messages())[0][1] == "dead"
    with pytest.raises(DecisionTooLate):
        await desk.browser.discard(1, who="alice")


async def test_a_held_message_is_released_or_discarded(desk: Desk) -> None:
    desk.open_platform()
    desk.start(WORKER)
    await desk.receive("a", "b", chat="新消息", channel_is_main=True)
    assert [state for _, state, _ in await desk.messages()] == ["held", "held"]
    await desk.browser.release(1, who="alice")
    await desk.browser.discard(2, who="alice")
    await desk.until_messages("delivering", "filtered")
    with pytest.raises(DecisionTooLate):
        await desk.browser.release(2, who="alice")


async def test_a_message_that_is_not_there_has_no_detail(desk: Desk) -> None:
    assert await desk.browser.detail(99) is None
