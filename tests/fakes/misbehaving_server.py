"""An HTTP server of raw sockets that does what no framework lets one do: half bodies, resets, silence."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter, deque
from collections.abc import Awaitable, Callable

Script = Callable[["Conversation"], Awaitable[None]]


class Conversation:
    """One request and the raw connection that it came by."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, released: asyncio.Event
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._released = released
        self.method = ""
        self.path = ""
        self.headers: dict[str, str] = {}
        self.body = b""

    async def read_request(self) -> bool:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = first.split(" ", 2)
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                self.headers[name.strip().lower()] = value.strip()
        self.body = await self._reader.readexactly(int(self.headers.get("content-length", "0")))
        return True

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def head(
        self, status: int = 200, *, length: int | None = None, kind: str = "application/json"
    ) -> None:
        size = "" if length is None else f"Content-Length: {length}\r\n"
        text = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{size}Connection: close\r\n\r\n"
        await self.write(text.encode())

    async def answer(self, body: bytes, status: int = 200, kind: str = "application/json") -> None:
        await self.head(status, length=len(body), kind=kind)
        await self.write(body)

    async def hang(self) -> None:
        """Say nothing more until the server is closed."""
        await self._released.wait()

    def reset(self) -> None:
        """End the connection by RST."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


class MisbehavingServer:
    """Answers each route by its script; each script of a route is used once, the last one for ever.

    Attributes:
        requests: what came, by path without query.
        seen: the last conversation of a path.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.seen: dict[str, Conversation] = {}
        self.base_url = ""
        self._scripts: dict[str, deque[Script]] = {}
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._talks: set[asyncio.Task[None]] = set()

    def on(self, path: str, *scripts: Script) -> None:
        """Set what a path does."""
        self._scripts[path] = deque(scripts)

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self.base_url

    async def stop(self) -> None:
        self._released.set()
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        while self._talks:
            await asyncio.wait(self._talks)
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self._writers.add(writer)
        conversation = Conversation(reader, writer, self._released)
        try:
            if await conversation.read_request():
                path = conversation.path.partition("?")[0]
                self.requests[path] += 1
                self.seen[path] = conversation
                scripts = self._scripts.get(path)
                if scripts:
                    script = scripts.popleft() if len(scripts) > 1 else scripts[0]
                    with contextlib.suppress(ConnectionError):
                        await script(conversation)
                else:
                    await conversation.answer(b"<!doctype html>", 404, "text/html")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._writers.discard(writer)
            self._talks.discard(task)


def sends(body: bytes, status: int = 200, kind: str = "application/json") -> Script:
    """A whole, proper answer."""

    async def script(conversation: Conversation) -> None:
        await conversation.answer(body, status, kind)

    return script


def breaks_off(body: bytes, after: int, *, length: int | None = None, pause: bool = True) -> Script:
    """Promise the whole body, send a part, close the connection."""

    async def script(conversation: Conversation) -> None:
        await conversation.head(length=len(body) if length is None else length)
        await conversation.write(body[:after])
        if pause:
            await asyncio.sleep(0.01)

    return script


def resets(body: bytes = b"", after: int = 0) -> Script:
    """Send a part, give it time to arrive, reset the connection."""

    async def script(conversation: Conversation) -> None:
        if after:
            await conversation.head(length=len(body))
            await conversation.write(body[:after])
            await asyncio.sleep(0.02)
        conversation.reset()

    return script


def hangs(body: bytes = b"", after: int = 0) -> Script:
    """Send a part, then nothing more, the connection stays open."""

    async def script(conversation: Conversation) -> None:
        if after:
            await conversation.head(length=len(body))
            await conversation.write(body[:after])
        await conversation.hang()

    return script


def writes(data: bytes) -> Script:
    """Send exactly these bytes and close."""

    async def script(conversation: Conversation) -> None:
        await conversation.write(data)

    return script
