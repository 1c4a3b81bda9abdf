"""How fast rows of twenty servers are committed, beside what SQLite and HTTP alone would allow."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from benchmarks import limits
from benchmarks.bench import Bench
from benchmarks.figures import Line, Sample
from benchmarks.heartbeat import Heartbeat, heartbeat
from benchmarks.polling import Polling, WentWrong, polling
from benchmarks.server_process import ServerProcess, server_process

NAME: Final = "ingest"
INSTANCES: Final = 20
CHATS: Final = 30
_ROWS_PER_GROUP: Final = 500
_MAX_LIMIT_ROWS: Final = 50_000


async def run(bench: Bench) -> list[Line]:
    """Two loads: a backlog (20 rows in a reply) and a trickle (1 row in a reply)."""
    lines = []
    for rows, rounds in ((20, 1 if bench.is_quick else 2), (1, 2 if bench.is_quick else 4)):
        folder = bench.folder(f"{NAME}-{rows}")
        async with server_process(INSTANCES) as server, polling(folder, server.urls) as pollers:
            lines += await _measure(bench, folder, server, pollers, rows=rows, rounds=rounds)
    return lines


async def _measure(
    bench: Bench, folder: Path, server: ServerProcess, pollers: Polling, *, rows: int, rounds: int
) -> list[Line]:
    ours: list[float] = []
    http: list[float] = []
    sockets: list[float] = []
    sqlite: list[float] = []
    total = 0
    beating = Heartbeat()
    for repetition in range(bench.repetitions):
        count = await server.fill(chats=CHATS, rows=rows, rounds=rounds, tag=f"{rows}-{repetition}")
        async with heartbeat(beating):
            started_s = time.perf_counter()
            await pollers.read(count)
            ours.append(count / (time.perf_counter() - started_s))
        total += count
        for read, found in ((limits.read_replies, http), (limits.read_replies_bare, sockets)):
            await server.order("rewind")
            read_rows, seconds = await read(server.urls)
            if read_rows != count:
                raise WentWrong(f"{read_rows} of {count} rows were read")
            found.append(count / seconds)
        inserted, seconds = await asyncio.to_thread(
            limits.insert_rows, folder, pollers.db.path, group=_ROWS_PER_GROUP, limit=_MAX_LIMIT_ROWS
        )
        sqlite.append(inserted / seconds)
    await _check(pollers, total)
    bench.heartbeats[f"{NAME}, {rows} rows a reply"] = beating
    measured = Sample(tuple(ours), "rows/s")
    what = f"{INSTANCES} instances x {CHATS} chats, {rows} rows a reply: polled, identified, committed"
    against = {
        "the same replies by bare aiohttp, JSON decoded": (Sample(tuple(http), "rows/s"), "above 0.5"),
        "the same replies by bare sockets, JSON decoded": (Sample(tuple(sockets), "rows/s"), ""),
        f"the same rows by executemany, {_ROWS_PER_GROUP} a commit, same indexes": (
            Sample(tuple(sqlite), "rows/s"),
            "",
        ),
    }
    return [
        Line(NAME, what, measured, name, limit, measured.median / limit.median, "of the limit", aim)
        for name, (limit, aim) in against.items()
    ]


async def _check(pollers: Polling, total: int) -> None:
    """No row lost, none stored twice: only then the figure counts."""
    row = await pollers.db.fetch_one("SELECT count(*), count(DISTINCT content) FROM message")
    if row is None or tuple(row) != (total, total):
        raise WentWrong(f"{total} rows were sent, stored: {tuple(row or ())}")
