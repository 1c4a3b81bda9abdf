"""A process with one whole console, with or without a window, that puts everything on its loop at once.

`responsiveness.py` starts it; it prints the gaps of its heartbeat as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from benchmarks.console import PLATFORM, opened, started
from benchmarks.delivery import CHATS, deliver
from benchmarks.heartbeat import Heartbeat, heartbeat, idle_heartbeat
from benchmarks.server_process import ServerProcess
from wxauto_mgt.app import Application
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.messages.model import MessagesStored

_PAGE_S: Final = 0.5
_EDIT_S: Final = 0.5


async def measure(
    ports: list[int], *, seconds: float, rows: int, window: WindowDriver | None
) -> dict[str, object]:
    """Gaps of the loop: with nothing on it, with a console at rest, with everything at once.

    Args:
        rows: how many rows of each chat the backlog has.
    """
    found: dict[str, Heartbeat] = {"idle": await idle_heartbeat(seconds)}
    server = ServerProcess(ports)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wxauto-mgt-bench-")))
        app = await stack.enter_async_context(opened(folder, server.urls, chats=CHATS))
        if window is not None:
            await stack.enter_async_context(window.shown(app))
        await started(app, listeners=CHATS * len(server.urls))
        found["rest"] = await idle_heartbeat(seconds)
        async with heartbeat() as found["load"]:
            await _everything(app, server, rows, window)
    return {
        name: {"p99_ms": each.p99_ms, "longest_ms": each.longest_ms, "beats": len(each.gaps)}
        for name, each in found.items()
    }


async def _everything(
    app: Application, server: ServerProcess, rows: int, window: WindowDriver | None
) -> None:
    """A backlog on every instance, deliveries, edits, reports, and a person who turns the pages."""
    count = await server.fill(chats=CHATS, rows=rows, rounds=1, tag="load")
    complete = asyncio.Event()
    stored = 0

    def note(event: MessagesStored) -> None:
        nonlocal stored
        stored += event.count
        if stored >= count:
            complete.set()

    unsubscribe = app.bus.subscribe(MessagesStored, note)
    beside = [asyncio.get_running_loop().create_task(_edits(app))]
    if window is not None:
        beside.append(asyncio.get_running_loop().create_task(window.turn_pages()))
    try:
        async with asyncio.timeout(120):
            await deliver(app, server, "load")
            await complete.wait()
    finally:
        unsubscribe()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _edits(app: Application) -> None:
    number = 0
    while True:
        number += 1
        document: dict[str, JSON] = {
            "id": "other-0",
            "chat": f"改动 {number}",
            "platforms": [PLATFORM],
            "priority": 500,
        }
        await app.config.apply([Put("rule", "other-0", document)], who="bench")
        await app.api.get_health_report()
        await asyncio.sleep(_EDIT_S)


class WindowDriver:
    """The real window over the application, and somebody who looks at each page in turn."""

    async def turn_pages(self) -> None:
        """Show one page after the other until cancelled."""
        while True:
            for name in self._window.page_names:
                self._window.show_page(name)
                await asyncio.sleep(_PAGE_S)

    @asynccontextmanager
    async def shown(self, app: Application) -> AsyncIterator[None]:
        """Show the window for the time of the block; each page is built before anything is measured."""
        # Imported here: the headless process is to run without Qt.
        from PySide6.QtWidgets import QApplication

        from wxauto_mgt.texts.language import Language
        from wxauto_mgt.ui.assembly import assemble
        from wxauto_mgt.ui.theme.theme import Theme

        known = QApplication.instance()
        assert isinstance(known, QApplication)
        theme = Theme(known)
        theme.apply()
        assembled = assemble(app, theme=theme, detected=Language.ZH_CN, is_demo=False)
        self._window = assembled.window
        self._window.show()
        for name in (*self._window.page_names, self._window.page_names[0]):
            self._window.show_page(name)
            await asyncio.sleep(0.1)
        try:
            yield
        finally:
            self._window.say_stopping()
            self._window.let_go()


def main(arguments: dict[str, object]) -> None:
    """Measure as the parent process asks."""
    ports, seconds, rows = arguments["ports"], arguments["seconds"], arguments["rows"]
    assert isinstance(ports, list)
    assert isinstance(seconds, float)
    assert isinstance(rows, int)
    if arguments["window"]:
        # Imported here: the headless process is to run without Qt.
        import qasync

        from wxauto_mgt.ui.bootstrap import make_application

        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        loop = qasync.QEventLoop(make_application())
        asyncio.set_event_loop(loop)
        with loop:
            found = loop.run_until_complete(measure(ports, seconds=seconds, rows=rows, window=WindowDriver()))
    else:
        found = asyncio.run(measure(ports, seconds=seconds, rows=rows, window=None))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
