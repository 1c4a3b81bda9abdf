"""A started server with a free hand on its clock, and a small client that hides nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from wxauto_mgt.simulator import SimulatedServer, SimulatorConfig
from wxauto_mgt.simulator.rows import JSONValue


class HandClock:
    """A monotonic clock that moves only by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Reply:
    """An answer as it came; `code`, `data` and `message` where it is an envelope."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def document(self) -> dict[str, JSONValue]:
        document = json.loads(self.text)
        assert isinstance(document, dict)
        return document

    @property
    def code(self) -> JSONValue:
        return self.document["code"]

    @property
    def message(self) -> JSONValue:
        return self.document["message"]

    @property
    def data(self) -> dict[str, JSONValue]:
        data = self.document["data"]
        assert isinstance(data, dict)
        return data

    @property
    def is_html(self) -> bool:
        return self.headers["Content-Type"].startswith("text/html")

    @property
    def chats(self) -> dict[str, list[dict[str, JSONValue]]]:
        """The chats of a destructive read."""
        messages: dict[str, list[dict[str, JSONValue]]] = json.loads(self.text)["data"]["messages"]
        return messages

    @property
    def texts(self) -> dict[str, list[JSONValue]]:
        """Contents per chat of a destructive read."""
        return {chat: [row["content"] for row in rows] for chat, rows in self.chats.items()}


class Client:
    """Calls with the right key unless told otherwise."""

    def __init__(self, server: SimulatedServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    async def get(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> Reply:
        return await self._call("GET", path, headers, params=query)

    async def post(self, path: str, *, headers: dict[str, str] | None = None, **body: JSONValue) -> Reply:
        return await self._call("POST", path, headers, json=body)

    async def raw(
        self, method: str, path: str, data: bytes | None = None, content_type: str | None = None
    ) -> Reply:
        headers = {"X-API-Key": self.server.api_key}
        if content_type is not None:
            headers["Content-Type"] = content_type
        return await self._call(method, path, headers, data=data, skip_auto_headers=["Content-Type"])

    async def _call(self, method: str, path: str, headers: dict[str, str] | None, **options: object) -> Reply:
        sent = {"X-API-Key": self.server.api_key} if headers is None else headers
        url = self.server.base_url + path
        async with self._session.request(method, url, headers=sent, **options) as answer:  # type: ignore[arg-type]
            return Reply(answer.status, await answer.text(), dict(answer.headers))


Starter = Callable[..., Awaitable[Client]]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def start(clock: HandClock) -> AsyncIterator[Starter]:
    """Start servers with given settings; all end with the test. Their world's clock moves by hand."""
    clients: list[tuple[SimulatedServer, aiohttp.ClientSession]] = []

    async def started(*, initialized: bool = True, **settings: object) -> Client:
        server = SimulatedServer(SimulatorConfig(**settings), monotonic=clock)  # type: ignore[arg-type]
        await server.start()
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=10))
        # aiohttp repeats a GET whose connection broke; these tests want to see what truly happened.
        session._retry_connection = False
        clients.append((server, session))
        if initialized:
            assert server.world.initialize()
        return Client(server, session)

    yield started
    for server, session in clients:
        await session.close()
        await server.stop()


@pytest.fixture
async def client(start: Starter) -> Client:
    """An initialised server with default settings."""
    return await start()
