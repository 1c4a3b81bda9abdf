"""Saves pictures of every page and form of the real window on the demonstration.

Owns the tour through both languages and themes. Called by `tasks.py screenshots`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import shiboken6
from PySide6.QtWidgets import QWidget

from wxauto_mgt.app import Application
from wxauto_mgt.core.access.settings import API_PORT
from wxauto_mgt.core.alerting.section import ALERT_RULE
from wxauto_mgt.core.config.model import JSON, Put
from wxauto_mgt.core.monitoring.checks.contract import CheckRecorded, CheckStatus
from wxauto_mgt.core.monitoring.model import HealthScoreChanged
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.assembly import Assembled, assemble
from wxauto_mgt.ui.bootstrap import make_application, run_on_qt
from wxauto_mgt.ui.main_window import LEAST_SIZE, MainWindow
from wxauto_mgt.ui.pages.alerts.page import AlertsPage
from wxauto_mgt.ui.pages.instances.page import InstancesPage
from wxauto_mgt.ui.pages.logs.page import SEARCH, LogsPage
from wxauto_mgt.ui.pages.messages.page import MessagesPage
from wxauto_mgt.ui.pages.metrics.page import MetricsPage
from wxauto_mgt.ui.pages.platforms.page import PlatformsPage
from wxauto_mgt.ui.pages.rules.page import RulesPage
from wxauto_mgt.ui.pages.services.page import ServicesPage
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui_settings import ThemeChoice

MEASURED_DEADLINE_S = 120.0
# Long enough for plots to have a line and for a handful of messages to be answered.
LIVED_S = 25.0
SETTLE_S = 0.4
# Stored series are read and drawn.
READ_S = 2.0
DEMO_SERVICE = "demo_tts"
ALERTS = "alerts"


def main(arguments: list[str]) -> int:
    """Take the pictures into a folder."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder = Path(arguments[0] if arguments else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    app = make_application()
    theme = Theme(app, ThemeChoice.LIGHT)
    theme.apply()
    run_on_qt(app, _tour(theme, folder))
    return 0


