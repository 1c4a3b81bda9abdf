"""Ties the application's services to view-models and pages: the window's part of the composition.

Owns no behaviour. Called by the bootstrap, the screenshots and tests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject

from wxauto_mgt.app import Application
from wxauto_mgt.app.audited_acts import AuditedAlerts, AuditedOutbox
from wxauto_mgt.core.messages.history.figures import open_decisions
from wxauto_mgt.core.metrics.reader import MetricReader
from wxauto_mgt.core.recovery.presets import BuiltInPresets
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.bridge.command import Commands
from wxauto_mgt.ui.bridge.events import EventBridge
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage, Desk
from wxauto_mgt.ui.main_window import MainWindow, PageEntry
from wxauto_mgt.ui.pages.access.view_model import AccessViewModel, Surroundings
from wxauto_mgt.ui.pages.alerts.page import AlertsPage
from wxauto_mgt.ui.pages.alerts.rules_view_model import AlertRulesViewModel
from wxauto_mgt.ui.pages.alerts.silences_view_model import SilencesViewModel
from wxauto_mgt.ui.pages.alerts.view_model import AlertsViewModel
from wxauto_mgt.ui.pages.instances.page import InstancesPage
from wxauto_mgt.ui.pages.instances.view_model import InstancesViewModel
from wxauto_mgt.ui.pages.listeners.page import ListenersPage
from wxauto_mgt.ui.pages.listeners.view_model import ListenersViewModel
from wxauto_mgt.ui.pages.logs.audit_view_model import AuditViewModel
from wxauto_mgt.ui.pages.logs.levels import LevelsEditing
from wxauto_mgt.ui.pages.logs.page import LogsPage, LogViews
from wxauto_mgt.ui.pages.logs.search_view_model import LogSearchViewModel
from wxauto_mgt.ui.pages.logs.statistics_view_model import LogStatisticsViewModel
from wxauto_mgt.ui.pages.logs.view_model import LogsViewModel
from wxauto_mgt.ui.pages.messages.page import MessagesPage
from wxauto_mgt.ui.pages.messages.view_model import MessagesViewModel
from wxauto_mgt.ui.pages.metrics.page import MetricsPage
from wxauto_mgt.ui.pages.metrics.view_model import MetricsViewModel
from wxauto_mgt.ui.pages.notices.in_app import show_notices
from wxauto_mgt.ui.pages.notices.view_model import NoticesViewModel
from wxauto_mgt.ui.pages.overview.page import OverviewPage
from wxauto_mgt.ui.pages.overview.report_view_model import ReportSources, ReportViewModel
from wxauto_mgt.ui.pages.overview.view_model import Controls, OverviewViewModel
from wxauto_mgt.ui.pages.platforms.page import PlatformsPage
from wxauto_mgt.ui.pages.platforms.view_model import PlatformsViewModel
from wxauto_mgt.ui.pages.rules.page import RulesPage
from wxauto_mgt.ui.pages.rules.view_model import RulesViewModel
from wxauto_mgt.ui.pages.services.detail_view_model import ServiceDetailViewModel
from wxauto_mgt.ui.pages.services.form import ServiceForms
from wxauto_mgt.ui.pages.services.heart import WindowHeart
from wxauto_mgt.ui.pages.services.page import ServicesPage, ServiceViews
from wxauto_mgt.ui.pages.services.process_view_model import ProcessViewModel
from wxauto_mgt.ui.pages.services.repair_view_model import RepairViewModel
from wxauto_mgt.ui.pages.services.view_model import ServicesViewModel
from wxauto_mgt.ui.pages.settings.page import SettingsPage
from wxauto_mgt.ui.pages.settings.view_model import SettingsViewModel
from wxauto_mgt.ui.preferences import Preferences
from wxauto_mgt.ui.shell import ShellViewModel
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.words import Words
from wxauto_mgt.ui_settings import ThemeChoice

EXPORTS: Final = "exports"
"""Folder of the data folder where files for people go."""


@dataclass(frozen=True)
class Assembled:
    """The window and what lives as long as it."""

    window: MainWindow
    desk: Desk
    words: Words
    shell: ShellViewModel
    view_models: tuple[QObject, ...]


def assemble(application: Application, *, theme: Theme, detected: Language, is_demo: bool) -> Assembled:
    """Build the window for an application that is open, in the language and theme that are stored.

    Args:
        detected: the machine's language, for where the operator chose none.
    """
    folders = application.ground.plugins.text_folders()
    words = Words({one: Catalogue(one, extra_folders=folders) for one in Language}, detected)
    commands = Commands(spawn=application.supervisor.spawn, words=words)
    backstage = Backstage(words, commands, EventBridge(application.bus))
    desk = Desk(theme=theme, backstage=backstage)
    show_notices(desk, application.notifications.surfaces)
    editing = ConfigEditing(config=application.config, notifier=application.notifier)
    preferences = Preferences(backstage, editing=editing, detected=detected)
    preferences.theme_chosen.connect(lambda value: theme.set_mode(ThemeChoice(value)))
    preferences.follow()
    shell = ShellViewModel(backstage, health=application.monitor, is_demo=is_demo)
    pages, models = _pages(application, desk, editing)
    window = MainWindow(desk, shell=shell, preferences=preferences, pages=pages)
    return Assembled(window, desk, words, shell, (preferences, *models))


def _pages(
    application: Application, desk: Desk, editing: ConfigEditing
) -> tuple[list[PageEntry], tuple[QObject, ...]]:
    stage, clock, monitor = desk.backstage, application.clock, application.monitor
    listener, control = application.listener, application.control(WHO)
    audit = application.ground.audit
    engine = AuditedAlerts(engine=application.alerting.engine, audit=audit, who=WHO)
    alerts = AlertsViewModel(stage, alerts=engine, clock=clock)
    services = _service_views(application, stage, editing)
    overview = OverviewViewModel(
        stage,
        clock=clock,
        monitor=monitor,
        metrics=application.sampler,
        controls=Controls(
            pause=control.pause,
            resume=control.resume,
            start=control.start,
            restart=control.restart,
            reload=application.reloading.reload,
        ),
        editing=editing,
        alerts=alerts.summary,
        services=services.services.headline,
        decisions=lambda: open_decisions(application.db),
    )
    report = ReportViewModel(
        stage,
        sources=_report_sources(application),
        clock=clock,
    )
    instances = InstancesViewModel(
        stage, registry=application.registry, monitor=monitor, editing=editing, clock=clock
    )
    listeners = ListenersViewModel(stage, listeners=listener, editing=editing)
    messages = MessagesViewModel(stage, browser=application.browser, editing=editing)
    platforms = PlatformsViewModel(
        stage, platforms=application.platforms, types=application.platform_types, editing=editing
    )
    rules = RulesViewModel(stage, editing=editing)
    registry = application.metering.registry
    reader = MetricReader(registry=registry, sampler=application.sampler)
    metrics = MetricsViewModel(stage, catalog=registry, history=reader, clock=clock)
    alert_rules = AlertRulesViewModel(stage, editing=editing)
    silences = SilencesViewModel(stage, alerts=engine, editing=editing, clock=clock)
    told = application.notifications
    notices = NoticesViewModel(
        stage,
        outbox=AuditedOutbox(outbox=told.outbox, audit=audit, who=WHO),
        channels=told.channels,
        testing=told.test,
        types=told.channels.types,
        editing=editing,
        clock=clock,
    )
    logs = _log_views(application, stage, editing)
    settings = SettingsViewModel(stage, editing=editing)
    access = AccessViewModel(
        stage,
        tokens=application.http.tokens,
        surroundings=Surroundings(
            address=lambda: application.http.address,
            checks=application.checks.board.report,
            errors=monitor.recent_errors,
        ),
        editing=editing,
        clock=clock,
    )
    entries = [
        PageEntry("overview", "overview", lambda: OverviewPage(desk, overview, report)),
        PageEntry("instances", "instances", lambda: InstancesPage(desk, instances)),
        PageEntry("listeners", "listeners", lambda: ListenersPage(desk, listeners)),
        PageEntry("messages", "messages", lambda: MessagesPage(desk, messages)),
        PageEntry("platforms", "platforms", lambda: PlatformsPage(desk, platforms)),
        PageEntry("rules", "rules", lambda: RulesPage(desk, rules)),
        PageEntry("services", "services", lambda: ServicesPage(desk, services)),
        PageEntry("metrics", "metrics", lambda: MetricsPage(desk, metrics)),
        PageEntry("alerts", "alerts", lambda: AlertsPage(desk, alerts, alert_rules, silences, notices)),
        PageEntry("logs", "logs", lambda: LogsPage(desk, logs)),
        PageEntry("settings", "settings", lambda: SettingsPage(desk, settings, access)),
    ]
    configured = (instances, listeners, messages, platforms, rules)
    return entries, (
        overview,
        report,
        *configured,
        metrics,
        alerts,
        alert_rules,
        notices,
        settings,
        access,
        *_service_models(services),
        *_log_models(logs),
    )


def _report_sources(application: Application) -> ReportSources:
    async def rendered(format_: str) -> str:
        health = application.reports.health
        document = await health.document()
        return await asyncio.to_thread(health.render, document, format_)

    return ReportSources(
        rendered=rendered,
        write_sample=application.health_sample.write,
        folder=application.ground.data_dir / EXPORTS,
    )


def _log_views(application: Application, stage: Backstage, editing: ConfigEditing) -> LogViews:
    index, clock = application.log_keeping.index, application.clock
    return LogViews(
        live=LogsViewModel(application.logs),
        search=LogSearchViewModel(stage, index=index, editing=editing, clock=clock),
        statistics=LogStatisticsViewModel(stage, index=index, clock=clock),
        audit=AuditViewModel(stage, audit=application.ground.audit),
        levels=LevelsEditing(editing=editing),
    )


def _log_models(views: LogViews) -> tuple[QObject, ...]:
    return views.live, views.search, views.statistics, views.audit


def _service_views(application: Application, stage: Backstage, editing: ConfigEditing) -> ServiceViews:
    checks, records = application.checks, application.records
    recoverer = application.recovery.recoverer
    services = ServicesViewModel(
        stage,
        board=checks.board,
        checker=checks.runner,
        heart=WindowHeart(heartbeat=checks.heartbeat, audit=application.ground.audit),
        recoveries=recoverer,
        hours=records.history,
        editing=editing,
    )
    return ServiceViews(
        services=services,
        detail=ServiceDetailViewModel(
            stage, board=checks.board, history=records.history, outcomes=records.outcomes
        ),
        repair=RepairViewModel(stage, recoverer=recoverer),
        process=ProcessViewModel(stage, processes=application.processes.control(WHO)),
        forms=ServiceForms(words=stage.words, editing=editing, presets=BuiltInPresets().schemas()),
    )


def _service_models(views: ServiceViews) -> tuple[QObject, ...]:
    return views.services, views.detail, views.repair, views.process
