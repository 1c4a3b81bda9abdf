"""What is known after a send, and only that."""

from __future__ import annotations

import json
import socket

import pytest

from tests.core.instances.conftest import ClientMaker
from tests.fakes.misbehaving_server import MisbehavingServer, Script, breaks_off, hangs, resets, sends
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.model import SendOutcome, SendReason
from wxauto_mgt.core.wire import CallRecord


def envelope(code: int, message: str = "x") -> bytes:
    return json.dumps({"code": code, "data": {"message_id": "success"}, "message": message}).encode()


OK = envelope(0, "发送成功")
HTML = b"<!doctype html><title>500</title>"


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        (sends(OK), SendOutcome.ACCEPTED, SendReason.ACCEPTED),
        (sends(envelope(1002), 400), SendOutcome.NOT_SENT, SendReason.BAD_REQUEST),
        (sends(envelope(1001), 401), SendOutcome.NOT_SENT, SendReason.UNAUTHORIZED),
        (sends(envelope(3001), 404), SendOutcome.NOT_SENT, SendReason.WINDOW_NOT_LISTENED),
        (sends(envelope(3001), 400), SendOutcome.NOT_SENT, SendReason.CONTACT_MISMATCH),
        (sends(envelope(3001), 500), SendOutcome.UNKNOWN, SendReason.SERVER_ERROR),
        (sends(envelope(5000), 500), SendOutcome.UNKNOWN, SendReason.SERVER_ERROR),
        (sends(envelope(1002), 500), SendOutcome.UNKNOWN, SendReason.SERVER_ERROR),
        (sends(HTML, 500, "text/html"), SendOutcome.UNKNOWN, SendReason.SERVER_ERROR),
        (sends(HTML, 404, "text/html"), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (sends(HTML, 200, "text/html"), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (sends(b"", 302), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (sends(envelope(3001), 200), SendOutcome.UNKNOWN, SendReason.REFUSED),
        (sends(envelope(1001), 400), SendOutcome.UNKNOWN, SendReason.REFUSED),
        (sends(b'{"code": true}', 200), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (sends(b"[]", 200), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (breaks_off(OK, 5), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (resets(OK, 5), SendOutcome.UNKNOWN, SendReason.ANSWER_UNREADABLE),
        (resets(), SendOutcome.UNKNOWN, SendReason.CONNECTION_LOST),
        (sends(b"garbage" * 10, 999), SendOutcome.UNKNOWN, SendReason.SERVER_ERROR),
    ],
)
async def test_outcome_of_a_send_through_a_window(
    client: WxautoClient, server: MisbehavingServer, script: Script, outcome: SendOutcome, reason: SendReason
) -> None:
    server.on(routes.SEND_WINDOW, script)
    answer = await client.send_window("张三", "你好")
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert server.requests[routes.SEND_WINDOW] == 1


async def test_an_unknown_contact_of_the_main_window_was_not_sent(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    server.on(routes.SEND_MAIN, sends(envelope(3001, "找不到联系人: 张三"), 404))
    answer = await client.send_main("张三", "你好")
    assert (answer.outcome, answer.reason) == (SendOutcome.NOT_SENT, SendReason.CONTACT_NOT_FOUND)
    assert answer.detail == "找不到联系人: 张三"
    assert answer.reason_code == "send_reason.contact_not_found"


async def test_a_refused_connection_was_not_sent_and_may_be_tried_again(make_client: ClientMaker) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = make_client(f"http://127.0.0.1:{unused.getsockname()[1]}")
        answer = await client.send_window("张三", "你好")
    assert (answer.outcome, answer.reason) == (SendOutcome.NOT_SENT, SendReason.CONNECT_FAILED)
    assert answer.retryable


async def test_a_refused_key_is_no_reason_to_give_the_reply_up_at_once(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    server.on(routes.SEND_WINDOW, sends(envelope(1001), 401))
    answer = await client.send_window("张三", "你好")
    assert (answer.outcome, answer.retryable) == (SendOutcome.NOT_SENT, True)


async def test_a_send_without_an_answer_is_unknown_and_may_still_run(
    make_client: ClientMaker, server: MisbehavingServer
) -> None:
    client = make_client(server.base_url, timeout_s=0.1)
    server.on(routes.SEND_MAIN, hangs())
    answer = await client.send_main("张三", "你好")
    assert (answer.outcome, answer.reason) == (SendOutcome.UNKNOWN, SendReason.TIMED_OUT)
    assert answer.may_still_run


async def test_a_queue_timeout_of_the_server_may_still_run(
    client: WxautoClient, server: MisbehavingServer
) -> None:
    server.on(routes.SEND_MAIN, sends(envelope(3001, "处理请求失败: 任务 3 处理超时"), 500))
    answer = await client.send_main("张三", "你好")
    assert answer.outcome is SendOutcome.UNKNOWN
    assert answer.may_still_run


async def test_what_goes_over_the_wire(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.SEND_MAIN, sends(OK))
    server.on(routes.SEND_WINDOW, sends(OK))
    await client.send_main("张三", "一\n二 😀")
    main = server.seen[routes.SEND_MAIN]
    assert json.loads(main.body) == {"receiver": "张三", "message": "一\n二 😀", "at_list": []}
    assert main.headers["content-type"].startswith("application/json")
    await client.send_window("群", "好", ("李四",))
    assert json.loads(server.seen[routes.SEND_WINDOW].body) == {
        "who": "群",
        "message": "好",
        "at_list": ["李四"],
    }


async def test_each_send_leaves_one_call_record(
    client: WxautoClient, server: MisbehavingServer, calls: list[CallRecord]
) -> None:
    server.on(routes.SEND_WINDOW, sends(OK), resets())
    await client.send_window("张三", "你好")
    await client.send_window("张三", "你好")
    assert [(call.target, call.route, call.ok) for call in calls] == [
        ("instance:pc1", routes.SEND_WINDOW, True),
        ("instance:pc1", routes.SEND_WINDOW, False),
    ]
    assert calls[1].error_code == "instance_connection_lost"
