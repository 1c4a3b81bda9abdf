"""How long the loop keeps others waiting while the product works, beside a loop that has nothing to do."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.child import measured_by
from benchmarks.figures import Line, Sample
from benchmarks.heartbeat import PERIOD_S, idle_heartbeat
from benchmarks.server_process import ServerProcess, server_process

NAME: Final = "loop"
INSTANCES: Final = 20
CHATS: Final = 30
_WHAT: Final = {
    "rest": "a console at rest: 600 listeners polled, probed",
    "load": "all at once: backlog of {count:,} rows, 500 deliveries, edits, reports",
}


async def run(bench: Bench) -> list[Line]:
    """The loads of the other benchmarks of this run, then a whole console without and with its window."""
    seconds, rows = (1.0, 2) if bench.is_quick else (5.0, 10)
    lines = []
    if bench.heartbeats:
        idle = await idle_heartbeat(seconds)
        for name, beating in bench.heartbeats.items():
            lines.append(
                _line(
                    f"{name}, headless",
                    (beating.p99_ms, beating.longest_ms),
                    (idle.p99_ms, idle.longest_ms),
                    "within 4",
                )
            )
    for window in (False, True):
        async with server_process(INSTANCES) as server:
            await server.order("open_windows", chats=CHATS)
            found = await _console(server, seconds=seconds, rows=rows, window=window)
        count = INSTANCES * CHATS * rows
        idle_gaps = (found["idle"]["p99_ms"], found["idle"]["longest_ms"])
        for phase, what in _WHAT.items():
            gaps = (found[phase]["p99_ms"], found[phase]["longest_ms"])
            where = "with the window" if window else "headless"
            lines.append(
                _line(f"{what.format(count=count)}, {where}", gaps, idle_gaps, "" if window else "within 4")
            )
    return lines


def _line(what: str, gaps: tuple[float, float], idle: tuple[float, float], aim: str) -> Line:
    return Line(
        NAME,
        what,
        Sample((gaps[0],), "ms"),
        f"an idle loop: p99 of the gaps of a {PERIOD_S * 1000:.0f} ms heartbeat",
        Sample((idle[0],), "ms"),
        gaps[0] / idle[0],
        "times the idle gap",
        aim,
        {"ms longest gap": gaps[1], "ms longest gap of the idle loop": idle[1]},
    )


async def _console(server: ServerProcess, *, seconds: float, rows: int, window: bool) -> Any:
    arguments = {"ports": server.ports, "seconds": seconds, "rows": rows, "window": window}
    return await measured_by("console_load", arguments)
