"""What keeps notices back, with a way to add and to end it. Called by the alerts page."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.core.alerting.settings import ALERTS
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.edit_dialog import EditDialog
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.pages.alerts.silences_view_model import FIELDS, NEW_SILENCE, SilenceRow, SilencesViewModel
from wxauto_mgt.ui.pages.alerts.table_model import SilenceModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, ElidedLabel, button, fill, row
from wxauto_mgt.ui.widgets.table_view import RowTable


class SilencesPanel(QWidget):
    """Silences: add, end; maintenance windows: see, and go where they are set."""

    def __init__(self, desk: Desk, view_model: SilencesViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        self.dialog: EditDialog | None = None
        words, theme = desk.words, desk.theme
        self.model = SilenceModel(words)
        self.table = RowTable(theme, self.model, words("alert_page.silences"))
        self.add_button = button(theme, words("silences.add"), "add")
        self.windows_button = button(theme, words("silences.windows"), "settings")
        self.end_button = button(theme, words("alert_page.unsilence"), "play")
        self.empty = EmptyState(
            theme,
            icon="alerts",
            title=words("silences.empty_title"),
            text=words("silences.empty_text"),
            action=words("silences.add"),
        )
        self._stack = QStackedWidget()
        self._lay_out()
        self._wire()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def add(self) -> EditDialog:
        """Open the form for a new silence."""
        desk, words = self._desk, self._desk.words
        form = SchemaForm(desk.theme, words, FIELDS, references=self._view_model.editing.choices)
        form.show_document(NEW_SILENCE)
        dialog = EditDialog(
            desk,
            self.window(),
            title=words("silences.add"),
            intro=words("silences.intro"),
            form=form,
            save=self._view_model.add,
        )
        dialog.saved.connect(lambda: desk.done.emit(words("alert_page.silenced")))
        dialog.finished.connect(self._forget_dialog)
        dialog.open()
        self.dialog = dialog
        return dialog

    def _forget_dialog(self, _: int) -> None:
        self.dialog = None

    def _lay_out(self) -> None:
        note = ElidedLabel(self._desk.words("silences.note_below"), "muted")
        tools = row(note, self.windows_button, self.end_button, self.add_button)
        tools.setStretch(0, 1)
        self._stack.addWidget(Card(self.table, margin=1))
        self._stack.addWidget(self.empty)
        body = QVBoxLayout(self)
        fill(body, (self._stack, tools), Space.M, 0)
        body.setStretch(0, 1)

    def _wire(self) -> None:
        view_model, words = self._view_model, self._desk.words
        connect_for(self, view_model, view_model.changed, self._show)
        announce(self, self._desk, view_model.end, words("alert_page.unsilenced"))
        drive(
            self.end_button,
            view_model.end,
            arguments=lambda: (self._current_id(),),
            is_usable=lambda: self._current_id() is not None,
        )
        self.add_button.clicked.connect(self.add)
        if self.empty.action is not None:
            self.empty.action.clicked.connect(self.add)
        self.windows_button.clicked.connect(lambda: self._desk.page_wanted.emit("settings", ALERTS))
        self.table.picked.connect(self._show_tools)

    def _show(self) -> None:
        rows = self._view_model.rows
        self.model.show_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
        self.add_button.setVisible(bool(rows))
        if self.table.current_row < 0 and rows:
            self.table.selectRow(0)
        self._show_tools()

    def _show_tools(self, _: int = -1) -> None:
        self.end_button.setEnabled(self._current_id() is not None and not self._view_model.end.is_running)

    def _current_id(self) -> int | None:
        shown: SilenceRow | None = self.model.row_at(self.table.current_row)
        return shown.silence_id if shown is not None else None
