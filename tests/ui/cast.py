"""The whole window on the stage, with fakes behind the pages that need a network."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

from tests.ui.quiet_services import QuietServices
from tests.ui.stage import (
    FakeAlerts,
    FakeHistory,
    FakeListeners,
    FakeMetrics,
    FakeMonitor,
    FakeRegistry,
    Stage,
    drop_deleted,
    log_views,
    quiet_access,
    quiet_notices,
    quiet_report,
)
from wxauto_mgt.core.logs.ring import LogRing
from wxauto_mgt.core.messages.browser import MessageBrowser
from wxauto_mgt.core.messages.history.figures import open_decisions
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.main_window import MainWindow, PageEntry
from wxauto_mgt.ui.pages.alerts.page import AlertsPage
from wxauto_mgt.ui.pages.alerts.rules_view_model import AlertRulesViewModel
from wxauto_mgt.ui.pages.alerts.silences_view_model import SilencesViewModel
from wxauto_mgt.ui.pages.alerts.view_model import AlertsViewModel
from wxauto_mgt.ui.pages.instances.page import InstancesPage
from wxauto_mgt.ui.pages.instances.view_model import InstancesViewModel
from wxauto_mgt.ui.pages.listeners.page import ListenersPage
from wxauto_mgt.ui.pages.listeners.view_model import ListenersViewModel
from wxauto_mgt.ui.pages.logs.page import LogsPage
from wxauto_mgt.ui.pages.messages.page import MessagesPage
from wxauto_mgt.ui.pages.messages.view_model import MessagesViewModel
from wxauto_mgt.ui.pages.metrics.page import MetricsPage
from wxauto_mgt.ui.pages.metrics.view_model import MetricsViewModel
from wxauto_mgt.ui.pages.overview.page import OverviewPage
from wxauto_mgt.ui.pages.overview.view_model import Controls, OverviewViewModel
from wxauto_mgt.ui.pages.platforms.page import PlatformsPage
from wxauto_mgt.ui.pages.platforms.view_model import PlatformsViewModel
from wxauto_mgt.ui.pages.rules.page import RulesPage
from wxauto_mgt.ui.pages.rules.view_model import RulesViewModel
from wxauto_mgt.ui.pages.services.page import ServicesPage
from wxauto_mgt.ui.pages.settings.page import SettingsPage
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.preferences import Preferences
from wxauto_mgt.ui.shell import ShellViewModel
from wxauto_mgt.ui_settings import ThemeChoice


async def _nothing() -> None:
    """A control that is not under test."""


class Cast:
    """The window, shown, with every page."""

    def __init__(self, stage: Stage) -> None:
        self.monitor = FakeMonitor()
        self.listeners = FakeListeners()
        self.logs = LogRing(capacity=100)
        desk, back, editing = stage.desk, stage.backstage, stage.editing
        controls = Controls(_nothing, _nothing, _nothing, _nothing, _nothing)
        self.engine = FakeAlerts(stage.clock)
        self.alerts = AlertsViewModel(back, alerts=self.engine, clock=stage.clock)
        self.services = QuietServices(stage)
        self.overview = OverviewViewModel(
            back,
            clock=stage.clock,
            monitor=self.monitor,
            metrics=FakeMetrics(),
            controls=controls,
            editing=editing,
            alerts=self.alerts.summary,
            services=self.services.views.services.headline,
            decisions=lambda: open_decisions(stage.db),
        )
        self.report = quiet_report(stage)
        self.instances = InstancesViewModel(
            back, registry=FakeRegistry(), monitor=self.monitor, editing=editing, clock=stage.clock
        )
        self.listening = ListenersViewModel(back, listeners=self.listeners, editing=editing)
        self.browser = MessageBrowser(db=stage.db, bus=stage.bus, clock=stage.clock, audit=stage.audit)
        self.messages = MessagesViewModel(back, browser=self.browser, editing=editing)
        self.platforms = PlatformsViewModel(
            back, platforms=stage.platforms, types=stage.types, editing=editing
        )
        self.rules = RulesViewModel(back, editing=editing)
        self.registry = MetricRegistry(clock=stage.clock, bus=stage.bus)
        self.metrics = MetricsViewModel(
            back, catalog=self.registry, history=FakeHistory(self.registry), clock=stage.clock
        )
        self.alert_rules = AlertRulesViewModel(back, editing=editing)
        self.silences = SilencesViewModel(back, alerts=self.engine, editing=editing, clock=stage.clock)
        self.notices = quiet_notices(stage)
        self.logging = log_views(stage, self.logs)
        self.settings = SettingsViewModel(back, editing=editing)
        self.access = quiet_access(stage)
        self.preferences = Preferences(back, editing=editing, detected=Language.ZH_CN)
        self.preferences.theme_chosen.connect(lambda value: stage.theme.set_mode(ThemeChoice(value)))
        self.shell = ShellViewModel(back, health=self.monitor, is_demo=False)
        entries = [
            PageEntry("overview", "overview", lambda: OverviewPage(desk, self.overview, self.report)),
            PageEntry("instances", "instances", lambda: InstancesPage(desk, self.instances)),
            PageEntry("listeners", "listeners", lambda: ListenersPage(desk, self.listening)),
            PageEntry("messages", "messages", lambda: MessagesPage(desk, self.messages)),
            PageEntry("platforms", "platforms", lambda: PlatformsPage(desk, self.platforms)),
            PageEntry("rules", "rules", lambda: RulesPage(desk, self.rules)),
            PageEntry("services", "services", lambda: ServicesPage(desk, self.services.views)),
            PageEntry("metrics", "metrics", lambda: MetricsPage(desk, self.metrics)),
            PageEntry(
                "alerts",
                "alerts",
                lambda: AlertsPage(desk, self.alerts, self.alert_rules, self.silences, self.notices),
            ),
            PageEntry("logs", "logs", lambda: LogsPage(desk, self.logging)),
            PageEntry("settings", "settings", lambda: SettingsPage(desk, self.settings, self.access)),
        ]
        self.window = MainWindow(desk, shell=self.shell, preferences=self.preferences, pages=entries)
        self.window.show()

    def discard(self, dialog: QDialog) -> None:
        """Close a dialog whatever was entered."""
        dialog.done(QDialog.DialogCode.Rejected)

    def close(self) -> None:
        """Take the window away."""
        self.shell.rest()
        self.window.let_go()
        self.window.deleteLater()
        drop_deleted()
