"""The statistics of the logs: records by the hour, by level and by category. Called by the logs page."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.pages.logs.statistics_view_model import SPANS, TRENDS, LogStatisticsViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import Card, fill, label, row, scrolled
from wxauto_mgt.ui.widgets.notices import Notice
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.share_bars import ShareBars
from wxauto_mgt.ui.widgets.time_plot import TimePlot

PLOT_HEIGHT = 190


class StatisticsPanel(QWidget):
    """How many records came, of which kind, when."""

    def __init__(self, desk: Desk, view_model: LogStatisticsViewModel) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.span = Segments([(name, words(f"logs.span_{name}")) for name in SPANS], view_model.span)
        self.trouble = Notice(theme)

        # Plain functions: what the plots hold must not hold the panel, or the library's menus outlive both.
        def this_hour(value: float | None) -> str:
            return words("logs.this_hour", count=words.number(value))

        def figure(count: int, share: float) -> str:
            ratio = words.catalogue.percent(share, digits=1)
            return words("logs.count_share", count=words.number(count), share=ratio)

        self.plots = {
            name: TimePlot(theme, words(f"logs.trend_{name}"), show=this_hour, top=4.0) for name in TRENDS
        }
        self.levels = ShareBars(theme, figure=figure)
        self.categories = ShareBars(theme, figure=figure)
        self.nothing = label(words("logs.nothing_counted"), "muted")
        self._lay_out()
        self._wire()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _lay_out(self) -> None:
        words = self._desk.words
        for plot in self.plots.values():
            plot.setFixedHeight(PLOT_HEIGHT)
        plots = row(*self.plots.values(), spacing=Space.M)
        levels = Card(label(words("logs.by_level"), "section"), self.levels, None)
        kinds = QWidget()
        fill(QVBoxLayout(kinds), (self.nothing, self.categories, None), Space.S, 0)
        categories = Card(label(words("logs.by_category"), "section"), scrolled(kinds))
        lower = row(levels, categories, spacing=Space.M)
        for number in range(2):
            lower.setStretch(number, 1)
        body = QVBoxLayout(self)
        fill(body, (row(self.span, None), self.trouble, plots, lower), Space.M, 0)
        body.setStretch(3, 1)

    def _wire(self) -> None:
        view_model = self._view_model
        view_model.counted.connect(self._show)
        view_model.reader.failed.connect(self.trouble.say)
        self.span.chosen.connect(view_model.set_span)

    def _show(self) -> None:
        shown = self._view_model.shown
        self.nothing.setVisible(shown is None or not shown.categories)
        if shown is None:
            return
        self.trouble.say("")
        self.levels.show_shares(shown.levels)
        self.categories.show_shares(shown.categories)
        for name, plot in self.plots.items():
            plot.show_points(shown.trends[name], since=shown.since_s, until=shown.until_s)
