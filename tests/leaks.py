"""Finds what a test left behind. The fixtures in conftest.py call these and turn findings into failures."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication, QTimer
    from PySide6.QtWidgets import QWidget

T = TypeVar("T")

_THREAD_GRACE_S = 2.0
"""Threads that were told to end may need a moment on a busy machine."""


def leaked_tasks(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Tasks that are still alive after the test's fixtures ended and the loop had a chance to finish them."""
    if loop.is_closed():
        return []
    for _ in range(3):
        loop.call_soon(loop.stop)
        loop.run_forever()
    return sorted(f"task {task.get_name()}: {task.get_coro()!r}" for task in asyncio.all_tasks(loop))


def leaked_threads(before: set[threading.Thread]) -> list[str]:
    """Threads started since `before` that do not end."""
    deadline = time.monotonic() + _THREAD_GRACE_S
    while leaked := [thread for thread in threading.enumerate() if thread not in before]:
        if time.monotonic() > deadline:
            return sorted(f"thread {thread.name}" for thread in leaked)
        for thread in leaked:
            thread.join(0.01)
    return []


def leaked_qt_objects() -> list[str]:
    """Windows and running timers that nobody closed. Empty unless the test brought Qt along."""
    if "PySide6.QtCore" not in sys.modules:
        return []
    # Imported here because most tests must run, and import, without Qt.
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer

    application = QCoreApplication.instance()
    if application is None:
        return []
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    timers = [found for found in gc.get_objects() if type(found) is QTimer and _is_running(found)]
    return [
        *(f"timer every {timer.interval()} ms of {timer.parent()!r}" for timer in _not_yet_told(timers)),
        *(f"window {window!r}" for window in _not_yet_told(_windows(application))),
    ]


def _is_running(timer: QTimer) -> bool:
    try:
        return timer.isActive()
    except RuntimeError:
        return False  # the C++ side is gone already


def _windows(application: QCoreApplication) -> list[QWidget]:
    # As above; a test may also have QtCore without widgets.
    from PySide6.QtWidgets import QApplication

    if not isinstance(application, QApplication):
        return []
    return [
        window
        for window in QApplication.topLevelWidgets()
        if window.parent() is None and type(window).__name__ not in _QT_OWN_WINDOWS
    ]


def _not_yet_told(objects: list[T]) -> list[T]:
    """A leak fails the test that made it, not later ones (a traceback keeps things alive)."""
    fresh = [item for item in objects if not any(item is told for told in _told)]
    _told.extend(fresh)
    return fresh


_told: list[object] = []
_QT_OWN_WINDOWS = {"QTipLabel", "QRubberBand", "QDesktopWidget", "QDesktopScreenWidget"}
"""Windows that Qt keeps for itself."""


def unexpected_logs(records: Iterable[logging.LogRecord], expected: list[str]) -> list[str]:
    """WARNING and above that no expected pattern finds; and patterns that found nothing."""
    loud = [record for record in records if record.levelno >= logging.WARNING]
    unmatched = [
        f"log {record.levelname} {record.name}: {record.getMessage().splitlines()[0]}"
        for record in loud
        if not any(re.search(pattern, record.getMessage()) for pattern in expected)
    ]
    absent = [
        f"expected log never came: {pattern!r}"
        for pattern in expected
        if not any(re.search(pattern, record.getMessage()) for record in loud)
    ]
    return unmatched + absent
