"""The button of the health report with what can be done with one. Called by the overview page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from wxauto_mgt.ui.bridge.command import AsyncCommand
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.overview.report_view_model import HTML, MARKDOWN, ReportViewModel
from wxauto_mgt.ui.widgets.dialogs import ask_save_path
from wxauto_mgt.ui.widgets.layout import button

FILTERS: Final = {HTML: "HTML (*.html)", MARKDOWN: "Markdown (*.md)"}


class ReportMenu(QObject):
    """Ties the button, its menu and the commands together.

    Attributes:
        button: for the page's head.
    """

    def __init__(self, page: QWidget, desk: Desk, view_model: ReportViewModel) -> None:
        super().__init__(page)
        self._page = page
        self._desk = desk
        self._view_model = view_model
        words = desk.words
        self.button = button(desk.theme, words("report.button"), "export")
        self.button.clicked.connect(self.show_menu)
        self.menu = QMenu(self.button)
        self._choosing = desk.commands.command(self, "choose_report", self._choose)
        connect_for(self, self._choosing, self._choosing.failed, desk.failed.emit)
        self.save_html = self._action("report.save_html", self._choosing, HTML)
        self.save_markdown = self._action("report.save_markdown", self._choosing, MARKDOWN)
        self.menu.addSeparator()
        self.copy = self._action("report.copy", view_model.copy)
        self.sample = self._action("report.sample", view_model.sample)
        self._tell(view_model.save, "report.saved")
        self._tell(view_model.sample, "report.sample_written")
        connect_for(self, view_model.copy, view_model.copy.succeeded, self._take_copy)
        connect_for(self, view_model.copy, view_model.copy.failed, desk.failed.emit)

    def show_menu(self) -> None:
        """Open the menu below the button, without a nested loop."""
        self.menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))
        self.menu.setActiveAction(self.save_html)

    def _action(self, key: str, command: AsyncCommand, *arguments: object) -> QAction:
        action = self.menu.addAction(self._desk.words(key))
        action.triggered.connect(lambda _=False: command.start(*arguments))
        connect_for(
            self, command, command.running_changed, lambda is_running: action.setEnabled(not is_running)
        )
        return action

    def _tell(self, command: AsyncCommand, key: str) -> None:
        desk = self._desk
        connect_for(
            self, command, command.succeeded, lambda path: desk.done.emit(desk.words(key, path=str(path)))
        )
        connect_for(self, command, command.failed, desk.failed.emit)

    def _take_copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._desk.done.emit(self._desk.words("report.copied"))

    async def _choose(self, format_: str) -> None:
        proposed = await self._view_model.propose(format_)
        title = self._desk.words(f"report.save_{format_}").rstrip("….")
        path: Path | None = await ask_save_path(self._page.window(), title, FILTERS[format_], str(proposed))
        if path is not None:
            self._view_model.save.start(path, format_)
