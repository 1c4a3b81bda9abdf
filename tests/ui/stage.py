"""A stage for the window's tests: real configuration, bus and texts; fakes for what needs a network."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from tests.fakes.clock import FakeClock
from wxauto_mgt.core.access.settings import http_settings_group
from wxauto_mgt.core.access.tokens import AccessTokens
from wxauto_mgt.core.alerting.model import Acknowledgement, Alert, AlertRule, AlertState, Labels, Level
from wxauto_mgt.core.alerting.section import alert_rule_section
from wxauto_mgt.core.alerting.settings import alerts_settings_group
from wxauto_mgt.core.alerting.silences import Silence
from wxauto_mgt.core.config.audit import AuditLog
from wxauto_mgt.core.config.model import Edit, SettingsGroup
from wxauto_mgt.core.config.notifier import ConfigNotifier
from wxauto_mgt.core.config.service import ConfigService
from wxauto_mgt.core.instances.instance import Instance
from wxauto_mgt.core.instances.model import instance_section
from wxauto_mgt.core.listening.model import ListenerKind, ListenerStatus, listener_section
from wxauto_mgt.core.listening.settings import listening_settings_group
from wxauto_mgt.core.logs.index import LogIndex
from wxauto_mgt.core.messages.history.figures import DeliveryFigures
from wxauto_mgt.core.metrics.model import Series
from wxauto_mgt.core.metrics.registry import MetricRegistry
from wxauto_mgt.core.monitoring.checks.built_in import BUILT_IN as BUILT_IN_CHECKS
from wxauto_mgt.core.monitoring.checks.contract import CheckReport, CheckStatus
from wxauto_mgt.core.monitoring.checks.types import CheckTypes
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
from wxauto_mgt.core.monitoring.facts import ClientStatus, ServiceState
from wxauto_mgt.core.monitoring.health_score import Deduction, HealthScore, OverallStatus, Part
from wxauto_mgt.core.monitoring.model import ClientReport, ServiceStatus, Statistics
from wxauto_mgt.core.monitoring.services.section import service_section
from wxauto_mgt.core.monitoring.settings import logs_settings_group
from wxauto_mgt.core.notifications.channels.built_in import BUILT_IN as BUILT_IN_CHANNELS
from wxauto_mgt.core.notifications.channels.in_process import NothingToSet
from wxauto_mgt.core.notifications.model import ChannelFigures, DeliveryRecord, DeliveryState
from wxauto_mgt.core.notifications.section import ChannelConfig, channel_section
from wxauto_mgt.core.notifications.types import ChannelTypes
from wxauto_mgt.core.platforms.built_in import BUILT_IN
from wxauto_mgt.core.platforms.registry import PlatformRegistry
from wxauto_mgt.core.platforms.section import platform_section
from wxauto_mgt.core.platforms.types import PlatformTypes
from wxauto_mgt.core.recovery.actions.built_in import BUILT_IN as BUILT_IN_REPAIRS
from wxauto_mgt.core.recovery.actions.types import RepairTypes
from wxauto_mgt.core.recovery.presets import BuiltInPresets
from wxauto_mgt.core.recovery.settings import heartbeat_settings_group
from wxauto_mgt.core.rules.section import rule_section
from wxauto_mgt.core.secrets.box import SecretBox
from wxauto_mgt.core.secrets.key_providers import KeyFileProvider
from wxauto_mgt.core.secrets.redaction import Redactor
from wxauto_mgt.core.wire import CallRecord
from wxauto_mgt.errors import ChannelPermanent
from wxauto_mgt.runtime.event_bus import EventBus
from wxauto_mgt.runtime.supervisor import LoopFailure, Supervisor
from wxauto_mgt.storage.database import Database
from wxauto_mgt.texts.catalogue import Catalogue
from wxauto_mgt.texts.language import Language
from wxauto_mgt.ui.bridge.command import Commands, Spawn
from wxauto_mgt.ui.bridge.events import EventBridge
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage, Desk
from wxauto_mgt.ui.pages.access.view_model import AccessViewModel, Surroundings
from wxauto_mgt.ui.pages.logs.audit_view_model import AuditViewModel
from wxauto_mgt.ui.pages.logs.levels import LevelsEditing
from wxauto_mgt.ui.pages.logs.page import LogViews
from wxauto_mgt.ui.pages.logs.search_view_model import LogSearchViewModel
from wxauto_mgt.ui.pages.logs.statistics_view_model import LogStatisticsViewModel
from wxauto_mgt.ui.pages.logs.view_model import LogSource, LogsViewModel
from wxauto_mgt.ui.pages.notices.view_model import NoticesViewModel
from wxauto_mgt.ui.pages.overview.report_view_model import ReportSources, ReportViewModel
from wxauto_mgt.ui.theme.theme import Theme
from wxauto_mgt.ui.words import Words
from wxauto_mgt.ui_settings import ThemeChoice, ui_settings_group

CHANNEL_TYPES = ChannelTypes(BUILT_IN_CHANNELS)
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)

SAMPLE = """
instances:
  - {id: pc1, name: 客服一号, base_url: "http://127.0.0.1:5000", api_key: "key-of-pc1-123"}
  - {id: pc2, name: 客服二号, base_url: "http://127.0.0.1:5001", api_key: "key-of-pc2-123"}
