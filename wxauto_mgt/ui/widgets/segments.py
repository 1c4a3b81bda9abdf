"""A row of exclusive choices, for filters with few values. Called by pages."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QSizePolicy

from wxauto_mgt.ui.theme.tokens import CONTROL_HEIGHT, Space, TypeSize
from wxauto_mgt.ui.widgets.layout import fill


class Segments(QFrame):
    """Values side by side; `chosen` carries the value that the operator picked."""

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], current: str) -> None:
        super().__init__()
        self.setObjectName("segments")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(CONTROL_HEIGHT)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        layout = QHBoxLayout(self)
        fill(layout, (), 1, 1)
        for value, text in choices:
            made = QPushButton(text)
            made.setProperty("kind", "segment")
            made.setCheckable(True)
            made.setChecked(value == current)
            made.clicked.connect(lambda _=False, v=value: self.chosen.emit(v))
            self._group.addButton(made)
            made.setMinimumWidth(_room_for(made, text))
            self._buttons[value] = made
            layout.addWidget(made)

    @property
    def current(self) -> str:
        """The value picked."""
        return next((value for value, made in self._buttons.items() if made.isChecked()), "")

    def choose(self, value: str) -> None:
        """Pick a value without announcing it."""
        self._buttons[value].setChecked(True)

    def set_text(self, value: str, text: str) -> None:
        """Change the word of one value, for instance to show a count."""
        if self._buttons[value].text() != text:
            self._buttons[value].setText(text)
            self._buttons[value].setMinimumWidth(_room_for(self._buttons[value], text))

    def set_shown(self, value: str, *, is_shown: bool) -> None:
        """Offer a value, or not."""
        self._buttons[value].setVisible(is_shown)


def _room_for(made: QPushButton, text: str) -> int:
    """The width that a word needs once it is picked, when it is bold."""
    font = made.font()
    font.setPixelSize(TypeSize.BODY)
    font.setBold(True)
    return QFontMetrics(font).horizontalAdvance(text) + 2 * Space.M + 4
