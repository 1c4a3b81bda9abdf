"""The alerts: what is wrong now, what was, by which rules, and who was told.

Owns the tabs. Built by the window.
"""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wxauto_mgt.ui.desk import Desk
from wxauto_mgt.ui.main_window import Page
from wxauto_mgt.ui.pages.alerts.active_panel import ActivePanel
from wxauto_mgt.ui.pages.alerts.rules_panel import AlertRulesPanel
from wxauto_mgt.ui.pages.alerts.rules_view_model import AlertRulesViewModel
from wxauto_mgt.ui.pages.alerts.silences_panel import SilencesPanel
from wxauto_mgt.ui.pages.alerts.silences_view_model import SilencesViewModel
from wxauto_mgt.ui.pages.alerts.table_model import HistoryModel
from wxauto_mgt.ui.pages.alerts.view_model import AlertsViewModel
from wxauto_mgt.ui.pages.notices.panel import NoticesPanel
from wxauto_mgt.ui.pages.notices.view_model import NoticesViewModel
from wxauto_mgt.ui.theme.tokens import Space
from wxauto_mgt.ui.widgets.layout import Card, button, fill, page_header, row
from wxauto_mgt.ui.widgets.segments import Segments
from wxauto_mgt.ui.widgets.table_view import RowTable

ACTIVE = "active"
HISTORY = "history"
RULES = "rules"
NOTICES = "notices"
SILENCES = "silences"


class AlertsPage(Page):
    """The alerts."""

    def __init__(
        self,
        desk: Desk,
        view_model: AlertsViewModel,
        rules: AlertRulesViewModel,
        silences: SilencesViewModel,
        notices: NoticesViewModel,
    ) -> None:
        super().__init__()
        self._desk = desk
        self._view_model = view_model
        words, theme = desk.words, desk.theme
        self.active = ActivePanel(desk, view_model)
        self.history = HistoryModel(words)
        self.rules = AlertRulesPanel(desk, rules)
        self.silences = SilencesPanel(desk, silences)
        self.notices = NoticesPanel(desk, notices)
        self.add_button = button(theme, words("alert_page.add"), "add", kind="primary")
        self.tabs = Segments(
            [(name, words(f"alert_page.{name}")) for name in (ACTIVE, HISTORY, RULES, SILENCES, NOTICES)],
            ACTIVE,
        )
        self._panels: dict[str, QWidget] = {
            ACTIVE: self.active,
            HISTORY: Card(RowTable(theme, self.history, words("alert_page.history")), margin=1),
            RULES: self.rules,
            SILENCES: self.silences,
            NOTICES: self.notices,
        }
        self._stack = QStackedWidget()
        for panel in self._panels.values():
            self._stack.addWidget(panel)
        header = page_header(words("page.alerts"), words("alert_page.subtitle"), self.add_button)
        body = QVBoxLayout(self)
        fill(body, (header, row(self.tabs, None), self._stack), Space.M, Space.XL)
        body.setStretch(2, 1)
        self.tabs.chosen.connect(self.show_tab)
        self.add_button.clicked.connect(self._add)
        view_model.changed.connect(self._show_counts)
        view_model.history_read.connect(lambda: self.history.show_rows(view_model.history))
        self.history.show_rows(view_model.history)
        self._show_counts()

    def activate(self, word: str) -> None:
        if word == "add":
            self._add()
        elif word in self._panels:
            self.show_tab(word)

    def showEvent(self, event: QShowEvent) -> None:
        self._view_model.set_active(is_active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._view_model.set_active(is_active=False)

    @property
    def tab_names(self) -> tuple[str, ...]:
        """The tabs in their order."""
        return tuple(self._panels)

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.choose(name)
        self._stack.setCurrentWidget(self._panels[name])
        if name == HISTORY:
            self._view_model.read_history()

    def _add(self) -> None:
        self.show_tab(RULES)
        self.rules.add()

    def _show_counts(self) -> None:
        count = self._view_model.count
        self.tabs.set_text(ACTIVE, self._desk.words("alert_page.active_count", count=count))
