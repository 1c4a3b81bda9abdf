"""Questions to the operator without a nested event loop: open, then await the answer.

Owns small dialogs; forms have their own. Called by pages inside a command.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QPushButton, QVBoxLayout, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import button, fill, label, row


class ConfirmDialog(QDialog):
    """A question with its consequence and two answers; Escape and closing mean no."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        *,
        title: str,
        text: str,
        yes: str,
        no: str,
        is_dangerous: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setModal(True)
        self.yes: QPushButton = button(theme, yes, kind="danger" if is_dangerous else "primary")
        self.no: QPushButton = button(theme, no)
        self.yes.clicked.connect(self.accept)
        self.no.clicked.connect(self.reject)
        body = label(text, wrap=True)
        body.setMinimumWidth(380)
        layout = QVBoxLayout(self)
        fill(
            layout,
            (label(title, "section"), body, Space.S, row(None, self.no, self.yes)),
            Space.S,
            Space.XL,
        )
        # The harmless answer is the one that a hasty Enter gives.
        (self.no if is_dangerous else self.yes).setDefault(True)
        (self.no if is_dangerous else self.yes).setFocus()


async def answer_of(dialog: QDialog) -> bool:
    """Open a dialog and wait for its answer; a cancelled wait closes it."""
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not answer.done():
            answer.set_result(result == QDialog.DialogCode.Accepted)

    dialog.finished.connect(settle)
    dialog.open()
    try:
        return await answer
    except asyncio.CancelledError:
        dialog.close()
        raise


async def ask_open_path(parent: QWidget, title: str, name_filter: str) -> Path | None:
    """Let the operator pick a file to read."""
    dialog = QFileDialog(parent, title, "", name_filter)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return await _picked(dialog)


async def ask_save_path(parent: QWidget, title: str, name_filter: str, suggested: str) -> Path | None:
    """Let the operator pick a file to write; Qt asks before replacing one."""
    dialog = QFileDialog(parent, title, suggested, name_filter)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(suggested)
    return await _picked(dialog)


async def _picked(dialog: QFileDialog) -> Path | None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    try:
        accepted = await answer_of(dialog)
        files = dialog.selectedFiles()
        return Path(files[0]) if accepted and files else None
    finally:
        dialog.deleteLater()
