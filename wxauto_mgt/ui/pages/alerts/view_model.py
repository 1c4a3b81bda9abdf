"""What the alerts page shows: what is wrong now, what was, and who takes care of it.

Owns words and order; evaluation and delivery are the core's. Called by the alerts page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from wxauto_mgt.core.alerting.model import Alert, AlertRule, AlertState, Labels, Level
from wxauto_mgt.core.alerting.notices import labels_text, params_of
from wxauto_mgt.core.alerting.silences import Silence
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.errors import ConfigError, Problem
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.config_editing import WHO
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.told import told
from wxauto_mgt.ui.theme.tokens import Tone

TICK_MS = 1000
HISTORY_HOURS = 7 * 24.0
SUMMARISED = 3
SHOWN = 200
"""Of a storm, the worst are shown: nobody reads ten thousand rows, and the window must go on."""
LEVEL_TONES = {
    Level.INFO: Tone.INFO,
    Level.WARNING: Tone.WARNING,
    Level.ERROR: Tone.CRITICAL,
    Level.CRITICAL: Tone.CRITICAL,
}
_MUTED_BY_SILENCE = "silence"


class Alerts(Protocol):
    """What the page needs of the engine."""

    def rules(self) -> Mapping[str, AlertRule]:
        """The rules in force by id."""

    def active(self) -> tuple[Alert, ...]:
        """The alerts that are not resolved, the worst first."""

    async def history(self, hours: float) -> tuple[Alert, ...]:
        """Newest first."""

    async def acknowledge(self, alert: str, *, owner: str, note: str) -> Alert:
        """Somebody takes care of an alert."""

    def silences(self) -> tuple[Silence, ...]:
        """The silences that have not ended."""

    async def silence(self, *, rule: str, labels: Labels, duration_s: float, who: str, note: str) -> Silence:
        """Keep notices back from now on."""

    async def end_silence(self, silence_id: int) -> None:
        """End a silence now."""


@dataclass(frozen=True)
class AlertRow:
    """One alert as the page shows it.

    Attributes:
        care: who takes care of it, or why its notices wait; nothing when neither is so.
        silence_id: the silence that keeps its notices back.
    """

    alert: Alert
    tone: Tone
    level: str
    title: str
    message: str
    where: str
    value: str
    state_tone: Tone
    state: str
    care: str
    since: str
    silence_id: int | None

    @property
    def key(self) -> str:
        """What tells rows apart."""
        return self.alert.episode


class AlertsViewModel(QObject):
    """The alerts.

    Signals:
        changed: `active`, the worst of them, or `count`, of all of them, differs.
        history_read: `history` was read anew.
    """

    changed = Signal()
    history_read = Signal()

    def __init__(self, backstage: Backstage, *, alerts: Alerts, clock: Clock) -> None:
        super().__init__()
        self._words = backstage.words
        self._alerts = alerts
        self._clock = clock
        commands = backstage.commands
        self.silence = commands.command(self, "silence_alert", self._silence)
        self.end_silence = commands.command(self, "end_silence", self._end_silence)
        self._reader = commands.reader(self, "alert_history", self._read_history)
        self._reader.succeeded.connect(self._take_history)
        self.count = 0
        self.active: tuple[AlertRow, ...] = self._read()
        self.history: tuple[AlertRow, ...] = ()
        self._words.changed.connect(self.refresh)
        for command in (self.silence, self.end_silence):
            command.succeeded.connect(self.refresh)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.refresh)

    def set_active(self, *, is_active: bool) -> None:
        """Read while the page is seen."""
        if is_active:
            self.refresh()
            self._reader.refresh()
            self._timer.start()
        else:
            self._timer.stop()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        before = self.count
        rows = self._read()
        if rows == self.active and self.count == before:
            return
        if [row.key for row in rows] != [row.key for row in self.active]:
            self._reader.refresh()
        self.active = rows
        self.changed.emit()

    def summary(self) -> tuple[Tone, str]:
        """What is wrong now in one line, for other pages; nothing when nothing is."""
        alerts = self._alerts.active()
        if not alerts:
            return Tone.OK, ""
        words = self._words
        is_open = [alert for alert in alerts if alert.acknowledged is None]
        titles = dict.fromkeys(
            told(words, alert.title, params_of(alert)) for alert in (is_open or alerts)[:SHOWN]
        )
        shown = words("alert_page.separator").join(list(titles)[:SUMMARISED])
        return (LEVEL_TONES[is_open[0].level] if is_open else Tone.INFO), words(
            "alert_page.summary", count=len(alerts), shown=shown
        )

    def read_history(self) -> None:
        """Ask for the history; it arrives by `history_read`."""
        self._reader.refresh()

    async def acknowledge(self, alert_id: str, document: dict[str, JSON]) -> None:
        """Take care of an alert, as the form was filled in.

        Raises:
            ConfigError: nobody is named.
            PermanentError: the alert was resolved meanwhile.
        """
        owner = str(document.get("owner") or "").strip()
        if not owner:
            raise ConfigError([Problem("", "owner", "missing")])
        await self._alerts.acknowledge(alert_id, owner=owner, note=str(document.get("note") or "").strip())
        self.refresh()

    async def _silence(self, row: AlertRow, duration_s: float) -> None:
        alert = row.alert
        await self._alerts.silence(
            rule=alert.rule, labels=alert.labels, duration_s=duration_s, who=WHO, note=""
        )

    async def _end_silence(self, silence_id: int) -> None:
        await self._alerts.end_silence(silence_id)

    async def _read_history(self) -> tuple[Alert, ...]:
        return await self._alerts.history(HISTORY_HOURS)

    def _take_history(self, alerts: tuple[Alert, ...]) -> None:
        self.history = tuple(self._row(alert) for alert in alerts[:SHOWN])
        self.history_read.emit()

    def _read(self) -> tuple[AlertRow, ...]:
        alerts = self._alerts.active()
        self.count = len(alerts)
        return tuple(self._row(alert) for alert in alerts[:SHOWN])

    def _row(self, alert: Alert) -> AlertRow:
        words = self._words
        state_tone, state = self._state(alert)
        silence = self._silence_of(alert)
        return AlertRow(
            alert=alert,
            tone=LEVEL_TONES[alert.level],
            level=words(f"alerts.level.{alert.level}"),
            title=told(words, alert.title, params_of(alert)),
            message=told(words, alert.message, params_of(alert)),
            where=labels_text(alert),
            value=self._value(alert),
            state_tone=state_tone,
            state=state,
            care=self._care(alert, silence),
            since=self._since(alert),
            silence_id=silence.id if silence is not None else None,
        )

    def _value(self, alert: Alert) -> str:
        words = self._words
        value, threshold = words.number(alert.value, digits=2), words.number(alert.threshold, digits=2)
        return f"{value} / {threshold}"

    def _state(self, alert: Alert) -> tuple[Tone, str]:
        words = self._words
        if alert.resolved_at is not None:
            return Tone.NEUTRAL, words("alert_page.state_resolved")
        if alert.acknowledged is not None:
            return Tone.INFO, words("alert_page.state_acknowledged")
        if alert.is_flapping:
            return Tone.WARNING, words("alert_page.state_flapping")
        tone = Tone.WARNING if alert.state is AlertState.RECOVERING else LEVEL_TONES[alert.level]
        return tone, words(f"alert_page.state_{alert.state}")

    def _care(self, alert: Alert, silence: Silence | None) -> str:
        words = self._words
        parts = []
        if (taken := alert.acknowledged) is not None:
            parts.append(words("alert_page.taken_by", owner=taken.owner, time=words.moment(taken.at)))
            if taken.note:
                parts.append(taken.note)
        if alert.resolved_at is None and silence is not None:
            parts.append(words("alert_page.silent_until", time=words.moment(silence.ends_at)))
        elif alert.muted_by and not alert.muted_by.startswith(_MUTED_BY_SILENCE):
            kind, _, name = alert.muted_by.partition(":")
            parts.append(words(f"alert_page.muted_by_{kind}", name=name))
        return " · ".join(parts)

    def _silence_of(self, alert: Alert) -> Silence | None:
        now = self._clock.now()
        found = (
            s for s in self._alerts.silences() if s.is_active(now) and s.covers(alert.rule, alert.labels)
        )
        return next(found, None)

    def _since(self, alert: Alert) -> str:
        words = self._words
        end: datetime = alert.resolved_at or self._clock.now()
        lasted_s = max((end - alert.started_at).total_seconds(), 0.0)
        return words.catalogue.duration(lasted_s)
