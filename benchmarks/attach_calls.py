"""A process that asks a console as programs do: over `RemoteMonitorAPI`, and with its HTTP client alone.

`attach.py` starts it; it prints the seconds of each round trip as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import aiohttp

from wxauto_mgt.api.attach import RemoteMonitorAPI
from wxauto_mgt.api.attach_point import read_attach_point
from wxauto_mgt.api.console_link import ConsoleLink
from wxauto_mgt.runtime.clock import SystemClock
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language

_PATH: Final = "/api/monitor/get_service_status"
_WARM_UP: Final = 20


async def _timed(call: Callable[[], Awaitable[bool]], calls: int) -> list[float]:
    durations = []
    for number in range(-_WARM_UP, calls):
        started_s = time.perf_counter()
        is_right = await call()
        if not is_right:
            raise RuntimeError("not the reply that was asked for")
        if number >= 0:
            durations.append(time.perf_counter() - started_s)
    return durations


async def _post(session: aiohttp.ClientSession, url: str, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with session.post(url + _PATH, data=b"{}", headers=headers) as response:
        return json.loads(await response.read())["success"] is True


async def measure(data_dir: Path, canned_port: int, calls: int) -> dict[str, list[float]]:
    """Time each way of asking, one call after the other."""
    point = read_attach_point(data_dir)
    assert point is not None
    canned = f"http://127.0.0.1:{canned_port}"
    link = ConsoleLink(data_dir=data_dir, texts=lambda: Catalogue(Language.EN), clock=SystemClock())
    remote = RemoteMonitorAPI(link=link)

    async def attached() -> bool:
        return (await remote.get_service_status())["success"] is True

    async def once(url: str) -> bool:
        async with aiohttp.ClientSession() as session:
            return await _post(session, url, point.token)

    found = {
        "attached": await _timed(attached, calls),
        "console_once": await _timed(lambda: once(point.url), calls),
        "canned_once": await _timed(lambda: once(canned), calls),
    }
    async with aiohttp.ClientSession() as session:
        found["console_kept"] = await _timed(lambda: _post(session, point.url, point.token), calls)
        found["canned_kept"] = await _timed(lambda: _post(session, canned, point.token), calls)
    return found


def main(arguments: dict[str, object]) -> None:
    """Measure as the parent process asks."""
    data_dir, port, calls = arguments["data_dir"], arguments["canned_port"], arguments["calls"]
    assert isinstance(data_dir, str)
    assert isinstance(port, int)
    assert isinstance(calls, int)
    print(json.dumps(asyncio.run(measure(Path(data_dir), port, calls))), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
