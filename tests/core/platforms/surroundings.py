"""What a plugin or a registry needs around it in tests; a server that answers byte by byte as scripted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from wxauto_mgt.core.config.model import ConfigModel
from wxauto_mgt.core.platforms.contract import (
    Platform,
    PlatformReply,
    PlatformRequest,
    PluginContext,
    TestResult,
    Turn,
)
from wxauto_mgt.core.platforms.section import PlatformConfig
from wxauto_mgt.core.wire import CallRecord, ChatKind
from wxauto_mgt.runtime.clock import Clock, SystemClock


@dataclass
class Calls:
    """Collects call records."""

    records: list[CallRecord] = field(default_factory=list)

    def __call__(self, record: CallRecord) -> None:
        self.records.append(record)

    @property
    def codes(self) -> list[str | None]:
        return [record.error_code for record in self.records]


def context(calls: Calls | None = None, clock: Clock | None = None, seed: int = 1) -> PluginContext:
    return PluginContext("platform:p1", clock or SystemClock(), calls or Calls(), random.Random(seed))


def request(content: str = "你好", *, history: tuple[Turn, ...] = ()) -> PlatformRequest:
    return PlatformRequest(7, "pc1", "张三", ChatKind.FRIEND, "张三", content, history)


@dataclass
class ScriptedServer:
    """Answers each connection with the next bytes; hangs when there are none.

    Attributes:
        received: heads of the requests.
    """

    answers: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    base_url: str = ""
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    def will_answer(
        self, status: str, body: bytes, *, headers: str = "", content_type: str = "application/json"
    ) -> None:
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n"
        )
        self.answers.append(head.encode() + body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.received.append(await reader.readuntil(b"\r\n\r\n"))
            if self.answers:
                writer.write(self.answers.pop(0))
                await writer.drain()
            else:
                await self._gone.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @staticmethod
    @asynccontextmanager
    async def running() -> AsyncIterator[ScriptedServer]:
        scripted = ScriptedServer()
        server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
        scripted.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield scripted
        finally:
            scripted._gone.set()
            server.close()
            await server.wait_closed()


class ToyConfig(ConfigModel):
    """Configuration of the toy platform."""

    answer: str = "ok"


class ToyPlatform(Platform[ToyConfig]):
    """Does what a test tells it: waits on `gate`, raises `error`, counts."""

    TYPE = "toy"
    CONFIG = ToyConfig

    def __init__(self, *, config: ToyConfig, context: PluginContext) -> None:
        super().__init__(config=config, context=context)
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.asked: list[PlatformRequest] = []
        self.running = 0
        self.most_running = 0
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1

    async def reply(self, request: PlatformRequest) -> PlatformReply:
        self.asked.append(request)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.running -= 1
        return PlatformReply((self.config.answer,))

    async def test(self) -> TestResult:
        if self.error is not None:
            raise self.error
        return TestResult(True, "platform_test.toy", {}, 0.0)


class OnceOnlyToy(ToyPlatform):
    """A toy that must not be asked twice."""

    TYPE = "once"
    REPEATABLE = False


def toy_config(platform_id: str = "p1", *, answer: str = "ok", concurrency: int = 4) -> PlatformConfig:
    return PlatformConfig(platform_id, "", "toy", True, concurrency, ToyConfig(answer=answer))
