"""What the overview shows: the score with its reasons, figures, plots, recent errors; and the controls.

Owns the words and the moment of reading; computes nothing of health itself. Called by the overview page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.listening.model import ListenerStatus
from wxauto_mgt.core.messages.history.figures import OpenDecisions
from wxauto_mgt.core.metrics.model import Series
from wxauto_mgt.core.monitoring.error_episodes import ErrorEpisode
from wxauto_mgt.core.monitoring.health_score import Deduction, HealthScore, OverallStatus
from wxauto_mgt.core.monitoring.model import ClientReport, HealthScoreChanged, ServiceStatus, Statistics
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.shell import SCORE_TONES, score_figure, service_words
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import NOT_MEASURED

ERRORS_SHOWN = 50
PLOT_SPAN = timedelta(minutes=30)
LEAST_PLOT_SPAN = timedelta(minutes=5)
# Sampled from the first moment on: its oldest point tells since when there is anything to draw.
PLOT_CLOCK = "app_memory_usage"
# A longer pause between samples is drawn as a hole.
HOLE_S = 35.0


class Monitor(Protocol):
    """What the overview needs of the monitor."""

    @property
    def health(self) -> HealthScore | None:
        """The score as evaluated last."""

    def service_status(self) -> ServiceStatus:
        """The service now."""

    def clients(self) -> tuple[ClientReport, ...]:
        """All enabled instances."""

    def listeners(self) -> tuple[ListenerStatus, ...]:
        """All listeners."""

    def recent_errors(self, limit: int) -> tuple[ErrorEpisode, ...]:
        """Newest first."""

    async def statistics(self) -> Statistics:
        """What was done."""


class Metrics(Protocol):
    """What the overview needs of the sampler."""

    def series(self, name: str, since: datetime) -> Series:
        """The points since an instant."""


@dataclass(frozen=True)
class Controls:
    """What the big buttons do; each returns once it is proved."""

    pause: Callable[[], Awaitable[object]]
    resume: Callable[[], Awaitable[object]]
    start: Callable[[], Awaitable[object]]
    restart: Callable[[], Awaitable[object]]
    reload: Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class DeductionLine:
    """One reason why the score is not 100, as a sentence."""

    tone: Tone
    points: str
    sentence: str
    evidence: str


@dataclass(frozen=True)
class OverviewState:
    """Everything on the page that is text."""

    is_empty: bool
    score: float | None
    figure: str
    word: str
    tone: Tone
    headline: str
    deductions: tuple[DeductionLine, ...]
    stats: tuple[tuple[str, str, str, Tone | None], ...]
    alerts: tuple[Tone, str]
    services: tuple[Tone, str, str]
    decisions: str
    decisions_view: str
    service_word: str
    is_running: bool
    is_paused: bool


STAT_NAMES = ("connected", "active", "received", "replied", "unsure", "errors", "calls", "uptime")


class OverviewViewModel(SeenViewModel):
    """The overview.

    Args:
        alerts: what is wrong now in one line with its tone; nothing when nothing is.
        services: how all services stand together: tone, a few words, one line.
        decisions: what waits for a person.

    Signals:
        changed: `state` differs.
        ticked: errors and plots may have new points.
    """

    changed = Signal()
    ticked = Signal()

    def __init__(
        self,
        backstage: Backstage,
        *,
        clock: Clock,
        monitor: Monitor,
        metrics: Metrics,
        controls: Controls,
        editing: ConfigEditing,
        alerts: Callable[[], tuple[Tone, str]],
        services: Callable[[], tuple[Tone, str, str]],
        decisions: Callable[[], Awaitable[OpenDecisions]],
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._clock = clock
        self._monitor = monitor
        self._metrics = metrics
        self._editing = editing
        self._alerts = alerts
        self._services = services
        self._decisions = decisions
        self._statistics: Statistics | None = None
        self._open: OpenDecisions | None = None
        commands = backstage.commands
        self.pause = commands.command(self, "pause", controls.pause)
        self.resume = commands.command(self, "resume", controls.resume)
        self.start_service = commands.command(self, "start", controls.start)
        self.restart = commands.command(self, "restart", controls.restart)
        self.reload = commands.command(self, "reload", controls.reload)
        self._reader = commands.reader(self, "statistics", self._read_counted)
        self._reader.succeeded.connect(self._take_counted)
        self.state = self._read()
        backstage.bridge.inbox(self, HealthScoreChanged).arrived.connect(self.refresh)
        editing.changes(backstage.bridge, self, "instance").arrived.connect(self.refresh)
        for command in (self.pause, self.resume, self.start_service, self.restart, self.reload):
            command.succeeded.connect(self.refresh)

    def look(self) -> None:
        """Read again."""
        self._tick()

    def refresh(self, _: object = None) -> None:
        """Read again what is at hand; announces only a difference."""
        state = self._read()
        if state != self.state:
            self.state = state
            self.changed.emit()

    def errors(self) -> tuple[ErrorEpisode, ...]:
        """The newest errors."""
        return self._monitor.recent_errors(ERRORS_SHOWN)

    def plot_range(self) -> tuple[float, float]:
        """The span of the plots in seconds since the epoch; shorter while there is little to show."""
        until = self._clock.now()
        first = self._metrics.series(PLOT_CLOCK, until - PLOT_SPAN).at_s[:1]
        latest_start = (until - LEAST_PLOT_SPAN).timestamp()
        return min((*first, latest_start)), until.timestamp()

    def newest_sample_s(self) -> float:
        """When the newest sample was taken, in seconds since the epoch; 0 before the first."""
        series = self._metrics.series(PLOT_CLOCK, self._clock.now() - PLOT_SPAN)
        return series.at_s[-1] if series.at_s else 0.0

    def points(self, name: str) -> list[tuple[float, float | None]]:
        """A metric's points, with a hole wherever nothing was measured."""
        series = self._metrics.series(name, self._clock.now() - PLOT_SPAN)
        return with_holes(series)

    def _tick(self) -> None:
        self._reader.refresh()
        self.refresh()
        self.ticked.emit()

    async def _read_counted(self) -> tuple[Statistics, OpenDecisions]:
        return await self._monitor.statistics(), await self._decisions()

    def _take_counted(self, counted: tuple[Statistics, OpenDecisions]) -> None:
        self._statistics, self._open = counted
        self.refresh()

    def _read(self) -> OverviewState:
        words = self._words
        health = self._monitor.health
        status = health.status if health is not None else OverallStatus.UNKNOWN
        score = health.score if health is not None else None
        service = self._monitor.service_status()
        lines = self._lines(health)
        return OverviewState(
            is_empty=not self._editing.snapshot.candidate.objects("instance"),
            score=score,
            figure=score_figure(words, score),
            word=words(f"health.{status}"),
            tone=SCORE_TONES[status],
            headline=words(f"overview.headline_{status}"),
            deductions=lines,
            stats=self._stats(service),
            alerts=self._alerts(),
            services=self._services(),
            decisions=self._decisions_line(),
            decisions_view="dead" if self._open is not None and self._open.dead else "held",
            service_word=service_words(words, service.state)[1],
            is_running=service.state.is_running,
            is_paused=service.state.is_paused,
        )

    def _decisions_line(self) -> str:
        found, words = self._open, self._words
        if found is None or not (found.dead or found.held):
            return ""
        parts = [
            words(f"overview.decisions_{name}", count=words.number(count))
            for name, count in (("dead", found.dead), ("held", found.held))
            if count
        ]
        return words("overview.decisions", parts=words("alert_page.separator").join(parts))

    def _lines(self, health: HealthScore | None) -> tuple[DeductionLine, ...]:
        if health is None:
            return ()
        if not any(deduction.points > 0 for deduction in health.deductions) and health.score is not None:
            fine = DeductionLine(Tone.OK, "", self._words("overview.no_deductions"), "")
            return (fine, *(self._line(deduction) for deduction in health.deductions))
        return tuple(self._line(deduction) for deduction in health.deductions)

    def _line(self, deduction: Deduction) -> DeductionLine:
        words = self._words
        if deduction.points <= 0:
            tone, points = Tone.NEUTRAL, ""
        else:
            tone = Tone.CRITICAL if deduction.points >= 20 else Tone.WARNING
            points = "−" + words.number(deduction.points, digits=1)
        sentence = words(deduction.reason_code, **deduction.params)
        return DeductionLine(tone, points, sentence, ", ".join(deduction.evidence))

    def _stats(self, service: ServiceStatus) -> tuple[tuple[str, str, str, Tone | None], ...]:
        words = self._words
        clients, listeners = self._monitor.clients(), self._monitor.listeners()
        connected = sum(client.status.connected is True for client in clients)
        active = sum(listener.active for listener in listeners)
        uptime = words.catalogue.duration(service.uptime_s) if service.uptime_s > 0 else NOT_MEASURED
        return (
            ("connected", f"{connected} / {len(clients)}", "", _lack(connected, len(clients), Tone.CRITICAL)),
            ("active", f"{active} / {len(listeners)}", "", _lack(active, len(listeners), Tone.WARNING)),
            *self._delivery_stats(),
            ("errors", words.number(service.error_count), "", Tone.WARNING if service.error_count else None),
            *self._call_stats(),
            ("uptime", uptime, "", None),
        )

    def _delivery_stats(self) -> tuple[tuple[str, str, str, Tone | None], ...]:
        words, statistics = self._words, self._statistics
        if statistics is None:
            return tuple((name, NOT_MEASURED, "", None) for name in ("received", "replied", "unsure"))
        counted = statistics.delivery
        unsure = counted.unknown + counted.failed + counted.dead
        note = words("overview.note_matched", count=words.number(counted.matched))
        confirmed = words("overview.note_confirmed", count=words.number(counted.confirmed))
        return (
            ("received", words.number(statistics.messages_processed), note, None),
            ("replied", words.number(counted.replied), confirmed, None),
            ("unsure", words.number(unsure), "", Tone.WARNING if unsure else None),
        )

    def _call_stats(self) -> tuple[tuple[str, str, str, Tone | None], ...]:
        words, statistics = self._words, self._statistics
        if statistics is None:
            return (("calls", NOT_MEASURED, "", None),)
        ratio = words.catalogue.percent(statistics.error_ratio, digits=1)
        return (
            ("calls", words.number(statistics.api_calls), words("overview.note_rate", ratio=ratio), None),
        )


def with_holes(series: Series) -> list[tuple[float, float | None]]:
    """Points with None wherever two of them stand too far apart to be joined."""
    points: list[tuple[float, float | None]] = []
    for at_s, value in zip(series.at_s, series.values, strict=True):
        if points and at_s - points[-1][0] > HOLE_S:
            points.append((points[-1][0] + 1, None))
        points.append((at_s, value))
    return points


def _lack(have: int, total: int, tone: Tone) -> Tone | None:
    return tone if have < total else None
