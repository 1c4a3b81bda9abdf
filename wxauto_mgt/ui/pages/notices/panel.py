"""The channels above, what went through them below. Called by the alerts page."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.core.notifications.section import CHANNEL
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.notices.table_model import ChannelModel, DeliveryModel
from wxauto_mgt.ui.pages.notices.view_model import ChannelRow, NoticesViewModel
from wxauto_mgt.ui.pages.object_editor import EditorWords, ObjectEditor
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, row
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.table_view import RowTable
from wxauto_mgt.ui.widgets.type_menu import type_menu

WORDS = EditorWords(
    add_title="notices.add_title",
    edit_title="notices.edit_title",
    intro="notices.form_intro",
    delete_title="notices.delete_title",
    delete_text="notices.delete_text",
)
ALL = "all"
FAILED = "failed"


class NoticesPanel(QWidget):
    """Channels: add, test, edit; deliveries: look, send failed ones again."""

    def __init__(self, desk: Desk, view_model: NoticesViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.editor = ObjectEditor(
            self, desk, view_model.editing, kind=CHANNEL, words=WORDS, test=view_model.test
        )
        self.channels = ChannelModel(words)
        self.channel_table = RowTable(theme, self.channels, words("notices.channels"))
        self.deliveries = DeliveryModel(words)
        self.delivery_table = RowTable(theme, self.deliveries, words("notices.deliveries"))
        self.add_button = button(theme, words("notices.add"), "add")
        self.test_button = button(theme, words("notices.test"), "test")
        self.edit_button = button(theme, words("form.edit"), "edit")
        self.delete_button = button(theme, words("form.delete"), "delete", kind="danger")
        self.filter = Segments([(name, words(f"notices.show_{name}")) for name in (ALL, FAILED)], ALL)
        self.resend_button = button(theme, words("notices.resend"), "replay")
        self.menu = type_menu(self, self._view_model.types(), self.add)
        self._lay_out()
        self._wire()
        self._show()

    def add(self, type_name: str) -> None:
        """Open the form for a new channel of a type."""
        view_model = self._view_model
        dialog = self.editor.add(view_model.new_document(type_name), more=view_model.type_specs(type_name))
        dialog.form.set_read_only("type", self._desk.words("form.fixed_field"))

    def choose_type(self) -> None:
        """Let the operator pick what kind of channel to add."""
        self.menu.popup(self.add_button.mapToGlobal(self.add_button.rect().bottomLeft()))

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        upper = row(
            label(words("notices.channels"), "section"),
            None,
            self.add_button,
            self.test_button,
            self.edit_button,
            self.delete_button,
        )
        lower = row(label(words("notices.deliveries"), "section"), self.filter, None, self.resend_button)
        body = QVBoxLayout(self)
        fill(
            body,
            (upper, Card(self.channel_table, margin=1), lower, Card(self.delivery_table, margin=1)),
            Space.S,
            0,
        )
        body.setStretch(1, 2)
        body.setStretch(3, 3)

    def _wire(self) -> None:
        view_model, words = self._view_model, self._desk.words
        connect_for(self, view_model, view_model.changed, self._show)
        announce(self, self._desk, view_model.resend, words("notices.resent"))
        announce(self, self._desk, view_model.test_stored, words("notices.tested"))
        drive(
            self.test_button,
            view_model.test_stored,
            arguments=lambda: (self._current_id(),),
            is_usable=lambda: bool(self._current_id()),
        )
        drive(
            self.resend_button,
            view_model.resend,
            arguments=lambda: (self._failed_id(),),
            is_usable=lambda: self._failed_id() >= 0,
        )
        self.add_button.clicked.connect(self.choose_type)
        self.edit_button.clicked.connect(lambda: self._edit_row(self.channel_table.current_row))
        self.delete_button.clicked.connect(self._delete_current)
        self.filter.chosen.connect(self._show)
        self.channel_table.opened.connect(self._edit_row)
        self.channel_table.picked.connect(self._show_tools)
        self.delivery_table.picked.connect(self._show_tools)

    def _show(self, _: object = None) -> None:
        view_model = self._view_model
        self.channels.show_rows(view_model.channels)
        wants_failed = self.filter.current == FAILED
        self.deliveries.show_rows([one for one in view_model.deliveries if one.is_failed or not wants_failed])
        if self.channel_table.current_row < 0 and view_model.channels:
            self.channel_table.selectRow(0)
        self._show_tools()

    def _show_tools(self, _: int = -1) -> None:
        shown = self._current()
        is_stored = shown is not None and shown.is_stored
        self.edit_button.setEnabled(is_stored)
        self.delete_button.setEnabled(is_stored)
        self.test_button.setEnabled(shown is not None and not self._view_model.test_stored.is_running)
        self.resend_button.setEnabled(self._failed_id() >= 0 and not self._view_model.resend.is_running)

    def _current(self) -> ChannelRow | None:
        return self.channels.row_at(self.channel_table.current_row)

    def _current_id(self) -> str:
        shown = self._current()
        return shown.id if shown is not None else ""

    def _failed_id(self) -> int:
        shown = self.deliveries.row_at(self.delivery_table.current_row)
        return shown.id if shown is not None and shown.is_failed else -1

    def _edit_row(self, number: int) -> None:
        shown = self.channels.row_at(number)
        if shown is not None and shown.is_stored:
            self.editor.edit(shown.id, more=self._view_model.type_specs(shown.type))

    def _delete_current(self) -> None:
        if (shown := self._current()) is not None and shown.is_stored:
            self.editor.delete(shown.id, shown.name)
