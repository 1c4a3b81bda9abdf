"""Starts and ends the window: Qt, the event loop, the application behind it.

Owns the order of start and stop; builds no page. Called by the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

import qasync
from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication, QDialog, QVBoxLayout

from wxauto_mgt.app import Application
from wxauto_mgt.errors import ConsoleError, DataFolderInUse
from wxauto_mgt.run_options import RunOptions, resolve_data_dir
from wxauto_mgt.runtime.interpreter import keep_started_objects, share_finely
from wxauto_mgt.runtime.platform import install_stop_signals
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language, detect_language
from wxauto_mgt.ui.assembly import Assembled, assemble
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.tray import Tray
from wxauto_mgt.ui.widgets.dialogs import answer_of
from wxauto_mgt.ui.widgets.layout import button, fill, label, row
from wxauto_mgt.ui.words import Words

_log = logging.getLogger(__name__)

T = TypeVar("T")

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_FOLDER = 3


def run_window(options: RunOptions) -> int:
    """Run the console with a window until it is closed; the exit code of the program."""
    app = make_application()
    return run_on_qt(app, _run(app, options))


def run_on_qt(app: QApplication, main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on Qt's event loop."""
    share_finely()
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        result: T = loop.run_until_complete(main)
    return result


def make_application() -> QApplication:
    """The one QApplication, set up as our loop needs it."""
    # Qt's own dispatcher nearly doubles the loop's round trips compared with GLib's (on Linux; else ignored).
    os.environ.setdefault("QT_NO_GLIB", "1")
    known = QApplication.instance()
    app = known if isinstance(known, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("wxauto-mgt")
    # quit() inside run_until_complete would break the loop: an event ends it instead.
    app.setQuitOnLastWindowClosed(False)
    return app


async def _run(app: QApplication, options: RunOptions) -> int:
    detected = detect_language(os.environ, system_locale=QLocale.system().name())
    theme = Theme(app)
    theme.apply()
    try:
        application = await Application.open(
            data_dir=resolve_data_dir(options, os.environ), demo=options.demo, environment=os.environ
        )
    except ConsoleError as error:
        await _say_why_not(theme, detected, error, is_attended=_is_attended(app, options))
        return EXIT_FOLDER if isinstance(error, DataFolderInUse) else EXIT_FAILED
    assembled = assemble(application, theme=theme, detected=detected, is_demo=options.demo)
    failure: ConsoleError | None = None
    with translated(app, assembled.words), logged_crashes():
        try:
            await _live(assembled, application, options)
        except ConsoleError as error:
            failure = error
        finally:
            await application.stop(report=options.report if failure is None else None)
            assembled.window.let_go()
    if failure is not None:
        await _say_why_not(theme, detected, failure, is_attended=_is_attended(app, options))
        return EXIT_FAILED
    return EXIT_OK


async def _live(assembled: Assembled, application: Application, options: RunOptions) -> None:
    """Show the window, run until somebody or something ends it, and say that it ends."""
    over = asyncio.Event()
    window = assembled.window
    window.close_wanted.connect(over.set)
    restore = install_stop_signals(asyncio.get_running_loop(), over.set)
    surfaces = application.notifications.surfaces
    tray = Tray(window=window, icon=window.windowIcon(), surfaces=surfaces)
    try:
        window.show()
        await application.start()
        keep_started_objects()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.duration_s):
                await over.wait()
        window.say_stopping()
    finally:
        restore()
        tray.let_go()
        assembled.shell.rest()


def _is_attended(app: QApplication, options: RunOptions) -> bool:
    return options.duration_s is None and app.platformName() not in ("offscreen", "minimal")


async def _say_why_not(theme: Theme, language: Language, error: ConsoleError, *, is_attended: bool) -> None:
    words = Words({language: Catalogue(language)}, language)
    is_taken = isinstance(error, DataFolderInUse)
    title = words("window.in_use_title" if is_taken else "window.start_failed_title")
    text = words("window.in_use_text", **error.facts) if is_taken else words.error(error)
    sys.stderr.write(f"{title}: {text}\n")
    if not is_attended:
        return
    dialog = QDialog()
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    dialog.setWindowTitle(title)
    close = button(theme, words("window.ok"), kind="primary")
    close.clicked.connect(dialog.accept)
    body = label(text, wrap=True)
    body.setMinimumWidth(420)
    fill(
        QVBoxLayout(dialog),
        (label(title, "section"), body, Space.S, row(None, close)),
        Space.S,
        Space.XL,
    )
    await answer_of(dialog)


@contextlib.contextmanager
def logged_crashes() -> Iterator[None]:
    """Write errors that escape from a slot to the log: nobody sees the standard error of a window."""

    def log(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("a slot of the window failed", exc_info=(kind, error, trace))

    previous = sys.excepthook
    sys.excepthook = log
    try:
        yield
    finally:
        sys.excepthook = previous


@contextlib.contextmanager
def translated(app: QApplication, words: Words) -> Iterator[None]:
    """Keep Qt's own words (file dialogs, menus of text fields) in the language in force."""
    translator = QTranslator(app)

    def follow() -> None:
        app.removeTranslator(translator)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if words.language is not Language.EN and translator.load(f"qtbase_{words.language}", folder):
            app.installTranslator(translator)

    follow()
    words.changed.connect(follow)
    try:
        yield
    finally:
        words.changed.disconnect(follow)
        app.removeTranslator(translator)
