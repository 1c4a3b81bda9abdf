"""How well something was over time, as one bar an hour or a day; what was not measured stays a gap.

Owns drawing, as a widget with tips and as a table cell. The height tells the share, not the colour alone.
Called by the services page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Tone

BARS_ROLE = Qt.ItemDataRole.UserRole + 2
HEIGHT = 44
_CELL_HEIGHT = 18
_CELL_MARGIN = 9
_WIDEST = 18.0
_GAP_RATIO = 0.3
_LEAST_HEIGHT = 0.25
# A judgement call: below it, more than an hour of a day was lost.
_POOR_PERCENT = 95.0


@dataclass(frozen=True)
class Bar:
    """One stretch of time; percent None = nothing was measured."""

    percent: float | None
    tip: str = ""


def tone_of(percent: float) -> Tone:
    """How bad a share is."""
    if percent >= 100:
        return Tone.OK
    return Tone.WARNING if percent >= _POOR_PERCENT else Tone.CRITICAL


def draw_bars(painter: QPainter, box: QRectF, theme: Theme, bars: Sequence[float | None]) -> None:
    """Draw bars side by side into a box; a gap is a dot at the foot."""
    if not bars:
        return
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    pitch = box.width() / len(bars)
    width = min(max(pitch * (1 - _GAP_RATIO), 1.5), _WIDEST)
    for number, percent in enumerate(bars):
        left = box.left() + number * pitch + (pitch - width) / 2
        if percent is None:
            painter.setBrush(QColor(theme.colours.border_strong))
            painter.drawRect(QRectF(left + width / 2 - 1, box.bottom() - 2, 2, 2))
            continue
        share = _LEAST_HEIGHT + (1 - _LEAST_HEIGHT) * percent / 100
        painter.setBrush(theme.tone_colour(tone_of(percent)))
        height = box.height() * share
        painter.drawRect(QRectF(left, box.bottom() - height, width, height))
    painter.restore()


class UptimeBars(QWidget):
    """The bars as a widget; the mouse asks each one."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self.bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_bars(self, bars: Sequence[Bar], summary: str) -> None:
        """Show bars, oldest first."""
        self.bars = tuple(bars)
        self.setAccessibleName(f"{self._name}: {summary}")
        self.update()

    def tip_at(self, x: float) -> str:
        """What is said of the bar at a place."""
        if not self.bars:
            return ""
        number = int(x * len(self.bars) / max(self.width(), 1))
        return self.bars[number].tip if 0 <= number < len(self.bars) else ""

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos().x()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_bars(painter, QRectF(self.rect()), self._theme, [bar.percent for bar in self.bars])
        painter.end()


class UptimeDelegate(QStyledItemDelegate):
    """Draws the bars of a row in a table cell."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        view: QWidget = option.widget
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, view)
        cell = QRectF(option.rect)
        top = cell.center().y() - _CELL_HEIGHT / 2
        box = QRectF(cell.left() + _CELL_MARGIN, top, cell.width() - 2 * _CELL_MARGIN, _CELL_HEIGHT)
        draw_bars(painter, box, self._theme, index.data(BARS_ROLE) or ())
