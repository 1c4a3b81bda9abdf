"""From a chat on the desktop to committed rows, with verified windows, on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.core.listening.conftest import ServerMaker
from tests.core.listening.harness import FAST, Rig
from tests.waiting import eventually
from wxauto_mgt.core.config.model import Delete, Put
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import INSTANCE
from wxauto_mgt.core.instances.windows import WindowWay
from wxauto_mgt.core.listening.model import (
    LISTENER,
    ListenerAdded,
    ListenerKind,
    ListenerRemoved,
    listener_id,
)
from wxauto_mgt.core.wire import Channel
from wxauto_mgt.errors import ConfigError
from wxauto_mgt.simulator import Family, SimulatedServer, WindowShape
from wxauto_mgt.storage.database import Database

something_fails = pytest.mark.expects_log("fails: ")


async def fix(rig: Rig, who: str, *, instance: str = "pc1", kind: str = "fixed") -> None:
    document = {"instance": instance, "who": who, "kind": kind}
    await rig.config.apply([Put(LISTENER, listener_id(instance, who), document)], who="test")


async def listening(rig: Rig, server: SimulatedServer) -> Instance:
    instance = rig.registry.get("pc1") or await rig.add_instance(server.base_url)
    await rig.listener.start()
    await eventually(lambda: rig.state().initialized)
    return instance


def active(rig: Rig, *names: str) -> Callable[[], bool]:
    return lambda: all(rig.is_active(who) for who in names)


async def test_a_chat_seen_in_the_main_window_gets_a_verified_window(
    rig: Rig, server: SimulatedServer
) -> None:
    instance = await listening(rig, server)
    server.world.receive("张三", "张三", "在吗")
    await eventually(lambda: rig.intake.texts(channel=Channel.MAIN) == ["在吗"])
    await eventually(active(rig, "张三"))
    status = rig.status("张三")
    assert status is not None
    assert (status.kind, status.title, status.message_count) == (ListenerKind.AUTO, "张三", 1)
    assert instance.windows.route("张三").way is WindowWay.WINDOW

    server.world.receive("张三", "张三", "还在吗")
    await eventually(lambda: "还在吗" in rig.intake.texts(channel=Channel.WINDOW))
    assert server.ui_overlaps == []
    assert rig.errors == []
    assert await rig.listener.stop() == ()


async def test_many_chats_many_messages_nothing_lost(rig: Rig, server: SimulatedServer) -> None:
    await listening(rig, server)
    sent = []
    for number in range(40):
        chat = f"客户{number % 8}"
        sent.append(f"{chat} 第{number}条")
        server.world.receive(chat, chat, sent[-1])
        if number % 5 == 0:
            await eventually(lambda: sent[-1] in rig.intake.texts())
    await eventually(lambda: set(rig.intake.texts()) >= set(sent))
    await eventually(active(rig, *(f"客户{n}" for n in range(8))))
    assert server.ui_overlaps == []
    assert rig.errors == []


async def test_rows_of_the_older_family_are_understood(rig: Rig, make_server: ServerMaker) -> None:
    server = await make_server(family=Family.V3_9)
    await listening(rig, server)
    server.world.receive("Time", "Time", "我叫 Time")
    await eventually(active(rig, "Time"))
    (row,) = [row for batch in rig.intake.batches for chat in batch.chats for row in chat.rows]
    assert (row.origin, row.sender) == ("other", "Time")


async def test_a_window_that_answers_info_is_rich(rig: Rig, make_server: ServerMaker) -> None:
    server = await make_server(window_shape=WindowShape.CHAT)
    instance = await listening(rig, server)
    server.world.add_chat("工作群", "group")
    server.world.receive("工作群", "赵六", "开会")
    await eventually(active(rig, "工作群"))
    route = instance.windows.route("工作群")
    assert (route.rich, route.chat_kind) == (True, "group")


async def test_a_fixed_listener_is_opened_and_comes_back_when_its_window_is_closed(
    rig: Rig, server: SimulatedServer
) -> None:
    server.world.add_chat("老板")
    server.world.receive("老板", "老板", "以前的")
    server.world.forget_news("老板")
    await fix(rig, "老板", instance="*")
    instance = await listening(rig, server)
    await eventually(active(rig, "老板"))
    server.world.windows.close("老板")
    await eventually(lambda: server.calls[routes.LISTEN_ADD] == 2)
    await eventually(lambda: server.world.windows.get("老板") is not None and rig.is_active("老板"))
    assert instance.windows.route("老板").way is WindowWay.WINDOW


@something_fails
async def test_a_chat_that_does_not_exist_is_tried_again_ever_more_rarely(
    rig: Rig, server: SimulatedServer
) -> None:
    await rig.add_instance(server.base_url)
    await fix(rig, "查无此人")
    instance = await listening(rig, server)
    await eventually(lambda: len(rig.ended_at(routes.LISTEN_ADD)) >= 4, timeout_s=10.0)
    gaps = [later - earlier for earlier, later in pairwise(rig.ended_at(routes.LISTEN_ADD)[:4])]
    # Each pause is at least what the growth says; how much longer depends on the machine.
    assert all(gap >= 0.1 * 2**n for n, gap in enumerate(gaps)), gaps
    status = rig.status("查无此人")
    assert status is not None
    assert (status.active, status.reason, status.error_count >= 3) == (False, "no_window", True)
    assert instance.windows.route("查无此人").way is WindowWay.NONE
    assert rig.causes("listener_add") == ["listener_no_window"]


async def test_the_real_title_is_learned_and_used(rig: Rig, server: SimulatedServer) -> None:
    server.world.add_chat("备注客户A", aliases=["wxid_abc123"])
    await rig.add_instance(server.base_url)
    await fix(rig, "wxid_abc123")
    instance = await listening(rig, server)
    await eventually(active(rig, "wxid_abc123"))
    status = rig.status("wxid_abc123")
    assert status is not None
    assert status.title == "备注客户A"
    assert instance.windows.route("wxid_abc123").title == "备注客户A"
    assert instance.windows.route("备注客户A").title == "备注客户A"
    server.world.receive("备注客户A", "备注客户A", "按别名监听")
    await eventually(lambda: "按别名监听" in rig.intake.texts(channel=Channel.WINDOW))
    # Taken out of the configuration, its window is closed by the real title.
    await rig.config.apply([Delete(LISTENER, listener_id("pc1", "wxid_abc123"))], who="test")
    await eventually(lambda: server.world.windows.get("备注客户A") is None)


async def test_a_group_with_a_number_in_its_title_is_found_under_its_short_name(
    rig: Rig, server: SimulatedServer
) -> None:
    server.world.add_chat("产品群 (12)", "group")
    instance = await listening(rig, server)
    server.world.receive("产品群 (12)", "赵六", "开会")
    await eventually(active(rig, "产品群"))
    assert instance.windows.route("产品群").title == "产品群 (12)"
    assert rig.errors == []


@something_fails
async def test_a_window_of_another_chat_is_closed_again(rig: Rig, server: SimulatedServer) -> None:
    """The search takes parts of names: asked for a chat that is gone, it opens a stranger's window."""
    await rig.add_instance(server.base_url)
    await fix(rig, "张三")
    server.world.add_chat("张三丰")
    instance = await listening(rig, server)
    await eventually(active(rig, "张三"))
    assert instance.windows.route("张三").title == "张三丰"
    # The real one writes: replies to it must not go to the other.
    server.world.receive("张三", "张三", "我是张三")
    await eventually(lambda: server.world.windows.get("张三丰") is None)
    assert instance.windows.route("张三").way is not WindowWay.WINDOW or (
        instance.windows.route("张三").title == "张三"
    )
    await eventually(active(rig, "张三"))
    assert instance.windows.route("张三").title == "张三"


