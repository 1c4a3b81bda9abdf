"""A process that attacks a console's API in one of several ways for a while; says what it was answered.

Each way has many connections at once and makes the next attempt as soon as the last ended. `attacker` is for
the parent process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks.flood import flood, request_bytes

CLOSED: Final = "closed"
_CALL: Final = "/api/monitor/get_statistics"
_DROP_S: Final = 0.05
_GRACE_S: Final = 15.0
Answers = Counter[str]


@dataclass(frozen=True)
class Target:
    """Who is attacked, for how long.

    Attributes:
        token: a right one, for attacks that need to be let in.
    """

    port: int
    token: str
    seconds: float

    def is_over(self, began_s: float) -> bool:
        """Whether an attack that began then should end."""
        return time.perf_counter() - began_s >= self.seconds


async def _flooded(target: Target, request: bytes, connections: int) -> Answers:
    statuses, _, _ = await flood(request, port=target.port, connections=connections, seconds=target.seconds)
    return Counter({str(status): count for status, count in statuses.items()})


async def wrong_tokens(target: Target) -> Answers:
    """Guess tokens over kept connections."""
    request = request_bytes(_CALL, port=target.port, token="guess-number-one", body=b"{}")
    return await _flooded(target, request, 32)


async def metrics(target: Target) -> Answers:
    """Ask for all metrics, with the right to."""
    return await _flooded(target, request_bytes("/metrics", port=target.port, token=target.token), 32)


async def deep_json(target: Target) -> Answers:
    """Send a hundred thousand brackets, with a right token."""
    request = request_bytes(_CALL, port=target.port, token=target.token, body=b"[" * 100_000)
    return await _flooded(target, request, 32)


async def slow_requests(target: Target) -> Answers:
    """Hold connections open by sending a header byte after byte."""
    start = request_bytes("/health", port=target.port)[:-2] + b"X-Slow: "

    async def attempt() -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        try:
            answer = asyncio.ensure_future(reader.read())
            writer.write(start)
            while not answer.done():
                await asyncio.wait((answer,), timeout=_DROP_S)
                writer.write(b"a")
            return _status(answer.result())
        finally:
            writer.close()

    return await _attempts(target, attempt, 90)


async def connections(target: Target) -> Answers:
    """Hold as many connections as are let in, and knock for more."""
    cap = 150
    held = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(cap)]

    async def attempt() -> str:
        return await _sent(target, b"")

    try:
        return await _attempts(target, attempt, 32)
    finally:
        for _, writer in held:
            writer.close()


async def giant_headers(target: Target) -> Answers:
    """Send a header of 200 KB, again and again."""
    request = request_bytes("/health", port=target.port, extra="X-Giant: " + "a" * 200_000 + "\r\n")
    return await _attempts(target, lambda: _sent(target, request), 32)


async def everything(target: Target) -> Answers:
    """All of the above at once; the answers of each by its name."""
    found = await asyncio.gather(*(attack(target) for attack in ATTACKS.values() if attack is not everything))
    return sum(found, Counter())


async def _sent(target: Target, data: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        writer.write(data)
        return _status(await reader.read())
    finally:
        writer.close()


async def _attempts(target: Target, attempt: Callable[[], Awaitable[str]], at_once: int) -> Answers:
    began_s, found = time.perf_counter(), Counter[str]()

    async def go_on() -> None:
        while not target.is_over(began_s):
            try:
                found[await attempt()] += 1
            except OSError:
                found[CLOSED] += 1

    async with asyncio.timeout(target.seconds + _GRACE_S):
        await asyncio.gather(*(go_on() for _ in range(at_once)))
    return found


def _status(answer: bytes) -> str:
    return answer[9:12].decode() or CLOSED


ATTACKS: Final[Mapping[str, Callable[[Target], Awaitable[Answers]]]] = {
    "wrong_tokens": wrong_tokens,
    "slow_requests": slow_requests,
    "connections": connections,
    "giant_headers": giant_headers,
    "deep_json": deep_json,
    "metrics": metrics,
    "everything": everything,
}


@asynccontextmanager
async def attacker() -> AsyncIterator[Callable[..., Awaitable[dict[str, int]]]]:
    """Start the process, so that its start is over when an attack begins; yields what makes it attack."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.attacker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    orders, answers = process.stdin, process.stdout
    await answers.readline()

    async def attack(**arguments: object) -> dict[str, int]:
        orders.write(json.dumps(arguments).encode() + b"\n")
        found: dict[str, int] = json.loads(await answers.readline())
        return found

    try:
        yield attack
    finally:
        orders.close()
        await process.wait()


async def obey() -> None:
    """Attack as the parent process asks until it closes its end."""
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        attack = ATTACKS[order.pop("attack")]
        print(json.dumps(await attack(Target(**order))), flush=True)


if __name__ == "__main__":
    asyncio.run(obey())
