"""Whether one instance that hangs delays the other nineteen: rounds with and without it, taken in turns."""

from __future__ import annotations

import statistics
import time
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Line, Sample
from benchmarks.polling import Polling, polling
from benchmarks.server_process import ServerProcess, server_process

NAME: Final = "hung"
INSTANCES: Final = 20
_OTHERS: Final = range(INSTANCES - 1)
_ROUNDS_IN_A_ROW: Final = 3
_CHATS: Final = 2
_ROWS: Final = 5


async def run(bench: Bench) -> list[Line]:
    """A round: nineteen instances bring two replies of five rows each, all is committed, all are empty."""
    blocks = 6 if bench.is_quick else 40
    hung: list[float] = []
    none_hung: list[float] = []
    async with server_process(INSTANCES) as server, polling(bench.folder(NAME), server.urls) as pollers:
        await _rounds(server, pollers, "warm-up")
        for block in range(blocks):
            none_hung += await _rounds(server, pollers, f"free-{block}")
            await server.order("hang", instance=INSTANCES - 1)
            hung += await _rounds(server, pollers, f"hung-{block}")
            await server.order("release")
        pollers.check()
    measured, limit = (Sample(tuple(1000 * s for s in found), "ms") for found in (hung, none_hung))
    noise = _noise(none_hung)
    return [
        Line(
            NAME,
            f"a round of {len(_OTHERS)} instances while 1 more hangs",
            measured,
            "the same round while none hangs",
            limit,
            measured.median / limit.median,
            "times as long",
            "nothing measurable",
            {"two halves of the rounds without a hung one differ by a factor": noise},
        )
    ]


async def _rounds(server: ServerProcess, pollers: Polling, tag: str) -> list[float]:
    durations = []
    for turn in range(_ROUNDS_IN_A_ROW):
        await server.fill(chats=_CHATS, rows=_ROWS, rounds=1, tag=f"{tag}-{turn}", first=len(_OTHERS))
        started_s = time.perf_counter()
        await pollers.round(_OTHERS)
        durations.append(time.perf_counter() - started_s)
    return durations


def _noise(durations: list[float]) -> float:
    """What the same quantity differs from itself: its even rounds against its odd ones."""
    even, odd = statistics.median(durations[::2]), statistics.median(durations[1::2])
    return max(even, odd) / min(even, odd)
