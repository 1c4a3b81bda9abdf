"""A status as shape, word and soft ground: as a widget, and as a table cell.

Owns drawing; the caller says tone and word. Called by pages and table views.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Radius, Tone
from wxauto_mgt.ui.widgets.shapes import draw_shape

CHIP_HEIGHT = 22
_SHAPE = 8
_PADDING = 9
_GAP = 6
_CELL_GAP = 8

TONE_ROLE = Qt.ItemDataRole.UserRole + 1


def chip_width(metrics: QFontMetrics, text: str) -> int:
    """Width that a chip with this text needs."""
    return metrics.horizontalAdvance(text) + _SHAPE + _GAP + 2 * _PADDING + 2


def draw_chip(painter: QPainter, box: QRectF, theme: Theme, tone: Tone, text: str) -> None:
    """Draw a chip into a box; a text that does not fit is shortened."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.tone_ground(tone))
    painter.drawRoundedRect(box, Radius.PILL, Radius.PILL)
    colour = theme.tone_colour(tone)
    shape = QRectF(box.left() + _PADDING, box.center().y() - _SHAPE / 2, _SHAPE, _SHAPE)
    draw_shape(painter, shape, tone, colour)
    painter.setPen(colour)
    words = box.adjusted(_PADDING + _SHAPE + _GAP, -1, -_PADDING + 2, -1)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(words.width()) + 1)
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


class StatusChip(QWidget):
    """A chip as a widget."""

    def __init__(self, theme: Theme, tone: Tone = Tone.UNKNOWN, text: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._tone = tone
        self._text = text
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)

    @property
    def text(self) -> str:
        """The word shown."""
        return self._text

    @property
    def tone(self) -> Tone:
        """The tone shown."""
        return self._tone

    def show_status(self, tone: Tone, text: str) -> None:
        """Change tone and word; draws only when something changed."""
        if (tone, text) == (self._tone, self._text):
            return
        self._tone, self._text = tone, text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(chip_width(self.fontMetrics(), self._text), CHIP_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_chip(painter, QRectF(self.rect()), self._theme, self._tone, self._text)
        painter.end()


class ChipDelegate(QStyledItemDelegate):
    """Draws table cells that bear a tone as chips, all others as usual."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tone = index.data(TONE_ROLE)
        text = index.data(Qt.ItemDataRole.DisplayRole)
        if tone is None or not text:
            super().paint(painter, option, index)
            return
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        view: QWidget = option.widget
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, view)
        cell: QRectF = QRectF(option.rect)
        width = min(chip_width(painter.fontMetrics(), str(text)), int(cell.width()) - _CELL_GAP - 4)
        box = QRectF(cell.left() + _CELL_GAP, cell.center().y() - CHIP_HEIGHT / 2, width, CHIP_HEIGHT)
        draw_chip(painter, box, self._theme, Tone(tone), str(text))
