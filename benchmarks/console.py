"""A whole console over a data folder of its own, configured for measuring: the real `Application`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from benchmarks import sleeping_platform
from benchmarks.server import chat_name
from wxauto_mgt.app import Application
from wxauto_mgt.core.access.settings import API_PORT
from wxauto_mgt.runtime.interpreter import keep_started_objects

PLATFORM: Final = "sleeper"
PLATFORM_S: Final = 0.2
RULES: Final = 30
CALLED: Final = "小助手"
"""What a message must contain to be delivered; the rows of a backlog do not."""
_POLL_S: Final = 0.005


def document(urls: Sequence[str], *, chats: int) -> dict[str, object]:
    """One instance per server with `chats` fixed listeners, a platform, thirty rules of which one matches."""
    names = [instance_id(number) for number in range(len(urls))]
    rule = {"chat": "regex:^客户群 ", "content": CALLED, "platforms": [PLATFORM]}
    return {
        "instances": [
            {"id": name, "name": name, "base_url": url, "api_key": "bench-key-0", "rate_limit_per_minute": 0}
            for name, url in zip(names, urls, strict=True)
        ],
        "listeners": [
            {"instance": name, "who": chat_name(chat), "kind": "fixed"}
            for name in names
            for chat in range(chats)
        ],
        "platforms": [
            {
                "id": PLATFORM,
                "name": PLATFORM,
                "type": sleeping_platform.TYPE,
                "concurrency": 30,
                "config": {"answer_s": PLATFORM_S},
            }
        ],
        "rules": [
            {"id": f"other-{n}", "chat": f"别的群 {n}", "platforms": [PLATFORM], "priority": 100 + n}
            for n in range(RULES - 1)
        ]
        + [{"id": "matching", "priority": 1, **rule}],
    }


def instance_id(number: int) -> str:
    """Ids by the place of the server."""
    return f"pc{number:02d}"


def data_folder(folder: Path) -> Path:
    """Where `opened` keeps the data."""
    return folder / "data"


@asynccontextmanager
async def opened(
    folder: Path, urls: Sequence[str], *, chats: int, settings: Mapping[str, object] | None = None
) -> AsyncIterator[Application]:
    """An application with its configuration in force, not started; stopped at the end.

    Args:
        settings: groups that differ from their defaults.
    """
    with sleeping_platform.installed_in(folder / "plugins"):
        app = await Application.open(data_dir=data_folder(folder), demo=False, environment={API_PORT: "0"})
        try:
            stored = {**document(urls, chats=chats), "settings": settings or {}}
            text = json.dumps(stored, ensure_ascii=False)
            await app.config.import_document(text, filename="bench.json", replace=True, who="bench")
            yield app
        finally:
            await app.stop()


async def started(app: Application, *, listeners: int, timeout_s: float = 60.0) -> None:
    """Start it and wait until that many listeners are verified."""
    await app.start()
    keep_started_objects()
    await until(
        lambda: sum(each.active for each in app.listener.listeners()) >= listeners, timeout_s=timeout_s
    )


async def until(is_so: Callable[[], bool], *, timeout_s: float, every_s: float = _POLL_S) -> None:
    """Return when it is so; look less often where looking is not free."""
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"not within {timeout_s} s")
        await asyncio.sleep(every_s)
