"""The main channel: order, destructiveness, guessing by badges, what switching does to it."""

from __future__ import annotations

import pytest

from tests.simulator.conftest import HandClock
from wxauto_mgt.simulator import SimulatorConfig, World
from wxauto_mgt.simulator.world import FILE_TRANSFER


def _world(clock: HandClock, **settings: object) -> World:
    world = World(SimulatorConfig(**settings), monotonic=clock)  # type: ignore[arg-type]
    assert world.initialize()
    return world


def _read(world: World) -> tuple[str, list[object]] | None:
    batch = world.next_new()
    return None if batch is None else (batch[0], [row["content"] for row in batch[1]])


def _drain(world: World) -> dict[str, list[object]]:
    texts: dict[str, list[object]] = {}
    while (batch := _read(world)) is not None:
        texts.setdefault(batch[0], []).extend(batch[1])
    return texts


def test_one_chat_per_call_and_each_row_once(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="一")
    world.receive("张三", text="二")
    world.receive("测试群", "李四", "三")

    assert _read(world) == ("测试群", ["三"]), "the session list from the top"
    assert _read(world) == ("张三", ["一", "二"])
    assert _read(world) is None


def test_the_chat_on_show_comes_before_the_session_list(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="一")
    assert _read(world) == ("张三", ["一"])
    world.receive("张三", text="二")
    world.receive("李四", text="三")

    assert _read(world) == ("张三", ["二"])
    assert _read(world) == ("李四", ["三"])


def test_messages_from_before_initialisation_wait_as_badges(clock: HandClock) -> None:
    world = World(SimulatorConfig(), monotonic=clock)
    world.receive("张三", text="早")

    assert world.next_new() is None
    world.initialize()
    assert _read(world) == ("张三", ["早"])


def test_a_trailing_count_is_cut_from_the_key_and_the_name_then_fails(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("产品群 (12)", "小王", "新品")

    assert _read(world) == ("产品群", ["新品"])


def test_a_repeated_last_text_brings_older_rows_again_under_new_ids(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="在吗")
    first = world.next_new()
    world.receive("李四", text="切走")
    world.next_new()
    world.receive("张三", text="价格多少")
    world.receive("张三", text="在吗")

    again = world.next_new()

    assert first is not None
    assert again is not None
    assert [row["content"] for row in again[1]] == ["在吗", "价格多少", "在吗"]
    assert first[1][0]["id"] not in [row["id"] for row in again[1]]


def test_without_replays_a_repeated_text_comes_once(clock: HandClock) -> None:
    world = _world(clock, replays=False)
    for _ in range(2):
        world.receive("张三", text="在吗")
        assert _read(world) == ("张三", ["在吗"])
        world.receive("李四", text="切走")
        assert _read(world) == ("李四", ["切走"])


def test_a_replay_on_demand_adds_old_rows_to_the_next_read(clock: HandClock) -> None:
    world = _world(clock)
    for text in ("一", "二", "三"):
        world.receive("张三", text=text)
    _drain(world)

    world.replay("张三", 2)
    world.receive("张三", text="四")

    assert _read(world) == ("张三", ["二", "三", "四"])
    assert _read(world) is None


def test_a_replay_of_the_watched_chat_loses_nothing(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="一")
    _drain(world)
    world.receive("张三", text="二")

    world.replay("张三", 1)

    assert _drain(world) == {"张三": ["一", "二"]}


def test_a_redraw_renames_rows_and_may_hand_old_ids_to_others(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="一")
    first = world.next_new()
    world.redraw("张三", reuse_ids=True)
    world.receive("张三", text="二")
    second = world.next_new()

    assert first is not None
    assert second is not None
    assert [row["content"] for row in second[1]] == ["二"]
    assert second[1][0]["id"] == first[1][0]["id"]


def test_own_rows_show_only_while_the_chat_is_remembered(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("李四", text="问")
    assert _read(world) == ("李四", ["问"])
    world.send_main("李四", ["回答一句"], (), "r")
    assert _read(world) == ("李四", ["回答一句"])

    world.receive("张三", text="别的")
    assert _read(world) == ("张三", ["别的"])
    world.send_main("李四", ["没有回音"], (), "r")
    assert _read(world) is None


def test_rows_of_a_chat_left_before_they_were_read_are_not_lost_by_default(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("李四", text="一")
    _drain(world)
    world.receive("李四", text="二")
    world.open_chat("张三")
    world.add_chat("张三")
    world.open_chat("张三")
    world.receive("张三", text="三")

    assert _drain(world) == {"张三": ["三"], "李四": ["二"]}


def test_a_focused_chat_may_lose_rows_for_the_main_channel(clock: HandClock) -> None:
    world = _world(clock, main_loses_focused=True)
    world.add_chat("张三")
    world.open_chat("张三")
    world.receive("张三", text="没有人看见")

    assert _read(world) is None


def test_system_rows_come_along_with_messages(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("测试群", "张三", "一")
    _drain(world)
    world.receive("李四", text="切走")
    _drain(world)
    world.add_notice("测试群", '"王五"加入了群聊')
    world.receive("测试群", "王五", "大家好")

    batch = world.next_new()

    assert batch is not None
    assert [(row["type"], row["sender"], row["content"]) for row in batch[1]] == [
        ("base", "system", '"王五"加入了群聊'),
        ("text", "王五", "大家好"),
    ]


def test_many_unread_rows_come_behind_a_divider(clock: HandClock) -> None:
    world = _world(clock, divider_from=3)
    for text in ("一", "二", "三"):
        world.receive("张三", text=text)

    batch = world.next_new()

    assert batch is not None
    assert [row["content"] for row in batch[1]] == ["以下为新消息", "一", "二", "三"]
    assert (batch[1][0]["type"], batch[1][0]["sender"]) == ("base", "system")


def test_a_long_pause_puts_a_time_row_first(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="早")
    _drain(world)
    clock.advance(3600)
    world.receive("张三", text="中午好")

    batch = world.next_new()

    assert batch is not None
    mark, row = batch[1]
    assert (mark["type"], mark["sender"], mark["time"]) == ("base", "system", "2026-11-22 10:00:00")
    assert (row["content"], row["time"]) == ("中午好", "")


def test_a_library_error_looks_like_no_news_and_takes_nothing(clock: HandClock) -> None:
    world = _world(clock)
    world.receive("张三", text="一")
    world.failures.loudly("next_new")

    assert _read(world) is None
    assert _read(world) == ("张三", ["一"])


@pytest.mark.parametrize("count", [1000])
def test_old_rows_are_let_go_but_never_unread_ones(clock: HandClock, count: int) -> None:
    world = _world(clock)
    for number in range(count):
        world.receive("张三", text=f"第{number}条")
    assert _read(world) == ("张三", ["以下为新消息", *(f"第{number}条" for number in range(count))])

    world.open_chat(FILE_TRANSFER)
    for number in range(count, 2 * count):
        world.receive("张三", text=f"第{number}条")
        world.forget_news("张三")
    chat = world.chats.get("张三")
    assert chat is not None
    assert len(chat.rows) < 1000
