"""The alert rules as a table with forms. Called by the alerts page."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.core.alerting.section import ALERT_RULE
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.alerts.rules_view_model import AlertRuleRow, AlertRulesViewModel
from wxauto_mgt.ui.pages.alerts.table_model import AlertRuleModel
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import drive
from wxauto_mgt.ui.widgets.layout import Card, ElidedLabel, button, fill, row
from wxauto_mgt.ui.widgets.table_view import RowTable

WORDS = EditorWords(
    add_title="alert_page.add_title",
    edit_title="alert_page.edit_title",
    intro="alert_page.form_intro",
    delete_title="alert_page.delete_title",
    delete_text="alert_page.delete_text",
)


class AlertRulesPanel(QWidget):
    """Rules: add, edit, switch off, back to how they were delivered."""

    def __init__(self, desk: Desk, view_model: AlertRulesViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(self, desk, view_model.editing, kind=ALERT_RULE, words=WORDS)
        self.model = AlertRuleModel(words)
        self.table = RowTable(theme, self.model, words("alert_page.rules"))
        self.switch_button = button(theme, words("rules.disable"))
        self.edit_button = button(theme, words("form.edit"), "edit")
        self.delete_button = button(theme, words("form.delete"), "delete", kind="danger")
        note = ElidedLabel(words("alert_page.rules_note"), "muted")
        tools = row(note, self.switch_button, self.edit_button, self.delete_button)
        tools.setStretch(0, 1)
        body = QVBoxLayout(self)
        fill(body, (Card(self.table, margin=1), tools), Space.M, 0)
        body.setStretch(0, 1)
        self._wire()
        self._show_rows()

    def add(self) -> None:
        """Open the form for a new rule."""
        self.editor.add(self._view_model.new_document())

    def _wire(self) -> None:
        view_model = self._view_model
        connect_for(self, view_model, view_model.changed, self._show_rows)
        connect_for(self, view_model.switch, view_model.switch.failed, self._desk.failed.emit)
        drive(
            self.switch_button,
            view_model.switch,
            arguments=lambda: (self._current(),),
            is_usable=lambda: self._current() is not None,
        )
        self.edit_button.clicked.connect(lambda: self.edit_row(self.table.current_row))
        self.delete_button.clicked.connect(self._delete_current)
        self.table.opened.connect(self.edit_row)
        self.table.picked.connect(self._show_current)

    def _current(self) -> AlertRuleRow | None:
        return self.model.row_at(self.table.current_row)

    def _show_rows(self, _: object = None) -> None:
        self.model.show_rows(self._view_model.rows)
        if self.table.current_row < 0:
            self.table.selectRow(0)
        self._show_current()

    def _show_current(self, _: int = -1) -> None:
        shown = self._current()
        words = self._desk.words
        for made in (self.switch_button, self.edit_button):
            made.setEnabled(shown is not None)
        self.delete_button.setEnabled(shown is not None and shown.is_stored)
        if shown is not None:
            self.switch_button.setText(words("rules.disable" if shown.is_enabled else "rules.enable"))
            self.delete_button.setText(
                words("alert_page.as_delivered" if shown.is_default else "form.delete")
            )

    def edit_row(self, number: int) -> None:
        """Open a rule's form; one that is as delivered becomes this console's own when it is saved."""
        shown = self.model.row_at(number)
        if shown is None:
            return
        if shown.is_stored:
            self.editor.edit(shown.id)
            return
        title = self._desk.words("alert_page.edit_title", name=shown.name)
        dialog = self.editor.add(self._view_model.delivered_document(shown.id), title=title)
        dialog.form.set_read_only("id", self._desk.words("form.fixed_field"))

    def _delete_current(self) -> None:
        if (shown := self._current()) is not None:
            self.editor.delete(shown.id, shown.name)
