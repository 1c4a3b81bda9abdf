"""The lines by colour and name with their figures, under the plot. Called by the metrics page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from wxauto_mgt.ui.pages.metrics.view_model import FIGURES, MOST_SERIES
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import ElidedLabel, icon_button, label
from wxauto_mgt.ui.words import Words

FIGURE_WIDTH = 96


class Swatch(QWidget):
    """The colour of one line."""

    def __init__(self, theme: Theme, number: int) -> None:
        super().__init__()
        self._theme = theme
        self._number = number
        self.setFixedSize(QSize(18, 18))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(2, self.height() // 2 - 1, 14, 3, QColor(self._theme.colours.series[self._number]))
        painter.end()


class _Row:
    """The widgets of one line."""

    def __init__(self, theme: Theme, number: int, remove_tip: str) -> None:
        self.swatch = Swatch(theme, number)
        self.title = ElidedLabel()
        self.figures = [label("", "strong" if name == FIGURES[0] else "") for name in FIGURES]
        self.remove: QToolButton = icon_button(theme, "close", remove_tip)

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.swatch, self.title, *self.figures, self.remove)


class FiguresGrid(QWidget):
    """One row for each line.

    Signals:
        removed: number of the line that is to go.
    """

    removed = Signal(int)

    def __init__(self, theme: Theme, words: Words) -> None:
        super().__init__()
        self._rows = [_Row(theme, number, words("metrics.remove")) for number in range(MOST_SERIES)]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for at, name in enumerate(FIGURES, start=2):
            head = label(words(f"metrics.figure_{name}"), "caption")
            _right(head)
            grid.addWidget(head, 0, at)
        for number, row in enumerate(self._rows):
            for at, widget in enumerate(row.widgets()):
                grid.addWidget(widget, number + 1, at)
            for figure in row.figures:
                _right(figure)
            row.remove.clicked.connect(lambda _=False, n=number: self.removed.emit(n))
        self.show_rows(())

    def show_rows(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show a title and figures for each line, in the order of the colours."""
        for number, row in enumerate(self._rows):
            is_shown = number < len(rows)
            for widget in row.widgets():
                widget.setVisible(is_shown)
            if is_shown:
                title, figures = rows[number]
                row.title.setText(title)
                row.title.setToolTip(title)
                for made, text in zip(row.figures, figures, strict=True):
                    made.setText(text)

    def texts(self) -> list[list[str]]:
        """What is shown, row by row."""
        return [
            [row.title.text(), *(figure.text() for figure in row.figures)]
            for row in self._rows
            if not row.title.isHidden()
        ]


def _right(made: QLabel) -> None:
    made.setMinimumWidth(FIGURE_WIDTH)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
