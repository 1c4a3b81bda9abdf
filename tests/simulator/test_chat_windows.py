"""Listened windows: names and titles, one chat per call, echoes, leaks, the tuple problem."""

from __future__ import annotations

from tests.simulator.conftest import Client, HandClock, Starter
from wxauto_mgt.simulator import Library

ADD, GET, REMOVE = "/api/message/listen/add", "/api/message/listen/get", "/api/message/listen/remove"
SEND, INFO = "/api/chat-window/message/send", "/api/chat-window/info"


async def test_rows_present_at_add_time_are_not_delivered_later_ones_are(client: Client) -> None:
    world = client.server.world
    world.receive("张三", text="之前")

    added = await client.post(ADD, nickname="张三")
    world.receive("张三", text="之后")

    assert added.document == {
        "code": 0,
        "data": {"library": "wxauto", "nickname": "张三"},
        "message": "添加监听成功",
    }
    reply = await client.get(GET, who="别人")
    assert reply.texts == {"张三": ["之后"]}
    assert reply.message == "获取消息成功"
    assert reply.chats["张三"][0]["time"] is None
    assert (await client.get(GET)).texts == {}


async def test_one_chat_per_call_in_order_of_first_arrival(client: Client) -> None:
    world = client.server.world
    for chat in ("甲", "乙"):
        world.add_chat(chat)
        world.listen_add(chat)
    for chat, text in (("乙", "1"), ("甲", "2"), ("乙", "3")):
        world.receive(chat, text=text)

    assert (await client.get(GET)).texts == {"乙": ["1", "3"]}
    world.receive("乙", text="4")
    assert (await client.get(GET)).texts == {"乙": ["4"]}, "a busy early chat starves the later one"
    assert (await client.get(GET)).texts == {"甲": ["2"]}


async def test_an_own_echo_comes_after_the_delay_and_keeps_its_place(
    start: Starter, clock: HandClock
) -> None:
    client = await start(echo_delay_s=1.0)
    world = client.server.world
    world.add_chat("张三")
    world.listen_add("张三")

    await client.post(SEND, who="张三", message="您好")
    world.receive("张三", text="谢谢")
    assert (await client.get(GET)).texts == {}
    clock.advance(1.0)

    (rows,) = (await client.get(GET)).chats.values()
    assert [(row["sender"], row["content"]) for row in rows] == [("self", "您好"), ("张三", "谢谢")]
    assert rows[0]["sender_remark"] == "self"


async def test_the_phone_shows_as_self_too(client: Client) -> None:
    world = client.server.world
    world.add_chat("张三")
    world.listen_add("张三")
    world.say_from_phone("张三", "我在路上")
    client.server.world.windows._collect(world.now + 1)

    (rows,) = (await client.get(GET)).chats.values()
    assert rows[0]["sender"] == "self"
    assert world.sent == []


async def test_messages_are_cached_under_the_requested_name_but_windows_have_titles(client: Client) -> None:
    world = client.server.world
    world.add_chat("备注客户A", aliases=["wxid_abc123"])
    await client.post(ADD, nickname="wxid_abc123")
    world.receive("备注客户A", text="按别名监听")

    assert (await client.get(GET)).texts == {"wxid_abc123": ["按别名监听"]}
    assert (await client.get(INFO, who="wxid_abc123")).status == 404
    assert (await client.get(INFO, who="备注客户A")).status == 500
    windows = await client.get("/api/wechat/get-all-sub-windows")
    assert windows.data["sub_windows"] == [
        {"who": "备注客户A", "window_id": '<wxauto - Chat object("备注客户A")>'}
    ]


async def test_removal_by_the_requested_name_leaks(client: Client) -> None:
    world = client.server.world
    world.add_chat("备注客户A", aliases=["wxid_abc123"])
    await client.post(ADD, nickname="wxid_abc123")

    removed = await client.post(REMOVE, nickname="wxid_abc123")
    world.receive("备注客户A", text="还在来")

    assert (removed.status, removed.code, removed.data["nickname"]) == (200, 0, "wxid_abc123")
    assert (await client.get(GET)).texts == {"wxid_abc123": ["还在来"]}


async def test_removal_by_title_closes_and_discards_what_was_not_fetched(client: Client) -> None:
    world = client.server.world
    world.add_chat("张三")
    await client.post(ADD, nickname="张三")
    world.receive("张三", text="没取走")
    await client.get("/api/health")

    await client.post(REMOVE, nickname="张三")

    assert (await client.get(GET)).texts == {}
    assert (await client.get(INFO, who="张三")).status == 404
    assert (await client.post(REMOVE, nickname="没监听过")).code == 0


async def test_a_partial_name_listens_to_the_chat_that_the_search_finds(client: Client) -> None:
    client.server.world.add_chat("产品群 (12)", "group")

    await client.post(ADD, nickname="产品群")

    assert (await client.get(INFO, who="产品群")).status == 404
    assert (await client.get(INFO, who="产品群 (12)")).status == 500


async def test_an_unknown_chat_and_a_second_add_report_success(client: Client) -> None:
    client.server.world.add_chat("张三")

    for name in ("查无此人", "张三", "张三"):
        assert (await client.post(ADD, nickname=name)).code == 0
    assert client.server.world.windows.titles() == ["张三"]