platforms:
  - {id: kw, name: 关键词, type: keyword, config: {rules: [{keywords: [你好, 您好], match_type: contains,
     replies: ["您好，请问有什么可以帮您？"], random: false, min_reply_time: 0, max_reply_time: 0}]}}
rules:
  - {id: r1, name: 全部消息, chat: "*", platforms: [kw], priority: 10}
  - {id: r2, name: 售后群, chat: "售后群", platforms: [kw], priority: 5}
"""


class RecordingConfig(ConfigService):
    """The real service that also remembers what the window asked of it."""

    @property
    def edits(self) -> list[Edit]:
        """What the window handed over, in order."""
        found: list[Edit] = self.__dict__.setdefault("_edits", [])
        return found

    async def apply(self, edits: Sequence[Edit], *, who: str) -> int:
        self.edits.extend(edits)
        return await super().apply(edits, who=who)


@dataclass
class FakeMonitor:
    """Answers what a test puts into it."""

    health: HealthScore | None = None
    state: ServiceState = field(default_factory=lambda: ServiceState(True, False, NOW))
    reports: tuple[ClientReport, ...] = ()
    shown_listeners: tuple[ListenerStatus, ...] = ()
    errors: tuple[ErrorEpisode, ...] = ()
    delivery: DeliveryFigures = field(default_factory=DeliveryFigures)

    def service_status(self) -> ServiceStatus:
        return ServiceStatus(self.state, 3723.0, 12, len(self.errors), next(iter(self.errors), None), None)

    def clients(self) -> tuple[ClientReport, ...]:
        return self.reports

    def listeners(self) -> tuple[ListenerStatus, ...]:
        return self.shown_listeners

    def recent_errors(self, limit: int) -> tuple[ErrorEpisode, ...]:
        return self.errors[:limit]

    async def statistics(self) -> Statistics:
        return Statistics(
            messages_processed=self.delivery.others,
            total_errors=len(self.errors),
            api_calls=4321,
            listeners_added=3,
            listeners_removed=1,
            config_reloads=2,
            uptime_s=3723.0,
            started_at=NOW,
            error_ratio=0.004,
            recent_error_count=len(self.errors),
            delivery=self.delivery,
        )


@dataclass
class FakeListeners:
    """The listening service as the page sees it."""

    shown: tuple[ListenerStatus, ...] = ()
    removed: list[tuple[str, str]] = field(default_factory=list)

    def listeners(self) -> tuple[ListenerStatus, ...]:
        return self.shown

    async def remove(self, instance_id: str, who: str, *, by: str) -> bool:
        self.removed.append((instance_id, who))
        return True


class FakeRegistry:
    """No instance was ever connected."""

    def get(self, instance_id: str) -> Instance | None:
        return None


class FakeMetrics:
    """A quiet half hour."""

    def series(self, name: str, since: datetime) -> Series:
        rng = random.Random(name)
        at_s = tuple(since.timestamp() + 10 * n for n in range(180))
        level = {"health_score": 88.0, "app_memory_usage": 180.0}.get(name, 2.0)
        return Series(name, at_s, tuple(level + rng.random() * level / 8 for _ in at_s))


class FakeHistory:
    """What the registry has in memory, as if it were stored."""

    def __init__(self, registry: MetricRegistry) -> None:
        self._registry = registry

    async def history(self, name: str, since: datetime, *, labels: Labels = ()) -> Series:
        return self._registry.window(name, labels, since)


@dataclass
class FakeAlerts:
    """The engine as the page sees it."""

    clock: FakeClock
    shown: tuple[Alert, ...] = ()
    past: tuple[Alert, ...] = ()
    silent: list[Silence] = field(default_factory=list)

    def rules(self) -> Mapping[str, AlertRule]:
        return {}

    def active(self) -> tuple[Alert, ...]:
        return self.shown

    async def history(self, hours: float) -> tuple[Alert, ...]:
        return self.past

    async def acknowledge(self, alert: str, *, owner: str, note: str) -> Alert:
        found = next(one for one in self.shown if one.id == alert)
        taken = replace(found, acknowledged=Acknowledgement(owner, note, self.clock.now()))
        self.shown = tuple(taken if one.id == alert else one for one in self.shown)
        return taken

    def silences(self) -> tuple[Silence, ...]:
        return tuple(self.silent)

    async def silence(self, *, rule: str, labels: Labels, duration_s: float, who: str, note: str) -> Silence:
        now = self.clock.now()
        made = Silence(
            len(self.silent) + 1, rule, labels, now, now + timedelta(seconds=duration_s), who, note
        )
        self.silent.append(made)
        return made

    async def end_silence(self, silence_id: int) -> None:
        self.silent = [one for one in self.silent if one.id != silence_id]


def alert(rule: str, level: Level = Level.WARNING, *, labels: Labels = (), resolved: bool = False) -> Alert:
    return Alert(
        id=f"{rule}:{len(labels)}",
        episode=f"{rule}-{level}-{resolved}",
        rule=rule,
        labels=labels,
        level=level,
        title=f"alerts.title.{rule}",
        message=f"alerts.message.{rule}",
        metric_name="system_cpu_usage",
        value=91.25,
        threshold=80.0,
        state=AlertState.OK if resolved else AlertState.FIRING,
        started_at=NOW - timedelta(minutes=7),
        resolved_at=NOW if resolved else None,
    )


@dataclass
class Stage:
    """Everything that pages and view-models are built with."""

    db: Database
    telemetry: Database
    log_index: LogIndex
    audit: AuditLog
    config: RecordingConfig
    notifier: ConfigNotifier
    bus: EventBus
    supervisor: Supervisor
    platforms: PlatformRegistry
    types: PlatformTypes
    channel_types: ChannelTypes
    clock: FakeClock
    words: Words
    theme: Theme
    backstage: Backstage
    desk: Desk
    editing: ConfigEditing
    failures: list[LoopFailure]

    async def close(self) -> None:
        await self.platforms.close(timeout_s=1)
        await self.supervisor.stop()
        await self.telemetry.close()


def make_words(types: PlatformTypes, language: Language = Language.ZH_CN) -> Words:
    folders = types.text_folders()
    return Words({one: Catalogue(one, extra_folders=folders) for one in Language}, language)


def make_config(
    db: Database,
    notifier: ConfigNotifier,
    clock: FakeClock,
    *,
    types: PlatformTypes,
    environment: Mapping[str, str] | None = None,
    groups: Sequence[SettingsGroup] = (),
) -> RecordingConfig:
    return RecordingConfig(
        db=db,
        sections=[
            instance_section(),
            listener_section(),
            platform_section(types),
            rule_section(),
            alert_rule_section(),
            channel_section(CHANNEL_TYPES),
            service_section(
                check_types=CheckTypes(BUILT_IN_CHECKS),
                repair_types=RepairTypes(BUILT_IN_REPAIRS),
                presets=BuiltInPresets(),
            ),
        ],
        settings_groups=[
            ui_settings_group(),
            listening_settings_group(),
            alerts_settings_group(),
            logs_settings_group(),
            heartbeat_settings_group(),
            http_settings_group(),
            *groups,
        ],
        secrets=SecretBox(
            key_providers={"file": KeyFileProvider(db.path.parent / "secret.key")}, redactor=Redactor()
        ),
        notifier=notifier,
        clock=clock,
        environment=environment or {},
    )


async def build_stage(
    db: Database,
    app: QApplication,
    *,
    environment: Mapping[str, str] | None = None,
    groups: Sequence[SettingsGroup] = (),
) -> Stage:
    clock = FakeClock(NOW)
    notifier, bus = ConfigNotifier(), EventBus()
    failures: list[LoopFailure] = []
    supervisor = Supervisor(clock=clock, on_failure=failures.append)
    types = PlatformTypes(BUILT_IN)
    config = make_config(db, notifier, clock, types=types, environment=environment, groups=groups)
    await config.load()
    platforms = PlatformRegistry(
        types=types,
        notifier=notifier,
        supervisor=supervisor,
        clock=clock,
        on_call=_ignore,
        rng=random.Random(1),
    )
    await platforms.start(config.snapshot.objects("platform").values())
    telemetry = await Database.open(
        db.path.parent / "telemetry.db",
        kind="telemetry",
        synchronous="NORMAL",
        backup_dir=db.path.parent / "backups",
    )
    log_index = LogIndex(telemetry=telemetry, clock=clock, kept_days=lambda: 30)
    await log_index.open()
    words = make_words(types)
    theme = Theme(app, ThemeChoice.LIGHT)
    theme.apply()

    commands = Commands(spawn=spawn_in_loop(supervisor.spawn), words=words)
    backstage = Backstage(words, commands, EventBridge(bus, interval_ms=0))
    return Stage(
        db=db,
        telemetry=telemetry,
        log_index=log_index,
        audit=AuditLog(db=db, clock=clock, redactor=Redactor()),
        config=config,
        notifier=notifier,
        bus=bus,
        supervisor=supervisor,
        platforms=platforms,
        types=types,
        channel_types=CHANNEL_TYPES,
        clock=clock,
        words=words,
        theme=theme,
        backstage=backstage,
        desk=Desk(theme=theme, backstage=backstage),
        editing=ConfigEditing(config=config, notifier=notifier),
        failures=failures,
    )


def spawn_in_loop(spawn: Spawn) -> Spawn:
    """Spawn only while the loop runs: pytest-qt handles what Qt has to say between the phases of a test."""

    def guarded(name: str, coro: Coroutine[Any, Any, None]) -> object:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            coro.close()
            return None
        return spawn(name, coro)

    return guarded


async def fill(stage: Stage) -> None:
    """Put the sample configuration in force."""
    await stage.config.import_document(SAMPLE, filename="sample.yaml", replace=False, who="test")


async def settle(until: Callable[[], bool] = lambda: True, *, deadline_s: float = 5.0) -> None:
    """Let tasks and Qt events run until a condition holds."""
    async with asyncio.timeout(deadline_s):
        while True:
            for _ in range(5):
                QCoreApplication.processEvents()
                await asyncio.sleep(0)
            if until():
                return
            await asyncio.sleep(0.002)


def drop_deleted() -> None:
    """Let Qt delete what asked for it: without a running Qt loop nothing else does."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def listener(who: str, *, active: bool = True, kind: ListenerKind = ListenerKind.AUTO) -> ListenerStatus:
    return ListenerStatus(
        instance_id="pc1",
        who=who,
        kind=kind,
        active=active,
        title=who,
        last_message_at=NOW - timedelta(minutes=2),
        last_check_at=NOW,
        message_count=12,
        error_count=0 if active else 2,
        reason="" if active else "not_verified",
    )


