"""Sending through the main window, what truly goes out, and answers that lie about it."""

from __future__ import annotations

from tests.simulator.conftest import Client, Starter

SEND = "/api/message/send"


async def test_a_send_goes_out_and_is_recorded(client: Client) -> None:
    client.server.world.add_chat("李四")

    reply = await client.post(SEND, receiver="李四", message="回答一句")

    assert reply.document == {"code": 0, "data": {"message_id": "success"}, "message": "发送成功"}
    (sent,) = client.server.world.sent
    assert (sent.chat, sent.text, sent.at, sent.route) == ("李四", "回答一句", (), SEND)


async def test_an_unknown_receiver_is_404(client: Client) -> None:
    reply = await client.post(SEND, receiver="查无此人", message="x")

    assert (reply.status, reply.code, reply.message) == (404, 3001, "找不到联系人: 查无此人")


async def test_a_partial_match_sends_nothing_but_switches_the_window(client: Client) -> None:
    world = client.server.world
    world.add_chat("产品群 (12)", "group")

    reply = await client.post(SEND, receiver="产品群", message="x")

    assert (reply.status, reply.code) == (400, 3001)
    assert reply.message == "联系人匹配错误，期望: 产品群, 实际: 产品群 (12)"
    assert world.sent == []
    assert world.main.current is world.chats.get("产品群 (12)")


async def test_mentions_make_the_main_window_send_twice(client: Client) -> None:
    client.server.world.add_chat("测试群", "group")

    await client.post(SEND, receiver="测试群", message="开会", at_list=["张三"])

    assert [(sent.text, sent.at) for sent in client.server.world.sent] == [
        ("开会\n{@张三}", ("张三",)),
        ("开会", ("张三",)),
    ]


async def test_typing_sends_once_and_mentions_in_a_window_are_real(client: Client) -> None:
    world = client.server.world
    world.add_chat("测试群", "group")
    world.listen_add("测试群")

    await client.post("/api/message/send-typing", receiver="测试群", message="a", at_list=["张三"])
    await client.post("/api/chat-window/message/send", who="测试群", message="收到", at_list=["张三"])

    assert [sent.text for sent in world.sent] == ["a\n{@张三}", "收到"]
    chat = world.chats.get("测试群")
    assert chat is not None
    assert chat.rows[-1].content == "@张三\u2005收到"


async def test_a_string_of_mentions_is_taken_letter_by_letter(client: Client) -> None:
    world = client.server.world
    world.add_chat("测试群", "group")

    await client.post("/api/message/send-typing", receiver="测试群", message="a", at_list="张三")

    assert world.sent[0].at == ("张", "三")


async def test_a_swallowed_send_reports_success(client: Client) -> None:
    world = client.server.world
    world.add_chat("李四")
    world.failures.silently("send")

    assert (await client.post(SEND, receiver="李四", message="其实没发出去")).code == 0
    assert world.sent == []


async def test_a_raising_send_is_500_3001(client: Client) -> None:
    world = client.server.world
    world.add_chat("李四")
    world.failures.loudly("send", "COM error")

    reply = await client.post(SEND, receiver="李四", message="x")

    assert (reply.status, reply.code, reply.message) == (500, 3001, "发送失败: COM error")


async def test_chat_send_message_reaches_the_wrong_chat(client: Client) -> None:
    world = client.server.world
    world.add_chat("李四")
    world.open_chat("李四")

    reply = await client.post("/api/chat/send-message", who="查无此人", message="发错人了")

    assert reply.data == {"at_list": [], "message": "发错人了", "who": "查无此人"}
    assert world.sent[0].chat == "李四"


async def test_repeated_texts_to_a_chat_are_named(client: Client) -> None:
    world = client.server.world
    world.add_chat("李四")
    for text in ("一", "二", "一"):
        await client.post(SEND, receiver="李四", message=text)

    assert world.duplicates_sent() == {("李四", "一"): 2}


async def test_files_go_out_from_the_servers_disk(client: Client) -> None:
    client.server.world.add_chat("李四")

    reply = await client.post("/api/message/send-file", receiver="李四", file_paths=["C:\\a.txt"])

    assert reply.document == {
        "code": 0,
        "data": {"failed_files": [], "success_count": 1},
        "message": "发送完成",
    }


async def test_the_queue_gives_up_waiting_and_the_message_goes_out_later(start: Starter) -> None:
    client = await start(queue_timeout_s=0.02)
    world, faults = client.server.world, client.server.faults
    world.add_chat("李四")
    faults.hang(SEND, effect="late")

    reply = await client.post(SEND, receiver="李四", message="超时后仍会发出")

    assert (reply.status, reply.code) == (500, 3001)
    assert reply.message == "处理请求失败: 任务 1 处理超时"
    assert world.sent == []
    faults.release(SEND)
    assert [sent.text for sent in world.sent] == ["超时后仍会发出"]
    assert client.server.ui_overlaps == []


async def test_queue_figures_count_queued_calls_only(client: Client) -> None:
    world = client.server.world
    world.add_chat("李四")
    await client.post(SEND, receiver="李四", message="x")
    await client.post("/api/message/send-typing", receiver="李四", message="y")

    assert (await client.get("/api/system/queue-stats")).data["request_count"] == 1
