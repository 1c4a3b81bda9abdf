"""The alert rules as the page shows them: those that every console has, and those of this one.

Owns words and what saving means for a rule that is there from the start. Called by the alerts page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from wxauto_mgt.core.alerting.model import AlertRule, Operator
from wxauto_mgt.core.alerting.section import ALERT_RULE, default_rules
from wxauto_mgt.core.config.model import JSON
from wxauto_mgt.ui.config_editing import ConfigEditing
from wxauto_mgt.ui.desk import Backstage
from wxauto_mgt.ui.pages.alerts.view_model import LEVEL_TONES
from wxauto_mgt.ui.theme.tokens import Tone
from wxauto_mgt.ui.words import Words


@dataclass(frozen=True)
class AlertRuleRow:
    """One rule.

    Attributes:
        is_stored: whether the configuration has it; else it is as it was delivered.
        is_default: whether it is there from the start, so that deleting it brings it back as it was.
    """

    id: str
    name: str
    condition: str
    held: str
    level_tone: Tone
    level: str
    origin: str
    tone: Tone
    state: str
    is_enabled: bool
    is_stored: bool
    is_default: bool


class AlertRulesViewModel(QObject):
    """The alert rules.

    Signals:
        changed: `rows` differ.
    """

    changed = Signal()

    def __init__(self, backstage: Backstage, *, editing: ConfigEditing) -> None:
        super().__init__()
        self._words = backstage.words
        self.editing = editing
        self.rows = self._read()
        self.switch = backstage.commands.command(self, "switch_alert_rule", self._switch)
        editing.changes(backstage.bridge, self, ALERT_RULE).arrived.connect(self.refresh)
        self._words.changed.connect(self.refresh)
        editing.offer(ALERT_RULE, self.choices)

    def choices(self) -> list[tuple[str, str]]:
        """The rules that a silence may name: those that every console has, and those of this one."""
        return [(row.id, row.name) for row in self._read()]

    def refresh(self, _: object = None) -> None:
        """Read again; announces only a difference."""
        rows = self._read()
        if rows != self.rows:
            self.rows = rows
            self.changed.emit()

    def new_document(self) -> dict[str, JSON]:
        """What the form for a new rule opens with."""
        return {"id": self.editing.free_id(ALERT_RULE, "alert"), "metric_name": "system_cpu_usage"}

    def delivered_document(self, rule_id: str) -> dict[str, JSON]:
        """A rule as it was delivered, for a form that makes it this console's own."""
        found = next(rule for rule in default_rules() if rule.id == rule_id)
        document: dict[str, JSON] = found.model_dump(mode="json")
        return document

    async def _switch(self, row: AlertRuleRow) -> None:
        if row.is_stored:
            document = dict((await self.editing.stored(ALERT_RULE, row.id)).document)
        else:
            document = self.delivered_document(row.id)
        await self.editing.save(ALERT_RULE, {**document, "enabled": not row.is_enabled})

    def _read(self) -> tuple[AlertRuleRow, ...]:
        stored: Mapping[str, AlertRule] = self.editing.snapshot.candidate.objects(ALERT_RULE)
        delivered = {rule.id: rule for rule in default_rules()}
        return tuple(
            self._row(rule, is_stored=rule_id in stored, is_default=rule_id in delivered)
            for rule_id, rule in {**delivered, **stored}.items()
        )

    def _row(self, rule: AlertRule, *, is_stored: bool, is_default: bool) -> AlertRuleRow:
        words = self._words
        origin = "own" if not is_default else "changed" if is_stored else "delivered"
        return AlertRuleRow(
            id=rule.id,
            name=rule.name or delivered_name(words, rule.id),
            condition=self._condition(rule),
            held=words.catalogue.duration(rule.for_s) if rule.for_s else words("alert_page.at_once"),
            level_tone=LEVEL_TONES[rule.level],
            level=words(f"alerts.level.{rule.level}"),
            origin=words(f"alert_page.origin_{origin}"),
            tone=Tone.OK if rule.enabled else Tone.NEUTRAL,
            state=words("alert_page.rule_on" if rule.enabled else "alert_page.rule_off"),
            is_enabled=rule.enabled,
            is_stored=is_stored,
            is_default=is_default,
        )

    def _condition(self, rule: AlertRule) -> str:
        words = self._words
        metric = self._metric(rule)
        if rule.operator is Operator.ABSENT:
            return words("alert_page.condition_absent", metric=metric)
        threshold = words.number(rule.threshold, digits=2)
        text = words(f"alert_page.condition_{rule.operator}", metric=metric, threshold=threshold)
        if rule.critical_threshold is not None:
            critical = words.number(rule.critical_threshold, digits=2)
            text += words("alert_page.condition_critical", threshold=critical)
        return text

    def _metric(self, rule: AlertRule) -> str:
        labels = ", ".join(f"{name}={value}" for name, value in rule.labels.items())
        return f"{rule.metric_name} ({labels})" if labels else rule.metric_name


def delivered_name(words: Words, rule_id: str) -> str:
    """What a delivered rule is called: its title, unless that needs the facts of an alert."""
    keys = (f"alert_page.rule_name.{rule_id}", f"alerts.title.{rule_id}")
    return next((words(key) for key in keys if words.has(key)), rule_id)
