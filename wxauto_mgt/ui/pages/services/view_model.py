"""What the services page lists: all services with their state, and the heartbeat that checks them.

Owns words and the moment of reading; judging is the board's. Called by the services page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from wxauto_mgt.core.config.model import SETTINGS
from wxauto_mgt.core.monitoring.checks.contract import (
    CheckRecorded,
    CheckReport,
    CheckResult,
    ServiceHealth,
)
from wxauto_mgt.core.monitoring.services.model import ServiceConfig
from wxauto_mgt.core.monitoring.services.section import SERVICE
from wxauto_mgt.core.monitoring.services.uptime import Uptime
from wxauto_mgt.core.recovery.heartbeat import HeartbeatStatus
from wxauto_mgt.core.recovery.model import (
    RecoveryFinished,
    RecoveryStarted,
    RecoveryState,
    ServiceRecovery,
)
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.services.wording import STATUS_TONES, begun, kind_word, service_name
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import Words

TICK_MS: Final = 1000
UPTIME_EVERY_MS: Final = 60_000
_NAMED: Final = 3
RECOVERY_TONES: Final = {
    RecoveryState.IDLE: Tone.NEUTRAL,
    RecoveryState.RUNNING: Tone.INFO,
    RecoveryState.COOLING_DOWN: Tone.WARNING,
    RecoveryState.EXHAUSTED: Tone.CRITICAL,
}
_TONE_ORDER: Final = (Tone.CRITICAL, Tone.WARNING, Tone.UNKNOWN, Tone.OK, Tone.NEUTRAL)


class Board(Protocol):
    """What the page needs of the check board."""

    def report(self) -> CheckReport:
        """All services now."""


class Checker(Protocol):
    """What the page needs of the check runner."""

    async def check_service(self, service_id: str) -> CheckResult:
        """Check one now."""


class Heart(Protocol):
    """The heartbeat for those who come through the window."""

    def status(self) -> HeartbeatStatus:
        """How it stands."""

    async def start(self) -> None:
        """Check from now on."""

    async def stop(self) -> None:
        """Check nothing from now on."""


class Recoveries(Protocol):
    """What the list needs of the recoverer."""

    def status(self) -> Mapping[str, ServiceRecovery]:
        """Where the repairs of every service stand."""


class Hours(Protocol):
    """What the list needs of the history."""

    async def hours(self, service: str) -> Uptime:
        """The last 24 hours."""


@dataclass(frozen=True)
class ServiceRow:
    """One service as the page lists it.

    Attributes:
        hours: share of each of the last 24 hours, None where nothing was measured.
        is_configured: whether a form describes it; else it comes with the console.
    """

    id: str
    name: str
    kind: str
    tone: Tone
    status: str
    reason: str
    critical: str
    last_check_at: datetime | None
    response: str
    failures: str
    hours: tuple[float | None, ...]
    uptime: str
    repair_tone: Tone | None
    repair: str
    is_configured: bool


@dataclass(frozen=True)
class HeartbeatLine:
    """The heartbeat as the page shows it."""

    tone: Tone
    text: str
    is_running: bool
    may_change: bool


class ServicesViewModel(QObject):
    """The list of services.

    Signals:
        changed: `rows`, `heartbeat` or `overall` differ.
    """

    changed = Signal()

    def __init__(
        self,
        backstage: Backstage,
        *,
        board: Board,
        checker: Checker,
        heart: Heart,
        recoveries: Recoveries,
        hours: Hours,
        editing: ConfigEditing,
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._board = board
        self._checker = checker
        self._heart = heart
        self._recoveries = recoveries
        self._history = hours
        self.editing = editing
        self._uptimes: Mapping[str, Uptime] = {}
        self.rows: tuple[ServiceRow, ...] = ()
        self.heartbeat = self._read_heartbeat()
        self.overall = self.summary()
        commands = backstage.commands
        self.check = commands.command(self, "check_service", self._check)
        self.start_heartbeat = commands.command(self, "start_heartbeat", heart.start)
        self.stop_heartbeat = commands.command(self, "stop_heartbeat", heart.stop)
        self._uptime_reader = commands.reader(self, "uptimes", self._read_uptimes)
        self._uptime_reader.succeeded.connect(self._take_uptimes)
        for command in (self.check, self.start_heartbeat, self.stop_heartbeat):
            command.running_changed.connect(self.refresh)
        bridge = backstage.bridge
        bridge.inbox(self, CheckRecorded, RecoveryStarted, RecoveryFinished).arrived.connect(
            self._refresh_if_seen
        )
        editing.changes(bridge, self, SERVICE, SETTINGS).arrived.connect(self._refresh_if_seen)
        self._words.changed.connect(self.refresh)
        editing.offer(SERVICE, self.choices)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.refresh)
        self._uptime_timer = QTimer(self)
        self._uptime_timer.setInterval(UPTIME_EVERY_MS)
        self._uptime_timer.timeout.connect(self._uptime_reader.refresh)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the page is seen."""
        for timer in (self._timer, self._uptime_timer):
            if is_active:
                timer.start()
            else:
                timer.stop()
        if is_active:
            self.refresh()
            self._uptime_reader.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        read = self._read(), self._read_heartbeat(), self.summary()
        if read != (self.rows, self.heartbeat, self.overall):
            self.rows, self.heartbeat, self.overall = read
            self.changed.emit()

    def headline(self) -> tuple[Tone, str, str]:
        """How all services stand together, in a few words and in one line; for other pages."""
        tone, line = self.summary()
        report, words = self._board.report(), self._words
        count = sum(health.status.is_trouble for health in report.services.values())
        status = words(f"check_status.{report.status}")
        key = "services.headline_trouble" if count else "services.headline"
        return tone, words(key, status=status, count=count), line

    def summary(self) -> tuple[Tone, str]:
        """How all services stand together, in one line."""
        report, words = self._board.report(), self._words
        trouble = [health for health in report.services.values() if health.status.is_trouble]
        shown = words("services.separator").join(
            service_name(words, health.id, health.description) for health in trouble[:_NAMED]
        )
        key = "services.overall_trouble" if trouble else "services.overall"
        status = words(f"check_status.{report.status}")
        return STATUS_TONES[report.status], words(
            key, status=status, count=len(trouble), total=len(report.services), shown=shown
        )

    def choices(self) -> list[tuple[str, str]]:
        """Services that another one may depend on."""
        return [
            (health.id, f"{service_name(self._words, health.id, health.description)}  ({health.id})")
            for health in self._board.report().services.values()
        ]

    def _refresh_if_seen(self, _: object) -> None:
        if self._timer.isActive():
            self.refresh()

    async def _check(self, service_id: str) -> None:
        await self._checker.check_service(service_id)

    async def _read_uptimes(self) -> Mapping[str, Uptime]:
        return {
            service_id: await self._history.hours(service_id) for service_id in self._board.report().services
        }

    def _take_uptimes(self, uptimes: Mapping[str, Uptime]) -> None:
        self._uptimes = uptimes
        self.refresh()

    def _read(self) -> tuple[ServiceRow, ...]:
        report, repairs = self._board.report(), self._recoveries.status()
        configured: Mapping[str, ServiceConfig] = self.editing.snapshot.candidate.objects(SERVICE)
        rows = [
            self._row(health, repairs.get(health.id), is_configured=health.id in configured)
            for health in report.services.values()
        ]
        rows += [self._absent(config) for config in configured.values() if config.name not in report.services]
        # The worst first: what needs a person must not stand below the edge.
        return tuple(sorted(rows, key=lambda row: (_TONE_ORDER.index(row.tone), not row.critical, row.name)))

    def _row(
        self, health: ServiceHealth, recovery: ServiceRecovery | None, *, is_configured: bool
    ) -> ServiceRow:
        words = self._words
        uptime = self._uptimes.get(health.id)
        repair_tone, repair = self._repair(recovery)
        response = health.response_time_ms
        return ServiceRow(
            id=health.id,
            name=service_name(words, health.id, health.description),
            kind=kind_word(words, health.kind),
            tone=STATUS_TONES[health.status],
            status=words(f"check_status.{health.status}"),
            reason=words.reason("check", health.reason_code, health.params),
            critical=words("services.critical") if health.critical else "",
            last_check_at=health.last_check_at,
            response=words.number(response, digits=0 if response is None or response >= 10 else 1)
            + (f" {words('unit.millisecond')}" if response is not None else ""),
            failures=words.number(health.consecutive_failures)
            if health.last_check_at
            else words.number(None),
            hours=tuple(bar.percent for bar in uptime.bars) if uptime is not None else (),
            uptime=percent_text(words, uptime),
            repair_tone=repair_tone,
            repair=repair,
            is_configured=is_configured,
        )

    def _absent(self, config: ServiceConfig) -> ServiceRow:
        """A service that is switched off, or was stored a moment ago."""
        words = self._words
        return ServiceRow(
            id=config.name,
            name=service_name(words, config.name, config.description),
            kind=kind_word(words, config.check.type),
            tone=Tone.NEUTRAL,
            status=words("services.disabled"),
            reason=words("services.disabled_text"),
            critical=words("services.critical") if config.critical else "",
            last_check_at=None,
            response=words.number(None),
            failures=words.number(None),
            hours=(),
            uptime=percent_text(words, None),
            repair_tone=None,
            repair="",
            is_configured=True,
        )

    def _repair(self, recovery: ServiceRecovery | None) -> tuple[Tone | None, str]:
        if recovery is None or not recovery.has_repairs:
            return None, ""
        return RECOVERY_TONES[recovery.state], begun(self._words(f"recovery_state.{recovery.state}"))

    def _read_heartbeat(self) -> HeartbeatLine:
        words, status = self._words, self._heart.status()
        if not status.settings.enabled:
            return HeartbeatLine(Tone.NEUTRAL, words("services.heartbeat_disabled"), False, False)
        if not status.is_running:
            return HeartbeatLine(Tone.WARNING, words("services.heartbeat_stopped"), False, True)
        every = words.catalogue.duration(status.settings.check_interval)
        key = "services.heartbeat_grace" if status.is_grace else "services.heartbeat_running"
        return HeartbeatLine(Tone.OK, words(key, every=every), True, True)


def percent_text(words: Words, uptime: Uptime | None) -> str:
    """How much of the time a service was well, or that nobody looked."""
    if uptime is None or uptime.percent is None:
        return words("services.not_measured")
    return words.catalogue.percent(uptime.percent / 100, digits=2)