async def test_automatic_listeners_expire_and_their_rows_are_read_first(
    rig: Rig, server: SimulatedServer
) -> None:
    removed: list[ListenerRemoved] = []
    rig.bus.subscribe(ListenerRemoved, removed.append)
    await listening(rig, server)
    server.world.receive("过客", "过客", "问个路")
    await eventually(active(rig, "过客"))
    rig.config.set_listening(timeout_minutes=0.001)
    await eventually(lambda: rig.status("过客") is None and server.world.windows.get("过客") is None)
    await eventually(lambda: [(event.who, event.reason) for event in removed] == [("过客", "expired")])


async def test_the_least_recently_active_makes_room(db: Database, make_server: ServerMaker) -> None:
    server = await make_server()
    rig = Rig(db, settings=FAST.model_copy(update={"max_listeners_per_instance": 3}))
    try:
        await rig.add_instance(server.base_url)
        await fix(rig, "老板")
        server.world.add_chat("老板")
        await listening(rig, server)
        for chat in ("甲", "乙"):
            server.world.receive(chat, chat, "你好")
            await eventually(active(rig, chat))
        server.world.receive("甲", "甲", "又是我")
        await eventually(lambda: "又是我" in rig.intake.texts(channel=Channel.WINDOW))
        server.world.receive("丙", "丙", "你好")
        await eventually(active(rig, "老板", "甲", "丙"))
        assert sorted(server.world.windows.titles()) == sorted(["老板", "甲", "丙"])
        assert rig.status("乙") is None
        # What has no window is still heard, in the main one.
        server.world.receive("乙", "乙", "我呢")
        await eventually(lambda: "我呢" in rig.intake.texts())
        assert len(server.world.windows.titles()) <= 3
    finally:
        await rig.close()