def score(value: float | None, status: OverallStatus, *deductions: Deduction) -> HealthScore:
    return HealthScore(value, status, deductions, NOW)


def deduction(points: float, code: str, **params: int) -> Deduction:
    return Deduction(Part.CLIENTS, points, code, params, ("pc2",), NOW)


def report(instance_id: str, *, connected: bool | None) -> ClientReport:
    status = ClientStatus(instance_id, True, connected, 2, NOW, ())
    return ClientReport(status, 0, None)


def episode(number: int, cause: str = "instance_connect_failed", *, cleared: bool = False) -> ErrorEpisode:
    return ErrorEpisode(
        id=number,
        operation="probe",
        cause_code=cause,
        instance_id="pc2",
        params={},
        first_at=NOW - timedelta(minutes=number),
        last_at=NOW - timedelta(seconds=number),
        cleared_at=NOW if cleared else None,
        occurrences=number,
    )


def _ignore(_: CallRecord) -> None:
    """Nobody counts here."""


@dataclass
class FakeNotices:
    """Outbox, registry and test in one."""

    records: list[DeliveryRecord] = field(default_factory=list)
    known: dict[str, ChannelFigures] = field(default_factory=dict)
    resent: list[int] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)
    refusal: ChannelPermanent | None = None

    async def history(
        self,
        *,
        since: datetime,
        states: Sequence[DeliveryState] = tuple(DeliveryState),
        limit: int = 200,
    ) -> list[DeliveryRecord]:
        return self.records

    async def figures(self) -> Mapping[str, ChannelFigures]:
        return self.known

    async def resend(self, delivery_id: int) -> str:
        self.resent.append(delivery_id)
        return "in_app"

    def configs(self) -> Mapping[str, ChannelConfig]:
        return {
            "in_app": ChannelConfig(id="in_app", name="", type="in_app", enabled=True, config=NothingToSet())
        }

    async def send(self, channel_id: str, message: str | None = None) -> None:
        self.tested.append(channel_id)
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal

    async def send_by(self, config: ChannelConfig, message: str | None = None) -> None:
        await self.send(config.id)


