"""Before initialisation, a WeChat that dies behind green lights, restarts."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulator.conftest import Client, HandClock, Starter

INITIALIZE, STATUS, HEALTH = "/api/wechat/initialize", "/api/wechat/status", "/api/health"
NEXT, GET, ADD = "/api/message/get-next-new", "/api/message/listen/get", "/api/message/listen/add"
SESSIONS, INFO = "/api/wechat/get-session", "/api/chat-window/info"


async def test_nothing_works_before_initialisation_yet_reads_look_fine(start: Starter) -> None:
    client = await start(initialized=False)
    world = client.server.world
    world.receive("张三", text="早")

    assert (await client.get(NEXT)).document["data"] == {"messages": {}}
    assert (await client.get(GET)).document["data"] == {"messages": {}}
    assert (await client.get(STATUS)).data["status"] == "offline"
    assert (await client.get(HEALTH)).data["wechat_status"] == "disconnected"
    removed = await client.post("/api/message/listen/remove", nickname="张三")
    assert removed.data == {"nickname": "张三", "library": None}
    added = await client.post(ADD, nickname="张三")
    assert (added.status, added.code) == (500, 3001)
    assert "'_api_message_cache'" in str(added.message)
    sent = await client.post("/api/message/send", receiver="张三", message="hi")
    assert (sent.status, sent.message) == (500, "发送失败: 微信实例未初始化，无法调用 ChatWith 方法")
    assert (await client.get(INFO, who="张三")).status == 404
    assert (await client.get(SESSIONS)).status == 500
    assert (await client.get("/api/group/list")).code == 4001
    contacts = await client.get("/api/contact/list")
    assert (contacts.status, contacts.code) == (500, 5001)
    assert contacts.message == "获取好友列表失败: 微信实例未初始化"
    assert world.sent == []


async def test_initialisation_connects_once_and_then_only_says_so(start: Starter) -> None:
    client = await start(initialized=False)

    for _ in range(2):
        reply = await client.post(INITIALIZE)
        assert reply.data == {"status": "connected", "window_name": "测试账号"}
    assert (await client.get(STATUS)).data == {"status": "online", "window_name": "测试账号"}
    assert (await client.get(HEALTH)).data == {
        "status": "ok",
        "uptime": 0,
        "wechat_status": "connected",
        "wx_lib": "wxauto",
    }


async def test_without_wechat_initialisation_is_500_2001_and_can_be_tried_again(start: Starter) -> None:
    client = await start(initialized=False)
    client.server.world.kill_wechat()

    refused = await client.post(INITIALIZE)
    client.server.world.revive()

    assert (refused.status, refused.code, refused.message) == (500, 2001, "初始化失败")
    assert (await client.post(INITIALIZE)).code == 0


async def test_a_dead_wechat_stays_online_and_connected(client: Client) -> None:
    world = client.server.world
    world.receive("张三", text="还活着")
    world.listen_add("张三")
    world.receive("张三", text="缓存里的")
    world.windows._collect(world.now)
    world.kill_wechat()
    world.receive("张三", text="谁也没看见")

    assert (await client.get(STATUS)).data["status"] == "online"
    assert (await client.get(HEALTH)).data["wechat_status"] == "connected"
    assert (await client.post(INITIALIZE)).code == 0
    assert (await client.get(SESSIONS)).data == {"sessions": []}
    assert (await client.get(NEXT)).texts == {}
    assert (await client.get("/api/wechat/get-all-sub-windows")).data == {"sub_windows": []}
    sent = await client.post("/api/chat-window/message/send", who="张三", message="x")
    assert (sent.status, sent.code) == (404, 3001)
    added = await client.post(ADD, nickname="张三")
    assert added.message == "添加监听失败: (1400, 'SetWindowPos', '无效的窗口句柄。')"
    main = await client.post("/api/message/send", receiver="张三", message="x")
    assert (main.status, main.code) == (500, 3001)
    assert (await client.get(GET)).texts == {"张三": ["缓存里的"]}
    assert (await client.get(GET)).texts == {}


async def test_only_a_server_restart_recovers_and_unread_messages_are_still_there(client: Client) -> None:
    world = client.server.world
    world.kill_wechat()
    world.receive("张三", text="停机时来的")
    world.revive()
    assert (await client.post(INITIALIZE)).code == 0
    assert (await client.get(NEXT)).texts == {}, "the stale handle stays"

    client.server.restart()
    assert (await client.get(STATUS)).data["status"] == "offline"
    await client.post(INITIALIZE)

    assert (await client.get(NEXT)).texts == {"张三": ["停机时来的"]}


async def test_a_restart_loses_listeners_and_caches_and_shows_in_uptime(
    client: Client, clock: HandClock
) -> None:
    world = client.server.world
    world.receive("张三", text="一")
    world.listen_add("张三")
    world.receive("张三", text="二")
    world.windows._collect(world.now)
    clock.advance(100)
    assert (await client.get(HEALTH)).data["uptime"] == 100

    client.server.restart()
    clock.advance(2)

    assert (await client.get(HEALTH)).data["uptime"] == 2
    assert world.windows.titles() == []
    assert (await client.get(GET)).texts == {}


async def test_the_session_list_is_a_peek_from_the_top(client: Client) -> None:
    world = client.server.world
    world.receive("张三", text="早")
    world.receive("测试群", "李四", "开会")

    first = await client.get(SESSIONS)
    second = await client.get(SESSIONS)

    sessions = first.data["sessions"]
    assert isinstance(sessions, list)
    top = sessions[0]
    assert isinstance(top, dict)
    assert {key: top[key] for key in ("name", "content", "isnew", "new_count", "ismute")} == {
        "name": "测试群",
        "content": "李四：开会",
        "isnew": True,
        "new_count": 1,
        "ismute": False,
    }
    assert top["info"] == {key: value for key, value in top.items() if key != "info"}
    assert first.text == second.text


async def test_chat_with_says_null_for_nobody(client: Client) -> None:
    client.server.world.add_chat("张三")

    assert (await client.post("/api/wechat/chat-with", who="张三")).data["result"] == "张三"
    nobody = await client.post("/api/wechat/chat-with", who="没有的人")
    assert (nobody.code, nobody.data["result"]) == (0, None)


async def test_paid_routes_refuse_with_the_free_library(client: Client) -> None:
    expected = {
        "/api/wechat/get-my-info": "当前库版本不支持获取个人信息功能",
        "/api/wechat/is-online": None,
    }
    for path, message in expected.items():
        reply = await client.get(path)
        assert (reply.status, reply.code) == (400, 3001)
        assert message in (None, reply.message)
    login = await client.raw("POST", "/api/auxiliary/login/auto")
    assert (login.status, login.message) == (400, "自动登录功能需要wxautox库支持")
    manage = await client.post("/api/group/manage", group_name="测试群", action="rename")
    assert (manage.status, manage.code) == (500, 5000)


async def test_a_chinese_file_name_never_gets_an_answer(client: Client) -> None:
    files = client.server.world.files
    files["C:\\资料\\hello.txt"] = b"hello"

    plain = await client.post("/api/file/download", file_path="C:\\资料\\hello.txt")
    missing = await client.post("/api/file/download", file_path="C:\\没有.txt")

    assert plain.text == "hello"
    assert plain.headers["Content-Disposition"] == 'attachment; filename="hello.txt"'
    assert (missing.status, missing.code) == (404, 3003)
    files["C:\\资料\\你好.txt"] = b"hello"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await client.post("/api/file/download", file_path="C:\\资料\\你好.txt")
