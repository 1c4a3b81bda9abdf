"""Receivers on loopback that answer as the vendors' documentation says, and check what it asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from wxauto_mgt.runtime.clock import Clock

HOUR_S = 3_600.0


@dataclass
class Received:
    """One request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    document: Any


@dataclass
class Receiver:
    """Keeps what came; answers as its subclass says, or as a test scripted for the next requests."""

    clock: Clock
    received: list[Received] = field(default_factory=list)
    scripted: list[Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=list)
    url: str = ""
    path: str = "/hook"

    def will_answer(self, status: int, text: str = "", *, headers: dict[str, str] | None = None) -> None:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=status, text=text, headers=headers)

        self.scripted.append(answer)

    def will_break_off(self) -> None:
        async def answer(request: web.Request) -> web.Response:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        self.scripted.append(answer)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert request.method == "POST"
        assert request.content_type == "application/json"
        document = json.loads(await request.read())
        got = Received(request.path, dict(request.query), dict(request.headers), document)
        self.received.append(got)
        if self.scripted:
            return await self.scripted.pop(0)(request)
        return self.answer(got)

    def answer(self, got: Received) -> web.StreamResponse:
        return web.Response(text="taken")


class FakeSlack(Receiver):
    """https://api.slack.com/messaging/webhooks#handling_errors"""

    def answer(self, got: Received) -> web.StreamResponse:
        text = got.document.get("text")
        if not isinstance(text, str) or not text:
            return web.Response(status=400, text="no_text")
        bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        if any(character in bare for character in "&<>"):
            return web.Response(status=400, text="invalid_payload")
        return web.Response(text="ok")


@dataclass
class FakeDingTalk(Receiver):
    """https://open.dingtalk.com/document/robots/custom-robot-access"""

    secret: str = ""
    path: str = "/robot/send"

    def answer(self, got: Received) -> web.StreamResponse:
        if got.query.get("access_token") != "token-0123456789":
            return _verdict(errcode=300005, errmsg="token is not exist")
        if self.secret and not self._is_signed(got):
            return _verdict(errcode=310000, errmsg="sign not match")
        if got.document.get("msgtype") != "text" or not got.document["text"]["content"]:
            return _verdict(errcode=40035, errmsg="bad parameter")
        return _verdict(errcode=0, errmsg="ok")

    def _is_signed(self, got: Received) -> bool:
        timestamp = got.query.get("timestamp", "0")
        if abs(self.clock.now().timestamp() - int(timestamp) / 1000) > HOUR_S:
            return False
        digest = hmac.new(self.secret.encode(), f"{timestamp}\n{self.secret}".encode(), hashlib.sha256)
        return got.query.get("sign") == base64.b64encode(digest.digest()).decode()


@dataclass
class FakeWeCom(Receiver):
    """https://developer.work.weixin.qq.com/document/path/91770"""

    path: str = "/cgi-bin/webhook/send"

    def answer(self, got: Received) -> web.StreamResponse:
        if got.query.get("key") != "key-0123456789":
            return _verdict(errcode=93000, errmsg="invalid webhook url")
        if got.document.get("msgtype") != "text":
            return _verdict(errcode=40008, errmsg="invalid message type")
        if len(got.document["text"]["content"].encode()) > 2048:
            return _verdict(errcode=40058, errmsg="content exceed max length")
        return _verdict(errcode=0, errmsg="ok")


@dataclass
class FakeFeishu(Receiver):
    """https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"""

    secret: str = ""
    path: str = "/open-apis/bot/v2/hook/hook-0123456789"

    def answer(self, got: Received) -> web.StreamResponse:
        if self.secret and not self._is_signed(got):
            return _verdict(code=19021, msg="sign match fail or timestamp is not within one hour")
        if got.document.get("msg_type") != "text" or not got.document["content"]["text"]:
            return _verdict(code=9499, msg="Bad Request")
        return _verdict(StatusCode=0, StatusMessage="success", code=0, data={}, msg="success")

    def _is_signed(self, got: Received) -> bool:
        timestamp = got.document.get("timestamp", "0")
        if abs(self.clock.now().timestamp() - int(timestamp)) > HOUR_S:
            return False
        digest = hmac.new(f"{timestamp}\n{self.secret}".encode(), b"", hashlib.sha256).digest()
        return bool(got.document.get("sign") == base64.b64encode(digest).decode())


@asynccontextmanager
async def running(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Serve on loopback; `url` is where."""
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", receiver.handle)
    server = TestServer(application, host="127.0.0.1")
    await server.start_server()
    receiver.url = f"http://127.0.0.1:{server.port}{receiver.path}"
    try:
        yield receiver
    finally:
        await server.close()


def _verdict(**fields: object) -> web.Response:
    return web.json_response(fields)
