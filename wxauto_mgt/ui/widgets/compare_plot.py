"""Several lines over time in one plot that the mouse zooms: the wheel scales time, dragging moves it.

Owns the plotting library's settings. Called by the metrics page.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import TypeSize
from wxauto_mgt.ui.widgets.layout import fill

Points = tuple[Sequence[float], Sequence[float]]
"""Instants in seconds since the epoch, and values; NaN is a gap."""


class ComparePlot(QWidget):
    """Lines in the colours of the theme's series, in order.

    Signals:
        zoomed: whether another span than the whole is seen.
    """

    zoomed = Signal(bool)

    def __init__(self, theme: Theme, *, most: int) -> None:
        super().__init__()
        self._theme = theme
        self._span = (0.0, 1.0)
        self.is_zoomed = False
        self._plot = pg.PlotWidget(axisItems={"bottom": pg.DateAxisItem(orientation="bottom")})
        self._curves = [self._plot.plot([], [], connect="finite", antialias=False) for _ in range(most)]
        self._arrange()
        fill(QVBoxLayout(self), (self._plot,), 0, 0)
        self._plot.getViewBox().sigRangeChangedManually.connect(self._note_zoom)
        self._tint()
        theme.changed.connect(self._tint)

    def show_lines(self, lines: Sequence[Points], *, since: float, until: float) -> None:
        """Draw lines; a zoomed view stays where it is."""
        self._span = (since, until)
        for number, curve in enumerate(self._curves):
            at_s, values = lines[number] if number < len(lines) else ((), ())
            curve.setData(np.asarray(at_s, dtype=float), np.asarray(values, dtype=float))
        if not self.is_zoomed:
            self._plot.setXRange(since, until, padding=0)

    def reset(self) -> None:
        """See the whole span again."""
        self._plot.setXRange(*self._span, padding=0)
        self._plot.enableAutoRange(axis="y")
        if self.is_zoomed:
            self.is_zoomed = False
            self.zoomed.emit(False)

    @property
    def seen(self) -> tuple[float, float]:
        """First and last instant that are seen."""
        first, last = self._plot.getViewBox().viewRange()[0]
        return float(first), float(last)

    def _note_zoom(self, _: object = None) -> None:
        if not self.is_zoomed:
            self.is_zoomed = True
            self.zoomed.emit(True)

    def _arrange(self) -> None:
        self._plot.setMenuEnabled(enableMenu=False)
        # The library makes a menu all the same; without a parent it may outlive the plot.
        menu = self._plot.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.setAutoVisible(y=True)
        self._plot.enableAutoRange(axis="y")
        self._plot.setClipToView(True)
        self._plot.setDownsampling(auto=True, mode="peak")
        self._plot.showGrid(x=False, y=True, alpha=0.2)
        self._plot.setMinimumHeight(180)
        self._plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        font = self.font()
        font.setPixelSize(TypeSize.CAPTION)
        for side in ("left", "bottom"):
            self._plot.getAxis(side).setStyle(tickFont=font, hideOverlappingLabels=True)
        self._plot.getAxis("left").setWidth(56)
        self._plot.getAxis("bottom").setHeight(24)

    def _tint(self) -> None:
        colours = self._theme.colours
        self._plot.setBackground(colours.surface)
        for curve, colour in zip(self._curves, colours.series, strict=False):
            curve.setPen(pg.mkPen(colour, width=1))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(colours.border))
            axis.setTextPen(pg.mkPen(colours.text_faint))
