"""A process that makes the same HTTP request over kept connections, each as soon as its last was answered.

No HTTP library, so that the server is the limit. `flooded` is for the parent process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Final

from benchmarks.figures import percentile

_LENGTH: Final = b"content-length:"


def request_bytes(
    path: str, *, port: int, token: str | None = None, body: bytes = b"", extra: str = ""
) -> bytes:
    """Write a GET, or with a body a POST of JSON."""
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + f"\r\n{extra}\r\n").encode() + body


class Caller(asyncio.Protocol):
    """One connection: asks, reads the whole answer, asks again. Ends with the connection."""

    def __init__(self, request: bytes, until_s: float) -> None:
        self._request = request
        self._until_s = until_s
        self._received = b""
        self._missing: int | None = None
        self._asked_s = 0.0
        self._status = 0
        self.statuses: Counter[int] = Counter()
        self.durations_s: list[float] = []
        self.body_bytes = 0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self._missing is None:
            self._received += data
            head, blank, data = self._received.partition(b"\r\n\r\n")
            if not blank:
                return
            self._received = b""
            self._status = int(head[9:12])
            self._missing = self.body_bytes = _content_length(head)
        self._missing -= len(data)
        if self._missing <= 0:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._missing = None
        self._asked_s = time.perf_counter()
        self._transport.write(self._request)

    def _answered(self) -> None:
        now_s = time.perf_counter()
        self.durations_s.append(now_s - self._asked_s)
        self.statuses[self._status] += 1
        if now_s < self._until_s:
            self._ask()
        else:
            self._transport.close()


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    begin = lowered.index(_LENGTH) + len(_LENGTH)
    return int(lowered[begin:].split(b"\r\n", 1)[0])


async def flood(
    request: bytes, *, port: int, connections: int, seconds: float
) -> tuple[Counter[int], list[float], int]:
    """Ask for that long; returns the statuses, how long each answer took, and the size of the last body."""
    loop = asyncio.get_running_loop()
    until_s = time.perf_counter() + seconds
    callers = [
        (await loop.create_connection(lambda: Caller(request, until_s), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(caller.ended for caller in callers))
    statuses = sum((caller.statuses for caller in callers), Counter[int]())
    durations = [duration for caller in callers for duration in caller.durations_s]
    return statuses, durations, callers[0].body_bytes


async def measure(
    *, path: str, port: int, token: str | None, connections: int, seconds: float
) -> dict[str, object]:
    """A flood and its figures; a short one before it warms up both sides."""
    request = request_bytes(path, port=port, token=token)
    await flood(request, port=port, connections=connections, seconds=min(0.5, seconds / 4))
    started_s = time.perf_counter()
    statuses, durations, body_bytes = await flood(
        request, port=port, connections=connections, seconds=seconds
    )
    lasted_s = time.perf_counter() - started_s
    return {
        "statuses": dict(statuses),
        "per_second": len(durations) / lasted_s,
        "p99_ms": percentile(durations, 0.99) * 1000,
        "body_bytes": body_bytes,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(**json.loads(sys.argv[1])))), flush=True)
