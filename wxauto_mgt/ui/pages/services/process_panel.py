"""The process of one service: state, figures, start and stop, what it writes. Called by the services page."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.services.facts_grid import FactsGrid
from wxauto_mgt.ui.pages.services.process_view_model import ProcessViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.layout import button, column, fill, label, row
from wxauto_mgt.ui.widgets.status_chip import StatusChip

_LEFT_WIDTH = 340


class ProcessPanel(QWidget):
    """A process that the console runs."""

    def __init__(self, desk: Desk, view_model: ProcessViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.chip = StatusChip(theme)
        self.reason = label("", wrap=True)
        self.figures = FactsGrid()
        self.start_button = button(theme, words("services.process_start"), "play")
        self.stop_button = button(theme, words("services.process_stop"), "pause")
        self.restart_button = button(theme, words("services.process_restart"), "restart")
        self.output = QPlainTextEdit()
        self.output.setProperty("kind", "mono")
        self.output.setReadOnly(True)
        self.output.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.output.setPlaceholderText(words("services.no_output"))
        self._lay_out()
        self._wire()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        known = QWidget()
        known.setFixedWidth(_LEFT_WIDTH)
        tools = row(self.start_button, self.stop_button, self.restart_button, None)
        fill(QVBoxLayout(known), (row(self.chip, None), self.reason, tools, self.figures, None), Space.S, 0)
        written = column(label(words("services.output"), "section"), self.output)
        halves = row(known, written, spacing=Space.XL)
        halves.setStretch(1, 1)
        body = QVBoxLayout(self)
        fill(body, (halves,), 0, 0)

    def _wire(self) -> None:
        view_model, words = self._view_model, self._desk.words
        connect_for(self, view_model, view_model.changed, self._show)
        for made, command, done, is_usable in (
            (self.start_button, view_model.start, "started", lambda: not self._is_running()),
            (self.stop_button, view_model.stop, "stopped", self._is_running),
            (self.restart_button, view_model.restart, "restarted", lambda: True),
        ):
            drive(made, command, arguments=lambda: (view_model.selected,), is_usable=is_usable)
            announce(self, self._desk, command, words(f"services.process_{done}_done"))

    def _is_running(self) -> bool:
        shown = self._view_model.shown
        return shown is not None and shown.is_running

    def _show(self) -> None:
        view_model, shown = self._view_model, self._view_model.shown
        if shown is None:
            return
        self.chip.show_status(shown.tone, shown.state)
        self.reason.setText(shown.reason)
        self.figures.show_lines(shown.figures)
        self.start_button.setEnabled(not shown.is_running and not view_model.start.is_running)
        self.stop_button.setEnabled(shown.is_running and not view_model.stop.is_running)
        if self.output.toPlainText() != shown.output:
            self._show_output(shown.output)

    def _show_output(self, text: str) -> None:
        bar = self.output.verticalScrollBar()
        # Follow the end only where the operator looks at the end.
        is_at_end = bar.value() >= bar.maximum() - 4
        place = bar.value()
        self.output.setPlainText(text)
        bar.setValue(bar.maximum() if is_at_end else place)
