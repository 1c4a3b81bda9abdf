"""What stands where nothing stands yet: what this place is for, and what to do next. Called by pages."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import button, fill, label, row


class EmptyState(QWidget):
    """Icon, headline, explanation, and up to one primary action."""

    def __init__(
        self, theme: Theme, *, icon: str, title: str, text: str, action: str = "", action_icon: str = "add"
    ) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label(title, "section")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = label(text, "muted", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.text.setFixedWidth(460)
        self.action: QPushButton | None = None
        layout = QVBoxLayout(self)
        fill(layout, (None, self._icon, self.title, row(None, self.text, None)), Space.S, Space.XL)
        if action:
            self.action = button(theme, action, action_icon, kind="primary")
            layout.addSpacing(Space.S)
            layout.addLayout(row(None, self.action, None))
        layout.addStretch(2)
        self._tint()
        theme.changed.connect(self._tint)

    def say(self, title: str, text: str) -> None:
        """Change the words."""
        self.title.setText(title)
        self.text.setText(text)

    def _tint(self) -> None:
        size = QSize(40, 40)
        self._icon.setPixmap(
            self._theme.pixmap(self._icon_name, self._theme.colours.text_faint, size.width())
        )
