"""Names and values below each other, for evidence and figures. Called by the panels of the services page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import label

_NAME_WIDTH = 112


class FactsGrid(QWidget):
    """Lines of a name and a value that can be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[tuple[str, str], ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(Space.M)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)

    def show_lines(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show these; builds anew only what differs."""
        if tuple(lines) == self.lines:
            return
        self.lines = tuple(lines)
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                # Gone at once: new lines must not be drawn over old ones.
                widget.setParent(None)
                widget.deleteLater()
        for number, (name, text) in enumerate(lines):
            shown = label(name, "caption", wrap=True)
            shown.setFixedWidth(_NAME_WIDTH)
            value = label(text, wrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(shown, number, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, number, 1)
