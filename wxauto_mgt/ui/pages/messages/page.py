"""The messages: what came, what became of it, and what a person has to decide.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.messages.detail import DetailPane
from wxauto_mgt.ui.pages.messages.table_model import MessageModel
from wxauto_mgt.ui.pages.messages.view_model import MessagesViewModel, View
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, fill, page_header, row
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.table_view import RowTable

TYPING_MS = 250


class MessagesPage(Page):
    """The messages."""

    def __init__(self, desk: Desk, view_model: MessagesViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.model = MessageModel(words, view_model)
        self.table = RowTable(theme, self.model, words("page.messages"))
        self.detail = DetailPane(desk, view_model)
        self.view = Segments(
            [(view.value, words(f"messages.view_{view}")) for view in View], view_model.view.value
        )
        self.text = QLineEdit(view_model.text)
        self.text.setPlaceholderText(words("messages.filter_text"))
        self.text.setClearButtonEnabled(True)
        self.empty = EmptyState(theme, icon="messages", title="", text="")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._lay_out()
        self._wire()
        self._show_rows()

    def activate(self, word: str) -> None:
        if word == "search":
            self.text.setFocus()
        elif word in set(View):
            self.view.choose(word)
            self._apply_filter()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        header = page_header(words("page.messages"), words("messages.subtitle"))
        tools = row(self.view, self.text)
        tools.setStretch(1, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(Card(self.table, margin=1))
        self._stack.addWidget(self.empty)
        middle = row(self._stack, self.detail, spacing=Space.M)
        middle.setStretch(0, 1)
        body = QVBoxLayout(self)
        fill(body, (header, tools, middle), Space.M, Space.XL)
        body.setStretch(2, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        view_model.changed.connect(self._show_rows)
        self.view.chosen.connect(self._apply_filter)
        self._typing.timeout.connect(self._apply_filter)
        self.text.textChanged.connect(lambda _: self._typing.start())
        self.table.picked.connect(self._pick)
        self.table.end_reached.connect(view_model.load_more)

    def _apply_filter(self, _: object = None) -> None:
        self._view_model.set_filter(view=View(self.view.current), text=self.text.text().strip())

    def _show_rows(self) -> None:
        view_model = self._view_model
        self.model.show_rows(view_model.rows)
        self._stack.setCurrentIndex(0 if view_model.rows else 1)
        if not view_model.rows:
            words = self._desk.words
            is_filtered = view_model.view is not View.ALL or view_model.text
            key = "filtered" if is_filtered else "empty"
            self.empty.say(words(f"messages.{key}_title"), words(f"messages.{key}_text"))

    def _pick(self, number: int) -> None:
        shown = self.model.row_at(number)
        self._view_model.select(shown.message.id if shown is not None else None)
