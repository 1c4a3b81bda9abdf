"""The rules: which message goes to whom.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.pages.rules.table_model import RuleModel
from wxauto_mgt.ui.pages.rules.view_model import RuleRow, RulesViewModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import drive
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, page_header, row
from wxauto_mgt.ui.widgets.notices import Notice
from wxauto_mgt.ui.widgets.table_view import RowTable

WORDS = EditorWords(
    add_title="rules.add_title",
    edit_title="rules.edit_title",
    intro="rules.form_intro",
    delete_title="rules.delete_title",
    delete_text="rules.delete_text",
)

OTHERS_SHOWN = 3


class RulesPage(Page):
    """The rules."""

    def __init__(self, desk: Desk, view_model: RulesViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(
            self, desk, view_model.editing, kind="rule", words=WORDS, advise=view_model.advise
        )
        self.model = RuleModel(words)
        self.table = RowTable(theme, self.model, words("page.rules"))
        self.add_button = button(theme, words("rules.add"), "add", kind="primary")
        self.switch_button = button(theme, words("rules.disable"))
        self.edit_button = button(theme, words("form.edit"), "edit")
        self.delete_button = button(theme, words("form.delete"), "delete", kind="danger")
        self.findings = Notice(theme, tone=Tone.WARNING)
        self._count = label("", "muted")
        self.empty = EmptyState(
            theme,
            icon="rules",
            title=words("rules.empty_title"),
            text=words("rules.empty_text"),
            action=words("rules.add"),
        )
        self._lay_out()
        self._wire()
        self._show_rows()

    def activate(self, word: str) -> None:
        if word == "add":
            self.add()

    def add(self) -> None:
        """Open the form for a new rule."""
        self.editor.add(self._view_model.new_document())

    def _lay_out(self) -> None:
        words = self._desk.words
        header = page_header(words("page.rules"), words("rules.subtitle"), self.add_button)
        tools = row(self._count, None, self.switch_button, self.edit_button, self.delete_button)
        content = QWidget()
        rows = QVBoxLayout(content)
        fill(rows, (Card(self.table, margin=1), self.findings, tools), Space.M, 0)
        rows.setStretch(0, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(content)
        self._stack.addWidget(self.empty)
        body = QVBoxLayout(self)
        fill(body, (header, self._stack), Space.M, Space.XL)
        body.setStretch(1, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        view_model.changed.connect(self._show_rows)
        view_model.switch.failed.connect(self._desk.failed)
        drive(
            self.switch_button,
            view_model.switch,
            arguments=self._switch_arguments,
            is_usable=lambda: self._current() is not None,
        )
        self.add_button.clicked.connect(self.add)
        if self.empty.action is not None:
            self.empty.action.clicked.connect(self.add)
        self.edit_button.clicked.connect(lambda: self._edit_row(self.table.current_row))
        self.delete_button.clicked.connect(self._delete_current)
        self.table.opened.connect(self._edit_row)
        self.table.picked.connect(self._show_current)

    def _current(self) -> RuleRow | None:
        return self.model.row_at(self.table.current_row)

    def _switch_arguments(self) -> tuple[object, ...]:
        shown = self._current()
        return (shown.id, not shown.is_enabled) if shown is not None else ("", False)

    def _show_rows(self) -> None:
        rows = self._view_model.rows
        self.model.show_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)
        if self.table.current_row < 0 and rows:
            self.table.selectRow(0)
        odd = sum(bool(row.findings) for row in rows)
        self._count.setText(self._desk.words("rules.count", total=len(rows), odd=odd))
        self._show_current()

    def _show_current(self, _: int = -1) -> None:
        shown = self._current()
        for made in (self.switch_button, self.edit_button, self.delete_button):
            made.setEnabled(shown is not None)
        if shown is None:
            self.findings.say("")
            return
        self.switch_button.setText(self._desk.words("rules.disable" if shown.is_enabled else "rules.enable"))
        if shown.findings:
            self.findings.say("\n".join(shown.findings), shown.tone)
        else:
            self.findings.say(self._other_findings(), Tone.WARNING)

    def _other_findings(self) -> str:
        """What is odd about the other rules, so that nobody has to search for it."""
        words = self._desk.words
        lines = [
            words("rules.about_other", rule=one.name, sentence=sentence)
            for one in self.model.rows
            for sentence in one.findings
        ]
        return "\n".join(lines[:OTHERS_SHOWN])

    def edit_first(self) -> None:
        """Open the first row's form."""
        self._edit_row(0)

    def _edit_row(self, number: int) -> None:
        if (shown := self.model.row_at(number)) is not None:
            self.editor.edit(shown.id)

    def _delete_current(self) -> None:
        if (shown := self._current()) is not None:
            self.editor.delete(shown.id, shown.name)