async def test_new_chats_stay_on_the_main_window_where_fixed_ones_fill_it(
    db: Database, make_server: ServerMaker
) -> None:
    server = await make_server()
    rig = Rig(db, settings=FAST.model_copy(update={"max_listeners_per_instance": 1}))
    try:
        server.world.add_chat("老板")
        await rig.add_instance(server.base_url)
        await fix(rig, "老板")
        with pytest.raises(ConfigError) as error:
            await fix(rig, "老板娘")
        assert error.value.problems[0].reason == "too_many_listeners"
        instance = await listening(rig, server)
        await eventually(active(rig, "老板"))
        server.world.receive("甲", "甲", "你好")
        await eventually(lambda: "你好" in rig.intake.texts(channel=Channel.MAIN))
        assert instance.windows.route("甲").way is WindowWay.NONE
        assert server.world.windows.titles() == ["老板"]
    finally:
        await rig.close()


async def test_listeners_added_and_removed_by_hand(rig: Rig, server: SimulatedServer) -> None:
    added: list[ListenerAdded] = []
    rig.bus.subscribe(ListenerAdded, added.append)
    server.world.add_chat("李四")
    await listening(rig, server)
    await fix(rig, "李四", kind="manual")
    await eventually(active(rig, "李四"))
    status = rig.status("李四")
    assert status is not None
    assert status.kind is ListenerKind.MANUAL
    assert [(event.who, event.kind) for event in added] == [("李四", ListenerKind.MANUAL)]
    assert await rig.listener.remove("pc1", "李四", by="operator")
    await eventually(lambda: rig.status("李四") is None and server.world.windows.get("李四") is None)
    assert not await rig.listener.remove("pc1", "李四", by="operator")

    server.world.receive("王五", "王五", "你好")
    await eventually(active(rig, "王五"))
    assert await rig.listener.remove("pc1", "王五", by="operator")
    await eventually(lambda: server.world.windows.get("王五") is None)


