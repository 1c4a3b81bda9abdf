"""One figure with its name and an optional line below. Called by the overview."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.widgets.layout import fill, label, set_property


class Stat(QWidget):
    """A figure; several stand side by side in one card."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._figure = label("—", "figure")
        self._note = label("", "caption")
        layout = QVBoxLayout(self)
        fill(layout, (label(name, "caption"), self._figure, self._note), 1, 0)

    @property
    def figure(self) -> str:
        """The figure shown."""
        return self._figure.text()

    def show_figure(self, figure: str, note: str = "", tone: Tone | None = None) -> None:
        """Show a figure with the line below it."""
        if self._figure.text() != figure:
            self._figure.setText(figure)
        if self._note.text() != note:
            self._note.setText(note)
        set_property(self._figure, "tone", tone.value if tone else "")
