"""A person at the window: run as a program, on Qt's loop, against the real application.

`python -m tests.e2e.window_session DATA_DIR CONTROL_URL` edits a rule in its form, presses restart, closes
the window while a message is on its way, and prints what it saw as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.environment import FREE_PORT
from tests.waiting import eventually
from wxauto_mgt.app import Application
from wxauto_mgt.core.messages.browser import MessageFilter
from wxauto_mgt.core.messages.model import MessageState
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.assembly import Assembled, assemble
from wxauto_mgt.ui.bootstrap import make_application, run_on_qt
from wxauto_mgt.ui.forms.editors import TextEditor
from wxauto_mgt.ui.pages.overview.page import OverviewPage
from wxauto_mgt.ui.pages.rules.page import RulesPage
from wxauto_mgt.ui.theme.theme import Theme

DEADLINE_S = 30.0


async def say(control_url: str, text: str) -> None:
    """A friend writes."""
    body = json.dumps({"chat": "张三", "sender": "张三", "text": text}).encode()
    request = Request(f"{control_url}/__sim__/receive", data=body, method="POST")
    await asyncio.to_thread(lambda: urlopen(request, timeout=10).close())


async def state_of(console: Application, text: str) -> MessageState:
    """Wait until a message has ended and tell how."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            for line in await console.browser.page(MessageFilter(text=text)):
                if line.message.state not in (MessageState.QUEUED, MessageState.DELIVERING):
                    return line.message.state
            await asyncio.sleep(0.02)


async def edit_rule(window: Assembled, console: Application, chat: str) -> None:
    """Open the rule's form, type another chat, press save."""
    page = window.window.show_page("rules")
    assert isinstance(page, RulesPage)
    page.edit_first()
    await eventually(lambda: page.editor.dialog is not None, timeout_s=DEADLINE_S)
    dialog = page.editor.dialog
    assert dialog is not None
    editor = dialog.form.editor("chat")
    assert isinstance(editor, TextEditor)
    editor.line.selectAll()
    QTest.keyClicks(editor.line, chat)
    QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: console.config.snapshot.objects("rule")["r1"].chat == chat)


async def session(window: Assembled, console: Application, control_url: str) -> dict[str, object]:
    """The whole visit."""
    seen: dict[str, object] = {}
    await say(control_url, "你好 1")
    seen["before_edit"] = await state_of(console, "你好 1")
    await edit_rule(window, console, "Nobody")
    await say(control_url, "你好 2")
    seen["after_edit"] = await state_of(console, "你好 2")
    await edit_rule(window, console, "*")

    page = window.window.show_page("overview")
    assert isinstance(page, OverviewPage)
    started_at = console.listener.status.started_at
    QTest.mouseClick(page.restart_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: console.listener.status.started_at not in (started_at, None))
    seen["restarted"] = console.listener.status.running

    await say(control_url, "你好 3")
    closed = asyncio.Event()
    window.window.close_wanted.connect(closed.set)
    window.window.close()
    await closed.wait()
    return seen


async def visit(data_dir: Path, control_url: str) -> dict[str, object]:
    """Open the console with its window, let the person act, stop it."""
    app = make_application()
    theme = Theme(app)
    console = await Application.open(data_dir=data_dir, environment=FREE_PORT)
    window = assemble(console, theme=theme, detected=Language.EN, is_demo=False)
    try:
        window.window.show()
        await console.start()
        seen = await session(window, console, control_url)
        window.window.say_stopping()
    finally:
        failures = await console.stop()
        window.window.let_go()
    return {**seen, "stop_failures": [failure.name for failure in failures]}


def main() -> int:
    data_dir, control_url = sys.argv[1:]
    result: dict[str, object] = {}

    async def run() -> None:
        result.update(await visit(Path(data_dir), control_url))

    run_on_qt(make_application(), run())
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
