"""Calls beside reads and sends: what they understand, and how they fail."""

from __future__ import annotations

import json
import logging

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tests.core.instances.conftest import API_KEY, ClientMaker
from tests.fakes.misbehaving_server import MisbehavingServer, hangs, resets, sends
from wxauto_mgt.core.instances import routes
from wxauto_mgt.core.instances.client import WxautoClient
from wxauto_mgt.core.instances.http_errors import CONNECT_FAILED, FOREIGN_ERRORS, translate
from wxauto_mgt.core.instances.model import WindowState
from wxauto_mgt.core.wire import CallRecord, ChatKind
from wxauto_mgt.errors import (
    InstanceAnswerUnreadable,
    InstanceError,
    InstanceRejected,
    InstanceTimedOut,
    InstanceUnreachable,
)


def ok(data: object) -> bytes:
    return json.dumps({"code": 0, "data": data, "message": "服务正常"}).encode()


def failed(code: int) -> bytes:
    return json.dumps({"code": code, "data": None, "message": "x"}).encode()


async def test_health_reads_uptime_and_claims(client: WxautoClient, server: MisbehavingServer) -> None:
    data = {"status": "ok", "uptime": 106, "wechat_status": "connected", "wx_lib": "wxauto"}
    server.on(routes.HEALTH, sends(ok(data)))
    health = await client.health()
    assert (health.uptime_s, health.wechat_status, health.library) == (106.0, "connected", "wxauto")


@pytest.mark.parametrize("data", [None, {}, {"uptime": "106"}, {"uptime": True}, []])
async def test_health_of_another_shape_is_unreadable(
    client: WxautoClient, server: MisbehavingServer, data: object
) -> None:
    server.on(routes.HEALTH, sends(ok(data)))
    with pytest.raises(InstanceAnswerUnreadable):
        await client.health()


async def test_lists_of_sessions_and_windows(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.SESSIONS, sends(ok({"sessions": [{"name": "张三"}, {"name": None}, 7]})))
    server.on(routes.SUB_WINDOWS, sends(ok({"sub_windows": [{"who": "张三", "window_id": "<x>"}]})))
    assert await client.sessions() == ("张三", "", "")
    assert await client.sub_windows() == ("张三",)


async def test_a_list_of_another_shape_is_unreadable(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.SESSIONS, sends(ok({"sessions": None})))
    with pytest.raises(InstanceAnswerUnreadable):
        await client.sessions()


@pytest.mark.parametrize(
    ("answer", "state", "rich", "kind"),
    [
        (sends(failed(3001), 404), WindowState.NOT_LISTENED, False, ChatKind.UNKNOWN),
        (sends(failed(3001), 500), WindowState.LISTENED, False, ChatKind.UNKNOWN),
        (sends(ok({"chat_name": "a", "chat_type": "group"})), WindowState.LISTENED, True, ChatKind.GROUP),
        (sends(ok({"chat_type": "friend"})), WindowState.LISTENED, True, ChatKind.FRIEND),
        (sends(ok(None)), WindowState.LISTENED, True, ChatKind.UNKNOWN),
        (sends(failed(5000), 500), WindowState.UNKNOWN, False, ChatKind.UNKNOWN),
        (sends(b"<html>", 404, "text/html"), WindowState.UNKNOWN, False, ChatKind.UNKNOWN),
        (sends(failed(1001), 401), WindowState.UNKNOWN, False, ChatKind.UNKNOWN),
        (resets(), WindowState.UNKNOWN, False, ChatKind.UNKNOWN),
    ],
)
async def test_what_window_info_proves(
    client: WxautoClient,
    server: MisbehavingServer,
    answer: object,
    state: WindowState,
    rich: bool,
    kind: ChatKind,
) -> None:
    server.on(routes.WINDOW_INFO, answer)  # type: ignore[arg-type]
    info = await client.window_info("张三 & 李四+?#")
    assert (info.state, info.rich, info.chat_kind) == (state, rich, kind)
    path = server.seen[routes.WINDOW_INFO].path
    assert URL(path).query["who"] == "张三 & 李四+?#"


async def test_a_failed_window_probe_of_a_listened_window_is_no_failed_call(
    client: WxautoClient, server: MisbehavingServer, calls: list[CallRecord]
) -> None:
    server.on(routes.WINDOW_INFO, sends(failed(3001), 500), sends(failed(5000), 500))
    await client.window_info("张三")
    await client.window_info("张三")
    assert [call.error_code for call in calls] == [None, "instance_maybe_limited"]


