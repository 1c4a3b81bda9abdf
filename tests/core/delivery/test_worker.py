"""The worker takes each chat's messages in order to their platform and writes the answers down."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.core.delivery.desk import Desk, rule
from tests.waiting import eventually
from wxauto_mgt.core.delivery.retry import next_attempt_at_us
from wxauto_mgt.core.delivery.settings import DeliverySettings
from wxauto_mgt.core.delivery.worker import WORKER
from wxauto_mgt.core.messages.history.store import MessageFilter
from wxauto_mgt.core.platforms.contract import PlatformReply, PlatformRequest, Role, Turn
from wxauto_mgt.core.wire import ErrorCleared, ErrorReport
from wxauto_mgt.errors import PlatformOutcomeUnknown, PlatformPermanent, PlatformTransient

SECOND_US = 1_000_000


async def test_an_answer_becomes_a_reply_and_the_timeline_tells_how(desk: Desk) -> None:
    desk.open_platform()
    desk.start(WORKER)
    await desk.receive("你好")
    await desk.until_replies("pending")
    assert await desk.replies() == [("re: 你好", "pending")]
    assert await desk.steps() == ["received", "matched", "platform_answered"]
    stored = await desk.db.fetch_one("SELECT rule_id, rule_revision, platform_id, answered FROM message")
    assert stored is not None
    assert tuple(stored) == ("r1", 7, "p1", 1)


async def test_messages_that_were_there_before_the_start_are_delivered(desk: Desk) -> None:
    desk.open_platform()
    await desk.receive("a", "b")
    desk.start(WORKER)
    await desk.until_replies("pending", "pending")
    assert [text for text, _ in await desk.replies()] == ["re: a", "re: b"]


async def test_no_rule_means_unmatched_and_a_rule_can_say_ignore(desk: Desk) -> None:
    desk.open_platform()
    desk.rules = (
        rule(id="no", priority=1, chat="广告", action="ignore", platforms=()),
        rule(id="r1", chat="张三"),
    )
    desk.start(WORKER)
    await desk.receive("a", chat="李四")
    await desk.receive("b", chat="广告")
    await desk.until_messages("unmatched", "filtered")
    assert await desk.messages() == [("a", "unmatched", None), ("b", "filtered", "ignored_by_rule")]
    assert (await desk.report())["matched"] == 0


async def test_an_edited_rule_is_in_force_for_the_next_message(desk: Desk) -> None:
    desk.open_platform()
    desk.open_platform(lambda request: PlatformReply(("other",)), platform_id="p2")
    desk.start(WORKER)
    await desk.receive("a")
    await desk.until_replies("pending")
    desk.rules = (rule(platforms=("p2",)),)
    await desk.receive("b")
    await desk.until_replies("pending", "pending")
    assert [text for text, _ in await desk.replies()] == ["re: a", "other"]


async def test_chats_do_not_wait_for_each_other(desk: Desk) -> None:
    slow = desk.open_platform(platform_id="slow")
    slow.hold = asyncio.Event()
    desk.open_platform(platform_id="quick")
    desk.rules = (
        rule(id="s", priority=1, chat="张三", platforms=("slow",)),
        rule(id="q", platforms=("quick",)),
    )
    desk.start(WORKER)
    await desk.receive("a", "b")
    await desk.receive("c", chat="李四")
    await desk.until_messages("delivering", "queued", "delivering")
    await desk.until_replies("pending")
    slow.hold.set()
    await desk.until_replies("pending", "pending", "pending")
    assert [text for text, _ in await desk.replies()] == ["re: c", "re: a", "re: b"]


async def test_an_answer_without_text_ends_the_message(desk: Desk) -> None:
    desk.open_platform(lambda request: PlatformReply(("", "  ")))
    desk.start(WORKER)
    await desk.receive("a")
    await desk.until_messages("done")
    assert await desk.replies() == []
    assert (await desk.report())["delivered"] == 1


async def test_several_texts_are_several_replies_and_only_the_first_mentions(desk: Desk) -> None:
    desk.open_platform(lambda request: PlatformReply(("one", "two"), delay_s=3))
    desk.rules = (rule(at_sender=True, delay_s=2),)
    await desk.receive("hi", chat="产品群", sender="赵六")
    await desk.db.run(lambda tx: tx.execute("UPDATE chat SET kind = 'group'").rowcount)
    desk.start(WORKER)
    await desk.until_replies("pending", "pending")
    rows = await desk.db.fetch_all("SELECT text, at_name, due_at_us - created_at_us AS wait_us FROM reply")
    assert [tuple(r) for r in rows] == [("one", "赵六", 5 * SECOND_US), ("two", None, 5 * SECOND_US)]


async def test_nobody_is_mentioned_while_the_kind_of_the_chat_is_unknown(desk: Desk) -> None:
    desk.open_platform()
    desk.rules = (rule(at_sender=True),)
    desk.start(WORKER)
    await desk.receive("hi")
    await desk.until_replies("pending")
    stored = await desk.db.fetch_one("SELECT at_name FROM reply")
    assert stored is not None
    assert stored["at_name"] is None


async def test_a_transient_failure_is_tried_again_and_the_chat_waits_for_its_head(desk: Desk) -> None:
    failures = [PlatformTransient("platform_unreachable")]

    def script(request: PlatformRequest) -> PlatformReply:
        if failures:
            raise failures.pop()
        return PlatformReply((request.content,))

    platform = desk.open_platform(script)
    desk.start(WORKER)
    await desk.receive("a", "b")
    await eventually(lambda: len(platform.asked) == 1)
    await desk.until_messages("queued", "queued")
    await desk.clock.advance(2.0)
    await desk.until_replies("pending", "pending")
    assert [text for text, _ in await desk.replies()] == ["a", "b"]
    assert await desk.steps() == [
        "received", "matched", "platform_failed", "retry_planned", "platform_answered",
    ]  # fmt: skip


@pytest.mark.expects_log("platform call failed for good")
async def test_a_spent_budget_makes_a_dead_letter_and_the_chat_goes_on(desk: Desk) -> None:
    def script(request: PlatformRequest) -> PlatformReply:
        if request.content == "bad":
            raise PlatformTransient("platform_unreachable")
        return PlatformReply((request.content,))

    desk.open_platform(script)
    desk.settings = DeliverySettings(retry_budget_s=10, retry_base_s=4)
    desk.start(WORKER)
    await desk.receive("bad", "good")
    for _ in range(12):
        await desk.clock.advance(1.0)
        await asyncio.sleep(0.02)
    await desk.until_messages("dead", "delivering")
    assert (await desk.messages())[0] == ("bad", "dead", "platform_unreachable")
    assert [type(error) for error in desk.errors] == [ErrorReport, ErrorCleared]
    dead_letters = await desk.browser.page(MessageFilter(open_dead_letters=True))
    assert [line.message.content for line in dead_letters] == ["bad"]


@pytest.mark.expects_log("platform call failed for good")
async def test_a_permanent_failure_is_a_dead_letter_at_once(desk: Desk) -> None:
    def script(request: PlatformRequest) -> PlatformReply:
        raise PlatformPermanent("platform_unauthorized")

    desk.open_platform(script)
    desk.start(WORKER)
    await desk.receive("a")
    await desk.until_messages("dead")
    assert await desk.messages() == [("a", "dead", "platform_unauthorized")]


@pytest.mark.expects_log("platform call failed for good")
async def test_a_missing_platform_is_waited_for_within_the_budget(desk: Desk) -> None:
    desk.settings = DeliverySettings(retry_budget_s=5, retry_base_s=1)
    desk.start(WORKER)
    await desk.receive("a")
    await desk.until_step("retry_planned")
    desk.open_platform()
    await desk.clock.advance(2.0)
    await desk.until_replies("pending")
    desk.platforms.opened.clear()
    await desk.receive("b")
    for _ in range(8):
        await desk.clock.advance(1.0)
        await asyncio.sleep(0.02)
    await desk.until_messages("delivering", "dead")
    assert (await desk.messages())[1][2] == "platform_missing"


@pytest.mark.expects_log("platform call failed for good")
async def test_a_lost_answer_of_a_platform_that_must_not_be_asked_twice_is_no_retry(desk: Desk) -> None:
    def script(request: PlatformRequest) -> PlatformReply:
        raise PlatformOutcomeUnknown("platform_timed_out")

    platform = desk.open_platform(script, once_only=True)
    desk.start(WORKER)
    await desk.receive("记一笔")
    await desk.until_messages("dead")
    assert (await desk.messages())[0][2] == "platform_outcome_unknown"
    assert len(platform.asked) == 1


async def test_the_attempt_is_stored_before_the_call(desk: Desk) -> None:
    platform = desk.open_platform(once_only=True)
    platform.hold = asyncio.Event()
    desk.start(WORKER)
    await desk.receive("a")
    await eventually(lambda: platform.asked)
    attempt = await desk.db.fetch_one("SELECT is_repeatable, outcome FROM platform_attempt")
    assert attempt is not None
    assert tuple(attempt) == (0, None)
    platform.hold.set()
    await desk.until_replies("pending")


@pytest.mark.parametrize(
    ("once_only", "state", "reason"),
    [(False, "queued", None), (True, "dead", "platform_outcome_unknown")],
)
async def test_a_run_that_died_in_a_call_is_recovered_by_what_a_repetition_would_do(
    desk: Desk, once_only: bool, state: str, reason: str | None
) -> None:
    platform = desk.open_platform(once_only=once_only)
    platform.hold = asyncio.Event()
    desk.start(WORKER)
    await desk.receive("a")
    await eventually(lambda: platform.asked)
    recovered = await desk.restart(run_id="run2")
    assert await desk.messages() == [("a", state, reason)]
    assert (recovered.requeued, recovered.platform_unknown) == ((0, 1) if once_only else (1, 0))
    platform.hold = None
    desk.start(WORKER)
    if not once_only:
        await desk.until_replies("pending")


async def test_a_lane_that_died_is_taken_up_again_by_the_running_worker(desk: Desk) -> None:
    platform = desk.open_platform()
    platform.hold = asyncio.Event()
    desk.start(WORKER)
    await desk.receive("a")
    await eventually(lambda: platform.asked)
    await desk.supervisor.stop(f"{WORKER}:1")
    platform.hold = None
    await desk.until_replies("pending")
    assert "recovered" in await desk.steps()


async def test_drain_finishes_what_is_in_work_and_takes_nothing_new(desk: Desk) -> None:
    platform = desk.open_platform()
    platform.hold = asyncio.Event()
    desk.start(WORKER)
    await desk.receive("a", "b")
    await eventually(lambda: platform.asked)
    platform.hold.set()
    assert await desk.worker.drain(1.0) == 0
    assert [state for _, state, _ in await desk.messages()] == ["delivering", "queued"]


async def test_the_platform_is_given_the_turns_of_the_chat_that_it_wants(desk: Desk) -> None:
    platform = desk.open_platform(turns=3)
    desk.start()
    desk.window()
    for text in ("a", "b", "c"):
        await desk.receive(text)
        await desk.until_sent(f"re: {text}")
        await desk.echo(f"re: {text}")
    await desk.until_messages("done", "done", "done")
    assert platform.asked[2].history == (
        Turn(Role.ASSISTANT, "re: a"),
        Turn(Role.USER, "b"),
        Turn(Role.ASSISTANT, "re: b"),
    )


def test_the_last_attempt_is_made_at_the_end_of_the_budget() -> None:
    settings = DeliverySettings(retry_base_s=2, retry_budget_s=10)
    rng = random.Random(1)

    def at(now_s: int, at_least_s: float = 0) -> int | None:
        return next_attempt_at_us(
            settings,
            attempts=9,
            first_attempt_at_us=0,
            now_us=now_s * SECOND_US,
            rng=rng,
            at_least_s=at_least_s,
        )

    assert at(1) == 10 * SECOND_US
    assert at(10) is None
    assert at(1, at_least_s=20) is None
    asked = at(1, at_least_s=8)
    assert asked is not None
    assert asked >= 9 * SECOND_US
