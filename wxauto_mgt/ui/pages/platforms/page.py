"""The platforms: who answers messages.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.pages.platforms.table_model import PlatformModel
from wxauto_mgt.ui.pages.platforms.view_model import PlatformsViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import drive
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, page_header, row
from wxauto_mgt.ui.widgets.table_view import RowTable
from wxauto_mgt.ui.widgets.type_menu import type_menu

WORDS = EditorWords(
    add_title="platforms.add_title",
    edit_title="platforms.edit_title",
    intro="platforms.form_intro",
    delete_title="platforms.delete_title",
    delete_text="platforms.delete_text",
)


class PlatformsPage(Page):
    """The platforms."""

    def __init__(self, desk: Desk, view_model: PlatformsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(
            self, desk, view_model.editing, kind="platform", words=WORDS, test=view_model.test
        )
        self.model = PlatformModel(words)
        self.table = RowTable(theme, self.model, words("page.platforms"))
        self.add_button = button(theme, words("platforms.add"), "add", kind="primary")
        self.edit_button = button(theme, words("form.edit"), "edit")
        self.test_button = button(theme, words("form.test"), "test")
        self.delete_button = button(theme, words("form.delete"), "delete", kind="danger")
        self._why = label("", "muted")
        self.menu = type_menu(self, self._view_model.types(), self.add)
        self.empty = EmptyState(
            theme,
            icon="platforms",
            title=words("platforms.empty_title"),
            text=words("platforms.empty_text"),
            action=words("platforms.add"),
        )
        self._lay_out()
        self._wire()
        self._show_rows()

    def activate(self, word: str) -> None:
        if word == "add":
            self._choose_type()

    def add(self, type_name: str) -> None:
        """Open the form for a new platform of a type."""
        view_model = self._view_model
        document = view_model.new_document(type_name)
        dialog = self.editor.add(document, more=view_model.type_specs(type_name))
        dialog.form.set_read_only("type", self._desk.words("form.fixed_field"))

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        header = page_header(words("page.platforms"), words("platforms.subtitle"), self.add_button)
        tools = row(self._why, None, self.test_button, self.edit_button, self.delete_button)
        self._stack = QStackedWidget()
        self._stack.addWidget(Card(self.table, margin=1))
        self._stack.addWidget(self.empty)
        body = QVBoxLayout(self)
        fill(body, (header, self._stack, tools), Space.M, Space.XL)
        body.setStretch(1, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        view_model.changed.connect(self._show_rows)
        view_model.test_stored.failed.connect(self._desk.failed)
        drive(
            self.test_button,
            view_model.test_stored,
            arguments=lambda: (self._current_id(),),
            is_usable=lambda: bool(self._current_id()),
        )
        self.add_button.clicked.connect(self._choose_type)
        if self.empty.action is not None:
            self.empty.action.clicked.connect(self._choose_type)
        self.edit_button.clicked.connect(lambda: self._edit_row(self.table.current_row))
        self.delete_button.clicked.connect(self._delete_current)
        self.table.opened.connect(self._edit_row)
        self.table.picked.connect(self._show_tools)

    def _choose_type(self) -> None:
        anchor = self.add_button
        if self._stack.currentIndex() == 1 and self.empty.action is not None:
            anchor = self.empty.action
        self.menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))

    def _current_id(self) -> str:
        shown = self.model.row_at(self.table.current_row)
        return shown.id if shown is not None else ""

    def _show_rows(self) -> None:
        self.model.show_rows(self._view_model.rows)
        self._stack.setCurrentIndex(0 if self._view_model.rows else 1)
        if self.table.current_row < 0 and self._view_model.rows:
            self.table.selectRow(0)
        self._show_tools()

    def _show_tools(self, _: int = -1) -> None:
        shown = self.model.row_at(self.table.current_row)
        is_free = shown is not None and not self._view_model.test_stored.is_running
        self.test_button.setEnabled(is_free)
        for made in (self.edit_button, self.delete_button):
            made.setEnabled(shown is not None)
        self._why.setText(shown.why if shown is not None else "")

    def edit_first(self) -> None:
        """Open the first row's form."""
        self._edit_row(0)

    def _edit_row(self, number: int) -> None:
        shown = self.model.row_at(number)
        if shown is not None:
            self.editor.edit(shown.id, more=self._view_model.type_specs(shown.type))

    def _delete_current(self) -> None:
        shown = self.model.row_at(self.table.current_row)
        if shown is not None:
            self.editor.delete(shown.id, shown.name)
