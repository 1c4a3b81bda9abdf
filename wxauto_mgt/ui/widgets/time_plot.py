"""A line over time in a card, cheap to draw.

Owns the plotting library's settings (pen width 1, no antialias, slow Y range). Called by the overview.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy

from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.theme.tokens import Space, TypeSize
from wxauto_mgt.ui.widgets.layout import Card, label, row

Point = tuple[float, float | None]
"""Seconds since the epoch, and the value or None where nothing was measured."""

_DAY_S = 86_400.0
_STEPS_S = (
    60.0,
    120.0,
    300.0,
    600.0,
    1800.0,
    3600.0,
    10_800.0,
    21_600.0,
    43_200.0,
    _DAY_S,
    2 * _DAY_S,
    7 * _DAY_S,
    30 * _DAY_S,
)
_TICK_ROOM = 62


class _ClockAxis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """Ticks at whole hours and minutes, or days, of the machine's zone."""

    def tickValues(self, first: float, last: float, size: float) -> list[tuple[float, list[float]]]:
        room = max(size / _TICK_ROOM, 2.0)
        step = next((one for one in _STEPS_S if (last - first) / one <= room), _STEPS_S[-1])
        offset = datetime.fromtimestamp(first, tz=UTC).astimezone().utcoffset()
        offset_s = offset.total_seconds() if offset is not None else 0.0
        start = math.ceil((first + offset_s) / step) * step - offset_s
        return [(step, [start + number * step for number in range(int((last - start) // step) + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        pattern = "%m-%d" if spacing >= _DAY_S else "%H:%M"
        return [f"{datetime.fromtimestamp(value, tz=UTC).astimezone():{pattern}}" for value in values]


class TimePlot(Card):
    """A named series; a hole in the data stays a hole."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        show: Callable[[float | None], str],
        top: float,
        is_top_fixed: bool = False,
    ) -> None:
        super().__init__(margin=Space.M, spacing=2)
        self._theme = theme
        self._show = show
        self._least_top = top
        self._top = top
        self._is_top_fixed = is_top_fixed
        self._value = label("—", "strong")
        self._plot = pg.PlotWidget(axisItems={"bottom": _ClockAxis(orientation="bottom")})
        self._curve = self._plot.plot([], [], connect="finite", antialias=False)
        # Not the library's grid: with it, the labels at both ends of the axis disappear.
        self._rules = [pg.InfiniteLine(angle=0, movable=False) for _ in range(2)]
        self._arrange()
        self.body.addLayout(row(label(name, "caption"), None, self._value))
        self.body.addWidget(self._plot)
        self._tint()
        theme.changed.connect(self._tint)

    @property
    def latest(self) -> str:
        """The newest value as shown."""
        return self._value.text()

    def show_points(self, points: Sequence[Point], *, since: float, until: float) -> None:
        """Draw a series between two instants (seconds since the epoch)."""
        known = [value for _, value in points if value is not None]
        self._value.setText(self._show(known[-1] if points and points[-1][1] is not None else None))
        times = np.array([at for at, _ in points], dtype=float)
        values = np.array([math.nan if v is None else v for _, v in points], dtype=float)
        self._curve.setData(times, values)
        self._plot.setXRange(since, until, padding=0)
        top = self._least_top if self._is_top_fixed else self._fitting_top(max(known, default=0.0))
        if top != self._top:
            self._top = top
            self._scale()

    def _scale(self) -> None:
        # Two marks suffice to read a small plot; the room above keeps the upper one whole.
        self._plot.setYRange(0, self._top * 1.12, padding=0)
        for line, value in zip(self._rules, (self._top / 2, self._top), strict=True):
            line.setValue(value)
        marks = [(value, f"{value:g}") for value in (0.0, self._top / 2, self._top)]
        self._plot.getAxis("left").setTicks([marks])

    def _fitting_top(self, highest: float) -> float:
        # Grows at once, shrinks only to a quarter: a range that follows each value costs a third of the time.
        top = self._top
        while highest > top:
            top *= 2
        while top > self._least_top and highest < top / 4:
            top /= 2
        return top

    def _arrange(self) -> None:
        self._plot.setMenuEnabled(enableMenu=False)
        # The library makes a menu all the same; without a parent it may outlive the plot.
        menu = self._plot.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMinimumHeight(70)
        self._plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._scale()
        font = self.font()
        font.setPixelSize(TypeSize.CAPTION - 1)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setStyle(tickLength=0, tickFont=font, maxTickLevel=0, hideOverlappingLabels=side == "bottom")
        self._plot.getAxis("left").setWidth(34)
        self._plot.getAxis("bottom").setHeight(18)
        for line in self._rules:
            self._plot.addItem(line, ignoreBounds=True)
        # A flat series at a mark would be hidden by it.
        self._curve.setZValue(1)

    def _tint(self) -> None:
        colours = self._theme.colours
        self._plot.setBackground(colours.surface)
        self._curve.setPen(pg.mkPen(colours.accent, width=1))
        for line in self._rules:
            line.setPen(pg.mkPen(colours.sunken if not colours.is_dark else colours.border, width=1))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(colours.border))
            axis.setTextPen(pg.mkPen(colours.text_faint))
