"""Starts the bare server in a process of its own and steers it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


class ServerProcess:
    """A running server; `urls` has one base address per instance."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        *instances, control = ports
        self.urls = tuple(f"http://127.0.0.1:{port}" for port in instances)
        self._control = f"http://127.0.0.1:{control}/"

    async def order(self, do: str, **arguments: object) -> Any:
        """Have the server do something and return its answer."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._control, json={"do": do, **arguments}) as response,
        ):
            return await response.json()

    async def fill(self, *, chats: int, rows: int, rounds: int, tag: str, first: int | None = None) -> int:
        """Give the first instances, or all, `chats * rounds` replies of `rows` rows; returns all rows."""
        await self.order("fill", chats=chats, rows=rows, rounds=rounds, tag=tag, first=first)
        return len(self.urls[:first]) * chats * rows * rounds


@asynccontextmanager
async def server_process(instances: int) -> AsyncIterator[ServerProcess]:
    """Run a server for the time of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.server", str(instances), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    server = ServerProcess(json.loads(await process.stdout.readline()))
    try:
        yield server
    finally:
        await server.order("end")
        await process.wait()
