"""The listeners: chats with a window of their own.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.listeners.table_model import ListenerModel
from wxauto_mgt.ui.pages.listeners.view_model import ListenersViewModel
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, page_header, row
from wxauto_mgt.ui.widgets.table_view import RowTable

WORDS = EditorWords(
    add_title="listeners.add_title",
    edit_title="listeners.add_title",
    intro="listeners.form_intro",
    delete_title="listeners.remove_title",
    delete_text="listeners.remove_text",
)


class ListenersPage(Page):
    """The listeners."""

    def __init__(self, desk: Desk, view_model: ListenersViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(self, desk, view_model.editing, kind="listener", words=WORDS)
        self.model = ListenerModel(words)
        self.table = RowTable(theme, self.model, words("page.listeners"))
        self.add_button = button(theme, words("listeners.add"), "add", kind="primary")
        self.remove_button = button(theme, words("listeners.remove"), "delete", kind="danger")
        self.search = QLineEdit()
        self.search.setPlaceholderText(words("listeners.search"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(260)
        self._count = label("", "muted")
        self.empty = EmptyState(
            theme,
            icon="listeners",
            title=words("listeners.empty_title"),
            text=words("listeners.empty_text"),
            action=words("listeners.add"),
        )
        self._lay_out()
        self._wire()
        self._show_rows()

    def activate(self, word: str) -> None:
        if word == "add":
            self.add()
        elif word == "search":
            self.search.setFocus()

    def add(self) -> None:
        """Open the form for a listener; without a server there is nothing to listen on."""
        if self._view_model.has_instances:
            self.editor.add(self._view_model.new_document())
        else:
            self._desk.page_wanted.emit("instances", "add")

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        header = page_header(words("page.listeners"), words("listeners.subtitle"), self.add_button)
        tools = row(self.search, self._count, None, self.remove_button)
        self._stack = QStackedWidget()
        self._stack.addWidget(Card(self.table, margin=1))
        self._stack.addWidget(self.empty)
        body = QVBoxLayout(self)
        fill(body, (header, tools, self._stack), Space.M, Space.XL)
        body.setStretch(2, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        view_model.changed.connect(self._show_rows)
        announce(self, self._desk, view_model.remove, self._desk.words("listeners.removed"))
        self.search.textChanged.connect(view_model.set_search)
        self.add_button.clicked.connect(self.add)
        self.remove_button.clicked.connect(self._remove_current)
        self.table.picked.connect(self._show_buttons)
        if self.empty.action is not None:
            self.empty.action.clicked.connect(self.add)

    def _show_rows(self) -> None:
        view_model = self._view_model
        self.model.show_rows(view_model.rows)
        is_bare = not view_model.rows and not view_model.search
        self._stack.setCurrentIndex(1 if is_bare else 0)
        active, total = view_model.counts
        self._count.setText(self._desk.words("listeners.count", active=active, total=total))
        self._show_buttons()

    def _show_buttons(self, _: int = -1) -> None:
        self.remove_button.setEnabled(self.model.row_at(self.table.current_row) is not None)

    def _remove_current(self) -> None:
        shown = self.model.row_at(self.table.current_row)
        if shown is None:
            return
        words = self._desk.words
        key = "listeners.remove_text" if shown.config_id else "listeners.remove_auto_text"
        question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("listeners.remove_title", name=shown.who),
            text=words(key, name=shown.who),
            yes=words("listeners.remove"),
            no=words("form.cancel"),
            is_dangerous=True,
        )
        question.accepted.connect(lambda: self._view_model.remove.start(shown))
        question.open()
