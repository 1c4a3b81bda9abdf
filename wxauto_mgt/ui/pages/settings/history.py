"""The configuration's history with rollback, as a panel. Called by the settings page."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.settings.table_model import RevisionModel
from wxauto_mgt.ui.pages.settings.view_model import RevisionRow, SettingsViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, row
from wxauto_mgt.ui.widgets.table_view import RowTable


class HistoryPanel(QWidget):
    """Who changed what when, and the way back."""

    def __init__(self, desk: Desk, view_model: SettingsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words = desk.words
        self.model = RevisionModel(words)
        self.table = RowTable(desk.theme, self.model, words("settings.history"))
        self.detail = label("", "muted", wrap=True)
        self.rollback_button = button(desk.theme, words("settings.rollback"), "replay")
        card = Card(
            label(words("settings.history"), "section"),
            label(words("settings.history_about"), "muted", wrap=True),
            self.table,
            row(self.detail, None, self.rollback_button),
            margin=Space.L,
            spacing=Space.M,
        )
        card.body.setStretch(2, 1)
        fill(QVBoxLayout(self), (card,), 0, 0)
        connect_for(self, view_model, view_model.history_read, self._show_rows)
        announce(self, desk, view_model.rollback, words("settings.rolled_back"))
        self.table.picked.connect(self._show_current)
        self.rollback_button.clicked.connect(self._ask_rollback)
        self._show_rows(view_model.revisions)

    def _show_rows(self, rows: list[RevisionRow]) -> None:
        self.model.show_rows(rows)
        self._show_current()

    def _show_current(self, _: int = -1) -> None:
        shown = self.model.row_at(self.table.current_row)
        newest = self.model.row_at(0)
        self.rollback_button.setEnabled(shown is not None and shown is not newest)
        self.detail.setText("\n".join(shown.details[:6]) if shown is not None else "")

    def _ask_rollback(self) -> None:
        shown = self.model.row_at(self.table.current_row)
        if shown is None:
            return
        words = self._desk.words
        question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("settings.rollback_title", number=shown.number),
            text=words("settings.rollback_text", time=words.moment(shown.at)),
            yes=words("settings.rollback"),
            no=words("form.cancel"),
        )
        question.accepted.connect(lambda: self._view_model.rollback.start(shown.number))
        question.open()
