"""The API's address and tokens: create, see once, copy, revoke. Called by the settings page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from wxauto_mgt.core.access.model import IssuedToken
from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.edit_dialog import EditDialog
from wxauto_mgt.ui.forms.form import SchemaForm
from wxauto_mgt.ui.pages.access.table_model import TokenModel
from wxauto_mgt.ui.pages.access.view_model import FIELDS, NEW_TOKEN, AccessViewModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import announce
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.layout import Card, button, fill, label, row
from wxauto_mgt.ui.widgets.notices import Notice
from wxauto_mgt.ui.widgets.table_view import RowTable


class AccessPanel(QWidget):
    """Where the API listens and who may come in."""

    def __init__(self, desk: Desk, view_model: AccessViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        self.dialog: EditDialog | None = None
        self.shown_token: TokenDialog | None = None
        self.question: ConfirmDialog | None = None
        words, theme = desk.words, desk.theme
        self.state = Notice(theme, tone=Tone.UNKNOWN, action=words("access.copy_address"))
        self.model = TokenModel(words)
        self.table = RowTable(theme, self.model, words("access.title"))
        self.nothing = label(words("access.no_tokens"), "muted", wrap=True)
        self.create_button = button(theme, words("access.create"), "add", kind="primary")
        self.revoke_button = button(theme, words("access.revoke"), "delete", kind="danger")
        card = Card(
            label(words("access.title"), "section"),
            label(words("access.about"), "muted", wrap=True),
            self.state,
            self.nothing,
            self.table,
            row(None, self.revoke_button, self.create_button),
            margin=Space.L,
            spacing=Space.M,
        )
        card.body.setStretch(4, 1)
        fill(QVBoxLayout(self), (card,), 0, 0)
        self._wire()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def add(self) -> EditDialog:
        """Open the form for a new token."""
        desk, words = self._desk, self._desk.words
        form = SchemaForm(desk.theme, words, FIELDS)
        form.show_document(NEW_TOKEN)
        dialog = EditDialog(
            desk,
            self.window(),
            title=words("access.create"),
            intro=words("access.create_intro"),
            form=form,
            save=self._view_model.create,
        )
        dialog.finished.connect(self._forget_dialog)
        dialog.open()
        self.dialog = dialog
        return dialog

    def _forget_dialog(self, _: int) -> None:
        self.dialog = None

    def _wire(self) -> None:
        view_model, words = self._view_model, self._desk.words
        connect_for(self, view_model, view_model.changed, self._show)
        connect_for(self, view_model, view_model.issued, self._show_token)
        announce(self, self._desk, view_model.revoke, words("access.revoked"))
        if self.state.action is not None:
            self.state.action.clicked.connect(self._copy_address)
        self.create_button.clicked.connect(self.add)
        self.revoke_button.clicked.connect(self._ask_revoke)
        self.table.picked.connect(self._show_tools)

    def _show(self) -> None:
        view_model = self._view_model
        self.model.show_rows(view_model.rows)
        self.nothing.setVisible(not view_model.rows)
        self.state.say(view_model.state.text, view_model.state.tone)
        if self.state.action is not None:
            self.state.action.setVisible(bool(view_model.state.url))
        self._show_tools()

    def _show_tools(self, _: int = -1) -> None:
        self.revoke_button.setEnabled(self.model.row_at(self.table.current_row) is not None)

    def _copy_address(self) -> None:
        QGuiApplication.clipboard().setText(self._view_model.state.url)
        self._desk.done.emit(self._desk.words("access.copied"))

    def _show_token(self, issued: IssuedToken) -> None:
        self.shown_token = TokenDialog(self._desk, self.window(), issued)
        self.shown_token.finished.connect(self._forget_token)
        self.shown_token.open()

    def _forget_token(self, _: int) -> None:
        self.shown_token = None

    def _ask_revoke(self) -> None:
        shown = self.model.row_at(self.table.current_row)
        if shown is None:
            return
        words = self._desk.words
        self.question = question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("access.revoke_title", name=shown.name),
            text=words("access.revoke_text"),
            yes=words("access.revoke"),
            no=words("form.cancel"),
            is_dangerous=True,
        )
        question.accepted.connect(lambda: self._view_model.revoke.start(shown.name))
        question.finished.connect(self._forget_question)
        question.open()

    def _forget_question(self, _: int) -> None:
        self.question = None


class TokenDialog(QDialog):
    """A new token's value, this once."""

    def __init__(self, desk: Desk, parent: QWidget, issued: IssuedToken) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self._desk = desk
        words, theme = desk.words, desk.theme
        title = words("access.issued_title", name=issued.token.name)
        self.setWindowTitle(title)
        self.value = QLineEdit(issued.value)
        self.value.setReadOnly(True)
        self.value.setMinimumWidth(460)
        self.value.setCursorPosition(0)
        self.copy_button = button(theme, words("access.copy"), "copy", kind="primary")
        close = button(theme, words("access.close"))
        warning = Notice(theme, tone=Tone.WARNING)
        warning.say(words("access.shown_once"))
        fill(
            QVBoxLayout(self),
            (label(title, "section"), warning, self.value, row(None, close, self.copy_button)),
            Space.M,
            Space.XL,
        )
        self.copy_button.clicked.connect(self._copy)
        close.clicked.connect(self.accept)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.value.text())
        self._desk.done.emit(self._desk.words("access.copied"))
