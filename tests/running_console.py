"""A real console without a window, for tests that talk to it through `monitor_api`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.environment import FREE_PORT
from wxauto_mgt.app import Application


@asynccontextmanager
async def console(
    folder: Path, environment: Mapping[str, str], *, demo: bool = False
) -> AsyncIterator[Application]:
    """A running console; `monitor_api` talks to it."""
    application = await Application.open(data_dir=folder, demo=demo, environment={**FREE_PORT, **environment})
    try:
        await application.start()
        yield application
    finally:
        assert await application.stop() == ()


async def data(reply: Awaitable[Any]) -> Any:
    """The data of a call that worked."""
    found = await reply
    assert found["success"] is True, found
    return found["data"]
