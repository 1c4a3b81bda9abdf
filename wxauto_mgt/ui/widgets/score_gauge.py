"""The health score as an arc with its figure; without a measurement it is empty and says so.

Owns drawing. Called by the overview.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Tone, TypeSize
from wxauto_mgt.ui.widgets.shapes import draw_shape

_START_DEG = 220
_SPAN_DEG = 260
_PEN = 11


class ScoreGauge(QWidget):
    """An arc from 0 to 100."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._score: float | None = None
        self._tone = Tone.UNKNOWN
        self._figure = "—"
        self._word = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_score(self, score: float | None, figure: str, word: str, tone: Tone) -> None:
        """Show a score (0-100, or None) with the figure and the status in words."""
        if (score, figure, word, tone) == (self._score, self._figure, self._word, self._tone):
            return
        self._score, self._figure, self._word, self._tone = score, figure, word, tone
        self.setAccessibleName(f"{figure} {word}")
        self.update()

    @property
    def figure(self) -> str:
        """The figure shown."""
        return self._figure

    def sizeHint(self) -> QSize:
        return QSize(168, 154)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height() + 18) - _PEN - 2
        box = QRectF((self.width() - side) / 2, _PEN / 2 + 1, side, side)
        self._arc(painter, box, QColor(self._theme.colours.sunken), 1.0)
        if self._score is not None and self._score > 0:
            self._arc(painter, box, self._theme.tone_colour(self._tone), self._score / 100)
        self._write(painter, box)
        painter.end()

    def _arc(self, painter: QPainter, box: QRectF, colour: QColor, ratio: float) -> None:
        painter.setPen(QPen(colour, _PEN, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(box, _START_DEG * 16, -round(_SPAN_DEG * 16 * ratio))

    def _write(self, painter: QPainter, box: QRectF) -> None:
        font = painter.font()
        font.setPixelSize(TypeSize.DISPLAY)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.colours.text))
        middle = QRectF(box.left(), box.center().y() - 36, box.width(), 52)
        painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, self._figure)
        font.setPixelSize(TypeSize.BODY)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(self._word)
        left = box.center().x() - (width + 15) / 2
        colour = self._theme.tone_colour(self._tone)
        draw_shape(painter, QRectF(left, box.center().y() + 31, 9, 9), self._tone, colour)
        painter.setPen(colour)
        line = QRectF(left + 15, box.center().y() + 24, width + 4, 22)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._word)
