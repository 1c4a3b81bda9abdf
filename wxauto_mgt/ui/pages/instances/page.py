"""The instances: the servers, whether they work, and by which evidence we know.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.instances.table_model import InstanceModel
from wxauto_mgt.ui.pages.instances.view_model import InstanceRow, InstancesViewModel
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import Card, button, column, fill, label, page_header, row
from wxauto_mgt.ui.widgets.status_chip import StatusChip
from wxauto_mgt.ui.widgets.table_view import RowTable

WORDS = EditorWords(
    add_title="instances.add_title",
    edit_title="instances.edit_title",
    intro="instances.form_intro",
    delete_title="instances.delete_title",
    delete_text="instances.delete_text",
)


class InstancesPage(Page):
    """The instances."""

    def __init__(self, desk: Desk, view_model: InstancesViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(
            self, desk, view_model.editing, kind="instance", words=WORDS, test=view_model.test
        )
        self.model = InstanceModel(words)
        self.table = RowTable(theme, self.model, words("page.instances"))
        self.add_button = button(theme, words("instances.add"), "add", kind="primary")
        self.edit_button = button(theme, words("form.edit"), "edit")
        self.delete_button = button(theme, words("form.delete"), "delete", kind="danger")
        self.empty = EmptyState(
            theme,
            icon="instances",
            title=words("instances.empty_title"),
            text=words("instances.empty_text"),
            action=words("instances.add"),
        )
        self._build_detail()
        self._lay_out()
        self._wire()
        self._show_rows()

    def activate(self, word: str) -> None:
        if word == "add":
            self.add()

    def add(self) -> None:
        """Open the form for a new instance."""
        self.editor.add(self._view_model.new_document())

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _build_detail(self) -> None:
        words = self._desk.words
        self._name = label("", "section")
        self._chip = StatusChip(self._desk.theme)
        self._server = label("", "caption")
        self._reasons = label("", wrap=True)
        self._evidence = label("", wrap=True)
        self._gate = label("", wrap=True)
        self._error = label("", wrap=True)
        self._blocks = [
            column(label(words("instances.why"), "caption"), self._reasons, None, spacing=4),
            column(label(words("instances.evidence"), "caption"), self._evidence, None, spacing=4),
            column(
                label(words("instances.gate"), "caption"),
                self._gate,
                Space.XS,
                label(words("instances.last_error"), "caption"),
                self._error,
                None,
                spacing=4,
            ),
        ]

    def _lay_out(self) -> None:
        words = self._desk.words
        header = page_header(words("page.instances"), words("instances.subtitle"), self.add_button)
        card = Card(self.table, margin=1)
        blocks = QHBoxLayout()
        fill(blocks, tuple(self._blocks), Space.XL, 0)
        for number in range(len(self._blocks)):
            blocks.setStretch(number, 1)
        self._detail = Card(
            row(self._name, self._chip, self._server, None, self.edit_button, self.delete_button),
            blocks,
            spacing=Space.M,
        )
        self._detail.setFixedHeight(206)
        content = QWidget()
        rows = QVBoxLayout(content)
        fill(rows, (card, self._detail), Space.M, 0)
        rows.setStretch(0, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(content)
        self._stack.addWidget(self.empty)
        body = QVBoxLayout(self)
        fill(body, (header, self._stack), Space.M, Space.XL)
        body.setStretch(1, 1)

    def _wire(self) -> None:
        self._view_model.changed.connect(self._show_rows)
        self.table.picked.connect(self._show_detail)
        self.table.opened.connect(self._edit_row)
        self.add_button.clicked.connect(self.add)
        if self.empty.action is not None:
            self.empty.action.clicked.connect(self.add)
        self.edit_button.clicked.connect(lambda: self._edit_row(self.table.current_row))
        self.delete_button.clicked.connect(self._delete_current)

    def _show_rows(self) -> None:
        self.model.show_rows(self._view_model.rows)
        self._stack.setCurrentIndex(0 if self._view_model.rows else 1)
        if self.table.current_row < 0 and self._view_model.rows:
            self.table.selectRow(0)
        self._show_detail()

    def _show_detail(self, _: int = -1) -> None:
        shown = self.model.row_at(self.table.current_row)
        self._detail.setVisible(shown is not None)
        if shown is None:
            return
        none = self._desk.words("form.none")
        self._name.setText(shown.name)
        self._chip.show_status(shown.tone, shown.state)
        self._server.setText(shown.server)
        fine = self._desk.words("instances.why_fine") if shown.tone is Tone.OK else none
        self._reasons.setText("\n".join(shown.reasons) or fine)
        self._evidence.setText("\n".join(shown.evidence) or self._desk.words("instances.no_evidence"))
        self._gate.setText(shown.gate or none)
        self._error.setText(shown.last_error or none)

    def _edit_row(self, number: int) -> None:
        if (shown := self.model.row_at(number)) is not None:
            self.editor.edit(shown.id)

    def _delete_current(self) -> None:
        shown: InstanceRow | None = self.model.row_at(self.table.current_row)
        if shown is not None:
            self.editor.delete(shown.id, shown.name)
