"""What keeps notices back: silences that people made, and the maintenance windows of the settings.

Owns words and order; keeping back is the engine's. Called by the silences panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from PySide6.QtCore import Signal

from wxauto_mgt.core.alerting.model import Labels
from wxauto_mgt.core.alerting.section import ALERT_RULE
from wxauto_mgt.core.alerting.settings import ALERTS, AlertsSettings
from wxauto_mgt.core.alerting.silences import EVERY_RULE, MaintenanceWindow, Silence
from wxauto_mgt.core.config.form_hints import Widget
from wxauto_mgt.core.config.model import JSON, SETTINGS
from wxauto_mgt.core.metrics.model import label_set
from wxauto_mgt.errors import ConfigError, Problem
from wxauto_mgt.runtime.clock import Clock
from wxauto_mgt.ui.bridge.seen import SeenViewModel
from wxauto_mgt.ui.config_editing import WHO, ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.forms.schema import FieldSpec
from wxauto_mgt.ui.pages.told import who_word
from wxauto_mgt.ui.theme.tokens import Tone

_HOUR_S: Final = 3600.0
FIELDS: Final = (
    FieldSpec("rule", Widget.REFERENCE, label="silences.rule", refers_to=ALERT_RULE, has_any=True),
    FieldSpec("labels", Widget.PAIRS, label="silences.labels", help="silences.labels_help"),
    FieldSpec(
        "hours", Widget.NUMBER, label="silences.hours", unit="monitoring.unit.hours", minimum=0.1, maximum=720
    ),
    FieldSpec("note", Widget.TEXT, label="silences.note"),
)
NEW_SILENCE: Final[dict[str, JSON]] = {"rule": EVERY_RULE, "labels": {}, "hours": 2, "note": ""}


class Silencing(Protocol):
    """What the panel needs of the engine."""

    def silences(self) -> tuple[Silence, ...]:
        """The silences that have not ended."""

    async def silence(self, *, rule: str, labels: Labels, duration_s: float, who: str, note: str) -> Silence:
        """Keep notices back from now on."""

    async def end_silence(self, silence_id: int) -> None:
        """End a silence now."""


@dataclass(frozen=True)
class SilenceRow:
    """One thing that keeps notices back, or will.

    Attributes:
        silence_id: None for a maintenance window, which only the settings end.
    """

    key: str
    tone: Tone
    state: str
    kind: str
    rule: str
    labels: str
    when: str
    who: str
    silence_id: int | None


class SilencesViewModel(SeenViewModel):
    """Silences and maintenance windows.

    Signals:
        changed: `rows` differ.
    """

    changed = Signal()

    def __init__(
        self, backstage: Backstage, *, alerts: Silencing, editing: ConfigEditing, clock: Clock
    ) -> None:
        super().__init__()
        self._words = backstage.words
        self._alerts = alerts
        self._clock = clock
        self.editing = editing
        self.rows: tuple[SilenceRow, ...] = ()
        self.end = backstage.commands.command(self, "end_silence", alerts.end_silence)
        self.end.succeeded.connect(self.refresh)
        editing.changes(backstage.bridge, self, SETTINGS, ALERT_RULE).arrived.connect(self.refresh)
        self._words.changed.connect(self.refresh)

    def look(self) -> None:
        """Read again."""
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        rows = self._read()
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    async def add(self, document: dict[str, JSON]) -> None:
        """Keep notices back as the form says.

        Raises:
            ConfigError: for how long is not said.
        """
        labels, hours = document.get("labels"), document.get("hours")
        if not isinstance(hours, int | float) or hours <= 0:
            raise ConfigError([Problem("", "hours", "missing")])
        pairs = labels if isinstance(labels, dict) else {}
        await self._alerts.silence(
            rule=str(document.get("rule") or EVERY_RULE),
            labels=label_set({name: str(value) for name, value in pairs.items()}),
            duration_s=hours * _HOUR_S,
            who=WHO,
            note=str(document.get("note") or "").strip(),
        )
        self.refresh()

    def _read(self) -> tuple[SilenceRow, ...]:
        names = dict(self.editing.choices(ALERT_RULE))
        settings: AlertsSettings = self.editing.snapshot.settings(ALERTS)
        return (
            *(self._silence(one, names) for one in self._alerts.silences()),
            *(self._window(one, names) for one in settings.maintenance),
        )

    def _silence(self, silence: Silence, names: dict[str, str]) -> SilenceRow:
        words = self._words
        return SilenceRow(
            key=silence.key,
            tone=Tone.WARNING,
            state=words("silences.in_force"),
            kind=words("silences.kind_silence"),
            rule=self._rule(silence.rule, names),
            labels=", ".join(f"{name}={value}" for name, value in silence.labels),
            when=words("silences.until", time=words.moment(silence.ends_at)),
            who=" · ".join(part for part in (who_word(words, silence.who), silence.note) if part),
            silence_id=silence.id,
        )

    def _window(self, window: MaintenanceWindow, names: dict[str, str]) -> SilenceRow:
        words = self._words
        is_open = window.is_active(self._clock.now())
        days = words("silences.separator").join(words(f"alerts.day.{day}") for day in window.days)
        return SilenceRow(
            key=window.key,
            tone=Tone.WARNING if is_open else Tone.NEUTRAL,
            state=words("silences.in_force" if is_open else "silences.waiting"),
            kind=words("silences.kind_maintenance"),
            rule=self._rule(window.rule, names),
            labels=", ".join(f"{name}={value}" for name, value in sorted(window.labels.items())),
            when=words(
                "silences.window",
                days=days or words("silences.every_day"),
                start=window.start,
                lasts=words.catalogue.duration(window.duration_s),
                zone=window.zone,
            ),
            who=window.name,
            silence_id=None,
        )

    def _rule(self, rule: str, names: dict[str, str]) -> str:
        return self._words("form.every_alert_rule") if rule == EVERY_RULE else names.get(rule, rule)
