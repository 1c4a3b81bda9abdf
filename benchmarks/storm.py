"""Ten thousand alerts at once, in a console with its window: what loop, memory and receiver feel."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import psutil
from aiohttp import web

from benchmarks.bench import Bench
from benchmarks.child import measured_by
from benchmarks.console import until
from benchmarks.console_load import WindowDriver
from benchmarks.figures import Line, Sample
from benchmarks.heartbeat import PERIOD_S, heartbeat, idle_heartbeat
from wxauto_mgt.app import Application
from wxauto_mgt.runtime.interpreter import keep_started_objects, share_finely

NAME: Final = "storm"
_METRICS: Final = 17
_SERIES: Final = 197  # just below the cap of a metric
_RULES_A_METRIC: Final = 3
_ALERTS: Final = _METRICS * _SERIES * _RULES_A_METRIC
_LASTS_S: Final = 60.0
_SETTLE_S: Final = 15.0
_LOOKED_EVERY_S: Final = 1.0


async def run(bench: Bench) -> list[Line]:
    """Series breach their thresholds over a minute (ten seconds when quick), all of three rules each."""
    lasts_s = 10.0 if bench.is_quick else _LASTS_S
    found = await measured_by("storm", {"lasts_s": lasts_s})
    what = f"{_ALERTS:,} alerts within {lasts_s:.0f} s, the window open: p99 of the gaps of a heartbeat"
    return [
        Line(
            NAME,
            what,
            Sample((found["storm_p99_ms"],), "ms"),
            f"the same console and window at rest ({PERIOD_S * 1000:.0f} ms heartbeat)",
            Sample((found["rest_p99_ms"],), "ms"),
            found["storm_p99_ms"] / found["rest_p99_ms"],
            "times the gap at rest",
            "",
            {
                "ms longest gap": found["storm_longest_ms"],
                "ms longest gap at rest": found["rest_longest_ms"],
                "alerts active": found["active"],
                "requests to the receiver": found["requests"],
                "notifications in them": found["notifications"],
                "MiB more memory": found["more_mib"],
                "s until the last evaluation was done": found["settled_s"],
            },
        )
    ]


async def _measure(lasts_s: float) -> dict[str, float]:
    received: list[int] = []

    async def take(request: web.Request) -> web.Response:
        document: dict[str, Any] = json.loads(await request.read())
        received.append(len(document["notifications"]))
        return web.Response()

    receiver = web.Application(client_max_size=1 << 26)
    receiver.router.add_post("/", take)
    runner = web.AppRunner(receiver)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wxauto-mgt-bench-")))
        environment = {"WXAUTO_MGT_API_PORT": "0"}
        app = await Application.open(data_dir=folder, environment=environment)
        stack.push_async_callback(app.stop)
        document = _document(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        await app.config.import_document(json.dumps(document), filename="storm.json", replace=False, who="b")
        await app.start()
        await stack.enter_async_context(WindowDriver().shown(app))
        keep_started_objects()
        await asyncio.sleep(3)
        rest = await idle_heartbeat(5.0)
        before = psutil.Process().memory_info().rss
        async with heartbeat() as storm:
            await _storm(app, lasts_s)
            started_s = time.perf_counter()
            await until(
                lambda: len(app.alerting.engine.active()) >= _ALERTS, timeout_s=60, every_s=_LOOKED_EVERY_S
            )
            settled_s = time.perf_counter() - started_s
            await until(lambda: bool(received), timeout_s=60)
            await asyncio.sleep(_SETTLE_S)
        active = len(app.alerting.engine.active())
        more_mib = (psutil.Process().memory_info().rss - before) / 2**20
    return {
        "rest_p99_ms": rest.p99_ms,
        "rest_longest_ms": rest.longest_ms,
        "storm_p99_ms": storm.p99_ms,
        "storm_longest_ms": storm.longest_ms,
        "active": active,
        "requests": len(received),
        "notifications": sum(received),
        "more_mib": round(more_mib, 1),
        "settled_s": round(settled_s, 2),
    }


def _document(url: str) -> dict[str, object]:
    return {
        "channels": [{"id": "hook", "type": "webhook", "min_level": "info", "config": {"webhook_url": url}}],
        "alert_rules": [
            {"id": f"storm-{m}-{n}", "metric_name": f"storm_{m}", "threshold": float(n), "for_s": 0.0}
            for m in range(_METRICS)
            for n in range(_RULES_A_METRIC)
        ],
    }


async def _storm(app: Application, lasts_s: float) -> None:
    """Record the breaches evenly over that long, as programs that push their figures do."""
    started_s, total = time.perf_counter(), _METRICS * _SERIES
    for number in range(total):
        labels = {"series": str(number // _METRICS)}
        app.metering.registry.record(f"storm_{number % _METRICS}", 100.0, labels=labels)
        ahead_s = number / total * lasts_s - (time.perf_counter() - started_s)
        await asyncio.sleep(max(0.0, ahead_s))


def main(lasts_s: float) -> None:
    """Measure in this process, on the window's loop."""
    # Imported here: the parent process runs without Qt.
    import qasync

    from wxauto_mgt.ui.bootstrap import make_application

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    share_finely()
    loop = qasync.QEventLoop(make_application())
    asyncio.set_event_loop(loop)
    with loop:
        found = loop.run_until_complete(_measure(lasts_s))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1])["lasts_s"])