async def _tour(theme: Theme, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        application = await Application.open(data_dir=Path(data), environment={API_PORT: "0"}, demo=True)
        try:
            assembled = assemble(application, theme=theme, detected=Language.ZH_CN, is_demo=True)
            assembled.window.show()
            await application.start()
            await _live_a_little(application)
            for language in Language:
                assembled.words.set_language(language)
                await asyncio.sleep(SETTLE_S)
                _save(assembled.window, folder / f"calm-overview-{language}-{ThemeChoice.LIGHT}.png")
            await _raise_alert(application)
            with socket.socket() as taken:
                # Taken but not listened on: nothing else of this machine answers there.
                taken.bind(("127.0.0.1", 0))
                await _watch_services(application, taken.getsockname()[1])
                await asyncio.sleep(LIVED_S)
                for language in Language:
                    for choice in (ThemeChoice.LIGHT, ThemeChoice.DARK):
                        assembled.words.set_language(language)
                        theme.set_mode(choice)
                        await _photograph(assembled, folder, f"{language}-{choice}")
            assembled.window.say_stopping()
            assembled.shell.rest()
        finally:
            await application.stop()
        assembled.window.let_go()


async def _raise_alert(application: Application) -> None:
    """Let one rule fire at once: a page without any alert shows little."""
    rule: dict[str, JSON] = {
        "id": "demo_threads",
        "name": "线程数（示例）",
        "metric_name": "app_thread_count",
        "threshold": 1.0,
        "for_s": 0.0,
    }
    await application.config.apply([Put(ALERT_RULE, "demo_threads", rule)], who="demo")


async def _watch_services(application: Application, port: int) -> None:
    """Let one service fail, which no repair helps, and run a program for another.

    Args:
        port: where nobody listens.
    """
    broken: dict[str, JSON] = {
        "name": DEMO_SERVICE,
        "description": "语音合成（示例）",
        "critical": True,
        "port": port,
        "check": {"type": "http", "url": "http://127.0.0.1:{port}/health"},
        "interval_s": 2,
        "repairs": [
            {"action": "verify_configuration"},
            {"action": "wait_until_stable", "delay_s": 1, "tries": 2, "pause_s": 0.5},
        ],
    }
    ticking = (
        "import time\nfor second in range(3600):\n    print('tick', second, flush=True)\n    time.sleep(1)"
    )
    ticker: dict[str, JSON] = {
        "name": "demo_ticker",
        "description": "计数程序（示例）",
        "check": {"type": "process", "command_part": "range(3600)"},
        "interval_s": 2,
        "process": {"command": [sys.executable, "-u", "-c", ticking]},
    }
    edits = [Put(SERVICE, DEMO_SERVICE, broken), Put(SERVICE, "demo_ticker", ticker)]
    await application.config.apply(edits, who="demo")


async def _live_a_little(application: Application) -> None:
    measured = asyncio.Event()
    end = application.bus.subscribe(
        HealthScoreChanged, lambda change: measured.set() if change.after.score is not None else None
    )
    known = asyncio.Event()

    def note(_: CheckRecorded) -> None:
        if application.checks.board.report().status is not CheckStatus.UNKNOWN:
            known.set()

    end_checks = application.bus.subscribe(CheckRecorded, note)
    async with asyncio.timeout(MEASURED_DEADLINE_S):
        await measured.wait()
        await asyncio.sleep(LIVED_S)
        await known.wait()
    end()
    end_checks()


async def _photograph(assembled: Assembled, folder: Path, suffix: str) -> None:
    window = assembled.window
    # The alerts come first: a notice in the window belongs into their picture only.
    for name in sorted(window.page_names, key=lambda name: name != ALERTS):
        page = window.show_page(name)
        await asyncio.sleep(SETTLE_S)
        if name != ALERTS:
            window.close_toast()
        if isinstance(page, MetricsPage):
            await asyncio.sleep(READ_S)
        if isinstance(page, MessagesPage):
            page.table.selectRow(0)
            await asyncio.sleep(SETTLE_S)
        _save(window, folder / f"{name}-{suffix}.png")
        if isinstance(page, ServicesPage):
            page.activate(DEMO_SERVICE)
        if isinstance(page, AlertsPage | LogsPage | ServicesPage):
            for tab in page.tab_names:
                page.show_tab(tab)
                await asyncio.sleep(SETTLE_S)
                if tab == SEARCH and isinstance(page, LogsPage):
                    page.search.table.selectRow(0)
                    await asyncio.sleep(SETTLE_S)
                window.close_toast()
                _save(window, folder / f"{name}-{tab}-{suffix}.png")
    await _photograph_forms(assembled, folder, suffix)
    await _photograph_small(window, folder, suffix)


async def _photograph_small(window: MainWindow, folder: Path, suffix: str) -> None:
    """The fullest pages once more in the smallest window."""
    usual = window.size()
    window.resize(LEAST_SIZE)
    for name in ("overview", "services", "alerts"):
        window.show_page(name)
        await asyncio.sleep(SETTLE_S)
        window.close_toast()
        _save(window, folder / f"small-{name}-{suffix}.png")
    window.resize(usual)


async def _photograph_forms(assembled: Assembled, folder: Path, suffix: str) -> None:
    window = assembled.window
    names = ("instances", "platforms", "rules", "services", "alerts", "logs")
    instances, platforms, rules, services, alerts, logs = (window.show_page(name) for name in names)
    assert isinstance(instances, InstancesPage)  # noqa: S101 - narrows the type; the window knows its pages
    assert isinstance(platforms, PlatformsPage)  # noqa: S101
    assert isinstance(rules, RulesPage)  # noqa: S101
    assert isinstance(services, ServicesPage)  # noqa: S101
    assert isinstance(alerts, AlertsPage)  # noqa: S101
    assert isinstance(logs, LogsPage)  # noqa: S101
    tours: tuple[tuple[str, Callable[[], object], Callable[[], QWidget | None]], ...] = (
        ("form-instance", instances.add, lambda: instances.editor.dialog),
        ("form-platform", platforms.edit_first, lambda: platforms.editor.dialog),
        ("form-rule", rules.edit_first, lambda: rules.editor.dialog),
        ("form-service", services.edit_first, lambda: services.editor.dialog),
        ("form-alert-rule", lambda: alerts.rules.edit_row(0), lambda: alerts.rules.editor.dialog),
        ("form-silence", alerts.silences.add, lambda: alerts.silences.dialog),
        ("form-log-levels", logs.open_levels, lambda: logs.dialog),
        ("form-take-alert", alerts.active.take_current, lambda: alerts.active.dialog),
    )
    for name, begin, dialog_of in tours:
        begin()
        await asyncio.sleep(SETTLE_S)
        dialog = dialog_of()
        if dialog is not None and shiboken6.isValid(dialog):
            _save(dialog, folder / f"{name}-{suffix}.png")
            dialog.close()
        await asyncio.sleep(0)


def _save(widget: QWidget, file: Path) -> None:
    if not widget.grab().save(str(file)):
        raise OSError(f"cannot write {file}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
