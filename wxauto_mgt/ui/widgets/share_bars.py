"""Counts as bars below each other: word, bar, figure, share of the whole.

Owns drawing; the caller has the words ready. Called by pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.shapes import draw_shape

LINE_HEIGHT = 26
_WORD_WIDTH = 86
_FIGURE_WIDTH = 116
_BAR_HEIGHT = 8
_SHAPE = 8


class ShareBars(QWidget):
    """One bar a line.

    Args:
        figure: a count and its share (0-1) as text.
    """

    def __init__(self, theme: Theme, *, figure: Callable[[int, float], str]) -> None:
        super().__init__()
        self._theme = theme
        self._figure = figure
        self._shares: tuple[tuple[str, int, Tone], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_shares(self, shares: Sequence[tuple[str, int, Tone]]) -> None:
        """Show counts with word and tone, in this order."""
        if tuple(shares) == self._shares:
            return
        self._shares = tuple(shares)
        self.setAccessibleName(", ".join(f"{word} {count}" for word, count, _ in shares))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, LINE_HEIGHT * max(len(self._shares), 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = sum(count for _, count, _ in self._shares)
        most = max((count for _, count, _ in self._shares), default=0)
        for number, share in enumerate(self._shares):
            self._line(painter, number * LINE_HEIGHT, share, whole, most)
        painter.end()

    def _line(self, painter: QPainter, top: int, share: tuple[str, int, Tone], whole: int, most: int) -> None:
        word, count, tone = share
        colours = self._theme.colours
        middle = top + LINE_HEIGHT / 2
        colour = self._theme.tone_colour(tone)
        draw_shape(painter, QRectF(1, middle - _SHAPE / 2, _SHAPE, _SHAPE), tone, colour)
        left = _SHAPE + Space.S
        aligned = Qt.AlignmentFlag.AlignVCenter
        shown = painter.fontMetrics().elidedText(word, Qt.TextElideMode.ElideRight, _WORD_WIDTH)
        painter.setPen(QColor(colours.text))
        painter.drawText(QRectF(left, top, _WORD_WIDTH, LINE_HEIGHT), aligned, shown)
        right = QRectF(self.width() - _FIGURE_WIDTH, top, _FIGURE_WIDTH, LINE_HEIGHT)
        painter.setPen(QColor(colours.text_muted))
        figure = self._figure(count, count / whole if whole else 0.0)
        painter.drawText(right, aligned | Qt.AlignmentFlag.AlignRight, figure)
        start = left + _WORD_WIDTH + Space.S
        room = max(right.left() - Space.S - start, 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.sunken))
        painter.drawRoundedRect(QRectF(start, middle - _BAR_HEIGHT / 2, room, _BAR_HEIGHT), 3, 3)
        if count:
            # What was there at all is seen, however little of the whole it is.
            width = max(room * count / most, 3.0)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(start, middle - _BAR_HEIGHT / 2, width, _BAR_HEIGHT), 3, 3)
