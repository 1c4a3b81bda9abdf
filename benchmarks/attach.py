"""What a call from another process costs, beside bare loopback HTTP with the same client and bytes."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any, Final

from benchmarks.bare_api import bare_api
from benchmarks.bench import Bench
from benchmarks.child import measured_by
from benchmarks.console import data_folder
from benchmarks.figures import Line, Sample
from benchmarks.local_api import Api, console_with_api

NAME: Final = "attach"
_LIMITS: Final = (
    ("console_once", "the same request by its HTTP client alone, one connection per call"),
    ("console_kept", "the same over a kept connection"),
    ("canned_once", "the same bytes from a bare server, one connection per call"),
    ("canned_kept", "the same bytes from a bare server, over a kept connection"),
)


async def run(bench: Bench) -> list[Line]:
    """`get_service_status()` one call after the other, while 600 listeners are polled."""
    calls = 200 if bench.is_quick else 1_000
    folder = bench.folder(NAME)
    async with console_with_api(folder, settings={}) as api:
        reply = json.dumps(await api.app.api.get_service_status())
        async with bare_api(health=await api.get("/health"), metrics="", canned=reply) as bare:
            arguments = {
                "data_dir": str(data_folder(folder)),
                "canned_port": bare.canned_port,
                "calls": calls,
            }
            found: Any = await measured_by("attach_calls", arguments)
        here_ms = await _in_process(api, calls)
    samples = {name: Sample(tuple(1000 * s for s in seconds), "ms") for name, seconds in found.items()}
    measured = samples["attached"]
    return [
        Line(
            NAME,
            "get_service_status() from another process: round trip",
            measured,
            against,
            samples[name],
            measured.median / samples[name].median,
            "times as long",
            "",
            {"ms within the process": here_ms} if name == _LIMITS[-1][0] else {},
        )
        for name, against in _LIMITS
    ]


async def _in_process(api: Api, calls: int) -> float:
    durations = []
    for _ in range(calls):
        started_s = time.perf_counter()
        await api.app.api.get_service_status()
        durations.append(time.perf_counter() - started_s)
    return statistics.median(durations) * 1000
