"""The logs: what the console does, what it did, how much of what, and what people did to it.

Owns the tabs. Built by the window.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.core.logs.record import LogEntry
from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.forms.edit_dialog import EditDialog
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.logs.audit_panel import AuditPanel
from wxauto_mgt.ui.pages.logs.audit_view_model import AuditViewModel
from wxauto_mgt.ui.pages.logs.levels import LevelsEditing, open_levels
from wxauto_mgt.ui.pages.logs.live_panel import LivePanel
from wxauto_mgt.ui.pages.logs.search_panel import SearchPanel
from wxauto_mgt.ui.pages.logs.search_view_model import LogSearchViewModel
from wxauto_mgt.ui.pages.logs.statistics_panel import StatisticsPanel
from wxauto_mgt.ui.pages.logs.statistics_view_model import LogStatisticsViewModel
from wxauto_mgt.ui.pages.logs.view_model import LogsViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import button, fill, page_header, row
from wxauto_mgt.ui.widgets.segments import Segments

LIVE = "live"
SEARCH = "search"
STATISTICS = "statistics"
AUDIT = "audit"


@dataclass(frozen=True)
class LogViews:
    """The view-models of the tabs."""

    live: LogsViewModel
    search: LogSearchViewModel
    statistics: LogStatisticsViewModel
    audit: AuditViewModel
    levels: LevelsEditing


class LogsPage(Page):
    """The logs."""

    def __init__(self, desk: Desk, views: LogViews) -> None:
        super().__init__()
        self._desk = desk
        self._levels = views.levels
        self.dialog: EditDialog | None = None
        words, theme = desk.words, desk.theme
        self.live = LivePanel(desk, views.live)
        self.search = SearchPanel(desk, views.search)
        self.statistics = StatisticsPanel(desk, views.statistics)
        self.audit = AuditPanel(desk, views.audit)
        self.levels_button = button(theme, words("logs.levels"), "settings", tip=words("logs.levels_tip"))
        self._panels: dict[str, QWidget] = {
            LIVE: self.live,
            SEARCH: self.search,
            STATISTICS: self.statistics,
            AUDIT: self.audit,
        }
        self.tabs = Segments([(name, words(f"logs.tab_{name}")) for name in self._panels], LIVE)
        self._stack = QStackedWidget()
        for panel in self._panels.values():
            self._stack.addWidget(panel)
        header = page_header(words("page.logs"), words("logs.subtitle"), self.levels_button)
        body = QVBoxLayout(self)
        fill(body, (header, row(self.tabs, None), self._stack), Space.M, Space.XL)
        body.setStretch(2, 1)
        self.tabs.chosen.connect(self.show_tab)
        self.levels_button.clicked.connect(self.open_levels)
        self.live.record.around_wanted.connect(self._show_around)

    def activate(self, word: str) -> None:
        if word in self._panels:
            self.show_tab(word)
        if word == SEARCH:
            self.search.focus()

    @property
    def tab_names(self) -> tuple[str, ...]:
        """The tabs in their order."""
        return tuple(self._panels)

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.choose(name)
        self._stack.setCurrentWidget(self._panels[name])

    def open_levels(self) -> None:
        """Let the operator choose how much each category tells."""
        self.dialog = open_levels(self._desk, self, self._levels)
        self.dialog.finished.connect(self._forget_dialog)

    def _forget_dialog(self, _: int) -> None:
        self.dialog = None

    def _show_around(self, entry: LogEntry) -> None:
        # First the wish, then the tab: shown without a wish it would search at once.
        self.search.show_around(entry)
        self.show_tab(SEARCH)
