"""View-model of the window's frame: the status line.

Owns what the operator sees on every page; reads the monitor once a second. Called by the main window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from wxauto_mgt.core.monitoring.facts import ServiceState
from wxauto_mgt.core.monitoring.health_score import HealthScore, OverallStatus
from wxauto_mgt.core.monitoring.model import ClientReport, ServiceStatus
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import Words

TICK_MS = 1000

SCORE_TONES = {
    OverallStatus.HEALTHY: Tone.OK,
    OverallStatus.WARNING: Tone.WARNING,
    OverallStatus.CRITICAL: Tone.CRITICAL,
    OverallStatus.UNKNOWN: Tone.UNKNOWN,
}


class Health(Protocol):
    """What the frame needs of the monitor."""

    @property
    def health(self) -> HealthScore | None:
        """The score as evaluated last."""

    def service_status(self) -> ServiceStatus:
        """The service now."""

    def clients(self) -> tuple[ClientReport, ...]:
        """All enabled instances."""


@dataclass(frozen=True)
class ShellStatus:
    """What the status line says."""

    service_tone: Tone
    service_text: str
    score_tone: Tone
    score_text: str
    extra_text: str
    probe_text: str


class ShellViewModel(QObject):
    """The frame of the window.

    Signals:
        changed: the status line says something else.
    """

    changed = Signal()

    def __init__(self, backstage: Backstage, *, health: Health, is_demo: bool) -> None:
        super().__init__()
        self._words = backstage.words
        self._health = health
        self._is_demo = is_demo
        self.status = self._read()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self._words.changed.connect(self.refresh)

    def rest(self) -> None:
        """Read no more; the window is about to go."""
        self._timer.stop()

    def refresh(self) -> None:
        """Read again; announces only a difference."""
        status = self._read()
        if status != self.status:
            self.status = status
            self.changed.emit()

    def _read(self) -> ShellStatus:
        words = self._words
        service = self._health.service_status()
        tone, text = service_words(words, service.state)
        health = self._health.health
        status = health.status if health is not None else OverallStatus.UNKNOWN
        score = health.score if health is not None else None
        checked = [c.status.last_check_at for c in self._health.clients() if c.status.last_check_at]
        return ShellStatus(
            service_tone=tone,
            service_text=text,
            score_tone=SCORE_TONES[status],
            score_text=words("shell.score", score=score_figure(words, score), word=words(f"health.{status}")),
            extra_text=words("shell.demo") if self._is_demo else "",
            probe_text=words("shell.last_probe", time=words.time(max(checked)))
            if checked
            else words("shell.no_probe"),
        )


def service_words(words: Words, state: ServiceState) -> tuple[Tone, str]:
    """The listening service's state as tone and word."""
    if state.blocked_by is not None:
        return Tone.CRITICAL, words("service.blocked")
    if state.is_paused:
        return Tone.WARNING, words("service.paused")
    if state.is_running:
        return Tone.OK, words("service.running")
    return Tone.CRITICAL, words("service.stopped")


def score_figure(words: Words, score: float | None) -> str:
    """The score as a figure; a dash where it was not measured."""
    return words.number(score, digits=1)
