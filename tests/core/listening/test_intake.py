"""Intake commits a whole reply at once, and each row becomes what it is."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.delivery import Crash, CrashingFaults
from wxauto_mgt.core.listening.intake import Intake, IntakeResult
from wxauto_mgt.core.messages.history.figures import figures_of_run, open_decisions
from wxauto_mgt.core.messages.model import MessagesStored
from wxauto_mgt.core.wire import Channel, ChatRows, Origin, ReadBatch, WireRow
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.storage.database import Database
from wxauto_mgt.storage.times import to_us


def row(
    content: str,
    *,
    sender: str = "张三",
    origin: Origin = Origin.OTHER,
    upstream_id: str = "",
    kind: str = "text",
    remark: str | None = None,
) -> WireRow:
    return WireRow(
        kind=kind,
        content=content,
        sender="self" if origin is Origin.OWN else sender,
        sender_remark=remark,
        upstream_id=upstream_id,
        origin=origin,
        time_text=None,
        raw="{}",
    )


def own(content: str) -> WireRow:
    return row(content, origin=Origin.OWN)


class Desk:
    """One intake over a database, with a clock that each read moves on."""

    def __init__(self, db: Database, clock: FakeClock, run_id: str = "run1") -> None:
        self.db = db
        self.clock = clock
        self.bus = EventBus()
        self.faults = CrashingFaults()
        self.events: list[MessagesStored] = []
        self.answers_suspects = False
        self.bus.subscribe(MessagesStored, self.events.append)
        self.intake = Intake(
            db=db,
            run_id=run_id,
            bus=self.bus,
            faults=self.faults,
            answer_suspected_replays=lambda: self.answers_suspects,
        )

    async def read(
        self, channel: Channel, *rows: WireRow, chat: str = "张三", after_s: float = 1.0
    ) -> IntakeResult:
        await self.clock.advance(after_s)
        now = self.clock.now()
        batch = ReadBatch(
            instance_id="pc1",
            channel=channel,
            chats=(ChatRows(chat, rows),),
            received_at=now,
            requested_at=now - timedelta(milliseconds=100),
        )
        return await self.intake.commit(batch)

    async def main(self, *rows: WireRow, chat: str = "张三", after_s: float = 1.0) -> IntakeResult:
        return await self.read(Channel.MAIN, *rows, chat=chat, after_s=after_s)

    async def window(self, *rows: WireRow, chat: str = "张三", after_s: float = 1.0) -> IntakeResult:
        return await self.read(Channel.WINDOW, *rows, chat=chat, after_s=after_s)

    async def listen(self, who: str, title: str | None = None) -> None:
        await self.clock.advance(1.0)
        at_us = to_us(self.clock.now())

        def job(tx: sqlite3.Connection) -> None:
            tx.execute(
                """
                INSERT INTO listener_state (instance_id, who, kind, title, added_at_us)
                VALUES ('pc1', ?, 'auto', ?, ?)
                """,
                (who, title, at_us),
            )

        await self.db.run(job)

    async def states(self) -> list[tuple[str, str, str | None]]:
        rows = await self.db.fetch_all("SELECT content, state, reason FROM message ORDER BY id")
        return [(r["content"], r["state"], r["reason"]) for r in rows]

    async def queued(self) -> list[str]:
        rows = await self.db.fetch_all("SELECT content FROM message WHERE state = 'queued' ORDER BY id")
        return [r["content"] for r in rows]


@pytest.fixture
def desk(db: Database, fake_clock: FakeClock) -> Desk:
    return Desk(db, fake_clock)


async def test_a_message_is_queued_and_announced_after_its_commit(desk: Desk) -> None:
    result = await desk.main(row("你好"))
    assert await desk.queued() == ["你好"]
    assert result == IntakeResult(stored=1, others=1, chat_ids=(1,))
    assert desk.events == [MessagesStored("pc1", (1,), 1, own_rows=False)]


async def test_rows_that_no_other_person_wrote_never_reach_a_platform(desk: Desk) -> None:
    await desk.main(
        row("10:00", sender="system", origin=Origin.TIME_MARK, kind="base"),
        row("以下为新消息", sender="system", origin=Origin.DIVIDER, kind="base"),
        row("张三撤回了一条消息", sender="system", origin=Origin.SYSTEM, kind="base"),
        row("cannot convert", sender="", origin=Origin.UNKNOWN, kind="error"),
        own("好的"),
    )
    assert await desk.states() == [
        ("10:00", "filtered", "time_row"),
        ("以下为新消息", "filtered", "divider_row"),
        ("张三撤回了一条消息", "filtered", "system_row"),
        ("cannot convert", "filtered", "unreadable_row"),
        ("好的", "filtered", "own_row"),
    ]


async def test_a_person_named_time_is_a_person(desk: Desk) -> None:
    await desk.main(row("hello", sender="Time"), chat="Time")
    assert await desk.queued() == ["hello"]


async def test_a_reply_of_several_chats_is_one_transaction(desk: Desk) -> None:
    batch = ReadBatch(
        instance_id="pc1",
        channel=Channel.MAIN,
        chats=(ChatRows("张三", (row("a"),)), ChatRows("李四", (row("b", sender="李四"),))),
        received_at=desk.clock.now(),
    )
    result = await desk.intake.commit(batch)
    assert result.chat_ids == (1, 2)
    assert await desk.queued() == ["a", "b"]


async def test_a_crash_before_the_commit_stores_nothing_and_after_it_everything(desk: Desk) -> None:
    desk.faults.armed = "intake.before_commit"
    with pytest.raises(Crash):
        await desk.main(row("lost with the process"))
    assert await desk.queued() == []
    desk.faults.armed = "intake.committed"
    with pytest.raises(Crash):
        await desk.main(row("kept"))
    assert await desk.queued() == ["kept"]


async def test_bytes_that_cannot_be_read_are_kept_whole(desk: Desk) -> None:
    batch = ReadBatch(
        instance_id="pc1",
        channel=Channel.WINDOW,
        chats=(),
        received_at=desk.clock.now(),
        unreadable=b"\xff<html>",
        unreadable_reason="instance_answer_cut_off",
    )
    assert (await desk.intake.commit(batch)).unreadable == 1
    kept = await desk.db.fetch_one("SELECT * FROM unreadable_reply")
    assert kept is not None
    assert (kept["body"], kept["reason"], kept["channel"]) == (
        b"\xff<html>",
        "instance_answer_cut_off",
        "window",
    )


async def test_one_element_twice_in_a_reply_is_one_row(desk: Desk) -> None:
    result = await desk.main(
        row("1", upstream_id="42"), row("1", upstream_id="42"), row("1", upstream_id="43")
    )
    assert result.repeated == 1
    assert await desk.queued() == ["1", "1"]


async def test_the_same_text_again_after_our_answer_is_a_new_message(desk: Desk) -> None:
    await desk.main(row("在吗"))
    await desk.main(own("您好"))
    await desk.main(row("在吗"))
    assert await desk.queued() == ["在吗", "在吗"]


async def test_the_same_single_text_again_is_held_since_it_may_be_a_replay(desk: Desk) -> None:
    await desk.main(row("在吗"))
    result = await desk.main(row("在吗"))
    assert result.held == 1
    assert await desk.states() == [("在吗", "queued", None), ("在吗", "held", "suspected_replay")]


async def test_a_setting_says_that_suspected_replays_are_answered(desk: Desk) -> None:
    desk.answers_suspects = True
    await desk.main(row("在吗"))
    await desk.main(row("在吗"))
    assert await desk.queued() == ["在吗", "在吗"]


async def test_older_rows_that_come_again_with_news_behind_them_are_a_replay(desk: Desk) -> None:
    await desk.main(row("在吗"), row("你好"))
    result = await desk.main(row("在吗"), row("你好"), row("忙吗"), row("在吗"))
    assert result.replays == 2
    assert await desk.queued() == ["在吗", "你好", "忙吗", "在吗"]
    assert (await desk.states())[2:4] == [("在吗", "filtered", "replay"), ("你好", "filtered", "replay")]


async def test_repeated_texts_in_one_reply_are_all_answered(desk: Desk) -> None:
    await desk.main(row("1"), row("1"), row("1"))
    assert await desk.queued() == ["1", "1", "1"]


async def test_a_listened_window_may_repeat_a_text_as_often_as_the_person_does(desk: Desk) -> None:
    await desk.listen("张三")
    for _ in range(3):
        await desk.window(row("在吗"))
    assert await desk.queued() == ["在吗", "在吗", "在吗"]


@pytest.mark.parametrize("first", [Channel.MAIN, Channel.WINDOW])
async def test_a_row_that_comes_on_both_channels_is_stored_once(desk: Desk, first: Channel) -> None:
    await desk.listen("张三")
    second = Channel.WINDOW if first is Channel.MAIN else Channel.MAIN
    await desk.read(first, row("你好", upstream_id="1"), row("在吗", upstream_id="2"))
    result = await desk.read(second, row("你好", upstream_id="8"), row("在吗", upstream_id="9"))
    assert (result.stored, result.paired) == (0, 2)
    assert await desk.queued() == ["你好", "在吗"]


async def test_repeats_on_both_channels_are_paired_one_to_one(desk: Desk) -> None:
    await desk.listen("张三")
    await desk.window(row("1"), row("1"))
    await desk.main(row("1"), row("1"))
    await desk.window(row("1"))
    assert await desk.queued() == ["1", "1", "1"]


async def test_a_row_read_before_the_window_was_opened_is_not_paired_with_its_repetition(desk: Desk) -> None:
    await desk.main(row("在吗"))
    await desk.listen("张三")
    await desk.window(row("在吗"))
    assert await desk.queued() == ["在吗", "在吗"]


async def test_a_held_row_that_the_window_brings_too_is_answered_once(desk: Desk) -> None:
    await desk.listen("张三")
    await desk.window(row("在吗"))
    await desk.main(row("在吗"))
    await desk.main(row("在吗"))  # perhaps a replay, perhaps quicker than the window
    await desk.window(row("在吗"))
    assert [state for _, state, _ in await desk.states()] == ["queued", "filtered", "queued"]


async def test_window_rows_that_waited_while_the_console_was_off_still_find_their_twins(
    desk: Desk, db: Database
) -> None:
    await desk.listen("张三")
    await desk.main(row("在吗"))
    later = Desk(db, desk.clock, run_id="run2")
    await later.window(row("在吗"), after_s=3600)
    assert await later.queued() == ["在吗"]


async def test_the_main_name_of_a_chat_leads_to_its_listener_by_the_learned_title(desk: Desk) -> None:
    await desk.listen("wxid_abc", title="客户A (12)")
    await desk.window(row("在吗", sender="客户A"), chat="wxid_abc")
    result = await desk.main(row("在吗", sender="客户A"), chat="客户A")
    assert result.paired == 1


async def test_a_chat_is_a_group_once_somebody_of_another_name_writes_there(desk: Desk) -> None:
    async def kind() -> str:
        found = await desk.db.fetch_one("SELECT kind FROM chat")
        assert found is not None
        return str(found["kind"])

    await desk.main(row("a", sender="产品群"), chat="产品群")
    assert await kind() == "unknown"
    await desk.main(row("b", sender="赵六"), chat="产品群")
    assert await kind() == "group"


async def test_a_friend_with_digits_behind_the_name_makes_no_group(desk: Desk) -> None:
    await desk.main(row("a", sender="Bob (12)"), chat="Bob")
    await desk.listen("wxid_zhang")
    await desk.window(row("a", sender="张三"), chat="wxid_zhang")
    kinds = await desk.db.fetch_all("SELECT DISTINCT kind FROM chat")
    assert [r["kind"] for r in kinds] == ["unknown"]


async def test_rows_without_a_chat_are_held_since_no_answer_would_reach_anybody(desk: Desk) -> None:
    await desk.main(row("在吗"), chat="未知聊天")
    assert await desk.states() == [("在吗", "held", "chat_unknown")]


async def test_figures_of_the_run_follow_the_rows(desk: Desk) -> None:
    await desk.main(row("a"), own("b"))
    await desk.main(row("a"), own("b"), row("c"))
    figures = await figures_of_run(desk.db, "run1")
    assert figures.received == 5
    assert figures.held == 1
    assert figures.others == 3
    assert (await open_decisions(desk.db)).queued == 2
    chat = await desk.db.fetch_one("SELECT message_count, last_message_at_us FROM chat")
    assert chat is not None
    assert (chat["message_count"], chat["last_message_at_us"]) == (3, to_us(desk.clock.now()))


async def test_each_row_has_a_timeline_from_its_arrival(desk: Desk) -> None:
    await desk.main(own("好的"))
    steps = await desk.db.fetch_all("SELECT step, params FROM timeline ORDER BY id")
    assert [tuple(r) for r in steps] == [
        ("received", '{"channel": "main"}'),
        ("filtered", '{"reason": "own_row"}'),
    ]