async def test_a_library_failure_at_add_is_hidden(client: Client) -> None:
    client.server.world.add_chat("工作群")
    client.server.world.failures.silently("listen_add")

    assert (await client.post(ADD, nickname="工作群")).code == 0
    assert client.server.world.windows.titles() == []


async def test_a_number_for_a_name_is_the_librarys_error(client: Client) -> None:
    reply = await client.post(ADD, nickname=123)

    assert (reply.status, reply.code) == (500, 3001)
    assert "requires string as left operand, not int" in str(reply.message)


async def test_an_empty_window_may_be_deaf(start: Starter) -> None:
    client = await start(empty_window_deaf=True)
    client.server.world.add_chat("空窗口")
    await client.post(ADD, nickname="空窗口")
    client.server.world.receive("空窗口", text="听不见")

    assert (await client.get(GET)).texts == {}


async def test_a_window_closed_on_the_desktop_goes_silently(client: Client) -> None:
    world = client.server.world
    world.add_chat("张三")
    await client.post(ADD, nickname="张三")
    world.receive("张三", text="一")
    await client.get("/api/health")
    world.listen_get()
    world.windows.close("张三")
    world.receive("张三", text="二")

    assert (await client.get(GET)).texts == {}
    reply = await client.post(SEND, who="张三", message="x")
    assert (reply.status, reply.message) == (404, "聊天窗口 张三 未在监听列表中")


async def test_ids_differ_between_the_channels(client: Client) -> None:
    world = client.server.world
    world.add_chat("张三")
    await client.post(ADD, nickname="张三")
    world.receive("张三", text="同一条")

    window, main = await client.get(GET), await client.get("/api/message/get-next-new")

    assert window.texts == main.texts == {"张三": ["同一条"]}
    assert window.chats["张三"][0]["id"] != main.chats["张三"][0]["id"]


async def test_listened_chats_may_be_left_to_their_windows(start: Starter) -> None:
    client = await start(main_sees_listened=False)
    world = client.server.world
    world.add_chat("张三")
    world.add_chat("李四")
    world.listen_add("张三")
    world.listen_add("李四")
    world.receive("张三", text="一条")

    assert (await client.get("/api/message/get-next-new")).texts == {}
    assert (await client.get(GET)).texts == {"张三": ["一条"]}


async def test_window_rows_can_come_again_under_new_ids(client: Client) -> None:
    world = client.server.world
    world.add_chat("张三")
    world.listen_add("张三")
    world.receive("张三", text="一条")
    first = await client.get(GET)
    world.replay("张三", 1, "window")
    second = await client.get(GET)

    assert first.texts == second.texts
    assert first.chats["张三"][0]["id"] != second.chats["张三"][0]["id"]


async def test_stop_listening_drops_every_window_but_not_the_cache(client: Client) -> None:
    world = client.server.world
    world.add_chat("张三")
    world.listen_add("张三")
    world.replay("张三", 1, "window")
    world.receive("张三", text="待取")
    world.windows._collect(world.now)

    await client.post("/api/wechat/stop-listening")

    assert (await client.get(INFO, who="张三")).status == 404
    assert (await client.get(GET)).texts == {"张三": ["待取"]}


async def test_only_send_survives_the_tuple(client: Client) -> None:
    world = client.server.world
    world.add_chat("测试群", "group")
    world.listen_add("测试群")
    base = "/api/chat-window/message"

    assert (await client.post(SEND, who="测试群", message="收到")).data == {"message_id": "success"}
    for path in ("send-typing", "at-all"):
        reply = await client.post(f"{base}/{path}", who="测试群", message="x")
        assert (path, reply.status, reply.code) == (path, 500, 3001)
    files = await client.post(f"{base}/send-file", who="测试群", file_paths=["/srv/wx"])
    assert (files.status, files.code, files.data["success_count"]) == (200, 3001, 0)
    info = await client.get(INFO, who="测试群")
    assert (info.status, info.message) == (500, "获取失败: 聊天窗口对象没有 ChatInfo 方法")
    assert (await client.get("/api/chat/get-all-messages", who="测试群")).status == 500
    forward = await client.post("/api/message/forward", who="测试群", message_id="1", to_friends=["张三"])
    assert forward.message == "转发消息失败: 'tuple' object has no attribute 'GetAllMessage'"
    for path in ("send", "send-typing", "at-all"):
        assert (await client.post(f"{base}/{path}", who="没有", message="x")).status == 404
    assert [message.text for message in world.sent] == ["收到"]


async def test_the_paid_librarys_shape_answers_window_calls(start: Starter) -> None:
    client = await start(library=Library.WXAUTOX)
    world = client.server.world
    world.receive("测试群", "张三", "（更早的消息）")
    world.listen_add("测试群")

    info = await client.get(INFO, who="测试群")
    typed = await client.post(
        "/api/chat-window/message/send-typing", who="测试群", message="x", at_list=["张三", "李四"]
    )
    rows = await client.get("/api/chat/get-all-messages", who="测试群")
    main = await client.get("/api/message/get-next-new")

    assert info.data == {"chat_name": "测试群", "chat_type": "group", "group_member_count": 2}
    assert typed.code == 0
    assert world.sent[0].text == "x\n{@张三}\n{@李四}"
    messages = rows.data["messages"]
    assert isinstance(messages, list)
    assert all(isinstance(row, dict) and "time" not in row for row in messages)
    assert "time" not in main.chats["测试群"][0]
