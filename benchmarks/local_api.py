"""What the console's HTTP API answers a second, beside a bare FastAPI application with the same replies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from benchmarks.bare_api import bare_api
from benchmarks.bench import Bench
from benchmarks.child import measured_by
from benchmarks.console import opened, started, until
from benchmarks.figures import Line, Sample
from benchmarks.polling import WentWrong
from benchmarks.server_process import ServerProcess, server_process
from wxauto_mgt.app import Application
from wxauto_mgt.core.access.model import Scope
from wxauto_mgt.core.monitoring.checks.board import CHECK_STATUS
from wxauto_mgt.core.monitoring.checks.contract import CheckStatus
from wxauto_mgt.core.monitoring.services.names import MAIN_SERVICE

NAME: Final = "api"
INSTANCES: Final = 20
CHATS: Final = 30
_CONNECTIONS: Final = 16
_AIMS: Final = {"/health": "within 1.5", "/metrics": ""}


@dataclass(frozen=True)
class Api:
    """A console with its listeners at work, and who may ask it.

    Attributes:
        token: with the right to read.
    """

    app: Application
    server: ServerProcess
    port: int
    token: str

    async def get(self, path: str) -> str:
        """Ask once."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}{path}", headers=headers) as response,
        ):
            response.raise_for_status()
            return await response.text()


@asynccontextmanager
async def console_with_api(folder: Path, *, settings: dict[str, object]) -> AsyncIterator[Api]:
    """Start a console with 20 instances and 600 listeners, and wait until it was checked and sampled.

    Args:
        settings: of the group `http`.
    """
    async with server_process(INSTANCES) as server:
        await server.order("open_windows", chats=CHATS)
        async with opened(folder, server.urls, chats=CHATS, settings={"http": settings}) as app:
            await started(app, listeners=INSTANCES * CHATS)
            address = app.http.address
            if address is None:
                raise WentWrong("the API does not listen")
            issued = await app.http.tokens.create("bench", Scope.READ, who="bench")
            await until(lambda: _is_measured(app), timeout_s=60)
            yield Api(app, server, address.port, issued.value)


def _is_measured(app: Application) -> bool:
    """Whether the process was found well, and its metrics were sampled."""
    is_well = app.checks.board.status(MAIN_SERVICE) is CheckStatus.HEALTHY
    return is_well and CHECK_STATUS in app.metering.registry.names()


@dataclass
class _Found:
    per_second: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)


async def run(bench: Bench) -> list[Line]:
    """Both in turns, the console's listening paused; then once more while it listens."""
    seconds = 1.0 if bench.is_quick else 5.0
    lines: list[Line] = []
    async with console_with_api(bench.folder(NAME), settings={}) as api:
        health, metrics = await api.get("/health"), await api.get("/metrics")
        async with bare_api(health=health, metrics=metrics, canned="{}") as bare:
            for path in _AIMS:
                ours, limit, listening = _Found(), _Found(), _Found()
                await _flood(listening, path, api.port, api.token, seconds)
                await api.app.listener.pause()
                for _ in range(bench.repetitions):
                    await _flood(ours, path, api.port, api.token, seconds)
                    await _flood(limit, path, bare.port, api.token, seconds)
                await api.app.listener.resume()
                lines += _lines(path, ours, limit, listening, len(metrics))
    return lines


async def _flood(into: _Found, path: str, port: int, token: str, seconds: float) -> None:
    arguments = {"path": path, "port": port, "token": token, "connections": _CONNECTIONS, "seconds": seconds}
    found: Any = await measured_by("flood", arguments)
    if set(found["statuses"]) != {"200"} or found["body_bytes"] < 50:
        raise WentWrong(found)
    into.per_second.append(found["per_second"])
    into.p99_ms.append(found["p99_ms"])


def _lines(path: str, ours: _Found, limit: _Found, listening: _Found, metrics_bytes: int) -> list[Line]:
    size = f" ({metrics_bytes / 1024:.0f} KiB)" if path == "/metrics" else ""
    what = f"GET {path}{size} over {_CONNECTIONS} kept connections"
    against = "a bare FastAPI application, the same reply"
    rate, bare_rate = Sample(tuple(ours.per_second), "1/s"), Sample(tuple(limit.per_second), "1/s")
    slow, bare_slow = Sample(tuple(ours.p99_ms), "ms"), Sample(tuple(limit.p99_ms), "ms")
    return [
        Line(
            NAME,
            what,
            rate,
            against,
            bare_rate,
            bare_rate.median / rate.median,
            "times fewer",
            _AIMS[path],
            {"1/s while 600 listeners are polled": listening.per_second[0]},
        ),
        Line(
            NAME,
            f"{what}, p99",
            slow,
            against,
            bare_slow,
            slow.median / bare_slow.median,
            "times as long",
            _AIMS[path],
            {"ms p99 while 600 listeners are polled": listening.p99_ms[0]},
        ),
    ]
