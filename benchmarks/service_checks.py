"""What checking two hundred services every thirty seconds costs, beside the same console at rest."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.console import until
from benchmarks.figures import Line, Sample
from benchmarks.polling import WentWrong
from benchmarks.server_process import server_process
from wxauto_mgt.app import Application
from wxauto_mgt.core.monitoring.checks.contract import CheckStatus
from wxauto_mgt.runtime.interpreter import keep_started_objects

NAME: Final = "checks"
SERVICES: Final = 200
_INTERVAL_S: Final = 30.0
_QUICK_INTERVAL_S: Final = 5.0
_ENVIRONMENT: Final = {"HEARTBEAT_AUTO_START": "false", "WXAUTO_MGT_API_PORT": "0"}


async def run(bench: Bench) -> list[Line]:
    """CPU share of the process: half of the services are pages that are fetched, half ports."""
    interval_s = _QUICK_INTERVAL_S if bench.is_quick else _INTERVAL_S
    folder = bench.folder(NAME)
    async with server_process(1) as server:
        app = await _console(folder, server.urls[0], interval_s)
        try:
            await app.start()
            keep_started_objects()
            await asyncio.sleep(interval_s / 3)  # what a start costs is not asked here
            idle = [await _cpu_percent(interval_s) for _ in range(bench.repetitions)]
            app.checks.heartbeat.start()
            await until(lambda: _checked(app) >= SERVICES, timeout_s=2 * interval_s)
            busy = [await _cpu_percent(interval_s) for _ in range(bench.repetitions)]
            _refuse_failures(app)
        finally:
            await app.stop()
    measured, limit = Sample(tuple(busy), "%"), Sample(tuple(idle), "%")
    rate = SERVICES / interval_s
    return [
        Line(
            NAME,
            f"CPU of one core, {SERVICES} services checked every {interval_s:g} s",
            measured,
            "the same console, its heartbeat stopped",
            limit,
            measured.median - limit.median,
            "percentage points more",
            "",
            {"checks a second": rate, "ms of CPU a check": 10 * (measured.median - limit.median) / rate},
        )
    ]


async def _console(folder: Path, url: str, interval_s: float) -> Application:
    app = await Application.open(
        data_dir=folder / "data", environment={**_ENVIRONMENT, "HEARTBEAT_CHECK_INTERVAL": str(interval_s)}
    )
    address = url.removeprefix("http://")
    host, port = address.split(":")
    pages = [
        {"name": f"page{n:03d}", "check": {"type": "http", "url": f"{url}/api/health"}}
        for n in range(SERVICES // 2)
    ]
    ports = [
        {"name": f"port{n:03d}", "check": {"type": "tcp", "host": host, "port": int(port)}}
        for n in range(SERVICES // 2)
    ]
    text = json.dumps({"services": pages + ports})
    await app.config.import_document(text, filename="bench.json", replace=False, who="bench")
    return app


async def _cpu_percent(window_s: float) -> float:
    """CPU time of this process over a window, all threads, 100 = one core."""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(window_s)
    return 100 * (time.process_time() - cpu_s) / (time.perf_counter() - began_s)


def _checked(app: Application) -> int:
    return sum(
        health.last_check_at is not None and name[:4] in ("page", "port")
        for name, health in app.checks.board.report().services.items()
    )


def _refuse_failures(app: Application) -> None:
    found = app.checks.board.report().services
    if bad := [name for name, one in found.items() if one.status is not CheckStatus.HEALTHY]:
        logging.getLogger(__name__).error("not healthy: %s", ", ".join(bad))
        raise WentWrong(f"{len(bad)} services are not healthy")