async def test_one_look_at_the_windows_per_sweep_and_no_further_question(
    rig: Rig, server: SimulatedServer
) -> None:
    await listening(rig, server)
    for chat in ("甲", "乙", "丙"):
        server.world.receive(chat, chat, "你好")
    await eventually(active(rig, "甲", "乙", "丙"))
    asked, added = server.calls[routes.WINDOW_INFO], server.calls[routes.LISTEN_ADD]
    looked = server.calls[routes.SUB_WINDOWS]
    began = rig.clock.monotonic()
    await eventually(lambda: server.calls[routes.SUB_WINDOWS] >= looked + 4)
    passed = rig.clock.monotonic() - began
    assert (server.calls[routes.WINDOW_INFO], server.calls[routes.LISTEN_ADD]) == (asked, added)
    assert server.calls[routes.SUB_WINDOWS] - looked <= passed / rig.timings.keeper.sweep_interval_s + 2


async def test_listeners_survive_our_restart_without_being_opened_again(
    db: Database, make_server: ServerMaker
) -> None:
    server = await make_server()
    first = Rig(db)
    await listening(first, server)
    server.world.add_chat("备注客户A", aliases=["wxid_abc123"])
    await fix(first, "wxid_abc123")
    server.world.receive("张三", "张三", "在吗")
    await eventually(active(first, "张三", "wxid_abc123"))
    await first.close()
    added = server.calls[routes.LISTEN_ADD]

    second = Rig(db)
    try:
        await second.add_instance(server.base_url)
        await fix(second, "wxid_abc123")
        await listening(second, server)
        await eventually(active(second, "张三", "wxid_abc123"))
        assert server.calls[routes.LISTEN_ADD] == added
        status = second.status("张三")
        assert status is not None
        assert (status.kind, status.message_count) == (ListenerKind.AUTO, 1)
    finally:
        await second.close()


async def test_somebodys_leftover_window_is_taken_over(rig: Rig, server: SimulatedServer) -> None:
    server.world.add_chat("旧人")
    server.world.initialize()
    server.world.listen_add("旧人")
    await listening(rig, server)
    server.world.receive("旧人", "旧人", "还听得到吗")
    await eventually(lambda: "还听得到吗" in rig.intake.texts())
    await eventually(active(rig, "旧人"))


async def test_a_disabled_instance_is_left_alone_and_an_enabled_one_begins_at_once(
    rig: Rig, server: SimulatedServer
) -> None:
    await rig.add_instance(server.base_url, enabled=True)
    await rig.listener.start()
    await eventually(lambda: rig.state().connected)
    await rig.add_instance_document(server.base_url, enabled=False)
    assert rig.registry.get("pc1") is None
    await eventually(lambda: not [loop for loop in rig.supervisor.loops() if "pc1" in loop.name])
    calls = server.calls.total()
    assert rig.listener.listeners() == ()
    assert server.calls.total() == calls
    await rig.add_instance(server.base_url, enabled=True)
    await eventually(lambda: rig.state().connected)


async def test_an_edit_of_the_address_moves_the_instance_and_touches_no_other(
    rig: Rig, make_server: ServerMaker
) -> None:
    old, new, other = await make_server(), await make_server(), await make_server()
    await rig.add_instance(old.base_url, "pc1")
    untouched = await rig.add_instance(other.base_url, "pc2")
    await rig.listener.start()
    await eventually(lambda: rig.state("pc1").connected and rig.state("pc2").connected)
    moved = await rig.add_instance(new.base_url, "pc1")
    await eventually(lambda: moved.liveness.state().connected)
    calls = old.calls.total()
    new.world.receive("张三", "张三", "新地址")
    await eventually(lambda: "新地址" in rig.intake.texts("pc1"))
    assert old.calls.total() == calls
    assert rig.registry.get("pc2") is untouched
    assert untouched.liveness.state().connected


async def test_an_edit_of_the_name_changes_nothing_else(rig: Rig, server: SimulatedServer) -> None:
    instance = await listening(rig, server)
    client = instance.client
    assert await rig.add_instance(server.base_url, name="新名字", rate_limit_per_minute=60) is instance
    assert instance.client is client
    assert instance.config.label == "新名字"
    await rig.config.apply([Delete(INSTANCE, "pc1")], who="test")
    assert rig.registry.all() == ()
