"""A bare WXAUTO-HTTP-API server process: canned replies, one call per connection, as cheap as can be.

Answers as upstream does on the wire (indented JSON, escapes, `Connection: close`), without its pauses. The
parent steers it over a control port; `server_process.py` starts it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

_LISTEN_GET: Final = "/api/message/listen/get"
_SEND_WINDOW: Final = "/api/chat-window/message/send"
_SEND_MAIN: Final = "/api/message/send"
_NO_UI: Final = ("/api/health", "/api/chat-window/info")
_HEALTH: Final = {"status": "ok", "wechat_status": "connected", "wx_lib": "wxauto"}
_LIBRARY_ERROR: Final = {"code": 3001, "data": None, "message": "'tuple' object has no attribute 'ChatInfo'"}

# Any: JSON of the wire, in a process of its own that serves measurements only.
Json = Any


def _response(status: str, document: Json) -> bytes:
    body = json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
    head = (
        f"HTTP/1.1 {status}\r\nServer: Werkzeug/3.0.1 Python/3.11.9\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _ok(data: Json, message: str = "获取成功") -> bytes:
    return _response("200 OK", {"code": 0, "data": data, "message": message})


_EMPTY: Final = _ok({"messages": {}}, "没有新消息")
_ACCEPTED: Final = _ok({"message_id": "success"}, "发送成功")


def chat_name(number: int) -> str:
    """Names as people give them, the same on each instance."""
    return f"客户群 {number:02d}"


def _row(number: int, sender: str, text: str) -> Json:
    return {
        "content": text,
        "file_path": None,
        "id": f"42{number:014d}",
        "mtype": None,
        "sender": sender,
        "sender_remark": sender,
        "time": None,
        "type": "text",
    }


class BareInstance:
    """What one port serves."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_hanging = False
        self.echoes_sends = True
        self.windows: list[str] = []
        self.hung: list[asyncio.Transport] = []
        self.calls: Counter[str] = Counter()
        self.sent: list[tuple[str, str]] = []
        self.sent_at_s = 0.0
        self._prepared: list[bytes] = []
        self._replies: deque[bytes] = deque()
        self._echoes: dict[str, list[Json]] = {}
        self._rows = 0

    def fill(self, *, chats: int, rows: int, rounds: int, tag: str) -> None:
        """Prepare `chats * rounds` replies of `rows` rows each; no text occurs twice."""
        self._prepared = []
        for turn in range(rounds):
            for chat in range(chats):
                items = []
                for _ in range(rows):
                    self._rows += 1
                    order = f"{tag}-{self.number}-{turn}-{self._rows}"
                    text = f"你好，请问订单 {order} 什么时候可以发货？麻烦查一下，谢谢。"
                    items.append(_row(self._rows, f"顾客{self._rows % 7}", text))
                self._prepared.append(_ok({"messages": {chat_name(chat): items}}, "获取消息成功"))
        self.rewind()

    def rewind(self) -> None:
        """Serve the prepared replies again from the first."""
        self._replies = deque(self._prepared)

    def answer(self, route: str, body: bytes) -> bytes:
        """The reply to one call."""
        self.calls[route] += 1
        match route:
            case "/api/message/listen/get":
                return self._next_reply()
            case "/api/chat-window/message/send" | "/api/message/send":
                return self._send(route, json.loads(body))
            case "/api/health":
                return _ok({**_HEALTH, "uptime": int(time.monotonic())})
            case "/api/wechat/get-session":
                return _ok({"sessions": [{"name": chat_name(i), "content": ""} for i in range(30)]})
            case "/api/wechat/get-all-sub-windows":
                return _ok({"sub_windows": [{"who": title} for title in self.windows]})
            case "/api/wechat/initialize":
                return _ok({"status": "connected", "window_name": "客服"}, "初始化成功")
            case "/api/message/listen/add":
                return self._listen(json.loads(body)["nickname"])
            case "/api/message/listen/remove":
                return _ok({"nickname": json.loads(body)["nickname"], "library": "wxauto"}, "移除监听成功")
            case "/api/chat-window/info":
                return _response("500 INTERNAL SERVER ERROR", _LIBRARY_ERROR)
        return _EMPTY

    def _next_reply(self) -> bytes:
        if self._replies:
            return self._replies.popleft()
        if self._echoes:
            chat = next(iter(self._echoes))
            return _ok({"messages": {chat: self._echoes.pop(chat)}}, "获取消息成功")
        return _EMPTY

    def _listen(self, nickname: str) -> bytes:
        if nickname not in self.windows:
            self.windows.append(nickname)
        return _ok({"nickname": nickname, "library": "wxauto"}, "添加监听成功")

    def _send(self, route: str, body: Json) -> bytes:
        who = body["who"] if route == _SEND_WINDOW else body["receiver"]
        self.sent.append((who, body["message"]))
        self.sent_at_s = time.monotonic()
        if self.echoes_sends:
            self._rows += 1
            self._echoes.setdefault(who, []).append(_row(self._rows, "self", body["message"]))
        return _ACCEPTED


