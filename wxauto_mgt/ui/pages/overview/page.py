"""The overview: is everything well, and if not, why.

Owns widgets and layout. Built by the window.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.overview.report_menu import ReportMenu
from wxauto_mgt.ui.pages.overview.report_view_model import ReportViewModel
from wxauto_mgt.ui.pages.overview.table_model import ErrorModel
from wxauto_mgt.ui.pages.overview.view_model import STAT_NAMES, DeductionLine, OverviewViewModel
from wxauto_mgt.ui.theme.tokens import Space, Tone
from wxauto_mgt.ui.widgets.command_button import announce, drive
from wxauto_mgt.ui.widgets.empty_state import EmptyState
from wxauto_mgt.ui.widgets.layout import (
    Card,
    ElidedLabel,
    button,
    column,
    fill,
    label,
    page_header,
    row,
    scrolled,
    section_header,
)
from wxauto_mgt.ui.widgets.notices import Notice, ToneMark
from wxauto_mgt.ui.widgets.score_gauge import ScoreGauge
from wxauto_mgt.ui.widgets.stat_card import Stat
from wxauto_mgt.ui.widgets.status_chip import StatusChip
from wxauto_mgt.ui.widgets.table_view import RowTable
from wxauto_mgt.ui.widgets.time_plot import TimePlot

UPPER_HEIGHT = 204
PLOT_HEIGHT = 116
ERRORS_LEAST_HEIGHT = 126
# So many reasons may take two lines each.
ROOM_FOR = 2

# metric, its unit's catalogue key, decimals, least top of the axis, whether the top is fixed
PLOTS = (
    ("health_score", "", 1, 100.0, True),
    ("messages_per_second", "unit.per_second", 2, 1.0, False),
    ("error_count", "", 0, 4.0, False),
    ("app_cpu_usage", "unit.percent", 0, 20.0, False),
    ("app_memory_usage", "unit.mebibyte", 0, 128.0, False),
    ("app_loop_lag_ms", "unit.millisecond", 0, 20.0, False),
)


class OverviewPage(Page):
    """The overview."""

    def __init__(self, desk: Desk, view_model: OverviewViewModel, report: ReportViewModel) -> None:
        super().__init__()
        self._desk = desk
        self.report = ReportMenu(self, desk, report)
        self._view_model = view_model
        self._drawn_s: float | None = None
        self._shown_deductions: tuple[DeductionLine, ...] | None = None
        words = desk.words
        self.gauge = ScoreGauge(desk.theme)
        self._headline = label("", "section", wrap=True)
        self._reasons = QVBoxLayout()
        fill(self._reasons, (), 6, 0)
        self._stats = {name: Stat(words(f"overview.stat_{name}")) for name in STAT_NAMES}
        self._plots = self._make_plots()
        self._errors = ErrorModel(words)
        self._table = RowTable(desk.theme, self._errors, words("overview.errors"))
        self.empty = EmptyState(
            desk.theme,
            icon="instances",
            title=words("overview.empty_title"),
            text=words("overview.empty_text"),
            action=words("overview.empty_action"),
        )
        self.alerts = Notice(desk.theme, action=words("overview.show_alerts"))
        self.decisions = Notice(desk.theme, tone=Tone.WARNING, action=words("overview.show_messages"))
        self.services = StatusChip(desk.theme)
        self.services_button = button(desk.theme, words("overview.show_alerts"), kind="quiet")
        self.services_button.setAccessibleName(words("overview.show_services"))
        self.services_button.setToolTip(words("overview.show_services"))
        self._lay_out()
        self._wire()
        self._show_state()

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    def _make_plots(self) -> dict[str, TimePlot]:
        words = self._desk.words
        plots = {}
        for name, unit, digits, top, is_fixed in PLOTS:
            suffix = " " + words(unit) if unit else ""

            def show(value: float | None, digits: int = digits, suffix: str = suffix) -> str:
                return words.number(value, digits=digits) + (suffix if value is not None else "")

            plots[name] = TimePlot(
                self._desk.theme, words(f"overview.plot_{name}"), show=show, top=top, is_top_fixed=is_fixed
            )
        return plots

    def _lay_out(self) -> None:
        words, theme = self._desk.words, self._desk.theme
        self.pause_button = button(theme, words("service.pause"), "pause", tip=words("service.pause_tip"))
        self.resume_button = button(theme, words("service.resume"), "play", kind="primary")
        self.start_button = button(theme, words("service.start"), "play", kind="primary")
        self.restart_button = button(
            theme, words("service.restart"), "restart", tip=words("service.restart_tip")
        )
        self.reload_button = button(theme, words("service.reload"), "reload", tip=words("service.reload_tip"))
        header = page_header(
            words("page.overview"),
            words("overview.subtitle"),
            self.services,
            self.services_button,
            Space.S,
            self.report.button,
            self.start_button,
            self.resume_button,
            self.pause_button,
            self.restart_button,
            self.reload_button,
        )
        content = QWidget()
        upper = row(self._score_card(), self._stats_card(), spacing=Space.M)
        upper.setStretch(0, 11)
        upper.setStretch(1, 10)
        errors = Card(section_header(words("overview.errors")), self._error_area(), margin=Space.M)
        errors.body.setStretch(1, 1)
        errors.setMinimumHeight(ERRORS_LEAST_HEIGHT)
        rows = QVBoxLayout(content)
        fill(rows, (upper, self._plot_grid(), errors), Space.M, 0)
        rows.setStretch(2, 1)
        self._stack = QStackedWidget()
        # A small window shows the upper part whole; what is below it scrolls.
        self._stack.addWidget(scrolled(content))
        self._stack.addWidget(self.empty)
        body = QVBoxLayout(self)
        fill(body, (header, self.alerts, self.decisions, self._stack), Space.M, Space.XL)
        body.setStretch(3, 1)

    def _score_card(self) -> Card:
        text = column(self._headline, 2, self._reasons, None, spacing=Space.S)
        card = Card(margin=Space.L)
        line = QHBoxLayout()
        fill(line, (self.gauge, text), Space.L, 0)
        line.setStretch(1, 1)
        line.setAlignment(self.gauge, Qt.AlignmentFlag.AlignTop)
        card.body.addLayout(line)
        card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        card.setFixedHeight(UPPER_HEIGHT)
        return card

    def _stats_card(self) -> Card:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.M)
        for number, stat in enumerate(self._stats.values()):
            grid.addWidget(stat, number // 4, number % 4)
            grid.setColumnStretch(number % 4, 1)
        card = Card(margin=Space.L)
        card.body.addLayout(grid)
        card.setFixedHeight(UPPER_HEIGHT)
        return card

    def _plot_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(Space.M)
        for number, plot in enumerate(self._plots.values()):
            plot.setFixedHeight(PLOT_HEIGHT)
            grid.addWidget(plot, number // 3, number % 3)
        return grid

    def _error_area(self) -> QWidget:
        self._no_errors = label(self._desk.words("overview.no_errors"), "muted")
        self._no_errors.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QWidget()
        layout = QVBoxLayout(area)
        fill(layout, (self._no_errors, self._table, None), 0, 0)
        layout.setStretch(1, 1000)
        return area

    def _wire(self) -> None:
        vm, words = self._view_model, self._desk.words
        pairs = (
            (self.pause_button, vm.pause, "service.paused_done"),
            (self.resume_button, vm.resume, "service.resumed_done"),
            (self.start_button, vm.start_service, "service.started_done"),
            (self.restart_button, vm.restart, "service.restarted_done"),
            (self.reload_button, vm.reload, "service.reloaded_done"),
        )
        for made, command, done in pairs:
            drive(made, command)
            announce(self, self._desk, command, words(done))
        vm.changed.connect(self._show_state)
        vm.ticked.connect(self._show_series)
        if self.alerts.action is not None:
            self.alerts.action.clicked.connect(lambda: self._desk.page_wanted.emit("alerts", "active"))
        if self.decisions.action is not None:
            self.decisions.action.clicked.connect(
                lambda: self._desk.page_wanted.emit("messages", vm.state.decisions_view)
            )
        self.services_button.clicked.connect(lambda: self._desk.page_wanted.emit("services", ""))
        if self.empty.action is not None:
            self.empty.action.clicked.connect(lambda: self._desk.page_wanted.emit("instances", "add"))

    def _show_state(self) -> None:
        state = self._view_model.state
        self._stack.setCurrentIndex(1 if state.is_empty else 0)
        self.gauge.show_score(state.score, state.figure, state.word, state.tone)
        self._headline.setText(state.headline)
        alerts_tone, line = state.alerts
        self.alerts.say(line, alerts_tone)
        self.decisions.say(state.decisions)
        services_tone, text, line = state.services
        self.services.show_status(services_tone, text)
        self.services.setToolTip(line)
        for name, figure, note, tone in state.stats:
            self._stats[name].show_figure(figure, note, tone)
        self.start_button.setVisible(not state.is_running and not state.is_paused)
        self.resume_button.setVisible(state.is_paused)
        self.pause_button.setVisible(state.is_running and not state.is_paused)
        if state.deductions != self._shown_deductions:
            self._shown_deductions = state.deductions
            self._show_deductions(state.deductions)

    def _show_deductions(self, lines: tuple[DeductionLine, ...]) -> None:
        while (item := self._reasons.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        has_room = len(lines) <= ROOM_FOR
        for line in lines:
            self._reasons.addWidget(self._reason(line, is_whole=has_room))

    def _reason(self, line: DeductionLine, *, is_whole: bool) -> QWidget:
        kind = "muted" if line.tone is Tone.NEUTRAL else ""
        text = label(line.sentence, kind, wrap=True) if is_whole else ElidedLabel(line.sentence, kind)
        text.setToolTip("\n".join(part for part in (line.sentence, line.evidence) if part))
        points = label(line.points, "strong", tone=line.tone)
        holder = QWidget()
        layout = row(ToneMark(self._desk.theme, line.tone), text, points, spacing=Space.S)
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        return holder

    def _show_series(self) -> None:
        newest = self._view_model.newest_sample_s()
        if newest != self._drawn_s:
            # A plot is dear to draw: only a new sample is worth it.
            self._drawn_s = newest
            since, until = self._view_model.plot_range()
            for name, plot in self._plots.items():
                plot.show_points(self._view_model.points(name), since=since, until=until)
        errors = self._view_model.errors()
        self._errors.show_rows(errors)
        self._table.setVisible(bool(errors))
        self._no_errors.setVisible(not errors)