def quiet_notices(stage: Stage, core: FakeNotices | None = None) -> NoticesViewModel:
    core = core or FakeNotices()
    return NoticesViewModel(
        stage.backstage,
        outbox=core,
        channels=core,
        testing=core,
        types=stage.channel_types,
        editing=stage.editing,
        clock=stage.clock,
    )


def log_views(stage: Stage, source: LogSource) -> LogViews:
    """The view-models of the logs page over the stage's index and audit log."""
    back, clock = stage.backstage, stage.clock
    return LogViews(
        live=LogsViewModel(source),
        search=LogSearchViewModel(back, index=stage.log_index, editing=stage.editing, clock=clock),
        statistics=LogStatisticsViewModel(back, index=stage.log_index, clock=clock),
        audit=AuditViewModel(back, audit=stage.audit),
        levels=LevelsEditing(editing=stage.editing),
    )


def quiet_report(stage: Stage) -> ReportViewModel:
    """Reports of nothing, beside the stage's database."""
    folder = stage.db.path.parent
    sample = folder / "logs" / "sample.json"

    async def write_sample() -> Path:
        return sample

    async def rendered(format_: str) -> str:
        return f"{format_}: 一切正常"

    sources = ReportSources(rendered, write_sample, folder / "exports")
    return ReportViewModel(stage.backstage, sources=sources, clock=stage.clock)


def quiet_access(stage: Stage, surroundings: Surroundings | None = None) -> AccessViewModel:
    """Real tokens of an API that does not listen."""
    quiet = Surroundings(
        address=lambda: None,
        checks=lambda: CheckReport(NOW, CheckStatus.UNKNOWN, {}),
        errors=lambda _: (),
    )
    return AccessViewModel(
        stage.backstage,
        tokens=AccessTokens(db=stage.db, clock=stage.clock, audit=stage.audit, redactor=Redactor()),
        surroundings=surroundings or quiet,
        editing=stage.editing,
        clock=stage.clock,
    )