class Connection(asyncio.Protocol):
    """One call: read the request, write the answer, close."""

    def __init__(self, answer: Callable[[asyncio.Transport, str, bytes], bytes | None]) -> None:
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or len(body) < _content_length(head):
            return
        route = unquote(head.split(b" ", 2)[1].decode()).partition("?")[0]
        answer = self._answer(self._transport, route, body)
        if answer is not None:
            self._transport.write(answer)
            self._transport.close()


def _content_length(head: bytes) -> int:
    if head.startswith(b"GET"):
        return 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class BareServer:
    """All instances, and the control port."""

    def __init__(self, count: int) -> None:
        self.instances = [BareInstance(number) for number in range(count)]
        self.ended = asyncio.Event()

    def connection_to(self, instance: BareInstance) -> Connection:
        def answer(transport: asyncio.Transport, route: str, body: bytes) -> bytes | None:
            if instance.is_hanging and route not in _NO_UI:
                instance.hung.append(transport)
                return None
            return instance.answer(route, body)

        return Connection(answer)

    def control(self) -> Connection:
        def answer(_transport: asyncio.Transport, _route: str, body: bytes) -> bytes:
            return _response("200 OK", self.obey(**json.loads(body)))

        return Connection(answer)

    def obey(self, do: str, **arguments: Json) -> Json:
        """Carry out one order of the parent process."""
        match do:
            case "fill":
                for instance in self.instances[: arguments.pop("first", None)]:
                    instance.fill(**arguments)
            case "rewind":
                for instance in self.instances:
                    instance.rewind()
            case "hang":
                self.instances[arguments["instance"]].is_hanging = True
            case "release":
                self._release()
            case "open_windows":
                for instance in self.instances:
                    instance.windows = [chat_name(number) for number in range(arguments["chats"])]
            case "sent":
                return {
                    "sent": [[each.number, who, text] for each in self.instances for who, text in each.sent],
                    "last_at_s": max(each.sent_at_s for each in self.instances),
                }
            case "forget":
                for instance in self.instances:
                    instance.sent.clear()
                    instance.calls.clear()
            case "calls":
                return {"calls": [dict(instance.calls) for instance in self.instances]}
            case "end":
                self.ended.set()
        return {}

    def _release(self) -> None:
        for instance in self.instances:
            instance.is_hanging = False
            for transport in instance.hung:
                transport.write(_EMPTY)
                transport.close()
            instance.hung.clear()


async def serve(count: int) -> None:
    """Serve `count` instances on ports of their own until told to end; print the ports first."""
    loop = asyncio.get_running_loop()
    server = BareServer(count)
    factories = [(lambda i=instance: server.connection_to(i)) for instance in server.instances]
    listening = [
        await loop.create_server(factory, "127.0.0.1", 0, backlog=512)
        for factory in (*factories, server.control)
    ]
    ports = [each.sockets[0].getsockname()[1] for each in listening]
    print(json.dumps(ports), flush=True)
    await server.ended.wait()
    for each in listening:
        each.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
