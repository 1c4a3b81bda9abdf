"""The alerts that are not resolved, with what a person can do about them. Called by the alerts page."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.edit_dialog import EditDialog
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.forms.schema import FieldSpec
from wxauto_mgt.ui.pages.alerts.table_model import ActiveModel
from wxauto_mgt.ui.pages.alerts.view_model import AlertRow, AlertsViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, ElidedLabel, button, fill, label, row
from wxauto_mgt.ui.widgets.table_view import RowTable

HOUR_S = 3600.0
DAY_S = 86_400.0
_TAKE_FIELDS = (
    FieldSpec("owner", Widget.TEXT, label="alert_page.owner", is_required=True),
    FieldSpec("note", Widget.MULTILINE, label="alert_page.note", is_nullable=True),
)


class ActivePanel(QWidget):
    """Active alerts: acknowledge, silence."""

    def __init__(self, desk: Desk, view_model: AlertsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.model = ActiveModel(words)
        self.table = RowTable(theme, self.model, words("alert_page.active"))
        self.message = ElidedLabel("", "muted")
        self.more = label("", "muted")
        self.take_button = button(theme, words("alert_page.take"), "person")
        self.hour_button = button(theme, words("alert_page.silence_hour"), "pause")
        self.day_button = button(theme, words("alert_page.silence_day"), "pause")
        self.unsilence_button = button(theme, words("alert_page.unsilence"), "play")
        self.dialog: EditDialog | None = None
        self._stack = QStackedWidget()
        self._lay_out()
        self._wire()
        self._show_rows()

    def _lay_out(self) -> None:
        words = self._desk.words
        tools = row(self.message, self.take_button, self.hour_button, self.day_button, self.unsilence_button)
        tools.setStretch(0, 1)
        content = QWidget()
        rows = QVBoxLayout(content)
        fill(rows, (Card(self.table, margin=1), self.more, tools), Space.M, 0)
        rows.setStretch(0, 1)
        self._stack.addWidget(content)
        self._stack.addWidget(
            EmptyState(
                self._desk.theme,
                icon="check",
                title=words("alert_page.empty_title"),
                text=words("alert_page.empty_text"),
            )
        )
        fill(QVBoxLayout(self), (self._stack,), 0, 0)

    def _wire(self) -> None:
        view_model, words = self._view_model, self._desk.words
        connect_for(self, view_model, view_model.changed, self._show_rows)
        announce(self, self._desk, view_model.silence, words("alert_page.silenced"))
        announce(self, self._desk, view_model.end_silence, words("alert_page.unsilenced"))
        self.take_button.clicked.connect(self.take_current)
        self.table.opened.connect(lambda _: self.take_current())
        self.hour_button.clicked.connect(lambda: self._silence_current(HOUR_S))
        self.day_button.clicked.connect(lambda: self._silence_current(DAY_S))
        self.unsilence_button.clicked.connect(self._unsilence_current)
        self.table.picked.connect(self._show_current)

    def _current(self) -> AlertRow | None:
        return self.model.row_at(self.table.current_row)

    def _show_rows(self, _: object = None) -> None:
        rows = self._view_model.active
        self.model.show_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
        count = self._view_model.count
        self.more.setVisible(count > len(rows))
        self.more.setText(self._desk.words("alert_page.more", shown=len(rows), count=count))
        if self.table.current_row < 0 and rows:
            self.table.selectRow(0)
        self._show_current()

    def _show_current(self, _: int = -1) -> None:
        shown = self._current()
        self.message.setText(shown.message if shown is not None else "")
        self.message.setToolTip(self.message.text())
        is_silent = shown is not None and shown.silence_id is not None
        self.take_button.setEnabled(shown is not None)
        for made in (self.hour_button, self.day_button):
            made.setVisible(not is_silent)
            made.setEnabled(shown is not None)
        self.unsilence_button.setVisible(is_silent)

    def take_current(self) -> None:
        """Open the form by which somebody takes care of an alert."""
        shown = self._current()
        if shown is None:
            return
        words = self._desk.words
        form = SchemaForm(self._desk.theme, words, _TAKE_FIELDS)
        taken = shown.alert.acknowledged
        form.show_document({"owner": taken.owner if taken else "", "note": taken.note if taken else ""})
        alert_id = shown.alert.id

        async def save(document: dict[str, JSON]) -> None:
            await self._view_model.acknowledge(alert_id, document)

        dialog = EditDialog(
            self._desk,
            self.window(),
            title=words("alert_page.take_title", alert=shown.title),
            intro=words("alert_page.take_intro"),
            form=form,
            save=save,
        )
        dialog.saved.connect(lambda: self._desk.done.emit(words("alert_page.taken")))
        dialog.finished.connect(self._forget_dialog)
        dialog.open()
        self.dialog = dialog

    def _forget_dialog(self, _: int) -> None:
        self.dialog = None

    def _silence_current(self, duration_s: float) -> None:
        if (shown := self._current()) is not None:
            self._view_model.silence.start(shown, duration_s)

    def _unsilence_current(self) -> None:
        shown = self._current()
        if shown is not None and shown.silence_id is not None:
            self._view_model.end_silence.start(shown.silence_id)
