"""Draws the shape that stands for a tone, so that no status is told by colour alone.

Owns geometry only. Called by chips, gauges and table delegates.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from wxauto_mgt.ui.theme.tokens import Tone


def draw_shape(painter: QPainter, box: QRectF, tone: Tone, colour: QColor) -> None:
    """Draw a tone's shape into a square box: disc, triangle, square, diamond, ring, dash."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if tone is Tone.OK:
        painter.drawEllipse(box)
    elif tone is Tone.WARNING:
        top = QPointF(box.center().x(), box.top() - 0.5)
        painter.drawPolygon(QPolygonF([top, box.bottomRight(), box.bottomLeft()]))
    elif tone is Tone.CRITICAL:
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
    elif tone is Tone.INFO:
        middle = box.center()
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(middle.x(), box.top() - 0.5),
                    QPointF(box.right() + 0.5, middle.y()),
                    QPointF(middle.x(), box.bottom() + 0.5),
                    QPointF(box.left() - 0.5, middle.y()),
                ]
            )
        )
    elif tone is Tone.UNKNOWN:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.6))
        painter.drawEllipse(box.adjusted(0.8, 0.8, -0.8, -0.8))
    else:
        painter.drawRoundedRect(QRectF(box.left(), box.center().y() - 1, box.width(), 2), 1, 1)
    painter.restore()