async def test_listen_calls_name_the_chat(client: WxautoClient, server: MisbehavingServer) -> None:
    server.on(routes.LISTEN_ADD, sends(ok({})))
    server.on(routes.LISTEN_REMOVE, sends(ok({})))
    server.on(routes.INITIALIZE, sends(ok({"status": "connected"})), sends(failed(2001), 500))
    await client.listen_add("测试群")
    await client.listen_remove("测试群")
    await client.initialize()
    assert json.loads(server.seen[routes.LISTEN_ADD].body) == {"nickname": "测试群"}
    assert json.loads(server.seen[routes.LISTEN_REMOVE].body) == {"nickname": "测试群"}
    with pytest.raises(InstanceRejected) as error:
        await client.initialize()
    assert error.value.facts["upstream_code"] == 2001


async def test_redirects_are_not_followed(client: WxautoClient, server: MisbehavingServer) -> None:
    async def redirect(conversation: object) -> None:
        await conversation.write(  # type: ignore[attr-defined]
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )

    server.on(routes.SESSIONS, redirect)
    with pytest.raises(InstanceAnswerUnreadable):
        await client.sessions()
    assert server.requests["/elsewhere"] == 0


async def test_the_key_goes_into_the_header_and_nowhere_else(
    make_client: ClientMaker,
    server: MisbehavingServer,
    calls: list[CallRecord],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(server.base_url, timeout_s=0.1)
    server.on(routes.SESSIONS, resets(), hangs(), sends(b"<html>", 500, "text/html"))
    said: list[str] = [repr(client)]
    for _ in range(3):
        with pytest.raises(InstanceError) as error:
            await client.sessions()
        said += [str(error.value), repr(error.value), repr(error.value.facts), repr(error.value.__cause__)]
    assert server.seen[routes.SESSIONS].headers["x-api-key"] == API_KEY
    assert API_KEY not in "\n".join([*said, caplog.text, repr(calls)])


async def test_a_closed_client_refuses_calls(client: WxautoClient, server: MisbehavingServer) -> None:
    await client.close()
    with pytest.raises(InstanceUnreachable) as error:
        await client.health()
    assert error.value.code == "instance_client_closed"


async def test_every_call_failure_is_recorded_once(
    make_client: ClientMaker, server: MisbehavingServer, calls: list[CallRecord]
) -> None:
    client = make_client(server.base_url, timeout_s=0.1)
    server.on(routes.HEALTH, hangs())
    with pytest.raises(InstanceTimedOut):
        await client.health()
    assert [(call.ok, call.error_code) for call in calls] == [(False, "instance_timed_out")]


def _client_errors(base: type[BaseException]) -> list[type[BaseException]]:
    found = [base]
    for child in base.__subclasses__():
        if child.__module__.startswith("aiohttp"):
            found += _client_errors(child)
    return found


def _made(kind: type[BaseException]) -> BaseException:
    """An instance with whatever the constructor wants."""
    info = aiohttp.RequestInfo(URL("http://h/"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://h/"))
    key = aiohttp.client_reqrep.ConnectionKey("h", 80, False, True, None, None, None)
    if kind is aiohttp.client_exceptions.UnixClientConnectorError:
        return kind("path", key, OSError(111, "x"))
    if kind is aiohttp.ClientConnectorCertificateError:
        return kind(key, ValueError("x"))
    if issubclass(kind, aiohttp.ClientConnectorError):
        return kind(key, OSError(111, "x"))
    if kind is aiohttp.ServerFingerprintMismatch:
        return kind(b"x", b"y", "h", 80)
    if issubclass(kind, aiohttp.ClientResponseError):
        return kind(info, ())
    return kind("x")


@pytest.mark.parametrize("kind", sorted(set(_client_errors(aiohttp.ClientError)), key=str))
def test_every_error_of_the_http_library_is_translated(kind: type[BaseException]) -> None:
    error = _made(kind)
    assert isinstance(error, FOREIGN_ERRORS)
    ours = translate(error)
    is_connect_phase = isinstance(error, aiohttp.ClientConnectorError)
    assert (ours.code == CONNECT_FAILED) == is_connect_phase
    assert isinstance(ours, InstanceTimedOut) == isinstance(error, TimeoutError)
