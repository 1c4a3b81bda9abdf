"""What a health report costs with 600 listeners and a million messages, beside one grouped count."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from benchmarks import limits
from benchmarks.bench import Bench
from benchmarks.console import data_folder, instance_id, opened, started
from benchmarks.figures import Line, Sample
from benchmarks.polling import WentWrong
from benchmarks.server import chat_name
from benchmarks.server_process import server_process
from benchmarks.stored_messages import store_messages
from wxauto_mgt.app.data_folder import open_console_database

NAME: Final = "report"
INSTANCES: Final = 20
CHATS: Final = 30
_REPORTS: Final = 50
_COUNTS: Final = 7


async def run(bench: Bench) -> list[Line]:
    """The monitor's report, and the same as the facade hands it out, texts rendered."""
    messages = 200_000 if bench.is_quick else 1_000_000
    listeners = INSTANCES * CHATS
    folder = bench.folder(NAME)
    async with server_process(INSTANCES) as server:
        await server.order("open_windows", chats=CHATS)
        path = await _empty_database(folder)
        names = [(instance_id(i), chat_name(c)) for i in range(INSTANCES) for c in range(CHATS)]
        store_messages(path, messages=messages, chats=names)
        async with opened(folder, server.urls, chats=CHATS) as app:
            await started(app, listeners=listeners)
            await app.listener.pause()  # nothing else is to run beside what is measured
            if len((await app.monitor.health_report()).listeners) != listeners:
                raise WentWrong("the report does not name all listeners")
            reports = await _timed(app.monitor.health_report)
            rendered = await _timed(app.api.get_health_report)
        counts = [limits.grouped_count(path) for _ in range(_COUNTS)]
    limit = Sample(tuple(seconds * 1000 for _chats, seconds in counts), "ms")
    against = "SELECT chat_id, count(*) ... GROUP BY chat_id over its covering index"
    what = f"{listeners} listeners and {messages:,} messages"
    return [
        Line(
            NAME,
            f"{name}, {what}",
            measured,
            against,
            limit,
            limit.median / measured.median,
            "times faster",
            aim,
        )
        for name, measured, aim in (
            ("ServiceMonitor.health_report", reports, "above 30"),
            ("monitor_api.get_health_report", rendered, "above 30"),
        )
    ]


async def _empty_database(folder: Path) -> Path:
    data_dir = data_folder(folder)
    data_dir.mkdir(parents=True)
    db = await open_console_database(data_dir)
    await db.close()
    return db.path


async def _timed(report: Callable[[], Awaitable[object]]) -> Sample:
    durations = []
    for _ in range(_REPORTS):
        started_s = time.perf_counter()
        await report()
        durations.append((time.perf_counter() - started_s) * 1000)
    return Sample(tuple(durations), "ms")
