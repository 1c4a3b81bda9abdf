"""What the services page shows of one service: why it is as it is, its uptime, its newest checks, its calls.

Owns words and the moment of reading. Called by the status and the checks panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.monitoring.checks.contract import CheckRecorded, Outcome, ServiceHealth
from wxauto_mgt.core.monitoring.services.figures import ServiceFigures
from wxauto_mgt.core.monitoring.services.uptime import Uptime, UptimeBar
from wxauto_mgt.errors import Fact
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.services.view_model import Board, percent_text
from wxauto_mgt.ui.pages.services.wording import (
    OUTCOME_TONES,
    STATUS_TONES,
    fact_lines,
    facts_text,
    kind_word,
    service_name,
)
from wxauto_mgt.ui.theme.tokens import Tone

CHECKS_SHOWN: Final = 100
SPANS: Final = {"24h": 0, "7d": 7, "30d": 30, "90d": 90}


class CheckEntry(Protocol):
    """One check of the history."""

    @property
    def at(self) -> datetime: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def reason_code(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Fact]: ...
    @property
    def response_time_ms(self) -> float | None: ...


class History(Protocol):
    """What the page needs of the history of services."""

    async def checks(self, service: str, limit: int) -> Sequence[CheckEntry]:
        """Newest first."""

    async def hours(self, service: str) -> Uptime:
        """The last 24 hours."""

    async def days(self, service: str, count: int) -> Uptime:
        """The last days."""


class Outcomes(Protocol):
    """What the page needs of the outcomes of services."""

    def figures(self, service: str) -> ServiceFigures:
        """Requests and their outcomes."""


@dataclass(frozen=True)
class CheckRow:
    """One check."""

    at: datetime
    tone: Tone
    outcome: str
    reason: str
    response: str


@dataclass(frozen=True)
class ServiceView:
    """What is known of a service now."""

    id: str
    name: str
    tone: Tone
    status: str
    reason: str
    about: str
    evidence: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class UptimeView:
    """Uptime over a span: share, tip and time of each stretch."""

    bars: tuple[tuple[float | None, str], ...]
    summary: str
    since: str
    until: str


class ServiceDetailViewModel(QObject):
    """One service.

    Signals:
        changed: `shown` differs.
        uptime_read: `uptime` was read anew.
        checks_read: `checks` were read anew.
    """

    changed = Signal()
    uptime_read = Signal()
    checks_read = Signal()

    def __init__(self, backstage: Backstage, *, board: Board, history: History, outcomes: Outcomes) -> None:
        super().__init__()
        self._words = backstage.words
        self._board = board
        self._history = history
        self._outcomes = outcomes
        self._is_seen = False
        self.selected = ""
        self.span = next(iter(SPANS))
        self.shown: ServiceView | None = None
        self.uptime: UptimeView | None = None
        self.checks: tuple[CheckRow, ...] = ()
        commands = backstage.commands
        self.reader = commands.reader(self, "service_history", self._read_history)
        self.reader.succeeded.connect(self._take_history)
        backstage.bridge.inbox(self, CheckRecorded).arrived.connect(self._take_events)
        self._words.changed.connect(self.refresh)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the page is seen."""
        self._is_seen = is_active
        if is_active:
            self.refresh()

    def select(self, service_id: str) -> None:
        """Look at another service, or at none."""
        if service_id != self.selected:
            self.selected = service_id
            self.uptime, self.checks = None, ()
            self.uptime_read.emit()
            self.checks_read.emit()
            self.refresh()

    def set_span(self, span: str) -> None:
        """Show uptime over another span."""
        self.span = span
        self.reader.refresh()

    def refresh(self) -> None:
        """Read again what is at hand, and the history soon."""
        shown = self._read()
        if shown != self.shown:
            self.shown = shown
            self.changed.emit()
        if self._is_seen and self.selected:
            self.reader.refresh()

    def _take_events(self, events: list[CheckRecorded]) -> None:
        if self._is_seen and any(event.health.id == self.selected for event in events):
            self.refresh()

    def _read(self) -> ServiceView | None:
        health = self._board.report().services.get(self.selected)
        if health is None:
            return None
        words = self._words
        return ServiceView(
            id=health.id,
            name=service_name(words, health.id, health.description),
            tone=STATUS_TONES[health.status],
            status=words(f"check_status.{health.status}"),
            reason=words.reason("check", health.reason_code, health.params),
            about=self._about(health),
            evidence=fact_lines(words, health.evidence),
            figures=self._figures(self._outcomes.figures(health.id)),
        )

    def _about(self, health: ServiceHealth) -> str:
        words = self._words
        parts = [kind_word(words, health.kind), health.id]
        if health.critical:
            parts.append(words("services.is_critical"))
        if health.parents:
            names = words("services.separator").join(service_name(words, one) for one in health.parents)
            parts.append(words("services.depends_on", names=names))
        return "  ·  ".join(parts)

    def _figures(self, figures: ServiceFigures) -> tuple[tuple[str, str], ...]:
        words = self._words
        if not figures.total_requests:
            return ()
        rate, mean_s = figures.success_rate, figures.avg_response_time_s
        found = [
            ("requests", words.number(figures.total_requests)),
            (
                "success_rate",
                words.number(None) if rate is None else words.catalogue.percent(rate / 100, digits=1),
            ),
            (
                "mean",
                words.number(None)
                if mean_s is None
                else f"{words.number(mean_s, digits=2)} {words('unit.seconds')}",
            ),
            ("last_success", words.moment(figures.last_success_at)),
            ("last_failure", words.moment(figures.last_failure_at)),
        ]
        if figures.error_types:
            found.append(("error_types", facts_text(words, figures.error_types)))
        return tuple((words(f"services.figure_{name}"), text) for name, text in found)

    async def _read_history(self) -> tuple[str, str, Uptime, Sequence[CheckEntry]]:
        service, span = self.selected, self.span
        days = SPANS[span]
        uptime = await (self._history.days(service, days) if days else self._history.hours(service))
        return service, span, uptime, await self._history.checks(service, CHECKS_SHOWN)

    def _take_history(self, read: tuple[str, str, Uptime, Sequence[CheckEntry]]) -> None:
        service, span, uptime, checks = read
        if (service, span) != (self.selected, self.span):
            return
        self.uptime = self._uptime(uptime)
        self.uptime_read.emit()
        rows = tuple(self._check(entry) for entry in checks)
        if rows != self.checks:
            self.checks = rows
            self.checks_read.emit()

    def _uptime(self, uptime: Uptime) -> UptimeView:
        words = self._words
        first, last = uptime.bars[0], uptime.bars[-1]
        summary = words(f"services.uptime_{self.span}", percent=percent_text(words, uptime))
        return UptimeView(
            bars=tuple((bar.percent, self._tip(bar)) for bar in uptime.bars),
            summary=summary,
            since=self._start_of(first),
            until=self._start_of(last),
        )

    def _tip(self, bar: UptimeBar) -> str:
        words = self._words
        start = self._start_of(bar)
        if bar.percent is None:
            return words("services.bar_nothing", start=start)
        share = words.catalogue.percent(bar.percent / 100, digits=2)
        return words(
            "services.bar", start=start, share=share, failed=bar.measured - bar.well, measured=bar.measured
        )

    def _start_of(self, bar: UptimeBar) -> str:
        if SPANS[self.span]:
            return self._words.catalogue.date(bar.start)
        return self._words.time(bar.start)[:5]

    def _check(self, entry: CheckEntry) -> CheckRow:
        words = self._words
        response = entry.response_time_ms
        unit = f" {words('unit.millisecond')}" if response is not None else ""
        return CheckRow(
            at=entry.at,
            tone=OUTCOME_TONES[entry.outcome],
            outcome=words(f"services.outcome_{entry.outcome}"),
            reason=words.reason("check", entry.reason_code, entry.params),
            response=words.number(response, digits=1) + unit,
        )
