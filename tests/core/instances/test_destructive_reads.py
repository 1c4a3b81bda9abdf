"""Whatever a destructive read brings is kept: whole, broken off, damaged, or in another shape."""

from __future__ import annotations

import json

import pytest

from tests.core.instances.conftest import ClientMaker
from tests.fakes.misbehaving_server import MisbehavingServer, breaks_off, hangs, resets, sends, writes
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.wire import CallRecord, Channel, Origin, ReadBatch
from wxauto_mgt.errors import (
    InstanceAnswerUnreadable,
    InstanceMaybeLimited,
    InstanceRejected,
    InstanceTimedOut,
    InstanceUnauthorized,
    InstanceUnreachable,
)


def message(content: str, **fields: object) -> dict[str, object]:
    return {
        "content": content,
        "file_path": None,
        "id": "421377036459",
        "mtype": None,
        "sender": "赵六",
        "sender_remark": "赵六",
        "time": "",
        "type": "text",
        **fields,
    }


def reply(messages: object, **fields: object) -> bytes:
    envelope = {"code": 0, "data": {"messages": messages}, "message": "获取成功", **fields}
    return (json.dumps(envelope, indent=2, sort_keys=True) + "\n").encode()


TWO = reply({"工作群": [message("第一条"), message("第二条")], "张三": [message("第三条", sender="张三")]})


def texts(batch: ReadBatch) -> list[tuple[str, str]]:
    return [(chat.name, row.content) for chat in batch.chats for row in chat.rows]


async def test_a_whole_reply_comes_back_in_order(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.NEXT_NEW, sends(TWO))
    batch = await client.next_new()
    assert texts(batch) == [("工作群", "第一条"), ("工作群", "第二条"), ("张三", "第三条")]
    assert batch.channel is Channel.MAIN
    assert batch.unreadable is None
    assert [row.origin for chat in batch.chats for row in chat.rows] == [Origin.OTHER] * 3


async def test_nothing_new_is_an_empty_batch(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.LISTEN_GET, sends(reply({}, message="没有新消息")))
    assert (await client.listen_get()).is_empty


@pytest.mark.parametrize("pause", [True, False])
async def test_a_connection_that_closes_in_mid_body_loses_no_whole_message(
    client: WxautoClient, server: MisbehavingServer, calls: list[CallRecord], pause: bool
) -> None:
    cut = TWO.index("第三条".encode("unicode_escape")) - 5
    server.on(routes.NEXT_NEW, breaks_off(TWO, cut, pause=pause))
    batch = await client.next_new()
    assert texts(batch) == [("工作群", "第一条"), ("工作群", "第二条")]
    assert batch.unreadable == TWO[:cut]
    assert batch.unreadable_reason == "instance_answer_cut_off"
    assert [call.ok for call in calls] == [False]


