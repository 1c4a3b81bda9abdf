"""A process with a bare FastAPI application that answers what it is given, and a bare server below it.

The limits of the API's benchmarks: `FastAPI` behind uvicorn and httptools in a loop of its own, with nothing
around it; and canned answers without any library. `bare_api` is for the parent process.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from wxauto_mgt.runtime.interpreter import keep_started_objects, share_finely

_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"


class Health(BaseModel):
    """The fields of the console's `GET /health`."""

    status: str
    timestamp: str
    version: str
    uptime_seconds: float


@dataclass(frozen=True)
class BareApi:
    """A running process: the port of FastAPI, and of the canned answers."""

    port: int
    canned_port: int


@asynccontextmanager
async def bare_api(*, health: str, metrics: str, canned: str) -> AsyncIterator[BareApi]:
    """Run one for the time of the block.

    Args:
        health: the reply of `GET /health`.
        canned: the body of every answer on the other port.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.bare_api",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    given = {"health": json.loads(health), "metrics": metrics, "canned": canned}
    process.stdin.write(json.dumps(given).encode() + b"\n")
    try:
        yield BareApi(*json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


def application(health: Health, metrics: bytes) -> FastAPI:
    """The two routes, as short as they can be written."""
    app = FastAPI(openapi_url=None)

    @app.get("/health")
    async def get_health() -> Health:
        return Health(**dict(health))

    @app.get("/metrics")
    async def get_metrics() -> Response:
        return Response(metrics, media_type="text/plain")

    return app


class _Canned(asyncio.Protocol):
    """Answers whatever comes once its declared body is here; keeps the connection."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length:")
        if blank and len(body) >= int(length.split(b"\r\n", 1)[0] or 0):
            self._received = b""
            self._transport.write(self._answer)


def _listening() -> socket.socket:
    # The protocol must be named: without it asyncio leaves Nagle's algorithm on.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.bind(("127.0.0.1", 0))
    return made


async def serve() -> None:
    """Read the replies, print the ports, serve until the parent closes its end."""
    share_finely()
    loop = asyncio.get_running_loop()
    given = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    body = given["canned"].encode()
    answer = _HEAD.format(length=len(body)).encode() + body
    canned = await loop.create_server(lambda: _Canned(answer), "127.0.0.1", 0)
    app = application(Health(**given["health"]), given["metrics"].encode())
    config = uvicorn.Config(
        app, http="httptools", ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False
    )
    server, listening = uvicorn.Server(config), _listening()
    serving = loop.create_task(server.serve(sockets=[listening]))
    keep_started_objects()
    print(json.dumps([listening.getsockname()[1], canned.sockets[0].getsockname()[1]]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    canned.close()
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(serve())
