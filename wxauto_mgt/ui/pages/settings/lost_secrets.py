"""Says which secrets are lost with their key, and gives them up if asked to. Called by the settings page."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.ui.bridge.connections import connect_for
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.widgets.command_button import announce
from wxauto_mgt.ui.widgets.dialogs import ConfirmDialog
from wxauto_mgt.ui.widgets.layout import fill
from wxauto_mgt.ui.widgets.notices import Notice


class LostSecrets(QWidget):
    """Hidden as long as every stored secret can be read."""

    def __init__(self, desk: Desk, view_model: SettingsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        self.question: ConfirmDialog | None = None
        self.notice = Notice(desk.theme, action=desk.words("settings.forget_lost"))
        fill(QVBoxLayout(self), (self.notice,), 0, 0)
        if self.notice.action is not None:
            self.notice.action.clicked.connect(self._ask)
        announce(self, desk, view_model.forget_lost, desk.words("settings.forgot_lost"))
        connect_for(self, view_model, view_model.lost_changed, self._show)
        self._show()

    def _show(self) -> None:
        names = self._view_model.lost_secrets()
        words = self._desk.words
        self.notice.say(words("settings.lost_secrets", names=", ".join(names)) if names else "")
        self.setVisible(bool(names))

    def _ask(self) -> None:
        words = self._desk.words
        question = ConfirmDialog(
            self._desk.theme,
            self.window(),
            title=words("settings.forget_lost_title"),
            text=words("settings.forget_lost_text"),
            yes=words("settings.forget_lost"),
            no=words("form.cancel"),
            is_dangerous=True,
        )
        question.accepted.connect(self._view_model.forget_lost.start)
        question.open()
        self.question = question