async def test_a_reset_in_mid_body_keeps_what_had_arrived(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    cut = len(TWO) - 40
    server.on(routes.LISTEN_GET, resets(TWO, cut))
    batch = await client.listen_get()
    assert texts(batch)[:2] == [("工作群", "第一条"), ("工作群", "第二条")]
    assert batch.unreadable == TWO[:cut]


async def test_a_body_that_stops_coming_is_kept_after_the_timeout(
    make_client: ClientMaker, server: MisbehavingServer
) -> None:
    client = make_client(server.base_url, timeout_s=0.1)
    server.on(routes.NEXT_NEW, hangs(TWO, len(TWO) - 40))
    batch = await client.next_new()
    assert texts(batch)[:2] == [("工作群", "第一条"), ("工作群", "第二条")]
    assert batch.unreadable_reason == "instance_timed_out"


async def test_a_body_without_a_length_that_is_cut_off_is_damaged_json(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    server.on(routes.NEXT_NEW, writes(head + TWO[:-60]))
    batch = await client.next_new()
    assert texts(batch)[:2] == [("工作群", "第一条"), ("工作群", "第二条")]
    assert batch.unreadable == TWO[:-60]
    assert batch.unreadable_reason == "instance_answer_unreadable"


async def test_a_body_above_the_limit_is_cut_and_kept(
    make_client: ClientMaker, server: MisbehavingServer
) -> None:
    client = make_client(server.base_url, max_body_bytes=20_000)
    huge = reply({"群": [message("x" * 100) for _ in range(1000)]})
    server.on(routes.NEXT_NEW, sends(huge))
    batch = await client.next_new()
    assert batch.unreadable is not None
    assert huge.startswith(batch.unreadable)
    assert len(batch.unreadable) > 20_000
    assert batch.unreadable_reason == "instance_answer_too_large"
    assert len(batch.chats[0].rows) > 50


async def test_a_large_body_is_read_whole(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.NEXT_NEW, sends(reply({"群": [message("x" * 300) for _ in range(1000)]})))
    batch = await client.next_new()
    assert len(batch.chats[0].rows) == 1000


@pytest.mark.parametrize("status", [200, 500, 502])
async def test_a_page_instead_of_json_is_kept(
    client: WxautoClient, server: MisbehavingServer, status: int
) -> None:
    page = b"<!doctype html><title>Debugger</title>"
    server.on(routes.NEXT_NEW, sends(page, status, "text/html"))
    batch = await client.next_new()
    assert batch.unreadable == page
    assert batch.chats == ()


@pytest.mark.parametrize("status", [404, 405, 429])
async def test_a_page_that_says_the_read_never_ran_is_a_plain_failure(
    client: WxautoClient, server: MisbehavingServer, status: int
) -> None:
    server.on(routes.NEXT_NEW, sends(b"<!doctype html>", status, "text/html"))
    with pytest.raises((InstanceAnswerUnreadable, InstanceMaybeLimited)):
        await client.next_new()


async def test_failures_in_an_envelope_are_errors(client: WxautoClient, server: MisbehavingServer) -> None:
    def failed(code: int) -> bytes:
        return json.dumps({"code": code, "data": None, "message": "服务器内部错误"}).encode()

    server.on(
        routes.NEXT_NEW,
        sends(failed(3002), 500),
        sends(failed(5000), 500),
        sends(failed(1001), 401),
        sends(failed(3002), 200),
    )
    with pytest.raises(InstanceRejected) as rejected:
        await client.next_new()
    assert rejected.value.facts["upstream_code"] == 3002
    with pytest.raises(InstanceMaybeLimited):
        await client.next_new()
    with pytest.raises(InstanceUnauthorized):
        await client.next_new()
    with pytest.raises(InstanceRejected):
        await client.next_new()


async def test_rows_in_a_failed_envelope_are_not_lost(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    server.on(routes.NEXT_NEW, sends(reply({"群": [message("在")]}, code=3002), 500))
    assert texts(await client.next_new()) == [("群", "在")]


async def test_no_byte_at_all_is_an_error(make_client: ClientMaker, server: MisbehavingServer) -> None:
    client = make_client(server.base_url, timeout_s=0.1)
    server.on(routes.NEXT_NEW, resets(), hangs(), breaks_off(TWO, 0))
    with pytest.raises(InstanceUnreachable):
        await client.next_new()
    with pytest.raises(InstanceTimedOut):
        await client.next_new()
    with pytest.raises(InstanceAnswerUnreadable):
        await client.next_new()


@pytest.mark.parametrize("messages", [[message("无名")], None, "x", 7])
async def test_messages_of_another_shape_are_kept_raw(
    client: WxautoClient, server: MisbehavingServer, messages: object
) -> None:
    body = reply(messages)
    server.on(routes.LISTEN_GET, sends(body))
    batch = await client.listen_get()
    assert batch.unreadable == body
    assert batch.unreadable_reason == "instance_answer_unexpected"


async def test_malformed_items_become_rows_of_unknown_origin(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    items = [message("好"), 7, None, {"content": 5, "sender": "张三", "type": "text"}, "text"]
    server.on(routes.LISTEN_GET, sends(reply({"群": items, "乱": "x"})))
    batch = await client.listen_get()
    rows = [row for chat in batch.chats for row in chat.rows]
    assert [row.origin for row in rows] == [Origin.UNKNOWN, *[Origin.OTHER], *[Origin.UNKNOWN] * 4]
    assert [row.raw for row in rows if row.kind == "unknown"] == [
        '"x"',
        "7",
        "null",
        '{"content":5,"sender":"\\u5f20\\u4e09","type":"text"}',
        '"text"',
    ]


async def test_deep_nesting_and_lone_surrogates_do_no_harm(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    deep = b'{"code":0,"data":{"messages":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}}"
    odd = reply({"群": [message("坏\ud83d字")]})
    server.on(routes.LISTEN_GET, sends(deep), sends(odd))
    assert (await client.listen_get()).unreadable == deep
    (chat,) = (await client.listen_get()).chats
    chat.rows[0].content.encode("utf-8")
    assert chat.rows[0].content == "坏\ufffd字"


async def test_a_read_is_asked_for_once_and_never_repeated(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    server.on(routes.NEXT_NEW, resets())
    with pytest.raises(InstanceUnreachable):
        await client.next_new()
    assert server.requests[routes.NEXT_NEW] == 1
